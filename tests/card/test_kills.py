"""`kill -9` at any moment of a run with two readers, on the real stack, with faults besides.

The station is really killed. That proves process death, not power loss.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
from pathlib import Path
from threading import Timer

import pytest

from adapters.card.emulator import trays
from adapters.card.emulator.heads import Kind
from registry.aggregates.card import BodyState
from tests.card.world import HOME, World, key
from tests.scenarios.town import Town

#: Faults that somebody plants, and how often.
FAULTS = (*[Kind.TEAR] * 4, *[Kind.LATE_TEAR] * 3, *[Kind.HALF] * 3, Kind.STATUS, Kind.WORN)
#: Seconds after which a run is killed at most.
LONGEST_S = 4.0


def test_a_line_that_is_killed_again_and_again_serves_everybody_once(town: Town, tmp_path: Path):
    kills = int(os.environ.get("REGISTRY_KILLS", "10"))
    kill_loop(World(town, tmp_path, people=24, blanks=48, strangers=2), kills, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 14))
def test_a_line_that_is_killed_hundreds_of_times_serves_everybody_once(
    town: Town, tmp_path: Path, seed: int
):
    kill_loop(World(town, tmp_path, people=44, blanks=88, strangers=3), kills=20, seed=seed)


def kill_loop(world: World, kills: int, seed: int) -> None:
    """Start, plant faults, kill, look; in the end nobody is killed any more."""
    chance = random.Random(seed)
    killed = runs = 0
    code = None
    with world.machine:
        while code != 0:
            runs += 1
            assert runs < kills * 3, "it comes to no end"
            if killed < kills:
                plant(world, chance)
            code = produce(world, chance.random() * LONGEST_S if killed < kills else None)
            killed += code == -signal.SIGKILL
            world.nothing_twice()
            look_after(world, chance)
    print(f"{killed} killed of {runs} runs; {dict(world.states())}")
    assert killed >= kills // 2, "most runs were killed before they ended"
    world.conserved()
    assert all(world.state(one) == "31" for one in world.applications)
    assert world.states()[BodyState.BOUND] == 0


def produce(world: World, seconds: float | None) -> int:
    """Let a station make cards until it ends or is killed; its exit code."""
    child = subprocess.Popen(
        world.station("--json"),
        cwd=HOME,
        env=world.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == "ready\n", child.stderr.read()
        killer = Timer(seconds or 120, child.send_signal, [signal.SIGKILL])
        killer.start()
        told, wrong = child.communicate()
        killer.cancel()
        assert child.returncode in {0, 1, -signal.SIGKILL}, told + wrong
    return child.returncode


def plant(world: World, chance: random.Random) -> None:
    """Something goes wrong at each reader, sooner or later."""
    controls = world.machine.controls
    for head in range(2):
        if chance.random() < 0.7:
            controls.plant(head, chance.choice(FAULTS), after=chance.randrange(90))
    if chance.random() < 0.1:
        controls.plant(chance.randrange(2), Kind.SWAP, after=chance.randrange(60))
    if chance.random() < 0.1:
        controls.restart_service(kill=chance.random() < 0.5)


def look_after(world: World, chance: random.Random) -> None:
    """What somebody at the line does between two runs.

    Cards that were taken out are put back; one that was begun is put into a reader, or, now and
    then, was trodden on and is given up by two officers.
    """
    controls, folder = world.machine.controls, world.machine.folder
    begun = {key(number): number for number in world.missing()}
    for card in trays.cards(folder, trays.OUTSIDE):
        serial = trays.read(card).serial
        number = begun.get(serial)
        if number is None:
            trays.move(card, folder, trays.HOPPER)
        elif chance.random() < 0.3:
            world.give_up(number)
            trays.move(card, folder, trays.HOPPER)
        else:
            controls.insert(chance.randrange(2), serial)
    for card in trays.cards(folder, trays.OUTSIDE):  # what stood in the way
        trays.move(card, folder, trays.HOPPER)
