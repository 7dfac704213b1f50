"""Whether columns of an earlier day still say what they said: the edition of the vocabulary.

New event types, and new fields that may be absent, change nothing for what is sealed; a field that
moves, changes its form or becomes dense does, and so does a table of codes that is not only longer.
"""

from __future__ import annotations

import json
from dataclasses import is_dataclass
from enum import Enum
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from registry.values import Code
from registry.vocabulary import VOCABULARY
from replay.columns.faults import Foreign
from replay.columns.forms import Form, ListForm, form_of, present
from replay.columns.layout import dense, layout


@cache
def edition() -> bytes:
    """How this program lays out each event type, by code, and the lists of all codes, by table.

    One line of JSON.
    """
    events = {}
    tables: dict[str, list[str]] = {}
    for shape, word in sorted(VOCABULARY.items(), key=lambda item: item[1].code):
        homes = layout(word.kind).homes[shape]
        events[str(word.code)] = {
            "kind": word.kind.value,
            "dense": {home: _form(form_of(field.type)) for field, home in homes if dense(field)},
            "sparse": {
                home: _form(form_of(field.type)) for field, home in homes if not dense(field)
            },
        }
        for field in word.fields:
            tables.update(_tables(field.type))
    told = {"events": events, "tables": dict(sorted(tables.items()))}
    return json.dumps(told, separators=(",", ":")).encode() + b"\n"


def read_edition(raw: bytes) -> dict[str, Any]:
    """An edition as it was written; raises Foreign if it is none."""
    try:
        told = json.loads(raw)
        return {"events": told["events"], "tables": told["tables"]}
    except (ValueError, KeyError, TypeError) as error:
        raise Foreign(f"this is no edition of a vocabulary: {error}") from error


def _form(form: Form | ListForm) -> Any:
    if isinstance(form, ListForm):
        return {name: _form(part) for name, part in form.parts.items()}
    return form.dtype + (f" {form.space}" if form.space else "") + (" text" if form.texts else "")


def _tables(hint: Any) -> dict[str, list[str]]:
    """The tables that values of a type are places in."""
    kind = present(hint)
    if get_origin(kind) is tuple:
        return _tables(get_args(kind)[0])
    if is_dataclass(kind):
        found: dict[str, list[str]] = {}
        for inner in get_type_hints(kind).values():
            found.update(_tables(inner))
        return found
    if isinstance(kind, type) and issubclass(kind, Code):
        return {kind.__name__: [str(code) for code in kind.all()]}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {kind.__name__: [*kind.__members__]}
    return {}


def differences(sealed: dict[str, Any]) -> list[str]:
    """Why columns laid out under another edition cannot be read by this program; [] if they can."""
    ours, found = read_edition(edition()), []
    for code, told in sealed["events"].items():
        here = ours["events"].get(code)
        if here is None:
            found.append(f"event {code} is not in this program's vocabulary")
        elif (here["kind"], here["dense"]) != (told["kind"], told["dense"]):
            found.append(f"event {code} has other columns now")
        elif any(here["sparse"].get(home) != form for home, form in told["sparse"].items()):
            found.append(f"event {code} has other optional fields now")
    for name, codes in sealed["tables"].items():
        if ours["tables"].get(name, [])[: len(codes)] != codes:
            found.append(f"the codes of {name} stand in another order now")
    return found
