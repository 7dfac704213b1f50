"""How single values are written in JSON: the reader of each type, its schema, and an example."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from uuid import UUID

from registry.errors import Fault
from registry.values import (
    AcceptanceNumber,
    ChipSerial,
    CitizenNumber,
    Code,
    Digest,
    DivisionCode,
    HouseholdNumber,
    Line,
    Name,
    OfficeCode,
    Officer,
    PackageNumber,
    PaperNumber,
    PlateNumber,
    Text,
    day_of,
    explain_number,
    masked,
)

#: Birth dates of the oldest records begin here; what took effect, with the first column of days.
FIRST_DAY = date(1800, 1, 1)
#: The last day that a column of days can hold.
LAST_DAY = day_of(2**16 - 1)
INTEGERS = (-(2**31), 2**31 - 1)
#: A message is read by people.
MESSAGE = 300

_NUMBER_LIKE = re.compile(r"[0-9]{14,17}[0-9Xx]")

Read = Callable[[Any, str, list[Fault]], Any]


class Base64(str):
    """A file as a text (RFC 4648, base64 with padding), 1 to 400,000 characters."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        """Refuse what is no base64."""
        if not 1 <= len(text) <= 400_000:
            raise ValueError(f"a file has 1 to 400000 characters of base64, not {len(text)}")
        try:
            b64decode(text, validate=True)
        except ValueError:
            raise ValueError("the text is no base64 with padding; encode the file anew") from None
        return str.__new__(cls, text)

    @property
    def file(self) -> bytes:
        """The bytes of the file."""
        return b64decode(self)


def fault(at: str, code: str, message: str) -> Fault:
    """A fault whose message fits on a screen and holds no identity number in clear."""
    hidden = _NUMBER_LIKE.sub(lambda found: masked(found[0]), message)
    return Fault(at, code, hidden if len(hidden) <= MESSAGE else hidden[:MESSAGE] + "…")


@dataclass(frozen=True)
class Shape:
    """How a type is written in JSON: its reader, its schema, and an example of it."""

    read: Read
    schema: Mapping[str, Any]
    sample: Any


NAMED: dict[str, dict[str, Any]] = {}


def named(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Give a schema its name, and a reference to it."""
    NAMED[name] = schema
    return {"$ref": f"#/components/schemas/{name}"}


def told_of(kind: type[Any]) -> str:
    """The first line of a type's docstring."""
    return (kind.__doc__ or kind.__name__).strip().splitlines()[0]


def wrong(raw: Any, at: str, faults: list[Fault], wanted: str) -> None:
    """Note that a value is of another type than is wanted."""
    words = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
    }
    got = "nothing" if raw is None else words.get(type(raw), "a number with a fraction")
    faults.append(fault(at, "wrong-type", f"expected {wanted}, got {got}"))


def text_shape(kind: type[str]) -> Shape:
    """A text with a check of its own."""

    def read(raw: Any, at: str, faults: list[Fault]) -> Any:
        if not isinstance(raw, str):
            return wrong(raw, at, faults, "a text")
        try:
            return kind(raw)
        except ValueError as error:
            faults.append(fault(at, "invalid", str(error)))
            return None

    schema: dict[str, Any] = {"type": "string", "description": told_of(kind)}
    if issubclass(kind, Line):
        schema |= {"minLength": 1, "maxLength": kind.LIMIT}
    if kind in _PATTERNS:
        schema["pattern"] = _PATTERNS[kind]
    return Shape(read, named(kind.__name__, schema), _SAMPLES.get(kind, "示例"))


def _citizen_number(raw: Any, at: str, faults: list[Fault]) -> Any:
    if not isinstance(raw, str):
        return wrong(raw, at, faults, "a text")
    try:
        return CitizenNumber(raw)
    except ValueError:
        for one in explain_number(raw):
            faults.append(fault(at, f"number-{one.code}", one.message))
        return None


def code_shape(kind: type[Code]) -> Shape:
    """A coded value."""
    known = kind.all()

    def read(raw: Any, at: str, faults: list[Fault]) -> Any:
        if not isinstance(raw, str):
            return wrong(raw, at, faults, "a code as a text")
        try:
            return kind(raw)
        except ValueError as error:
            faults.append(fault(at, "unknown-code", str(error)))
            return None

    schema = {"type": "string", "description": told_of(kind), "enum": [str(code) for code in known]}
    return Shape(read, named(kind.__name__, schema), str(known[0]))


def enumerated_shape(kind: type[Any], base: type[Any]) -> Shape:
    """One of a few values."""
    values = {base(one.value): one for one in kind}

    def read(raw: Any, at: str, faults: list[Fault]) -> Any:
        if type(raw) is not base:
            return wrong(raw, at, faults, "a number" if base is int else "a text")
        if raw not in values:
            wanted = ", ".join(map(str, values))
            faults.append(fault(at, "unknown-code", f"{raw!r} is none of {wanted}"))
            return None
        return values[raw]

    word = "integer" if base is int else "string"
    schema = {"type": word, "description": told_of(kind), "enum": list(values)}
    return Shape(read, named(kind.__name__, schema), next(iter(values)))


def _day(raw: Any, at: str, faults: list[Fault]) -> Any:
    if not isinstance(raw, str):
        return wrong(raw, at, faults, "a date as a text")
    try:
        if len(raw) != 10:
            raise ValueError
        day = date.fromisoformat(raw)
    except ValueError:
        faults.append(fault(at, "invalid", "a date is written like 2007-06-01"))
        return None
    if not FIRST_DAY <= day <= LAST_DAY:
        faults.append(fault(at, "out-of-range", f"a day from {FIRST_DAY} to {LAST_DAY}"))
        return None
    return day


def _identifier(raw: Any, at: str, faults: list[Fault]) -> Any:
    if not isinstance(raw, str):
        return wrong(raw, at, faults, "an identifier as a text")
    if _UUID.fullmatch(raw):
        return UUID(raw)
    faults.append(fault(at, "invalid", "an identifier is a UUID, eight-four-four-four-twelve"))
    return None


def _integer(raw: Any, at: str, faults: list[Fault]) -> Any:
    if type(raw) is not int:
        return wrong(raw, at, faults, "a whole number")
    if not INTEGERS[0] <= raw <= INTEGERS[1]:
        faults.append(fault(at, "out-of-range", f"from {INTEGERS[0]} to {INTEGERS[1]}"))
        return None
    return raw


def _truth(raw: Any, at: str, faults: list[Fault]) -> Any:
    return raw if isinstance(raw, bool) else wrong(raw, at, faults, "true or false")


def _plain_text(raw: Any, at: str, faults: list[Fault]) -> Any:
    return None if (text := _TEXT.read(raw, at, faults)) is None else str(text)


_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
SAMPLE_ID = "01920000-0000-7000-8000-000000000001"
PLAIN: dict[Any, Shape] = {
    date: Shape(_day, {"type": "string", "format": "date"}, "2007-06-01"),
    UUID: Shape(_identifier, {"type": "string", "format": "uuid"}, SAMPLE_ID),
    int: Shape(_integer, {"type": "integer", "minimum": INTEGERS[0], "maximum": INTEGERS[1]}, 1),
    bool: Shape(_truth, {"type": "boolean"}, True),
    str: Shape(
        _plain_text,
        {"type": "string", "minLength": 1, "maxLength": Text.LIMIT},
        "川民政〔2007〕1号",
    ),
    CitizenNumber: Shape(
        _citizen_number,
        named(
            "CitizenNumber",
            {
                "type": "string",
                "description": told_of(CitizenNumber),
                "pattern": "^[1-9][0-9]{16}[0-9X]$",
            },
        ),
        str(CitizenNumber.compose(DivisionCode("510603"), date(1970, 1, 1), 1)),
    ),
}
_PATTERNS: dict[type[str], str] = {
    DivisionCode: "^[0-9]{6}$",
    OfficeCode: "^[0-9]{12}$",
    PaperNumber: "^[0-9A-Za-z-]{1,40}$",
    Base64: "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    AcceptanceNumber: "^[0-9]{22}$",
    PackageNumber: "^[0-9]{25}$",
    ChipSerial: "^[0-9A-F]{16}$",
    Digest: "^[0-9a-f]{64}$",
}
_SAMPLES: dict[type[str], str] = {
    Name: "王小明",
    Text: "长江路",
    Officer: "李警官",
    HouseholdNumber: "100001",
    PlateNumber: "12号",
    PaperNumber: "A-2007-001",
    DivisionCode: "510603",
    OfficeCode: "510603001001",
    AcceptanceNumber: "5106030012007060100001",
    PackageNumber: "5106030000002007060100001",
    ChipSerial: "0123456789ABCDEF",
    Digest: "0123456789abcdef" * 4,
    Base64: "/9j/4AAQSkZJRgABAQEBXgFeAAA=",
}
_TEXT = text_shape(Text)
