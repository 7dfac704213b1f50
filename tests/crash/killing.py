"""Processes that are killed at a moment counted in what they have told, never in seconds alone.

A slow machine does as much before it is killed as a fast one does.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from signal import SIGKILL
from threading import Timer
from typing import Any

from tests.apart import APART

WITHIN_S = 0.01  # of the message, so that any moment between two may be the last


def told_until_killed(
    work: Callable[..., None], *arguments: object, chance: random.Random, most: int
) -> list[Any]:
    """Let a process work, kill it after some message, and give all that it told.

    work: takes the arguments and a connection to tell by. most: how many messages it may live for;
    few are likelier than many.
    """
    last, delay = 1 + int(chance.random() ** 2 * most), chance.random() * WITHIN_S
    ours, theirs = APART.Pipe(duplex=False)
    child = APART.Process(target=work, args=(*arguments, theirs), daemon=True)
    child.start()
    theirs.close()
    killer = Timer(delay, child.kill)
    told: list[Any] = []
    with suppress(EOFError, OSError):  # the end, be it in the middle of a message
        while True:
            told.append(ours.recv())
            if len(told) == last:
                killer.start()
    killer.cancel()
    child.join()
    ours.close()
    assert child.exitcode in (-SIGKILL, 0)
    return told
