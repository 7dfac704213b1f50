"""The verb that makes cards, as somebody types it at the machine."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

from registry.aggregates.card import BodyState
from tests.card.rig import ORDER
from tests.card.world import HOME, World
from tests.scenarios.town import Town


def started(world: World, *more: str) -> subprocess.Popen[str]:
    """A station that has been started."""
    return subprocess.Popen(
        world.station("--json", *more),
        cwd=HOME,
        env=world.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(station: subprocess.Popen[str]) -> tuple[int, Any]:
    """Its exit code, and what it said last."""
    told, wrong = station.communicate()
    said = told.removeprefix("ready\n") or wrong.splitlines()[-1]
    return station.returncode, json.loads(said)


def test_one_station_has_an_order_and_ctrl_c_lets_it_finish_the_cards_in_hand(
    town: Town, tmp_path: Path
):
    world = World(town, tmp_path, people=30, blanks=32)
    with world.machine:
        with started(world) as station:
            assert station.stdout is not None
            assert station.stdout.readline() == "ready\n"
            with started(world, "--line", "L2") as other:
                code, told = ended(other)
                assert (code, told["code"]) == (6, "unavailable"), "another one has it"
            station.send_signal(signal.SIGINT)
            code, told = ended(station)
        assert code == 0, told
        assert (told["end"], told["made"] < 30) == ("asked", True)
        assert world.states()[BodyState.BOUND] == 0, "what was begun is finished"
        with started(world) as station:
            code, told = ended(station)
        assert (code, told["end"], told["made"]) == (0, "complete", 30)
    world.conserved()


def test_a_station_says_what_it_lacks(town: Town, tmp_path: Path):
    world = World(town, tmp_path, people=1, blanks=1)
    words = world.station("--json")
    words[words.index(ORDER)] = "W-unknown"
    with world.machine:
        for wrong, code in (
            (words, 4),
            (world.station("--json", "--roles", "station"), 7),
            (world.station("--json", "--reader", "Nobody"), 6),
            (world.station("--json", "--line", "L 1"), 2),
        ):
            done = subprocess.run(
                wrong, cwd=HOME, env=world.environment, capture_output=True, check=False
            )
            assert done.returncode == code, done.stderr
    assert world.states()[BodyState.ON_LINE] == 1
