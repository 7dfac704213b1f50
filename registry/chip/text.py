"""The text of a chip (机读文字信息): 256 bytes, UTF-16LE, laid out by the table chip_text_layout.

A block tells by the mark at offset 248 what kind of document it is of, so that a further kind is
rows of the table and nothing else. A unit is two bytes; a character outside the basic plane takes
two of them. What does not fit is refused with its field named and never shortened: whoever asks
before the card is signed spares the machine a card that cannot be made.

Source: GA/T 490-2019 (GA 490-2004, GA 490-2013).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Self

from registry.codes import table
from registry.errors import Fault, Malformed
from registry.values import CitizenNumber, Nationality, Sex

#: Bytes of a block, and where in it the kind of document stands.
SIZE = 256
MARK_AT = 248
#: The kind of the card of a resident citizen.
RESIDENT = "resident"
#: What stands in the last day's place of a card that holds for life (长期).
FOR_LIFE = "长期"

#: What a format asks of a field that has to fill all its units, and how that is told.
PATTERNS = {
    "digits": (re.compile(r"[0-9]*"), "digits"),
    "exact": (re.compile(r"[0-9A-Z]*"), "digits and capital letters"),
}


@dataclass(frozen=True)
class Place:
    """Where a field of a block lies: offset in bytes, length in units of two."""

    field: str  # empty where nothing is to be told: reserved units, the mark
    offset: int
    units: int
    format: str
    required: bool
    mark: str  # what the mark's place bears: a blank on a resident's card

    @property
    def is_mark(self) -> bool:
        """Whether it tells the kind of document."""
        return self.format == "mark"

    @property
    def bytes(self) -> slice:
        """The field's bytes in the block."""
        return slice(self.offset, self.offset + 2 * self.units)

    def fault(self, text: str) -> Fault | None:
        """What is wrong with a text for this field, if something is."""
        if problem := self._problem(text):
            code, message = problem
            return Fault(self.field, code, message)
        return None

    def _problem(self, text: str) -> tuple[str, str] | None:
        if not text:
            return ("missing", "stands on the chip and is empty") if self.required else None
        if strange := next(filter(is_no_text, text), None):
            return "no-text", f"has U+{ord(strange):04X}, which is no character of a text"
        if text != text.strip(" "):
            return "margin", "begins or ends with a space, which the chip cannot keep"
        length = units(text)
        if self.format == "text":
            over = f"has {length} UTF-16 units, and the chip has room for {self.units}"
            return ("too-long", over) if length > self.units else None
        if self.format == "last_day" and text == FOR_LIFE:
            return None
        if self.format in {"day", "last_day"}:
            return None if _is_day(text) else ("no-day", "is no day written YYYYMMDD")
        pattern, what = PATTERNS[self.format]
        if length != self.units or not pattern.fullmatch(text):
            return "format", f"has to be {self.units} {what}"
        return None


@cache
def places(kind: str) -> tuple[Place, ...]:
    """The layout of a kind of document, without a gap from the first byte to the last."""
    found = tuple(
        Place(
            field=row["field"],
            offset=int(row["offset"]),
            units=int(row["units"]),
            format=row["format"],
            required=row["required"] == "1",
            mark=row["mark"] or " ",
        )
        for row in table("chip_text_layout")
        if row["kind"] == kind
    )
    assert found, f"the table chip_text_layout has no kind {kind}"
    assert (found[0].offset, found[-1].bytes.stop) == (0, SIZE), kind
    assert all(one.bytes.stop == other.offset for one, other in pairwise(found)), kind
    return found


@cache
def kinds() -> Mapping[str, str]:
    """The kind of document that each mark tells."""
    every = dict.fromkeys(row["kind"] for row in table("chip_text_layout"))
    marked = {place.mark: kind for kind in every for place in places(kind) if place.is_mark}
    assert len(marked) == len(every), "each kind has a mark of its own"
    return marked


def units(text: str) -> int:
    """How many UTF-16 units a text takes; half a character, a lone surrogate, takes one.

    >>> units("𠮷野家")
    4
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_no_text(character: str) -> bool:
    """Whether a character has no place in a text: controls, half characters, separators.

    Characters of private use pass, since rare names are written with them by agreement, and so do
    characters that this Python does not know yet; the codes that never become characters do not.
    """
    never = ord(character) & 0xFFFE == 0xFFFE or "\ufdd0" <= character <= "\ufdef"
    return never or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}


def faults(kind: str = RESIDENT, /, **fields: str) -> tuple[Fault, ...]:
    """What keeps fields off a chip, each fault naming its field; only those given are asked.

    >>> [fault.at for fault in faults(name="阿" * 16, address="旌阳区天山南路一段1号")]
    ['name']
    """
    known = {place.field: place for place in places(kind)}
    found = (known[field].fault(text) for field, text in fields.items())
    return tuple(fault for fault in found if fault)


def encode(kind: str, fields: Mapping[str, str]) -> bytes:
    """Write the block of a document of a kind, fields by their names in the table.

    Raises Malformed naming each field that does not fit, is missing or is not of that kind.
    """
    layout = places(kind)
    known = {place.field for place in layout if place.field}
    wrong = [
        *(Fault(name, "unknown-field", f"is no field of {kind}") for name in fields.keys() - known),
        *faults(kind, **{name: fields.get(name, "") for name in known}),
    ]
    if wrong:
        raise Malformed(sorted(wrong, key=lambda fault: fault.at))
    block = bytearray()
    for place in layout:
        text = place.mark if place.is_mark else fields.get(place.field, "")
        block += text.ljust(len(text) + place.units - units(text)).encode("utf-16-le")
    assert len(block) == SIZE
    return bytes(block)


def decode(block: bytes) -> tuple[str, dict[str, str]]:
    """Read a block: its kind of document, and its fields; those that are blank are left out.

    Raises Malformed where it is not exactly what `encode` would write.
    """
    if len(block) != SIZE:
        raise _unreadable("size", f"a text block has {SIZE} bytes, not {len(block)}")
    kind = kinds().get(block[MARK_AT : MARK_AT + 2].decode("utf-16-le", "replace"))
    if kind is None:
        raise _unreadable("kind", f"offset {MARK_AT} tells no kind of document that is known")
    fields = {}
    for place in places(kind):
        try:
            text = block[place.bytes].decode("utf-16-le").rstrip(" ")
        except UnicodeDecodeError:
            raise _unreadable(
                "no-text", f"{place.field or 'a reserved place'} is no text"
            ) from None
        if place.field and text:
            fields[place.field] = text
    if encode(kind, fields) != block:
        raise _unreadable("reserved", "something stands where the block is blank")
    return kind, fields


@dataclass(frozen=True, kw_only=True)
class Holder:
    """What the chip of a card says of its holder; valid_until is None on a card for life (长期)."""

    name: str
    sex: Sex
    nationality: Nationality
    birth_date: date
    address: str
    number: CitizenNumber
    authority: str
    valid_from: date
    valid_until: date | None

    def text(self) -> bytes:
        """The holder's block. Raises Malformed naming each field that does not fit."""
        until = FOR_LIFE if self.valid_until is None else _digits(self.valid_until)
        fields = {
            "name": self.name,
            "sex": str(int(self.sex)),
            "nationality": str(self.nationality),
            "birth_date": _digits(self.birth_date),
            "address": self.address,
            "number": str(self.number),
            "authority": self.authority,
            "valid_from": _digits(self.valid_from),
            "valid_until": until,
        }
        return encode(RESIDENT, fields)

    @classmethod
    def read(cls, block: bytes) -> Self:
        """Read a holder from a block. Raises Malformed where it is not a resident's."""
        kind, fields = decode(block)
        if kind != RESIDENT:
            raise _unreadable("kind", f"the block is that of a {kind}, not of a {RESIDENT}")
        until = fields["valid_until"]
        try:
            return cls(
                name=fields["name"],
                sex=Sex(int(fields["sex"])),
                nationality=Nationality(fields["nationality"]),
                birth_date=_day(fields["birth_date"]),
                address=fields["address"],
                number=CitizenNumber(fields["number"]),
                authority=fields["authority"],
                valid_from=_day(fields["valid_from"]),
                valid_until=None if until == FOR_LIFE else _day(until),
            )
        except ValueError as error:  # a code or a number that nobody has
            raise _unreadable("value", str(error)) from error


def _digits(day: date) -> str:
    return day.isoformat().replace("-", "")


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _is_day(text: str) -> bool:
    if not re.fullmatch("[0-9]{8}", text):
        return False
    try:
        _day(text)
    except ValueError:
        return False
    return True


def _unreadable(code: str, message: str) -> Malformed:
    return Malformed([Fault("text", code, message)])
