"""Cards through the real stack: pyscard, pcscd, the driver, the emulated machine, the register.

A card is timed from when it is in the reader to when it stands in the register as made, durably;
feeding is told apart. Two readers are at work at the same time: each waits for the other before it
begins, because feeding takes longer than making and they would hardly ever meet. The peer is the
rate aimed at.

The steps of cards alone, without cards: what the register takes of a line, durably.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from time import perf_counter, process_time
from typing import Any
from uuid import uuid4

from adapters import schema
from adapters.assembly import Settings, assemble, name_node
from adapters.card.journal import Journal
from adapters.card.line import Connection, Line, Slot
from adapters.database import open_database
from adapters.producing import Task, station
from adapters.queue import CommandQueue
from tests.bench.figures import report
from tests.card.rig import ORDER, Rig
from tests.card.world import World, key
from tests.scenarios.cards import BIN, CENTRE, LINE
from tests.scenarios.town import NAMESPACE, Town, build

#: Sums by what they are of.
Told = defaultdict[str, float]

CARDS = 40
AIM = 30.0
#: Cards whose steps alone are timed, in so many threads.
STEPS = 300
STEP_AIM = 300.0
READERS = 16
#: Readers meet in this time or do not wait for each other.
MEET_S = 5.0

#: What a contact-less card would take, in seconds: a byte on the air at 106 kbit/s, framed; a byte
#: into the card's memory; a command over USB and its driver; a command in the card's chip.
#: Estimates, from published figures of such cards; no such hardware was measured.
AIR_S, MEMORY_S, USB_S, CHIP_S = 107e-6, 74e-6, 2.9e-3, 1.7e-3


FED = "feeding, and until the service sees it: not counted in the rate"
STATION = "of processor: station and register"
MACHINE = "of processor: pcscd, driver, emulated machine and chip"


class Together:
    """A slot whose reader begins a card when the other one does."""

    def __init__(self, slot: Slot, meet: Barrier, wrap: Callable[[Any], Any]) -> None:
        self.slot, self.meet, self.wrap = slot, meet, wrap
        self.name = slot.name
        self.fed_s = 0.0

    def connect(self, wait_s: float) -> Connection | None:
        """The card, when both readers have one."""
        start = perf_counter()
        card = self.slot.connect(wait_s)
        if card is None:
            return None
        self.fed_s += perf_counter() - start
        with suppress(BrokenBarrierError):  # the other one is done
            self.meet.wait(MEET_S)
        return self.wrap(card)  # type: ignore[no-any-return]

    def feed(self) -> bool:
        """Bring the next card."""
        start = perf_counter()
        came = self.slot.feed()
        self.fed_s += perf_counter() - start
        return came

    def eject(self, good: bool) -> None:
        """Take the card away."""
        start = perf_counter()
        self.slot.eject(good)
        self.fed_s += perf_counter() - start


class Metered:
    """A connection that counts what goes over it, and the time until it is answered."""

    def __init__(self, card: Connection, told: Told) -> None:
        self.card, self.told = card, told

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """Send a command."""
        start = perf_counter()
        answer, status = self.card.transmit(apdu)
        self.told["stack and card"] += perf_counter() - start
        self.told["commands"] += 1
        self.told["bytes"] += len(apdu) + len(answer) + 2
        return answer, status

    def close(self) -> None:
        """Let the card go."""
        self.card.close()


def main() -> None:
    """Make cards in two readers at once, then in one of them to see where the time goes."""
    with tempfile.TemporaryDirectory(prefix="registry-cards-") as name:
        folder = Path(name) / "line"  # twice the same: PC/SC finds its service once in a process
        for readers in (2, 1):
            told: Told = defaultdict(float)
            rate = made(folder, readers, told, metered=readers == 1)
            if readers == 2:
                report("cards-two-readers", CARDS, rate, "cards/s", "aim", rate / AIM, 1.0)
                print(f"       others at work here meanwhile: load {os.getloadavg()[0]:.1f}")
            else:
                print(f"       one reader alone: {rate:.1f} cards/s")
            each = {what: told.pop(what) * 1000 / CARDS for what in (FED, STATION, MACHINE)}
            print("".join(f"       {ms:6.1f} ms  {what}\n" for what, ms in each.items()), end="")
            of_two = 2000 / (each[STATION] + each[MACHINE])
            print(f"       two processors with nothing else to do: {of_two:.0f} cards/s at most")
        show(told, rate)
    report(
        "card-steps", 2 * STEPS, (steps := card_steps()), "steps/s", "aim", steps / STEP_AIM, 1.0
    )


def made(folder: Path, readers: int, told: Told, metered: bool) -> float:
    """Make an order's cards and tell how long things took; cards a second, reader to register."""
    folder.mkdir()
    town = founded(folder / "town.db")
    world = World(town, folder, people=CARDS, blanks=CARDS)
    with world.machine as machine:
        parts = assemble(replace(world.settings, durability="full"))
        task = Task(
            work_order=ORDER,
            line=LINE,
            reject_bin=BIN,
            by=CENTRE,
            readers=machine.readers[:readers],
            machine=machine.folder,
        )
        meet = Barrier(readers)
        with station(parts, task, print) as line:
            wrap = (lambda card: Metered(card, told)) if metered else (lambda card: card)
            slots = [Together(slot, meet, wrap) for slot in line.slots]
            line.slots = slots
            if metered:
                meter(line, told)
            before = process_time(), processor_s(machine.process_ids)
            run = line.run()
            told[STATION] = process_time() - before[0]
            told[MACHINE] = processor_s(machine.process_ids) - before[1]
        parts.engine.dispose()
    town.close()
    shutil.rmtree(folder)
    assert (run.made, run.left) == (CARDS, 0), run
    told[FED] = sum(slot.fed_s for slot in slots)
    return sum(tally.rate for tally in line.tallies)


def card_steps() -> float:
    """Steps a second: bodies are set aside and recorded as made by as many threads as readers."""
    with tempfile.TemporaryDirectory(prefix="registry-cards-") as folder:
        town = founded(Path(folder) / "town.db")
        rig = Rig(town, people=STEPS, blanks=STEPS)
        parts = assemble(settings_of(town))
        with CommandQueue(parts.register) as queue, ThreadPoolExecutor(READERS) as pool:
            journal = Journal(queue, CENTRE, ORDER, LINE, BIN, uuid4)
            journal.begin()
            start = perf_counter()
            list(pool.map(lambda number: step(journal, key(number)), rig.numbers))
            seconds = perf_counter() - start
        assert (journal.made, journal.left) == (STEPS, 0)
        parts.engine.dispose()
        town.close()
    return 2 * STEPS / seconds


def step(journal: Journal, serial: bytes) -> None:
    """Two steps of a card: set aside, made."""
    job = journal.draw()
    assert job is not None
    journal.bind(job, serial, hashlib.sha256(serial).digest(), 1, bytes(8))
    known = journal.known(serial)
    assert known is not None
    assert known.bound is not None
    journal.personalise(serial, known.bound, recovered=False)


def founded(path: Path) -> Town:
    """A town of the scenarios in a database of its own."""
    engine = open_database(f"sqlite:///{path}", durability="off")
    schema.migrate(engine)
    engine.dispose()
    town = Town(path)
    build(town)
    return town


def settings_of(town: Town) -> Settings:
    """How a station opens the town: what it is told is durable."""
    settings = Settings(database=f"sqlite:///{town.path}", namespace=str(NAMESPACE))
    engine = open_database(settings.database, durability="off")
    name_node(engine, settings)
    engine.dispose()
    return settings


def processor_s(processes: Iterable[int]) -> float:
    """Seconds of processor time that processes have used so far."""
    fields = (Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split() for one in processes)
    return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")


def meter(line: Line, told: Told) -> None:
    """Time the steps of a line that are not on the wire."""
    images = line._makers[0].images
    for what, owner, name in (
        ("set aside, durable", line.journal, "bind"),
        ("recorded as made, durable", line.journal, "personalise"),
        ("image, photograph, signature", images, "image"),
    ):
        setattr(owner, name, timed(getattr(owner, name), what, told))


def timed(step: Callable[..., Any], what: str, told: Told) -> Callable[..., Any]:
    """A step that tells how long it took."""

    def run(*args: Any, **more: Any) -> Any:
        start = perf_counter()
        try:
            return step(*args, **more)
        finally:
            told[what] += perf_counter() - start

    return run


def show(told: Told, rate: float) -> None:
    """Where the time of a card goes, and what a contact-less card would take."""
    commands, size = told.pop("commands") / CARDS, told.pop("bytes") / CARDS
    left = 1000 / rate
    for what, seconds in sorted(told.items(), key=lambda one: -one[1]):
        each = seconds * 1000 / CARDS
        left -= each
        print(f"       {each:6.1f} ms  {what}")
    print(f"       {left:6.1f} ms  secure channel on our side, and the rest")
    print(f"       {commands:.0f} commands and {size:.0f} bytes a card")
    written = size * 0.4  # of what goes over the air, so much ends in memory
    slow = size * AIR_S + written * MEMORY_S + commands * (USB_S + CHIP_S)
    print(
        f"       estimate for a contact-less card at 106 kbit/s: {slow:.2f} s, so"
        f" {3600 / (slow + 1.25):.0f} cards an hour and reader with 1.25 s of feeding"
    )
