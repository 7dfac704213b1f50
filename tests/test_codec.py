"""What is stored reads back, whatever program wrote it, and says nothing that was redacted."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.codec import REDACTED, Codec, check_parts, json_schema
from registry.errors import NewerProgram
from registry.events.numbers import NumberGiven
from registry.events.papers import PermitIssued
from registry.events.person import BirthRegistered, NameChanged
from registry.values import (
    BirthKind,
    BookId,
    ChangeCategory,
    CitizenNumber,
    CommunityId,
    HouseholdId,
    Name,
    Nationality,
    PersonId,
    Sex,
)
from registry.vocabulary import VOCABULARY, EventType, Group, Kind, Private, event
from tests.everything import any_event, entry, events, one_of, whole

GOLDEN = Path(__file__).parent / "golden" / "entries.ndjson"
WORDS = sorted(VOCABULARY.values(), key=lambda word: word.code)
codec = Codec()


def salts() -> Callable[[], bytes]:
    """Salts that can be foretold."""
    numbers = count(1)
    return lambda: next(numbers).to_bytes(16, "big")


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.name)
@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_an_entry_of_every_type_reads_back_as_it_was_written(word: EventType, data):
    written = entry(data.draw(events(word)))
    stored = codec.stored(written, salts())
    assert codec.entry(stored) == written
    assert check_parts(stored.state, stored.private) == []
    # And the state all the same when the private half is gone.
    read = codec.event(word.code, stored.state, b"")
    for field in word.fields:
        if field.part is None:
            assert getattr(read, field.name) == getattr(written.event, field.name)


@settings(deadline=None, max_examples=100)
@given(said=any_event)
def test_the_halves_are_canonical(said):
    state, private = codec.halves(said, salts())
    for half in (state, private):
        if half:
            text = half.decode()
            assert (
                text
                == json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")) + "\n"
            )
    again = codec.event(VOCABULARY[type(said)].code, state, private)
    assert codec.halves(again, salts()) == (state, private)


@settings(deadline=None, max_examples=100)
@given(said=any_event)
def test_what_is_private_stands_in_the_private_half_alone(said):
    state, private = codec.halves(said, salts())
    told, hidden = json.loads(state), json.loads(private or "{}")
    for field in VOCABULARY[type(said)].fields:
        value = getattr(said, field.name)
        if field.part is not None:
            assert field.name not in told
        elif value != field.default:
            assert field.name in told
    assert told.get("parts", {}).keys() == hidden.keys()
    assert hidden.keys() <= {field.part for field in VOCABULARY[type(said)].fields}


NUMBER = CitizenNumber("510603200705150024")
BIRTH = BirthRegistered(
    effective_on=date(2007, 5, 15),
    household=HouseholdId(UUID(int=2)),
    community=CommunityId(UUID(int=3)),
    sex=Sex.FEMALE,
    birth_date=date(2007, 5, 15),
    nationality=Nationality("01"),
    name=Name("王小雨"),
    number=NUMBER,
    birth_kind=BirthKind("0101"),
    mother_name=Name("李梅"),
    declarant=Name("王建国"),
)
NAMED = NameChanged(
    effective_on=date(2007, 5, 15),
    category=ChangeCategory("21"),
    name=Name("王晓雨"),
    declarant=Name("王建国"),
)


def test_each_part_is_tied_to_the_state_by_its_salted_digest():
    state, private = codec.halves(BIRTH, salts())
    told, hidden = json.loads(state), json.loads(private)
    assert list(hidden) == ["mother", "subject", "declarant"]
    raw = json.dumps(hidden["mother"], ensure_ascii=False, separators=(",", ":")).encode()
    assert told["parts"]["mother"] == hashlib.sha256(raw).hexdigest()
    assert len({part["salt"] for part in hidden.values()}) == 3
    assert codec.halves(BIRTH, lambda: bytes(16))[0] != state  # the same name, another digest


@pytest.mark.parametrize("part", ["mother", "subject", "declarant"])
def test_a_part_that_was_tampered_with_is_found(part):
    state, private = codec.halves(BIRTH, salts())
    hidden = json.loads(private)
    hidden[part]["salt"] = "00" * 16
    forged = json.dumps(hidden, ensure_ascii=False, separators=(",", ":")).encode()
    assert check_parts(state, forged) == [part]


def test_a_part_that_the_state_does_not_know_is_found():
    state, _ = codec.halves(replace(BIRTH, mother_name=None), salts())
    _, private = codec.halves(BIRTH, salts())
    assert "mother" in check_parts(state, private)


def test_a_redacted_part_reads_as_redacted_and_the_state_stays_as_it_was_proven():
    state, private = codec.halves(BIRTH, salts())
    hidden = {**json.loads(private), "mother": None, "subject": None}
    blanked = json.dumps(hidden, ensure_ascii=False, separators=(",", ":")).encode()
    read = codec.event(2, state, blanked)
    assert (read.name, read.number, read.mother_name) == (REDACTED, None, None)
    assert read.declarant == BIRTH.declarant
    assert read.birth_date == BIRTH.birth_date
    assert check_parts(state, blanked) == []
    assert codec.event(2, state, b"").declarant == REDACTED  # the whole half is gone


def test_a_redacted_field_is_of_its_own_type():
    given = NumberGiven(
        effective_on=BIRTH.effective_on,
        person=PersonId(UUID(int=1)),
        book=BookId(UUID(int=2)),
        number=NUMBER,
    )
    state, _ = codec.halves(given, salts())
    assert codec.event(94, state, b"").number.masked.endswith("ted〕")
    permit = replace(one_of(VOCABULARY[PermitIssued]), movers=(Name("金哲"),))
    state, _ = codec.halves(permit, salts())
    assert codec.event(100, state, b"").movers == ()


def test_a_code_that_this_program_does_not_know_is_refused_clearly():
    state, private = codec.halves(NAMED, salts())
    with pytest.raises(NewerProgram, match=r"event code 9999 .* upgrade"):
        codec.event(9999, state, private)


def test_a_value_that_was_lawful_when_recorded_stays_readable():
    state, private = codec.halves(NAMED, salts())
    state = state.replace(b'"category":"21"', b'"category":"88"')  # no longer in the table
    assert codec.event(10, state, private).category == "88"


def test_a_foreign_entry_is_not_taken_for_one_of_ours():
    stored = codec.stored(entry(NAMED), salts())
    with pytest.raises(AssertionError, match="not of this register"):
        codec.entry(replace(stored, code=None))


# --- evolution --------------------------------------------------------------------------------

HISTORY: dict[type, EventType] = {}


@event(code=1, kind=Kind.PERSON, writes={Group.NAME}, opens=True, into=HISTORY)
class CallNoted1:
    """What was noted at first: a name in one piece."""

    effective_on: date
    name: Private[str]

    def upcast(self) -> CallNoted2:
        """The family name is the first character."""
        return CallNoted2(effective_on=self.effective_on, family=self.name[:1], given=self.name[1:])


@event(code=2, kind=Kind.PERSON, writes={Group.NAME}, opens=True, into=HISTORY)
class CallNoted2:
    """Then the name was taken apart."""

    effective_on: date
    family: Private[str]
    given: Private[str]

    def upcast(self) -> CallNoted:
        """Nobody had asked for the script."""
        return CallNoted(
            effective_on=self.effective_on, family=self.family, given=self.given, script="han"
        )


@event(code=3, kind=Kind.PERSON, writes={Group.NAME}, opens=True, into=HISTORY)
class CallNoted:
    """Now the script is noted too."""

    effective_on: date
    family: Private[str]
    given: Private[str]
    script: str


def test_an_event_type_that_changed_twice_is_raised_twice_and_its_bytes_stay():
    of_all_times = Codec(HISTORY)
    oldest = CallNoted1(effective_on=date(2004, 6, 1), name="王建国")
    halves = of_all_times.halves(oldest, salts())
    assert of_all_times.event(1, *halves) == CallNoted(
        effective_on=date(2004, 6, 1), family="王", given="建国", script="han"
    )
    middle = CallNoted2(effective_on=date(2005, 6, 1), family="欧阳", given="锋")
    read = of_all_times.event(2, *of_all_times.halves(middle, salts()))
    assert (read.family, read.script) == ("欧阳", "han")
    newest = CallNoted(effective_on=date(2006, 6, 1), family="安", given="平", script="latin")
    assert of_all_times.event(3, *of_all_times.halves(newest, salts())) == newest
    assert of_all_times.halves(oldest, salts()) == halves


def test_an_optional_field_with_a_default_keeps_the_code():
    before: dict[type, EventType] = {}
    after: dict[type, EventType] = {}

    @event(code=7, kind=Kind.PERSON, into=before)
    class Noted:
        """As it was."""

        effective_on: date
        what: str

    old = Noted(effective_on=date(2004, 6, 1), what="height")

    @event(code=7, kind=Kind.PERSON, into=after)
    class NotedMore:
        """As it is, with one field more."""

        effective_on: date
        what: str
        unit: str | None = None

    stored = Codec(before).halves(old, salts())
    assert Codec(after).event(7, *stored).unit is None
    silent = NotedMore(effective_on=date(2004, 6, 1), what="height")
    assert Codec(after).halves(silent, salts()) == stored  # and says no more than the old one did
    told = replace(silent, unit="cm")
    assert Codec(before).event(7, *Codec(after).halves(told, salts())) == old


# --- golden -----------------------------------------------------------------------------------


def examples() -> list[dict[str, Any]]:
    """An entry of every type with everything told, as it is stored."""
    rows = []
    for word in WORDS:
        said = whole(word)
        state, private = codec.halves(said, salts())
        row = {"code": word.code, "type": word.name}
        halves = {"state": b64encode(state).decode(), "private": b64encode(private).decode()}
        rows.append({**row, **halves})
    return rows


def test_stored_entries_of_every_type_stay_readable(update_golden: bool):
    if update_golden:
        kept = {row["code"]: row for row in map(json.loads, GOLDEN.read_text().splitlines())}
        rows = [kept.get(row["code"], row) for row in examples()]
        GOLDEN.write_text("".join(json.dumps(row) + "\n" for row in rows))
    rows = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
    assert [row["code"] for row in rows] == [word.code for word in WORDS], "pytest --update-golden"
    for row in rows:
        state, private = b64decode(row["state"]), b64decode(row["private"])
        read = codec.event(row["code"], state, private)
        assert type(read).__name__ == row["type"]
        assert codec.halves(read, salts()) == (state, private)
        assert check_parts(state, private) == []


@pytest.mark.parametrize("word", WORDS, ids=lambda word: word.name)
def test_every_event_type_has_a_json_schema(word: EventType):
    schema = json_schema(word)
    described = json.dumps(schema)
    assert "effective_on" in described
    for field in word.fields:
        assert f'"{field.name}"' in described
