"""How fast a work order is drawn from a province's replayed state.

Who waits for a card is found among everybody who ever applied; 20,000 of them are put in order and
named. In a small province fewer wait than in a whole one on a day, so all count as waiting who are
on their way to a card, or have just had it. The limit of ten seconds is for 220 million entries; a
smaller province has its share of it. ORDER_ENTRIES names other sizes than 10 million.
"""

from __future__ import annotations

import os
from statistics import median
from time import perf_counter

from adapters.province import province_at, truth_of
from registry.values import CardState
from registry.vocabulary import Kind
from replay.questions.orders import Wanted, waiting
from replay.sealed.reading import SealedLog
from tests.bench.figures import report
from tests.bench.replay_ours import points

CARDS = 20_000
LIMIT_S = 10.0
WHOLE_SIZE = 220_000_000
#: States on the way to a card in somebody's hand.
UNDER_WAY = frozenset(state for state in CardState.all() if state < "94")


def main() -> None:
    """Print the figure of every size."""
    for size in os.environ.get("ORDER_ENTRIES", "10000000").split(","):
        measure(int(size))


def measure(entries: int) -> None:
    """Draw three times, and tell the median."""
    folder = province_at(entries)
    log, truth = SealedLog(folder), truth_of(folder)
    latest, _ = points(log)
    wanted = Wanted(2, states=UNDER_WAY)
    seconds = []
    for _ in range(4):  # the first opens files and compiles
        start = perf_counter()
        found = waiting(log, latest, wanted, CARDS)
        seconds.append(perf_counter() - start)
    ready = len(waiting(log, latest, Wanted(2)))
    rows = truth["kinds"][Kind.APPLICATION.value][1]
    print(f"{rows} entries of applications; {ready} wait, {len(found)} are drawn")
    limit = LIMIT_S * truth["entries"] / WHOLE_SIZE
    value = median(seconds[1:])
    report("order-drawn", len(found), value, "s", "limit", limit / value, 1.0)
