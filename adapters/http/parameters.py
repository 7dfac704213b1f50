"""Parameters of a request: declared once, read with all their faults at once, and documented."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import Request

from adapters.shapes import fault
from adapters.wire import read_value, shape_of
from registry.errors import Fault, Malformed

#: Eighteen or fifteen digits in an address are an identity number, which stands in logs for ever.
_NUMBER = re.compile(rb"(?<![0-9])([0-9]{17}[0-9Xx]|[0-9]{15})(?![0-9])")

ReadText = Callable[[str, str, list[Fault]], Any]


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter: where it stands, how its text is read, and what a document says of it."""

    name: str
    place: str = "query"
    read: ReadText
    schema: Mapping[str, Any]
    description: str
    required: bool = False
    default: Any = None
    example: Any = None

    def document(self) -> dict[str, Any]:
        """The parameter as an OpenAPI document tells it."""
        told: dict[str, Any] = {
            "name": self.name,
            "in": self.place,
            "required": self.required or self.place == "path",
            "description": self.description,
            "schema": dict(self.schema),
        }
        if self.default is not None:
            told["schema"]["default"] = self.default
        if self.example is not None:
            told["example"] = self.example
        return told


def typed(name: str, kind: Any, description: str, **more: Any) -> Parameter:
    """A parameter of a type that JSON texts can hold: a day, an identifier, a code."""
    shape = shape_of(kind)

    def read(text: str, at: str, faults: list[Fault]) -> Any:
        return read_value(kind, text, at, faults)

    more.setdefault("example", shape.sample)
    return Parameter(name=name, read=read, schema=shape.schema, description=description, **more)


def whole(name: str, least: int, most: int, default: int, description: str) -> Parameter:
    """A parameter that is a whole number within limits."""

    def read(text: str, at: str, faults: list[Fault]) -> int | None:
        if re.fullmatch(r"[0-9]{1,9}", text) and least <= int(text) <= most:
            return int(text)
        faults.append(fault(at, "out-of-range", f"a whole number from {least} to {most}"))
        return None

    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Parameter(name=name, read=read, schema=schema, description=description, default=default)


def path_id(name: str, description: str) -> Parameter:
    """An identifier in the path."""
    return typed(name, UUID, description, place="path")


def gather(
    request: Request, parameters: Iterable[Parameter], faults: list[Fault]
) -> dict[str, Any]:
    """Read a request's parameters; everything that is wrong is noted."""
    scope = request.scope
    raw: bytes = scope["query_string"]
    if _NUMBER.search(raw) or _NUMBER.search(scope["path"].encode()):
        faults.append(
            fault(
                "", "number-in-address", "identity numbers are sent in bodies, never in addresses"
            )
        )
        raise Malformed(faults)
    given: dict[str, str] = {}
    if raw:
        for name, word in parse_qsl(raw.decode("latin-1"), keep_blank_values=True):
            if name in given:
                faults.append(fault(name[:50], "repeated", "give it once"))
            given[name] = word
    values: dict[str, Any] = {}
    known = 0
    text: str | None
    for one in parameters:
        if one.place == "query":
            text = given.get(one.name)
            known += text is not None
        elif one.place == "path":
            text = scope["path_params"].get(one.name)
        else:
            text = request.headers.get(one.name)
        if text is not None:
            values[one.name] = one.read(text, one.name, faults)
        elif one.required:
            faults.append(fault(one.name, "missing", f"{one.name} is needed: {one.description}"))
            values[one.name] = None
        else:
            values[one.name] = one.default
    if known < len(given):
        names = {one.name for one in parameters if one.place == "query"}
        for name in given.keys() - names:
            there = f"there are {', '.join(sorted(names))}" if names else "there are none here"
            faults.append(fault(name[:50], "unknown-parameter", f"no such parameter; {there}"))
    return values


def header(request: Request, name: bytes) -> str | None:
    """A header of a request, without the cost of a mapping."""
    for key, value in request.scope["headers"]:
        if key == name:
            decoded: str = value.decode("latin-1")
            return decoded
    return None


@dataclass
class Limits:
    """How much a request may bring."""

    body: int = 1 << 20
    batch_body: int = 16 << 20
    batch: int = 1_000
    depth: int = 20_000  # submissions that may wait before more are turned away
