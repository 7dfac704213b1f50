"""`kill -9` while publishing: what was signed stays whole, and the tree goes on from there."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from adapters.agreement import compare_tiles
from replay.proof.notes import open_checkpoint
from tests.adapters.published import Log, Press
from tests.crash.killing import told_until_killed
from tests.crash.publisher import ENTRIES, publish_until_killed, stands
from tests.replay import naive_tree as naive


def kill_loop(folder: Path, kills: int, seed: int) -> None:
    """Start, kill, look; again and again."""
    log = Log(ENTRIES)
    leaves = log.leaves()
    press = Press(folder, log)
    chance = random.Random(seed)
    told: dict[int, str] = {}
    for number in range(kills):
        arguments = (folder, seed * 1000 + number)
        for size, root in told_until_killed(
            publish_until_killed, *arguments, chance=chance, most=20
        ):
            assert told.setdefault(size, root) == root
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
