"""A session with a chip: files are written, read and closed over the secure channel.

A session is for one card. Its serial is read before anything else and again, authenticated, before
the card is closed, because a reader may be silent about a card that was changed. With the first
fault a session is over; whoever goes on connects anew and reads the card's state.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from adapters.card import apdu
from adapters.card.apdu import PIECE, Command
from adapters.card.channel import (
    CardBroken,
    CardChannel,
    CardRefused,
    SessionBroken,
    WrongCard,
)
from adapters.card.keys import APPENDING, MAKING, CardKeys, KeyProvider, diversification
from adapters.card.scp03 import Secured, open_channel
from registry.chip.appended import ADDRESS_SIZE, SEAL_SIZE, SLOTS
from registry.chip.image import SERIAL_SIZE, TOKEN_SIZE

DIGEST_SIZE = 32


class Life(IntEnum):
    """The life of a chip: never written, being written, closed for good."""

    BLANK = 0
    OPEN = 1
    DONE = 2


@dataclass(frozen=True)
class ChipState:
    """What a chip tells of itself to a session.

    token: behind the serial in its header, zeros where none was written; digest: over the files
    that were written, as `registry.chip.image.image_digest` has it; appended: addresses that hold,
    0 to 4; prepared: digest of what is prepared for the next slot, if anything.
    """

    life: Life
    token: bytes
    digest: bytes
    appended: int
    prepared: bytes | None

    def encode(self) -> bytes:
        """Write it as the chip does."""
        return (
            bytes([self.life, self.appended])
            + self.token.ljust(TOKEN_SIZE, b"\0")
            + self.digest
            + (self.prepared or b"")
        )

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """Read it. Raises SessionBroken where it is not a state."""
        head = 2 + TOKEN_SIZE
        sizes = (head + DIGEST_SIZE, head + 2 * DIGEST_SIZE)
        if len(content) not in sizes or content[0] > Life.DONE or content[1] > SLOTS:
            raise SessionBroken("the card tells a state that there is none of")
        token, digest = content[2:head], content[head : sizes[0]]
        return cls(Life(content[0]), token, digest, content[1], content[sizes[0] :] or None)


def read_serial(channel: CardChannel) -> bytes:
    """The serial of the chip in the reader, eight bytes; it is told to anybody."""
    ask = Command(apdu.ISO, apdu.TELL_SERIAL).header + bytes([SERIAL_SIZE])
    serial, status = channel.transmit(ask)
    if status != apdu.OK:
        raise CardRefused("tell its serial", status)
    if len(serial) != SERIAL_SIZE:
        raise SessionBroken(f"the card tells a serial of {len(serial)} bytes")
    return serial


def open_session(
    channel: CardChannel,
    keys: KeyProvider,
    serial: bytes,
    version: int | None = None,
    use: bytes = MAKING,
    random: Callable[[int], bytes] = os.urandom,
) -> Session:
    """Open a session with the card of a serial, to make it or to append to it.

    version: of the master key under which the card was or will be written; the newest by default.
    Raises WrongCard where another card is in the reader, CardRefused, SessionBroken where one of
    the two does not know the keys, ReaderFault.
    """
    if (found := read_serial(channel)) != serial:
        raise WrongCard(serial, found)
    held = keys.newest if version is None else version
    named = diversification(use, serial)

    def keys_of(told: bytes) -> CardKeys:
        if told != named:
            raise SessionBroken("the card's keys are those of another card")
        return keys.card_keys(held, named)

    on_card = held | (apdu.APPENDING_KEYS if use == APPENDING else 0)
    return Session(channel, open_channel(channel, on_card, keys_of, random(8)), serial)


class Session:
    """An open session. Each call raises CardFault or ReaderFault, and is then the last."""

    def __init__(self, channel: CardChannel, secured: Secured, serial: bytes) -> None:
        self.serial = serial
        self.exchanges = 0  # commands that were sent
        self._channel = channel
        self._secured: Secured | None = secured
        self._selected: int | None = None

    def write(self, fid: int, offset: int, data: bytes) -> None:
        """Write to a file, in pieces; the header at its beginning starts an image anew."""
        self._select(fid)
        for at in range(0, len(data), PIECE):
            piece = data[at : at + PIECE]
            p1, p2 = divmod(offset + at, 256)
            self._send("write a file", Command(apdu.ISO, apdu.UPDATE, p1, p2, piece))

    def read(self, fid: int, offset: int, length: int) -> bytes:
        """Read from a file, in pieces."""
        self._select(fid)
        found = b""
        while len(found) < length:
            p1, p2 = divmod(offset + len(found), 256)
            piece = self._send("read a file", Command(apdu.ISO, apdu.READ, p1, p2, b"", True))
            if not piece:
                self._secured = None
                raise SessionBroken("the card's file is shorter than it should be")
            found += piece
        return found[:length]

    def state(self) -> ChipState:
        """What the card tells of itself."""
        told = self._send("tell its state", Command(apdu.GP, apdu.TELL_STATE, 0, 0, b"", True))
        return ChipState.decode(told)

    def commit(self, digest: bytes) -> None:
        """Close the card for good if its files have this digest; once its serial is read again."""
        again = Command(apdu.ISO, apdu.TELL_SERIAL, 0, 0, b"", True)
        found = self._send("tell its serial", again)
        if found != self.serial:
            self._secured = None
            raise WrongCard(self.serial, found)
        self._send("close itself", Command(apdu.GP, apdu.COMMIT, 0, 0, digest))

    def prepare(self, slot: int, address: bytes, seal: bytes) -> None:
        """First half of appending: the card takes address and seal for its next slot, 1 to 4."""
        assert (len(address), len(seal)) == (ADDRESS_SIZE, SEAL_SIZE)
        what = "take an address"
        self._send(what, Command(apdu.GP, apdu.APPEND, slot, apdu.PREPARE, address + seal))

    def confirm(self, slot: int) -> None:
        """Second half: what is prepared for the slot holds from now on."""
        self._send("keep an address", Command(apdu.GP, apdu.APPEND, slot, apdu.CONFIRM))

    def cancel(self, slot: int) -> None:
        """Second half otherwise: what is prepared for the slot is dropped."""
        self._send("drop an address", Command(apdu.GP, apdu.APPEND, slot, apdu.CANCEL))

    def _select(self, fid: int) -> None:
        if fid != self._selected:
            which = Command(apdu.ISO, apdu.SELECT, 0, 0, fid.to_bytes(2, "big"))
            self._send("select a file", which)
            self._selected = fid

    def _send(self, what: str, command: Command) -> bytes:
        secured, self._secured = self._secured, None  # a fault on the way ends the session
        if secured is None:
            raise SessionBroken("the session is over")
        self.exchanges += 1
        answer, status = self._channel.transmit(secured.wrap(command).encode())
        if status in (apdu.MEMORY_FAILED, apdu.FULL):
            raise CardBroken(what, status)
        if status != apdu.OK:
            raise CardRefused(what, status)
        answer = secured.unwrap_answer(answer, status)
        self._secured = secured
        return answer
