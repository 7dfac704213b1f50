"""`kill -9` while publishing: what was signed stays whole, and the tree goes on from there."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from adapters.agreement import compare_tiles
from replay.proof.notes import open_checkpoint
from tests.adapters.published import Log, Press
from tests.crash.publisher import ENTRIES, stands
from tests.replay import naive_tree as naive

HOME = Path(__file__).parents[2]


def kill_loop(folder: Path, kills: int, seed: int) -> None:
    """Start, kill, look; again and again."""
    log = Log(ENTRIES)
    leaves = log.leaves()
    press = Press(folder, log)
    chance = random.Random(seed)
    told: dict[int, str] = {}
    for number in range(kills):
        child = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "error",
                "-m",
                "tests.crash.publisher",
                folder,
                f"{seed}{number}",
            ],
            cwd=HOME,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with child:
            assert child.stdout is not None
            assert child.stderr is not None
            assert child.stdout.readline() == "ready\n"
            killer = Timer(chance.random() ** 2 * 0.2, child.send_signal, [signal.SIGKILL])
            killer.start()
            for line in child.stdout:
                match line.split() if line.endswith("\n") else []:
                    case [size, root]:
                        assert told.setdefault(int(size), root) == root
            assert child.wait(30) in (-signal.SIGKILL, 0), child.stderr.read()
            killer.join()
        assert stands(press) >= max(told, default=0)
        if press.folder.checkpoint():
            assert compare_tiles(log, press.folder, press.signer.public).differences == ()
    for reached, said in told.items():
        assert naive.root(leaves[:reached]).hex() == said
    assert press.publish().checkpoint.root == naive.root(leaves)
    assert compare_tiles(log, press.folder, press.signer.public).differences == ()
    assert open_checkpoint(press.folder.checkpoint() or b"", press.signer.public)[0].size == ENTRIES


def test_a_tree_survives_being_killed(tmp_path):
    kill_loop(tmp_path / "tiles", kills=int(os.environ.get("REGISTRY_KILLS", "10")), seed=1)


@pytest.mark.long
def test_a_tree_survives_being_killed_hundreds_of_times(tmp_path):
    for seed in range(20):
        kill_loop(tmp_path / f"tiles-{seed}", kills=10, seed=seed)
