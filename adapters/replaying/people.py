"""Where persons are registered, and how populations change, out of columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adapters.replaying.laying import alone, months, recorded_days, stream_of
from adapters.replaying.model import Rows, constant, known_rows, public_field
from adapters.replaying.stating import States, place
from adapters.replaying.wire import INTEGER, LONG, NULL, Cells, Characters, Identifiers, words
from registry.aggregates.person import Life
from registry.projections import flows, residences
from registry.projections.packing import plain
from registry.values import HukouNature, OutKind
from replay.columns.forms import Column
from replay.columns.layout import CODES


def residence_rows(states: States, known: int) -> Rows:
    """Where persons are registered, or which community answers for them on the move."""
    living = states["life"] == place(Life, Life.LIVING)
    home = states["community"] != NULL
    away = (states["out_kind"] == place(OutKind, OutKind(residences.ON_THE_WAY))) & (
        states["left_community"] != NULL
    )

    def where(name: str, there: Column) -> Cells:
        codes, wire = states.cells(name)
        return Cells(np.where(there, codes, NULL), wire)

    left, wire = states.cells("left_community")
    values = [
        Cells(np.where(home, states["community"], left), wire),
        constant(states, np.where(home, residences.RESIDENT, residences.IN_TRANSIT)),
        where("household", home),
        *(where(name, ~home) for name in ("certificate", "destination", "left_on")),
    ]
    return alone(states, residences.RESIDENCES, living & (home | away), values, known)


def flow_rows(states: States, known: int) -> Rows:
    """What each entry does to the population of the communities that it touches."""
    block = states.block
    towns = [place(HukouNature, one) for one in flows.TOWNS]
    placed = np.where(states["life"] == place(Life, Life.LIVING), states["community"], NULL)
    town = np.isin(states["nature"], towns)
    left, was = states.before(placed), states.before(town.astype("i8")) == 1
    counted = flows.LEFT_TOWN * ((left != NULL) & was) + flows.ENTERED_TOWN * (
        (placed != NULL) & town
    )
    both = flows.LEFT_TOWN + flows.ENTERED_TOWN
    still = (left == placed) & ((counted == 0) | (counted == both))
    rows = np.flatnonzero(known_rows(states, known) & ~still)
    code = block.code[rows]
    days = recorded_days(states, rows)
    causes = sorted({*flows.CAUSES.values()})
    about = np.zeros(CODES, "i8")
    for number, cause in flows.CAUSES.items():
        if number is not None:
            about[number] = causes.index(cause)
    where = Identifiers(*states.halves("community"))
    kind, reason = (said_texts(states, names) for names in (flows.KINDS, ("reason",)))
    away = np.full(len(block), NULL)
    for name in reversed(flows.AWAY):
        _over(states, name, away)
    return [
        Cells(block.position[rows].astype("i8"), LONG),
        stream_of(states, rows),
        Cells(days, INTEGER),
        Cells(months(days), INTEGER),
        Cells(about[code], words(causes)),
        Cells(left[rows], where),
        Cells(placed[rows], where),
        Cells(code.astype("i8"), INTEGER),
        Cells(counted[rows], INTEGER),
        kind.of(rows),
        reason.of(rows),
        Cells(away[rows], Characters(6)),
    ]


def _over(states: States, name: str, column: Column) -> None:
    """Write what events say in a field over a column, of the types that flows tell of."""
    for number, rows in states.where.items():
        field = public_field(states, number, name)
        if field is not None and number in flows.TELLING:
            said = states.said(number, field)[rows]
            column[rows[said != NULL]] = said[said != NULL]


def said_texts(states: States, names: Sequence[str]) -> Cells:
    """What the first of some coded fields says that says anything, of the types flows tell of."""
    lists: list[str] = []
    begins: dict[Any, int] = {}
    column = np.full(len(states.block), NULL)
    for name in reversed(names):
        for number, rows in states.where.items():
            field = public_field(states, number, name)
            if field is None or number not in flows.TELLING:
                continue
            kind = plain(field.type)[0]
            if kind not in begins:
                begins[kind] = len(lists)
                lists += [str(one) for one in kind.all()]
            said = states.said(number, field)[rows]
            there = said != NULL
            column[rows[there]] = said[there] + begins[kind]
    return Cells(column, words(lists))
