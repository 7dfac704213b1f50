"""The application on a chip: what a card of the open profile answers to commands.

What a chip remembers is one frozen value that is replaced with each change and given to whoever
keeps it before the card answers, so that power may fail between any two instants.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from adapters.card import apdu
from adapters.card.apdu import PIECE, Command
from adapters.card.channel import SessionBroken
from adapters.card.keys import APPENDING, MAKING, CardKeys, KeyProvider, diversification
from adapters.card.scp03 import (
    CARD_CRYPTOGRAM,
    CHALLENGE,
    HOST_CRYPTOGRAM,
    LEVEL,
    MAC,
    OPTIONS,
    PROTOCOL,
    Secured,
    derive,
    session_keys,
)
from adapters.card.session import ChipState, Life
from registry.chip.appended import ADDRESS_SIZE, SEAL_SIZE, SLOTS
from registry.chip.files import APPENDED, APPENDED_SIGNATURES, BASE, HEADER, SIZES
from registry.chip.image import SERIAL_SIZE, TOKEN_SIZE, image_digest

#: What a reader makes up for a contact-less card that says nothing of itself (PC/SC, part 3).
ATR: Final = bytes.fromhex("3B80800101")
#: Times in a row that somebody may show not to know a card's keys; then they open it no more.
FAILURES: Final = 10


class PowerLost(Exception):
    """The card lost its power in the middle of a command; nobody gets an answer."""


class Refusal(Exception):
    """A command is answered with a status word that tells an error."""

    def __init__(self, status: int) -> None:
        self.status = status


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What a chip remembers without power.

    keys: by the byte that names them, those that append among them; files: those that were written;
    addresses: those that were appended, each with its seal; prepared: the next one, not yet kept.
    failures: by the byte that names keys, how often in a row somebody showed not to know them.
    """

    serial: bytes
    keys: Mapping[int, CardKeys]
    life: Life = Life.BLANK
    files: Mapping[int, bytes] = {}
    addresses: tuple[bytes, ...] = ()
    prepared: bytes | None = None
    failures: Mapping[int, int] = {}

    def __repr__(self) -> str:
        """Show neither keys nor what is told of a person."""
        return f"Memory(...{self.serial.hex()[-4:]}, {self.life.name})"

    @classmethod
    def blank(cls, serial: bytes, keys: KeyProvider, version: int | None = None) -> Memory:
        """The memory of a chip as it comes from its maker, with keys of one version."""
        assert len(serial) == SERIAL_SIZE
        held = keys.newest if version is None else version
        return cls(
            serial=serial,
            keys={
                held: keys.card_keys(held, diversification(MAKING, serial)),
                held | apdu.APPENDING_KEYS: keys.card_keys(
                    held, diversification(APPENDING, serial)
                ),
            },
        )

    @classmethod
    def decode(cls, content: bytes) -> Memory:
        """Read what `encode` wrote."""
        return msgspec.msgpack.decode(content, type=cls)

    def encode(self) -> bytes:
        """Write it for a file."""
        return msgspec.msgpack.encode(self)

    @property
    def state(self) -> ChipState:
        """What the chip tells of itself."""
        return ChipState(
            life=self.life,
            token=self.files.get(HEADER, b"")[SERIAL_SIZE:].ljust(TOKEN_SIZE, b"\0"),
            digest=image_digest(self.files),
            appended=len(self.addresses),
            prepared=self.prepared and hashlib.sha256(self.prepared).digest(),
        )

    def file(self, fid: int) -> bytes:
        """A file's bytes, zeros where nothing was written."""
        if fid == APPENDED:
            found = b"".join(one[:ADDRESS_SIZE] for one in self.addresses)
        elif fid == APPENDED_SIGNATURES:
            found = b"".join(one[ADDRESS_SIZE:] for one in self.addresses)
        else:
            found = self.files.get(fid, b"")
        return found.ljust(SIZES[fid], b"\0")


class Chip:
    """A chip that has power; giving it power again is another `Chip` on the same memory.

    keep: told of every change of memory before the card answers. It may raise PowerLost before it
    has kept anything, or after; or Refusal, where the memory fails.
    """

    def __init__(
        self,
        memory: Memory,
        keep: Callable[[Memory], None] = lambda memory: None,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.memory = memory
        self._keep = keep
        self._random = random
        self.power_on()

    @classmethod
    def blank(cls, serial: bytes, keys: KeyProvider) -> Chip:
        """A fresh chip that is kept nowhere."""
        return cls(Memory.blank(serial, keys))

    def power_on(self) -> bytes:
        """Forget sessions, as when power comes back; what the card says then."""
        self._secured: Secured | None = None
        self._awaited: tuple[Secured, bytes, int] | None = None
        self._appends = False
        self._selected: int | None = None
        return ATR

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """Answer a command, as a channel does that is never disturbed."""
        answer = self.answer(apdu)
        return answer[:-2], int.from_bytes(answer[-2:], "big")

    def answer(self, content: bytes) -> bytes:
        """Answer a command: data and status word. Raises PowerLost."""
        try:
            return self._answer(Command.decode(content))
        except ValueError:
            self._secured = None
            return apdu.LENGTH_WRONG.to_bytes(2, "big")
        except SessionBroken:
            self._secured = None
            return apdu.SECURE_MESSAGE_WRONG.to_bytes(2, "big")
        except Refusal as refusal:
            self._secured = None  # an error is told without authentication and ends the session
            return refusal.status.to_bytes(2, "big")

    def _answer(self, command: Command) -> bytes:
        if self._secured and command.cla & apdu.SECURED:
            secured = self._secured
            data = self._do(secured.unwrap(command))
            return secured.wrap_answer(data, apdu.OK) + apdu.OK.to_bytes(2, "big")
        return self._in_the_clear(command) + apdu.OK.to_bytes(2, "big")

    def _in_the_clear(self, command: Command) -> bytes:
        awaited, self._awaited = self._awaited, None
        match command.cla, command.ins:
            case apdu.ISO, apdu.TELL_SERIAL:
                return self.memory.serial
            case apdu.GP, apdu.INITIALIZE_UPDATE:
                return self._greet(command)
            case 0x84, apdu.EXTERNAL_AUTHENTICATE if awaited:
                self._believe(command, *awaited)
                return b""
        raise Refusal(apdu.UNAUTHORISED)

    def _greet(self, command: Command) -> bytes:
        self._secured = None
        keys = self.memory.keys.get(command.p1)
        if keys is None or command.p2:
            raise Refusal(apdu.KEYS_UNKNOWN)
        if self.memory.failures.get(command.p1, 0) >= FAILURES:
            raise Refusal(apdu.KEYS_BLOCKED)
        if len(command.data) != CHALLENGE:
            raise Refusal(apdu.LENGTH_WRONG)
        random = self._random(CHALLENGE)
        context = command.data + random
        session = session_keys(keys, context)
        proof = derive(session.mac, HOST_CRYPTOGRAM, context, MAC)
        self._awaited = Secured(session), proof, command.p1
        use = APPENDING if command.p1 & apdu.APPENDING_KEYS else MAKING
        told = diversification(use, self.memory.serial)
        told += bytes([command.p1, PROTOCOL, OPTIONS]) + random
        return told + derive(session.mac, CARD_CRYPTOGRAM, context, MAC)

    def _believe(self, command: Command, secured: Secured, proof: bytes, version: int) -> None:
        failed = self.memory.failures
        try:
            command = secured.verify(command)
            if command.data != proof:
                raise Refusal(apdu.CRYPTOGRAM_WRONG)
        except (Refusal, SessionBroken):
            self._change(failures={**failed, version: failed.get(version, 0) + 1})
            raise
        if failed.get(version):
            self._change(failures={**failed, version: 0})
        if command.p1 != LEVEL:
            raise Refusal(apdu.NOT_NOW)
        self._secured, self._selected = secured, None
        self._appends = bool(version & apdu.APPENDING_KEYS)

    def _do(self, command: Command) -> bytes:
        at = command.p1 << 8 | command.p2
        match command.cla, command.ins:
            case apdu.ISO, apdu.TELL_SERIAL:
                return self.memory.serial
            case apdu.GP, apdu.TELL_STATE:
                return self.memory.state.encode()
            case apdu.ISO, apdu.SELECT:
                self._selected = int.from_bytes(command.data, "big")
                if self._selected not in SIZES:
                    raise Refusal(apdu.NO_FILE)
            case apdu.ISO, apdu.READ:
                return self._read(at)
            case apdu.ISO, apdu.UPDATE if not self._appends:
                self._write(at, command.data)
            case apdu.GP, apdu.COMMIT if not self._appends:
                self._commit(command.data)
            case apdu.GP, apdu.APPEND if self._appends:
                self._append(command.p1, command.p2, command.data)
            case (apdu.ISO, apdu.UPDATE) | (apdu.GP, apdu.COMMIT | apdu.APPEND):
                raise Refusal(apdu.UNAUTHORISED)  # not with the keys of this session
            case apdu.ISO | apdu.GP, _:
                raise Refusal(apdu.UNKNOWN_COMMAND)
            case _:
                raise Refusal(apdu.UNKNOWN_CLASS)
        return b""

    def _read(self, at: int) -> bytes:
        if self._selected is None:
            raise Refusal(apdu.NOT_NOW)
        if at > SIZES[self._selected]:
            raise Refusal(apdu.OUTSIDE)
        return self.memory.file(self._selected)[at : at + PIECE]

    def _write(self, at: int, data: bytes) -> None:
        fid = self._selected
        if self.memory.life is Life.DONE or fid not in BASE:
            raise Refusal(apdu.NOT_NOW)
        if at + len(data) > SIZES[fid]:
            raise Refusal(apdu.OUTSIDE)
        anew = fid == HEADER and at == 0  # what was written of another image is gone
        files = {} if anew else dict(self.memory.files)
        old = files.get(fid, bytes(SIZES[fid]))
        files[fid] = old[:at] + data + old[at + len(data) :]
        self._change(life=Life.OPEN, files=files)

    def _commit(self, digest: bytes) -> None:
        if self.memory.life is not Life.OPEN:
            raise Refusal(apdu.NOT_NOW)
        bears = self.memory.file(HEADER)[:SERIAL_SIZE]
        if bears != self.memory.serial or digest != image_digest(self.memory.files):
            raise Refusal(apdu.DATA_WRONG)
        self._change(life=Life.DONE)

    def _append(self, slot: int, step: int, data: bytes) -> None:
        held, prepared = self.memory.addresses, self.memory.prepared
        if len(held) == SLOTS:
            raise Refusal(apdu.FULL)
        if self.memory.life is not Life.DONE or slot != len(held) + 1:
            raise Refusal(apdu.NOT_NOW)
        if step == apdu.PREPARE:
            if len(data) != ADDRESS_SIZE + SEAL_SIZE:
                raise Refusal(apdu.DATA_WRONG)
            self._change(prepared=data)
        elif prepared is None:
            raise Refusal(apdu.NOT_NOW)
        elif step == apdu.CONFIRM:
            self._change(addresses=(*held, prepared), prepared=None)
        elif step == apdu.CANCEL:
            self._change(prepared=None)
        else:
            raise Refusal(apdu.DATA_WRONG)

    def _change(self, **to: object) -> None:
        changed = msgspec.structs.replace(self.memory, **to)
        self._keep(changed)
        self.memory = changed
