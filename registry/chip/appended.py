"""Addresses appended to a chip after it was made (追加住址): four slots, each written once.

A slot holds an address of 35 units as the text block does, and beside it a seal of its own, by the
county that wrote it, for this chip and this slot alone. The newest address holds. Who moves a fifth
time gets a new card.
Source: GA/T 1222-2015, 4.16; GA/T 490-2019.
"""

from __future__ import annotations

import hashlib
from typing import Final

from registry.chip import seals
from registry.chip.files import FILES, malformed
from registry.chip.image import SERIAL_SIZE
from registry.chip.seals import Signer, Verify
from registry.chip.text import faults, units
from registry.errors import Malformed

#: How many addresses a chip takes, and the bytes of one and of its seal.
SLOTS: Final = 4
ADDRESS_SIZE: Final = FILES["appended"].size // SLOTS
SEAL_SIZE: Final = FILES["appended_signatures"].size // SLOTS


def encode(address: str) -> bytes:
    """Write an address for a slot. Raises Malformed where it does not fit."""
    if wrong := faults(address=address):
        raise Malformed(wrong)
    return (address + " " * (ADDRESS_SIZE // 2 - units(address))).encode("utf-16-le")


def decode(content: bytes) -> tuple[str, ...]:
    """Read the addresses of the file, the oldest first; the last of them holds.

    Raises Malformed where one is no text, or stands behind an empty slot.
    """
    if len(content) != FILES["appended"].size:
        raise malformed("appended", "size", f"has {len(content)} bytes")
    slots = [content[at : at + ADDRESS_SIZE] for at in range(0, len(content), ADDRESS_SIZE)]
    used = [slot for slot in slots if any(slot)]
    if used != slots[: len(used)]:
        raise malformed("appended", "gap", "an address stands behind an empty slot")
    return tuple(_address(slot) for slot in used)


def _address(slot: bytes) -> str:
    address = slot.decode("utf-16-le", "replace").rstrip(" ")
    if faults(address=address) or encode(address) != slot:
        raise malformed("appended", "no-text", "an address is no text")
    return address


def slot_digest(address: bytes) -> bytes:
    """SHA-256 of an address as it stands in its slot."""
    return hashlib.sha256(address).digest()


def slot_seal(serial: bytes, slot: int, address: bytes, signer: Signer) -> bytes:
    """The seal that is written beside an address, in slot 1 to 4 of a chip."""
    return seals.sealed(_vouched_for(serial, slot, address), signer).ljust(SEAL_SIZE, b"\0")


def refuse_unsealed_slot(
    serial: bytes, slot: int, address: bytes, seal: bytes, verify: Verify
) -> None:
    """Hold an address in its slot against its seal. Raises Malformed where it is not right."""
    seals.refuse_unsealed(seal, "appended", _vouched_for(serial, slot, address), verify)


def _vouched_for(serial: bytes, slot: int, address: bytes) -> list[tuple[int, bytes]]:
    assert len(serial) == SERIAL_SIZE
    assert len(address) == ADDRESS_SIZE
    assert 1 <= slot <= SLOTS, slot
    return [
        (seals.TAG_TEXT, slot_digest(address)),
        (seals.TAG_SERIAL, serial),
        (seals.TAG_SLOT, bytes([slot])),
    ]
