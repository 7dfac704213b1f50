"""Does this station make cards? A make-believe card through everything a real one passes.

The machine is the emulated one and the keys are made up for the occasion, so that nothing is used
up; what is tried is the software of this station, from pyscard down to the driver.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import perf_counter
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec

from adapters.card.appended import append
from adapters.card.channel import OutcomeUnknown, WrongCard
from adapters.card.emulator.control import RunningMachine
from adapters.card.emulator.heads import Kind
from adapters.card.keys import APPENDING, SoftwareKeys
from adapters.card.reader import Connection, Reader
from adapters.card.session import Life, open_session, read_serial
from adapters.card.signatures import SoftwareSigner, Verifier
from registry.chip.appended import encode, slot_seal
from registry.chip.image import SERIAL_SIZE, Image, token
from registry.chip.text import Holder
from registry.errors import RegistryError, Unavailable
from registry.values import CitizenNumber, DivisionCode, Nationality, Sex

#: Nobody: who had this number would be older than anybody is.
NOBODY = Holder(
    name="测试",
    sex=Sex.FEMALE,
    nationality=Nationality("01"),
    birth_date=date(1880, 2, 29),
    address="测试省测试市测试区测试路1号",
    number=CitizenNumber.compose(DivisionCode("510603"), date(1880, 2, 29), 1),
    authority="测试公安局",
    valid_from=date(2010, 1, 1),
    valid_until=None,
)
PHOTO = bytes(range(1, 256)) * 4
PATIENCE_S = 20.0


@dataclass(frozen=True)
class Step:
    """Something that was tried, and how long it took; what went wrong, if it did."""

    name: str
    seconds: float
    fault: str | None = None


class Bench:
    """One reader of a running machine with what it takes to make a card in it."""

    def __init__(self, machine: RunningMachine, head: int) -> None:
        self.machine, self.head = machine, head
        self.keys = SoftwareKeys({1: os.urandom(16)})
        self.signer = SoftwareSigner(ec.generate_private_key(ec.SECP256R1()))
        self.serial = os.urandom(SERIAL_SIZE)
        self.image = Image.of(NOBODY, PHOTO, (), self.serial, token(uuid4(), 1), self.signer)

    @contextmanager
    def card(self, reader: Reader) -> Iterator[Connection]:
        """The card in the reader."""
        if not reader.wait_for_card(PATIENCE_S):
            raise Unavailable(f"no card came into {reader.name} in {PATIENCE_S:.0f} s")
        with reader.connect() as card:
            yield card

    def feed(self) -> None:
        """A blank comes."""
        self.machine.load([self.serial], self.keys)
        self.machine.controls.feed(self.head)

    def write(self, card: Connection) -> None:
        """Write the card, close it, read it back and check its signature."""
        session = open_session(card, self.keys, read_serial(card))
        for fid, content in self.image.files.items():
            session.write(fid, 0, content)
        session.commit(self.image.digest)
        read = {
            fid: session.read(fid, 0, len(content)) for fid, content in self.image.files.items()
        }
        found = Image.found(read)
        found.refuse_unsigned(Verifier({self.signer.key_id: self.signer.key.public_key()}))
        if found != self.image or session.state().life is not Life.DONE:
            raise Unavailable("the card does not bear what was written")

    def lose_and_finish(self, reader: Reader) -> None:
        """Lose the card while it is written, and finish it."""
        self.machine.controls.plant(self.head, Kind.LATE_TEAR, after=12)
        try:
            with self.card(reader) as card:
                self.write(card)
        except OutcomeUnknown:
            reader.wait_for_removal(PATIENCE_S)
        else:
            raise Unavailable("a card that was torn out was not missed")
        with self.card(reader) as card:
            self.write(card)

    def refuse_another(self, reader: Reader) -> None:
        """Expect another card than the one there is."""
        with self.card(reader) as card:
            try:
                open_session(card, self.keys, bytes(SERIAL_SIZE))
            except WrongCard:
                return
        raise Unavailable("a wrong card was taken for the right one")

    def append(self, reader: Reader) -> None:
        """Append an address in two steps."""
        address = encode(NOBODY.address)
        seal = slot_seal(self.serial, 1, address, self.signer)
        with self.card(reader) as card:
            append(open_session(card, self.keys, self.serial, use=APPENDING), 1, address, seal)

    def eject(self, reader: Reader) -> None:
        """Put the card onto the stack."""
        self.machine.feeder(self.head).eject(good=True)
        if not reader.wait_for_removal(PATIENCE_S):
            raise Unavailable("the service does not see that the card is gone")


def self_test(readers: int = 2, folder: Path | None = None) -> Iterator[Step]:
    """Try a machine with so many readers, one after the other; the first fault is the last step.

    folder: where the machine stands; by default a temporary one that goes with it.
    """
    with tempfile.TemporaryDirectory(prefix="registry-cards-") as temporary:
        machine = RunningMachine(folder or Path(temporary), readers)
        steps: list[tuple[str, Callable[[], object]]] = [("service and machine", machine.start)]
        opened = [Reader(name) for name in machine.readers]
        for head, reader in enumerate(opened):
            bench = Bench(machine, head)
            steps += _steps(bench, reader)
        try:
            for name, do in steps:
                step = _tried(name, do)
                yield step
                if step.fault is not None:
                    return
        finally:
            for reader in opened:
                reader.close()
            machine.stop()


def _steps(bench: Bench, reader: Reader) -> list[tuple[str, Callable[[], object]]]:
    where = f"{reader.name}: "
    return [
        (where + "a blank comes", bench.feed),
        (where + "written, torn out, finished, read back", lambda: bench.lose_and_finish(reader)),
        (where + "a wrong card refused", lambda: bench.refuse_another(reader)),
        (where + "an address appended", lambda: bench.append(reader)),
        (where + "put away", lambda: bench.eject(reader)),
    ]


def _tried(name: str, do: Callable[[], object]) -> Step:
    start = perf_counter()
    try:
        do()
    except RegistryError as error:
        return Step(name, perf_counter() - start, str(error))
    return Step(name, perf_counter() - start)
