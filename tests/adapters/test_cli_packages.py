"""Packages at the command line: what is under way, what is wrong with it, what has not come."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.adapters.terminal import settle

STATION = "510603001001"


@pytest.fixture
def sent(terminal) -> SimpleNamespace:
    """The data of an application on their way, in the second package of the day."""
    town = settle(terminal)
    terminal("follow", "--once")
    terminal.do("AcceptBaseline", division=town.county, document="文")
    terminal.do("VerifyPersons", persons=[town.father], document="文")
    made = terminal.do("AcceptApplication", person=town.father, apply_reason="12")
    one = made["application"]
    photo = {"photo": "a" * 64, "photo_size": 17_000, "chip_photo": "b" * 64}
    terminal.do("CompleteCapture", application=one, **photo)
    day = made["acceptance_number"][9:17]
    number = f"{STATION}{day}00002"
    terminal.do("SendData", tier="station", applications=[one], package_number=number)
    terminal("follow", "--once")
    return SimpleNamespace(**made, number=number)


def test_packages_of_an_office_are_listed_with_the_numbers_that_were_skipped(terminal, sent):
    told = terminal.json("packages", "--unit", STATION)
    (one,) = told["packages"]
    assert (one["package_number"], one["state"], one["missing"]) == (sent.number, "sent", 1)
    (gap,) = told["gaps"]
    assert gap["numbers"] == [sent.number[:-1] + "1"]
    shown = terminal("packages", "--unit", "510603000000").stdout
    assert sent.number[-9:] in shown.replace("\n", "")
    assert "how many" in shown
    assert terminal.json("packages", "--unit", STATION, "--wrong")["packages"] == []
    assert "--unit" in terminal("packages", "--unit", "12", exits=2).stderr


def test_a_package_names_what_has_not_come_and_the_read_is_logged(terminal, sent):
    told = terminal.json("package", sent.number)
    assert [one["acceptance_number"] for one in told["members_missing"]] == [sent.acceptance_number]
    assert sent.acceptance_number in terminal("package", sent.number).stdout
    assert [line[3] for line in terminal.log()] == ["package", "package"]
    terminal("package", f"{STATION}2007060100009", exits=4)
    assert "25 digits" in terminal("package", "nonsense", exits=2).stderr


def test_packages_of_another_area_are_not_shown(terminal, sent):
    terminal("package", sent.number, "--area", "220000", exits=7)
    terminal("package", sent.number, "--area", "510600")
