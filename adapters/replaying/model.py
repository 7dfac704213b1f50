"""What it takes to fill a read model from columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from adapters.replaying.laying import alone
from adapters.replaying.stating import States
from adapters.replaying.wire import INTEGER, Cells
from registry.projections import PROJECTIONS
from registry.projections.base import Dated, Projection
from registry.vocabulary import Field, Kind
from replay.columns.forms import Column

Rows = list[Cells]


@dataclass(frozen=True)
class Model:
    """How a read model is filled from columns.

    fields: of the aggregate, that its rows are made of. rows: the columns of its table, of a
    stretch of entities as known at a position, those of odd entities left out.
    """

    name: str
    fields: tuple[str, ...]
    rows: Callable[[States, int], Rows]

    @property
    def projection(self) -> Projection:
        """The read model."""
        return PROJECTIONS[self.name]

    @property
    def kind(self) -> Kind:
        """The kind of stream that it is folded from."""
        (kind,) = self.projection.kinds
        return kind


def plainly(name: str, fields: Sequence[str]) -> Model:
    """A read model whose row shows fields of the state as they are, from its first entry on."""

    def rows(states: States, known: int) -> Rows:
        there = np.ones(len(states.block), np.bool_)
        model = PROJECTIONS[name]
        assert isinstance(model, Dated)
        return alone(states, model, there, [states.cells(one) for one in fields], known)

    return Model(name, tuple(fields), rows)


def constant(states: States, value: Column | int) -> Cells:
    """A column of integers."""
    return Cells(np.broadcast_to(np.asarray(value, "i8"), (len(states.block),)), INTEGER)


def known_rows(states: States, known: int) -> Column:
    """Which rows are known at a position, of entities that are not odd."""
    found: Column = (states.block.position <= known) & ~states.odd[states.entity]
    return found


def public_field(states: States, code: int, name: str) -> Field | None:
    """A field of an event type that is no part of its private half."""
    found = (one for one in states.words[code].fields if one.name == name and one.part is None)
    return next(found, None)
