"""What the scanning kernels look for in stored halves, derived from the declarations.

A slot is a list of tokens: one for each column of a layout, and two for what every row has. A
token says where a value stands; `replay.intake.rows` makes columns of them.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, fields
from datetime import date
from functools import cache
from typing import Any, NamedTuple, get_args, get_type_hints
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from registry.values import CitizenNumber
from registry.vocabulary import VOCABULARY, EventType, Field, Kind
from replay.columns.forms import Form, ListForm, present
from replay.columns.layout import CODES, Layout, dense, layout
from replay.intake.scanning import DIGESTS, Keys, Shapes


@dataclass(frozen=True)
class Slot:
    """Tokens of one column: the column's name, whether it is dense, and its kind of value."""

    home: str
    dense: bool
    kind: Any
    form: Form | ListForm

    @property
    def number(self) -> bool:
        """Whether its values are identity numbers."""
        return self.kind is CitizenNumber

    @property
    def text(self) -> bool:
        """Whether its values are texts and nothing else."""
        return isinstance(self.form, Form) and self.form.texts and not self.number


class Plan(NamedTuple):
    """What is looked for in the rows of one kind of stream.

    slots: texts first, `texts` of them; after them come those of the effective day and of the
    salts. supply i8[slots + 2, CODES]: how many tokens a row of a code can give.
    """

    layout: Layout
    keys: Keys
    shapes: Shapes
    slots: tuple[Slot, ...]
    texts: int
    supply: NDArray[np.int64]

    @property
    def effective(self) -> int:
        """The slot of effective days."""
        return len(self.slots)

    @property
    def salts(self) -> int:
        """The slot of the salts of private parts."""
        return len(self.slots) + 1


@cache
def plan(kind: Kind) -> Plan:
    """The plan of a kind of stream."""
    laid = layout(kind)
    found: dict[tuple[str, bool], Slot] = {}
    for homes in laid.homes.values():
        for field, home in homes:
            full = dense(field)
            form = (laid.dense if full else laid.sparse)[home]
            found[home, full] = Slot(home, full, present(field.type), form)
    slots = tuple(sorted(found.values(), key=lambda slot: not slot.text))
    places = {(slot.home, slot.dense): place for place, slot in enumerate(slots)}
    book = _Book(places, len(slots))
    for shape, homes in laid.homes.items():
        book.add(VOCABULARY[shape], {field.name: (home, dense(field)) for field, home in homes})
    texts = sum(slot.text for slot in slots)
    return Plan(laid, book.keys(), book.shapes(), slots, texts, book.supply)


def element_keys(form: ListForm) -> tuple[Keys, Shapes]:
    """What is looked for in the elements of lists that are objects, as rows of the code 0."""
    book = _Book({}, 0)
    for place, part in enumerate(form.parts):
        book.key(part, place, MISSING, 0)
    shapes = book.shapes()
    shapes.code_end[0] = len(form.parts)
    return book.keys(), shapes


def element_kinds(slot: Slot) -> dict[str, Any]:
    """The kinds of value of a list's elements, by part."""
    assert isinstance(slot.form, ListForm)
    inner = present(get_args(slot.kind)[0])
    if slot.form.element is None:
        return {"value": inner}
    hints = get_type_hints(slot.form.element)
    return {one.name: present(hints[one.name]) for one in fields(slot.form.element)}


class _Book:
    """Keys and shapes while they are collected."""

    def __init__(self, places: dict[tuple[str, bool], int], slots: int) -> None:
        self.places = places
        self.slots = slots
        self.supply = np.zeros((slots + 2, CODES), np.int64)
        self._text, self._mask = bytearray(), bytearray()
        self._keys: list[tuple[int, ...]] = []
        self._parts: list[tuple[int, ...]] = []
        self._shapes = np.zeros((4, CODES), "u4")

    def add(self, word: EventType, homes: dict[str, tuple[str, bool]]) -> None:
        """Add an event type."""
        self._shapes[0, word.code] = len(self._keys)
        for field in word.fields:
            if field.part is None:
                self._field(word, field, homes)
        self.key("parts", DIGESTS, {}, 0)
        self._shapes[1, word.code] = len(self._keys)
        self._shapes[2, word.code] = len(self._parts)
        for part in word.parts:
            first = len(self._keys)
            self.key("salt", self.slots + 1, MISSING, 34)
            for field in word.fields:
                if field.part == part:
                    self._field(word, field, homes)
            self._parts.append((*self._put(_name(part)), first, len(self._keys)))
        self.supply[self.slots + 1, word.code] = len(word.parts)
        self._shapes[3, word.code] = len(self._parts)

    def _field(self, word: EventType, field: Field, homes: dict[str, tuple[str, bool]]) -> None:
        # Effective days are written by every event and have a column of their own.
        named = field.name == "effective_on"
        slot = self.slots if named else self.places[homes[field.name]]
        self.supply[slot, word.code] += 1
        self.key(field.name, slot, field.default, _width(present(field.type)))

    def key(self, name: str, slot: int, default: Any, width: int) -> None:
        """Add a key; a default other than MISSING may be left out, and is when it holds."""
        needed = default is MISSING
        absent = b"" if needed else json.dumps(default, separators=(",", ":")).encode()
        self._keys.append((*self._put(_name(name)), slot, needed, width, *self._put(absent)))

    def _put(self, text: bytes) -> tuple[int, int, int]:
        """Add a text; where it begins and ends, in words of eight bytes, and its size in bytes."""
        first = len(self._text) // 8
        room = -len(text) % 8
        self._text += text + bytes(room)
        self._mask += b"\xff" * len(text) + bytes(room)
        return first, len(self._text) // 8, len(text)

    def keys(self) -> Keys:
        """The keys as kernels read them."""
        told = np.array(self._keys, np.int64).reshape(-1, 9).T
        kinds = ("u4", "u4", "u1", "i4", "u1", "u1", "u4", "u4", "u1")
        text, mask = (np.frombuffer(bytes(one), "<u8").copy() for one in (self._text, self._mask))
        return Keys(text, mask, *(one.astype(kind) for one, kind in zip(told, kinds, strict=True)))

    def shapes(self) -> Shapes:
        """The keys and parts of each code as kernels read them."""
        parts = np.array(self._parts, "u4").reshape(-1, 5).T
        return Shapes(*(one.copy() for one in self._shapes), *(one.copy() for one in parts))


def _name(name: str) -> bytes:
    return b'"%s":' % name.encode()


def _width(kind: Any) -> int:
    """The size of a token that is always as wide, 0 for others."""
    if getattr(kind, "__supertype__", kind) is UUID:
        return 38
    return 12 if kind is date else 0
