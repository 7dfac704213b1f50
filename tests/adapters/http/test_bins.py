"""Bins of old cards over HTTP: counted, on both clocks, by area."""

from __future__ import annotations

from typing import Any

from tests.adapters.http.conftest import STATION, Town

DAY = 86_400


def old_card(person: Any) -> dict[str, Any]:
    """A card of the first generation that somebody's family hands back."""
    return {"person": person, "card_kind": "1", "surrender_reason": "4", "bin_number": "X1"}


def test_what_was_in_a_bin_stays_what_was_known(town: Town):
    town.do("OpenBin", bin_number="X1")
    path = f"/offices/{STATION}/bins"
    town.do("TakeInOldCard", **old_card(town.ids["王甲"]))
    before = town.get(path).json()
    assert (before["taken_in"], before["kept"]) == (1, 1)
    town.clock.goes_on(DAY)
    town.do("TakeInOldCard", **old_card(town.ids["王小"]))
    assert town.get(path).json()["taken_in"] == 2
    assert town.get(path, known_at=before["known"], valid_on="2007-06-01").json() == before
    assert town.get(path, "county", area=["510604"]).status_code == 403
