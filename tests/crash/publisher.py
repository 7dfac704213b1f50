"""A publisher that is going to be killed: follows a growing log and tells every checkpoint.

python -m tests.crash.publisher FOLDER SEED
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from tests.adapters.published import Log, Press

ENTRIES = 12_000
FARTHEST = 300


def main(folder: Path, seed: int) -> None:
    """Publish step by step until killed or done."""
    press = Press(folder, Log(ENTRIES))
    chance = random.Random(seed)
    print("ready", flush=True)
    size = 0
    while size < ENTRIES:
        # A step may end anywhere in a tile, and now and then at its very end.
        size = min(ENTRIES, max(size, stands(press)) + chance.randrange(1, FARTHEST))
        if chance.random() < 0.2:
            size -= size % 256
        told = press.publish(max(size, stands(press))).checkpoint
        print(told.size, told.root.hex(), flush=True)


def stands(press: Press) -> int:
    """The size that is published."""
    note = press.folder.checkpoint()
    return 0 if note is None else int(note.split(b"\n")[1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
