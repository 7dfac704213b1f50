"""Whether every blank, card and reject of the production sites is accounted for (物料平衡).

Openings and closings are read from the states of the bodies at two points, moves from the rows
between them, by a kernel of its own; `registry.material` holds the one against the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from registry.aggregates.card import STEPS, BodyState
from registry.events import cards
from registry.material import LEDGERS, MAKER, Books, Place, Sheets
from registry.values import OfficeCode
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.forms import NONE, Column
from replay.columns.layout import CODES, by_code, layout
from replay.columns.runs import Block
from replay.jit import integer, kernel
from replay.states.bodies import NO_STATE, body_states
from replay.states.history import At
from replay.states.standing import dense, plain, point, rows
from replay.threads import over_partitions

if TYPE_CHECKING:
    from replay.columns.log import Log

#: A move: from site to site, from state to state, for the work order of a handle.
MOVE = np.dtype(
    [("before", "u8"), ("after", "u8"), ("order", "u4"), ("was", "u1"), ("now", "u1"), ("_", "u2")]
)
#: Where a body is that has not been received, and the site that it is at.
OUTSIDE, NO_SITE = len(BodyState), 0
_SITE, _SHEET, _ISSUED, _RETURNED = (1 << bit for bit in range(4))
#: Of a body: that it was received between the points, and that it has the first place of its sheet.
LATELY, FIRST = 1, 2


@dataclass
class Material:
    """The books of all sites between two points.

    orders: by work order, the moves of its blanks. twice: applications that two good cards were
    made for.
    """

    books: Books = field(default_factory=Books)
    orders: dict[str, Counter[tuple[Place, Place]]] = field(default_factory=dict)
    twice: list[UUID] = field(default_factory=list)


@dataclass
class _Part:
    """What one block counts; sheets by site, lot and number, with whether they came lately."""

    books: Books
    orders: dict[str, Counter[tuple[Place, Place]]]
    made: Column
    opening: set[tuple[int, str, str]]
    closing: dict[tuple[int, str, str], bool]
    received: Counter[int]


def material(log: Log, before: At, after: At) -> Material:
    """Count what the sites had before, what came and went, and what they have after.

    before, after: points on both clocks, of which the first is not the later one.
    """
    parts = over_partitions(log, Kind.CARD, lambda block: _count(block, before, after))
    found = Material()
    made = [np.empty(0, "u4")]
    opening: set[tuple[int, str, str]] = set()
    closing: dict[tuple[int, str, str], bool] = {}
    received: Counter[int] = Counter()
    for part in parts:
        found.books.opening += part.books.opening
        found.books.moves += part.books.moves
        found.books.closing += part.books.closing
        for order, moves in part.orders.items():
            found.orders.setdefault(order, Counter()).update(moves)
        made.append(part.made)
        opening |= part.opening
        received += part.received
        for sheet, lately in part.closing.items():
            closing[sheet] = closing.get(sheet, False) or lately
    found.books.sheets = _sheets(opening, closing, received)
    handles, times = np.unique(np.concatenate(made), return_counts=True)
    found.twice = log.spaces.ids("application", handles[times > 1].tolist())
    return found


def _sheets(
    opening: set[tuple[int, str, str]],
    closing: Mapping[tuple[int, str, str], bool],
    received: Counter[int],
) -> dict[OfficeCode, Sheets]:
    """Sheets by site: whatever neither was there nor was received has come from elsewhere."""
    sites = {sheet[0] for sheet in (*opening, *closing)} | set(received)
    found = {}
    for site in sorted(sites):
        had = sum(1 for sheet in opening if sheet[0] == site)
        has = sum(1 for sheet in closing if sheet[0] == site)
        came = sum(
            1
            for sheet, lately in closing.items()
            if sheet[0] == site and not lately and sheet not in opening
        )
        gone = had + received[site] + came - has
        found[_office(site)] = Sheets(had, received[site], came, gone, has)
    return found


@cache
def _tables() -> tuple[Column, Column]:
    """Steps u1[states + 1, codes] to the state after, effects u1[codes]."""
    steps = np.zeros((OUTSIDE + 1, CODES), "u1")
    steps[:] = np.arange(OUTSIDE + 1)[:, None]
    for shape, (_, after) in STEPS.items():
        if after is not None:
            steps[:OUTSIDE, VOCABULARY[shape].code] = after
    steps[OUTSIDE, VOCABULARY[cards.BlankReceived].code] = BodyState.IN_STOCK
    laid = layout(Kind.CARD)
    effects = by_code(
        lambda word: (
            (_SITE if laid.declares("site")[word.code] else 0)
            | (_SHEET if word.shape is cards.BlankReceived else 0)
            | (_ISSUED if word.shape is cards.BlankIssued else 0)
            | (_RETURNED if word.shape is cards.BlankReturned else 0)
            if word.kind is Kind.CARD
            else 0
        ),
        "u1",
    )
    return plain(steps), plain(effects)


def _count(block: Block, before: At, after: At) -> _Part:
    old, new = body_states(block, before).table, body_states(block, after).table
    moves = np.empty(len(block), MOVE)
    seen, home = np.empty((block.size, 3), "u4"), np.empty(block.size, "u8")
    columns: tuple[Any, ...] = (
        *rows(block),
        *dense(block, "site", "lot", "sheet", "place", "work_order"),
        *_tables(),
        *point(block, before),
        *point(block, after),
        moves,
        seen,
        home,
    )
    found = moves[: trace(*columns)]
    books = Books(opening=_places(old), closing=_places(new))
    part = _Part(books, {}, _made(new), set(), {}, Counter())
    for move, count in _alike(found):
        step = (_place(move["before"], move["was"]), _place(move["after"], move["now"]))
        part.books.moves[step] += count
        if move["order"] != NONE:
            (order,) = block.texts.take([int(move["order"])])
            part.orders.setdefault(order, Counter())[step] += count
    _note_sheets(part, block, old, new, seen, home)
    return part


def _alike(moves: Column) -> Iterator[tuple[Any, int]]:
    """One move of each sort, and how many there are of it; sorted as integers, not as records."""
    key = np.zeros(len(moves), "i8")
    for name in ("before", "after", "order", "was", "now"):
        values, place = np.unique(moves[name], return_inverse=True)
        key = key * len(values) + place
    _, first, counts = np.unique(key, return_index=True, return_counts=True)
    yield from zip(moves[first], counts.tolist(), strict=True)


def _note_sheets(
    part: _Part, block: Block, old: Column, new: Column, seen: Column, home: Column
) -> None:
    """Note the sheets on which a blank is unused, and how many were received."""
    unused = [int(state) for state in LEDGERS["blanks"]]

    def named(states: Column) -> list[tuple[int, str, str, bool]]:
        kept = np.flatnonzero(np.isin(states["state"], unused))
        site = states["site"][kept]
        own = (seen[kept, 2] & LATELY != 0) & (home[kept] == site)
        told = np.unique(
            np.stack([site, *seen[kept, :2].T.astype("u8"), own.astype("u8")], axis=1), axis=0
        )
        handles = np.unique(told[:, 1:3]).tolist()
        texts = dict(zip(handles, block.texts.take(handles), strict=True))
        return [
            (office, texts[lot], texts[sheet], bool(lately))
            for office, lot, sheet, lately in told.tolist()
        ]

    part.opening = {sheet[:3] for sheet in named(old)}
    for site, lot, sheet, lately in named(new):
        key = site, lot, sheet
        part.closing[key] = part.closing.get(key, False) or lately
    sheets = home[seen[:, 2] == FIRST | LATELY]
    for site, count in zip(*np.unique(sheets, return_counts=True), strict=True):
        part.received[int(site)] += int(count)


def _places(states: Column) -> Counter[Place]:
    """How many bodies stand in each account of each site."""
    begun = states[states["state"] != NO_STATE]
    found: Counter[Place] = Counter()
    # A site has twelve digits, so that there is room for a state below it.
    pairs = begun["site"] * np.uint64(256) + begun["state"]
    for pair, count in zip(*np.unique(pairs, return_counts=True), strict=True):
        found[_place(int(pair) // 256, int(pair) % 256)] += int(count)
    return found


def _made(states: Column) -> Column:
    """The applications of the good cards, handles u4."""
    good = (states["state"] == BodyState.PERSONALISED) & (states["application"] != NONE)
    made: Column = states["application"][good]
    return made


def _place(site: int, state: int) -> Place:
    return MAKER if int(state) == OUTSIDE else (_office(int(site)), BodyState(int(state)))


def _office(site: int) -> OfficeCode:
    return OfficeCode(f"{site:012}")


@kernel
def trace(
    starts: Column,
    code: Column,
    day: Column,
    position: Column,
    site: Column,
    lot: Column,
    sheet: Column,
    place: Column,
    work_order: Column,
    steps: Column,
    effects: Column,
    day_before: int,
    known_before: int,
    day_after: int,
    known_after: int,
    moves: Column,
    seen: Column,
    home: Column,
) -> int:
    """Write every move of a body between two points; return how many there are.

    starts u4[bodies + 1]; code, day u2[n]; position u4[n]; site u8, lot, sheet u4, place i4,
    work_order u4: a value for each row whose code declares it; steps u1[states + 1, codes],
    effects u1[codes]; moves MOVE[n], written; seen u4[bodies, 3], written: lot, sheet, and bits;
    home u8[bodies], written: the site that received it.
    """
    s = h = o = 0
    count = 0
    for one in range(seen.shape[0]):
        now, here, order = OUTSIDE, NO_SITE, NONE
        seen[one, 0], seen[one, 1], seen[one, 2], home[one] = NONE, NONE, 0, NO_SITE
        for row in range(integer(starts[one]), integer(starts[one + 1])):
            does = integer(effects[code[row]])
            s_at, h_at, o_at = s, h, o
            s += does & 1
            h += does >> 1 & 1
            o += does >> 2 & 1
            if position[row] > known_after or day[row] > day_after:
                continue
            lately = position[row] > known_before or day[row] > day_before
            was, there, named = now, here, order
            now = integer(steps[now, code[row]])
            if now == OUTSIDE:
                continue
            if does & _SITE:
                here = integer(site[s_at])
            if does & _SHEET:
                seen[one, 0], seen[one, 1] = lot[h_at], sheet[h_at]
                seen[one, 2] = (LATELY if lately else 0) | (FIRST if place[h_at] == 1 else 0)
                home[one] = here
                order = named = NONE
            if does & _ISSUED:
                order = integer(work_order[o_at])
                named = order
            elif does & _RETURNED:
                order = NONE
            if lately and (was != now or there != here):
                move = moves[count]
                move["before"] = there
                move["after"] = here
                move["was"] = was
                move["now"] = now
                move["order"] = named
                move["_"] = 0
                count += 1
    return count
