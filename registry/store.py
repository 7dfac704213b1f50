"""What the register asks of an event store: all or nothing, in one order, nothing lost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from registry.errors import Unavailable


class StoreUnavailable(Unavailable):
    """The database is away or its answer was lost; try later with the same submission."""

    code = "store-unavailable"


@dataclass(frozen=True)
class StoredEntry(StoredEvent):
    """An entry as it is stored: an event's bytes and the envelope around them.

    Of the library's fields, `originator_id` is the stream's UUID, `originator_version` counts
    from 1, and `topic` is empty unless `code` is None.
    """

    code: int | None = None  # of our vocabulary; None: a foreign event, known by its topic
    private: bytes = b""
    effective_on: int = 0  # days since 1880-01-01
    recorded_at: int = 0  # microseconds UTC, given under the append lock, never decreasing
    position: int = 0  # given under the append lock, dense from 1
    origin: int = 0  # number of the node that recorded it first
    origin_seq: int = 0  # its position there
    officer: str = ""
    office: str = ""
    submission: UUID | None = None
    origin_at: int = 0  # when that node recorded it; for an entry of our own: recorded_at

    @property
    def key(self) -> bytes:
        """The stream's UUID as bytes."""
        return self.originator_id.bytes  # type: ignore[union-attr]  # ours are always UUIDs

    @property
    def version(self) -> int:
        """Which entry of its stream it is, from 1."""
        return self.originator_version

    @property
    def submission_key(self) -> bytes | None:
        """The submission's UUID as bytes."""
        return None if self.submission is None else self.submission.bytes


class StoredRow(NamedTuple):
    """An entry as it lies in the table, for who reads them by the million: half the time.

    Fields are those of StoredEntry; `origin_at` is None for an entry of our own.
    """

    position: int
    recorded_at: int
    key: bytes
    version: int
    effective_on: int
    origin: int
    origin_seq: int
    code: int | None
    origin_at: int | None
    topic: str | None
    state: bytes
    private: bytes
    officer: str
    office: str
    submission_key: bytes | None

    @property
    def originator_id(self) -> UUID:
        """The stream's UUID."""
        return UUID(bytes=self.key)


Stored = StoredEntry | StoredRow


@dataclass(frozen=True)
class Append:
    """What one submission wishes to record: all of it or nothing.

    Versions are given and rise by one in each stream. Position, instant and, for entries of this
    node, origin, officer, office and submission are filled in by the store. An entry that names
    another node as its origin brings its own `origin_seq` and `origin_at`, and its own officer,
    office and submission where it has them.
    """

    submission: UUID | None  # None: no row is kept of the submission
    officer: str
    office: str
    digest: bytes  # SHA-256 of the canonical body
    answer: bytes  # what the submitter gets again when he asks again, JSON
    entries: Sequence[StoredEntry]
    guards: Mapping[UUID, int]  # streams read: the version they must still have, 0 for none
    # Submissions of the same batch whose entries it was decided on: it races if one is not recorded
    # with it, even where somebody else's entries have brought the streams to the same versions.
    rests_on: frozenset[UUID] = frozenset()
    # The instant at which it was decided: it races if it would be recorded on a later day.
    decided_at: int | None = None
    # What read models were asked about, and how far these had come: it is overtaken if anything
    # entered since names it in its public half, or undoes something. See also `field_of`.
    asked: Mapping[UUID | str, int] = field(default_factory=dict)


def field_of(stream: UUID, field: str) -> str:
    """How `asked` names what the entries of a stream itself tell in a field, as its place."""
    return f"{stream}/{field}"


@dataclass(frozen=True)
class Receipt:
    """Recorded: positions from `first`, `count` of them, which may be none."""

    submission: UUID | None
    first: int
    count: int
    recorded_at: int
    answer: bytes


@dataclass(frozen=True)
class Repeated:
    """This submission is already recorded; whether with the same body tells its digest."""

    receipt: Receipt
    digest: bytes
    officer: str


@dataclass(frozen=True)
class Raced:
    """These streams have moved on meanwhile: load them again and decide again.

    at: where only the day has, no stream, but the instant of it, at which to decide.
    """

    streams: frozenset[UUID]
    at: int | None = None


@dataclass(frozen=True)
class Overtaken:
    """Something entered since names these, about which read models had been asked."""

    named: frozenset[UUID | str]


@dataclass(frozen=True)
class Failed:
    """The database refused this append alone."""

    error: Exception


Outcome = Receipt | Repeated | Raced | Overtaken | Failed


class EntryStore(Protocol):
    """The event store as the register sees it."""

    node: int

    def append(self, batch: Sequence[Append]) -> list[Outcome]:
        """Record a batch in one transaction and return an outcome for each, in order.

        Losers are turned away alone. Several appends of a batch may touch one stream in order.
        Raises StoreUnavailable if the database is away; nobody knows then whether it is recorded,
        and sending the same submissions again settles it.
        """
        ...

    def streams(self, ids: Collection[UUID]) -> dict[UUID, list[StoredEntry]]:
        """Return the entries of every stream asked for, in version order."""
        ...

    def submissions(self, ids: Collection[UUID]) -> dict[UUID, Repeated]:
        """Return what is recorded under these submissions, without the unknown ones."""
        ...

    def page(self, after: int, limit: int, until: int | None = None) -> list[StoredEntry]:
        """Return entries by position: those after one position, up to and with another."""
        ...

    def rows(
        self,
        after: int,
        limit: int,
        until: int | None = None,
        codes: Collection[int] | None = None,
    ) -> list[StoredRow]:
        """Return the same entries as rows.

        codes: only of these event types, and the last of so many, by which whoever reads goes on.
        """
        ...

    def rows_of(self, keys: Collection[bytes]) -> dict[bytes, list[StoredRow]]:
        """Return the entries of streams that have any as rows, in version order."""
        ...

    def head(self) -> tuple[int, int]:
        """Return the last position and its instant; (0, 0) while nothing is recorded."""
        ...

    def position_at(self, instant: int) -> int:
        """Return the last position recorded at or before an instant, in microseconds."""
        ...
