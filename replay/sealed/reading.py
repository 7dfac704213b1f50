"""The sealed log, read where it lies, with what was recorded since on top."""

from __future__ import annotations

import mmap
import os
import resource
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from blake3 import blake3

from registry.entry import Entry
from registry.errors import Unavailable
from registry.vocabulary import Kind
from replay.columns.faults import Damaged, Flaw, Foreign
from replay.columns.forms import Column
from replay.columns.log import KeptLayer, Layer, LayeredLog
from replay.columns.runs import runs
from replay.columns.soundness import unsound
from replay.sealed import manifest as manifests
from replay.sealed.edition import differences, edition, read_edition
from replay.sealed.files import ColumnFile, check, put
from replay.sealed.handles import Chunk, ColumnarSpaces
from replay.sealed.indexes import Instants, read_ids
from replay.sealed.manifest import CHAIN, MANIFEST, Manifest, Part
from replay.sealed.segments import Segment

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

#: So many files are verified at a time.
THREADS = 2
#: So many files are kept open, if the system lets us.
OPEN_FILES = 4096


class Outdated(Unavailable):
    """The sealed log was written on and old files are gone: open it again."""

    code = "sealed-log-outdated"


class NotSealed(Unavailable):
    """There is no sealed log here; seal the log first."""

    code = "not-sealed"


class Files(Protocol):
    """Where the files of a sealed log lie."""

    def data(self, name: str) -> memoryview:
        """A file's bytes; raises FileNotFoundError if there is none."""
        ...


class Folder:
    """Files in a folder, memory-mapped."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def data(self, name: str) -> memoryview:
        """A file's bytes; raises FileNotFoundError if there is none."""
        with (self.path / name).open("rb") as file:
            if file.seek(0, 2) == 0:
                return memoryview(b"")  # which cannot be mapped
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def read_manifest(files: Files) -> Manifest:
    """The manifest that stands; raises NotSealed, Damaged or Foreign."""
    try:
        raw = bytes(files.data(MANIFEST))
    except FileNotFoundError:
        raise NotSealed("there is no sealed log here; seal the log first") from None
    return manifests.read(raw)


class SealedLog(LayeredLog):
    """A log on disk, with what was recorded since on top.

    tail: entries in version order; those that are sealed already are passed over. guarded: every
    column is hashed before it is believed, once, save in files with the roots in `sound`; else
    whoever reads calls `check` where he has to be sure.
    """

    spaces: ColumnarSpaces

    def __init__(
        self,
        files: Files | Path,
        tail: Iterable[Entry] = (),
        opened: _Opened | None = None,
        *,
        guarded: bool = False,
        sound: Iterable[str] = (),
    ) -> None:
        self.files = Folder(files) if isinstance(files, Path) else files
        self.manifest = read_manifest(self.files)
        self.bits = self.manifest.link.bits
        self.spaces = ColumnarSpaces(self._chunks)
        self._opened = opened or _Opened(guarded, sound)
        if self.manifest.link.vocabulary != self._opened.vocabulary:
            check_edition(self.files, self.manifest)
            self._opened.vocabulary = self.manifest.link.vocabulary
        self._bases: dict[tuple[Kind, int], Part] = {}
        self._deltas: dict[Kind, list[Part]] = defaultdict(list)
        for part in sorted(self.manifest.parts, key=lambda one: one.until):
            if part.what == "run" and part.base >= 0:
                self._bases[Kind(part.of), part.base] = part
            elif part.what == "run":
                self._deltas[Kind(part.of)].append(part)
        held = [one for one in self.manifest.parts if one.what == "instants"]
        self._instants = Instants(sorted(held, key=lambda one: one.since), self.columns)
        self._opened.instants = self._instants
        new = [entry for entry in tail if entry.position > self.manifest.head]
        self._tail = {
            kind: KeptLayer(run, self.bits) for kind, run in runs(new, self.spaces).items()
        }
        self._new = sorted((entry.position, entry.recorded_at) for entry in new)

    @property
    def head(self) -> int:
        """The last position it holds, 0 if none."""
        return self._new[-1][0] if self._new else self.manifest.head

    def again(self, tail: Iterable[Entry] = ()) -> SealedLog:
        """The log as it is now, with what came since; files that are open already stay open."""
        return SealedLog(self.files, tail, self._opened)

    def layers(self, kind: Kind, partition: int) -> Sequence[Layer]:
        """The runs that hold rows of a partition, the oldest first."""
        found: list[Layer] = [self.segment(part) for part in self.parts(kind, partition)]
        tail = self._tail.get(kind)
        return found if tail is None else [*found, tail]

    def parts(self, kind: Kind, partition: int) -> list[Part]:
        """The files that may hold rows of a partition, the oldest first."""
        base = self._bases.get((kind, partition))
        return ([] if base is None else [base]) + self._deltas.get(kind, [])

    def segment(self, part: Part) -> Segment:
        """An opened run; kept open."""

        def make() -> Segment:
            made = Segment(self.columns(part), self._opened.instants_at)
            if made.kind != part.of:
                raise Damaged([Flaw(part.file, f"it holds {made.kind}, not {part.of}")])
            return made

        return self._opened.get(part, make)

    def columns(self, part: Part) -> ColumnFile:
        """The columns of a file, whose root is the one in the manifest. Raises Damaged."""
        guarded = self._opened.guarded and part.root not in self._opened.checked
        try:
            opened = ColumnFile(part.file, self.files.data(part.file), guarded)
        except FileNotFoundError:
            raise Outdated(
                f"{part.file} is gone: the sealed log was written on; open it again"
            ) from None
        if opened.root != part.root:
            what = f"its root is {opened.root}, not {part.root}"
            raise Damaged([Flaw(part.file, what)])
        return opened

    def _chunks(self, space: str) -> list[Chunk]:
        held = [one for one in self.manifest.parts if (one.what, one.of) == ("ids", space)]
        return [
            read_ids(self.columns(part), part.first)
            for part in sorted(held, key=lambda one: one.first)
        ]

    def position_at(self, instant: int) -> int:
        """The last position recorded at or before an instant in microseconds, 0 if none."""
        later = [position for position, at in self._new if at <= instant]
        return later[-1] if later else self._instants.position_at(instant)

    def check(self, kind: Kind, partition: int) -> None:
        """Hash every byte of the files that hold a partition, each once. Raises Damaged."""
        for part in self.parts(kind, partition):
            if part.root in self._opened.checked:
                continue
            flaws = list(self.segment(part).columns.flaws())
            if flaws:
                raise Damaged(flaws)
            self._opened.checked.add(part.root)
            self.segment(part).columns.guarded = False

    def believe(self, sound: Iterable[str]) -> None:
        """Hash files with these roots no more: every byte of them has just been verified."""
        self._opened.checked.update(sound)

    def check_rest(self) -> None:
        """Hash every byte of the files that hold no rows. Raises Damaged."""
        rest = [part for part in self.manifest.parts if part.what != "run"]
        flaws = [flaw for part in rest for flaw in self.columns(part).flaws()]
        if flaws:
            raise Damaged(flaws)


class _Opened:
    """Runs that are kept open, the ones last asked for; checked: roots of files that are sound."""

    def __init__(self, guarded: bool = False, sound: Iterable[str] = ()) -> None:
        self._held: OrderedDict[str, Segment] = OrderedDict()
        self._lock, self._room = Lock(), _room()
        self.guarded, self.checked = guarded, set(sound)
        self.vocabulary = ""
        self.instants: Instants | None = None

    def instants_at(self, positions: Column) -> Column:
        """When positions were recorded, as the log that was opened last knows it."""
        assert self.instants is not None
        return self.instants.instants_at(positions)

    def get(self, part: Part, make: Callable[[], Segment]) -> Segment:
        with self._lock:
            held = self._held.get(part.root)
            if held is not None:
                self._held.move_to_end(part.root)
                return held
        held = make()
        with self._lock:
            self._held[part.root] = held
            while len(self._held) > self._room:
                self._held.popitem(last=False)
        return held


def _room() -> int:
    """How many files may be kept open; as many as a large province has, where we may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES * 2 if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES * 2)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return OPEN_FILES if soft == resource.RLIM_INFINITY else min(OPEN_FILES, soft // 2)


def edition_file(digest: str) -> str:
    """The name of the file that says how the columns were laid out."""
    return f"vocabulary-{digest[:16]}.json"


def put_edition(folder: Path) -> str:
    """Write this program's edition into a folder, once; returns its digest."""
    digest: str = blake3(edition()).hexdigest()
    path = folder / edition_file(digest)
    if not path.exists() or path.read_bytes() != edition():
        with FileIO(path, "wb") as file:
            put(file, edition())
            os.fsync(file.fileno())
    return digest


def check_edition(files: Files, manifest: Manifest) -> None:
    """Make sure that this program reads the columns as they were written; raises Foreign."""
    digest = manifest.link.vocabulary
    try:
        raw = bytes(files.data(edition_file(digest)))
    except FileNotFoundError:
        raise Damaged([Flaw(edition_file(digest), "it is missing")]) from None
    if blake3(raw).hexdigest() != digest:
        raise Damaged([Flaw(edition_file(digest), "its hash is another")])
    if raw != edition():
        wrong = differences(read_edition(raw))
        if wrong:
            raise Foreign(f"it was sealed by another program: {'; '.join(wrong)}; seal it anew")


def verify(
    files: Files,
    keys: Collection[Ed25519PublicKey] = (),
    progress: Callable[[int], None] = lambda read_bytes: None,
    sound: set[str] | None = None,
) -> Iterator[Flaw]:
    """Check everything: every byte of every file, the chain, the signatures.

    Yields what is wrong, by file, column and leaf. keys: one of them has to have signed the link
    that stands, which commits to all before it, whatever keys there were then. progress: is told of
    bytes read. sound: gains the roots of the files in which nothing is.
    """
    try:
        manifest = read_manifest(files)
        manifests.check_signatures([manifest.signed], keys, MANIFEST)
    except (Damaged, Foreign) as error:
        yield from error.flaws if isinstance(error, Damaged) else [Flaw(MANIFEST, str(error))]
        return
    yield from _chain_flaws(files, manifest)
    name = edition_file(manifest.link.vocabulary)
    try:
        if blake3(files.data(name)).hexdigest() != manifest.link.vocabulary:
            yield Flaw(name, "its hash is another")
    except FileNotFoundError:
        yield Flaw(name, "it is missing")
    with ThreadPoolExecutor(THREADS) as pool:
        counts = manifest.counts()
        checked = pool.map(lambda part: _part_flaws(files, part, counts), manifest.parts)
        for part, flaws in zip(manifest.parts, checked, strict=True):
            if sound is not None and not flaws:
                sound.add(part.root)
            yield from flaws
            progress(part.size)


def _part_flaws(files: Files, part: Part, counts: Mapping[str, int]) -> list[Flaw]:
    try:
        data = files.data(part.file)
    except FileNotFoundError:
        return [Flaw(part.file, "it is missing")]
    found = check(part.file, data, part.root)
    if part.what == "run" and not found:
        try:
            held = Segment(ColumnFile(part.file, data))
        except (Damaged, Foreign) as error:
            return [*error.flaws] if isinstance(error, Damaged) else [Flaw(part.file, str(error))]
        odd = unsound(held.run, held.cuts, counts)
        found = [Flaw(part.file, what, column) for column, what in odd]
    if part.what == "ids" and not found:
        chunk = read_ids(ColumnFile(part.file, data), part.first)
        if not len(chunk.high) == len(chunk.low) == len(chunk.order) == part.rows:
            found = [Flaw(part.file, "its columns are not of one length")]
        elif part.rows and int(chunk.order.max()) >= part.rows:
            found = [Flaw(part.file, "it names places that there are not", "order")]
    if len(data) != part.size:
        found.insert(0, Flaw(part.file, f"it has {len(data)} bytes, not {part.size}"))
    return found


def _chain_flaws(files: Files, manifest: Manifest) -> Iterator[Flaw]:
    number = manifest.link.number
    try:
        # What lies behind the link that stands was being written when the writer fell.
        lines = bytes(files.data(CHAIN)).splitlines(keepends=True)[:number]
        links = manifests.read_chain(b"".join(lines))
        manifests.check_signatures(links)
        if len(links) < number or links[-1] != manifest.signed:
            yield Flaw(CHAIN, f"it does not lead to link {number}")
    except FileNotFoundError:
        yield Flaw(CHAIN, "it is missing")
    except Damaged as damaged:
        yield from damaged.flaws
    except Foreign as foreign:
        yield Flaw(CHAIN, str(foreign))
