"""Findings: raised by checks and officers, settled with their evidence (核对差错)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from registry.aggregates import Findings, Household, Person, rules
from registry.aggregates.findings import FindingKey, key_of
from registry.commands.base import CITY, COUNTY, STATION, command
from registry.events.findings import FindingRaised, FindingSettled
from registry.registrar import PLACES_OF, Registrar
from registry.values import (
    BatchId,
    EvidenceSource,
    HouseholdId,
    PersonId,
    RegisterItem,
    RuleCode,
    Settlement,
    Severity,
    Text,
)
from registry.vocabulary import Kind

A = TypeVar("A", Person, Household)

#: The source of what breaks a rule by itself, whatever the papers say.
REGISTER = EvidenceSource("register")
GONE, CORRECTED = Settlement("gone"), Settlement("corrected")
#: A household bears the number of another one of its station (户号重号), as an import may bring it.
NUMBER_REPEATED = FindingKey(
    RuleCode("household/number-repeated"), RegisterItem("household-number"), REGISTER
)


def findings_name(subject: UUID) -> str:
    """The name of a person's or household's ledger of findings."""
    return str(subject)


def findings_id(registrar: Registrar, subject: UUID) -> UUID:
    """The stream of a person's or household's ledger of findings."""
    return registrar.named(Kind.FINDING, findings_name(subject))


def raise_findings(
    registrar: Registrar, subject: UUID, raised: Iterable[FindingRaised]
) -> list[FindingKey]:
    """Raise those findings of a subject in which there is something new; says which.

    What is open is not raised twice, nor what an officer examined and confirmed as it is.
    """
    stream = findings_id(registrar, subject)
    made = []
    for one in raised:
        known = registrar.find(Findings, stream)
        if known is None or not known.waits(one):
            registrar.enter(stream, one)
            made.append(key_of(one))
    return made


def settle_findings(
    registrar: Registrar, subject: UUID, keys: Iterable[FindingKey], settlement: Settlement
) -> None:
    """Settle findings of a subject that a later check no longer makes, or an entry has answered."""
    stream = findings_id(registrar, subject)
    for key in keys:
        registrar.enter(
            stream,
            FindingSettled(
                effective_on=registrar.today,
                rule=key.rule,
                item=key.item,
                source=key.source,
                settlement=settlement,
                settled_on=registrar.today,
            ),
        )


def bears(registrar: Registrar, household: HouseholdId) -> tuple[str, UUID | str]:
    """The number that a household has today, and the station or community in which."""
    house = registrar.load(Household, household)
    station = registrar.places().station_of(house.community, registrar.today)
    return house.household_number, station or house.community


def settle_renumbered(
    registrar: Registrar, household: HouseholdId, before: tuple[str, UUID | str]
) -> None:
    """Settle that others bear a household's number, if that is another one than it was today.

    before: what it bore. What is dated back may leave the number of today as it is.
    """
    known = registrar.find(Findings, findings_id(registrar, household))
    is_open = known is not None and NUMBER_REPEATED in known.open
    if is_open and bears(registrar, household) != before:
        settle_findings(registrar, household, (NUMBER_REPEATED,), CORRECTED)


def refuse_open_findings(registrar: Registrar, person: PersonId) -> None:
    """Whoever has an open error waits for the card, and is not verified (R058)."""
    known = registrar.find(Findings, findings_id(registrar, person))
    for key in known.errors if known else ():
        registrar.refuse_if((True, rules.FindingsAreOpen(f"{person}: {key}")))


@command(STATION, COUNTY, CITY)
class RaiseFinding:
    """Note that something is wrong with a person's or a household's registration (发现差错).

    as_registered and as_found: what the register and the source say. found_on: today by default.
    """

    person: PersonId | None = None
    household: HouseholdId | None = None
    rule: RuleCode
    severity: Severity = Severity.ERROR
    item: RegisterItem
    source: EvidenceSource = REGISTER
    found_on: date | None = None
    batch: BatchId | None = None
    others: tuple[PersonId, ...] = ()
    as_registered: str | None = None
    as_found: str | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the finding, unless it is open already."""
        subject = self.person or self.household
        community = place_of(registrar, self.person, self.household)
        if subject is None:
            registrar.refuse_if((True, rules.FindingOfOne()))
            registrar.stop_if_refused()
        assert subject is not None  # refused above
        found_on = self.found_on or registrar.today
        registrar.refuse_if((found_on > registrar.today, rules.NotYet(found_on)))
        event = FindingRaised(
            effective_on=registrar.today,
            rule=self.rule,
            severity=self.severity,
            person=self.person,
            household=self.household,
            item=self.item,
            source=self.source,
            community=community,
            found_on=found_on,
            batch=self.batch,
            others=self.others,
            as_registered=self.as_registered,
            as_found=self.as_found,
        )
        raised = raise_findings(registrar, subject, [event])
        return {"subject": subject, "raised": len(raised)}


def place_of(registrar: Registrar, person: PersonId | None, household: HouseholdId | None) -> Any:
    """Where a subject is registered, or was when last registered; refused outside the area."""
    place: UUID | None = None
    if person is not None:
        who = registrar.load(Person, person)
        place = who.community or who.left_community
    elif household is not None:
        place = registrar.load(Household, household).community
    registrar.refuse_if((not registrar.in_area(place), rules.OutsideArea(place)))
    return place


def subject_of(registrar: Registrar, kind: type[A], subject: UUID) -> tuple[A | None, UUID | None]:
    """A person or household with its place; None where its registration was undone.

    What was found about it waits all the same, and belongs to where it was found last.
    """
    state = registrar.find(kind, subject)
    ledger = registrar.entries(findings_id(registrar, subject))
    raised = [one.event for one in ledger if isinstance(one.event, FindingRaised)]
    if state is None and raised and registrar.entries(subject):
        return None, raised[-1].community
    state = registrar.load(kind, subject)
    places = (getattr(state, name, None) for name in PLACES_OF)
    return state, next((one for one in places if one is not None), None)


@command(STATION, COUNTY, CITY)
class SettleFinding:
    """Settle a finding, saying how and on what evidence (差错处理).

    A correction of the register is entered first, by its own business; this closes the finding.
    That a household's number is no other's any more (gone) is asked of the register; of any other
    finding a check shows it, and no officer states it.
    """

    person: PersonId | None = None
    household: HouseholdId | None = None
    rule: RuleCode
    item: RegisterItem
    source: EvidenceSource = REGISTER
    settlement: Settlement
    settled_on: date | None = None
    document: str = ""
    grounds: Text

    @property
    def tells_number_alone(self) -> bool:
        """Whether it says that a household's number is no other's any more."""
        told = self.household is not None and self.settlement == GONE
        return told and key_of(self) == NUMBER_REPEATED

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the settlement."""
        subject = self.person or self.household
        if subject is None or (self.person is not None and self.household is not None):
            registrar.refuse_if((True, rules.FindingOfOne()))
            registrar.stop_if_refused()
        assert subject is not None  # refused above
        if self.person is not None:
            _, place = subject_of(registrar, Person, subject)
        else:
            _, place = subject_of(registrar, Household, subject)
        registrar.refuse_if((not registrar.in_area(place), rules.OutsideArea(place)))
        day = self.settled_on or registrar.today
        registrar.refuse_if(
            (day > registrar.today, rules.NotYet(day)),
            (
                not (self.settlement.by_hand or self.tells_number_alone),
                rules.SettledByCheck(self.settlement),
            ),
        )
        registrar.enter(
            findings_id(registrar, subject),
            FindingSettled(
                effective_on=registrar.today,
                rule=self.rule,
                item=self.item,
                source=self.source,
                settlement=self.settlement,
                settled_on=day,
                document=self.document,
                grounds=self.grounds,
            ),
        )
        return {"subject": subject}
