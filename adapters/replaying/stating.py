"""States of a stretch of entities as columns: what each was after each of its entries.

A state is carried on from entry to entry by what event types do to its fields. Entities to whom
something happened that cannot be told so are named, to be folded one by one.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Any, get_type_hints

import numpy as np

from adapters.replaying.effects import KEPT, Effect, Effects, Told, effects
from adapters.replaying.wire import NULL, Cells, Halves, wire_of
from registry.aggregates import Aggregate
from registry.vocabulary import VOCABULARY, EventType, Field
from replay.columns.forms import Column, Form, form_of, plain_form, present
from replay.columns.layout import absent, dense
from replay.columns.runs import Block
from replay.states.standing import OPENS


class States:
    """Fields of the states of a block's entities, each i8[rows]: after every entry.

    shape: the aggregate. names: the fields that are asked for. halves: identifiers by handle.
    """

    def __init__(
        self,
        block: Block,
        shape: type[Aggregate],
        names: Collection[str],
        halves: Halves,
    ) -> None:
        self.block, self.halves = block, halves
        self._hints = get_type_hints(shape)
        starts = block.starts.astype("i8")
        self.entity = np.repeat(np.arange(block.size), np.diff(starts))  # counted from the first
        self._rows = np.arange(len(block))
        self.first: Column = starts[self.entity] == self._rows
        self.words = {word.code: word for word in VOCABULARY.values() if word.kind is shape.KIND}
        self.where = {
            int(code): np.flatnonzero(block.code == code) for code in np.unique(block.code)
        }
        self._said: dict[tuple[str, bool], Column] = {}
        self.odd = np.zeros(block.size, np.bool_)
        self.odd[self.entity[(OPENS[block.code] != 0) != self.first]] = True
        back = np.diff(block.effective_on.astype("i4"), prepend=0) < 0
        self.odd[self.entity[back & ~self.first]] = True
        self._effects: dict[int, Effects] = {}
        asked = frozenset(names)
        for code, rows in self.where.items():
            found = effects(shape, asked, self.words[code])
            if found is None:
                self.odd[self.entity[rows]] = True
            else:
                self._effects[code] = found
        self._columns: dict[str, Column] = {}
        self._compare()
        for name in asked:
            self._columns[name] = self._carried(name)

    def _compare(self) -> None:
        """Decide for each entry which of the two effects of its type it has."""
        self._equal: dict[int, Column] = {}
        for code, found in self._effects.items():
            if found.compared is not None:
                said, name = found.compared
                before = self.before(self._carried(name))
                field = self._field(self.words[code], said)
                rows = self.where[code]
                self._equal[code] = self.said(code, field)[rows] == before[rows]

    def _field(self, word: EventType, name: str) -> Field:
        (found,) = (field for field in word.fields if field.name == name)
        return found

    def _carried(self, name: str) -> Column:
        """A field of the state after every entry."""
        told = np.full(len(self.block), NULL)
        written = self.first.copy()
        for code, found in self._effects.items():
            rows, equal = self.where[code], self._equal.get(code)
            if equal is None:
                self._write(name, code, found.equal, rows, told, written)
            else:
                self._write(name, code, found.equal, rows[equal], told, written)
                self._write(name, code, found.unequal, rows[~equal], told, written)
        column: Column = told[np.maximum.accumulate(np.where(written, self._rows, 0))]
        return column

    def _write(
        self, name: str, code: int, effect: Effect, rows: Column, told: Column, written: Column
    ) -> None:
        if name not in effect:
            return
        what = effect[name]
        if not isinstance(what, Told):
            told[rows], written[rows] = self.code(name, what), True
            return
        mine, theirs = plain_form(self.kind(name)), form_of(what.field.type)
        assert mine == theirs or (mine.texts and isinstance(theirs, Form) and theirs.texts), name
        said = self.said(code, what.field)[rows]
        if what.otherwise is KEPT:
            rows, said = rows[said != NULL], said[said != NULL]
        elif what.otherwise is not None:
            said = np.where(said == NULL, self.code(name, what.otherwise), said)
        told[rows], written[rows] = said, True

    def kind(self, name: str) -> Any:
        """The type of a field of the state."""
        return present(self._hints[name])

    def code(self, name: str, value: Any) -> int:
        """A value of a field of the state as columns hold it."""
        if value is None:
            return NULL
        return place(self.kind(name), value)

    def said(self, code: int, field: Field) -> Column:
        """A field of the events of a type, i8[rows]; of other rows whatever its column holds."""
        if field.name == "effective_on":
            return self._day
        home = next(
            home
            for one, home in self.block.layout.homes[self.words[code].shape]
            if one.name == field.name
        )
        key = home, dense(field)
        if key not in self._said:
            self._said[key] = self._read(field, home)
        return self._said[key]

    @cached_property
    def _day(self) -> Column:
        return self.block.effective_on.astype("i8")

    def _read(self, field: Field, home: str) -> Column:
        form = form_of(field.type)
        assert isinstance(form, Form), f"{field.name} is a list"
        block = self.block
        column = np.full(len(block), NULL)
        if dense(field):
            rows: Column = np.flatnonzero(block.layout.declares(home)[block.code])
            column[rows] = normal(block.dense[home], form)
        else:
            assert absent(field) is None, f"{field.name} has a default"
            rows = block.sparse[home].rows.astype("i8")
            column[rows] = normal(block.sparse[home].parts["value"], form)
        if form.texts and form.dtype == "i8":  # numbers that have not the form of one
            wrong = (column < 0) & (column != NULL)
            self.odd[self.entity[wrong]] = True
        return column

    def before(self, column: Column) -> Column:
        """A field of the state before every entry; NULL before the first."""
        moved = np.roll(column, 1)
        moved[self.first] = NULL
        return moved

    def __getitem__(self, name: str) -> Column:
        """A field of the state after every entry, i8[rows]."""
        return self._columns[name]

    def cells(self, name: str) -> Cells:
        """A field of the state after every entry, as a column of a table."""
        return Cells(self[name], wire_of(self.kind(name), self.block.texts, self.halves))


def place(kind: Any, value: Any) -> int:
    """A value of a kind that needs no heap, as columns hold it."""
    nothing: Any = None
    return int(np.asarray(plain_form(kind).pack([value], nothing))[0])


def normal(column: Column, form: Form) -> Column:
    """A column as integers of 64 bits, NULL where there is no value."""
    return np.where(column == form.null, NULL, column.astype("i8"))
