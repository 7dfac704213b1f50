"""Load, decide, record: one queue, pure commands, nothing twice, nothing stale."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from uuid import UUID

import pytest

from adapters.database import open_database
from adapters.eventstore import Recorder
from registry.aggregates import Household, Person, SequenceBook
from registry.commands.base import COMMANDS, command
from registry.commands.details import ChangeDetails
from registry.commands.particulars import ChangeName
from registry.commands.places import CutCommunity
from registry.commands.relocation import ChangeAddress, Mover
from registry.days import day_at
from registry.entry import Entry
from registry.errors import Conflict, Forbidden, NotFound, Refused, SubmissionReused
from registry.register import Register, Setting, Submission
from registry.store import Append, Outcome, Raced, Receipt, StoreUnavailable
from registry.values import ChangeCategory, DivisionCode, Name, PaperNumber
from registry.vocabulary import ORDERS, VOCABULARY, Kind, Order
from tests.scenarios.town import (
    CHIEF,
    DECLARANT,
    NAMESPACE,
    OTHER,
    PLACES,
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
    elsewhere = replace(CHIEF, area=(DivisionCode("510682"),))
    assert [rule.code for rule in town.rules(wrong, elsewhere)] == [
        "category-unfit",
        "approval-needed",
        "nothing-changes",
        "not-yet",
        "outside-area",
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
