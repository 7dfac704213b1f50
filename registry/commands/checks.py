"""Checks that are recorded (户口核对): what breaks a rule is raised, what keeps it settled."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from registry.aggregates import (
    Doorplate,
    Findings,
    Household,
    Life,
    Number,
    Person,
    rules,
)
from registry.aggregates.findings import FindingKey
from registry.checks.language import Record
from registry.checks.records import Around, Signed, household_record, person_record
from registry.checks.rules import CheckRule, broken, check_rules, rules_about
from registry.commands.base import CITY, COUNTY, PROVINCE, STATION, command
from registry.commands.cards_common import applications_of
from registry.commands.findings import (
    GONE,
    REGISTER,
    findings_id,
    raise_findings,
    settle_findings,
    subject_of,
)
from registry.commands.number_faults import open_fault
from registry.commands.numbering import number_id
from registry.events.findings import FindingRaised
from registry.events.numbers import NumberCaseOpened
from registry.registrar import Registrar
from registry.values import (
    BatchId,
    CommunityId,
    HouseholdId,
    Level,
    PersonId,
    RegisterItem,
    RuleCode,
    Settlement,
)

ENDED = Settlement("ended")
#: What an import finds of whoever has no number (漏编).
NUMBERLESS = FindingKey(RuleCode("number/missing"), RegisterItem("number"), REGISTER)


@command(STATION, COUNTY, CITY, PROVINCE)
class CheckRecords:
    """Hold persons and households against the check rules and record what is found (户口核对).

    What breaks a rule becomes a finding unless one is open already; an open finding of a rule that
    is kept again is settled as gone, and as ended with the registration. A wrong or missing number
    has a case opened, too. A rule that measures a share (9001) finds nothing. batch: the delivery
    that the records came with, whose report the findings belong to.
    """

    persons: tuple[PersonId, ...]
    households: tuple[HouseholdId, ...] = ()
    batch: BatchId | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter findings and settlements."""
        registrar.prefetch(self.persons + self.households)
        ledgers = [findings_id(registrar, one) for one in self.persons + self.households]
        registrar.prefetch(ledgers)
        raised = settled = 0
        for person in dict.fromkeys(self.persons):
            who, place = subject_of(registrar, Person, person)
            registrar.refuse_if((not registrar.in_area(place), rules.OutsideArea(person)))
            living = who is not None and who.life is Life.LIVING
            record = person_checked(registrar, who) if who is not None and living else None
            told = _Subject(person, None, place, self.batch)
            numberless = who is not None and who.number is None and who.number_as_found is None
            still = {NUMBERLESS} if record is not None and numberless else set()
            made, gone = told.note(registrar, record, rules_about("person"), still)
            raised, settled = raised + made, settled + gone
            if who is not None:
                open_fault(registrar, who)
        for household in dict.fromkeys(self.households):
            house, place = subject_of(registrar, Household, household)
            registrar.refuse_if((not registrar.in_area(place), rules.OutsideArea(household)))
            still_open = house is not None and house.closed_on is None
            record = household_checked(registrar, house) if house and still_open else None
            told = _Subject(None, household, place, self.batch)
            made, gone = told.note(registrar, record, rules_about("household"))
            raised, settled = raised + made, settled + gone
        cases = sum(isinstance(one.event, NumberCaseOpened) for one in registrar.noted)
        return {"raised": raised, "settled": settled, "cases": cases}


class _Subject:
    """A person or a household whose ledger of findings is brought up to date."""

    def __init__(
        self,
        person: PersonId | None,
        household: HouseholdId | None,
        place: UUID | None,
        batch: BatchId | None,
    ) -> None:
        self.person, self.household, self.batch = person, household, batch
        self.community = None if place is None else CommunityId(place)

    def note(
        self,
        registrar: Registrar,
        record: Record | None,
        asked: Iterable[CheckRule],
        still: Collection[FindingKey] = (),
    ) -> tuple[int, int]:
        """Raise what is broken and settle what is not; record None: no longer registered.

        still: what an import found, and is so to this day.
        """
        subject = self.person or self.household
        assert subject is not None, "a ledger is somebody's"
        found = [
            rule
            for rule in (broken(record, asked) if record is not None else ())
            if not (rule.indicates or rule.searched)
        ]
        known = registrar.find(Findings, findings_id(registrar, subject))
        kept = {FindingKey(rule.code, rule.item, REGISTER) for rule in found} | set(still)
        over = [key for key in (known.open if known else ()) if _ours(key) and key not in kept]
        settle_findings(registrar, subject, over, GONE if record is not None else ENDED)
        made = raise_findings(registrar, subject, (self._raised(registrar, one) for one in found))
        return len(made), len(over)

    def _raised(self, registrar: Registrar, rule: CheckRule) -> FindingRaised:
        return FindingRaised(
            effective_on=registrar.today,
            rule=rule.code,
            severity=rule.severity,
            person=self.person,
            household=self.household,
            item=rule.item,
            source=REGISTER,
            community=self.community,
            found_on=registrar.today,
            batch=self.batch,
        )


def _ours(key: FindingKey) -> bool:
    """Whether a finding is one that this check makes, and so may settle."""
    rule = check_rules().get(key.rule)
    asked = rule is not None and not rule.searched
    return key == NUMBERLESS or (key.source == REGISTER and asked)


def person_checked(registrar: Registrar, who: Person) -> Record:
    """The record of a living person, with all that its rules ask for."""
    house = head = guardian = None
    if who.household is not None:
        house = registrar.find(Household, who.household)
    if house is not None and house.head is not None:
        head = registrar.find(Person, house.head)
    if who.guardian is not None:
        guardian = registrar.find(Person, who.guardian)
    applications = applications_of(registrar, who.id)
    signed = [(one.valid_from, one) for one in applications if one.valid_from is not None]
    newest = max(signed, key=lambda pair: pair[0]) if signed else None
    around = Around(
        house=house,
        head=head,
        guardian=guardian,
        card=None if newest is None else Signed(newest[0], newest[1].valid_until),
        photo=any(one.photo is not None for one in applications),
        number_twin=number_twin(registrar, who),
    )
    return person_record(who, registrar.today, around)


def number_twin(registrar: Registrar, who: Person) -> int | None:
    """How near the nearest other resident holder of a number is: county 1, city 2, elsewhere 3."""
    if who.number is None or not who.resident:
        return None
    held = registrar.find(Number, number_id(registrar, who.number))
    others = [one for one in (held.held_by if held else ()) if one != who.id]
    registrar.prefetch(others)
    people = [registrar.find(Person, one) for one in others]
    here = [one for one in people if one is not None and one.resident]
    return min((nearness(registrar, who, one) for one in here), default=None)


def nearness(registrar: Registrar, one: Person, other: Person) -> int:
    """Whether two are registered in one county, 1, in one city, 2, or elsewhere, 3."""
    for distance, level in ((1, Level.COUNTY), (2, Level.CITY)):
        here, there = (_place(registrar, who, level) for who in (one, other))
        if here is not None and here == there:
            return distance
    return 3


def _place(registrar: Registrar, who: Person, level: Level) -> UUID | None:
    if who.community is None:
        return None
    above = registrar.places().above(who.community, registrar.today)
    return next((place for place, fact in above if fact.level is level), None)


def household_checked(registrar: Registrar, house: Household) -> Record:
    """The record of an open household, with all that its rules ask for."""
    registrar.prefetch(list(house.members))
    people = {one: registrar.find(Person, one) for one in house.members}
    at_home = [
        one
        for one, who in people.items()
        if who is not None and who.life is Life.LIVING and who.household == house.id
    ]
    street = registrar.find(Doorplate, house.doorplate) is not None
    return household_record(
        house, registrar.places(), registrar.today, street=street, at_home=at_home
    )
