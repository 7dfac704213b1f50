"""A work order is drawn at the command line: as many cards as are asked for, while so many wait."""

from __future__ import annotations

from pathlib import Path

from tests.adapters.terminal import Terminal
from tests.scenarios.cards import PROVINCE, SITE, state
from tests.scenarios.test_cards_custody import checked
from tests.scenarios.test_cards_fitness import dies
from tests.scenarios.town import NAMESPACE, Town


def test_an_order_has_as_many_cards_as_it_is_drawn_for(town: Town, tmp_path: Path):
    zhao, *others = checked(town)
    dies(town)
    terminal = Terminal(tmp_path, f"sqlite:///{town.path}")
    terminal.env |= {
        "REGISTRY_NAMESPACE": str(NAMESPACE),
        "REGISTRY_ROLES": "province",
        "REGISTRY_OFFICE": PROVINCE.office,
    }
    terminal("migrate")
    terminal("follow", "--once")
    two = ("--site", SITE, "--cards", 2)
    dry = terminal.json("order", "W-1", *two, "--dry-run")
    assert (dry["cards"], dry["waiting"], dry["ordered"]) == (2, 4, False)
    told = terminal.json("order", "W-1", *two)
    assert (told["cards"], told["applications"], told["ordered"]) == (2, 2, True)
    assert told["counties"] == {"510603": 2}
    assert [one["application"] for one in told["left_out"]] == [str(zhao)]
    assert sorted(state(town, one) for one in others) == ["22", "24", "24"]
    terminal("follow", "--once")
    shown = terminal("order", "W-2", *two).stdout
    assert "already-deceased" in shown
    assert {state(town, one) for one in others} == {"24"}
    terminal("follow", "--once")
    assert "already-deceased" in terminal("order", "W-3", *two, exits=3).stderr
    terminal("order", "W-4", *two, "--within", "51x", exits=2)
