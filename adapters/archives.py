"""A province in a file, asked without a database server: its entries and read models beside it.

What is asked is a SQLite database that is filled once from the archive, in a folder named by what
the archive is; it can be thrown away. Nothing is recorded in it.
"""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypedDict

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import update

from adapters.appending import COLUMNS, EntryRow
from adapters.assembly import NODE, Settings, name_node
from adapters.database import open_database, writing
from adapters.eventstore import Recorder
from adapters.projector import Projector
from adapters.publishing import node_names
from adapters.rebuilding import finish_all, passes, rebuild, unanswered
from adapters.redactions import UNREADABLE, add, alone, reaching, whole_lines
from adapters.schema import migrate
from registry.codec import Codec
from registry.errors import NotFound
from registry.store import StoredEntry
from registry.vocabulary import Kind
from replay.columns.exact import stored_rows
from replay.columns.faults import Damaged
from replay.sealed.archive import Archive, verify_archive
from replay.sealed.manifest import Manifest
from replay.sealed.reading import SealedLog

LOGGER = logging.getLogger(__name__)
#: Entries inserted together.
ROWS = 20_000
DATABASE = "registry.db"

#: Told what is being done, how far it is, and how far it goes.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Opened:
    """An archive that can be asked: the settings with which everything else opens it."""

    archive: Path
    folder: Path
    digest: str
    head: int
    places: str

    @property
    def settings(self) -> dict[str, Any]:
        """Settings that take the place of the register's own."""
        return {
            "database": f"sqlite:///{self.folder / DATABASE}",
            "query_log": f"sqlite:///{self.folder / 'queries.db'}",
            "places": self.places,
            "archive": str(self.archive.resolve()),
            "read_only": 1,
            "sealed": "",
        }


def list_of(redactions: Path) -> Path:
    """The list of archives, beside the file in which redactions are noted."""
    return redactions.with_name(f"{redactions.stem}-archives{redactions.suffix}")


def note_written(redactions: Path, file: Path, manifest: Manifest, at: str) -> None:
    """Note, durably, what is written into a file, for whoever has to find copies of a text.

    at: when. Raises Unavailable where the list cannot be written.
    """
    link = manifest.link
    told = {"written": at, "file": file.name, "head": link.head, "digest": link.digest}
    path = list_of(redactions)
    with alone(path) as lines:
        add(path, lines, lines.read(), [json.dumps(told, ensure_ascii=False).encode()])


class Written(TypedDict):
    """An archive that was made: when, its name, its last position, the digest of its manifest."""

    written: str
    file: str
    head: int
    digest: str


def written(redactions: Path) -> list[Written]:
    """The archives that were made, as far as is known here; a damaged line is passed over.

    Raises Unavailable where the list cannot be read.
    """
    path = list_of(redactions)
    with reaching(path):
        raw = path.read_bytes() if path.exists() else b""
    found = []
    for line in whole_lines(raw):
        try:
            found.append(msgspec.json.decode(line, type=Written))
        except UNREADABLE:
            LOGGER.warning("a line of %s is damaged: an archive may be missing in the list", path)
    return found


def open_archive(
    file: Path,
    cache: Path | None = None,
    keys: Collection[Ed25519PublicKey] = (),
    progress: Progress = lambda what, done, of: None,
) -> Opened:
    """Open an archive, verified byte for byte when it is opened for the first time.

    cache: the folder for what is made of it, by default beside it. keys: whose signature it must
    have; with one it is verified every time.
    """
    if not file.is_file():
        raise NotFound("archive", file)
    folder = (cache or file.with_name(f"{file.name}.opened")).resolve()
    archive = Archive(file)
    log = SealedLog(archive)
    digest = log.manifest.link.digest
    made = folder / digest[:32]
    if keys or not made.exists():
        check(file, keys, progress)
    places = log.spaces.ids(Kind.PLACES.value, range(min(1, log.count(Kind.PLACES))))
    if not made.exists():
        folder.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix="new-", dir=folder))
        try:
            restore(log, beside / DATABASE, progress)
            beside.rename(made)
        except OSError:
            if not made.exists():  # else somebody else was faster
                raise
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    name_nodes(made / DATABASE, archive.nodes())
    fill(made / DATABASE, log, progress)
    return Opened(file, made, digest, log.head, str(places[0]) if places else "")


def check(file: Path, keys: Collection[Ed25519PublicKey], progress: Progress) -> None:
    """Verify an archive; raises Damaged with all that is wrong."""
    size, done = file.stat().st_size, 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress("bytes verified", done, size)

    if flaws := [*verify_archive(file, keys, advance)]:
        raise Damaged(flaws)


def restore(log: SealedLog, path: Path, progress: Progress) -> None:
    """Make a database of a sealed log: its entries, byte for byte, and their read models.

    Without what the log does not hold: submissions with their answers, and the secret of the node.
    """
    url = f"sqlite:///{path}"
    engine = open_database(url, durability="off")
    migrate(engine)
    name_node(engine, Settings(database=url))
    raw = engine.raw_connection()
    try:
        driver = raw.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        insert = f"insert into entries ({COLUMNS}) values ({', '.join('?' * 15)})"
        rows, done = (row_of(one) for one in entries_of(log)), 0
        while some := list(islice(rows, ROWS)):
            with driver:
                driver.execute("begin immediate")
                driver.executemany(insert, some)
            done += len(some)
            progress("entries", done, log.head)
    finally:
        raw.close()
    engine.dispose()
    fill(path, log, progress)


def fill(path: Path, log: SealedLog, progress: Progress) -> None:
    """Bring the schema and the read models of such a database to what this program asks.

    When it was made, the program may have been of an older edition. Those of a long log are filled
    from its columns, as far as that is built.
    """

    def told(what: str) -> Callable[[int], None]:
        return lambda done: progress(what, done, 0)

    engine = open_database(f"sqlite:///{path}", durability="off")
    migrate(engine)
    projector = Projector(engine, Recorder(engine))
    projector.prepare()
    if projector.position() < log.head:
        if empty := [one.name for one in unanswered(projector)]:
            from adapters.replaying import REPLAYED, rebuild_sealed  # compilers come with it

            if replayed := [one for one in empty if one in REPLAYED]:
                rebuild_sealed(projector, log, *replayed, progress=told("entities laid out"))
            for some in passes([one for one in empty if one not in REPLAYED]):
                rebuild(projector, *some, progress=told("streams folded"))
        finish_all(projector, told("streams folded"))
        while projector.step():
            progress("entries folded", projector.position(), log.head)
        projector.forget_former()
    engine.dispose()


def name_nodes(path: Path, names: Mapping[int, str]) -> None:
    """Call nodes in such a database as the archive does, so that its leaves are those published."""
    engine = open_database(f"sqlite:///{path}", durability="off")
    told = node_names(engine)
    for number, name in names.items():
        if told.get(number) != name:
            name_node(engine, Settings(node=number))
            with writing(engine) as connection:
                connection.execute(update(NODE).where(NODE.c.number == number).values(name=name))
    engine.dispose()


def entries_of(log: SealedLog) -> Iterator[StoredEntry]:
    """Every stored entry of a sealed log, stream by stream."""
    codec = Codec()
    for kind in Kind:
        for partition in log.partitions(kind):
            yield from stored_rows(log.block(kind, partition), log.spaces, codec)


def row_of(one: StoredEntry) -> EntryRow:
    """The row of an entry, in the order of COLUMNS."""
    stream, submission = one.originator_id, one.submission
    assert not isinstance(stream, str)
    return (
        *(one.position, one.recorded_at, stream.bytes, one.originator_version, one.effective_on),
        *(one.origin, one.origin_seq, one.code, one.origin_at, None, one.state, one.private),
        *(one.officer, one.office, None if submission is None else submission.bytes),
    )
