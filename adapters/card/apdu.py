"""Commands to a card and what it answers: short APDUs of ISO 7816-4, and this profile's words.

The profile is open and our own: files are selected by identifier and read and written in pieces, as
published readers of the resident's card do, everything but the chip's serial over SCP03. A card is
blank, then open, then done; when it is done, only addresses are appended.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Self

#: Bytes of plain data that fit one command and one answer, secured: what published readers use.
PIECE: Final = 230

#: Class bytes: ISO's, GlobalPlatform's, and the bit that tells of a secured command.
ISO: Final = 0x00
GP: Final = 0x80
SECURED: Final = 0x04

SELECT: Final = 0xA4
READ: Final = 0xB0
UPDATE: Final = 0xD6
TELL_SERIAL: Final = 0x36
INITIALIZE_UPDATE: Final = 0x50
EXTERNAL_AUTHENTICATE: Final = 0x82
TELL_STATE: Final = 0xCA
COMMIT: Final = 0xF0
APPEND: Final = 0xE2

#: What an APPEND does, in its second parameter; the slot, 1 to 4, stands in the first.
PREPARE: Final = 0
CONFIRM: Final = 1
CANCEL: Final = 2

#: Set in the version of the keys where a session may append and do nothing else.
APPENDING_KEYS: Final = 0x80

OK: Final = 0x9000
CRYPTOGRAM_WRONG: Final = 0x6300
MEMORY_FAILED: Final = 0x6581
LENGTH_WRONG: Final = 0x6700
UNAUTHORISED: Final = 0x6982
KEYS_BLOCKED: Final = 0x6983
NOT_NOW: Final = 0x6985
SECURE_MESSAGE_WRONG: Final = 0x6988
DATA_WRONG: Final = 0x6A80
NO_FILE: Final = 0x6A82
FULL: Final = 0x6A84
KEYS_UNKNOWN: Final = 0x6A88
OUTSIDE: Final = 0x6B00
UNKNOWN_COMMAND: Final = 0x6D00
UNKNOWN_CLASS: Final = 0x6E00


class Command(NamedTuple):
    """A command: class, instruction, two parameters, data; whether data is expected in return."""

    cla: int
    ins: int
    p1: int = 0
    p2: int = 0
    data: bytes = b""
    answers: bool = False

    @property
    def header(self) -> bytes:
        """The first four bytes."""
        return bytes(self[:4])

    def encode(self) -> bytes:
        """Write the command as it goes to the card, asking for as much as there is."""
        if len(self.data) > 255:
            raise ValueError(f"a short command holds 255 bytes, not {len(self.data)}")
        body = bytes([len(self.data)]) + self.data if self.data else b""
        return self.header + body + (b"\0" if self.answers else b"")

    @classmethod
    def decode(cls, apdu: bytes) -> Self:
        """Read a command. Raises ValueError if it is no short one."""
        if len(apdu) < 4:
            raise ValueError("a command has at least four bytes")
        cla, ins, p1, p2 = apdu[:4]
        if len(apdu) <= 5:
            return cls(cla, ins, p1, p2, b"", len(apdu) == 5)
        end = 5 + apdu[4]
        if apdu[4] == 0 or len(apdu) not in (end, end + 1):
            raise ValueError("the length of a command is not the one it tells")
        return cls(cla, ins, p1, p2, apdu[5:end], len(apdu) == end + 1)
