"""Checking one person after the other: sources recorded, compared, visited, verified (五源核对)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from registry import five_sources
from registry.aggregates import (
    Doorplate,
    Findings,
    Household,
    NumberCase,
    Person,
    Street,
    Verification,
    card_rules,
    rules,
)
from registry.aggregates.findings import FindingKey
from registry.commands.base import COUNTY, STATION, command
from registry.commands.findings import (
    GONE,
    findings_id,
    raise_findings,
    refuse_open_findings,
    settle_findings,
)
from registry.commands.numbering import case_id
from registry.commands.registration_cases import Unregistered, enter_unsettled
from registry.events.findings import FindingRaised
from registry.events.readiness import PersonVerified
from registry.events.verification import (
    DeskChecked,
    PersonVisited,
    SourceRecorded,
    StatedItem,
    VerificationCompleted,
    VisitAssigned,
    VisitMade,
)
from registry.five_sources import PAPERS, Difference
from registry.registrar import Registrar
from registry.values import (
    CommunityId,
    EvidenceSource,
    HouseholdId,
    Name,
    NumberFaultKind,
    Officer,
    PersonId,
    PresenceClass,
    RegisterItem,
    RuleCode,
    Severity,
)
from registry.vocabulary import Kind

#: A paper, or the person, says something else than the register.
DIFFERS = RuleCode("source/differs")
#: There is no such paper, though everybody has one.
ABSENT, RECORD = RuleCode("source/absent"), RegisterItem("record")
#: The visit found somebody else than a resident at home.
PRESENCE = RuleCode("visit/presence")
PRESENT = RegisterItem("presence")
PERSON = five_sources.PERSON
#: Presence classes that say nothing is wrong, and how much the others weigh.
AT_HOME = frozenset({PresenceClass("10"), PresenceClass("11")})
LIVES_ELSEWHERE = frozenset({PresenceClass("12"), PresenceClass("14")})


def verification_id(registrar: Registrar, subject: PersonId | HouseholdId) -> Any:
    """The stream of a person's, or a household's, ledger of the campaign."""
    return registrar.named(Kind.VERIFICATION, str(subject))


def resident(registrar: Registrar, person: PersonId) -> tuple[Person, CommunityId]:
    """Who is checked, and where; refused for who is registered nowhere, or outside the area."""
    known = registrar.load(Person, person)
    registrar.refuse_if(
        (not known.resident, rules.NotRegistered(person)),
        (not registrar.in_area(known.community), rules.OutsideArea(known.community)),
    )
    registrar.stop_if_refused()
    assert known.community is not None, "refused above"
    return known, known.community


def version_of(registrar: Registrar, person: PersonId) -> int:
    """How far the person's stream has come, save that it was verified."""
    entries = registrar.entries(person)
    return max(one.version for one in entries if not isinstance(one.event, PersonVerified))


@command(STATION, COUNTY)
class RecordSource:
    """Note what a paper says of a person, or that there is no such paper (核对来源登记).

    source: form, booklet, card or sequence. items: as they stand there.
    """

    person: PersonId
    source: EvidenceSource
    present: bool = True
    document: str = ""
    taken_on: date | None = None
    items: tuple[StatedItem, ...] = ()

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the snapshot."""
        _, community = resident(registrar, self.person)
        day = self.taken_on or registrar.today
        has = five_sources.items_of(self.source) if self.source in PAPERS else ()
        registrar.refuse_if(
            (self.source not in PAPERS, rules.NotAPaper(self.source)),
            (day > registrar.today, rules.NotYet(day)),
            *((one.item not in has, rules.ItemNotOfSource(one.item)) for one in self.items),
        )
        registrar.enter(
            verification_id(registrar, self.person),
            SourceRecorded(
                effective_on=registrar.today,
                person=self.person,
                community=community,
                source=self.source,
                present=self.present,
                taken_on=day,
                document=self.document,
                items=self.items,
            ),
        )
        return {"person": self.person}


@command(STATION, COUNTY)
class CheckAtDesk:
    """Hold a person's papers against the register, item by item (内部核对).

    What differs is raised as a finding; findings of earlier checks that hold no longer are settled.
    Every paper of the set in force has to be recorded, were it only that there is none; that there
    is no form or no booklet is a finding, too.
    """

    person: PersonId

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the check and what it found."""
        person, community = resident(registrar, self.person)
        stream = verification_id(registrar, self.person)
        known = registrar.find(Verification, stream)
        snapshots = known.sources if known else {}
        among = five_sources.set_for(registrar.places(), community, registrar.today)
        papers = [one for one in among.sources if one in PAPERS]
        registrar.refuse_if(
            *((one not in snapshots, rules.SourceMissing(one.name_zh)) for one in papers)
        )
        registrar.stop_if_refused()
        told = {
            source: five_sources.stated(one.items) if one.present else None
            for source, one in snapshots.items()
        }
        compared, found = five_sources.compare(items_now(registrar, person), told, among)
        absent = [one for one in papers if told[one] is None]
        raised, settled = note_differences(registrar, person, community, found, PAPERS, absent)
        registrar.enter(
            stream,
            DeskChecked(
                effective_on=registrar.today,
                person=self.person,
                source_set=among,
                version=version_of(registrar, self.person),
                compared=compared,
                differing=len(found),
            ),
        )
        return {
            "person": self.person,
            "compared": compared,
            "differing": len(found),
            "raised": raised,
            "settled": settled,
        }


def items_now(registrar: Registrar, person: Person) -> dict[RegisterItem, str]:
    """What the register says of a person today."""
    household = plate = street = None
    if person.household is not None:
        household = registrar.find(Household, person.household)
    if household is not None:
        plate = registrar.find(Doorplate, household.doorplate)
    if plate is not None:
        street = registrar.find(Street, plate.street)
    places = registrar.places()
    return five_sources.registered_items(person, household, plate, street, places, registrar.today)


def note_differences(
    registrar: Registrar,
    person: Person,
    community: CommunityId,
    found: Iterable[Difference],
    among: Sequence[EvidenceSource],
    absent: Iterable[EvidenceSource] = (),
    on: date | None = None,
) -> tuple[int, int]:
    """Raise what differs, settle what no longer does; how many of both.

    among: the sources that were asked; findings of others stay as they are. absent: papers that
    there are not.
    """
    weights = ((one, five_sources.absence(one)) for one in absent)
    lacking = [Difference(RECORD, one, how, None, None) for one, how in weights if how is not None]
    events = [
        FindingRaised(
            effective_on=registrar.today,
            rule=ABSENT if one.item == RECORD else DIFFERS,
            severity=one.severity,
            person=person.id,
            household=None,
            item=one.item,
            source=one.source,
            community=community,
            found_on=on or registrar.today,
            as_registered=one.as_registered,
            as_found=one.as_found,
        )
        for one in (*found, *lacking)
    ]
    known = registrar.find(Findings, findings_id(registrar, person.id))
    still = {FindingKey(one.rule, one.item, one.source) for one in events}
    over = [
        key
        for key in (known.open if known else ())
        if key.rule in (DIFFERS, ABSENT) and key.source in among and key not in still
    ]
    settle_findings(registrar, person.id, over, GONE)
    return len(raise_findings(registrar, person.id, events)), len(over)


@command(STATION, COUNTY)
class AssignVisit:
    """Send an officer to a household with its sheet (入户核对任务)."""

    household: HouseholdId
    visitor: Officer
    due_on: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the task."""
        known = registrar.load(Household, self.household)
        registrar.refuse_if(
            (known.closed_on is not None, rules.HouseholdIsClosed(self.household)),
            (not registrar.in_area(known.community), rules.OutsideArea(known.community)),
        )
        registrar.enter(
            verification_id(registrar, self.household),
            VisitAssigned(
                effective_on=registrar.today,
                household=self.household,
                community=known.community,
                visitor=self.visitor,
                due_on=self.due_on,
            ),
        )
        return {"household": self.household}


@command(STATION, COUNTY)
class RecordVisit:
    """Enter what a visit found of one person (入户核对结果).

    confirmed: the items that are right. differing: what the person says instead of what is
    registered; each is raised as a finding with the person as its source. An empty registration,
    somebody who lives elsewhere and somebody to be cancelled are findings of their own.
    """

    person: PersonId
    visited_on: date | None = None
    presence: PresenceClass
    confirmed: tuple[RegisterItem, ...] = ()
    differing: tuple[StatedItem, ...] = ()
    signed_by: Name | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter presence, confirmation and findings."""
        person, community = resident(registrar, self.person)
        day = self.visited_on or registrar.today
        registrar.refuse_if((day > registrar.today, rules.NotYet(day)))
        ours = items_now(registrar, person)
        said = {one.item: one.text for one in self.differing}
        found = [
            Difference(item, PERSON, five_sources.severity_of(item), ours.get(item), text)
            for item, text in said.items()
            if not five_sources.same(item, ours.get(item), text)
        ]
        raised, settled = note_differences(registrar, person, community, found, [PERSON], on=day)
        raised += self.note_presence(registrar, community, day)
        registrar.enter(
            verification_id(registrar, self.person),
            PersonVisited(
                effective_on=registrar.today,
                person=self.person,
                community=community,
                visited_on=day,
                presence=self.presence,
                version=version_of(registrar, self.person),
                confirmed=tuple(dict.fromkeys(self.confirmed)),
                signed_by=self.signed_by,
            ),
        )
        return {"person": self.person, "raised": raised, "settled": settled}

    def note_presence(self, registrar: Registrar, community: CommunityId, day: date) -> int:
        """Raise that the person is not where the registration is, or settle that it was so."""
        if self.presence in AT_HOME:
            known = registrar.find(Findings, findings_id(registrar, self.person))
            over = [key for key in (known.open if known else ()) if key.rule == PRESENCE]
            settle_findings(registrar, self.person, over, GONE)
            return 0
        elsewhere = self.presence in LIVES_ELSEWHERE
        event = FindingRaised(
            effective_on=registrar.today,
            rule=PRESENCE,
            severity=Severity.WARNING if elsewhere else Severity.ERROR,
            person=self.person,
            household=None,
            item=PRESENT,
            source=PERSON,
            community=community,
            found_on=day,
            as_found=self.presence.name_zh,
        )
        return len(raise_findings(registrar, self.person, [event]))


@command(STATION, COUNTY)
class CloseVisit:
    """Hand a household's sheet in, after each member was recorded (入户核对).

    unregistered: whoever was met there and is registered nowhere (户口待定); each becomes a case.
    """

    household: HouseholdId
    visited_on: date | None = None
    unregistered: tuple[Unregistered, ...] = ()

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter that the visit is done; members who were not asked since it was assigned stand in
        the way."""
        known = registrar.load(Household, self.household)
        registrar.refuse_if(
            (not registrar.in_area(known.community), rules.OutsideArea(known.community))
        )
        day = self.visited_on or registrar.today
        registrar.refuse_if((day > registrar.today, rules.NotYet(day)))
        members = tuple(known.members)
        registrar.prefetch([verification_id(registrar, one) for one in members])
        for one in members:
            asked = registrar.find(Verification, verification_id(registrar, one))
            registrar.refuse_if((asked is None or asked.visited is None, rules.NotVisited(one)))
        registrar.enter(
            verification_id(registrar, self.household),
            VisitMade(
                effective_on=registrar.today,
                household=self.household,
                visited_on=day,
                persons=members,
            ),
        )
        cases = [
            enter_unsettled(registrar, one, known.community, self.household, day)
            for one in self.unregistered
        ]
        return {"household": self.household, "persons": len(members), "cases": cases}


@command(STATION, COUNTY)
class VerifyPerson:
    """Record that papers, register and person agree in every item (核准): one checked, one right.

    Stands in the way: a check or visit older than the last change, an open error, an open case of
    the number, a person without a number. Source: Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    person: PersonId
    document: str = ""

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter it on the person's stream and on the ledger."""
        person, community = resident(registrar, self.person)
        stream = verification_id(registrar, self.person)
        known = registrar.find(Verification, stream)
        now = version_of(registrar, self.person)
        registrar.refuse_if(
            (known is None or known.checked != now, rules.NotCheckedAtDesk(self.person)),
            (known is None or known.visited != now, rules.NotVisited(self.person)),
            (person.number is None, card_rules.NumberAbsent(self.person)),
        )
        refuse_open_findings(registrar, self.person)
        if person.number is not None:
            case = registrar.find(
                NumberCase, case_id(registrar, NumberFaultKind.DUPLICATE, person.number)
            )
            is_open = case is not None and case.open and self.person in case.parties
            registrar.refuse_if((is_open, rules.CaseIsOpen(self.person)))
        registrar.stop_if_refused()
        today = registrar.today
        registrar.enter(self.person, PersonVerified(effective_on=today, document=self.document))
        registrar.enter(
            stream,
            VerificationCompleted(
                effective_on=today,
                person=self.person,
                source_set=five_sources.set_for(registrar.places(), community, today),
                document=self.document,
            ),
        )
        return {"person": self.person}
