"""Deciding who of a batch is recorded: what is the same for every database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import UUID

from registry.codec import Codec, blanked, without
from registry.events.redaction import PART_REDACTED
from registry.store import Append, Outcome, Raced, Receipt, Repeated

COLUMNS = (
    "position, recorded_at, stream, version, effective_on, origin, origin_seq, code, origin_at,"
    " topic, state, private, officer, office, submission"
)
SUBMISSION_COLUMNS = "id, officer, office, digest, first, count, recorded_at, answer"

CODEC = Codec()

#: Values in the order of COLUMNS.
EntryRow = tuple[
    int, int, bytes, int, int, int, int, int | None, int | None,
    str | None, bytes, bytes, str, str, bytes | None,
]  # fmt: skip
#: Values in the order of SUBMISSION_COLUMNS.
SubmissionRow = tuple[bytes, str, str, bytes, int, int, int, bytes]


@dataclass(frozen=True)
class Insertion(Append):
    """An append of events that are not ours: a version may leave a gap, but never come twice."""


class Wish:
    """An append made ready outside the lock: its streams as the database knows them."""

    __slots__ = ("append", "guards", "keys", "submission")

    def __init__(self, append: Append) -> None:
        self.append = append
        self.keys = [key_of(entry.originator_id) for entry in append.entries]
        self.guards = [(key_of(stream), stream, has) for stream, has in append.guards.items()]
        self.submission = append.submission.bytes if append.submission else None


Accepted = Sequence[tuple[Wish, Receipt]]


@dataclass
class Found:
    """What the database held when the lock was taken."""

    position: int = 0
    recorded_at: int = 0
    heads: dict[bytes, int] = field(default_factory=dict)  # by stream; only those there are
    submissions: set[bytes] = field(default_factory=set)  # those known already


class Transaction(Protocol):
    """A write transaction that holds the one lock."""

    def look(self, streams: Collection[bytes], submissions: Collection[bytes]) -> Found:
        """Take the lock and see how things stand under it."""
        ...

    def versions(self, stream: bytes) -> set[int]:
        """Every version of a stream."""
        ...

    def submission(self, submission: bytes) -> SubmissionRow:
        """The row of a known submission."""
        ...

    def halves(self, stream: bytes, version: int) -> tuple[bytes, bytes | None, bytes | None]:
        """The private half of an entry, its submission, and what that was answered."""
        ...

    def blank(self, stream: bytes, version: int, private: bytes) -> None:
        """Put another private half in the place of an entry's."""
        ...

    def answer(self, submission: bytes, answer: bytes) -> None:
        """Put another answer in the place of a submission's."""
        ...

    def write(self, accepted: Accepted, node: int) -> None:
        """Insert the rows and commit."""
        ...

    def close(self) -> None:
        """Give everything back, and roll back what was not committed."""
        ...


def decide(
    wishes: Sequence[Wish], found: Found, instant: int, transaction: Transaction
) -> tuple[list[Outcome], list[tuple[Wish, Receipt]]]:
    """Decide who of a batch is recorded, each on top of those accepted before him."""
    outcomes: list[Outcome] = []
    accepted: list[tuple[Wish, Receipt]] = []
    heads = found.heads
    stored = dict(heads)
    position = found.position
    mine: dict[bytes, tuple[Wish, Receipt]] = {}
    for wish in wishes:
        known = wish.submission
        if known is not None:
            if known in mine:
                earlier, receipt = mine[known]
                outcomes.append(Repeated(receipt, earlier.append.digest, earlier.append.officer))
                continue
            if known in found.submissions:
                outcomes.append(repeated(transaction.submission(known)))
                continue
        rests_on = wish.append.rests_on
        if rests_on and not {submission.bytes for submission in rests_on} <= mine.keys():
            outcomes.append(Raced(frozenset(stream for _, stream, _ in wish.guards)))
            continue
        if isinstance(wish.append, Insertion):
            moved, ahead = judge_freely(wish, heads, stored, transaction)
        else:
            moved, ahead = judge(wish, heads)
        if moved:
            outcomes.append(Raced(frozenset(moved)))
            continue
        heads.update(ahead)
        append = wish.append
        count = len(append.entries)
        receipt = Receipt(append.submission, position + 1, count, instant, append.answer)
        position += count
        outcomes.append(receipt)
        accepted.append((wish, receipt))
        if known is not None:
            mine[known] = accepted[-1]
    return outcomes, accepted


def redact(accepted: Accepted, transaction: Transaction) -> None:
    """Blank the parts that entries which are about to be recorded redact, and what repeats them."""
    for wish, _ in accepted:
        for entry in wish.append.entries:
            if entry.code != PART_REDACTED:
                continue
            named = CODEC.event(PART_REDACTED, entry.state, entry.private)
            key = named.entry_of.bytes
            private, submission, answer = transaction.halves(key, named.entry_version)
            private, texts = blanked(private, named.part)
            transaction.blank(key, named.entry_version, private)
            if texts and submission is not None and answer is not None:
                transaction.answer(submission, without(answer, texts))


def judge(wish: Wish, heads: Mapping[bytes, int]) -> tuple[set[UUID], dict[bytes, int]]:
    """Which streams have moved away from under an append, and where it would lead the others."""
    moved = {stream for key, stream, version in wish.guards if heads.get(key, 0) != version}
    ahead: dict[bytes, int] = {}
    for key, entry in zip(wish.keys, wish.append.entries, strict=True):
        version = entry.originator_version
        last = ahead.get(key)
        if last is None:
            if version != heads.get(key, 0) + 1:
                moved.add(UUID(bytes=key))
        elif version != last + 1:
            raise ValueError(f"version {version} follows version {last} of {entry.originator_id}")
        ahead[key] = version
    return moved, ahead


def judge_freely(
    wish: Wish, heads: Mapping[bytes, int], stored: Mapping[bytes, int], transaction: Transaction
) -> tuple[set[UUID], dict[bytes, int]]:
    """The same for an insertion: each version of a stream once is all that is asked."""
    moved: set[UUID] = set()
    ahead: dict[bytes, int] = {}
    for key, entry in zip(wish.keys, wish.append.entries, strict=True):
        version = entry.originator_version
        last = ahead.get(key, heads.get(key))
        if last is not None and version <= last:
            # Below the head it may fill a gap, unless this batch has filled it: the database knows.
            if key in stored and version in transaction.versions(key):
                moved.add(UUID(bytes=key))
            version = last
        ahead[key] = version
    return moved, ahead


def key_of(stream: UUID | str) -> bytes:
    """A stream's id as it is stored."""
    return stream.bytes if isinstance(stream, UUID) else UUID(stream).bytes


def rows_of(accepted: Accepted, node: int) -> Iterator[EntryRow]:
    """The rows of entries, in the order of COLUMNS."""
    for wish, receipt in accepted:
        append, instant = wish.append, receipt.recorded_at
        for position, (key, entry) in enumerate(
            zip(wish.keys, append.entries, strict=True), receipt.first
        ):
            if entry.origin in (0, node):
                origin, sequence, origin_at = node, position, None
                officer, office = append.officer or entry.officer, append.office or entry.office
                submission = wish.submission
            else:
                origin, sequence, origin_at = entry.origin, entry.origin_seq, entry.origin_at
                officer, office = entry.officer or append.officer, entry.office or append.office
                submission = entry.submission.bytes if entry.submission else wish.submission
            yield (
                position,
                instant,
                key,
                entry.originator_version,
                entry.effective_on,
                origin,
                sequence,
                entry.code,
                origin_at,
                entry.topic or None,
                entry.state,
                entry.private,
                officer,
                office,
                submission,
            )


def submission_rows(accepted: Accepted) -> list[SubmissionRow]:
    """The rows of submissions, in the order of SUBMISSION_COLUMNS."""
    return [
        (
            wish.submission,
            wish.append.officer,
            wish.append.office,
            wish.append.digest,
            receipt.first,
            receipt.count,
            receipt.recorded_at,
            receipt.answer,
        )
        for wish, receipt in accepted
        if wish.submission is not None
    ]


def repeated(row: Sequence[Any]) -> Repeated:
    """What is known of a submission, from its row."""
    key, officer, _, digest, first, count, instant, answer = row
    return Repeated(Receipt(UUID(bytes=key), first, count, instant, answer), digest, officer)
