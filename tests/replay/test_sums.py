"""Rows add up to the same wherever they lie, and to something else as soon as one says another."""

from __future__ import annotations

import dataclasses
import json
from contextlib import suppress
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.codec import check_parts
from registry.events.household import MembersChanged
from registry.store import StoredEntry
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.exact import stored_runs
from replay.columns.forms import NONE
from replay.columns.runs import block
from replay.columns.sums import row_sums
from replay.intake.digests import doubtful
from replay.intake.rows import Intake
from replay.sealed.handles import ColumnarSpaces
from tests import everything
from tests.replay.histories import histories
from tests.replay.test_columns import logs
from tests.replay.test_intake import CODEC, _small, batch, names, stored

KEY = bytes(range(32))
WORDS = st.sampled_from([*VOCABULARY.values()])
OFFICES = st.sampled_from(["510603001002", "", "officer"])


def taken(rows: list[StoredEntry], key: bytes = KEY) -> dict[int, int]:
    """What rows add, by position, as they are taken in in bulk."""
    spaces = ColumnarSpaces()
    intake = Intake(spaces, CODEC)
    intake.add(batch(rows))
    return {
        position: number
        for run in intake.runs().values()
        for position, number in zip(
            run.position.tolist(), row_sums(run, spaces, key).tolist(), strict=True
        )
    }


def laid(rows: list[StoredEntry], strangers: int = 3) -> dict[int, int]:
    """The same as they are laid out one by one, in blocks, and with handles of their own."""
    spaces = ColumnarSpaces()
    for kind in Kind:
        spaces.handles(kind.value, [UUID(int=2**100 + one) for one in range(strangers)])
    found: dict[int, int] = {}
    for kind, run in stored_runs(rows, spaces, CODEC).items():
        held = block(run, 0, spaces.count(kind.value))
        numbers = row_sums(held, spaces, KEY).tolist()
        found.update(zip(held.position.tolist(), numbers, strict=True))
    return found


def check(rows: list[StoredEntry]) -> None:
    """Hold both ways against each other."""
    assert taken(rows) == laid(rows)
    assert len({*taken(rows).values()}) == len(rows)


@given(log=logs())
@settings(deadline=None, max_examples=30)
def test_rows_add_the_same_however_they_came_to_lie_where_they_lie(log):
    check(stored(log))


@given(log=histories(rounds=1))
@settings(deadline=None, max_examples=5)
def test_rows_of_histories_add_the_same_and_no_two_alike(log):
    check(stored(log))


@given(word=WORDS, data=st.data())
@settings(deadline=None, max_examples=100)
def test_whatever_is_said_otherwise_shows_in_its_row_alone(word, data):
    events = data.draw(st.lists(everything.events(word).map(_small), min_size=2, max_size=3))
    rows = stored([everything.entry(one, n, position=n) for n, one in enumerate(events, 1)])
    place = data.draw(st.integers(0, len(rows) - 1))
    own = rows[place]
    other = data.draw(
        st.one_of(
            everything.events(word).map(lambda event: written(own, _small(event))),
            st.sampled_from(["officer", "office"]).flatmap(
                lambda name: OFFICES.map(lambda text: dataclasses.replace(own, **{name: text}))
            ),
            st.integers(0, 9).map(lambda at: dataclasses.replace(own, origin_at=at)),
            st.integers(0, 9).map(lambda at: dataclasses.replace(own, recorded_at=at)),
            st.integers(0, 9).map(lambda at: dataclasses.replace(own, origin_seq=at)),
            st.uuids().map(lambda one: dataclasses.replace(own, submission=one)),
            st.binary(min_size=16, max_size=16).map(lambda salt: salted(own, salt)),
        )
    )
    changed = [*rows[:place], other, *rows[place + 1 :]]
    before, after = taken(rows), taken(changed)
    assert after == laid(changed)
    apart = [position for position in before if before[position] != after[position]]
    assert apart == ([own.position] if other != own else [])


def written(row: StoredEntry, event: Any) -> StoredEntry:
    """A row that says something else."""
    event = dataclasses.replace(event, effective_on=CODEC.entry(row).effective_on)
    state, private = CODEC.halves(event, lambda: bytes(16))
    return dataclasses.replace(row, state=state, private=private)


def salted(row: StoredEntry, salt: bytes) -> StoredEntry:
    """A row that says the same with other salts."""
    state, private = CODEC.halves(CODEC.entry(row).event, lambda: salt)
    return dataclasses.replace(row, state=state, private=private)


def test_the_order_of_what_a_list_holds_counts():
    shape: Any = MembersChanged
    people = [UUID(int=one) for one in (7, 8, 7, 9)]

    def row(left: list[UUID]) -> list[StoredEntry]:
        event = shape(effective_on=date(2007, 6, 1), business=301, left=tuple(left), head=None)
        return stored([everything.entry(event)])

    numbers = [taken(row(people[turn:] + people[:turn]))[1] for turn in range(4)]
    assert len({*numbers, taken(row(people[:3]))[1]}) == 5


@pytest.mark.parametrize(
    "told",
    [
        lambda row: dataclasses.replace(row, originator_version=row.originator_version + 1),
        lambda row: dataclasses.replace(row, originator_id=UUID(int=77)),
        lambda row: dataclasses.replace(row, recorded_at=row.recorded_at + 1),
        lambda row: dataclasses.replace(row, origin_at=row.origin_at - 1),
        lambda row: dataclasses.replace(row, origin=row.origin + 1),
        lambda row: dataclasses.replace(row, origin_seq=row.origin_seq + 1),
        lambda row: dataclasses.replace(row, submission=UUID(int=5)),
        lambda row: dataclasses.replace(row, officer=row.office, office=row.officer),
        lambda row: salted(row, b"salt" * 4),
        lambda row: dataclasses.replace(row, private=b""),
    ],
)
def test_whatever_stands_around_an_event_counts(told):
    rows = names(["王一", "王二"])
    one, other = taken(rows), taken([told(row) for row in rows])
    assert all(one[position] != other[position] for position in one)


def test_with_another_key_every_row_adds_something_else():
    rows = names(["王一", "王二", "王三"])
    one, other = taken(rows), taken(rows, bytes(32))
    assert all(one[position] != other[position] for position in one)


def test_who_is_nobody_has_no_identifier():
    spaces = ColumnarSpaces()
    spaces.handles("person", [UUID(int=1), UUID(int=2 << 64)])
    high, low = spaces.halves_of("person", np.array([1, 0, 1], "u4"))
    assert (high.tolist(), low.tolist()) == ([2, 0, 2], [0, 1, 0])
    with pytest.raises(AssertionError):
        spaces.halves_of("person", np.array([NONE], "u4"))


@given(log=histories(rounds=1))
@settings(deadline=None, max_examples=5)
def test_parts_that_have_their_digests_are_in_no_doubt(log):
    rows = stored(log)
    assert doubtful(batch(rows)).tolist() == []
    assert doubtful(batch(rows, large=True).slice(len(rows) // 2)).tolist() == []


@given(word=WORDS, data=st.data())
@settings(deadline=None, max_examples=100)
def test_a_half_with_any_byte_changed_is_in_doubt_where_its_digests_are_wrong(word, data):
    event = _small(data.draw(everything.events(word)))
    ((own,),) = ([one] for one in stored([everything.entry(event, 1, position=1)]))
    assert doubtful(batch([own])).tolist() == []
    half = data.draw(st.sampled_from(["state", "private"]))
    raw = getattr(own, half)
    if not raw:
        return
    place = data.draw(st.integers(0, len(raw) - 1))
    byte = data.draw(st.sampled_from([*b'0a"{},:\\\n', raw[place] ^ 1]))
    row = dataclasses.replace(own, **{half: raw[:place] + bytes([byte]) + raw[place + 1 :]})
    if doubtful(batch([own, row, own])).tolist() == [1]:
        return
    assert half == "state" or row == own
    row.state.decode()
    assert (row.state.count(b"\n"), row.state[-1:]) == (1, b"\n")
    with suppress(msgspec.DecodeError):  # whoever takes the row in says so
        assert check_parts(row.state, row.private) == []


def test_what_is_not_as_it_is_written_is_in_doubt():
    own, *rows = names(["王一", "王二", "王三", "王四", "王五"])
    told = json.loads(own.state)["parts"]
    rows[0] = dataclasses.replace(rows[0], private=b"")
    rows[1] = dataclasses.replace(rows[1], private=b"{}\n")
    rows[2] = dataclasses.replace(
        rows[2], private=rows[2].private.replace(b'{"salt', b'{ "salt', 1)
    )
    rows[3] = dataclasses.replace(rows[3], state=b"")
    rows.append(dataclasses.replace(own, state=own.state.replace(b'":"', b'":"\t', 1)))
    rows.append(dataclasses.replace(own, state=own.state.replace(b'":"', b'":"\xff', 1)))
    assert doubtful(batch([own, *rows, own])).tolist() == [1, 2, 3, 4, 5, 6]
    body = own.private[own.private.index(b":") + 1 :]
    assert any(
        sha256(body[: end + 1]).hexdigest() in told.values()
        for end in range(len(body))
        if body[end] == ord("}")
    )
