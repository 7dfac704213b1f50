"""Bins of old cards at the command line: how full, and where."""

from __future__ import annotations

from tests.adapters.terminal import settle


def test_bins_of_an_office_and_its_parts_are_listed(terminal):
    town = settle(terminal)
    terminal.do("OpenBin", bin_number="X1")
    old = {"card_kind": "1", "surrender_reason": "4", "bin_number": "X1"}
    terminal.do("TakeInOldCard", person=town.father, **old)
    terminal("follow", "--once")
    for unit in ("510603001001", "510603000000"):
        told = terminal.json("bins", "--unit", unit)
        (one,) = told["bins"]
        assert (one["bin_number"], one["cards"], one["destroyed_on"]) == ("X1", 1, None)
        assert (told["taken_in"], told["kept"]) == (1, 1)
    assert terminal.json("bins", "--unit", "510604000000")["bins"] == []
    assert "X1" in terminal("bins", "--unit", "510603000000").stdout
    assert "--unit" in terminal("bins", "--unit", "12", exits=2).stderr
