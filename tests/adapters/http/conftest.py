"""A small town behind HTTP: two counties, a household each, and whoever may ask about them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from adapters.assembly import Settings, assemble
from adapters.http.app import create_app
from adapters.http.auth import issue, new_keys
from adapters.http.services import Services
from registry.days import instant_of
from registry.values import CitizenNumber, DivisionCode

MORNING = instant_of(datetime(2007, 6, 1, 9))
STATION = "510603001001"
ELSEWHERE = "510604001001"
ROLES = ("station", "county", "civil-affairs", "administrator")


@dataclass
class Clock:
    """A clock that stands still until it is told to go on."""

    now: int = MORNING

    def __call__(self) -> int:
        return self.now

    def goes_on(self, seconds: float = 60) -> None:
        self.now += int(seconds * 1_000_000)


@dataclass
class Town:
    """The application, a client, and the identifiers of whoever lives there."""

    client: TestClient
    services: Services
    settings: Settings
    clock: Clock
    ids: dict[str, str] = field(default_factory=dict)
    receipt: str = ""

    def token(self, *roles: str, area: list[str] | None = None, office: str = STATION) -> str:
        """A token of an officer."""
        return issue(
            self.settings.keys,
            officer="李警官",
            office=office,
            roles=roles or ROLES,
            area=area,
            now=self.clock.now,
            days=36_500,
        )

    def headers(self, *roles: str, area: list[str] | None = None, **more: str) -> dict[str, str]:
        """Headers of a request; a purpose is stated unless it is said otherwise."""
        told = {"Authorization": f"Bearer {self.token(*roles, area=area)}"}
        return {"Purpose": "registration", **told, **more}

    def do(
        self,
        command: str,
        /,
        *,
        expect: int = 200,
        area: Any = None,
        office: str = STATION,
        **fields: Any,
    ) -> Any:
        """Send a command, and give what it says."""
        headers = {
            "Authorization": f"Bearer {self.token(area=area, office=office)}",
            "Submission-Id": str(uuid4()),
        }
        told = self.client.post(f"/commands/{command}", headers=headers, json=fields)
        assert told.status_code == expect, told.text
        if expect == 200:
            self.receipt = told.json()["receipt"]
            self.services.projector.catch_up()
            return told.json()["answer"]
        return told.json()

    def get(self, path: str, /, *roles: str, area: Any = None, **parameters: Any) -> Response:
        """Ask a question."""
        return self.client.get(
            path, headers=self.headers(*roles or ("station",), area=area), params=parameters
        )

    def post(self, path: str, /, *roles: str, area: Any = None, **body: Any) -> Response:
        """Ask a question whose body holds what must not stand in an address."""
        headers = self.headers(*roles or ("station",), area=area)
        return self.client.post(path, headers=headers, json=body)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    new_keys(path)
    return path


def opened(url: str, folder: Path, keys: Path, clock: Clock) -> Services:
    """Services on a database, its query log apart."""
    settings = Settings(
        database=url,
        query_log=f"sqlite:///{folder / 'queries.db'}" if url.startswith("sqlite") else "",
        durability="off",
        keys=str(keys),
    )
    services = Services.around(assemble(settings, clock=clock, create=True))
    services.projector.prepare()
    return services


@dataclass(frozen=True)
class Mould:
    """A town that was settled, to be copied."""

    folder: Path
    ids: dict[str, str]
    receipt: str
    now: int


@pytest.fixture(scope="session")
def mould(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, keys: Path) -> Mould:
    """The town as it is found."""
    folder, clock = tmp_path_factory.mktemp("settled"), Clock()
    shutil.copy(sqlite_template, folder / "registry.db")
    services = opened(f"sqlite:///{folder / 'registry.db'}", folder, keys, clock)
    with TestClient(create_app(services)) as client:
        town = settled(Town(client, services, services.parts.settings, clock))
    return Mould(folder, town.ids, town.receipt, clock.now)


@pytest.fixture
def empty(sqlite_url: str, tmp_path: Path, keys: Path, clock: Clock) -> Iterator[Town]:
    """The application on an empty register."""
    services = opened(sqlite_url, tmp_path, keys, clock)
    with TestClient(create_app(services)) as client:
        yield Town(client, services, services.parts.settings, clock)


@pytest.fixture
def town(mould: Mould, tmp_path: Path, keys: Path, clock: Clock) -> Iterator[Town]:
    """The town on SQLite."""
    for name in ("registry.db", "queries.db"):
        shutil.copy(mould.folder / name, tmp_path / name)
    clock.now = mould.now
    services = opened(f"sqlite:///{tmp_path / 'registry.db'}", tmp_path, keys, clock)
    with TestClient(create_app(services)) as client:
        settings = services.parts.settings
        yield Town(client, services, settings, clock, dict(mould.ids), mould.receipt)


@pytest.fixture
def any_town(database_url: str, tmp_path: Path, keys: Path, clock: Clock) -> Iterator[Town]:
    """The town on each kind of database."""
    services = opened(database_url, tmp_path, keys, clock)
    with TestClient(create_app(services)) as client:
        yield settled(Town(client, services, services.parts.settings, clock))


def settled(town: Town) -> Town:
    """Divisions, streets, door plates, and two households in two counties of one city."""
    ids = town.ids
    founding = "1990-01-01"

    def division(name: str, level: int, code: str, parent: str | None) -> None:
        fields: dict[str, Any] = {"level": level, "division_code": code, "on": founding}
        fields |= {"division_name": name, "parent": ids.get(parent or "")}
        ids[name] = town.do("EstablishDivision", **fields)["division"]

    division("四川省", 1, "510000", None)
    division("德阳市", 2, "510600", "四川省")
    division("旌阳区", 3, "510603", "德阳市")
    division("罗江区", 3, "510604", "德阳市")
    for name, county, office in (("甲", "旌阳区", STATION), ("乙", "罗江区", ELSEWHERE)):
        community = town.do(
            "EstablishCommunity",
            community_name=f"{name}社区",
            community_kind="31",
            parent=ids[county],
            on=founding,
        )["community"]
        street = town.do(
            "NameStreet", division=ids[county], street_name=f"{name}路", on="2000-01-01"
        )["street"]
        doorplate = town.do(
            "RegisterDoorplate",
            street=street,
            plate_number="1号",
            community=community,
            on="2000-01-01",
        )["doorplate"]
        town.do(
            "AllotSegment",
            address_code=office[:6],
            station=office,
            first=1,
            last=99,
            valid_from="1900-01-01",
        )
        head = town.do(
            "SupplementRecord",
            office=office,
            new_household={"doorplate": doorplate, "household_number": name},
            relation="02",
            name=f"王{name}",
            sex=1,
            birth_date="1970-01-01",
            nationality="01",
            grounds="补录",
            approval="A1",
            declarant=f"王{name}",
            on="2005-01-01",
        )
        ids |= {
            f"{name}社区": community,
            f"{name}路": street,
            f"{name}门牌": doorplate,
            f"王{name}": head["person"],
            f"{name}户": head["household"],
            f"{name}号码": head["number"],
        }
    child = town.do(
        "RegisterBirth",
        household=ids["甲户"],
        relation="30",
        name="王小",
        sex=2,
        birth_date="2007-01-15",
        nationality="01",
        father=ids["王甲"],
        birth_certificate="C1",
        declarant="王甲",
    )
    ids |= {"王小": child["person"], "王小号码": child["number"]}
    return town


def number_of(day: date, sequence: int = 900) -> CitizenNumber:
    """An identity number that nobody has."""
    return CitizenNumber.compose(DivisionCode("510603"), day, sequence)
