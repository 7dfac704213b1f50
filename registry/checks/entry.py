"""Check rules at entry (防止再生性差错): what a command would newly break, refused or advised.

Only what the command itself brings about is held against it: whoever changes the name of somebody
whose birth date has long been wrong is not turned away for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import cache, lru_cache
from typing import Any, Protocol, TypeVar
from uuid import UUID

from registry.aggregates import Aggregate, Household, Life, Person
from registry.aggregates.rules import Concerning
from registry.checks.language import Record
from registry.checks.records import (
    MAKERS,
    NOTHING,
    Around,
    Maker,
    PersonRecord,
    members_record,
)
from registry.checks.rules import AtEntry, CheckRule, broken, rules_about
from registry.entry import Entry
from registry.vocabulary import VOCABULARY, Cause, Group, Kind

A = TypeVar("A", bound=Aggregate)

#: The fields of a person's record that each group tells, as far as rules ask for them.
TOLD_BY: dict[Group, tuple[str, ...]] = {
    Group.NAME: ("name_length",),
    Group.SEX: ("sex",),
    Group.BIRTH: ("birth", "age", "older_than_head"),
    Group.NUMBER: ("number_right", "number_sex", "number_birth"),
    Group.NATIONALITY: ("nationality",),
    Group.NATURE: ("nature",),
    Group.PARENTS: ("guardians",),
    Group.GUARDIAN: ("guardian_name_length", "guardians"),
    Group.DETAILS: (
        "former_name_length",
        "education",
        "marital_status",
        "military_service",
        "height_cm",
        "birth_place_listed",
        "native_place_listed",
    ),
}
ITEMS = frozenset(TOLD_BY)
#: Groups of which some rules look at the household too.
HOUSED = frozenset({Group.SEX, Group.BIRTH})
#: So many sequences of event types that enter one stream together are known at most.
SEQUENCES = 1000
#: Fields of a person's record that the household tells.
OF_HOUSEHOLD = frozenset(
    {"household_type", "relation", "relation_sex", "generation", "older_than_head"}
)


class BreaksCheckRule(Concerning):
    """What was sent would make the register wrong."""

    code = "check-rule"
    law = "核对规则 (register_check_rule)"
    remedy = "Correct what was sent; `registry check rules` tells every rule and its source."


class Seen(Protocol):
    """What a review asks of the register while a command is decided."""

    def before(self, kind: type[A], stream: UUID) -> A | None:
        """The state of a stream before the command."""
        ...

    def after(self, kind: type[A], stream: UUID) -> A | None:
        """The state of a stream with what the command enters."""
        ...

    def loaded(self, stream: UUID) -> bool:
        """Whether the command has asked for a stream."""
        ...


def review(
    seen: Seen, noted: Iterable[tuple[UUID, Sequence[Entry]]], on: date
) -> Iterator[tuple[CheckRule, bool]]:
    """The rules that what a command entered newly breaks, and whether each one refuses it.

    Where somebody is in the register already, sex and relation to the head are put right one after
    the other: what then lies between the two steps is told and not refused.
    """
    for stream, entries in noted:
        looks, opens, written = _looks_at(tuple([type(entry.event) for entry in entries]))
        if looks is Kind.PERSON:
            for rule in _person(seen, stream, on, opens, written):
                refused = rule.at_entry is AtEntry.REFUSE
                yield rule, refused and (opens or not rule.fields & OF_HOUSEHOLD)
        elif looks is Kind.HOUSEHOLD:
            for rule in newly_broken(*_household(seen, stream), asked("household")):
                yield rule, rule.at_entry is AtEntry.REFUSE


@lru_cache(SEQUENCES)
def _looks_at(events: tuple[type[Any], ...]) -> tuple[Kind | None, bool, frozenset[Group]]:
    """What events on one stream have rules look at, if anything.

    Besides: whether one of them opens the stream, and the groups that they write.
    """
    words = [VOCABULARY[event] for event in events]
    kind, opens = words[0].kind, any(word.opens for word in words)
    written = frozenset[Group]().union(*(word.writes for word in words))
    asks = (
        opens or not written.isdisjoint(ITEMS)
        if kind is Kind.PERSON
        else kind is Kind.HOUSEHOLD and Group.MEMBERS in written
    )
    if words[0].cause is Cause.IMPORTED:
        asks = False  # what an older system holds is recorded as it is, and found by checks
    return kind if asks else None, opens, written


def newly_broken(
    before: Record | None, after: Record | None, rules: Sequence[CheckRule]
) -> list[CheckRule]:
    """Of some rules those that a record breaks after a command and did not break before it."""
    found = [] if after is None else list(broken(after, rules))
    if before is None or not found:
        return found
    old = frozenset(rule.code for rule in broken(before, found))
    return [rule for rule in found if rule.code not in old]


@cache
def asked(subject: str) -> tuple[CheckRule, ...]:
    """The rules that are asked at entry about persons or households."""
    return tuple(rule for rule in rules_about(subject) if rule.at_entry is not AtEntry.NONE)


@cache
def told_by(written: frozenset[Group]) -> tuple[tuple[str, Maker], ...]:
    """The fields of a person's record that some groups tell, and what each is made of."""
    told = dict.fromkeys(field for group in TOLD_BY if group in written for field in TOLD_BY[group])
    return tuple((field, MAKERS[field]) for field in told)


@cache
def asked_of(fields: frozenset[str]) -> tuple[CheckRule, ...]:
    """Those rules asked at entry about persons that speak of some of these fields."""
    return tuple(rule for rule in asked("person") if not rule.fields.isdisjoint(fields))


def _person(
    seen: Seen, stream: UUID, on: date, opens: bool, written: frozenset[Group]
) -> list[CheckRule]:
    after = seen.after(Person, stream)
    before = seen.before(Person, stream)
    if after is None or after.life is not Life.LIVING:
        return []
    around = NOTHING
    if after.household is not None and (opens or written & HOUSED):
        house = seen.after(Household, after.household)
        # A collective household lists nobody; whoever heads another is looked at if at hand.
        head = house.head if house is not None else None
        known = head is not None and (head == stream or seen.loaded(head))
        around = Around(house, seen.after(Person, head) if known and head is not None else None)
    if before is None:
        return newly_broken(None, PersonRecord(after, on, around), asked("person"))
    # A rule that speaks of nothing that has changed holds as it did.
    changed = frozenset(
        field
        for field, make in told_by(written)
        if make(before, on, around) != make(after, on, around)
    )
    was, record = PersonRecord(before, on, around), PersonRecord(after, on, around)
    return newly_broken(was, record, asked_of(changed))


def _household(seen: Seen, stream: UUID) -> tuple[Record | None, Record | None]:
    def record(find: Callable[..., Any]) -> Record | None:
        house = find(Household, stream)
        return None if house is None else members_record(house, house.members)

    return record(seen.before), record(seen.after)
