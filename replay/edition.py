"""Whether columns of an earlier day still say what they said: the edition of the vocabulary.

New event types, and new fields that may be absent, change nothing for what is sealed; a field that
moves, changes its form or becomes dense does, and so does a table of codes that is not only longer.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from registry.values import Code
from registry.vocabulary import VOCABULARY
from replay.forms import Form, ListForm, form_of
from replay.layout import dense, layout


@cache
def edition() -> dict[str, Any]:
    """How this program lays out each event type, by code, and the lists of all codes, by table."""
    events = {}
    for shape, word in sorted(VOCABULARY.items(), key=lambda item: item[1].code):
        homes = layout(word.kind).homes[shape]
        events[str(word.code)] = {
            "kind": word.kind.value,
            "dense": {home: _form(form_of(field.type)) for field, home in homes if dense(field)},
            "sparse": {
                home: _form(form_of(field.type)) for field, home in homes if not dense(field)
            },
        }
    return {"events": events, "tables": _tables()}


def _form(form: Form | ListForm) -> Any:
    if isinstance(form, ListForm):
        return {name: _form(part) for name, part in form.parts.items()}
    return form.dtype + (f" {form.space}" if form.space else "") + (" text" if form.texts else "")


def _tables() -> dict[str, list[str]]:
    found = {}
    kinds = [Code]
    while kinds:
        kind = kinds.pop()
        inner = kind.__subclasses__()
        kinds += inner
        if not inner:
            found[kind.__name__] = [str(code) for code in kind.all()]
    return dict(sorted(found.items()))


def differences(sealed: dict[str, Any]) -> list[str]:
    """Why columns laid out under another edition cannot be read by this program; [] if they can."""
    ours, found = edition(), []
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
