"""Load, decide, record: one queue, pure commands, nothing twice, nothing stale."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.database import open_database
from adapters.eventstore import Recorder
from registry.aggregates import Household, Person, SequenceBook
from registry.commands.base import COMMANDS, command
from registry.commands.details import ChangeDetails
from registry.commands.households import ChangeHead, ChangeRelations
from registry.commands.particulars import ChangeName
from registry.commands.places import CutCommunity
from registry.commands.relocation import ChangeAddress, Mover
from registry.days import day_at
from registry.entry import Entry
from registry.errors import (
    Conflict,
    Forbidden,
    Malformed,
    NewerProgram,
    NotFound,
    Refused,
    SubmissionReused,
)
from registry.events.household import Member
from registry.register import Register, Registrar, Setting, Submission
from registry.store import Append, Outcome, Raced, Receipt, StoredEntry, StoreUnavailable
from registry.values import ChangeCategory, Name, PaperNumber, Relationship
from registry.vocabulary import ORDERS, VOCABULARY, Kind, Order
from tests.scenarios.town import (
    CHIEF,
    DECLARANT,
    NAMESPACE,
    OF_JINGYANG,
    OTHER,
    PLACES,
    WIFE,
    Town,
    birth,
    build,
    death,
)

DAY, LATER = date(2007, 5, 1), date(2007, 5, 25)
LEDGERS = {kind for kind, order in ORDERS.items() if order is Order.LEDGER}
ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)


def taller(person, height: int, **told) -> ChangeDetails:
    said = {"person": person, "height_cm": height, "declarant": DECLARANT, "on": DAY}
    return ChangeDetails(**{**said, **told})


def sent(command, number: UUID = ONE, by=CHIEF) -> Submission:
    return Submission(number, by, command)


def heads(town: Town) -> int:
    return town.register.store.head()[0]


def heads_at(town: Town) -> int:
    return town.register.store.head()[1]


def kind_of(entry: Entry) -> Kind:
    return VOCABULARY[type(entry.event)].kind


# --- submissions ------------------------------------------------------------------------------


def test_the_same_submission_gets_the_same_answer_even_after_the_state_moved_on(town: Town):
    first = town.register.do(sent(taller(town.li, 160)))
    town.do(death(town.li))
    last = heads(town)
    for register in (town.register, town.another()):
        assert register.do(sent(taller(town.li, 160))) == first
    assert heads(town) == last


def test_a_repeated_birth_is_the_same_child(town: Town):
    body = birth(town)
    first = town.register.do(sent(body))
    again = town.another().do(sent(body))
    assert again == first
    assert len(town.household(town.home).members) == 4


def test_the_same_submission_with_another_body_is_a_conflict(town: Town):
    town.register.do(sent(taller(town.li, 160)))
    with pytest.raises(SubmissionReused):
        town.register.do(sent(taller(town.li, 161)))
    with pytest.raises(SubmissionReused):
        town.register.do(sent(taller(town.boy, 160)))


def test_two_bodies_under_one_name_in_a_batch_are_told_apart(town: Town):
    same, other = taller(town.li, 160), taller(town.li, 161)
    first, again, conflict = town.register.do_all([sent(same), sent(same), sent(other)])
    assert isinstance(first, Receipt)
    assert again == first
    assert isinstance(conflict, SubmissionReused)
    assert town.person(town.li).height_cm == 160


def test_a_refused_submission_leaves_no_row_and_may_be_sent_again(town: Town):
    early = taller(town.li, 160, on=date(2007, 6, 2))
    with pytest.raises(Refused):
        town.register.do(sent(early))
    assert town.register.store.submissions([ONE]) == {}
    town.today = date(2007, 6, 2)
    assert town.register.do(sent(early)).count == 1


def test_a_refusal_in_a_batch_fails_alone(town: Town):
    results = town.register.do_all(
        [
            sent(taller(town.li, 160), ONE),
            sent(taller(town.li, 160), TWO),  # nothing changes after the first
            sent(taller(UUID(int=99), 150), THREE),
            sent(taller(town.li, 161), UUID(int=4)),
            sent(taller(town.li, 162), UUID(int=5), replace(CHIEF, roles=frozenset())),
        ]
    )
    kinds = [type(one) for one in results]
    assert kinds == [Receipt, Refused, NotFound, Receipt, Forbidden]
    assert town.person(town.li).height_cm == 161


@pytest.mark.parametrize("odd", ["\ud800", object()], ids=["half a character", "object"])
def test_what_json_has_no_word_for_fails_alone_too(town: Town, odd):
    results = town.register.do_all(
        [sent(taller(town.li, 160, workplace=odd), ONE), sent(taller(town.li, 161), TWO)]
    )
    assert [type(one) for one in results] == [Malformed, Receipt]


def test_who_names_a_stream_that_a_newer_program_wrote_fails_alone(town: Town):
    later = "update entries set code = code + ? where stream = ?"
    with closing(sqlite3.connect(town.path)) as store, store:
        store.execute(later, [9_000, town.li.bytes])
    register = town.another()
    for _ in "read", "remembered":
        results = register.do_all([sent(taller(town.li, 160)), sent(taller(town.wang, 161), TWO)])
        assert [type(one) for one in results] == [NewerProgram, Receipt]
    with closing(sqlite3.connect(town.path)) as store, store:
        store.execute(later, [-9_000, town.li.bytes])


@pytest.mark.parametrize("anew", [False, True], ids=["the same register", "another"])
def test_nothing_is_dated_before_what_is_recorded_where_a_clock_is_turned_back(town: Town, anew):
    newest = day_at(heads_at(town))
    town.today = newest - timedelta(20)
    register = town.another() if anew else town.register
    receipt = register.do(sent(birth(town)))
    stored = register.store.page(receipt.first - 1, receipt.count)
    ledgers = [one for one in map(register.codec.entry, stored) if kind_of(one) in LEDGERS]
    assert ledgers
    assert {one.effective_on for one in ledgers} == {day_at(receipt.recorded_at)} == {newest}


def test_another_process_s_day_is_ours_too_wherever_our_clock_stands(town: Town):
    other = town.another()
    other.do(sent(taller(town.li, 160), ONE))
    town.today += timedelta(1)
    town.do(taller(town.boy, 150))  # recorded by a process whose clock is a day ahead
    ahead, town.today = town.today, town.today - timedelta(1)
    receipt = other.do(sent(birth(town), TWO))
    stored = other.store.page(receipt.first - 1, receipt.count)
    ledgers = [one for one in map(other.codec.entry, stored) if kind_of(one) in LEDGERS]
    assert {one.effective_on for one in ledgers} == {ahead}
    town.today, behind = ahead + timedelta(1), town.today
    town.do(taller(town.boy, 151))
    ahead, town.today = town.today, behind
    assert other.do(sent(taller(town.li, 161, on=ahead), THREE)).count == 1


def test_a_batch_of_refusals_looks_once_whether_another_process_has_a_later_day(town: Town):
    town.do(taller(town.li, 151))
    store: Any = town.register.store
    looked: list[tuple[int, int]] = []
    head = store.head

    def counted() -> tuple[int, int]:
        looked.append(head())
        return looked[-1]

    store.head = counted
    late = town.today + timedelta(1)
    refused = [sent(taller(town.li, 150, on=late), UUID(int=each)) for each in range(1, 6)]
    assert [type(one) for one in town.register.do_all(refused)] == [Refused] * 5
    assert len(looked) == 1


def test_what_is_decided_before_midnight_and_recorded_after_it_is_of_the_new_day(town: Town):
    register, evening = town.register, town.today
    before = town.clock()
    register.clock = lambda: before
    town.today += timedelta(1)  # of the store, when it has the lock
    receipt = register.do(sent(birth(town)))
    stored = register.store.page(receipt.first - 1, receipt.count)
    ledgers = [one for one in map(register.codec.entry, stored) if kind_of(one) in LEDGERS]
    assert {one.effective_on for one in ledgers} == {day_at(receipt.recorded_at)} == {town.today}
    assert town.today > evening


def test_two_processes_leave_a_household_with_one_head(town: Town):
    other = town.another()
    other.do(sent(birth(town), ONE))  # knows the household by now
    relations = (Member(person=town.wang, relation=Relationship("11")),)
    town.do(ChangeHead(household=town.home, head=town.li, relations=relations))
    with pytest.raises(Refused, match="head"):
        other.do(sent(death(town.li, died_on=town.today), TWO))
    heirs = (Member(person=town.li, relation=WIFE),)
    with pytest.raises(Refused, match="head"):  # decided on what was so: two heads
        other.do(sent(ChangeRelations(household=town.home, relations=heirs), THREE))
    house = town.household(town.home)
    assert [one for one, relation in house.members.items() if relation.is_head] == [house.head]


def test_a_batch_is_decided_in_order_and_positions_are_dense(town: Town):
    before = heads(town)
    batch = [sent(taller(town.li, 150 + n), UUID(int=n)) for n in range(1, 30)]
    receipts = town.register.do_all(batch)
    assert [one.first for one in receipts if isinstance(one, Receipt)] == list(
        range(before + 1, before + 30)
    )
    assert town.person(town.li).height_cm == 179
    assert town.register.do_all(batch) == receipts
    assert town.register.do_all([]) == []


def test_a_batch_on_empty_memory_decides_as_one_by_one(town: Town):
    """What was tried while the batch was gathered holds only if nobody entered upon it before."""
    batch = [
        sent(birth(town, birth_certificate=PaperNumber(f"B{n}")), UUID(int=n)) for n in range(1, 6)
    ]
    receipts = town.another().do_all(batch)
    assert all(isinstance(one, Receipt) for one in receipts)
    children = sorted(town.household(town.home).members)[-5:]
    given = sorted(str(town.person(child).number)[14:17] for child in children)
    assert given == ["002", "004", "006", "008", "010"]


def test_who_goes_through_while_a_batch_is_gathered_is_not_decided_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
):
    tried: Counter[UUID] = Counter()
    execute = ChangeDetails.execute

    def counted(self: ChangeDetails, registrar: Registrar) -> Mapping[str, Any]:
        told = execute(self, registrar)
        tried[self.person] += 1  # having asked for nothing more
        return told

    monkeypatch.setattr(ChangeDetails, "execute", counted)
    said = [(town.li, 150), (town.boy, 150), (town.lodger, 150), (town.li, 151)]
    batch = [sent(taller(*told), uuid4()) for told in said]
    register, appended = town.another(), list[int]()
    plain = register.store.append

    def append(wanted: Sequence[Append]) -> Sequence[Outcome]:
        appended.append(len(wanted))
        return plain(wanted)

    monkeypatch.setattr(register.store, "append", append)
    register.do_all([sent(birth(town)), *batch])  # a birth asks for what it does not name
    assert appended == [5]  # what stood for the first of two did not stand for the second
    assert tried == {town.li: 3, town.boy: 1, town.lodger: 1}
    assert town.person(town.li).height_cm == 151


def test_a_warm_register_asks_for_people_and_not_for_the_tree_of_places(
    town: Town, monkeypatch: pytest.MonkeyPatch
):
    register, asked = town.another(), list[UUID]()
    plain = register.store.streams

    def streams(wanted: Collection[UUID]) -> Mapping[UUID, Sequence[StoredEntry]]:
        asked.extend(wanted)
        return plain(wanted)

    monkeypatch.setattr(register.store, "streams", streams)
    register.warm()
    register.do(sent(taller(town.li, 150), by=OF_JINGYANG))
    assert asked[:2] == [PLACES, town.li]
    assert asked.count(PLACES) == 1


def test_a_command_that_changes_nothing_is_recorded_as_a_submission(town: Town):
    nothing = CutCommunity(
        doorplates=(town.gate,), households=(), community=town.east, document="x", on=DAY
    )
    receipt = town.register.do(sent(nothing))
    assert receipt.count == 0
    assert town.another().do(sent(nothing)) == receipt


# --- memory -----------------------------------------------------------------------------------


def test_what_is_held_in_memory_is_what_is_stored(town: Town):
    told = town.do(birth(town, died_on=date(2007, 5, 16)))
    held = town.register._cache
    for stream in (told["person"], town.home, town.named(Kind.NUMBER, told["number"])):
        assert held[stream].entries == town.timeline(stream)


def test_two_registers_on_one_store_see_what_the_other_entered(town: Town):
    other = town.another()
    town.do(taller(town.li, 160))
    other.do(sent(taller(town.li, 161), ONE))  # decided on what is no longer so: decided again
    town.do(taller(town.li, 162))
    entries = town.timeline(town.li)
    assert [entry.version for entry in entries] == list(range(1, len(entries) + 1))
    assert town.person(town.li).height_cm == 162


def test_a_refusal_rests_on_what_is_stored_and_not_on_what_is_remembered(town: Town):
    other = town.another()
    other.do(sent(taller(town.li, 160), ONE))
    town.do(taller(town.li, 161))
    other.do(sent(taller(town.li, 160), TWO))  # remembered: nothing would change
    assert town.person(town.li).height_cm == 160


def test_two_registers_never_give_one_number_twice(town: Town):
    other = town.another()
    numbers = []
    for n in range(6):
        body = birth(town, birth_certificate=PaperNumber(f"B{n}"))
        register = (town.register, other)[n % 2]
        register.do(sent(body, UUID(int=100 + n)))
        numbers.append(max(town.household(town.home).members))
    given = [town.person(child).number for child in numbers]
    assert len(set(given)) == 6
    assert [number[14:17] for number in given] == ["002", "004", "006", "008", "010", "012"]
    book = town.see(SequenceBook, town.named(Kind.BOOK, f"{given[0][:6]}/20070515/001-100"))
    assert book.used == {2, 4, 6, 8, 10, 12}


def test_a_loser_of_a_race_takes_its_dependants_along_and_all_are_decided_again(town: Town):
    other = town.another()
    town.register.do(sent(taller(town.li, 150)))
    other.do(sent(taller(town.li, 155), TWO))
    results = town.register.do_all(
        [sent(taller(town.li, 160 + n), UUID(int=10 + n)) for n in range(5)]
    )
    assert all(isinstance(one, Receipt) for one in results)
    assert town.person(town.li).height_cm == 164


def test_nobody_is_recorded_on_what_was_not_recorded(town: Town):
    """As many entries of somebody else's would pass the count of versions."""
    other = town.another()
    town.do(taller(town.lodger, 150))
    other.do(sent(death(town.lodger), TWO))  # the stream is one entry longer than remembered
    first, second = town.register.do_all(
        [
            sent(taller(town.lodger, 160, on=LATER), UUID(int=10)),  # takes that entry's place
            sent(moving(town), UUID(int=11)),  # would follow it, and the dead would move
        ]
    )
    assert isinstance(first, Refused)
    assert isinstance(second, Refused)


def moving(town: Town) -> ChangeAddress:
    movers = (Mover(person=town.lodger, relation=OTHER),)
    return ChangeAddress(movers=movers, household=town.farm, declarant=DECLARANT, on=LATER)


class Racing(Recorder):
    """A store on which somebody else always enters first."""

    def append(self, batch: Sequence[Append]) -> list[Outcome]:
        """Lose every race."""
        return [Raced(frozenset(append.guards)) for append in batch]


class Away(Recorder):
    """A store whose answer is lost after it has recorded."""

    lost = False

    def append(self, batch: Sequence[Append]) -> list[Outcome]:
        """Record, and then say nothing."""
        outcomes = super().append(batch)
        if not self.lost:
            self.lost = True
            raise StoreUnavailable("the connection was closed")
        return outcomes


def with_store(town: Town, kind: type[Recorder]) -> Register:
    engine = open_database(f"sqlite:///{town.path}", durability="off")
    recorder = kind(engine, node=1, clock=town.clock)
    return Register(
        recorder,
        Setting(NAMESPACE, PLACES),
        clock=town.clock,
        ids=lambda: UUID(int=next(town.made)),
        salt=lambda: os.urandom(16),
    )


def test_who_loses_every_race_is_told_to_try_again(town: Town):
    with pytest.raises(Conflict, match="load again"):
        with_store(town, Racing).do(sent(taller(town.li, 160)))


def test_an_answer_that_was_lost_is_got_by_sending_again(town: Town):
    register = with_store(town, Away)
    body = birth(town)
    with pytest.raises(StoreUnavailable):
        register.do(sent(body))
    receipt = register.do(sent(body))
    assert len(town.household(town.home).members) == 4
    assert receipt.count == 6


# --- decisions --------------------------------------------------------------------------------


def test_a_stream_of_another_kind_is_not_found(town: Town):
    for stream in (town.home, town.gate, town.road, PLACES):
        with pytest.raises(NotFound):
            town.submit(taller(stream, 160))


def test_everything_in_the_way_is_told_at_once(town: Town):
    wrong = ChangeName(
        person=town.li,
        category=ChangeCategory("31"),
        name=Name("李梅"),
        declarant=DECLARANT,
        on=date(2008, 1, 1),
    )
    assert [rule.code for rule in town.rules(wrong)] == [
        "category-unfit",
        "approval-needed",
        "nothing-changes",
        "not-yet",
    ]


def test_a_command_is_declared_once_and_for_somebody():
    with pytest.raises(AssertionError):

        @command()
        class ForNobody:
            """Nobody may send it."""

    with pytest.raises(AssertionError):

        @command("station")
        class MoveOut:
            """There is one already."""

    COMMANDS.pop("ForNobody", None)


def test_the_town_lives_on_either_database(database_url: str, tmp_path):
    town = Town(tmp_path / "none.db", ids={}, made=count(1), sent=count(1))
    town.close()
    town.register = town.another(database_url)
    build(town)
    child = town.do(birth(town))["person"]
    other = town.another(database_url)
    other.do(sent(taller(child, 50, on=LATER)))
    assert town.person(child).height_cm == 50
    assert town.see(Household, town.home).members.keys() >= {town.wang, child}
    assert town.look(Person, child, date(2007, 5, 14)) is None
    town.agrees()
    town.close()
    other.store.engine.dispose()  # type: ignore[attr-defined]  # it is a Recorder
    assert open_database(database_url).dialect.name in {"sqlite", "postgresql"}
