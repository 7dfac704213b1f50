"""Deciding who of a batch is recorded: what is the same for every database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from uuid import UUID

from registry.codec import Codec, blanked, without
from registry.days import dawn_of
from registry.events.redaction import PART_REDACTED
from registry.store import Append, Outcome, Overtaken, Raced, Receipt, Repeated, StoredRow
from registry.vocabulary import VOCABULARY

COLUMNS = (
    "position, recorded_at, stream, version, effective_on, origin, origin_seq, code, origin_at,"
    " topic, state, private, officer, office, submission"
)
SUBMISSION_COLUMNS = "id, officer, office, digest, first, count, recorded_at, answer"

CODEC = Codec()
#: Codes of entries that undo others: they bring back what these name, and tell versions only.
VOIDING = frozenset(word.code for word in VOCABULARY.values() if word.voids)
IDENTIFIER = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: What `field_of` makes.
FIELD = re.compile(rf"({IDENTIFIER.pattern.decode()})/(\w+)")

#: Values in the order of COLUMNS.
EntryRow = tuple[
    int, int, bytes, int, int, int, int, int | None, int | None,
    str | None, bytes, bytes, str, str, bytes | None,
]  # fmt: skip
#: Values in the order of SUBMISSION_COLUMNS.
SubmissionRow = tuple[bytes, str, str, bytes, int, int, int, bytes]
#: Position and instant of the last entry of the log.
Last = tuple[int, int]


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

    def send(self, accepted: Accepted, node: int, last: Last) -> bool:
        """Take the lock, insert the rows and commit, if an entry is still the last one.

        Without a look before; tells whether the rows are recorded, if not, nothing is. Each append
        has a submission.
        """
        ...

    def close(self) -> None:
        """Give everything back, and roll back what was not committed."""
        ...


def decide(
    wishes: Sequence[Wish],
    found: Found,
    instant: int,
    transaction: Transaction,
    page: Callable[[int, int], Iterable[EntryRow]],
) -> tuple[list[Outcome], list[tuple[Wish, Receipt]]]:
    """Decide who of a batch is recorded, each on top of those accepted before him.

    page: gives the rows from one position to another.
    """
    outcomes: list[Outcome] = []
    accepted: list[tuple[Wish, Receipt]] = []
    heads = found.heads
    stored = dict(heads)
    position = found.position
    dawn = dawn_of(instant)
    mine: dict[bytes, tuple[Wish, Receipt]] = {}
    asked = [wish.append.asked for wish in wishes if wish.append.asked]
    named = Named(asked, found, page) if asked else None
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
        decided_at = wish.append.decided_at
        if decided_at is not None and decided_at < dawn:
            outcomes.append(Raced(frozenset(), instant))
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
        append = wish.append
        if named is not None and (overtaken := named.since(append.asked)):
            outcomes.append(Overtaken(overtaken))
            continue
        heads.update(ahead)
        count = len(append.entries)
        receipt = Receipt(append.submission, position + 1, count, instant, append.answer)
        position += count
        if named is not None:
            named.accept(wish, position)
        outcomes.append(receipt)
        accepted.append((wish, receipt))
        if known is not None:
            mine[known] = accepted[-1]
    return outcomes, accepted


class Named:
    """What entries name of that which read models were asked about, looked for once a batch.

    Looked for under the lock, in the few rows by which read models lag behind the log, and in what
    is accepted of the batch. An undoing counts as naming everything: what it brings back is told by
    the entries that it undoes. A field of a stream is named by the entries of that stream alone.
    """

    def __init__(
        self,
        asked: Sequence[Mapping[UUID | str, int]],
        found: Found,
        page: Callable[[int, int], Iterable[EntryRow]],
    ) -> None:
        self._last: dict[bytes, int] = {}  # position of the last entry that names something
        self._undone = 0  # position of the last undoing
        # Other names than identifiers are few: those of production sites, numbers, and fields.
        self._names: set[bytes] = set()
        self._fields: dict[bytes, list[tuple[bytes, bytes]]] = {}  # by stream; how told, and name
        for name in {one for each in asked for one in each if isinstance(one, str)}:
            if found_field := FIELD.fullmatch(name):
                stream, said = key_of(found_field[1]), f'"{found_field[2]}":'.encode()
                self._fields.setdefault(stream, []).append((said, name.encode()))
            else:
                self._names.add(name.encode())
        told = (position for each in asked for position in each.values())
        since = min(told, default=found.position)
        rows = page(since + 1, found.position) if since < found.position else ()
        for row in map(StoredRow._make, rows):
            self._read(row.key, row.code, row.state, row.position)

    def accept(self, wish: Wish, position: int) -> None:
        """Take in an append that is recorded up to a position."""
        for key, entry in zip(wish.keys, wish.append.entries, strict=True):
            self._read(key, entry.code, entry.state, position)

    def since(self, asked: Mapping[UUID | str, int]) -> frozenset[UUID | str]:
        """Of what read models were asked about, that which something entered since names."""
        last = self._last
        return frozenset(
            name
            for name, position in asked.items()
            if max(last.get(str(name).encode(), 0), self._undone) > position
        )

    def _read(self, stream: bytes, code: int | None, state: bytes, position: int) -> None:
        if code in VOIDING:
            self._undone = position
        last = self._last
        for name in IDENTIFIER.findall(state):
            last[name] = position
        for name in self._names:
            if name in state:
                last[name] = position
        for told, name in self._fields.get(stream, ()):
            if told in state:
                last[name] = position


def redact(accepted: Accepted, transaction: Transaction) -> bool:
    """Blank the parts that entries which are about to be recorded redact, and what repeats them.

    Tells whether there were any such entries.
    """
    found = False
    for wish, _ in accepted:
        for entry in wish.append.entries:
            if entry.code != PART_REDACTED:
                continue
            found = True
            named = CODEC.event(PART_REDACTED, entry.state, entry.private)
            key = named.entry_of.bytes
            private, submission, answer = transaction.halves(key, named.entry_version)
            private, texts = blanked(private, named.part)
            transaction.blank(key, named.entry_version, private)
            if texts and submission is not None and answer is not None:
                transaction.answer(submission, without(answer, texts))
    return found


#: Stands in the answer of a redaction that could not be noted outside of the database.
NOT_NOTED = {
    "code": "redaction-not-noted",
    "law": "个人信息保护法 art. 47",
    "message": "it is recorded, and not noted outside of the database yet, so that a restored"
    " backup would not tell of it; tell the administrator: `registry status` says why",
}


def noticed(batch: Sequence[Append], outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Outcomes in which the answers of redactions say that these are not noted."""
    told: list[Outcome] = []
    for append, outcome in zip(batch, outcomes, strict=True):
        redacts = any(entry.code == PART_REDACTED for entry in append.entries)
        if redacts and isinstance(outcome, Receipt):
            answer = json.loads(outcome.answer or b"{}")
            answer["notices"] = [*answer.get("notices", []), NOT_NOTED]
            told.append(replace(outcome, answer=json.dumps(answer, ensure_ascii=False).encode()))
        else:
            told.append(outcome)
    return told


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
