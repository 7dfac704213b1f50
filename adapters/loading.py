"""The log that questions are asked of: the sealed folder with its tail, or the store alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from adapters.eventstore import entries
from adapters.sealing import open_log, redacts, sealed_head
from registry.codec import Codec
from registry.entry import Entry
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.log import KeptLog
from replay.sealed.archive import Archive
from replay.sealed.reading import SealedLog

if TYPE_CHECKING:
    from adapters.assembly import Parts, Settings
    from replay.columns.log import Log

#: Entries read at once from the store.
PAGE = 5_000

#: Told after each page: the position read.
Progress = Callable[[int], None]


def sealed_folder(settings: Settings) -> Path | None:
    """The folder of the sealed log; None where nothing is sealed."""
    folder = Path(settings.sealed)
    return folder if settings.sealed and sealed_head(folder) else None


def log_of(parts: Parts, tell: Progress = lambda position: None) -> Log:
    """The whole log as it is now. Unsealed, it is read into memory: some kilobytes an entry."""
    if parts.settings.archive:
        return SealedLog(Archive(Path(parts.settings.archive)), guarded=True)
    folder = sealed_folder(parts.settings)
    if folder is not None:
        return open_log(folder, parts.store, parts.register.codec)
    return KeptLog(recorded(parts, tell))


def recorded(parts: Parts, tell: Progress) -> Iterator[Entry]:
    """Every entry of the store up to its head as it is now."""
    head, _ = parts.store.head()
    after = 0
    while after < head and (page := parts.store.page(after, PAGE, head)):
        yield from map(parts.register.codec.entry, page)
        after = page[-1].position
        tell(after)


def log_around(parts: Parts, stream: UUID) -> Log:
    """The log as far as one entity is concerned: its own entries, and every number case."""
    folder = None if parts.settings.archive else sealed_folder(parts.settings)
    # What is blanked in the store stands in the sealed log until it is sealed again.
    head, _ = parts.store.head()
    waits = folder is not None and redacts(parts.engine, sealed_head(folder), head)
    if parts.settings.archive or (folder is not None and not waits):
        return log_of(parts)
    codes = [word.code for word in VOCABULARY.values() if word.kind is Kind.CASE]
    with parts.engine.connect() as connection:
        query = select(entries.c.stream).distinct().where(entries.c.code.in_(codes))
        cases = [UUID(bytes=bytes(key)) for key in connection.scalars(query)]
    codec: Codec = parts.register.codec
    told = parts.store.streams([stream, *cases]).values()
    return KeptLog(codec.entry(one) for its in told for one in its)
