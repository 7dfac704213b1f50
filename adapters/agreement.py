"""Whether a published tree and the log still agree, bit by bit; what differs is located."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from adapters.publishing import Leaves, Progress, grow, root_at
from adapters.tiles import CHECKPOINT, TileFolder, read_path, tile_path
from registry.errors import Unavailable
from replay.proof.merkle import HASH_BYTES, HEIGHT, WIDTH, BrokenProof, Tile, Tree
from replay.proof.notes import Checkpoint, PublicKey, base64, open_checkpoint

#: Differences that are listed; a log that was exchanged has millions.
LISTED = 20


@dataclass(frozen=True)
class Difference:
    """Where the published tree and the log part.

    file: seen from the folder. leaf: the first one concerned, None where it is about no leaf.
    """

    file: str
    leaf: int | None
    message: str


@dataclass(frozen=True)
class Agreement:
    """What was compared, and what differs; `root` is what the log itself says."""

    size: int
    root: bytes
    differences: tuple[Difference, ...]


def compare_checkpoint(
    log: Leaves,
    note: bytes,
    keys: Sequence[PublicKey],
    progress: Progress = lambda size: None,
) -> Agreement:
    """Hold the log against a checkpoint that somebody kept: a restored backup, against what was.

    Raises BrokenProof if the checkpoint is not to be believed.
    """
    checkpoint, _ = open_checkpoint(note, keys)
    head = log.head()
    size = min(head, checkpoint.size)
    root = root_at(Tree(), log, size, progress)
    return Agreement(size, root, tuple(_root_differences(checkpoint, head, root)))


def _root_differences(checkpoint: Checkpoint, head: int, root: bytes) -> Iterator[Difference]:
    if head < checkpoint.size:
        lost = f"the log ends at position {head}; entries up to {checkpoint.size} were signed"
        yield Difference(CHECKPOINT, head, f"{lost}: this database is an older copy")
    elif root != checkpoint.root:
        told = f"the root of the first {checkpoint.size} entries is {base64(root)} in the log"
        yield Difference(CHECKPOINT, None, f"{told}, {base64(checkpoint.root)} was signed")


def compare_tiles(
    log: Leaves,
    folder: TileFolder,
    keys: Sequence[PublicKey],
    progress: Progress = lambda size: None,
) -> Agreement:
    """Hold every tile in a folder against the log."""
    note = folder.checkpoint()
    if note is None:
        raise Unavailable(f"nothing is published in {folder.folder}; `registry publish` does it")
    found = _Found(folder)
    try:
        checkpoint, _ = open_checkpoint(note, keys)
    except BrokenProof as error:
        found.note(Difference(CHECKPOINT, None, str(error)))
        return Agreement(0, b"", tuple(found.differences))
    head = log.head()
    tree = Tree()
    for tiles in grow(tree, log, min(head, checkpoint.size)):
        for tile in tiles:
            found.compare(tile)
        progress(tree.size)
    root = tree.root()
    if head >= checkpoint.size:
        for tile in tree.partial():
            found.compare(tile)
    differs = list(_root_differences(checkpoint, head, root))
    return Agreement(tree.size, root, (*differs, *found.told(log_is_right=not differs)))


@dataclass
class _Found:
    """What differs, as it is found."""

    folder: TileFolder
    differences: list[Difference] = field(default_factory=list)
    hashes: list[tuple[Difference, bool]] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)  # leaves that differ, in order
    partial: dict[tuple[int, int], list[int]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for file in self.folder.files():
            if (place := read_path(file)) is None:
                self.note(Difference(file, None, "is no tile, and has no place here; remove it"))
            elif place[2] != WIDTH:
                self.partial[place[:2]].append(place[2])

    def note(self, difference: Difference) -> None:
        """Keep a difference, of too many the first."""
        if len(self.differences) < LISTED:
            self.differences.append(difference)

    def compare(self, tile: Tile) -> None:
        """Hold the files of a tile against what the log says it is."""
        widths = {tile.width, *self.partial.get(tile[:2], ())}
        for width in sorted(width for width in widths if width <= tile.width):
            self._compare(Tile(tile.level, tile.number, tile.hashes[: width * HASH_BYTES]))

    def _compare(self, tile: Tile) -> None:
        file = tile_path(tile.level, tile.number, tile.width)
        first = tile.number * WIDTH << (HEIGHT * tile.level)
        try:
            held = (self.folder.folder / file).read_bytes()
        except FileNotFoundError:
            self.note(Difference(file, first, "is missing"))
            return
        if held == tile.hashes:
            return
        if len(held) != len(tile.hashes):
            length = f"has {len(held)} bytes instead of {len(tile.hashes)}"
            self.note(Difference(file, first, length))
            return
        for at in range(tile.width):
            part = slice(at * HASH_BYTES, (at + 1) * HASH_BYTES)
            if held[part] != tile.hashes[part]:
                self._part(file, tile, at, held)

    def _part(self, file: str, tile: Tile, at: int, held: bytes) -> None:
        if len(self.hashes) >= LISTED:
            return
        span = 1 << (HEIGHT * tile.level)
        leaf = (tile.number * WIDTH + at) * span
        below = bisect_left(self.changed, leaf)
        follows = below < bisect_left(self.changed, leaf + span)
        over = f"leaves {leaf} to {leaf + span - 1}"
        if span == 1:
            over = f"leaf {leaf} (position {leaf + 1})"
            if not follows:
                insort(self.changed, leaf)
        byte = next(n for n in range(at * HASH_BYTES, len(held)) if held[n] != tile.hashes[n])
        told = Difference(file, leaf, f"byte {byte}: the hash of {over}")
        self.hashes.append((told, follows and span > 1))

    def told(self, log_is_right: bool) -> Iterator[Difference]:
        """Everything that differs, with whose fault it is: the signature tells.

        log_is_right: the log has the root that was signed. Where it has not, a changed entry shows
        in every tile above it, and is told once.
        """
        yield from self.differences
        for one, follows in self.hashes:
            if log_is_right:
                words = "is damaged in the file; the log agrees with what was signed"
                yield Difference(one.file, one.leaf, f"{one.message} {words}")
            elif not follows:
                words = "is not what the log says now"
                yield Difference(one.file, one.leaf, f"{one.message} {words}")
