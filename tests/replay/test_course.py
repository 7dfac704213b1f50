"""An application that went its ordinary course is told from sums along its rows; what is told is
what its ledger says, however near to the ordinary it went.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from registry.aggregates import AGGREGATES
from registry.entry import Entry
from registry.values import day_number
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.log import KeptLog
from replay.states import applications
from replay.states.applications import application_states
from replay.states.history import At
from replay.states.steps import NO_STATE, STATES
from tests.replay.pencil import Pencil
from tests.replay.test_state import PATH, faults, lawful, rows_of, steps

KIND = Kind.APPLICATION
DAY = date(2004, 1, 1)


#: How an order that the producer turns down comes to the next one.
AGAIN = ("25", *PATH[1 : PATH.index("24") + 1])


def along(path: tuple[str, ...], *before: Any) -> list[Any]:
    """Lawful steps that reach some states, one after the other, after other steps."""
    aggregate, state, found = AGGREGATES[KIND], None, []
    for one in before:
        state = aggregate.after(state, one, UUID(int=1))
    dated = [replace(step, effective_on=DAY) for step in steps(KIND)]
    for reached in path:
        right = [one for one in dated if VOCABULARY[type(one)].reaches == reached]
        found.append(next(one for one in right if lawful(aggregate, state, one)))
        state = aggregate.after(state, found[-1], UUID(int=1))
    return found


def near_it() -> list[list[Any]]:
    """Ways that differ from the ordinary one in one thing each, and it."""
    plain = along(PATH)
    order = PATH.index("24")
    loop = [*along(AGAIN, *plain[: order + 1])[:-1], plain[order]]
    second = replace(plain[order], attempt=2)
    return [
        [*plain[:order], second, *plain[order + 1 :]],
        plain,
        plain[:order],
        [*plain[: order + 1], *loop],
        [*plain[: order + 1], *loop[:-1], second],
        [*plain[: order + 1], *loop * 128],
        plain[1:],
        [plain[0], *plain],
        [plain[0], *plain[2:]],
        [replace(plain[0], effective_on=DAY + timedelta(days=9)), *plain[1:]],
        [*plain[:5], replace(plain[5], effective_on=DAY + timedelta(days=9)), *plain[6:]],
        *([replace(one, effective_on=DAY)] for one in steps(KIND) if VOCABULARY[type(one)].opens),
        plain,
    ]


@pytest.mark.parametrize("room", [applications._ROOM, 40])
def test_who_goes_the_ordinary_way_or_nearly_is_told_as_the_ledger_says(
    room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applications, "_ROOM", room)
    ways = near_it()
    entries: list[Entry] = []
    # Whoever comes first here was recorded last, so that at most points it is not known yet.
    later = sum(map(len, ways))
    for number, events in enumerate(ways, 1):
        later -= len(events)
        for version, event in enumerate(events, 1):
            told = (version, event, event.effective_on, later + version)
            entries.append(Entry(UUID(int=number), *told))
    pencil, log = Pencil(entries), KeptLog(entries)
    block, seen = log.block(KIND, 0), 0
    half = later + sum(map(len, ways)) // 2
    for day in (DAY - timedelta(days=1), DAY, DAY + timedelta(days=9)):
        for known in (0, 3, half, half + 7, log.head - 12, log.head):
            at = At(day, known)
            table = application_states(block, at).table
            for row, stream in rows_of(log, block):
                if stream in pencil.streams:
                    seen += told_rightly(pencil.history(stream, at), table[row])
    assert seen > len(ways)


def told_rightly(history: list[Entry], record: Any) -> bool:
    """Hold a record against a ledger; returns whether it has begun."""
    state: Any = AGGREGATES[KIND].fold(history)
    assert (int(record["faults"]), int(record["fault"])) == faults(KIND, history)
    assert record["entries"] == len(history)
    if state is None:
        assert record["state"] == NO_STATE
        return False
    assert STATES[record["state"]] == (state.temporary or state.state)
    assert record["accepted"] == day_number(state.accepted_on)
    assert record["since"] == (day_number(state.since) if state.since else 0)
    assert record["attempt"] == state.attempt
    assert record["county"] == int(state.county)
    return True
