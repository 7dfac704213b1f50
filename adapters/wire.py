"""JSON to commands: every declared field is read, and everything that is wrong is told at once.

The JSON Schema of a command derives from the same declaration, so document and reader agree.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import MISSING
from datetime import date
from difflib import get_close_matches
from enum import Enum, IntEnum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from adapters.shapes import (
    NAMED,
    PLAIN,
    Shape,
    code_shape,
    enumerated_shape,
    fault,
    named,
    text_shape,
    told_of,
    wrong,
)
from registry.errors import Fault, Malformed
from registry.values import EPOCH, Code

#: Most members of one list.
LONGEST = 20_000


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
    if hint in PLAIN:
        return PLAIN[hint]
    if issubclass(hint, Code):
        return code_shape(hint)
    if issubclass(hint, IntEnum):
        return enumerated_shape(hint, int)
    if issubclass(hint, Enum):
        return enumerated_shape(hint, str)
    assert issubclass(hint, str), hint
    return text_shape(hint)


def schemas(kinds: Sequence[Any]) -> dict[str, Any]:
    """The named schemas that types refer to, by name, for a document's components."""
    for kind in kinds:
        shape_of(kind)
    return dict(sorted(NAMED.items()))


def _optional(inner: Shape) -> Shape:
    def read(raw: Any, at: str, faults: list[Fault]) -> Any:
        return None if raw is None else inner.read(raw, at, faults)

    return Shape(read, {"anyOf": [inner.schema, {"type": "null"}]}, inner.sample)


def _list_of(inner: Shape) -> Shape:
    def read(raw: Any, at: str, faults: list[Fault]) -> Any:
        if not isinstance(raw, list):
            return wrong(raw, at, faults, "a list")
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
            return wrong(raw, at, faults, "an object")
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
        "description": told_of(kind),
        "properties": {
            name: _with_default(shape.schema, defaults[name]) for name, shape in fields.items()
        },
        "additionalProperties": False,
    }
    if needed:
        schema["required"] = needed
    sample = {name: fields[name].sample for name in needed}
    return Shape(read, named(kind.__name__, schema), sample)


def _with_default(schema: Mapping[str, Any], default: Any) -> dict[str, Any]:
    if default is MISSING or default is None or default == ():
        return dict(schema)
    return {"allOf": [dict(schema)], "default": default}


def _escaped(name: str) -> str:
    """A name as a step of a JSON pointer (RFC 6901)."""
    return name[:50].replace("~", "~0").replace("/", "~1")
