"""A terminal for tests, and a small county entered through it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace

from click.testing import CliRunner

from adapters.cli import main

OFFICER = {
    "REGISTRY_OFFICER": "Li",
    "REGISTRY_OFFICE": "510603001001",
    "REGISTRY_ROLES": "administrator,county,station,civil-affairs",
    "REGISTRY_PURPOSE": "registration",
}


class Terminal:
    """A terminal in a folder of its own."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.env = {
            "REGISTRY_DATABASE": database,
            "REGISTRY_DURABILITY": "off",
            "REGISTRY_KEYS": str(folder / "keys.json"),
            "REGISTRY_REDACTIONS": str(folder / "redactions.ndjson"),
            "REGISTRY_QUERY_LOG": f"sqlite:///{folder / 'queries.db'}",
            **OFFICER,
        }

    def __call__(self, *words, stdin=None, exits=0, **env):
        """Type a line; `exits` is the exit code that it must have."""
        given = {**self.env, **env}
        result = CliRunner().invoke(main, [str(word) for word in words], input=stdin, env=given)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert exits is None or result.exit_code == exits, (words, result.stdout, result.stderr)
        return result

    def json(self, *words, **more):
        """Type a line and read its answer as JSON."""
        return json.loads(self(*words, "--json", **more).stdout)

    def do(self, name, /, **body):
        """Enter a command."""
        return self.json("do", name, stdin=json.dumps(body, default=str, ensure_ascii=False))

    def log(self):
        """The lines of the query log."""
        with sqlite3.connect(self.folder / "queries.db") as log:
            told = "officer, purpose, case_number, question, outcome, rows, subjects, number_digest"
            rows = log.execute(f"select {told} from query_log order by line").fetchall()
        log.close()
        return rows


def settle(terminal):
    """Enter a county with a community, a street with a door plate, and a father and a daughter."""
    since = "1990-01-01"
    above = None
    for level, code, name in (
        (1, "510000", "四川省"),
        (2, "510600", "德阳市"),
        (3, "510603", "旌阳区"),
    ):
        told = {"level": level, "division_code": code, "division_name": name, "on": since}
        above = terminal.do("EstablishDivision", parent=above, **told)["division"]
    community = terminal.do(
        "EstablishCommunity", community_name="甲社区", community_kind="31", parent=above, on=since
    )["community"]
    terminal.do(
        "AllotSegment",
        address_code="510603",
        station="510603001001",
        first=1,
        last=500,
        valid_from="1900-01-01",
    )
    street = terminal.do("NameStreet", division=above, street_name="长江路", on="2000-01-01")
    plate = terminal.do(
        "RegisterDoorplate",
        street=street["street"],
        plate_number="1号",
        community=community,
        on="2000-01-01",
    )["doorplate"]
    father = terminal.do(
        "SupplementRecord",
        new_household={"doorplate": plate, "household_number": "1"},
        relation="02",
        name="王一",
        sex=1,
        birth_date="1970-01-01",
        nationality="01",
        grounds="漏登",
        approval="A1",
        declarant="王一",
        on="2005-01-01",
    )
    daughter = terminal.do(
        "RegisterBirth",
        household=father["household"],
        relation="30",
        name="王二",
        sex=2,
        birth_date="2007-01-15",
        nationality="01",
        father=father["person"],
        birth_certificate="C1",
        declarant="王一",
    )
    terminal("follow", "--once")
    return SimpleNamespace(
        county=above,
        community=community,
        plate=plate,
        father=father["person"],
        household=father["household"],
        number=father["number"],
        daughter=daughter["person"],
        daughter_number=daughter["number"],
    )
