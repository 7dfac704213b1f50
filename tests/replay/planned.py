"""A plan expressed as commands: what a station would have sent for each business, day by day."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from adapters.database import open_database
from adapters.eventstore import Recorder
from registry.commands import households, migration, particulars, places, relocation, undoing, vital
from registry.commands.details import ChangeDetails
from registry.commands.extract import Batch, Homes, House, Plate
from registry.commands.importing import enter_homes, enter_plates
from registry.commands.membership import Heir, NewHousehold
from registry.commands.numbering import book_name
from registry.commands.relocation import Mover
from registry.entry import Entry
from registry.register import Authority, Register, Setting, Submission
from registry.store import Append, Receipt
from registry.values import (
    BirthKind,
    ChangeCategory,
    ChangeScope,
    CitizenNumber,
    DeathCause,
    DivisionCode,
    HouseholdNumber,
    HouseholdType,
    Name,
    Nationality,
    OfficeCode,
    Officer,
    OutKind,
    PaperNumber,
    PlateNumber,
    Relationship,
    Sex,
    Text,
    day_of,
)
from registry.vocabulary import Kind
from replay.numbers import unpack
from replay.province import columns as c
from replay.province.ids import CountedSpaces
from replay.province.making import Province
from replay.province.parts import Part
from replay.province.plan import plan_of
from replay.province.telling import names

NAMESPACE = UUID(int=0x5EC2E7)
ROLES = frozenset({"station", "county", "civil-affairs", "administrator"})
HAN = Nationality("01")
NATIONALITIES = tuple(Nationality(code) for code in ("02", "10", "11"))
ELSEWHERE = DivisionCode("230103")
DECLARANT, GROUNDS, APPROVAL = Name("王建国"), Text("查实"), PaperNumber("1")


class NamedSpaces(CountedSpaces):
    """Counted identifiers, save of what a register names by its number: those it names itself."""

    def __init__(self, counted: CountedSpaces, named: dict[str, list[UUID]]) -> None:
        super().__init__(counted.seed, counted.counts)
        self.named = named

    def ids(self, space: str, handles: Any) -> list[UUID]:
        """Identifiers of handles."""
        known = self.named.get(space)
        return super().ids(space, handles) if known is None else [known[one] for one in handles]

    def find(self, space: str, one: UUID) -> int | None:
        """The handle of an identifier, none where there is none."""
        known = self.named.get(space)
        if known is None:
            return super().find(space, one)
        return known.index(one) if one in known else None


def name_as_registered(province: Province) -> None:
    """Let a province have the identifiers that the register derives from names."""
    made = [*province.all_parts(ahead=1)]

    def all_of(kind: Kind, tell: Callable[[int, Part], list[str]]) -> list[UUID]:
        told = [tell(town, part[kind]) for town, part in enumerate(made) if kind in part]
        return [uuid5(NAMESPACE, f"{kind}/{one}") for each in told for one in each]

    def numbers(town: int, part: Part) -> list[str]:
        firsts = part.starts[:-1]
        held = part.dense["number"]
        declared = part.fixed["code"]
        # The first entry of a number says it; entries that end a holding say none.
        says = province.tellers[3].layout.declares("number")[declared]
        places = says.cumsum() - 1
        text = unpack(held[places[firsts]]).tobytes().decode()
        return [text[18 * row : 18 * row + 18] for row in range(len(firsts))]

    def books(town: int, part: Part) -> list[str]:
        local = province.local(town)
        return [
            book_name(f"{local['county']}", day_of(int(day)), local["first"], local["last"])
            for day in part.dense["birth_date"]
        ]

    def certificates(town: int, part: Part) -> list[str]:
        text = part.own.tobytes().decode()
        return [text[12 * row : 12 * row + 12] for row in range(part.entities)]

    named = {
        "number": all_of(Kind.NUMBER, numbers),
        "book": all_of(Kind.BOOK, books),
        "certificate": all_of(Kind.CERTIFICATE, certificates),
        "segments": [uuid5(NAMESPACE, f"{Kind.SEGMENTS}/{code}") for code in province.counties],
    }
    province.__dict__["spaces"] = NamedSpaces(province.spaces, named)


@dataclass(frozen=True)
class Keyed(Batch):
    """A batch whose keys are the handles of a province."""

    spaces: Any = None

    def stream(self, table: str, key: str) -> UUID:
        """The stream of a row."""
        (one,) = self.spaces.ids(table.removesuffix("s"), [int(key)])
        return UUID(int=one.int)

    def streams(self, table: str) -> Callable[[str], UUID]:
        """The streams of a table's rows."""
        return lambda key: self.stream(table, key)


@dataclass
class Station:
    """A register to which the plans of a province's towns are sent."""

    province: Province
    path: Path
    now: int = 0
    ids: deque[UUID] = field(default_factory=deque)
    refused: list[tuple[str, Any]] = field(default_factory=list)
    sent: int = 0

    def __post_init__(self) -> None:
        engine = open_database(f"sqlite:///{self.path}", durability="off", connections=2)
        (tree,) = self.province.spaces.ids("places", [0])
        self.store = Recorder(engine, node=1, clock=lambda: self.now)
        salt = iter(range(2**62))
        self.register = Register(
            self.store,
            Setting(NAMESPACE, tree, papers=frozenset()),
            clock=lambda: self.now,
            ids=lambda: self.ids.popleft(),
            salt=lambda: next(salt).to_bytes(16, "big"),
        )
        self.names = [Name(one) for one in names()]

    def run(self) -> list[Entry]:
        """Record everything; gives the log."""
        self.now = int(self.province.instants(0)[0])
        self.record(self.province.places)
        towns = [Planned(self, town).steps() for town in range(self.province.towns)]
        for self.now, do in merge(*towns, key=itemgetter(0)):
            do()
        head, _ = self.store.head()
        found = [self.register.codec.entry(one) for one in self.store.page(0, head)]
        self.store.engine.dispose()
        return found

    def record(self, entries: list[Entry]) -> None:
        """Record what no command decides: places, and what an import makes of rows."""
        codec = self.register.codec
        stored = [codec.stored(one, lambda: bytes(16)) for one in entries]
        self.sent += 1
        (told,) = self.store.append([Append(UUID(int=self.sent), "", "", b"", b"{}", stored, {})])
        assert isinstance(told, Receipt), told

    def send(self, command: Any, office: str) -> None:
        """Send a command of an office."""
        self.sent += 1
        by = Authority(Officer("synthetic"), OfficeCode(office), ROLES)
        submission = Submission(UUID(int=self.sent), by, command)
        (told,) = self.register.do_all([submission])
        if not isinstance(told, Receipt):
            self.refused.append((type(command).__name__, told))


class Planned:
    """One town's plan, sent to a station."""

    def __init__(self, station: Station, town: int) -> None:
        self.station, self.town = station, town
        self.province = station.province
        self.plan = plan_of(self.province.plan(town)).copy()
        self.bases = self.province.bases(town).spaces
        self.office = str(self.province.local(town)["station"])
        self.county = str(self.province.local(town)["county"])

    def id(self, space: str, local: int) -> Any:
        """The identifier of something in the town."""
        return self.province.spaces.ids(space, [self.bases[space] + int(local)])[0]

    def number(self, row: Any) -> CitizenNumber:
        """The number that a row of the plan says."""
        address, born = DivisionCode(self.county), day_of(int(row[c.BORN]))
        return CitizenNumber.compose(address, born, int(row[c.CODE]))

    def steps(self) -> Iterator[tuple[int, Callable[[], None]]]:
        """Everything that is to be sent and when, the import first."""
        instants = self.province.instants(self.town)
        at = 0
        while at < len(self.plan) and self.plan[at, c.BUSINESS] <= c.B_PERSON:
            at += 1
        now = int(instants[self.plan[0, c.RECORDED] - self.province.first])
        yield now, partial(self.take_over, self.plan[:at])
        while at < len(self.plan):
            end = at + 1
            while end < len(self.plan) and self.goes_with(at, end):
                end += 1
            now = int(instants[self.plan[at, c.RECORDED] - self.province.first])
            yield now, partial(self.send, self.plan[at:end])
            at = end

    def send(self, rows: Any) -> None:
        """Send the command of a business."""
        for command in self.commands(rows):
            self.station.send(command, self.office)

    def goes_with(self, at: int, row: int) -> bool:
        """Whether a row belongs to the business of an earlier one."""
        told = self.plan[row, c.BUSINESS]
        adjusted = self.plan[at, c.BUSINESS] == told == c.B_ADJUST
        return bool(told == c.B_MEMBER or (adjusted and self.plan[row, c.HOUSE] >= 0))

    def take_over(self, rows: Any) -> None:
        """Import door plates, households and persons."""
        baseline = day_of(int(rows[0, c.EFFECTIVE]))
        today = day_of(int(rows[0, c.RECORDED]))
        batch = Keyed(
            "synthetic-1", "synthetic-1", baseline, today, NAMESPACE, self.province.spaces
        )
        plates = {int(row[c.OTHER]): self.plate(row, baseline) for row in rows if row[0] == 0}
        houses, sizes = [], []
        persons: dict[str, list[str]] = {
            name: []
            for name in ("key", "relation", "name", "sex", "birth_date", "number", "nationality")
        }
        for row in rows:
            if row[c.BUSINESS] == c.B_HOUSEHOLD:
                handle = self.bases["household"] + int(row[c.HOUSE])
                number, kind = HouseholdNumber(f"{handle:09}"), HouseholdType("1")
                plate = plates[int(row[c.OTHER])]
                houses.append(House(0, str(handle), number, kind, plate, baseline))
                sizes.append(int(row[c.COUNT]))
            elif row[c.BUSINESS] == c.B_PERSON:
                persons["key"].append(str(self.bases["person"] + int(row[c.PERSON])))
                persons["relation"].append(c.RELATIONS[row[c.RELATION]])
                persons["name"].append(self.station.names[row[c.NAME]])
                persons["sex"].append(str(int(row[c.SEX])))
                persons["birth_date"].append(day_of(int(row[c.BORN])).isoformat())
                persons["number"].append(self.number(row) if row[c.CODE] else "")
                persons["nationality"].append("01")
        right = [bool(number) for number in persons["number"]]
        homes = Homes(houses, sizes, persons, range(len(right)), right)
        self.station.record(enter_plates(batch, plates.values(), ()).entries)
        made = enter_homes(batch, homes)
        assert not made.refused, made.refused
        self.station.record(made.entries)

    def plate(self, row: Any, day: date) -> Plate:
        """A door plate of the older system."""
        place = int(row[c.OTHER])
        return Plate(
            row=0,
            key="",
            id=self.id("doorplate", place),
            street=self.id("street", row[c.COMMUNITY]),
            number=PlateNumber(f"{place % 800 + 1}号"),
            detail=None,
            community=self.id("community", row[c.COMMUNITY]),
            day=day,
            version=0,
        )

    def commands(self, rows: Any) -> Iterator[Any]:
        """The commands of a business."""
        row = rows[0]
        told, on = int(row[c.BUSINESS]), day_of(int(row[c.EFFECTIVE]))
        if told in (c.B_BIRTH, c.B_NEWCOMER):
            yield self.arrival(row, on)
        elif told in (c.B_MOVE, c.B_SPLIT, c.B_MERGE, c.B_IN):
            yield self.settling(rows, on)
        elif told in (c.B_VOID, c.B_RESTORE, c.B_REVERSE):
            yield self.undoing(row)
        elif told in (c.B_DEATH, c.B_OUT, c.B_MOVE_HOUSE, c.B_ADJUST):
            yield self.leaving(rows, on)
        else:
            yield self.change(row, on)

    def heir(self, row: Any) -> Heir | None:
        """Who heads the household that is left."""
        return Heir(head=self.id("person", row[c.FROM_HEAD])) if row[c.HEIR] == 1 else None

    def mover(self, row: Any) -> Mover:
        """Somebody who comes to a household."""
        return Mover(
            person=self.id("person", row[c.PERSON]),
            relation=Relationship(c.RELATIONS[row[c.RELATION]]),
        )

    def arrival(self, row: Any, on: date) -> Any:
        """Births and newcomers."""
        self.station.ids.append(self.id("person", row[c.PERSON]))
        items: dict[str, Any] = {
            "household": self.id("household", row[c.HOUSE]),
            "relation": Relationship(c.RELATIONS[row[c.RELATION]]),
            "name": self.station.names[row[c.NAME]],
            "sex": Sex(int(row[c.SEX])),
            "birth_date": day_of(int(row[c.BORN])),
            "nationality": HAN,
            "declarant": DECLARANT,
        }
        if row[c.BUSINESS] == c.B_NEWCOMER:
            number = self.number(row)
            return migration.RegisterNewcomer(**items, number=number, origin=ELSEWHERE, on=on)
        return vital.RegisterBirth(
            **items, birth_kind=BirthKind("0101"), substitute_proof=Text("查实")
        )

    def settling(self, rows: Any, on: date) -> Any:
        """Moves to another household."""
        row = rows[0]
        told, movers = row[c.BUSINESS], tuple(self.mover(one) for one in rows)
        house = self.id("household", row[c.HOUSE])
        if told == c.B_IN:
            return migration.MoveIn(
                movers=movers,
                household=house,
                certificate_number=self.certificate(row),
                origin=ELSEWHERE,
                declarant=DECLARANT,
                on=on,
            )
        if told == c.B_MERGE:
            return households.MergeHouseholds(movers=movers, into=house, declarant=DECLARANT, on=on)
        if told == c.B_MOVE:
            return relocation.ChangeAddress(
                movers=movers,
                household=house,
                scope=ChangeScope("21"),
                declarant=DECLARANT,
                heir=self.heir(row),
                on=on,
            )
        self.station.ids.append(house)
        handle = self.bases["household"] + int(row[c.HOUSE])
        new = NewHousehold(
            doorplate=self.id("doorplate", row[c.OTHER]),
            household_number=HouseholdNumber(f"{handle:09}"),
        )
        return households.SplitHousehold(
            movers=movers, new_household=new, declarant=DECLARANT, heir=self.heir(row), on=on
        )

    def certificate(self, row: Any) -> PaperNumber | None:
        """The number of a migration certificate."""
        if row[c.OTHER] < 0:
            return None
        return PaperNumber(f"{self.bases['certificate'] + int(row[c.OTHER]):012}")

    def leaving(self, rows: Any, on: date) -> Any:
        """Deaths, departures, and moves of whole households."""
        row = rows[0]
        told, person = row[c.BUSINESS], self.id("person", max(row[c.PERSON], 0))
        if told == c.B_DEATH:
            cause = DeathCause("0240")
            return vital.RegisterDeath(
                person=person,
                died_on=on,
                death_cause=cause,
                declarant=DECLARANT,
                heir=self.heir(row),
            )
        if told == c.B_OUT:
            return migration.MoveOut(
                persons=(person,),
                out_kind=OutKind("2" if row[c.OTHER] >= 0 else "3"),
                destination=ELSEWHERE,
                certificate_number=self.certificate(row),
                declarant=DECLARANT,
                heir=self.heir(row),
                on=on,
            )
        if told == c.B_MOVE_HOUSE:
            return relocation.MoveHousehold(
                household=self.id("household", row[c.HOUSE]),
                doorplate=self.id("doorplate", row[c.OTHER]),
                declarant=DECLARANT,
                on=on,
            )
        there = [one[c.HOUSE] for one in rows[1:] if one[c.BUSINESS] == c.B_ADJUST]
        return places.CutCommunity(
            doorplates=(self.id("doorplate", row[c.OTHER]),),
            households=tuple(self.id("household", one) for one in there),
            community=self.id("community", row[c.COMMUNITY]),
            document="synthetic 2",
            on=on,
        )

    def change(self, row: Any, on: date) -> Any:
        """Changes and corrections of a person's items."""
        told, person = row[c.BUSINESS], self.id("person", row[c.PERSON])
        same: dict[str, Any] = {"person": person, "declarant": DECLARANT}
        if told == c.B_DETAILS:
            return ChangeDetails(**same, height_cm=int(row[c.NAME]), on=on)
        same["approval"], version = APPROVAL, int(row[c.VERSION])
        if told == c.B_NAME:
            name = self.station.names[row[c.NAME]]
            return particulars.ChangeName(**same, category=ChangeCategory("21"), name=name, on=on)
        if told == c.B_CORRECT_NAME:
            return particulars.CorrectName(
                **same,
                category=ChangeCategory("22"),
                name=self.station.names[row[c.NAME]],
                corrects=version,
            )
        if told == c.B_CORRECT_NATIONALITY:
            return particulars.CorrectNationality(
                **same,
                category=ChangeCategory("52"),
                nationality=NATIONALITIES[row[c.NAME] % 3],
                corrects=version,
            )
        assert told == c.B_CORRECT_BIRTH, told
        return particulars.CorrectBirthDate(
            **same,
            category=ChangeCategory("41"),
            birth_date=day_of(int(row[c.BORN])),
            corrects=version,
        )

    def undoing(self, row: Any) -> Any:
        """Voids of a whole business."""
        kind = {
            c.B_VOID: undoing.VoidEntry,
            c.B_RESTORE: undoing.RestoreRegistration,
            c.B_REVERSE: undoing.ReverseRegistration,
        }[int(row[c.BUSINESS])]
        person = self.id("person", row[c.PERSON])
        return kind(person=person, version=int(row[c.VERSION]), grounds=GROUNDS)
