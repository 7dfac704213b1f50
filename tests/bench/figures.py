"""How benchmarks measure and report: both sides in turn, one line a figure."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True)
class Times:
    """Seconds of one side, a value for each round."""

    rounds: tuple[float, ...]

    @property
    def best(self) -> float:
        return min(self.rounds)

    @property
    def median(self) -> float:
        return median(self.rounds)


@dataclass(frozen=True)
class Pair:
    """Two sides timed in turn."""

    ours: Times
    peer: Times

    @property
    def ratio(self) -> float:
        """How many times as fast as the peer we are: the median of the rounds' ratios."""
        return median(b / a for a, b in zip(self.ours.rounds, self.peer.rounds, strict=True))


def alternate(ours: Callable[[], object], peer: Callable[[], object], rounds: int = 7) -> Pair:
    """Time two sides in turn, so that both meet the same machine.

    A first run of each is not counted: it compiles, opens and fills caches. Who begins changes
    with every round.
    """
    assert rounds > 0, rounds
    ours()
    peer()
    mine, theirs = [], []
    for number in range(rounds):
        if number % 2:
            theirs.append(_seconds(peer))
            mine.append(_seconds(ours))
        else:
            mine.append(_seconds(ours))
            theirs.append(_seconds(peer))
    return Pair(Times(tuple(mine)), Times(tuple(theirs)))


def report(
    name: str, size: int, value: float, unit: str, peer: str, ratio: float, target: float
) -> bool:
    """Print the line of one figure, and tell whether it reaches its target.

    size: how many things were handled; value: our figure, in `unit`; peer: what was measured
    against, in one word; ratio: how many times as good as the peer, so that more is better;
    target: the ratio aimed at. Short of it is a finding, never a failure.
    """
    words = (name, unit, peer)
    assert all(word and not any(letter.isspace() for letter in word) for word in words), words
    reached = ratio >= target
    print(
        f"bench: {name} size={size} value={value:.6g} unit={unit} peer={peer}"
        f" ratio={ratio:.3g} target={target:.3g} {'ok' if reached else 'short'}",
        flush=True,
    )
    return reached


def _seconds(side: Callable[[], object]) -> float:
    gc.collect()
    start = perf_counter()
    side()
    return perf_counter() - start
