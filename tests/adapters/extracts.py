"""A county to import into, and extracts of an older system made of dice."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4, uuid5

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from adapters.bulk import Importer
from adapters.database import open_database
from adapters.eventstore import Recorder
from registry.commands.places import AllotSegment, EstablishCommunity, EstablishDivision
from registry.days import instant_of
from registry.register import Authority, Register, Setting, Submission
from registry.values import (
    CitizenNumber,
    CommunityKind,
    DivisionCode,
    DivisionId,
    Level,
    OfficeCode,
    Officer,
)
from registry.values import Text as Line

NAMESPACE = UUID(int=7)
SETTING = Setting(NAMESPACE, uuid5(NAMESPACE, "places"))
COUNTY = DivisionCode("510603")
ROLES = frozenset({"station", "county", "civil-affairs", "administrator"})
OFFICER = Authority(Officer("Li"), OfficeCode("510603001001"), ROLES)
NOW = instant_of(datetime(2007, 6, 1, 9))
TODAY = date(2007, 6, 1)
BASELINE = date(2004, 1, 1)
FOUNDED = date(1990, 1, 1)
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗𠮷䶮"
GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚"


def clock() -> int:
    """The first of June 2007."""
    return NOW


def salt() -> bytes:
    """Sixteen bytes."""
    return os.urandom(16)


def constant() -> bytes:
    """Sixteen bytes, always the same, so that two logs can be compared."""
    return b"sixteen bytes ok"


def load_apart(url: str, extract: Path, **options: Any) -> None:
    """Load an extract in a process of its own."""
    store = Recorder(open_database(url, durability="off"), node=1, clock=clock)
    with Importer(store, SETTING, clock=clock, salt=constant, **options) as importer:
        importer.load(extract, "old", "b1", BASELINE, OFFICER)


@dataclass(frozen=True)
class County:
    """A register with one county, its communities and all of its sequence codes."""

    register: Register
    store: Recorder
    division: UUID
    communities: Sequence[UUID]

    @classmethod
    def found(cls, store: Recorder, communities: int = 3) -> County:
        """Found it by the register's own commands, everywhere with the same identifiers."""
        ids = count(1_000)
        register = Register(store, SETTING, clock=clock, ids=lambda: UUID(int=next(ids)), salt=salt)

        def do(command: Any) -> dict[str, Any]:
            told: dict[str, Any] = json.loads(
                register.do(Submission(uuid4(), OFFICER, command)).answer
            )
            return told

        above: DivisionId | None = None
        for level, code, name in (
            (Level.PROVINCE, "510000", "四川省"),
            (Level.CITY, "510600", "德阳市"),
            (Level.COUNTY, COUNTY, "旌阳区"),
        ):
            made = EstablishDivision(
                level=level,
                division_code=DivisionCode(code),
                division_name=Line(name),
                parent=above,
                on=FOUNDED,
            )
            above = DivisionId(UUID(do(made)["division"]))
        assert above is not None
        places = [
            UUID(
                do(
                    EstablishCommunity(
                        community_name=Line(f"第{number}社区"),
                        community_kind=CommunityKind("31"),
                        parent=above,
                        on=FOUNDED,
                    )
                )["community"]
            )
            for number in range(communities)
        ]
        do(
            AllotSegment(
                address_code=COUNTY,
                station=OFFICER.office,
                first=1,
                last=999,
                valid_from=date(1900, 1, 1),
            )
        )
        return cls(register, store, above, places)

    def importer(self, **options: Any) -> Importer:
        """An importer into its store."""
        return Importer(self.store, SETTING, **{"clock": clock, "salt": salt, **options})


@dataclass
class Source:
    """An extract in the making: rows by table, each a dictionary of texts."""

    streets: list[dict[str, str]] = field(default_factory=list)
    doorplates: list[dict[str, str]] = field(default_factory=list)
    households: list[dict[str, str]] = field(default_factory=list)
    persons: list[dict[str, str]] = field(default_factory=list)

    def write(self, folder: Path, form: str = "csv") -> Path:
        """Write it as files."""
        folder.mkdir(parents=True, exist_ok=True)
        for table, rows in vars(self).items():
            if not rows:
                continue
            names = list(dict.fromkeys(name for row in rows for name in row))
            columns = {name: [row.get(name, "") for row in rows] for name in names}
            if form == "csv":
                pa.csv.write_csv(pa.table(columns), folder / f"{table}.csv")
            else:
                pa.parquet.write_table(pa.table(columns), folder / f"{table}.parquet")
        return folder


def number_of(birth: date, sequence: int) -> str:
    """A right number of the county."""
    return str(CitizenNumber.compose(COUNTY, birth, sequence))


def make_source(county: County, persons: int, seed: int = 1) -> Source:
    """An extract without a fault: households of about three, parents and spouses linked."""
    dice = Random(seed)
    made = Source()
    drawn: dict[tuple[date, int], int] = {}
    while len(made.persons) < persons:
        place = len(made.households)
        if place % 150 == 0:
            key = f"S{place // 150}"
            street = {"key": key, "division_id": str(county.division), "name": f"长江路{key}"}
            made.streets.append(street)
        if place % 3 == 0:
            made.doorplates.append(
                {
                    "key": f"D{place // 3}",
                    "street_key": f"S{place // 150}",
                    "number": f"{place // 3}号",
                    "community_id": str(county.communities[place // 3 % len(county.communities)]),
                    "since": "2000-01-01",
                }
            )
        made.households.append(
            {"key": f"H{place}", "number": str(place), "doorplate_key": f"D{place // 3}"}
        )
        first = len(made.persons)
        for member in range(dice.choice((1, 2, 3, 3, 3, 4, 5))):
            sex = (1, 2)[member] if member < 2 else dice.choice((1, 2))
            oldest = date(1935, 1, 1) if member < 2 else date(1975, 1, 1)
            birth = oldest + timedelta(dice.randrange(10_000))
            sequence = drawn.get((birth, sex), sex)
            drawn[birth, sex] = sequence + 2
            made.persons.append(
                {
                    "key": f"P{len(made.persons)}",
                    "household_key": f"H{place}",
                    "relation": ("02", "10", "20", "30", "41")[member],
                    "name": "".join(map(dice.choice, (SURNAMES, GIVEN, GIVEN))),
                    "sex": str(sex),
                    "birth_date": birth.isoformat(),
                    "number": number_of(birth, sequence),
                    "nationality": "01",
                    "nature": dice.choice("12"),
                    "education": dice.choice(("70", "60", "")),
                    "marital_status": "20" if member < 2 else "10",
                    "birth_place": COUNTY,
                    "native_place": COUNTY,
                    "father_key": f"P{first}" if member > 1 else "",
                    "mother_key": f"P{first + 1}" if member > 1 else "",
                    "spouse_key": f"P{first + 1 - member}" if member == 1 else "",
                }
            )
    return made
