"""A publisher that is going to be killed: follows a growing log and tells every checkpoint."""

from __future__ import annotations

import random
from multiprocessing.connection import Connection
from pathlib import Path

from tests.adapters.published import Log, Press

ENTRIES = 12_000
FARTHEST = 300


def publish_until_killed(folder: Path, seed: int, told: Connection) -> None:
    """Publish step by step until killed or done."""
    press = Press(folder, Log(ENTRIES))
    chance = random.Random(seed)
    size = 0
    while size < ENTRIES:
        # A step may end anywhere in a tile, and now and then at its very end.
        signed = size_of(press.signer.last())  # a kill may come before it is published as well
        size = min(ENTRIES, max(size, signed) + chance.randrange(1, FARTHEST))
        if chance.random() < 0.2:
            size -= size % 256
        made = press.publish(max(size, signed)).checkpoint
        told.send((made.size, made.root.hex()))


def stands(press: Press) -> int:
    """The size that is published."""
    return size_of(press.folder.checkpoint())


def size_of(note: bytes | None) -> int:
    """The size that a checkpoint tells."""
    return 0 if note is None else int(note.split(b"\n")[1])
