"""Random lawful histories: whatever a register could have recorded, in any order of days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from registry.aggregates import AGGREGATES, Application, Findings, Household, Person
from registry.aggregates.application import FOLLOWS
from registry.days import BEIJING, instant_of
from registry.entry import Entry
from registry.events import (
    address,
    applications,
    cards,
    fees,
    findings,
    household,
    numbers,
    papers,
    person,
    places,
    verification,
)
from registry.history import standing
from registry.values import (
    AcceptanceNumber,
    BookId,
    CertificateId,
    ChangeCategory,
    ChangeScope,
    CitizenNumber,
    CommunityId,
    CommunityKind,
    DeathCause,
    DeletionKind,
    Digest,
    DivisionCode,
    DivisionId,
    DoorplateId,
    EvidenceSource,
    FeeClass,
    FeeId,
    HouseholdId,
    HouseholdNumber,
    HouseholdType,
    Level,
    Name,
    Nationality,
    NumberFaultKind,
    NumberId,
    OfficeCode,
    OutKind,
    PaperNumber,
    PersonId,
    PlateNumber,
    PresenceClass,
    RegisterItem,
    Relationship,
    ReliefKind,
    RuleCode,
    Settlement,
    Severity,
    Sex,
    SourceSet,
    StreetId,
    Text,
)
from registry.vocabulary import ORDERS, VOCABULARY, EventType, Kind, Order
from tests.everything import one_of

FIRST_DAY = date(2019, 11, 20)
NAMES = [Name(text) for text in ("安平", "卞宁", "陈安", "阿卜杜拉·艾合麦提", "𠮷野")]
CATEGORY = ChangeCategory(next(iter(ChangeCategory.rows()))[0])
SCOPE = ChangeScope(next(iter(ChangeScope.rows()))[0])
DEATH_CAUSE = DeathCause(next(iter(DeathCause.rows()))[0])
DELETION_KIND = DeletionKind(next(iter(DeletionKind.rows()))[0])
COMMUNITY_KIND = CommunityKind(next(iter(CommunityKind.rows()))[0])
NATIONALITY = Nationality("01")
HEAD, OTHER = Relationship("02"), Relationship("97")
FAMILY, COLLECTIVE = HouseholdType("1"), HouseholdType("2")
REAL = DivisionCode("510104")


def number(sequence: int, birth: date = date(1990, 1, 1)) -> CitizenNumber:
    """A right citizen number."""
    return CitizenNumber.compose(REAL, birth, sequence)


class Log:
    """A log that grows by lawful entries; `salt` keeps the identifiers of two logs apart."""

    def __init__(self, salt: int = 0, people: int = 3) -> None:
        self.salt = salt
        self.people = people
        self.entries: list[Entry] = []
        self.streams: dict[UUID, list[Entry]] = {}
        self.today = FIRST_DAY
        self.second = 0

    def id(self, kind: str, number: int) -> UUID:
        """The identifier of the n-th thing of a kind."""
        letter = sum(map(ord, kind))
        # The last bits differ first: identifiers are not in the order of their numbers.
        return UUID(int=(number * 0x9E3779B97F4A7C15 % 2**64) << 64 | self.salt << 24 | letter)

    def add(self, stream: UUID, event: Any) -> Entry | None:
        """Record an event, or nothing if a rule stands in the way."""
        before = self.streams.get(stream, [])
        self.second += 1
        noon = datetime.combine(self.today, time(12), BEIJING)
        recorded_at = instant_of(noon) + self.second
        entry = Entry(
            stream,
            len(before) + 1,
            event,
            event.effective_on,
            len(self.entries) + 1,
            recorded_at,
            "officer",
            "510104000000",
        )
        word = VOCABULARY[type(event)]
        kind = AGGREGATES[word.kind]
        if ORDERS[word.kind] is Order.EFFECTIVE:
            lawful = event.effective_on <= self.today and self._named_rightly(before, entry)
            lawful = lawful and not kind.faults(standing([*before, entry]))
        else:
            state: Any = kind.fold(before)
            lawful = not list(kind.check(state, event))
        if not lawful:
            return None
        self.streams.setdefault(stream, []).append(entry)
        self.entries.append(entry)
        return entry

    def _named_rightly(self, before: list[Entry], entry: Entry) -> bool:
        word = VOCABULARY[type(entry.event)]
        if not (word.voids or word.corrects):
            return True
        voids = [one.version for one in before if VOCABULARY[type(one.event)].voids]
        valid = {one.version: one for one in standing(before)}
        named = entry.event.voids if word.voids else (entry.event.corrects,)
        if word.voids:
            # A void may undo a void; whether it stands itself is decided by what follows.
            return bool(named) and all(version in valid or version in voids for version in named)
        target = valid.get(named[0])
        return (
            target is not None
            and word.writes <= VOCABULARY[type(target.event)].writes
            and target.effective_on == entry.effective_on
        )


Move = Callable[[Random, Log], Any]


def some(chance: Random, log: Log, kind: str, most: int) -> UUID:
    """One of a few things of a kind."""
    return log.id(kind, chance.randint(1, most))


def lately(chance: Random, log: Log) -> date:
    """Today, or a day up to three months ago."""
    return log.today - timedelta(chance.choice([0, 0, 0, 1, 7, 40, 90]))


def pass_days(chance: Random, log: Log) -> None:
    """Time passes."""
    log.today += timedelta(chance.choice([1, 1, 5, 30]))


def enter_person(chance: Random, log: Log) -> None:
    """A person comes into the register."""
    stream = some(chance, log, "person", log.people)
    common: dict[str, Any] = {
        "effective_on": lately(chance, log),
        "household": HouseholdId(some(chance, log, "household", 3)),
        "community": CommunityId(some(chance, log, "community", 3)),
        "sex": chance.choice(list(Sex)),
        "birth_date": date(1990, 1, 1),
        "nationality": NATIONALITY,
        "name": chance.choice(NAMES),
        "number": chance.choice([None, number(11), number(12)]),
        "mother_name": chance.choice([None, *NAMES]),
    }
    if chance.random() < 0.5:
        log.add(stream, person.PersonImported(**common, source="old", batch="1"))
    else:
        extra: dict[str, Any] = {"origin": None, "certificate": None, "permit": None}
        log.add(stream, person.NewcomerRegistered(**common, **extra, declarant=NAMES[0]))


def change_person(chance: Random, log: Log) -> None:
    """Something happens to a person, on the day or reported late."""
    stream = some(chance, log, "person", log.people)
    day = lately(chance, log)
    state: Any = Person.fold(
        [one for one in standing(log.streams.get(stream, [])) if one.effective_on <= day]
    )
    if state is None:
        return
    told: dict[str, Any] = {"effective_on": day, "declarant": NAMES[1]}
    grounds: dict[str, Any] = {"effective_on": day, "grounds": Text("理由")}
    where: dict[str, Any] = {"household": state.household, "community": state.community}
    to: dict[str, Any] = {
        "household": HouseholdId(some(chance, log, "household", 3)),
        "community": CommunityId(some(chance, log, "community", 3)),
    }
    certificate = CertificateId(some(chance, log, "certificate", 3))
    kept = PersonId(log.id("person", 9))
    came: dict[str, Any]
    can = ["name", "details", "death", "delete"]
    can += ["in", "in"] if state.community is None else ["address", "address", "out", "out"]
    match chance.choice(can):
        case "address":
            came = {"from_household": state.household, "from_community": state.community}
            log.add(stream, person.AddressChanged(**told, **came, **to, scope=SCOPE))
        case "out":
            kind = chance.choice([OutKind("2"), OutKind("3")])
            paper = certificate if kind == "2" else None
            log.add(
                stream,
                person.MovedOut(
                    **told,
                    **where,
                    out_kind=kind,
                    destination=REAL,
                    certificate=paper,
                    permit=None,
                ),
            )
        case "in":
            came = {"origin": None, "certificate": state.certificate, "permit": None}
            log.add(stream, person.MovedIn(**told, **to, **came))
        case "death":
            log.add(stream, person.DeathRegistered(**told, **where, death_cause=DEATH_CAUSE))
        case "delete":
            log.add(
                stream,
                person.RecordDeleted(**grounds, **where, deletion_kind=DELETION_KIND, kept=kept),
            )
        case "name":
            name = chance.choice(NAMES)
            log.add(stream, person.NameChanged(**told, category=CATEGORY, name=name))
        case "details":
            height = chance.randint(50, 190)
            log.add(stream, person.DetailsChanged(**told, category=CATEGORY, height_cm=height))


def correct_person(chance: Random, log: Log) -> None:
    """A value is put right, from the day it was wrong."""
    stream = some(chance, log, "person", log.people)
    history = log.streams.get(stream)
    if not history:
        return
    wrong = chance.choice(history)
    told: dict[str, Any] = {
        "effective_on": wrong.effective_on,
        "corrects": wrong.version,
        "category": CATEGORY,
        "declarant": NAMES[0],
    }
    if chance.random() < 0.5:
        log.add(stream, person.NameCorrected(**told, name=chance.choice(NAMES)))
    else:
        log.add(stream, person.SexCorrected(**told, sex=chance.choice(list(Sex))))


def void_person(chance: Random, log: Log) -> None:
    """Entries of a person are undone; also entries that had undone others."""
    stream = some(chance, log, "person", log.people)
    history = log.streams.get(stream)
    if not history:
        return
    # Younger entries are more often undone: nothing depends on them yet.
    wrong = {chance.choice(history[-3:]) for _ in range(chance.choice([1, 1, 2]))}
    day = min(one.effective_on for one in wrong)
    told: dict[str, Any] = {
        "effective_on": day,
        "voids": tuple(sorted(one.version for one in wrong)),
        "grounds": Text("误录"),
    }
    match chance.choice(["void", "reverse", "restore"]):
        case "void":
            log.add(stream, person.EntriesVoided(**told))
        case "reverse":
            log.add(stream, person.RegistrationReversed(**told, community=None))
        case "restore":
            log.add(stream, person.RegistrationRestored(**told, community=None))


def change_household(chance: Random, log: Log) -> None:
    """Something happens to a household."""
    stream = some(chance, log, "household", 3)
    day = lately(chance, log)
    history = log.streams.get(stream, [])
    state: Any = Household.fold([one for one in standing(history) if one.effective_on <= day])
    at: dict[str, Any] = {
        "effective_on": day,
        "doorplate": DoorplateId(some(chance, log, "doorplate", 2)),
        "community": CommunityId(some(chance, log, "community", 3)),
    }
    if not history:
        first = PersonId(some(chance, log, "person", log.people))
        collective = chance.random() < 0.5
        members = () if collective else (household.Member(person=first, relation=HEAD),)
        log.add(
            stream,
            household.HouseholdEstablished(
                **at,
                household_number=HouseholdNumber("000000001"),
                household_type=COLLECTIVE if collective else FAMILY,
                members=members,
                head=None if collective else first,
            ),
        )
        return
    if state is None:
        return
    someone = PersonId(some(chance, log, "person", log.people))
    match chance.choice(["join", "leave", "move", "form", "close", "void"]):
        case "join":
            joined = (household.Member(person=someone, relation=OTHER),)
            log.add(
                stream,
                household.MembersChanged(
                    effective_on=day, business=105, joined=joined, head=state.head
                ),
            )
        case "leave":
            rest = [one for one in state.members if one != someone]
            following: Any = rest[0] if rest else None
            head = state.head if state.head != someone else following
            relations = (
                (household.Member(person=head, relation=HEAD),)
                if head is not None and head != state.head
                else ()
            )
            log.add(
                stream,
                household.MembersChanged(
                    effective_on=day,
                    business=106,
                    left=(someone,),
                    relations=relations,
                    head=head,
                ),
            )
        case "move":
            log.add(stream, household.HouseholdMoved(**at))
        case "form":
            digits = HouseholdNumber(f"{chance.randint(1, 9):09}")
            log.add(
                stream,
                household.HouseholdChanged(
                    effective_on=day,
                    household_number=digits,
                    household_type=state.household_type,
                ),
            )
        case "close":
            log.add(stream, household.HouseholdClosed(effective_on=day))
        case "void":
            wrong = chance.choice(history)
            log.add(
                stream,
                household.HouseholdEntriesVoided(
                    effective_on=wrong.effective_on,
                    voids=(wrong.version,),
                    grounds=Text("误录"),
                ),
            )


def change_doorplate(chance: Random, log: Log) -> None:
    """Something happens to a door plate."""
    stream = some(chance, log, "doorplate", 2)
    day = lately(chance, log)
    plate: dict[str, Any] = {
        "effective_on": day,
        "street": StreetId(log.id("street", 1)),
        "plate_number": PlateNumber(f"{chance.randint(1, 3)}号"),
    }
    community = CommunityId(some(chance, log, "community", 3))
    if stream not in log.streams:
        log.add(stream, address.DoorplateRegistered(**plate, community=community))
        return
    match chance.choice(["renumber", "freeze", "adjust", "close", "void"]):
        case "renumber":
            log.add(stream, address.DoorplateChanged(**plate))
        case "freeze":
            frozen = chance.random() < 0.5
            log.add(stream, address.DoorplateFrozen(effective_on=day, frozen=frozen))
        case "adjust":
            log.add(
                stream,
                address.DoorplateAdjusted(effective_on=day, document="文", community=community),
            )
        case "close":
            log.add(stream, address.DoorplateClosed(effective_on=day))
        case "void":
            wrong = chance.choice(log.streams[stream])
            log.add(
                stream,
                address.DoorplateEntriesVoided(
                    effective_on=wrong.effective_on,
                    voids=(wrong.version,),
                    grounds=Text("误录"),
                ),
            )


def found_places(log: Log) -> None:
    """A city of two counties and three communities."""
    day = date(2000, 1, 1)

    def division(number: int, level: Level, parent: int | None, code: str) -> None:
        log.add(
            log.id("places", 0),
            places.DivisionEstablished(
                effective_on=day,
                division=DivisionId(log.id("division", number)),
                level=level,
                division_code=DivisionCode(code),
                division_name=Text(f"区划{number}"),
                parent=None if parent is None else DivisionId(log.id("division", parent)),
            ),
        )

    division(1, Level.CITY, None, "510100")
    division(2, Level.COUNTY, 1, "510104")
    division(3, Level.COUNTY, 1, "510105")
    for each, parent in ((1, 2), (2, 2), (3, 3)):
        log.add(
            log.id("places", 0),
            places.CommunityEstablished(
                effective_on=day,
                community=CommunityId(log.id("community", each)),
                community_name=Text(f"社区{each}"),
                community_kind=COMMUNITY_KIND,
                parent=DivisionId(log.id("division", parent)),
            ),
        )


def move_boundary(chance: Random, log: Log) -> None:
    """A community passes to another county, lately or on a day to come."""
    day = log.today + timedelta(chance.choice([-40, -1, 0, 1, 10, 40]))
    moved = places.Moved(
        place=some(chance, log, "community", 3),
        parent=DivisionId(log.id("division", chance.choice([1, 2, 3]))),
    )
    log.add(
        log.id("places", 0),
        places.DivisionAdjusted(effective_on=day, moved=(moved,), document="川府"),
    )


def rename_place(chance: Random, log: Log) -> None:
    """A community gets another name."""
    log.add(
        log.id("places", 0),
        places.CommunityRenamed(
            effective_on=lately(chance, log),
            community=CommunityId(some(chance, log, "community", 3)),
            community_name=Text(f"新{chance.randint(1, 5)}"),
        ),
    )


def change_number(chance: Random, log: Log) -> None:
    """Somebody is given a number, is found to hold it, or ceases to."""
    sequence = chance.choice([11, 12])
    stream = log.id("number", sequence)
    holder = PersonId(some(chance, log, "person", log.people))
    told: dict[str, Any] = {"effective_on": log.today, "person": holder}
    match chance.choice(["give", "record", "end", "resume"]):
        case "give":
            book = BookId(log.id("book", 1))
            log.add(stream, numbers.NumberGiven(**told, book=book, number=number(sequence)))
        case "record":
            log.add(stream, numbers.NumberRecorded(**told, number=number(sequence)))
        case "end":
            log.add(stream, numbers.HoldingEnded(**told, business=107))
        case "resume":
            log.add(stream, numbers.HoldingResumed(**told, business=112))


def change_case(chance: Random, log: Log) -> None:
    """A number case is opened, grows or is closed."""
    stream = log.id("case", 1)
    someone = PersonId(some(chance, log, "person", log.people))
    match chance.choice(["open", "add", "close"]):
        case "open":
            log.add(
                stream,
                numbers.NumberCaseOpened(
                    effective_on=log.today,
                    fault=NumberFaultKind.DUPLICATE,
                    number=NumberId(log.id("number", 11)),
                    parties=(someone,),
                ),
            )
        case "add":
            log.add(stream, numbers.PartyAdded(effective_on=log.today, person=someone))
        case "close":
            log.add(
                stream,
                numbers.NumberCaseClosed(effective_on=log.today, keeper=None, grounds=Text("结案")),
            )


def change_finding(chance: Random, log: Log) -> None:
    """A finding about somebody is raised or settled."""
    stream = log.id("finding", chance.randint(1, 2))
    key: dict[str, Any] = {
        "effective_on": log.today,
        "rule": RuleCode(chance.choice(["0405", "source/differs"])),
        "item": RegisterItem("sex"),
        "source": EvidenceSource(chance.choice(["register", "form"])),
    }
    known: Any = Findings.fold(log.streams.get(stream, []))
    subject = known.subject if known else some(chance, log, "person", log.people)
    if chance.random() < 0.6:
        where = CommunityId(some(chance, log, "community", 3))
        told: dict[str, Any] = {
            "severity": chance.choice(list(Severity)),
            "community": where,
        }
        log.add(
            stream,
            findings.FindingRaised(
                **key,
                **told,
                person=PersonId(subject),
                household=None,
                found_on=lately(chance, log),
            ),
        )
    else:
        done: dict[str, Any] = {"settlement": Settlement("corrected"), "settled_on": log.today}
        log.add(stream, findings.FindingSettled(**key, **done))


def check_person(chance: Random, log: Log) -> None:
    """Somebody's papers are noted, compared, the home is visited, the person verified."""
    which = chance.randint(1, 2)
    stream = log.id("verification", which)
    person = PersonId(log.id("person", which))
    told: dict[str, Any] = {"effective_on": log.today, "person": person}
    where = CommunityId(some(chance, log, "community", 3))
    among = SourceSet("five")
    match chance.choice(["source", "source", "desk", "visit", "end"]):
        case "source":
            source = EvidenceSource(chance.choice(["form", "card"]))
            log.add(
                stream,
                verification.SourceRecorded(
                    **told, community=where, source=source, present=True, taken_on=log.today
                ),
            )
        case "desk":
            counts: dict[str, Any] = {
                "version": 1,
                "compared": 4,
                "differing": chance.randint(0, 2),
            }
            log.add(stream, verification.DeskChecked(**told, source_set=among, **counts))
        case "visit":
            log.add(
                stream,
                verification.PersonVisited(
                    **told,
                    community=where,
                    visited_on=log.today,
                    presence=PresenceClass("11"),
                    version=1,
                ),
            )
        case "end":
            log.add(
                stream, verification.VerificationCompleted(**told, source_set=among, document="文")
            )


def keep_book(chance: Random, log: Log) -> None:
    """A fee is booked in today's cash-book, or the money of a day is counted and paid in."""
    office = OfficeCode("510104001000")
    stream = log.id("cash-book", log.today.toordinal())
    told: dict[str, Any] = {"effective_on": log.today}
    match chance.choice(["book", "book", "book", "count", "pay", "list"]):
        case "book":
            log.add(
                stream,
                fees.FeeBooked(
                    **told,
                    office=office,
                    fee=FeeId(log.id("fee", chance.randint(1, 9))),
                    fee_class=FeeClass(chance.choice(["issue", "lost", "reduced"])),
                    tariff_fen=chance.choice([2_000, 4_000]),
                    amount_fen=chance.choice([0, 1_000, 2_000, -2_000]),
                    receipt=PaperNumber(f"R{chance.randint(1, 99)}"),
                ),
            )
        case "count":
            counted: dict[str, Any] = {"counted_fen": 2_000, "booked_fen": 2_000}
            log.add(stream, fees.CashCounted(**told, **counted))
        case "pay":
            told |= {"treasury": Text("国库"), "paper": PaperNumber("G1"), "amount_fen": 2_000}
            log.add(stream, fees.RemittedToTreasury(**told, paid_on=log.today))
        case "list":
            told |= {"relief": ReliefKind("1"), "county": DivisionCode("510104"), "document": "民"}
            counts = {"declared": 3, "matched": 2, "unmatched": 1, "granted": 2}
            days = {"valid_from": log.today, "valid_until": log.today}
            told |= counts | days
            log.add(log.id("relief-list", log.today.toordinal()), fees.ReliefListReceived(**told))


def change_paper(chance: Random, log: Log) -> None:
    """A permit is issued, used or withdrawn."""
    stream = log.id("permit", chance.randint(1, 2))
    someone = PersonId(some(chance, log, "person", log.people))
    match chance.choice(["issue", "use", "void"]):
        case "issue":
            log.add(
                stream,
                papers.PermitIssued(
                    effective_on=log.today,
                    issued_on=log.today,
                    permit_number=PaperNumber("A1"),
                    persons=(someone,),
                    community=CommunityId(log.id("community", 1)),
                    doorplate=None,
                    origin=None,
                    valid_days=40,
                    declarant=NAMES[0],
                ),
            )
        case "use":
            log.add(stream, papers.PermitConsumed(effective_on=log.today, person=someone))
        case "void":
            log.add(stream, papers.PermitVoided(effective_on=log.today, grounds=Text("作废")))


def change_application(chance: Random, log: Log) -> None:
    """An application for a card is accepted, or takes any step that it may take."""
    which = chance.randint(1, 4)
    stream = log.id("application", which)
    if stream not in log.streams:
        number = AcceptanceNumber.compose(OfficeCode("510104001000"), log.today, which)
        accepted = told_of(chance, log, ACCEPTED)
        log.add(stream, replace(accepted, acceptance_number=number))
        return
    state: Any = Application.fold(log.streams[stream])
    steps = [word for word in APPLYING if word.reaches in FOLLOWS[state.state]]
    if steps:
        log.add(stream, told_of(chance, log, chance.choice(steps)))


def change_body(chance: Random, log: Log) -> None:
    """A card body comes into stock, or takes any step of its own."""
    stream = log.id("card", chance.randint(1, 2))
    received = VOCABULARY[cards.BlankReceived]
    known = stream in log.streams
    log.add(stream, told_of(chance, log, chance.choice(WRITING) if known else received))


def told_of(chance: Random, log: Log, word: EventType) -> Any:
    """An event of a type, told as simply as can be, of today and of somebody in the log."""
    told = dict(EXAMPLES[word.shape].__dict__, effective_on=log.today)
    if "person" in told:
        told["person"] = PersonId(some(chance, log, "person", log.people))
    if "community" in told:
        told["community"] = CommunityId(some(chance, log, "community", 3))
    if "attempt" in told:
        told["attempt"] = chance.choice([1, 1, 2])
    if word.kind is Kind.CARD:
        told |= {name: chance.choice(CHOICES[name]) for name in told.keys() & CHOICES.keys()}
    return word.shape(**told)


#: What befalls applications for cards and card bodies; each is told by `told_of`.
CARD_WORDS = [
    word
    for word in sorted(VOCABULARY.values(), key=lambda word: word.code)
    if word.kind in (Kind.APPLICATION, Kind.CARD)
]
ACCEPTED = VOCABULARY[applications.ApplicationAccepted]
APPLYING = [word for word in CARD_WORDS if word.reaches and not word.opens]
WRITING = [word for word in CARD_WORDS if word.kind is Kind.CARD and not word.opens]
#: What may be told of a body in each of some fields, so that it sometimes fits what went before.
CHOICES: dict[str, list[Any]] = {
    "site": [OfficeCode("510000900000"), OfficeCode("510700900000")],
    "destination": [OfficeCode("510700900000"), OfficeCode("510000900000")],
    "digest": [Digest("a" * 64), Digest("b" * 64)],
    "image": [Digest("c" * 64), Digest("c" * 64), Digest("d" * 64)],
    "slot": [1, 1, 2, 3],
    "burnt": [False, True],
}
#: Found once, since nothing is searched for while a test draws its data.
EXAMPLES = {word.shape: one_of(word) for word in CARD_WORDS}

PERSON_MOVES: list[Move] = [
    *(pass_days, enter_person, enter_person),
    *(change_person, change_person, change_person, correct_person, void_person),
]
CARD_MOVES: list[Move] = [
    *(pass_days, move_boundary),
    *(change_application, change_application, change_application, change_body),
]
ALL_MOVES: list[Move] = [
    *PERSON_MOVES,
    *(change_household, change_household, change_doorplate, move_boundary, rename_place),
    *(change_number, change_case, change_paper, keep_book, change_finding, check_person),
    *(change_application, change_application, change_body),
]


def story(
    seed: int, moves: int, among: list[Move] = ALL_MOVES, salt: int = 0, people: int = 3
) -> Log:
    """A log of a small town, always the same one for a seed."""
    chance = Random(seed)
    log = Log(salt, people)
    found_places(log)
    for _ in range(moves):
        chance.choice(among)(chance, log)
    return log


@st.composite
def logs(draw: st.DrawFn, moves: list[Move] = ALL_MOVES, most: int = 120, salt: int = 0) -> Log:
    """Logs of a small town: people who come and go, are corrected, undone and restored."""
    # Drawn one by one, most moves would be the first of their lists, and histories all alike.
    seed = draw(st.integers(0, 2**32), label="seed")
    return story(seed, draw(st.integers(most // 4, most), label="moves"), moves, salt)
