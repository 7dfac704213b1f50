"""What goes between a station and a chip is frozen: cards that were made are about for decades."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from adapters.card.appended import append
from adapters.card.emulator.chip import Chip, Memory
from adapters.card.keys import APPENDING
from adapters.card.session import open_session
from registry.chip.appended import encode, slot_seal
from registry.chip.files import SIZES
from tests.card.blanks import KEYS, SERIAL, image_for, write
from tests.chip.stamp import Stamp

FROZEN = Path(__file__).parent.parent / "golden" / "card_session.txt"


class Spoken:
    """A chip, and everything that was said, in hexadecimal digits."""

    def __init__(self) -> None:
        challenges = count(1)
        memory = Memory.blank(SERIAL, KEYS)
        self.chip = Chip(memory, random=lambda size: bytes([0xC0 + next(challenges)]) * size)
        self.lines: list[str] = []

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """Send a command."""
        answer, status = self.chip.transmit(apdu)
        self.lines += [f"> {apdu.hex()}", f"< {answer.hex()}{status:04x}"]
        return answer, status


def test_a_card_is_made_and_an_address_appended_as_ever(update_golden):
    spoken, image = Spoken(), image_for()
    line = open_session(spoken, KEYS, SERIAL, random=lambda size: b"\xa1" * size)
    assert line.state().token == bytes(24)
    write(line, image)
    for fid, content in image.files.items():
        assert line.read(fid, 0, SIZES[fid]) == content
    county = open_session(spoken, KEYS, SERIAL, 1, APPENDING, lambda size: b"\xa2" * size)
    address = encode("四川省德阳市旌阳区长江路1号")
    append(county, 1, address, slot_seal(SERIAL, 1, address, Stamp()))
    told = "\n".join(spoken.lines) + "\n"
    if update_golden:
        FROZEN.write_text(told)
    assert told == FROZEN.read_text()
