"""A production line without a machine: chips in memory, readers that are lists, faults at will."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric import ec

from adapters.card.channel import OutcomeUnknown, ReaderFault
from adapters.card.emulator.chip import Chip, Memory, PowerLost
from adapters.card.journal import Journal
from adapters.card.keys import SoftwareKeys
from adapters.card.line import Line
from adapters.card.personalise import Maker, Patience
from adapters.card.session import Life
from adapters.card.signatures import SoftwareSigner
from adapters.queue import CommandQueue
from registry.aggregates import Application, CardBody
from registry.aggregates.card import BodyState
from registry.chip.image import Image, token
from registry.chip.text import Holder
from registry.commands.cards_blanks import IssueBlanks
from registry.commands.work_orders import OpenWorkOrder
from registry.errors import NotFound
from registry.values import CitizenNumber, Nationality, PaperNumber, Sex
from registry.vocabulary import Kind
from tests.scenarios.cards import (
    BIN,
    CENTRE,
    LINE,
    PROVINCE,
    SITE,
    accepted,
    brought,
    ready,
    serial,
    stocked,
)
from tests.scenarios.town import OTHER, Town, supplement

KEYS = SoftwareKeys({1: bytes(range(16))})
SIGNER = SoftwareSigner(ec.derive_private_key(0xA5A5, ec.SECP256R1()))
ORDER = PaperNumber("W-1")
PHOTO = b"a drawn head" * 50
NUMBER = CitizenNumber("11010519491231002X")


#: Asked before each command: it may raise, or answer in the card's place.
Fault = Callable[[bytes], tuple[bytes, int] | None]


class Drawn:
    """Images of holders who are told apart by their application alone; some cannot be made."""

    def __init__(self) -> None:
        self.absent: set[UUID] = set()
        self.authority = "德阳市公安局旌阳分局"

    def image(self, application: Application, serial: bytes, signing_key: bytes | None) -> Image:
        """The image for one body."""
        assert signing_key in {None, SIGNER.key_id}
        if application.id in self.absent:
            raise NotFound("photo", "that was taken")
        holder = Holder(
            name=f"人{application.acceptance_number[-5:]}",
            sex=Sex.FEMALE,
            nationality=Nationality("01"),
            birth_date=date(1949, 12, 31),
            address="四川省德阳市旌阳区长江路1号",
            number=NUMBER,
            authority=self.authority,
            valid_from=date(2007, 6, 1),
            valid_until=None,
        )
        tokens = token(application.id, application.attempt)
        return Image.of(holder, PHOTO, (), serial, tokens, SIGNER)


@dataclass
class Wire:
    """A connection to a chip; `fault` is asked before each command and may raise or answer."""

    chip: Chip
    fault: Fault
    over: bool = False

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """Send a command."""
        if self.over:
            raise OutcomeUnknown("reader")
        try:
            told = self.fault(apdu)
            return told if told is not None else self.chip.transmit(apdu)
        except (PowerLost, ReaderFault) as lost:
            self.over = True
            if isinstance(lost, ReaderFault):
                raise
            raise OutcomeUnknown("reader") from lost

    def close(self) -> None:
        """Let the card go."""
        self.over = True


@dataclass
class Tray:
    """What all readers of a rig share: a pile of blanks, a stack of cards, a reject bin."""

    hopper: deque[Chip] = field(default_factory=deque)
    stack: list[Chip] = field(default_factory=list)
    rejects: list[Chip] = field(default_factory=list)


@dataclass
class Rack:
    """A reader of the rig, and what may happen in it."""

    tray: Tray
    name: str = "reader"
    chip: Chip | None = None
    fault: Fault = lambda apdu: None
    connecting: Callable[[Rack], None] = lambda rack: None

    def connect(self, wait_s: float) -> Wire | None:
        """The card in the reader, if there is one."""
        self.connecting(self)
        if self.chip is None:
            return None
        self.chip.power_on()
        return Wire(self.chip, lambda apdu: self.fault(apdu))

    def feed(self) -> bool:
        """Bring the next card."""
        if self.chip is not None:
            return True
        if not self.tray.hopper:
            return False
        self.chip = self.tray.hopper.popleft()
        return True

    def eject(self, good: bool) -> None:
        """Take the card away."""
        assert self.chip is not None
        (self.tray.stack if good else self.tray.rejects).append(self.chip)
        self.chip = None


def blank(number: int) -> Chip:
    """A chip as it comes from its maker."""
    return Chip.blank(bytes.fromhex(serial(number)), KEYS)


def written(chip: Chip, image: Image) -> None:
    """Write an image to a chip and close it, without anybody recording it."""
    memory = chip.memory
    chip.memory = Memory(
        serial=memory.serial, keys=memory.keys, life=Life.DONE, files=dict(image.files)
    )


class Rig:
    """A town with a work order on a line, and the machine."""

    def __init__(self, town: Town, people: int, blanks: int, readers: int = 1) -> None:
        self.town = town
        names = crowd(town, people)
        ready(town, *names)
        self.applications = [accepted(town, name) for name in names]
        brought(town, "22", *self.applications)
        members = tuple(self.applications)
        town.do(OpenWorkOrder(work_order=ORDER, applications=members, site=SITE), PROVINCE)
        self.numbers = range(1, blanks + 1)
        supply(town, *self.numbers)
        self.tray = Tray(deque(map(blank, self.numbers)))
        self.racks = [Rack(self.tray, f"reader {number}") for number in range(readers)]
        self.images = Drawn()

    def journal(self, queue: CommandQueue, **told: Any) -> Journal:
        """The work order as a station takes it in hand."""
        return Journal(queue, CENTRE, ORDER, LINE, BIN, uuid4, **told)

    @contextmanager
    def line(self, **told: Any) -> Iterator[Line]:
        """A station that is begun anew, as by another process."""
        self.town.open()
        with CommandQueue(self.town.register) as queue:
            yield Line(self.journal(queue), self.racks, self.images, KEYS, **told)

    @contextmanager
    def maker(self, reader: int = 1) -> Iterator[Maker]:
        """One reader of a station that has begun."""
        self.town.open()
        with CommandQueue(self.town.register) as queue:
            journal = self.journal(queue)
            journal.begin()
            yield Maker(journal, self.images, KEYS, reader, Patience(2, 5))

    def body(self, number: int) -> CardBody:
        """What the register knows of a body."""
        found: CardBody = self.town.see(CardBody, self.town.named(Kind.CARD, serial(number)))
        return found

    def image(self, application: UUID, number: int) -> Image:
        """The image of an application on a body."""
        known = self.town.see(Application, application)
        return self.images.image(known, bytes.fromhex(serial(number)), None)

    def events(self, number: int) -> list[str]:
        """What happened to a body, by the names of its events."""
        return self.town.events(self.town.named(Kind.CARD, serial(number)))

    def incidents(self) -> list[str]:
        """What happened on the line that an inspector has to know of."""
        entries = self.town.timeline(self.town.named(Kind.WORK_ORDER, ORDER))
        names = [one.event for one in entries]
        return [str(one.incident) for one in names if hasattr(one, "incident")]

    def conserved(self) -> None:
        """Everybody served has one good card, nobody two, and every blank is accounted for."""
        made = {one: self.town.see(Application, one) for one in self.applications}
        bodies = {chip.memory.serial: self.body_of(chip) for chip in self.tray.stack}
        for chip in self.tray.stack:
            body = bodies[chip.memory.serial]
            assert body.state is BodyState.PERSONALISED
            assert chip.memory.life is Life.DONE
            assert chip.memory.state.digest.hex() == body.image
            assert made[body.application].body == body.id
        served = [body.application for body in bodies.values()]
        assert len(set(served)) == len(served), "somebody has two cards"
        assert set(served) == {one for one, known in made.items() if known.state == "31"}
        here = len(self.tray.stack) + len(self.tray.rejects) + len(self.tray.hopper)
        here += sum(rack.chip is not None for rack in self.racks)
        assert here == len(self.numbers), "a blank is gone"
        states = [self.body(number).state for number in self.numbers]
        assert states.count(BodyState.PERSONALISED) == len(self.tray.stack)
        assert states.count(BodyState.SPOILED) == len(self.tray.rejects)

    def body_of(self, chip: Chip) -> CardBody:
        """What the register knows of a chip."""
        return self.body(int.from_bytes(chip.memory.serial, "big"))


def supply(town: Town, *numbers: int) -> None:
    """Blanks come into stock and go out for the work order."""
    stocked(town, *numbers)
    serials = tuple(map(serial, numbers))
    town.do(IssueBlanks(serials=serials, line=LINE, work_order=ORDER), CENTRE)


def crowd(town: Town, people: int) -> list[str]:
    """So many grown-ups of the dormitory, by their names in the town."""
    names = []
    for number in range(people):
        names.append(f"one{number}")
        born = date(1960 + number % 25, 1 + number % 12, 1 + number % 28)
        told = town.do(
            supplement("孙立", Sex(1 + number % 2), born, OTHER, household=town.dormitory)
        )
        town.ids[names[-1]] = told["person"]
    return names
