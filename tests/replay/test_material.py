"""Conservation of material: the books balance, and a clerk who counts by hand finds the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from registry.aggregates import CardBody
from registry.entry import Entry
from registry.events import cards
from registry.material import MAKER, Sheets
from registry.values import PaperNumber
from replay.columns.log import KeptLog
from replay.questions.material import Material, material
from replay.states.history import At
from tests.replay.test_body_walks import SITES, walk

FIRST_DAY = date(2007, 6, 1)
DRAWN = (Phase.explicit, Phase.reuse, Phase.generate)  # seeds shrink to other seeds
BITS = 3  # several partitions of eight bodies each


def told(seeds: list[int]) -> list[Entry]:
    """What happens to some bodies in turns, some on every day; eight of them lie on a sheet."""
    histories = []
    for number, seed in enumerate(seeds):
        happened = walk(Random(seed), 20)
        for at, event in enumerate(happened):
            if isinstance(event, cards.BlankReceived):
                sheet = PaperNumber(f"S{number // 8}")
                happened[at] = replace(
                    event, sheet=sheet, place=number % 8 + 1, site=SITES[number // 8 % 3]
                )
            elif isinstance(event, cards.BlankIssued):
                happened[at] = replace(event, work_order=PaperNumber(f"GD{seed % 3}"))
        histories.append(happened)
    entries: list[Entry] = []
    versions: Counter[int] = Counter()
    chance = Random(sum(seeds))
    waiting = [number for number, happened in enumerate(histories) for _ in happened]
    chance.shuffle(waiting)
    for place, number in enumerate(waiting):
        day = FIRST_DAY + timedelta(place // 20)
        event = replace(histories[number][versions[number]], effective_on=day)
        versions[number] += 1
        stream = UUID(int=number + 1)
        entries.append(Entry(stream, versions[number], event, day, len(entries) + 1))
    return entries


def by_hand(entries: list[Entry], at: At) -> dict[UUID, CardBody]:
    """The bodies at a point, each folded from its own entries."""
    found: dict[UUID, Any] = {}
    for entry in entries:
        if entry.position <= at.known and entry.effective_on <= at.valid_on:
            found[entry.stream] = CardBody.after(found.get(entry.stream), entry.event, entry.stream)
    return {stream: body for stream, body in found.items() if body is not None}


SEEDS = st.lists(st.integers(0, 2**32), min_size=24, max_size=24)


@given(SEEDS, st.data())
@settings(deadline=None, max_examples=20, phases=DRAWN)
def test_the_books_balance_between_any_two_points(seeds: list[int], data: st.DataObject):
    entries = told(seeds)
    log = KeptLog(entries, BITS)
    first = data.draw(st.integers(0, len(entries)))
    last = data.draw(st.integers(first, len(entries)))
    days = [entry.effective_on for entry in entries]
    before = At(days[max(first - 1, 0)] if first else FIRST_DAY - timedelta(1), first)
    after = At(days[max(last - 1, 0)] if last else FIRST_DAY - timedelta(1), last)
    found = material(log, before, after)
    assert found.books.differences() == {}
    assert not any(line.difference for line in found.books.lines())
    for at, counted in ((before, found.books.opening), (after, found.books.closing)):
        places = Counter((body.site, body.state) for body in by_hand(entries, at).values())
        assert counted == places
    assert_sheets(found, by_hand(entries, before), by_hand(entries, after))


def assert_sheets(
    found: Material, before: dict[UUID, CardBody], after: dict[UUID, CardBody]
) -> None:
    unused = {"IN_STOCK", "ON_LINE", "BOUND", "IN_TRANSIT"}
    for site, sheets in found.books.sheets.items():
        had, has = (
            {
                (body.lot, body.sheet)
                for body in bodies.values()
                if body.site == site and body.state.name in unused
            }
            for bodies in (before, after)
        )
        assert (sheets.opening, sheets.closing) == (len(had), len(has))
        assert sheets.opening + sheets.received + sheets.came - sheets.gone == sheets.closing


@given(SEEDS)
@settings(deadline=None, max_examples=10, phases=DRAWN)
def test_the_moves_of_work_orders_are_those_that_a_clerk_notes(seeds: list[int]):
    entries = told(seeds)
    found = material(
        KeptLog(entries, BITS), At(FIRST_DAY - timedelta(1), 0), At(date(2058, 1, 1), len(entries))
    )
    states: dict[UUID, Any] = {}
    noted: dict[str, Counter[tuple[Any, Any]]] = {}
    for entry in entries:
        was = states.get(entry.stream)
        now = states[entry.stream] = CardBody.after(was, entry.event, entry.stream)
        if was is None or now is None:
            continue
        order = now.work_order or was.work_order
        if (was.site, was.state) == (now.site, now.state) or order is None:
            continue
        if isinstance(entry.event, cards.BlankReceived):
            continue
        step = ((was.site, was.state), (now.site, now.state))
        noted.setdefault(str(order), Counter())[step] += 1
    assert found.orders == noted


@pytest.mark.parametrize("lost", [3, 7])
def test_an_entry_that_is_lost_is_found_by_the_books(lost: int):
    """The states tell one thing and the rows another, as after a bad sector."""
    entries = told([5] * 24)
    log = KeptLog(entries, BITS)
    after = At(date(2058, 1, 1), len(entries))
    found = material(log, At(FIRST_DAY - timedelta(1), 0), after)
    came_from, went_to = move = sorted(found.books.moves, key=str)[lost]
    found.books.moves[move] -= 1
    assert found.books.differences() == {
        place: lacks for place, lacks in ((came_from, 1), (went_to, -1)) if place != MAKER
    }


def test_sheets_that_came_and_went_are_told_by_site():
    site, other = SITES[0], SITES[1]
    blank = walk(Random(1), 1)[0]
    assert isinstance(blank, cards.BlankReceived)
    entries: list[Entry] = []

    def enter(body: int, event: Any) -> None:
        version = 1 + sum(entry.stream.int == body for entry in entries)
        dated = replace(event, effective_on=FIRST_DAY)
        entries.append(Entry(UUID(int=body), version, dated, FIRST_DAY, len(entries) + 1))

    for body in range(1, 17):
        sheet = PaperNumber(f"S{(body - 1) // 8}")
        enter(body, replace(blank, sheet=sheet, place=(body - 1) % 8 + 1, site=site))
    for body in range(9, 17):
        enter(body, cards.BlankTransferred(effective_on=FIRST_DAY, destination=other))
        enter(body, cards.BlankArrived(effective_on=FIRST_DAY, site=other))
    for body in range(1, 9):
        enter(
            body, cards.BlankIssued(effective_on=FIRST_DAY, line=PaperNumber("L"), work_order=None)
        )
    found = material(KeptLog(entries), At(FIRST_DAY, 0), At(FIRST_DAY, len(entries)))
    assert found.books.sheets[site] == Sheets(opening=0, received=2, came=0, gone=1, closing=1)
    assert found.books.sheets[other] == Sheets(opening=0, received=0, came=1, gone=0, closing=1)
    blanks = {line.site: line for line in found.books.lines() if line.ledger == "blanks"}
    assert blanks[site].came == {"received": 16}
    assert blanks[site].went == {"another site": 8}
    assert (blanks[other].came, blanks[other].closing) == ({"another site": 8}, 8)
