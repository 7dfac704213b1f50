"""Where each field of each event lies, derived from the declarations: what every reader agrees on.

A row is an entry. Code, effective day and position are in every row. A field without a default is
*dense*: its column has a value for each row whose event declares the field, and for no other. Lists
and fields with a default are *sparse*: they name their rows. The envelope lies apart, cold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.events import __all__ as events
from registry.vocabulary import VOCABULARY, EventType, Field, Kind
from replay.columns.forms import Form, ListForm, form_of, plain_form

assert events, "importing the events fills the vocabulary, from which all tables derive"

#: What every row of every kind of stream has.
FIXED = {"code": "u2", "effective_on": "u2", "position": "u4"}
#: The envelope: who recorded a row, when and for which submission (its sixteen bytes in two).
COLD = {
    "recorded_at": "i8",
    "officer": "u4",
    "office": "u4",
    "submission_high": "u8",
    "submission_low": "u8",
    "origin": "u2",
    "origin_seq": "i8",
}
#: Columns of the envelope that hold handles of texts.
COLD_TEXTS = ("officer", "office")
#: An entity is in partition `handle >> PARTITION_BITS`; part of the format: roots depend on it.
PARTITION_BITS = 16
PARTITION = 1 << PARTITION_BITS
#: One more than any code that may be given: the size of tables by code.
CODES = 1024


@dataclass(frozen=True)
class Layout:
    """The columns of one kind of stream.

    homes: for each event type, its fields with the column that holds them; a field that names the
    community entered or left lies in `enters` or `leaves`.
    """

    kind: Kind
    dense: Mapping[str, Form]
    sparse: Mapping[str, Form | ListForm]
    homes: Mapping[type[Any], tuple[tuple[Field, str], ...]]

    def declares(self, column: str) -> NDArray[np.bool_]:
        """Which codes have a value in a dense column, bool[CODES]."""
        return _declaring(self.kind, column)


@cache
def _declaring(kind: Kind, column: str) -> NDArray[np.bool_]:
    table = np.zeros(CODES, np.bool_)
    for shape, homes in layout(kind).homes.items():
        if any(home == column and dense(field) for field, home in homes):
            table[VOCABULARY[shape].code] = True
    table.flags.writeable = False
    return table


@cache
def layout(kind: Kind) -> Layout:
    """Derive the layout of a kind of stream from the vocabulary."""
    dense: dict[str, Form] = {}
    sparse: dict[str, Form | ListForm] = {}
    homes = {}
    for word in VOCABULARY.values():
        if word.kind is not kind:
            continue
        assert word.code < CODES, f"{word.name}: codes end at {CODES}"
        found = []
        for field in word.fields:
            if field.name == "effective_on":
                continue
            form, home = form_of(field.type), _home(word, field)
            plain = isinstance(form, Form) and field.default is MISSING
            held = (dense if plain else sparse).setdefault(home, form)  # type: ignore[arg-type]
            assert held == form, f"{word.name}.{home} has two kinds of value"
            found.append((field, home))
        homes[word.shape] = tuple(found)
    # A name that one event needs and another may leave out lies in two columns.
    return Layout(kind, dense, sparse, homes)


def _home(word: EventType, field: Field) -> str:
    if field.name == word.enters:
        return "enters"
    return "leaves" if field.name == word.leaves else field.name


@cache
def dense(field: Field) -> bool:
    """Whether a field lies in a dense column."""
    return field.default is MISSING and isinstance(form_of(field.type), Form)


def absent(field: Field) -> Any:
    """What a field holds in the rows that do not have it."""
    return None if field.default is MISSING else field.default


def by_code(value: Any, dtype: str = "u4") -> NDArray[Any]:
    """A table by event code, from a function of the declaration."""
    table = np.zeros(CODES, dtype)
    for word in VOCABULARY.values():
        table[word.code] = value(word)
    return table


#: The form of texts of the envelope.
TEXT = plain_form(str)
