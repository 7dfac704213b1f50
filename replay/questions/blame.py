"""Who set a value (归责): the entry, its officer and papers, what it replaced, and what fell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any
from uuid import UUID

from registry.aggregates import AGGREGATES, Aggregate
from registry.entry import Entry
from registry.errors import Fault, Malformed, NotFound
from registry.vocabulary import VOCABULARY, Kind
from replay.states.history import At, Line, folded, history_of

if TYPE_CHECKING:
    from replay.columns.log import Log

#: Fields of events that name what a business rests on: papers, approvals, documents, batches.
GROUNDS = (
    *("permit", "certificate", "certificate_number", "approval", "document", "birth_certificate"),
    *("substitute_proof", "grounds", "category", "source", "batch"),
)
#: Stands for a value of which one looks whether an entry writes over it.
UNTOLD = type("Untold", (), {"__repr__": lambda self: "untold"})()


@dataclass(frozen=True)
class Setting:
    """A value and the entry that set it."""

    value: Any
    entry: Entry

    @property
    def grounds(self) -> Mapping[str, Any]:
        """What the entry names as its reasons: papers, approvals, documents."""
        told = vars(self.entry.event)
        return {name: told[name] for name in GROUNDS if told.get(name) is not None}


@dataclass(frozen=True)
class Fallen:
    """A value that an entry had set, and the entry that undid or corrected it."""

    value: Any
    entry: Entry
    by: Entry


@dataclass(frozen=True)
class Blame:
    """How a field of an entity came to its value at a point on both clocks.

    set_by: the entry that decides; None where the entity is unknown then. replaced: what held
    before it. undone: entries that had written the field and no longer stand. corrected: values
    that it, or a chain of corrections, put right. cases: number cases that name the person.
    """

    field: str
    value: Any
    set_by: Setting | None
    replaced: Setting | None
    undone: tuple[Fallen, ...]
    corrected: tuple[Fallen, ...]
    cases: tuple[UUID, ...]


def blame(log: Log, kind: Kind, stream: UUID, field: str, at: At) -> Blame:
    """Find who set a field of an entity to what it is at a point.

    Raises Malformed for a field that entities of the kind do not have, NotFound for an entity of
    which nothing was recorded by then.
    """
    aggregate = AGGREGATES[kind]
    known = sorted(fields_of(kind))
    if field not in known:
        message = f"a {kind.value} has no field {field!r}; it has {', '.join(known)}"
        raise Malformed([Fault("field", "unknown-field", message)])
    lines = history_of(log, kind, stream, at)
    if not lines:
        raise NotFound(kind, stream)
    settings = list(set_by(aggregate, folded(kind, lines), field))
    last = settings[-1] if settings else None
    return Blame(
        field,
        None if last is None else last.value,
        last,
        settings[-2] if len(settings) > 1 else None,
        undone(aggregate, lines, field),
        () if last is None else corrected(aggregate, lines, last.entry, field),
        cases_of(log, stream, at) if kind is Kind.PERSON and field.startswith("number") else (),
    )


def fields_of(kind: Kind) -> frozenset[str]:
    """The fields of a kind of entity that entries write."""
    return frozenset(field.name for field in fields(AGGREGATES[kind])) - {"id"}


def set_by(aggregate: type[Aggregate], history: list[Entry], field: str) -> list[Setting]:
    """Every entry of an ordered history that wrote a field, with the value it left there."""
    found: list[Setting] = []
    state: Any = None
    for entry in history:
        after = aggregate.after(state, entry.event, entry.stream)
        if after is not None and writes(aggregate, state, entry, field):
            found.append(Setting(getattr(after, field), entry))
        state = after
    return found


def writes(aggregate: type[Aggregate], state: Any, entry: Entry, field: str) -> bool:
    """Whether an entry writes a field of a state, be it with the value that was there.

    A collection is written by what changes it.
    """
    if state is None:
        return VOCABULARY[type(entry.event)].opens
    held = getattr(state, field)
    if isinstance(held, (Mapping, frozenset, tuple)):
        return bool(getattr(aggregate.evolve(state, entry.event, entry.stream), field) != held)
    untold = aggregate.evolve(state.but(**{field: UNTOLD}), entry.event, entry.stream)
    return getattr(untold, field) is not UNTOLD


def undone(aggregate: type[Aggregate], lines: list[Line], field: str) -> tuple[Fallen, ...]:
    """Entries that had written a field and were undone, in the order of recording."""
    found = []
    for number, line in enumerate(lines):
        if line.voided_by is None or VOCABULARY[type(line.entry.event)].voids:
            continue
        value = value_told(aggregate, lines[: number + 1], line.entry, field)
        if value is not UNTOLD:
            found.append(Fallen(value, line.entry, line.voided_by))
    return tuple(found)


def value_told(aggregate: type[Aggregate], lines: list[Line], entry: Entry, field: str) -> Any:
    """What an entry wrote to a field when it was recorded; UNTOLD if nothing."""
    before: Any = None
    for line in lines:
        one = line.entry
        if one.version < entry.version and not VOCABULARY[type(one.event)].voids:
            before = aggregate.after(before, one.event, one.stream)
    if VOCABULARY[type(entry.event)].opens:
        before = None
    after = aggregate.after(before, entry.event, entry.stream)
    if after is None or not writes(aggregate, before, entry, field):
        return UNTOLD
    return getattr(after, field)


def corrected(
    aggregate: type[Aggregate], lines: list[Line], entry: Entry, field: str
) -> tuple[Fallen, ...]:
    """The values that a correction put right, and that those had put right, the newest first."""
    found = []
    while VOCABULARY[type(entry.event)].corrects:
        wrong = lines[entry.event.corrects - 1].entry
        value = value_told(aggregate, lines[: wrong.version], wrong, field)
        found.append(Fallen(None if value is UNTOLD else value, wrong, entry))
        entry = wrong
    return tuple(found)


def cases_of(log: Log, person: UUID, at: At) -> tuple[UUID, ...]:
    """The number cases, open or closed, that name a person by a position."""
    handle = log.spaces.find("person", person)
    found: list[UUID] = []
    for partition in log.partitions(Kind.CASE):
        block = log.block(Kind.CASE, partition)
        named: set[int] = set()
        side = block.sparse["parties"]
        if side.offsets is not None:
            for row, first, end in zip(
                side.rows.tolist(), side.offsets[:-1], side.offsets[1:], strict=True
            ):
                if handle in side.parts["value"][first:end]:
                    named.add(row)
        has = block.layout.declares("person")[block.code]
        named.update(has.nonzero()[0][block.dense["person"] == handle].tolist())
        entities = {
            int(block.starts.searchsorted(row, "right")) - 1
            for row in named
            if block.position[row] <= at.known
        }
        found += log.spaces.ids("case", [block.first + one for one in sorted(entities)])
    return tuple(found)
