"""A small town on a real store: two counties of one city, a third of another, two families."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid5

import pytest

from adapters.database import open_database
from adapters.eventstore import Recorder
from registry.aggregates import Household, Person
from registry.aggregates.base import Aggregate
from registry.commands.addresses import NameStreet, RegisterDoorplate
from registry.commands.details import ChangeDetails
from registry.commands.households import FoundHousehold
from registry.commands.membership import NewHousehold
from registry.commands.places import (
    AllotSegment,
    EstablishCommunity,
    EstablishDivision,
)
from registry.commands.vital import RegisterBirth, RegisterDeath, SupplementRecord
from registry.days import BEIJING, end_of, instant_of
from registry.entry import Entry
from registry.errors import Refused, Rule
from registry.history import effective
from registry.register import Authority, Register, Setting, Submission
from registry.store import Receipt
from registry.values import (
    CommunityKind,
    DivisionCode,
    HouseholdNumber,
    HouseholdType,
    HukouNature,
    Level,
    MaritalStatus,
    Name,
    Nationality,
    OfficeCode,
    Officer,
    PaperNumber,
    PlateNumber,
    Relationship,
    Sex,
    Text,
)
from registry.vocabulary import ORDERS, VOCABULARY, Kind, Order

A = TypeVar("A", bound=Aggregate)

NAMESPACE = UUID(int=0x5EC2E7)
PLACES = uuid5(NAMESPACE, "places")
ROLES = frozenset({"station", "county", "civil-affairs", "administrator"})
JINGYANG, SHIFANG, QINGYANG = (DivisionCode(code) for code in ("510603", "510682", "510105"))
CHANGCHUN = DivisionCode("220102")  # outside this register
CHIEF = Authority(Officer("李所长"), OfficeCode("510603001001"), ROLES)
#: Only for people of one county.
OF_JINGYANG = replace(CHIEF, officer=Officer("周明"), area=(JINGYANG,))
OF_SHIFANG = Authority(Officer("何芳"), OfficeCode("510682001001"), ROLES, (SHIFANG,))
HAN = Nationality("01")
TOWNSFOLK = HukouNature("1")
HEAD, SPOUSE, WIFE, SON, DAUGHTER, OTHER = (
    Relationship(code) for code in ("02", "10", "12", "20", "30", "97")
)
GROUNDS = Text("查实")
APPROVAL = PaperNumber("A1")
DECLARANT = Name("王建国")
MARRIED, WIDOWED = MaritalStatus("20"), MaritalStatus("30")
#: The day on which every scenario begins.
TODAY = date(2007, 6, 1)
#: The day since which the families are registered.
SETTLED = date(2005, 1, 1)


@dataclass
class Town:
    """A register with a clock that scenarios turn forward, and the names of what is in it."""

    path: Path
    today: date = TODAY
    ids: dict[str, Any] = field(default_factory=dict)
    made: Iterator[int] = field(default_factory=lambda: count(1))
    sent: Iterator[int] = field(default_factory=lambda: count(1))
    reversal_days: int | None = None
    register: Register = field(init=False)
    told: dict[str, Any] = field(default_factory=dict)  # the last answer

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """Begin anew on what is stored, as another process would."""
        self.register = self.another()

    def another(self, url: str | None = None) -> Register:
        """One more register on the same store, with a memory of its own."""
        engine = open_database(url or f"sqlite:///{self.path}", durability="off", connections=2)
        return Register(
            Recorder(engine, node=1, clock=self.clock),
            Setting(NAMESPACE, PLACES, self.reversal_days),
            clock=self.clock,
            ids=lambda: UUID(int=0xA000_0000_0000 + next(self.made)),
            salt=lambda: next(self.made).to_bytes(16, "big"),
        )

    def close(self) -> None:
        """Let the database go."""
        self.register.store.engine.dispose()  # type: ignore[attr-defined]  # it is a Recorder

    def clock(self) -> int:
        """Noon of today."""
        return instant_of(datetime.combine(self.today, time(12), BEIJING))

    def __getattr__(self, name: str) -> Any:
        """The identifier of something in the town: town.wang is a person."""
        try:
            return self.__dict__["ids"][name]
        except KeyError:
            raise AttributeError(name) from None

    def do(self, command: Any, by: Authority = CHIEF) -> dict[str, Any]:
        """Record a command and return the answer, identifiers as UUIDs."""
        self.told = answer(self.submit(command, by))
        return self.told

    def submit(self, command: Any, by: Authority = CHIEF) -> Receipt:
        """Record a command and return the receipt."""
        return self.register.do(Submission(UUID(int=0xB000_0000 + next(self.sent)), by, command))

    def rules(self, command: Any, by: Authority = CHIEF) -> tuple[Rule, ...]:
        """The rules for which a command is refused; nothing must have been recorded."""
        before = self.register.store.head()
        with pytest.raises(Refused) as refused:
            self.submit(command, by)
        assert self.register.store.head() == before
        return refused.value.rules

    def refused(self, command: Any, by: Authority = CHIEF) -> list[str]:
        """The codes of the rules for which a command is refused, in alphabetical order."""
        return sorted({rule.code for rule in self.rules(command, by)})

    def timeline(self, stream: UUID) -> list[Entry]:
        """Every entry of a stream."""
        return self.register.history(stream)

    def events(self, stream: UUID) -> list[str]:
        """The names of a stream's events."""
        return [type(entry.event).__name__ for entry in self.timeline(stream)]

    def look(
        self, kind: type[A], stream: UUID, on: date | None = None, known: date | None = None
    ) -> A | None:
        """The state of a stream on a day, as known at the end of a day, from the store."""
        entries = self.timeline(stream)
        if known is not None:
            entries = [entry for entry in entries if entry.recorded_at <= end_of(known)]
        if ORDERS[kind.KIND] is Order.EFFECTIVE:
            entries = effective(entries, on)
        return kind.fold(entries)

    def see(self, kind: type[A], stream: UUID, on: date | None = None) -> Any:
        """The state of a stream that must be there; what is absent in it fails a scenario."""
        state = self.look(kind, stream, on)
        assert state is not None
        return state

    def person(self, person: UUID, on: date | None = None) -> Any:
        """A person on a day."""
        return self.see(Person, person, on)

    def household(self, household: UUID, on: date | None = None) -> Any:
        """A household on a day."""
        return self.see(Household, household, on)

    def named(self, kind: Kind, name: str | None) -> Any:
        """The stream of a number or paper by its name."""
        return uuid5(NAMESPACE, f"{kind}/{name}")

    def agrees(self) -> None:
        """Household streams and person streams say the same about everybody, every day.

        A member of a household is a resident of it, in its community, and the other way round;
        collective households list nobody.
        """
        streams: dict[UUID, list[Entry]] = {}
        for stored in self.register.store.page(0, 10_000):
            entry = self.register.codec.entry(stored)
            streams.setdefault(entry.stream, []).append(entry)
        codes = {stream: entries[0].event for stream, entries in streams.items()}
        persons = [stream for stream in streams if _kind(codes[stream]) is Kind.PERSON]
        houses = [stream for stream in streams if _kind(codes[stream]) is Kind.HOUSEHOLD]
        days = {entry.effective_on for stream in persons + houses for entry in streams[stream]}
        for day in sorted(days):
            listed, registered = set(), set()
            for stream in houses:
                house = Household.fold(effective(streams[stream], day))
                if house is not None and not house.collective:
                    listed |= {(member, stream, house.community) for member in house.members}
                    assert house.closed_on is None or not house.members
            for stream in persons:
                one = Person.fold(effective(streams[stream], day))
                if one is not None and one.resident:
                    assert one.household is not None
                    house = Household.fold(effective(streams[one.household], day))
                    assert house is not None, (day, stream)
                    assert house.community == one.community, (day, stream)
                    if not house.collective:
                        registered.add((stream, one.household, one.community))
            assert listed == registered, day


def _kind(event: Any) -> Kind:
    return VOCABULARY[type(event)].kind


def answer(receipt: Receipt) -> dict[str, Any]:
    """What a submitter was told, identifiers as UUIDs."""
    told: dict[str, Any] = json.loads(receipt.answer)
    for name, value in told.items():
        if isinstance(value, str) and len(value) == 36:
            told[name] = UUID(value)
    return told


def supplement(name: str, sex: Sex, birth: date, relation: Relationship, **told: Any) -> Any:
    """A resident whom the register had missed."""
    on = told.pop("on", SETTLED)
    return SupplementRecord(
        relation=relation,
        name=Name(name),
        sex=sex,
        birth_date=birth,
        nationality=HAN,
        on=on,
        **{"grounds": GROUNDS, "approval": APPROVAL, "declarant": DECLARANT, **told},
    )


def birth(town: Town, **told: Any) -> RegisterBirth:
    """The birth of Wang's daughter on 15 May, unless told otherwise."""
    said: dict[str, Any] = {
        "relation": DAUGHTER,
        "name": Name("王小雨"),
        "sex": Sex.FEMALE,
        "birth_date": date(2007, 5, 15),
        "nationality": HAN,
        "nature": TOWNSFOLK,
        "father": town.wang,
        "birth_certificate": "F510001",
        "declarant": DECLARANT,
    }
    if "new_household" not in told:
        said["household"] = town.home
    return RegisterBirth(**{**said, **told})


def death(person: Any, **told: Any) -> RegisterDeath:
    """A death on 20 May, unless told otherwise."""
    said = {"person": person, "died_on": date(2007, 5, 20), "declarant": DECLARANT}
    return RegisterDeath(**{**said, **told})


def new(doorplate: Any, number: str = "900", kind: str = "1", head: Any = None) -> NewHousehold:
    """A household to be founded."""
    return NewHousehold(
        doorplate=doorplate,
        household_number=HouseholdNumber(number),
        household_type=HouseholdType(kind),
        head=head,
    )


def build(town: Town) -> None:
    """Found the town: 旌阳区 with two communities, 什邡市 with one, 青羊区 in another city."""
    ids, do = town.ids, town.do
    long_ago = date(1990, 1, 1)

    def division(name: str, level: Level, code: str, parent: str | None) -> None:
        ids[name] = do(
            EstablishDivision(
                level=level,
                division_code=DivisionCode(code),
                division_name=Text(name),
                parent=ids[parent] if parent else None,
                on=long_ago,
            )
        )["division"]

    division("sichuan", Level.PROVINCE, "510000", None)
    division("deyang", Level.CITY, "510600", "sichuan")
    division("chengdu", Level.CITY, "510100", "sichuan")
    division("jingyang", Level.COUNTY, JINGYANG, "deyang")
    division("shifang", Level.COUNTY, SHIFANG, "deyang")
    division("qingyang", Level.COUNTY, QINGYANG, "chengdu")
    for name, parent in (
        ("east", "jingyang"),
        ("west", "jingyang"),
        ("town", "shifang"),
        ("far", "qingyang"),
    ):
        ids[name] = do(
            EstablishCommunity(
                community_name=Text(name),
                community_kind=CommunityKind("31"),
                parent=ids[parent],
                on=long_ago,
            )
        )["community"]
    for code, office in (
        (JINGYANG, CHIEF.office),
        (SHIFANG, OF_SHIFANG.office),
        (QINGYANG, OfficeCode("510105001001")),
    ):
        do(
            AllotSegment(
                address_code=code, station=office, first=1, last=100, valid_from=date(1900, 1, 1)
            )
        )
    for name, parent in (("road", "jingyang"), ("lane", "shifang"), ("alley", "qingyang")):
        ids[name] = do(
            NameStreet(
                division=ids[parent],
                street_name=Text(name),
                on=date(2000, 1, 1),
            )
        )["street"]
    for name, street, community in (
        ("gate", "road", "east"),
        ("yard", "road", "east"),
        ("mill", "road", "west"),
        ("dorm", "road", "west"),
        ("barn", "lane", "town"),
        ("tower", "alley", "far"),
    ):
        ids[name] = do(
            RegisterDoorplate(
                street=ids[street],
                plate_number=PlateNumber(f"{len(ids)}号"),
                community=ids[community],
                on=date(2000, 1, 1),
            )
        )["doorplate"]
    _families(town)


def _families(town: Town) -> None:
    """王 with wife and son at the gate, 赵 alone at the mill, 钱 in 什邡, a dormitory."""
    ids, do = town.ids, town.do
    told = do(
        supplement("王建国", Sex.MALE, date(1970, 3, 5), HEAD, new_household=new(ids["gate"], "1"))
    )
    ids["wang"], ids["home"] = told["person"], told["household"]
    ids["li"] = do(supplement("李梅", Sex.FEMALE, date(1972, 8, 9), WIFE, household=ids["home"]))[
        "person"
    ]
    ids["boy"] = do(supplement("王小军", Sex.MALE, date(1998, 2, 3), SON, household=ids["home"]))[
        "person"
    ]
    for one, other in (("wang", "li"), ("li", "wang")):
        do(
            ChangeDetails(
                person=ids[one],
                spouse=ids[other],
                marital_status=MARRIED,
                declarant=DECLARANT,
                on=SETTLED,
            )
        )
    told = do(
        supplement("赵铁柱", Sex.MALE, date(1960, 1, 1), HEAD, new_household=new(ids["mill"], "2"))
    )
    ids["zhao"], ids["hut"] = told["person"], told["household"]
    shifang = replace(OF_SHIFANG, area=None)
    told = do(
        supplement("钱多多", Sex.MALE, date(1955, 7, 7), HEAD, new_household=new(ids["barn"], "3")),
        shifang,
    )
    ids["qian"], ids["farm"] = told["person"], told["household"]
    ids["dormitory"] = do(
        FoundHousehold(
            doorplate=ids["dorm"],
            household_number=HouseholdNumber("4"),
            on=SETTLED,
        )
    )["household"]
    ids["lodger"] = do(
        supplement("孙立", Sex.MALE, date(1985, 4, 4), OTHER, household=ids["dormitory"])
    )["person"]
