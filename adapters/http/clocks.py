"""Parameters that questions share: both clocks, receipts, cursors, fields, and the purpose."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from adapters.http.parameters import Parameter, typed
from adapters.http.sight import WHOLE
from adapters.purposes import PURPOSES, read_purpose
from adapters.shapes import fault
from adapters.wire import read_value
from registry.errors import Fault

KNOWN = "known"
CURSOR = "cursor"
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{12,}")


def read_known_at(text: str, at: str, faults: list[Fault]) -> Any:
    """An instant, a date, or the token of a point that an earlier answer told."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return read_value(date, text, at, faults)
    if _INSTANT.match(text):
        try:
            return datetime.fromisoformat(text.replace(" ", "+"))
        except ValueError:
            pass
    elif _TOKEN.fullmatch(text):
        return text
    faults.append(
        fault(at, "invalid", "a date, an instant like 2007-06-01T10:15:00+08:00, or a `known`")
    )
    return None


def read_token(text: str, at: str, faults: list[Fault]) -> str | None:
    """An opaque token, still sealed."""
    if _TOKEN.fullmatch(text):
        return text
    faults.append(fault(at, "not-a-token", "give it back as it was received"))
    return None


def read_names(text: str, at: str, faults: list[Fault]) -> tuple[str, ...] | None:
    """Names of fields of a person."""
    names = tuple(dict.fromkeys(text.split(",")))
    if unknown := [name[:50] for name in names if name not in WHOLE]:
        told = f"no field {', '.join(unknown)}; there are {', '.join(WHOLE)}"
        faults.append(fault(at, "unknown-field", told))
        return None
    return names


TEXT = {"type": "string"}
VALID_ON = typed(
    "valid_on", date, "the day in the world; today unless given, and never in the future"
)
KNOWN_AT = Parameter(
    name="known_at",
    read=read_known_at,
    schema=TEXT,
    description="as known at an instant, at the end of a date (UTC+8), or at the `known` of an "
    "earlier answer; now unless given, and never in the future",
    example="2007-06-01",
)
AFTER = Parameter(
    name="after",
    read=read_token,
    schema=TEXT,
    description="a `receipt`: the answer waits until what was recorded with it can be read",
)
FIELDS = Parameter(
    name="fields",
    read=read_names,
    schema=TEXT,
    description="names of fields with commas between them; all that the role may see unless given",
    example="name,birth_date",
)
PAGE = Parameter(
    name="cursor",
    read=read_token,
    schema=TEXT,
    description="the `next` of the page before; it carries its own point on both clocks",
)
PURPOSE = Parameter(
    name="Purpose",
    place="header",
    read=read_purpose,
    schema=TEXT,
    required=True,
    description=f"why: {', '.join(PURPOSES)}; with `; case=NUMBER` where there is one",
    example="registration",
)
