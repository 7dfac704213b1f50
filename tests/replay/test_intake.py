"""Stored rows taken in bulk become the runs that their entries become one by one."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from itertools import count
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry.codec import Codec
from registry.coded import Relationship
from registry.entry import Entry
from registry.events.applications import CaptureCompleted
from registry.events.household import Member, MembersChanged
from registry.events.person import NameChanged
from registry.events.places import StationAssigned
from registry.store import StoredEntry
from registry.values import PersonId, day_number
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.exact import stored_rows, stored_runs
from replay.columns.forms import Heaps, KeptSpaces, ListForm
from replay.columns.runs import Run, entries
from replay.intake import finding
from replay.intake.digests import doubtful
from replay.intake.rows import Intake, Unreadable
from replay.intake.tokens import identify, read_days
from tests import everything
from tests.replay.histories import histories
from tests.replay.test_columns import logs
from tests.strategies import CATEGORY

CODEC = Codec()
_SHAPES: Any = (MembersChanged, NameChanged)
_MEMBERS = [
    Member(person=PersonId(UUID(int=one)), relation=Relationship(relation))
    for one, relation in ((7, "02"), (8, "10"), (9, "01"))
]
#: Values of all kinds: lists of identifiers and of objects, numbers and null, days, private parts.
FLIPPED = (
    _SHAPES[0](
        effective_on=date(2007, 6, 1),
        business=301,
        joined=tuple(_MEMBERS[:2]),
        left=(UUID(int=10),),
        relations=tuple(_MEMBERS[2:]),
        head=None,
    ),
    _SHAPES[1](effective_on=date(2007, 6, 1), category=CATEGORY, name='王"一\\', declarant="王大"),
    everything.whole(VOCABULARY[CaptureCompleted]),
    everything.whole(VOCABULARY[StationAssigned]),
)


def salts() -> Any:
    numbers = count(1)
    return lambda: next(numbers).to_bytes(16, "big")


def stored(log: list[Entry]) -> list[StoredEntry]:
    """A log as the store keeps it."""
    salt = salts()
    stored = [CODEC.stored(entry, salt) for entry in log]
    return [
        dataclasses.replace(one, origin_at=one.recorded_at - one.position % 2) for one in stored
    ]


def batch(rows: list[StoredEntry], large: bool = False) -> pa.RecordBatch:
    """Stored entries as a database driver gives them."""
    binary = pa.large_binary() if large else pa.binary()
    return pa.RecordBatch.from_pydict(
        {
            "position": [one.position for one in rows],
            "stream": pa.array([_stream(one).bytes for one in rows], binary),
            "version": pa.array([one.originator_version for one in rows], pa.int32()),
            "code": pa.array([one.code for one in rows], pa.int32()),
            "effective_on": pa.array([one.effective_on for one in rows], pa.int32()),
            "recorded_at": [one.recorded_at for one in rows],
            "origin": pa.array([one.origin for one in rows], pa.int32()),
            "origin_seq": [one.origin_seq for one in rows],
            "origin_at": [one.origin_at for one in rows],
            "officer": pa.array([one.officer for one in rows], pa.string()),
            "office": pa.array([one.office for one in rows], pa.string()),
            "submission": pa.array(
                [None if one.submission is None else one.submission.bytes for one in rows], binary
            ),
            "state": pa.array([one.state for one in rows], binary),
            "private": pa.array([one.private for one in rows], binary),
        }
    )


def _stream(one: StoredEntry) -> UUID:
    assert isinstance(one.originator_id, UUID)
    return one.originator_id


def taken(rows: list[StoredEntry], spaces: KeptSpaces, at_once: int = 5) -> dict[Kind, Run]:
    """Take rows in, some at a time."""
    intake = Intake(spaces, CODEC)
    for start in range(0, len(rows), at_once):
        intake.add(batch(rows[start : start + at_once], large=start % 2 == 0))
    return intake.runs()


def told(run: Run, spaces: KeptSpaces) -> dict[str, Any]:
    """Everything in a run, handles resolved; by stream, since handles may be given otherwise."""
    heaps, laid = Heaps(run.texts, spaces), run.layout
    found: dict[str, Any] = {
        name: (column.dtype.str, column.tolist()) for name, column in run.fixed().items()
    }
    found["starts"], found["first"] = run.starts.tolist(), run.first_version.tolist()
    found["entities"] = spaces.ids(laid.kind.value, run.entities.tolist())
    for name, form in laid.dense.items():
        column = run.dense[name]
        found[name] = column.dtype.str, form.values(column, heaps)
    for name, side_form in laid.sparse.items():
        side = run.sparse[name]
        parts = side_form.parts if isinstance(side_form, ListForm) else {"value": side_form}
        found[f"{name}?"] = (
            side.rows.tolist(),
            None if side.offsets is None else (side.offsets.dtype.str, side.offsets.tolist()),
            {one: part.values(side.parts[one], heaps) for one, part in parts.items()},
            {one: side.parts[one].dtype.str for one in parts},
        )
    for name, side in run.stored.items():
        offsets = None if side.offsets is None else side.offsets.tolist()
        stated: Any = {one: (part.dtype.str, part.tolist()) for one, part in side.parts.items()}
        if name in ("state", "private"):
            stated = run.texts.take(stated["value"][1])
        found[f"{name}#"] = side.rows.tolist(), offsets, stated
    for name, column in run.cold.items():
        texts = name in ("officer", "office")
        found[f"{name}!"] = (
            column.dtype.str,
            run.texts.take(column.tolist()) if texts else column.tolist(),
        )
    return found


def check_same(rows: list[StoredEntry]) -> None:
    """Hold both ways against each other."""
    plain_spaces, spaces = KeptSpaces(), KeptSpaces()
    plain = stored_runs(rows, plain_spaces, CODEC)
    # Handles given beforehand are the same, so that rows stand in one order.
    for kind in plain_spaces._ids:
        spaces.handles(kind, plain_spaces._ids[kind])
    found = taken(rows, spaces)
    assert found.keys() == plain.keys()
    for kind, run in plain.items():
        assert told(found[kind], spaces) == told(run, plain_spaces)
    assert spaces._ids == plain_spaces._ids
    for held, names in ((plain, plain_spaces), (found, spaces)):
        again = [one for run in held.values() for one in stored_rows(run, names, CODEC)]
        assert sorted(again, key=lambda one: one.position) == rows


@given(log=logs())
@settings(deadline=None, max_examples=80)
def test_rows_in_bulk_become_what_their_entries_become(log):
    check_same(stored(log))


@given(log=histories(rounds=2))
@settings(deadline=None, max_examples=10)
def test_histories_in_bulk_become_what_their_entries_become(log):
    check_same(stored(log))


@given(log=logs())
@settings(deadline=None, max_examples=20)
def test_rows_that_several_threads_look_through_become_the_same(log):
    def few(count: int) -> list[slice]:
        return [slice(first, min(first + 3, count)) for first in range(0, max(count, 1), 3)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding, "pieces", few)
        check_same(stored(log))


@pytest.mark.parametrize("word", VOCABULARY.values(), ids=lambda word: word.name)
@settings(deadline=None, max_examples=4)
@given(data=st.data())
def test_an_entry_of_every_type_is_taken_in_as_the_codec_reads_it(word, data):
    events = data.draw(st.lists(everything.events(word), min_size=1, max_size=4))
    log = [everything.entry(_small(event), n, position=n) for n, event in enumerate(events, 1)]
    check_same(stored(log))


def _small(event: Any) -> Any:
    """An event whose integers fit their columns."""

    def fit(value: Any) -> Any:
        if type(value) is tuple:
            return tuple(fit(one) for one in value)
        if dataclasses.is_dataclass(value):
            return _small(value)
        return value % 100_000 if type(value) is int else value

    fields = dataclasses.fields(event)
    return dataclasses.replace(event, **{one.name: fit(getattr(event, one.name)) for one in fields})


def names(texts: list[str]) -> list[StoredEntry]:
    """Entries of one stream that change a name."""
    shape: Any = NameChanged
    log = []
    for version, text in enumerate(texts, 1):
        event = shape(
            effective_on=date(2007, 6, version),
            category=CATEGORY,
            name=text,
            declarant="王大",
        )
        log.append(everything.entry(event, version, position=version))
    return stored(log)


def test_a_text_with_quotes_and_backslashes_is_read_as_it_was_said():
    rows = names(['a"b', "a\\b", "a\tb", "𠮷", "null", '\\"'])
    spaces = KeptSpaces()
    run = taken(rows, spaces)[Kind.PERSON]
    said = [entry.event.name for entry in entries(run, spaces)]
    assert said == ['a"b', "a\\b", "a\tb", "𠮷", "null", '\\"']


def test_a_redacted_part_is_taken_in_as_the_codec_reads_it():
    rows = names(["王一", "王二", "王三", "王四"])
    blanked = json.dumps({"subject": None, **_without(rows[1].private, "subject")}) + "\n"
    rows[1] = dataclasses.replace(rows[1], private=blanked.encode())
    rows[2] = dataclasses.replace(rows[2], private=b"")
    check_same(rows)


def _without(private: bytes, part: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(private)
    del told[part]
    return told


def test_a_half_that_another_program_wrote_is_taken_in_as_the_codec_reads_it():
    rows = names(["王一", "王二"])
    spaced = json.dumps(json.loads(rows[1].state), indent=1).encode() + b"\n"
    turned = json.dumps(dict(reversed(json.loads(rows[0].state).items()))).encode() + b"\n"
    rows[1] = dataclasses.replace(rows[1], state=spaced)
    rows[0] = dataclasses.replace(rows[0], state=turned)
    check_same(rows)


@pytest.mark.parametrize("code", [999, 0, -1, 5000])
def test_a_code_of_a_newer_program_is_named(code):
    rows = names(["王一", "王二"])
    rows[1] = dataclasses.replace(rows[1], code=code)
    with pytest.raises(Unreadable, match=rf"entry 2 has event code {code}, .*upgrade"):
        taken(rows, KeptSpaces())


def test_a_row_whose_day_is_not_its_events_is_named():
    rows = names(["王一", "王二"])
    rows[1] = dataclasses.replace(rows[1], effective_on=day_number(date(2007, 1, 1)))
    with pytest.raises(Unreadable, match="entry 2 states another effective day"):
        taken(rows, KeptSpaces())


@pytest.mark.parametrize(
    ("half", "was", "damaged", "told"),
    [
        ("state", b"2007-06-02", b"2007-02-30", '"2007-02-30" is no day'),
        ("private", b'"salt":"0', b'"salt":"z', '"z0.* is no identifier'),
    ],
)
def test_a_damaged_value_is_named_with_its_entry(half, was, damaged, told):
    rows = names(["王一", "王二", "王三"])
    stated = getattr(rows[1], half)
    assert was in stated
    rows[1] = dataclasses.replace(rows[1], **{half: stated.replace(was, damaged)})
    with pytest.raises(Unreadable, match=f"entry 2 cannot be read: {told}"):
        taken(rows, KeptSpaces())


@pytest.mark.parametrize("bit", [0, 4])
@pytest.mark.parametrize("event", FLIPPED, ids=lambda event: type(event).__name__)
def test_a_row_with_a_bit_flipped_is_refused_or_comes_back_as_it_is(event, bit):
    (row,) = stored([everything.entry(_small(event))])
    check_same([row])
    refused = 0
    for damaged in [*flipped(row, bit)]:
        if len(doubtful(batch([damaged]))):
            continue
        spaces = KeptSpaces()
        try:
            (run,) = taken([damaged], spaces).values()
        except Exception:  # whichever it is, the row is not taken in
            refused += 1
            continue
        assert CODEC.entry(damaged).event.effective_on == event.effective_on, damaged
        assert [*stored_rows(run, spaces, CODEC)] == [damaged]
    assert refused > len(event.__dict__), "of each value the byte that opens it, at the least"


def flipped(row: StoredEntry, bit: int) -> Iterator[StoredEntry]:
    """A row with one bit of a byte flipped, each byte in turn; digests are those of the parts."""
    for place in range(len(row.state)):
        yield dataclasses.replace(row, state=with_flipped(row.state, place, bit))
    bodies = msgspec.json.decode(row.private or b"{}", type=dict[str, msgspec.Raw])
    for place in range(len(row.private)):
        private, state = with_flipped(row.private, place, bit), row.state
        for body in map(bytes, bodies.values()):
            at = row.private.index(body)
            old, new = sha256(body), sha256(private[at : at + len(body)])
            state = state.replace(old.hexdigest().encode(), new.hexdigest().encode())
        yield dataclasses.replace(row, state=state, private=private)


def with_flipped(half: bytes, place: int, bit: int) -> bytes:
    return half[:place] + bytes([half[place] ^ 1 << bit]) + half[place + 1 :]


@pytest.mark.parametrize("word", [b"numl", b"Null", b"nuuu", b"2null", b"nul"])
def test_what_only_looks_like_nothing_is_no_value(word):
    (row,) = stored([everything.entry(FLIPPED[0])])
    assert b'"head":null' in row.state
    check_same([row])
    damaged = row.state.replace(b'"head":null', b'"head":' + word)
    with pytest.raises(Unreadable, match="entry 1 cannot be read"):
        taken([dataclasses.replace(row, state=damaged)], KeptSpaces())


def test_a_gap_in_a_stream_is_named():
    rows = names(["王一", "王二", "王三"])
    with pytest.raises(Unreadable, match="has no version 2"):
        taken([rows[0], dataclasses.replace(rows[2], position=2)], KeptSpaces())


def test_a_gap_in_the_log_is_told():
    rows = names(["王一", "王二", "王三"])
    with pytest.raises(Unreadable, match="positions are not dense"):
        taken([rows[0], dataclasses.replace(rows[1], position=3)], KeptSpaces())


def test_nothing_becomes_nothing():
    assert Intake(KeptSpaces()).runs() == {}


def test_a_lot_does_not_hold_what_the_lot_before_it_held():
    rows, spaces = names(["王一", "王二", "王三"]), KeptSpaces()
    intake = Intake(spaces)
    intake.add(batch(rows[:2]))
    first = intake.runs()[Kind.PERSON]
    intake.add(batch(rows[2:]))
    second = intake.runs()[Kind.PERSON]
    assert [len(first), len(second), second.first_version.tolist()] == [2, 1, [3]]
    assert [one.event.name for one in entries(first, spaces)] == ["王一", "王二"]
    assert np.array_equal(first.entities, second.entities)


@given(value=st.integers(0, 2**128 - 1))
@settings(deadline=None)
def test_an_identifier_is_read_with_its_dashes_alone_and_a_salt_without(value):
    one = UUID(int=value)
    assert identified(str(one)) == identified(one.hex, salts=True) == one
    assert identified(one.hex) is identified(str(one), salts=True) is None


@given(value=st.uuids(), place=st.integers(0, 35), other=st.characters(max_codepoint=127))
@settings(deadline=None)
def test_what_is_no_identifier_is_not_read_as_one(value, place, other):
    text = str(value)
    wrong = text[:place] + other + text[place + 1 :]
    lawful = (other in "0123456789abcdef" and text[place] != "-") or other == text[place]
    assert (identified(wrong) is not None) == lawful


@given(value=st.one_of(st.dates(), st.sampled_from([date(1600, 2, 29), date(2000, 2, 29)])))
@settings(deadline=None)
def test_a_day_is_read_as_it_was_written(value):
    assert day_read(value.isoformat()) == day_number(value)


@given(
    text=st.one_of(
        st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True),
        st.text("0123456789-/x", min_size=9, max_size=11),
    )
)
@example("1900-02-29")
@example("2023-04-31")
@settings(deadline=None)
def test_what_is_no_day_is_not_read_as_one(text):
    assert (day_read(text) is not None) == is_day(text)


def is_day(text: str) -> bool:
    """Whether a text is a day as the codec writes it."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def day_read(text: str) -> int | None:
    """What a token of a text is read as, in days."""
    token = f'"{text}"'.encode()
    days = np.empty(1, "i4")
    first, end = np.array([0], "u4"), np.array([len(token)], "u4")
    wrong = read_days(np.frombuffer(token.ljust(64, b"~"), "u1"), first, end, days)
    return None if wrong >= 0 else int(days[0])


def identified(text: str, salts: bool = False) -> UUID | None:
    """What a token of a text is read as."""
    token = f'"{text}"'.encode()
    data = np.frombuffer(token.ljust(64, b"~") + bytes(64), "u1")
    first, end = np.array([0], "u4"), np.array([len(token)], "u4")
    high, low, null = np.empty(1, "u8"), np.empty(1, "u8"), np.empty(1, "u1")
    if identify(data, data.view("u8"), first, end, salts, high, low, null) >= 0:
        return None
    return UUID(int=int(high[0]) << 64 | int(low[0]))
