"""A Merkle tree in a folder, as it is published: tiles, and one signed checkpoint.

    checkpoint
    tile/<level>/<number>           256 hashes; number 1234067 is x001/x234/067
    tile/<level>/<number>.p/<width>  the hashes of a tile that is not full yet

Any web server that gives out the folder serves the log. What the leaves say is never written here.
Source: C2SP tlog-tiles.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from registry.errors import Conflict, Unavailable
from replay.proof.merkle import HASH_BYTES, HEIGHT, WIDTH, ReadTile, Tile, edge_widths

CHECKPOINT = "checkpoint"
#: Where files are written before they appear under their names, and who writes them.
STAGED = ".staged"
LOCK = ".lock"
#: From how many files on all are synced at once: one by one, each waits for the disk to flush.
MANY = 16
#: Tiles kept in memory while proofs are made; the upper ones are needed for every one of them.
KEPT = 4096
_TILE = re.compile(
    r"tile/(?P<level>0|[1-9][0-9]?)/(?P<number>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)


class TileMissing(Unavailable):
    """A tile of the published tree is not there, or not whole; see `registry check tiles`."""

    code = "tile-missing"


class PublishingElsewhere(Conflict):
    """Another process is publishing into the same folder; let it finish."""

    code = "publishing-elsewhere"


def tile_path(level: int, number: int, width: int = WIDTH) -> str:
    """Where a tile stands, seen from the folder.

    >>> tile_path(0, 1234067, 112)
    'tile/0/x001/x234/067.p/112'
    """
    groups = [f"{number % 1000:03}"]
    while number := number // 1000:
        groups.insert(0, f"x{number % 1000:03}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(groups)}{partial}"


def read_path(path: str) -> tuple[int, int, int] | None:
    """Level, number and width of the tile that a path names, None if it names none."""
    found = _TILE.fullmatch(path)
    if found is None:
        return None
    number = int(found["number"].replace("x", "").replace("/", ""))
    told = int(found["level"]), number, int(found["width"] or WIDTH)
    return told if tile_path(*told) == path and told[0] < 64 else None


class TileFolder:
    """The folder of a published tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def checkpoint(self) -> bytes | None:
        """The signed checkpoint, None while nothing is published."""
        try:
            return (self.folder / CHECKPOINT).read_bytes()
        except FileNotFoundError:
            return None

    def reader(self, size: int) -> ReadTile:
        """Reads the tiles of the tree of a size, or of a larger one that it is the beginning of."""
        edge = edge_widths(size)

        @lru_cache(KEPT)
        def whole(level: int, number: int) -> bytes:
            last = size >> (HEIGHT * (level + 1))
            width = WIDTH if number < last else edge[level]
            return self.tile(level, number, width)

        def read(level: int, number: int, width: int) -> bytes:
            return whole(level, number)[: width * HASH_BYTES]

        return read

    def tile(self, level: int, number: int, width: int = WIDTH) -> bytes:
        """The first hashes of a tile; raises TileMissing."""
        for wide in dict.fromkeys((width, WIDTH)):  # partial ones may go when the full one is there
            path = self.folder / tile_path(level, number, wide)
            with suppress(FileNotFoundError):
                found = path.read_bytes()
                if len(found) != wide * HASH_BYTES:
                    raise TileMissing(f"{path} has {len(found)} bytes, not {wide * HASH_BYTES}")
                return found[: width * HASH_BYTES]
        path = self.folder / tile_path(level, number, width)
        raise TileMissing(f"{path} is not there; is {self.folder} the whole published folder?")

    def files(self) -> Iterator[str]:
        """The path of everything under `tile/`, seen from the folder."""
        for place, folders, names in os.walk(self.folder / "tile"):
            folders.sort()
            for name in sorted(names):
                yield (Path(place) / name).relative_to(self.folder).as_posix()

    @contextmanager
    def publishing(self) -> Iterator[Writer]:
        """Write into the folder, which one process does at a time.

        Raises PublishingElsewhere.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise PublishingElsewhere(f"another process publishes into {self.folder}") from None
            yield Writer(self.folder)


class Writer:
    """Puts tiles into their places, and the checkpoint when all that it speaks of is on disk.

    Each file is written beside, synced and renamed; so one that is there is whole, and after a
    crash at any instant the checkpoint speaks of tiles that are all there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.staged = folder / STAGED
        shutil.rmtree(self.staged, ignore_errors=True)  # what a crash left
        self.staged.mkdir()
        self._waiting: dict[Path, Path] = {}  # staged files and their places
        self._outgrown: list[Path] = []

    def write(self, tiles: Iterable[Tile]) -> None:
        """Write tiles beside; they appear with the next checkpoint."""
        for tile in tiles:
            place = self.folder / tile_path(tile.level, tile.number, tile.width)
            self._stage(place, tile.hashes)
            partial = place.with_name(place.name + ".p")
            if tile.width == WIDTH and partial.is_dir():
                self._outgrown.append(partial)

    def checkpoint(self, note: bytes) -> None:
        """Let everything written so far appear, and then a checkpoint over it."""
        self._settle()
        self._stage(self.folder / CHECKPOINT, note)
        self._settle()
        for partial in self._outgrown:
            shutil.rmtree(partial, ignore_errors=True)
        self._outgrown.clear()

    def _stage(self, place: Path, content: bytes) -> None:
        beside = self.staged / str(len(self._waiting))
        beside.write_bytes(content)
        self._waiting[beside] = place

    def _settle(self) -> None:
        """Sync what was staged, put it into its places, and sync these."""
        if len(self._waiting) < MANY:
            for beside in self._waiting:
                _sync(beside, os.O_RDWR)
        else:
            os.sync()  # one wait instead of thousands
        grown: set[Path] = set()
        for beside, place in self._waiting.items():
            self._make(place.parent, grown)
            beside.rename(place)
        for folder in grown:
            _sync(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._waiting.clear()

    def _make(self, folder: Path, grown: set[Path]) -> None:
        """Make sure of a folder, and note it and the new ones around it as grown."""
        if folder not in grown:
            if not folder.is_dir():
                self._make(folder.parent, grown)
                folder.mkdir()
            grown.add(folder)


def _sync(path: Path, how: int) -> None:
    handle = os.open(path, how)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
