"""`kill -9` at any moment: what was acknowledged is there, nothing is half-done, all goes on.

The process is really killed. That proves process death, not power loss.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from adapters.database import open_database
from adapters.eventstore import Recorder
from adapters.invariants import inspect_store
from adapters.projector import Projector
from adapters.rebuilding import rebuild
from registry.aggregates import Household, Person
from registry.codec import Codec
from registry.entry import Entry
from registry.history import standing
from registry.projections import PROJECTIONS
from registry.vocabulary import VOCABULARY, Kind
from tests.crash.child import serve_until_killed
from tests.crash.killing import told_until_killed
from tests.crash.town import found


@dataclass
class Told:
    """What killed processes said before they died."""

    sent: set[UUID] = field(default_factory=set)
    done: dict[UUID, tuple[int, int]] = field(default_factory=dict)
    refused: int = 0

    def hear(self, message: tuple[Any, ...]) -> None:
        """Take in what was said."""
        match message:
            case ("sent", name):
                self.sent.add(name)
            case ("done", name, first, count):
                self.done[name] = (first, count)
            case ("refused", _):
                self.refused += 1


def kill_loop(url: str, kills: int, seed: int) -> None:
    """Start, kill, look; again and again."""
    found(url)
    chance = random.Random(seed)
    told = Told()
    engine = open_database(url)
    for number in range(kills):
        # From before anything is committed to some hundred commits, all moments are taken.
        arguments = (url, seed * 1000 + number)
        for message in told_until_killed(serve_until_killed, *arguments, chance=chance, most=240):
            told.hear(message)
        check(engine, told)
    assert len(told.done) > kills
    check_read_models(engine)
    engine.dispose()


def check(engine: Engine, told: Told) -> None:
    """Hold the store against what was said, and against itself."""
    store = Recorder(engine, node=1)
    inspection = inspect_store(engine, store)
    assert inspection.faults == ()
    kept = store.submissions(told.sent)
    for name, (first, count) in told.done.items():
        assert (kept[name].receipt.first, kept[name].receipt.count) == (first, count)
    check_agreement(store)
    projector = Projector(engine, store)
    projector.prepare()
    assert all(0 <= one <= inspection.entries for one in projector.positions().values())


def check_agreement(store: Recorder) -> None:
    """Persons and households say the same of where everybody lives."""
    codec = Codec()
    streams: dict[UUID, list[Entry]] = {}
    for stored in store.page(0, store.head()[0]):
        entry = codec.entry(stored)
        if VOCABULARY[type(entry.event)].kind in (Kind.PERSON, Kind.HOUSEHOLD):
            streams.setdefault(entry.stream, []).append(entry)
    listed, lived = set(), set()
    for stream, entries in streams.items():
        if VOCABULARY[type(entries[0].event)].kind is Kind.HOUSEHOLD:
            house = Household.fold(standing(entries))
            assert house is not None
            listed |= {(person, stream, house.community) for person in house.members}
        else:
            one = Person.fold(standing(entries))
            assert one is not None
            if one.resident:
                lived.add((stream, one.household, one.community))
    assert listed == lived


def check_read_models(engine: Engine) -> None:
    """Read models go on where they were, and hold what they would if made anew."""
    store = Recorder(engine, node=1)
    projector = Projector(engine, store)
    projector.prepare()
    assert projector.catch_up() == store.head()[0]
    before = rows(engine)
    for name in PROJECTIONS:
        rebuild(projector, name)
    assert rows(engine) == before


def rows(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Everything in the read models."""
    with engine.connect() as connection:
        return {
            name: sorted(
                (tuple(row) for row in connection.execute(text(f"select * from {one.table.name}"))),
                key=repr,
            )
            for name, one in PROJECTIONS.items()
        }


def test_what_was_acknowledged_survives_being_killed(database_url):
    kill_loop(database_url, kills=int(os.environ.get("REGISTRY_KILLS", "10")), seed=1)


@pytest.mark.long
def test_what_was_acknowledged_survives_being_killed_hundreds_of_times(database_url):
    kill_loop(database_url, kills=200, seed=2)
