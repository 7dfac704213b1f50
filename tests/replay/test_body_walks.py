"""Bodies taken along their ways, mostly lawful: the kernel finds the faults that the rules find."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from registry.aggregates import CardBody
from registry.aggregates.card import STEPS, BodyState
from registry.entry import Entry
from registry.events import cards
from registry.values import Digest, OfficeCode
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.log import KeptLog
from replay.states.bodies import NO_STATE, body_states
from replay.states.history import At
from tests.everything import one_of

DAY = date(2007, 6, 1)
SITES = [OfficeCode("510000900000"), OfficeCode("510700900000"), OfficeCode("511000900000")]
DIGESTS = [Digest("a" * 64), Digest("b" * 64)]
EXAMPLES = {shape: replace(one_of(VOCABULARY[shape]), effective_on=DAY) for shape in STEPS}
#: Half of what happens to a made card is about its further addresses.
APPENDING = [shape for shape in STEPS if "slot" in {one.name for one in VOCABULARY[shape].fields}]


def walk(chance: Random, steps: int) -> list[Any]:
    """What happens to a body, one thing after the other; a few of them may not follow."""
    state: CardBody | None = None
    found = []
    for _ in range(steps):
        event = drawn(chance, state)
        if chance.random() < 0.9 and list(CardBody.check(state, event)):
            continue  # most of what is against the rules is not recorded
        found.append(event)
        state = CardBody.after(state, event, UUID(int=1))
    return found


def drawn(chance: Random, state: CardBody | None) -> Any:
    if state is None and chance.random() < 0.9:
        shape: type[Any] = cards.BlankReceived
    elif state is not None and state.state is BodyState.PERSONALISED and chance.random() < 0.8:
        shape = chance.choice(APPENDING)
    else:
        shape = chance.choice([*STEPS])
    said = {
        "site": chance.choice(SITES),
        "destination": chance.choice(SITES),
        "digest": chance.choice(DIGESTS),
        "image": chance.choice(DIGESTS),
        "slot": chance.choice([0, 1, 2, 3, 4, 5]),
        "burnt": chance.random() < 0.5,
    }
    names = {one.name for one in VOCABULARY[shape].fields}
    return replace(EXAMPLES[shape], **{name: said[name] for name in said.keys() & names})


@given(st.lists(st.integers(0, 2**32), min_size=40, max_size=40))
@settings(deadline=None, max_examples=25)
def test_the_kernel_finds_what_the_rules_find_along_the_ways_of_bodies(seeds: list[int]):
    histories = {}
    entries: list[Entry] = []
    for number, seed in enumerate(seeds, 1):
        stream = UUID(int=number)
        histories[stream] = walk(Random(seed), 60)
        for version, event in enumerate(histories[stream], 1):
            entries.append(Entry(stream, version, event, DAY, len(entries) + 1))
    log = KeptLog(entries)
    table = body_states(log.block(Kind.CARD, 0), At(DAY, log.head)).table
    streams = log.spaces.ids("card", range(len(table)))
    for stream, record in zip(streams, table, strict=True):
        state, faulty = None, []
        for version, event in enumerate(histories.get(stream, []), 1):
            if list(CardBody.check(state, event)):
                faulty.append(version)
            state = CardBody.after(state, event, stream)
        assert int(record["faults"]) == len(faulty)
        assert int(record["fault"]) == (faulty[0] if faulty else 0)
        if state is None:
            assert record["state"] == NO_STATE
            continue
        assert BodyState(record["state"]) is state.state
        assert int(record["site"]) == int(state.site)
        assert int(record["addresses"]) == state.addresses
        assert int(record["appending"]) == (state.appending or 0)
