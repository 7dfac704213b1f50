"""The demo's act about cards: applications through all tiers, a line that is killed, three numbers.

The line is the real verb on real readers' software; only readers, machine and cards are emulated.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

from adapters.assembly import Parts, Settings
from adapters.card.emulator import trays
from adapters.card.emulator.control import RunningMachine
from adapters.card.emulator.daemon import missing
from adapters.card.emulator.heads import Kind as Fault
from adapters.card.keys import new_master, open_keys
from adapters.card.session import Life
from adapters.card.signatures import new_signer
from adapters.demo import SimulatedClock, Story
from adapters.demo.applying import Applicants, Office
from adapters.demo.auditor import Terminal
from adapters.demo.paying import Till
from adapters.eventstore import microseconds
from adapters.media import new_node_key
from registry.aggregates import Application, CardBody, WorkOrder
from registry.aggregates.card import BodyState
from registry.commands.cards_blanks import BlankSheet, IssueBlanks, ReceiveBlanks, ReturnBlanks
from registry.commands.work_orders import CloseWorkOrder
from registry.days import day_at
from registry.values import ApplicationId, ChipSerial, PaperNumber
from registry.vocabulary import Kind

APPLICATIONS: Final = 2_500
CARDS: Final = 60
SPARE: Final = 12
ORDER, LINE, BIN = PaperNumber("synthetic-W1"), PaperNumber("L1"), PaperNumber("R1")
#: Cards on the stack when the station is killed, and when the readers' service is.
KILLED_AT, SERVICE_AT = 10, 25
#: What goes wrong in each reader, and after how many commands; a card takes some 40.
FAULTS: Final = (
    (0, Fault.TEAR, 70),
    (0, Fault.STATUS, 330),
    (0, Fault.SWAP, 800),
    (1, Fault.LATE_TEAR, 150),
    (1, Fault.WORN, 420),
    (1, Fault.HALF, 700),
)
STRANGER: Final = bytes.fromhex("F0F1F2F3F4F5F6F7")
PATIENCE_S: Final = 120


def make_cards(
    settings: Settings,
    folder: Path,
    story: Story,
    parts: Parts,
    clock: SimulatedClock,
    caught_up: Callable[[], None],
) -> None:
    """Let people apply, make some of their cards, hand them out, append an address.

    caught_up: waits until the read models have come to the end of the log.
    """
    today = day_at(microseconds())
    begin = today - timedelta(20)
    if lacks := missing():
        print(f"No cards are made, because {'; '.join(lacks)}.")
        return
    if begin <= story.until or len(story.applicants) < CARDS:
        print("No cards are made: the town is too young, too small, or lives in the future.")
        return
    start = monotonic()
    new_master(Path(settings.card_keys))
    new_signer(Path(settings.card_signing_key))
    new_node_key(Path(settings.media_key))
    office = Office(parts.register, clock)
    people = Applicants(office, parts.engine, Path(settings.media_key), story)
    applications = people.apply(APPLICATIONS, begin)
    till = Till(people, begin)
    till.open(applications)
    applications = people.brought_up(applications, begin)
    print(
        f"Cards: {len(applications):,} people apply; station, county, city and province have them"
        f" in hand: {people.steps:,} steps, {monotonic() - start:.0f} s"
    )
    till.tell()
    clock.now = microseconds()
    caught_up()
    terminal = Terminal(settings, folder)
    days = ("--from", str(begin), "--until", str(begin + timedelta(1)))
    with terminal.meanwhile("seal", shown=3):
        terminal.run("cash-book", "--unit", office.station.office, *days)
    terminal.act_as("synthetic-province", "510000000000", "province")
    site = ("--site", str(office.centre.office), "--within", "510683")
    terminal.run("order", ORDER, *site, "--cards", str(CARDS))
    clock.now = microseconds()
    order = WorkOrder.fold(parts.register.history(office.named(Kind.WORK_ORDER, ORDER)))
    assert order is not None, "it was drawn"
    serials = supply(office, CARDS + SPARE)
    terminal.act_as("synthetic-operator", str(office.centre.office), "production-centre")
    with RunningMachine(folder / "machine", readers=2) as machine:
        keys = open_keys(Path(settings.card_keys))
        pile = [bytes.fromhex(serial) for serial in serials]
        machine.load([*pile[:12], STRANGER, *pile[12:]], keys)
        produce(terminal, machine)
        clock.now = microseconds()
        count(office, machine, order, serials)
        close(office, machine, serials)
        caught_up()
        terminal.run("material", "--work-order", ORDER, "--replay", shown=30)
        hand_out(office, people, order.applications)
        append(office, people, terminal, machine, order.applications)
    print(f"  cards took {monotonic() - start:.0f} s in all")


def supply(office: Office, blanks: int) -> list[ChipSerial]:
    """Sheets of blanks come into stock and go out to the line."""
    serials = [ChipSerial(f"{0xD0000000 + number:016X}") for number in range(1, blanks + 1)]
    sheets = tuple(
        BlankSheet(sheet=PaperNumber(f"S{at // 8 + 1}"), serials=tuple(serials[at : at + 8]))
        for at in range(0, blanks, 8)
    )
    site = office.centre.office
    office.do(ReceiveBlanks(sheets=sheets, lot=PaperNumber("lot-1"), site=site), office.centre)
    issue = IssueBlanks(serials=tuple(serials), line=LINE, work_order=ORDER)
    office.do(issue, office.centre)
    return serials


def produce(terminal: Terminal, machine: RunningMachine) -> None:
    """Make the cards, while everything goes wrong that can."""
    for head, fault, after in FAULTS:
        machine.controls.plant(head, fault, after=after)
    faults = ", ".join(str(fault) for _, fault, _ in FAULTS)
    print(f"  faults are planted: {faults}; a stranger's card, a dead service, kill -9")
    words = ["produce", ORDER, "--line", LINE, "--reject-bin", BIN]
    words += ["--machine", str(machine.folder)]
    print(f"  $ registry {' '.join(words[:6])} …", flush=True)
    run(terminal, machine, words, killed_at=KILLED_AT)
    print(f"    killed (-9) with {stacked(machine)} cards on the stack; begun again", flush=True)
    for _ in range(6):
        told = run(terminal, machine, words, service_at=SERVICE_AT)
        readers = ", ".join(f"{one['made']} by {one['name']}" for one in told["readers"])
        print(f"    {told['end']}: {told['made']} of {told['total']} made ({readers})", flush=True)
        if not told["missing"]:
            break
        lost = trays.cards(machine.folder, trays.OUTSIDE)
        for card in lost:
            machine.controls.insert(0, trays.read(card).serial)
        for card in trays.cards(machine.folder, trays.OUTSIDE):
            trays.move(card, machine.folder, trays.HOPPER)
        print(f"    {len(lost)} card is found under the table, and put back into a reader")
    assert told["end"] == "complete", told


def run(
    terminal: Terminal,
    machine: RunningMachine,
    words: Sequence[str],
    killed_at: int | None = None,
    service_at: int | None = None,
) -> dict[str, Any]:
    """Run the verb; kill it, or the service of the readers, at so many cards."""
    station = subprocess.Popen(
        [Path(sys.executable).with_name("registry"), *words, "--json"],
        cwd=terminal.folder,
        env=terminal.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = monotonic() + PATIENCE_S
    while station.poll() is None and monotonic() < deadline:
        if killed_at is not None and stacked(machine) >= killed_at:
            station.send_signal(signal.SIGKILL)
        if service_at is not None and stacked(machine) >= service_at:
            machine.controls.restart_service(kill=True)
            service_at = None
        sleep(0.05)
    told, wrong = station.communicate()
    if station.returncode == -signal.SIGKILL:
        return {}
    if station.returncode not in {0, 1}:
        raise SystemExit(wrong)
    found: dict[str, Any] = json.loads(told)
    return found


def stacked(machine: RunningMachine) -> int:
    """How many cards lie on the stack."""
    return len(trays.cards(machine.folder, trays.STACKER))


def count(
    office: Office, machine: RunningMachine, order: WorkOrder, serials: Sequence[ChipSerial]
) -> None:
    """The three numbers that an auditor wants: register and machine, counted apart."""
    stack = trays.look(machine.folder, trays.STACKER)
    served = {
        office.see(Application, one).person for one in order.applications if made(office, one)
    }
    good = [one for one in stack if one.life is Life.DONE]
    print(f"  ? Are as many cards good as people are served?\n    {len(good)} = {len(served)}")
    states = [office.body(serial).state for serial in serials]
    told = {
        "good": states.count(BodyState.PERSONALISED),
        "spoiled": states.count(BodyState.SPOILED),
        "left": states.count(BodyState.ON_LINE),
    }
    lying = {
        "good": len(stack),
        "spoiled": sum(one.serial != STRANGER for one in trays.look(machine.folder, trays.REJECTS)),
        "left": sum(one.serial != STRANGER for one in trays.look(machine.folder, trays.HOPPER)),
    }
    sums = ", ".join(f"{name} {number}" for name, number in told.items())
    print(f"  ? Is every blank accounted for?\n    {len(serials)} supplied = {sums}")
    twice = len(stack) - len({one.state.token for one in stack})
    print(f"  ? Was anything made twice?\n    {twice} of {len(stack)}")
    assert len(good) == len(served) == order.ordered, "a card for everybody"
    assert told == lying, f"the books say {told}, the machine {lying}"
    assert twice == 0


def made(office: Office, application: ApplicationId) -> bool:
    """Whether a card is made."""
    return office.see(Application, application).produced_on is not None


def close(office: Office, machine: RunningMachine, serials: Sequence[ChipSerial]) -> None:
    """Blanks that were not used go back, and the order is closed."""
    left = [one for one in serials if office.body(one).state is BodyState.ON_LINE]
    if left:
        office.do(ReturnBlanks(serials=tuple(left)), office.centre)
    told = office.do(CloseWorkOrder(work_order=ORDER), office.centre)
    sums = ", ".join(f"{name} {number}" for name, number in told.items())
    print(f"  the work order is closed: {sums}, {len(left)} blanks back in stock")


def hand_out(office: Office, people: Applicants, applications: Sequence[ApplicationId]) -> None:
    """The cards go down from tier to tier and are handed out."""
    people.bring_down(applications)
    done = people.hand_out(applications)
    print(
        f"  {done['handed out']} cards are handed out, each read at the counter; by the same act"
        f" {done['old']} old cards go into a bin and {done['temporary']} temporary ones come back"
    )


def append(
    office: Office,
    people: Applicants,
    terminal: Terminal,
    machine: RunningMachine,
    applications: Sequence[ApplicationId],
) -> None:
    """Somebody moves, and the new address is appended to the card."""
    one = people.move(applications)
    body = office.see(CardBody, office.see(Application, one).body)
    machine.controls.insert(0, bytes.fromhex(body.chip_serial))
    terminal.act_as("synthetic-county", "510683000000", "county")
    words = ["append-address", str(one), "--device", "W-1", "--reader", machine.readers[0]]
    terminal.run(*words, "--machine", str(machine.folder))


__all__ = ["make_cards"]
