"""A station that makes cards, wired up: register, keys, images, readers, and the lease on an order.

Restarted under the name of its line, a station has the order again at once; another one has to wait
until the lease runs out. What keeps two apart for certain is the run that each records: only the
last that was begun can set blanks aside.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from adapters import positions
from adapters.card.derive import Derivation
from adapters.card.journal import Journal
from adapters.card.keys import open_keys
from adapters.card.line import Line
from adapters.card.signatures import open_signers
from adapters.card.slots import Feeder, ReaderSlot
from adapters.database import writing
from adapters.eventstore import microseconds
from adapters.ids import ids
from adapters.leases import Lease
from adapters.media import Media, open_node_keys
from adapters.querylog import QueryLog, Question, secret_of
from adapters.queue import CommandQueue
from registry.errors import Unavailable
from registry.register import Authority
from registry.values import PaperNumber

if TYPE_CHECKING:
    from adapters.assembly import Parts
    from adapters.card.reader import Reader

PURPOSE = "identity-card"


@dataclass(frozen=True)
class Task:
    """What a station is to do: a work order, on a line, with a reject bin, by somebody.

    readers: by name, all that there are unless given. machine: folder of an emulated machine that
    feeds them; by hand otherwise. spoils: in a row, after which a reader stops.
    """

    work_order: PaperNumber
    line: PaperNumber
    reject_bin: PaperNumber
    by: Authority
    readers: Sequence[str] = ()
    machine: Path | None = None
    spoils: int | None = None


class HandFeeder:
    """Somebody who puts cards into a reader and takes them out, and is told when."""

    def __init__(self, reader: Reader, tell: Callable[[str], None], stopping: Event) -> None:
        self._reader, self._tell, self._stopping = reader, tell, stopping

    def feed(self) -> bool:
        """Ask for the next card, and wait until there is one; False once the line is stopped."""
        self._tell(f"{self._reader.name}: put in the next card, or press Ctrl-C to end")
        while not self._stopping.is_set():
            if self._reader.wait_for_card(1.0, fresh=True):
                return True
        return False

    def eject(self, good: bool) -> None:
        """Ask for the card to be taken away, and wait until it is."""
        where = "onto the stack" if good else "INTO THE REJECT BIN"
        self._tell(f"{self._reader.name}: take the card out, {where}")
        while not self._reader.wait_for_removal(1.0):
            if self._stopping.is_set():
                return


@contextmanager
def station(parts: Parts, task: Task, tell: Callable[[str], None]) -> Iterator[Line]:
    """A line that is ready to run; at the end it lets go of everything.

    tell: says something to whoever stands at the line.
    Raises Unavailable where readers, keys or the order are not to be had.
    """
    settings = parts.settings
    keys = open_keys(Path(settings.card_keys))
    signers = open_signers(Path(settings.card_signing_key))
    media = Media(parts.engine, open_node_keys(Path(settings.media_key)))
    with writing(parts.engine) as connection:
        positions.create(connection)  # where leases are kept
    holder = f"{socket.gethostname()} line {task.line}"
    lease = Lease(parts.engine, f"work order {task.work_order}", holder, microseconds)
    if not lease.held():
        raise Unavailable(
            f"another station has work order {task.work_order}; stop it there, or wait some"
            " seconds if it is dead"
        )
    question = Question(
        officer=task.by.officer,
        office=task.by.office,
        terminal=f"production line {task.line} at {socket.gethostname()}",
        purpose=PURPOSE,
        case_number=task.work_order,
        question="produce",
    )
    secret = secret_of(parts.setting.namespace)
    query_log = QueryLog(
        settings.query_log_url, secret, parts.register.clock, durability=settings.durability
    )
    stopping = Event()
    try:
        with closing(query_log), CommandQueue(parts.register) as queue:
            journal = Journal(
                queue,
                task.by,
                task.work_order,
                task.line,
                task.reject_bin,
                ids(microseconds),
                lease.held,
            )
            pictures = media.reader(query_log, question)
            images = Derivation(parts.store, parts.setting.places, pictures, signers)
            slots = open_slots(task, tell, stopping)
            yield Line(journal, slots, images, keys, task.spoils, stopping)
    finally:
        lease.give_up()


def open_slots(task: Task, tell: Callable[[str], None], stopping: Event) -> list[ReaderSlot]:
    """The readers of a task with what feeds them."""
    if task.machine is not None:
        find_service(task.machine)
    from adapters.card.reader import Reader, readers

    known = readers()
    names = list(task.readers) or known
    if not names or (lacking := [name for name in names if name not in known]):
        told = ", ".join(lacking) if names else "any reader"
        raise Unavailable(f"the service knows no {told}; plug it in, or see `registry reader list`")
    slots = []
    for name in names:
        reader = Reader(name)
        feeder: Feeder = HandFeeder(reader, tell, stopping)
        if task.machine is not None:
            feeder = machine_feeder(task.machine, name, known)
        slots.append(ReaderSlot(reader, feeder))
    return slots


def find_service(machine: Path) -> None:
    """Let this process find the service of an emulated machine, before its first call of PC/SC."""
    from adapters.card.emulator.control import CLIENT_SOCKET
    from adapters.card.emulator.daemon import socket_path

    os.environ[CLIENT_SOCKET] = str(socket_path(machine))


def machine_feeder(machine: Path, name: str, known: Sequence[str]) -> Feeder:
    """What feeds a reader of an emulated machine."""
    from adapters.card.emulator.control import MachineFeeder
    from adapters.card.emulator.daemon import reader_name

    for head in range(len(known)):
        if reader_name(head) == name:
            return MachineFeeder(machine, head)
    raise Unavailable(f"the machine in {machine} has no reader {name}")
