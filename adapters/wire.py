"""JSON to commands: every declared field is read, and everything that is wrong is told at once.

The JSON Schema of a command derives from the same declaration, so document and reader agree.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass
from datetime import date
from difflib import get_close_matches
from enum import Enum, IntEnum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec

from registry.errors import Fault, Malformed
from registry.values import (
    EPOCH,
    CitizenNumber,
    Code,
    DivisionCode,
    HouseholdNumber,
    Line,
    Name,
    OfficeCode,
    Officer,
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
#: Most members of one list.
LONGEST = 20_000
#: A message is read by people.
MESSAGE = 300

_NUMBER_LIKE = re.compile(r"[0-9]{14,17}[0-9Xx]")

Read = Callable[[Any, str, list[Fault]], Any]


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


def read_json(body: bytes, at: str = "") -> Any:
    """Read JSON, or say where it stops being JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed([fault(at, "not-json", f"the body is not JSON: {error}")]) from error


def read_command(kind: Any, body: bytes | Mapping[str, Any], at: str = "") -> Any:
    """Read a command from its JSON; raises Malformed with every fault there is."""
    raw = read_json(body, at) if isinstance(body, bytes) else body
    faults: list[Fault] = []
    command = shape_of(kind).read(raw, at, faults)
    if faults:
        raise Malformed(faults)
    return command


def read_value(kind: Any, raw: Any, at: str, faults: list[Fault]) -> Any:
    """Read one value of a type; None where it is wrong, the faults being noted."""
    return shape_of(kind).read(raw, at, faults)


def shape_of(hint: Any) -> Shape:
    """How a type is read and described; found out once."""
    return _shape_of(hint)


@cache
def _shape_of(hint: Any) -> Shape:
    if get_origin(hint) in {UnionType, Union}:
        (inner,) = (one for one in get_args(hint) if one is not type(None))
        return _optional(shape_of(inner))
    if get_origin(hint) is tuple:
        return _list_of(shape_of(get_args(hint)[0]))
    hint = getattr(hint, "__supertype__", hint)
    if dataclasses.is_dataclass(hint):
        return _record(hint)  # type: ignore[arg-type]  # a class, not an instance
    if hint in _PLAIN:
        return _PLAIN[hint]
    if issubclass(hint, Code):
        return _code(hint)
    if issubclass(hint, IntEnum):
        return _enumerated(hint, int)
    if issubclass(hint, Enum):
        return _enumerated(hint, str)
    assert issubclass(hint, str), hint
    return _text(hint)


def schemas(kinds: Sequence[Any]) -> dict[str, Any]:
    """The named schemas that types refer to, by name, for a document's components."""
    for kind in kinds:
        shape_of(kind)
    return dict(sorted(_NAMED.items()))


_NAMED: dict[str, dict[str, Any]] = {}


def _named(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    _NAMED[name] = schema
    return {"$ref": f"#/components/schemas/{name}"}


def _told(kind: type[Any]) -> str:
    return (kind.__doc__ or kind.__name__).strip().splitlines()[0]


def _wrong(raw: Any, at: str, faults: list[Fault], wanted: str) -> None:
    words = {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "true or false",
        int: "a number",
    }
    got = "nothing" if raw is None else words.get(type(raw), "a number with a fraction")
    faults.append(fault(at, "wrong-type", f"expected {wanted}, got {got}"))


def _optional(inner: Shape) -> Shape:
    def read(raw: Any, at: str, faults: list[Fault]) -> Any:
        return None if raw is None else inner.read(raw, at, faults)

    return Shape(read, {"anyOf": [inner.schema, {"type": "null"}]}, inner.sample)


def _list_of(inner: Shape) -> Shape:
    def read(raw: Any, at: str, faults: list[Fault]) -> Any:
        if not isinstance(raw, list):
            return _wrong(raw, at, faults, "a list")
        if len(raw) > LONGEST:
            faults.append(fault(at, "too-long", f"at most {LONGEST} members, not {len(raw)}"))
            return None
        return tuple(inner.read(one, f"{at}/{place}", faults) for place, one in enumerate(raw))

    schema = {"type": "array", "items": inner.schema, "maxItems": LONGEST}
    return Shape(read, schema, [inner.sample])


def _record(kind: type[Any]) -> Shape:
    hints = get_type_hints(kind)
    fields = {one.name: shape_of(hints[one.name]) for one in dataclasses.fields(kind)}
    defaults = {one.name: one.default for one in dataclasses.fields(kind)}
    since = {name for name in fields if hints[name] in (date, date | None) and name != "birth_date"}

    def read(raw: Any, at: str, faults: list[Fault]) -> Any:
        if not isinstance(raw, dict):
            return _wrong(raw, at, faults, "an object")
        before = len(faults)
        values = {}
        for name, shape in fields.items():
            if name in raw:
                value = values[name] = shape.read(raw[name], f"{at}/{name}", faults)
                if name in since and value is not None and value < EPOCH:
                    faults.append(fault(f"{at}/{name}", "too-early", f"no day before {EPOCH}"))
            elif defaults[name] is MISSING:
                faults.append(fault(f"{at}/{name}", "missing", f"{name} is needed"))
        if not raw.keys() <= fields.keys():
            for name in raw.keys() - fields.keys():
                near = get_close_matches(name[:50], fields, 1)
                hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(fields)}"
                path = f"{at}/{_escaped(name)}"
                faults.append(fault(path, "unknown-field", f"no field of that name{hint}"))
        return kind(**values) if len(faults) == before else None

    needed = [name for name in fields if defaults[name] is MISSING]
    schema = {
        "type": "object",
        "description": _told(kind),
        "properties": {
            name: _with_default(shape.schema, defaults[name]) for name, shape in fields.items()
        },
        "additionalProperties": False,
    }
    if needed:
        schema["required"] = needed
    sample = {name: fields[name].sample for name in needed}
    return Shape(read, _named(kind.__name__, schema), sample)


def _with_default(schema: Mapping[str, Any], default: Any) -> dict[str, Any]:
    if default is MISSING or default is None or default == ():
        return dict(schema)
    return {"allOf": [dict(schema)], "default": default}


def _escaped(name: str) -> str:
    """A name as a step of a JSON pointer (RFC 6901)."""
    return name[:50].replace("~", "~0").replace("/", "~1")


def _text(kind: type[str]) -> Shape:
    def read(raw: Any, at: str, faults: list[Fault]) -> Any:
        if not isinstance(raw, str):
            return _wrong(raw, at, faults, "a text")
        try:
            return kind(raw)
        except ValueError as error:
            faults.append(fault(at, "invalid", str(error)))
            return None

    schema: dict[str, Any] = {"type": "string", "description": _told(kind)}
    if issubclass(kind, Line):
        schema |= {"minLength": 1, "maxLength": kind.LIMIT}
    if kind in _PATTERNS:
        schema["pattern"] = _PATTERNS[kind]
    return Shape(read, _named(kind.__name__, schema), _SAMPLES.get(kind, "示例"))


def _citizen_number(raw: Any, at: str, faults: list[Fault]) -> Any:
    if not isinstance(raw, str):
        return _wrong(raw, at, faults, "a text")
    try:
        return CitizenNumber(raw)
    except ValueError:
        for one in explain_number(raw):
            faults.append(fault(at, f"number-{one.code}", one.message))
        return None


def _code(kind: type[Code]) -> Shape:
    known = kind.all()

    def read(raw: Any, at: str, faults: list[Fault]) -> Any:
        if not isinstance(raw, str):
            return _wrong(raw, at, faults, "a code as a text")
        try:
            return kind(raw)
        except ValueError as error:
            faults.append(fault(at, "unknown-code", str(error)))
            return None

    schema = {"type": "string", "description": _told(kind), "enum": [str(code) for code in known]}
    return Shape(read, _named(kind.__name__, schema), str(known[0]))


def _enumerated(kind: type[Any], base: type[Any]) -> Shape:
    values = {base(one.value): one for one in kind}

    def read(raw: Any, at: str, faults: list[Fault]) -> Any:
        if type(raw) is not base:
            return _wrong(raw, at, faults, "a number" if base is int else "a text")
        if raw not in values:
            wanted = ", ".join(map(str, values))
            faults.append(fault(at, "unknown-code", f"{raw!r} is none of {wanted}"))
            return None
        return values[raw]

    word = "integer" if base is int else "string"
    schema = {"type": word, "description": _told(kind), "enum": list(values)}
    return Shape(read, _named(kind.__name__, schema), next(iter(values)))


def _day(raw: Any, at: str, faults: list[Fault]) -> Any:
    if not isinstance(raw, str):
        return _wrong(raw, at, faults, "a date as a text")
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
        return _wrong(raw, at, faults, "an identifier as a text")
    if _UUID.fullmatch(raw):
        return UUID(raw)
    faults.append(fault(at, "invalid", "an identifier is a UUID, eight-four-four-four-twelve"))
    return None


def _integer(raw: Any, at: str, faults: list[Fault]) -> Any:
    if type(raw) is not int:
        return _wrong(raw, at, faults, "a whole number")
    if not INTEGERS[0] <= raw <= INTEGERS[1]:
        faults.append(fault(at, "out-of-range", f"from {INTEGERS[0]} to {INTEGERS[1]}"))
        return None
    return raw


def _truth(raw: Any, at: str, faults: list[Fault]) -> Any:
    return raw if isinstance(raw, bool) else _wrong(raw, at, faults, "true or false")


def _plain_text(raw: Any, at: str, faults: list[Fault]) -> Any:
    return None if (text := shape_of(Text).read(raw, at, faults)) is None else str(text)


_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
SAMPLE_ID = "01920000-0000-7000-8000-000000000001"
_PLAIN: dict[Any, Shape] = {
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
        _named(
            "CitizenNumber",
            {
                "type": "string",
                "description": _told(CitizenNumber),
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
}
