"""Identity cards at the command line: where an application stands, who waits, who is late."""

from __future__ import annotations

from types import SimpleNamespace

from tests.adapters.terminal import settle


def accepted(terminal) -> SimpleNamespace:
    """A county whose data are accepted, and an application of the father."""
    town = settle(terminal)
    terminal("follow", "--once")
    terminal.do("AcceptBaseline", division=town.county, document="文")
    terminal.do("VerifyPersons", persons=[town.father], document="文")
    made = terminal.do("AcceptApplication", person=town.father, apply_reason="12")
    terminal("follow", "--once")
    return SimpleNamespace(**vars(town), **made)


def test_an_application_is_shown_by_identifier_and_by_number(terminal):
    town = accepted(terminal)
    by_id = terminal.json("card", town.application)
    assert by_id == terminal.json("card", town.acceptance_number)
    assert (by_id["state"], by_id["owner"]) == ("00", "station")
    assert "初始" in terminal("card", town.application).stdout
    terminal("card", "5106030012007060100009", exits=4)
    for wrong in ("nonsense", "5106030012007130100009"):
        assert "ID|NUMBER" in terminal("card", wrong, exits=2).stderr


def test_a_person_s_cards_are_listed_and_the_read_is_logged(terminal):
    town = accepted(terminal)
    (one,) = terminal.json("cards", town.father)
    assert one["acceptance_number"] == town.acceptance_number
    assert town.acceptance_number in terminal("cards", town.father).stdout
    assert [line[3] for line in terminal.log()] == ["cards", "cards"]
    assert terminal.json("cards", town.daughter) == []


def test_another_area_sees_no_card(terminal):
    town = accepted(terminal)
    for line in (
        ("card", town.application),
        ("cards", town.father),
        ("overdue", "--division", town.county),
    ):
        terminal(*line, "--area", "220000", exits=7)
        terminal(*line, "--area", "510600")
        terminal(*line, "--roles", "statistics", exits=7)


def test_what_waits_is_counted_and_what_is_late_is_listed(terminal):
    town = accepted(terminal)
    (line,) = terminal.json("backlog", "--division", town.county)
    assert (line["state"], line["applications"], line["late"]) == ("00", 1, 0)
    assert "初始" in terminal("backlog", "--division", town.county).stdout
    assert terminal.json("overdue", "--division", town.county) == []
    due = terminal.json("addresses-due", "--division", town.county)
    assert (due["due"], due["residents"] > 0) == ([], True)


def test_what_became_of_holders_is_not_for_who_has_no_business_with_persons(terminal):
    town = settle(terminal)
    terminal("follow", "--once")
    line = ("take-back", "--division", town.county)
    assert terminal.json(*line) == {"cards": [], "after": None}
    for role in ("city", "province", "production-centre"):
        terminal(*line, "--roles", role, exits=7)
    back = terminal.json("take-back", "--division", town.county)
    assert back == {"cards": [], "after": None}
    terminal("take-back", "--division", town.father, exits=4)


def test_counties_are_ready_or_not(terminal):
    town = settle(terminal)
    (county,) = terminal.json("readiness", "--division", town.county)
    assert (county["baseline_on"], county["alarm"]) == (None, True)
    assert "ALARM" in terminal("readiness", "--division", town.county).stdout
    (then,) = terminal.json("readiness", "--division", town.county, "--valid-on", "2004-12-31")
    assert then["alarm"] is False, "the first generation is made still"
    terminal("follow", "--once")
    terminal.do("AcceptBaseline", division=town.county, document="文")
    terminal("follow", "--once")
    (county,) = terminal.json("readiness", "--division", town.county)
    assert county["baseline_on"] is not None


def test_an_unknown_gate_is_refused_at_the_start(terminal):
    terminal("status", REGISTRY_CARD_GATES="baseline")
    told = terminal("status", REGISTRY_CARD_GATES="baseline,moat", exits=2)
    assert "moat: gates are baseline, exchange, number, officers, verified" in told.stderr
