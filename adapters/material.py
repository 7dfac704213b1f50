"""The books of the production sites as the read models keep them: blanks, cards, waste, sheets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from adapters.reading import Reader
from registry.aggregates.card import BodyState
from registry.material import MAKER, Books, Place, Sheets
from registry.projections import At
from registry.projections import bodies as model
from registry.values import OfficeCode


def books(reader: Reader, before: At, after: At, site: OfficeCode | None = None) -> Books:
    """What the sites had at a point, what came and went since, and what they have at another.

    site: of this one only; moves to and from it are told then, and of others nothing.
    """
    name = None if site is None else str(site)
    found = Books(site)
    for at, counted in ((before, found.opening), (after, found.closing)):
        for row in reader.connection.execute(model.stock(at, name)):
            counted[_place(row.site, row.state)] += row.bodies
    for row in reader.connection.execute(model.moved(before.known, after.known, name)):
        move = _place(row.site_from, row.state_from), _place(row.site_to, row.state_to)
        found.moves[move] += row.bodies
    found.sheets = _sheets(
        _set(reader, model.unused_sheets(before, name)),
        _set(reader, model.received_sheets(before.known, after, name)),
        _set(reader, model.unused_sheets(after, name)),
    )
    return found


def order_moves(reader: Reader, work_order: str, known: int) -> Counter[tuple[str, str]]:
    """How many bodies of a work order went from one state to another, up to a position."""
    return Counter(
        {
            (BodyState(row.state_from).name.lower(), BodyState(row.state_to).name.lower()): (
                row.bodies
            )
            for row in reader.connection.execute(model.of_order(work_order, known))
        }
    )


Sheet = tuple[str, str, str]


def _set(reader: Reader, query: Any) -> set[Sheet]:
    return {(row[0], row[1], row[2]) for row in reader.connection.execute(query)}


def _sheets(
    opening: set[Sheet], received: set[Sheet], closing: set[Sheet]
) -> dict[OfficeCode, Sheets]:
    """Sheets by site; what was neither there nor received came from another site."""
    found = {}
    for site in sorted(_sites(opening | received | closing)):
        had, new, has = (
            {sheet for sheet in sheets if sheet[0] == site}
            for sheets in (opening, received, closing)
        )
        came = has - had - new
        gone = len(had) + len(new) + len(came) - len(has)
        found[OfficeCode(site)] = Sheets(len(had), len(new), len(came), gone, len(has))
    return found


def _sites(sheets: Iterable[Sheet]) -> set[str]:
    return {sheet[0] for sheet in sheets}


def _place(site: str | None, state: int) -> Place:
    return MAKER if site is None else (OfficeCode(site), BodyState(state))
