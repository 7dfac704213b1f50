"""How fast a province is replayed: our kernels against what a user would ask instead.

The same rows, the same answers asserted, engines in turn. Sizes are 10 and 50 million entries, or
those that REPLAY_ENTRIES names, as in REPLAY_ENTRIES=220000000; provinces and the peers' files are
kept in the system's folder for temporary files.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from adapters.province import hand_over, province_at, truth_of
from registry.vocabulary import Kind
from replay.columns.layout import FIXED
from replay.columns.log import Log
from replay.province.kept import groups
from replay.province.making import Province
from replay.questions.diff import changed_persons
from replay.sealed.indexes import instants_of
from replay.sealed.reading import SealedLog
from replay.sealed.writing import LogWriter
from replay.states import households, persons
from replay.states.history import At
from tests.bench import replay_peers as peers
from tests.bench.figures import alternate, report
from tests.bench.replay_ours import REPLAYED, points, replay, verified
from tests.bench.stock import StockRegister

SIZES = (10_000_000, 50_000_000)
#: What is aimed at for a province of so many entries; a smaller one has its share of it.
WHOLE_SIZE = 220_000_000
#: How many times as fast as the best peer we want to be, and for a whole province.
TARGET, LARGE_TARGET = 50, 80
#: Columns that kernels read beside the three of every row.
HOT: Mapping[Kind, tuple[str, ...]] = {
    Kind.PERSON: persons.COLUMNS,
    Kind.HOUSEHOLD: households.COLUMNS,
    Kind.APPLICATION: ("person", "county", "attempt", "replaced_by"),
}
SAMPLE = 4_000_000


def main() -> None:
    """Print the figures of every size."""
    told = os.environ.get("REPLAY_ENTRIES")
    sizes = [int(one) for one in told.split(",")] if told else SIZES
    parts([measure(size) for size in sizes])
    making_and_sealing()


def measure(entries: int) -> tuple[int, float]:
    """The figures of one province; returns how many entries we replay, and our seconds."""
    folder = province_at(entries)
    log = SealedLog(folder)
    rows = sum(truth_of(folder)["kinds"][kind.value][1] for kind in REPLAYED)
    latest, earlier = points(log)
    found = folder.parent / f"{folder.name}-peers"
    peers.write_tables(log, found)
    share = truth_of(folder)["entries"] / WHOLE_SIZE
    target = LARGE_TARGET if share > 0.9 else TARGET
    seconds = against_peers(log, found, rows, latest, earlier, target)
    absolute(log, folder, rows, share, latest, earlier)
    widths(log, rows)
    stock(rows, seconds)
    return rows, seconds


def parts(taken: Sequence[tuple[int, float]]) -> None:
    """How much of our time is fixed and how much goes by the entry, as two sizes tell it."""
    if len(taken) < 2:
        return
    (few, less), (many, more) = min(taken), max(taken)
    each = (more - less) / (many - few)
    fixed = max(less - few * each, 1e-6)
    report("replay-each", many, each * 1e9, "ns", "goal", 1 / WHOLE_SIZE / each, 1)
    report("replay-fixed", few, fixed * 1e3, "ms", "goal", 0.005 / fixed, 1)


def against_peers(
    log: SealedLog, folder: Path, rows: int, latest: At, earlier: At, target: float
) -> float:
    """One line for each peer and question; returns our seconds for the replay."""
    known = [
        peers.duckdb_on(folder, memory=False, order=""),
        peers.duckdb_on(folder, memory=True, order="entity"),
        peers.polars_on(folder),
        peers.chdb_on(folder),
    ]
    for peer in known:
        for at in (latest, earlier):
            assert_same(log, at, peer.ask(at), peer.name)
    best, seconds, mine = known[0], float("inf"), float("inf")
    tables = replay(log, earlier)

    def ours() -> object:
        return replay(log, earlier, tables)

    for peer in known:
        pair = alternate(ours, lambda one=peer: one.ask(earlier), 3)  # type: ignore[misc]
        report("replay", rows, pair.ours.median, "s", peer.name, pair.ratio, target)
        mine = min(mine, pair.ours.median)
        if pair.peer.median < seconds:
            best, seconds = peer, pair.peer.median
    pair = alternate(lambda: verified(log, earlier), lambda: best.ask(earlier), 3)
    report("replay-verified", rows, pair.ours.median, "s", best.name, pair.ratio, 25)
    return mine


def assert_same(log: Log, at: At, answers: peers.Answers, name: str) -> None:
    """Our states are the peer's."""
    ours = replay(log, at)
    for kind in REPLAYED:
        theirs = peers.columns(answers[peers.NAMES[kind]], kind)
        table = ours[kind]
        state = "state" if kind is Kind.APPLICATION else "life"
        none = 255 if kind is Kind.APPLICATION else 0
        there = np.flatnonzero(table[state] != none)
        assert np.array_equal(theirs["entity"], there), f"{name} knows other {kind.value}s"
        for column in peers.WRITTEN[kind]:
            mine = table[column][there].astype(theirs[column].dtype)
            assert np.array_equal(mine, theirs[column]), f"{name} has another {column}"
    wrong = int(answers["illegal"].column(0)[0].as_py())
    jumps = sum(int(count) for count in [ours[Kind.APPLICATION]["faults"].sum()])
    assert wrong == jumps, f"{name} finds {wrong} steps against the rules, we {jumps}"


def absolute(
    log: SealedLog, folder: Path, rows: int, share: float, latest: At, earlier: At
) -> None:
    """Seconds against what is aimed at."""

    def aim(name: str, side: Callable[[], object], goal: float) -> None:
        side()
        seconds = min(timed(side) for _ in range(3))
        report(name, rows, seconds, "s", "goal", goal / seconds, 1)

    tables = replay(log, latest)
    aim("replay-latest", lambda: replay(log, latest, tables), 1.0 * share)
    aim("replay-as-of", lambda: replay(log, earlier, tables), 1.0 * share)
    aim("replay-fresh", lambda: replay(log, latest), 1.0 * share)
    aim("replay-whole", lambda: verified(log, latest), 3.0 * share)
    year = At(latest.valid_on - timedelta(days=365), earlier.known)
    aim("replay-diff", lambda: changed_persons(log, year, latest), 0.5 * share)
    streams = log.spaces.ids("person", random.Random(1).sample(range(log.count(Kind.PERSON)), 300))
    each = median(timed(lambda one=one: log.history(Kind.PERSON, one)) for one in streams)  # type: ignore[misc]
    report("replay-history", rows, each * 1e3, "ms", "goal", 1e-3 / each, 1)
    for what, seconds, memory in (("latest", 5.0, 2.5), ("whole", 5.0, 2.5)):
        taken, peak = process(folder, what)
        # A process that starts needs its second, however small the province is.
        goal = 1.0 + (seconds - 1.0) * share
        report(f"replay-process-{what}", rows, taken, "s", "goal", goal / taken, 1)
        goal = 0.4 + (memory - 0.4) * share
        report(f"replay-memory-{what}", rows, peak, "GiB", "goal", goal / peak, 1)


def timed(side: Callable[[], object]) -> float:
    start = perf_counter()
    side()
    return perf_counter() - start


PROCESS = """
import sys, threading
from pathlib import Path
peak = 0
def anonymous():
    for line in open("/proc/self/status"):
        if line.startswith("RssAnon"):
            return int(line.split()[1])
def watch():
    global peak
    while not done.wait(0.01):
        peak = max(peak, anonymous())
done = threading.Event()
threading.Thread(target=watch, daemon=True).start()
from replay.sealed.reading import SealedLog
from tests.bench.replay_ours import points, replay, verified
log = SealedLog(Path(sys.argv[1]))
kept = (replay if sys.argv[2] == "latest" else verified)(log, points(log)[0])
print(max(peak, anonymous()))
done.set()
"""


def process(folder: Path, what: str) -> tuple[float, float]:
    """Seconds from the start of an interpreter, and GiB of anonymous memory at most."""
    start = perf_counter()
    ran = subprocess.run(
        [sys.executable, "-c", PROCESS, str(folder), what],
        check=True,
        capture_output=True,
        text=True,
    )
    return perf_counter() - start, int(ran.stdout) / 2**20


def widths(log: SealedLog, rows: int) -> None:
    """Bytes an entry of what kernels read, and of the rest."""
    hot = rest = 0
    for part in log.manifest.parts:
        if part.what != "run" or Kind(part.of) not in REPLAYED:
            continue
        read = {f"dense.{name}" for name in HOT[Kind(part.of)]} | {*FIXED, "starts"}
        for place in log.segment(part).columns.places.values():
            if place.name in read:
                hot += place.size
            else:
                rest += place.size
    report("replay-hot", rows, hot / rows, "B/entry", "goal", 20 * rows / hot, 1)
    report("replay-cold", rows, rest / rows, "B/entry", "goal", 100 * rows / rest, 1)


def stock(rows: int, seconds: float) -> None:
    """The event-sourcing library's own replay, of a small sample: entries a second each."""
    register = StockRegister()
    ids = [register.register() for _ in range(400)]
    for one in ids:
        for height in range(4):
            register.change(one, 150 + height)
    start = perf_counter()
    for one in ids:
        register.repository.get(one)
    peer = len(ids) * 5 / (perf_counter() - start)
    mine = rows / seconds
    report("replay-stock", rows, mine / 1e6, "M/s", "eventsourcing", mine / peer, TARGET)


def making_and_sealing() -> None:
    """How fast a province is made in columns, and sealed from them."""
    province = Province.of(SAMPLE, seed=2)
    start = perf_counter()
    made = list(groups(province))
    seconds = perf_counter() - start
    count = province.survey.entries
    report("province-made", count, count / seconds / 1e6, "M/s", "goal", count / seconds / 1e7, 1)
    folder = Path(tempfile.mkdtemp(prefix="registry-sealing-"))
    try:
        with LogWriter(folder) as writer:
            hand_over(province, writer)
            runs = [one for group in made for one in group.items()]
            head = province.before + count
            instants = instants_of([run for _, run in runs], 0, head)
            start = perf_counter()
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda one: writer.add(*one), runs))
            writer.commit(head, instants)
            seconds = perf_counter() - start
    finally:
        shutil.rmtree(folder)
    rate = count / seconds
    report("seal-columns", count, rate / 1e6, "M/s", "goal", rate / 1e7, 1)


if __name__ == "__main__":
    main()
