"""Blank chips in memory, what is written to them, and a wire that is cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from adapters.card.channel import CardChannel, OutcomeUnknown
from adapters.card.emulator.chip import Chip, Memory
from adapters.card.keys import SoftwareKeys
from adapters.card.session import Session, open_session
from registry.chip.image import Image, token
from tests.chip.people import WANG
from tests.chip.stamp import Stamp

SERIAL = bytes.fromhex("0102030405060708")
OTHER = bytes.fromhex("0102030405060709")
KEYS = SoftwareKeys({1: bytes(range(16))})
APPLICATION = UUID("018f0000-0000-7000-8000-000000000001")
PHOTO = bytes(range(1, 251)) * 4
PRINTS = (b"\x11" * 512, b"\x22" * 512)


def image_for(serial: bytes = SERIAL, attempt: int = 1, prints: tuple[bytes, ...] = ()) -> Image:
    """What Wang's card bears on a body."""
    return Image.of(WANG, PHOTO, prints, serial, token(APPLICATION, attempt), Stamp())


def write(session: Session, image: Image) -> None:
    """Write all files, the header first, and close the card."""
    for fid, content in image.files.items():
        session.write(fid, 0, content)
    session.commit(image.digest)


def made(image: Image, serial: bytes = SERIAL) -> Memory:
    """A card that was made."""
    chip = Chip.blank(serial, KEYS)
    write(open_session(chip, KEYS, serial), image)
    return chip.memory


@dataclass
class CutWire:
    """A channel that fails at one command: before the card has done it, or after.

    at: how many commands pass before; late: whether the one that fails is done all the same.
    """

    channel: CardChannel
    at: int
    late: bool = False
    sent: list[bytes] = field(default_factory=list)

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """Send a command, or fail."""
        self.sent.append(apdu)
        if len(self.sent) <= self.at:
            return self.channel.transmit(apdu)
        if self.late and len(self.sent) == self.at + 1:
            self.channel.transmit(apdu)
        raise OutcomeUnknown("test")
