"""The event store on SQLAlchemy: the persistence module that the eventsourcing library loads."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from types import TracebackType
from typing import Any
from uuid import UUID

import sqlalchemy.exc
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    InfrastructureFactoryError,
    IntegrityError,
    Notification,
    NotSupportedError,
    OperationalError,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    TrackingRecorder,
)
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    bindparam,
    func,
    select,
)

from adapters import schema
from adapters.appending import COLUMNS, EntryRow, Insertion, key_of, repeated
from adapters.committing import Committer
from adapters.database import open_database
from adapters.drivers import driver_of, is_away
from adapters.lines import Line
from registry.store import (
    Append,
    Failed,
    Outcome,
    Receipt,
    Repeated,
    StoredEntry,
    StoredRow,
    StoreUnavailable,
)

METADATA = MetaData()

entries = Table(
    "entries",
    METADATA,
    Column("position", BigInteger, primary_key=True),
    Column("stream", LargeBinary(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("code", Integer),
    Column("topic", Text),
    Column("effective_on", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("origin", Integer, nullable=False),
    Column("origin_seq", BigInteger, nullable=False),
    Column("origin_at", BigInteger),
    Column("officer", Text, nullable=False),
    Column("office", Text, nullable=False),
    Column("submission", LargeBinary(16)),
    Column("state", LargeBinary, nullable=False),
    Column("private", LargeBinary, nullable=False),
)

submissions = Table(
    "submissions",
    METADATA,
    Column("id", LargeBinary(16), primary_key=True),
    Column("officer", Text, nullable=False),
    Column("office", Text, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("answer", LargeBinary, nullable=False),
)

FIELDS = [entries.c[name] for name in COLUMNS.split(", ")]
Redacted = Callable[[Sequence[Append], list[Outcome]], list[Outcome]]
ASKED_AT_ONCE = 10_000  # ids in one select; SQLite takes 32,766 parameters
PROBES = 64  # positions looked at in one step of a search by instant


def microseconds() -> int:
    """The clock of the machine, microseconds UTC."""
    return time.time_ns() // 1000


class Recorder(ApplicationRecorder):
    """The event store, for the register and for the library.

    node: the number of this node, the origin of entries that name none. clock: microseconds UTC.
    """

    def __init__(
        self, engine: Engine, *, node: int = 0, clock: Callable[[], int] = microseconds
    ) -> None:
        self.engine = engine
        self.node = node
        self.clock = clock
        self._driver = driver_of(engine)
        #: Told of a batch that blanked something; may put a notice into its answers.
        self.redacted: Redacted = lambda batch, outcomes: outcomes
        self._committer = Committer(self._driver, node, lambda: self.clock())
        self._line: Line[Append, Outcome] = Line(self.append)

    def append(self, batch: Sequence[Append]) -> list[Outcome]:
        """Record a batch in one transaction and return an outcome for each, in order."""
        with available():
            outcomes, blanked = self._committer.append(batch)
        return self.redacted(batch, outcomes) if blanked else outcomes

    def streams(self, ids: Collection[UUID]) -> dict[UUID, list[StoredEntry]]:
        """Return the entries of every stream asked for, in version order."""
        found: dict[UUID, list[StoredEntry]] = {stream: [] for stream in ids}
        by_key = {stream.bytes: stream for stream in found}
        with available():
            position, rows = self._driver.fetch(list(by_key))
        heads = dict.fromkeys(by_key, 0)
        heads.update((row[2], row[3]) for row in rows)
        self._committer.standing.fetched(position, heads)
        for row, entry in zip(rows, entries_of(rows, by_key), strict=True):
            found[by_key[row[2]]].append(entry)
        return found

    def submissions(self, ids: Collection[UUID]) -> dict[UUID, Repeated]:
        """Return what is recorded under these submissions, without the unknown ones."""
        found = {}
        with available(), self.engine.connect() as connection:
            for asked in sliced([each.bytes for each in set(ids)], ASKED_AT_ONCE):
                query = select(submissions).where(self._among(submissions.c.id, "submissions"))
                for row in connection.execute(query, {"submissions": asked}):
                    found[UUID(bytes=row.id)] = repeated(row)
        return found

    def page(self, after: int, limit: int, until: int | None = None) -> list[StoredEntry]:
        """Return entries by position: those after one position, up to and with another."""
        return list(entries_of(self._page(after, limit, until), {}))

    def rows(
        self,
        after: int,
        limit: int,
        until: int | None = None,
        codes: Collection[int] | None = None,
    ) -> list[StoredRow]:
        """Return the same entries as rows; codes: of these, and the last of so many."""
        return list(map(StoredRow._make, self._page(after, limit, until, codes)))

    def rows_of(self, keys: Collection[bytes]) -> dict[bytes, list[StoredRow]]:
        """Return the entries of streams that have any as rows, in version order."""
        with available():
            rows = list(map(StoredRow._make, self._driver.streams(list(keys))))
        return {key: list(told) for key, told in groupby(rows, attrgetter("key"))}

    def head(self) -> tuple[int, int]:
        """Return the last position and its instant; (0, 0) while nothing is recorded."""
        query = (
            select(entries.c.position, entries.c.recorded_at)
            .order_by(entries.c.position.desc())
            .limit(1)
        )
        with available(), self.engine.connect() as connection:
            row = connection.execute(query).first()
        return (row.position, row.recorded_at) if row else (0, 0)

    def position_at(self, instant: int) -> int:
        """Return the last position recorded at or before an instant, in microseconds.

        For an instant later than the head's the answer may still grow: whoever asks for it as
        known then had better keep the position than the instant.
        """
        high, last = self.head()
        if last <= instant:
            return high
        # Positions are dense and instants never decrease, so the primary key is enough to search
        # by, and no index over instants is kept. `low` is at or before the instant, `high` after.
        low = 0
        query = select(entries.c.position, entries.c.recorded_at).where(
            self._among(entries.c.position, "probes")
        )
        with available(), self.engine.connect() as connection:
            while high - low > 1:
                step = -(-(high - low) // PROBES)
                probes = list(range(low + step, high, step))
                for position, recorded_at in connection.execute(query, {"probes": probes}):
                    if recorded_at <= instant:
                        low = max(low, position)
                    else:
                        high = min(high, position)
        return low

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Record events of the library; what several threads bring is committed together."""
        if not stored_events:
            return []
        brought = [entry_from(each) for each in stored_events]
        kind = Append if all(each.code is not None for each in brought) else Insertion
        wish = kind(None, "", "", b"", b"", brought, {})
        try:
            outcome = self._line.take(wish)
        except StoreUnavailable as error:
            raise OperationalError(str(error)) from error
        match outcome:
            case Receipt(first=first, count=count):
                return list(range(first, first + count))
            case Failed(error=reason):
                raise IntegrityError(str(reason)) from reason
            case _:
                raise IntegrityError(f"somebody else recorded these versions first: {outcome}")

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return the events of one stream; ours as StoredEntry."""
        version = entries.c.version
        query = select(*FIELDS).where(entries.c.stream == key_of(originator_id))
        if gt is not None:
            query = query.where(version > gt)
        if lte is not None:
            query = query.where(version <= lte)
        query = query.order_by(version.desc() if desc else version).limit(limit)
        return [
            entry if entry.code is not None else foreign(entry) for entry in self._entries(query)
        ]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return events by position."""
        position = entries.c.position
        query = select(*FIELDS)
        if start is not None:
            query = query.where(position >= start if inclusive_of_start else position > start)
        if stop is not None:
            query = query.where(position <= stop)
        if topics:
            query = query.where(entries.c.topic.in_(topics))
        return [
            Notification(
                entry.originator_id,
                entry.originator_version,
                entry.topic,
                entry.state,
                id=entry.position,
            )
            for entry in self._entries(query.order_by(position).limit(limit))
        ]

    def max_notification_id(self) -> int | None:
        """Return the last position, None while nothing is recorded."""
        return self.head()[0] or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Refuse: nothing is announced inside an append, because that would serialise commits."""
        raise NotSupportedError("no subscriptions here; follow the log with page(after, limit)")

    def _page(
        self, after: int, limit: int, until: int | None, codes: Collection[int] | None = None
    ) -> Iterable[EntryRow]:
        # Positions are dense, so a range says it all; of a limit and an order the database would
        # have to guess which is the cheaper to begin with, and guesses badly about a young table.
        last = after + limit if until is None else min(after + limit, until)
        with available():
            return self._driver.page(after + 1, last, codes)

    def _entries(self, query: Select[Any]) -> list[StoredEntry]:
        with available(), self.engine.connect() as connection:
            rows = connection.execute(query).all()
        return list(entries_of(rows, {}))

    def _among(self, column: Column[Any], name: str) -> ColumnElement[bool]:
        """Whether a column is one of the values bound to a name."""
        if self.engine.dialect.name == "postgresql":
            # One statement whatever their number.
            return column == func.any(bindparam(name, type_=ARRAY(column.type)))
        return column.in_(bindparam(name, expanding=True))


class StreamRecorder(AggregateRecorder):
    """The event store seen as streams only, without positions."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Record events."""
        self.recorder.insert_events(stored_events, **kwargs)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return the events of one stream."""
        return self.recorder.select_events(originator_id, gt=gt, lte=lte, desc=desc, limit=limit)


class Factory(InfrastructureFactory[TrackingRecorder]):
    """Builds the library's parts from settings.

    REGISTRY_DATABASE: address of the database, whose schema is brought up to date.
    REGISTRY_NODE: number of this node.
    """

    def __init__(self, env: Any) -> None:
        super().__init__(env)
        url = self.env.get("REGISTRY_DATABASE")
        if not url:
            raise InfrastructureFactoryError("set REGISTRY_DATABASE to the database's address")
        self.engine = open_database(url)
        schema.migrate(self.engine)
        self.recorder = Recorder(self.engine, node=int(self.env.get("REGISTRY_NODE") or 0))

    def application_recorder(self) -> Recorder:
        """The event store."""
        return self.recorder

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """The event store as streams; snapshots have no table."""
        if purpose != "events":
            raise InfrastructureFactoryError(
                f"nothing is kept for {purpose}: six events fold faster than a snapshot loads"
            )
        return StreamRecorder(self.recorder)

    def tracking_recorder(
        self, tracking_recorder_class: type[TrackingRecorder] | None = None
    ) -> TrackingRecorder:
        """Refuse: projections keep their position themselves."""
        raise InfrastructureFactoryError("projections keep their position in their own tables")

    def process_recorder(self) -> ProcessRecorder:
        """Refuse: projections keep their position themselves."""
        raise InfrastructureFactoryError("projections keep their position in their own tables")

    def close(self) -> None:
        """Close the database's connections."""
        self.engine.dispose()


class available:
    """A block in which a database that is away is told as StoreUnavailable."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Raise StoreUnavailable where the database is away; let other errors go on."""
        if error is None:
            return
        if isinstance(error, sqlalchemy.exc.TimeoutError):
            raise StoreUnavailable(f"all connections are in use: {error}") from error
        reason = error.orig if isinstance(error, sqlalchemy.exc.DBAPIError) else error
        if reason is not None and is_away(reason):
            raise StoreUnavailable(f"the database is away: {reason}") from error


def entries_of(rows: Iterable[Sequence[Any]], ids: dict[bytes, UUID]) -> Iterator[StoredEntry]:
    """Entries from their rows; `ids` are streams known by their keys already."""
    ids = dict(ids)
    for row in rows:
        (position, recorded_at, key, version, effective_on, origin, sequence, code, origin_at) = (
            row[:9]
        )
        (topic, state, private, officer, office, by) = row[9:]
        stream = ids.get(key)
        if stream is None:
            stream = ids[key] = UUID(bytes=key)
        submission = None
        if by is not None:
            submission = ids.get(by)
            if submission is None:
                submission = ids[by] = UUID(bytes=by)
        # A frozen dataclass sets its fields one by one, which takes five times as long.
        entry = object.__new__(StoredEntry)
        entry.__dict__.update(
            originator_id=stream,
            originator_version=version,
            topic=topic or "",
            state=state,
            code=code,
            private=private,
            effective_on=effective_on,
            recorded_at=recorded_at,
            position=position,
            origin=origin,
            origin_seq=sequence,
            officer=officer,
            office=office,
            submission=submission,
            origin_at=recorded_at if origin_at is None else origin_at,
        )
        yield entry


def entry_from(event: StoredEvent) -> StoredEntry:
    """An entry from an event of the library."""
    if isinstance(event, StoredEntry):
        return event
    stream = UUID(bytes=key_of(event.originator_id))
    return StoredEntry(stream, event.originator_version, event.topic, event.state)


def foreign(entry: StoredEntry) -> StoredEvent:
    """An event of the library from its entry."""
    return StoredEvent(entry.originator_id, entry.originator_version, entry.topic, entry.state)


def sliced(values: list[bytes], size: int) -> Iterator[list[bytes]]:
    """A list in pieces."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
