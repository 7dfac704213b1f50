"""The vocabulary of cards: each state has its event, and the table says which may follow."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from uuid import UUID

import pytest

from registry.aggregates import Application, CardBody
from registry.aggregates.application import BESIDE, FOLLOWS, TEMPORARY
from registry.aggregates.card import STEPS as BODY_STEPS
from registry.codes import table
from registry.events import applications, issuance, temporary
from registry.values import (
    AcceptanceNumber,
    ApplicationId,
    CardState,
    ChipSerial,
    Digest,
    OfficeCode,
)
from registry.vocabulary import VOCABULARY, Kind
from tests.everything import one_of
from tests.scenarios.cards_pencil import ELSEWHERE, STEPS

WORDS = sorted(VOCABULARY.values(), key=lambda word: word.code)
OF_APPLICATIONS = [word for word in WORDS if word.kind is Kind.APPLICATION]
REACHED = {state: [word for word in WORDS if word.reaches == state] for state in CardState.all()}


def test_the_states_are_forty_nine():
    assert len(CardState.all()) == 49


@pytest.mark.parametrize("state", CardState.all())
def test_every_state_has_its_event_type_and_the_counterparts_that_the_table_names(state):
    assert tuple(word.name for word in REACHED[state]) == state.reached_by


def test_only_what_befalls_an_application_reaches_a_state():
    assert {word.kind for word in WORDS if word.reaches} == {Kind.APPLICATION}
    beside = {word.shape for word in OF_APPLICATIONS if word.reaches is None}
    assert beside == BESIDE.keys() | TEMPORARY.keys()


def test_codes_stand_where_their_kinds_have_room():
    for word in WORDS:
        if word.kind is Kind.APPLICATION:
            rooms = (range(130, 190), range(196, 200), range(217, 220))
            assert any(word.code in room for room in rooms), word.name
        if word.kind is Kind.CARD:
            assert 200 <= word.code < 230, word.name


def test_the_steps_are_those_that_the_law_knows():
    """The clerk's pencil was written from the workflow; it shares nothing with the table."""
    lawful = {
        (before, after)
        for states, after in (*STEPS.values(), *ELSEWHERE.values())
        for before in states.split()
    }
    listed = {(str(state), str(after)) for state in FOLLOWS for after in FOLLOWS[state]}
    assert listed == lawful


def test_an_application_begins_at_00_and_every_state_can_be_reached_and_left():
    (opening,) = (word for word in OF_APPLICATIONS if word.opens and word.reaches)
    assert (opening.shape, opening.reaches) == (applications.ApplicationAccepted, "00")
    reached, found = set(), {"00"}
    while found:
        reached |= found
        found = {after for state in found for after in FOLLOWS[state]} - reached
    assert reached == set(CardState.all())
    assert [state for state, following in FOLLOWS.items() if not following] == ["98"]
    assert not FOLLOWS[CardState("20")] & {CardState("24")}, "no order without the province's check"
    ending = {"98"}
    while more := {state for state in FOLLOWS if FOLLOWS[state] & ending} - ending:
        ending |= more
    assert ending == reached


def test_every_step_of_a_card_body_is_declared():
    assert {word.shape for word in WORDS if word.kind is Kind.CARD} == BODY_STEPS.keys()


STREAM = UUID(int=7)
#: The way that a card goes when nothing is wrong with it.
STRAIGHT = [
    *("00", "01", "03", "04", "11", "13", "14", "15", "16", "18"),
    *("21", "22", "24", "31", "60", "61", "64", "63", "70", "71"),
    *("74", "73", "80", "81", "84", "83", "89", "90", "93"),
]


def events_to(*states: str) -> list[object]:
    """An event for each state, told as simply as can be; attempts are the first."""
    found = []
    for state in states:
        word = REACHED[CardState(state)][0]
        event = one_of(word)
        if "attempt" in {field.name for field in word.fields}:
            event = word.shape(**{**event.__dict__, "attempt": 1})
        found.append(event)
    return found


def test_a_card_goes_its_straight_way_from_acceptance_to_its_holder():
    state = None
    for event in events_to(*STRAIGHT):
        assert list(Application.check(state, event)) == []
        state = Application.after(state, event, STREAM)
        assert state is not None
        assert state.state == VOCABULARY[type(event)].reaches
    assert all(after in FOLLOWS[state] for state, after in pairwise(STRAIGHT))


@pytest.mark.parametrize("kept", range(1, len(STRAIGHT)))
def test_only_the_steps_of_the_table_may_follow(kept):
    """Every state on the straight way, against every event that there is."""
    state = None
    for event in events_to(*STRAIGHT[:kept]):
        state = Application.after(state, event, STREAM)
    assert state is not None
    for word in OF_APPLICATIONS:
        if word.reaches is None or word.opens or word.shape is issuance.CardFound:
            continue
        codes = {rule.code for rule in Application.check(state, one_of(word))}
        follows = word.reaches in CardState(STRAIGHT[kept - 1]).next
        assert ("step-out-of-order" not in codes) == follows, word.name


def test_a_temporary_card_goes_its_own_way():
    applied = one_of(VOCABULARY[temporary.TemporaryCardApplied])
    state = Application.after(None, applied, STREAM)
    assert state is not None
    assert state.state is None
    captured = one_of(VOCABULARY[applications.CaptureCompleted])
    assert [rule.code for rule in Application.check(state, captured)] == ["not-for-temporary"]
    issued = one_of(VOCABULARY[temporary.TemporaryCardIssued])
    assert list(Application.check(state, issued)) == []
    again = Application.after(state, issued, STREAM)
    assert [rule.code for rule in Application.check(again, issued)] == ["step-out-of-order"]


def test_a_body_is_written_only_after_it_was_bound_and_with_what_it_was_bound_to():
    names = ("BlankReceived", "BlankIssued", "BlankBound", "CardPersonalised")
    by_name = {word.name: one_of(word) for word in WORDS if word.kind is Kind.CARD}
    state = None
    for name in names[:2]:
        state = CardBody.after(state, by_name[name], STREAM)
    written = by_name["CardPersonalised"]
    assert [one.code for one in CardBody.check(state, written)] == ["body-out-of-order"]
    state = CardBody.after(state, by_name["BlankBound"], STREAM)
    assert list(CardBody.check(state, written)) == []
    other = type(written)(**{**written.__dict__, "image": Digest("f" * 64)})
    assert [one.code for one in CardBody.check(state, other)] == ["body-for-another"]


def test_an_acceptance_number_is_station_day_and_place_in_it():
    """GA 214.4-2004: station 510683-001 on 2005-01-12, its first application."""
    number = AcceptanceNumber.compose(OfficeCode("510683001000"), date(2005, 1, 12), 1)
    assert number == "5106830012005011200001"
    assert (number.county, number.day, number.sequence) == ("510683", date(2005, 1, 12), 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("510683001200501120001", "22 digits"),
        ("5106830012005011200000", "00001"),
        ("5106830012005023000001", "no day"),
        ("51068300120050112 0001", "22 digits"),
        ("５106830012005011200001", "22 digits"),
    ],
)
def test_what_is_no_acceptance_number_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        AcceptanceNumber(text)


@pytest.mark.parametrize("sequence", [0, 100_000])
def test_a_day_has_99999_applications_at_most(sequence):
    with pytest.raises(ValueError, match="1 to 99999"):
        AcceptanceNumber.compose(OfficeCode("510683001000"), date(2005, 1, 12), sequence)


@pytest.mark.parametrize(("kind", "text"), [(ChipSerial, "0a" * 8), (Digest, "A" * 64)])
def test_serials_and_digests_are_written_in_one_way(kind, text):
    with pytest.raises(ValueError, match="digits"):
        kind(text)


def test_a_reason_of_either_generation_is_a_reason_and_a_class_is_none():
    reasons = {row["code"]: row for row in table("card_apply_reason")}
    assert reasons["21"]["priority"] == "3", "the planned exchange waits for everybody else"
    assert {row["priority"] for code, row in reasons.items() if code != "21"} == {"", "2"}


def told(name: str, **fields: object) -> object:
    """An event of a name, told as simply as can be but for some fields."""
    word = next(word for word in WORDS if word.name == name)
    return word.shape(**{**one_of(word).__dict__, **fields})


def test_an_attempt_is_the_one_that_is_due_and_a_lost_card_is_replaced_by_another_application():
    def codes(state: Application, event: object) -> list[str]:
        return [one.code for one in Application.check(state, event)]

    def at(*states: str) -> Application:
        state = None
        for event in events_to(*states):
            state = Application.after(state, event, STREAM)
        assert state is not None
        return state

    ordered = at(*STRAIGHT[: STRAIGHT.index("24")])
    assert codes(ordered, told("ProductionPackageBuilt", attempt=2)) == ["wrong-attempt"]
    made = at(*STRAIGHT[: STRAIGHT.index("31")])
    assert codes(made, told("CardProduced", attempt=2)) == ["wrong-attempt"]
    other = ApplicationId(UUID(int=9))
    faulty, lost = at(*STRAIGHT[: STRAIGHT.index("61")], "62"), at(*STRAIGHT, "94")
    for state, attempt, replaced_by, said in (
        (faulty, 2, None, []),
        (faulty, 1, None, ["wrong-attempt"]),
        (faulty, None, other, ["not-replaced"]),
        (faulty, None, None, ["not-replaced"]),
        (lost, None, other, []),
        (lost, 2, None, ["not-replaced"]),
        (lost, 2, other, ["not-replaced"]),
    ):
        redone = told("CardRedone", attempt=attempt, replaced_by=replaced_by)
        assert codes(state, redone) == said, (state.state, attempt, replaced_by)


def test_a_chip_has_four_slots_for_addresses_and_they_are_filled_in_order():
    names = ("BlankReceived", "BlankIssued", "BlankBound", "CardPersonalised")
    state = None
    for name in names:
        state = CardBody.after(state, told(name), STREAM)
    assert state is not None

    def codes(event: object) -> list[str]:
        return [one.code for one in CardBody.check(state, event)]

    for slot in (1, 2, 3, 4):
        assert codes(told("AddressAppendIntended", slot=slot + 1)) == ["slot-not-free"]
        assert codes(told("AddressAppended", slot=slot)) == ["slot-not-free"]
        state = CardBody.after(state, told("AddressAppendIntended", slot=slot), STREAM)
        assert codes(told("AddressAppendIntended", slot=slot)) == ["slot-not-free"]
        state = CardBody.after(state, told("AddressAppendAbandoned", slot=slot), STREAM)
        for name in ("AddressAppendIntended", "AddressPreWritten", "AddressAppended"):
            assert codes(told(name, slot=slot)) == []
            state = CardBody.after(state, told(name, slot=slot), STREAM)
    assert codes(told("AddressAppendIntended", slot=5)) == ["slot-not-free"]
