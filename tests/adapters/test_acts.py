"""What officers recorded: counted, told, and drawn for checking anew by anybody alike."""

from __future__ import annotations

import json

from adapters.eventstore import microseconds
from registry.days import day_at
from tests.adapters.terminal import Terminal, settle


def test_an_officer_s_acts_are_counted_and_drawn(terminal: Terminal):
    town = settle(terminal)
    named = {"person": town.father, "height_cm": 170, "declarant": "王一"}
    terminal.do("ChangeDetails", **named)
    other = {"REGISTRY_OFFICER": "Wu", "REGISTRY_OFFICE": "510603001002"}
    body = json.dumps({"person": town.daughter, "height_cm": 90, "declarant": "王一"})
    terminal("do", "ChangeDetails", stdin=body, **other)
    terminal("follow", "--once")
    today = day_at(microseconds())
    days = ("--from", today, "--to", today, "--purpose", "supervision")
    hers = terminal.json("acts", "--by", "Wu", *days)
    assert hers["counts"] == [["Wu", "510603001002", "DetailsChanged", 1]]
    assert [one["stream"] for one in hers["shown"]] == [town.daughter]
    whole = terminal.json("acts", "--at", "510603", *days, "--limit", 1000)
    assert whole["entries"] == len(whole["shown"]) == sum(one[3] for one in whole["counts"])
    drawn = terminal.json("acts", "--at", "510603", *days, "--limit", 3, "--draw", 7)["shown"]
    again = terminal.json("acts", "--at", "510603", *days, "--limit", 3, "--draw", 7)["shown"]
    longer = terminal.json("acts", "--at", "510603", *days, "--limit", 5, "--draw", 7)["shown"]
    assert drawn == again == longer[:3]
    assert drawn != terminal.json("acts", "--at", "510603", *days, "--limit", 3)["shown"]
    assert terminal.json("acts", "--by", "Nobody", *days)["entries"] == 0
    assert "DetailsChanged" in terminal("acts", "--by", "Wu", *days).stdout
    terminal("acts", *days, exits=2)
    terminal("acts", "--at", "510603", *days, "--area", "220000", exits=7)
    terminal("acts", "--at", "510603", *days, "--roles", "station", exits=7)
