"""A wrong row in any read model is found and located, wherever it stands."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid5

import pytest
from sqlalchemy import MetaData, delete, func, insert, select, update

from adapters import matching
from adapters.database import open_database, writing
from adapters.divergences import owner
from adapters.eventstore import Recorder
from adapters.matching import END, Positions, compare, compare_part, pieces, pieces_at_once, ranges
from adapters.rebuilding import passes
from adapters.tables import Copy
from registry.entry import Entry
from registry.projections import PROJECTIONS
from registry.projections.base import Steps
from registry.vocabulary import VOCABULARY, Kind
from tests.adapters.followed import followed, kept, record
from tests.everything import whole
from tests.replay.test_changed import with_cards

NAMES = [*PROJECTIONS]
#: Kinds of which the town has something, but not for every read model.
BESIDES = frozenset({Kind.CARD, Kind.DIVISION})


@pytest.fixture(scope="module")
def entries():
    """The log of a town in which everything happens that is hard, and cards are made too."""
    log = [*with_cards(5)]
    there = {VOCABULARY[type(entry.event)].kind for entry in log}
    last = log[-1]
    for word in sorted(VOCABULARY.values(), key=lambda word: (not word.opens, word.code)):
        # What does not happen there begins at least, and of an import all is told.
        begins = word.opens and (word.kind not in there or word.kind in BESIDES)
        if begins or word.kind is Kind.BATCH:
            event = replace(whole(word), effective_on=date(2004, 1, 1))
            name = Kind.BATCH if word.kind is Kind.BATCH else word.name
            stream = uuid5(UUID(int=1), name)
            version = 1 + sum(entry.stream == stream for entry in log)
            place = len(log) + 1
            log.append(Entry(stream, version, event, event.effective_on, place, last.recorded_at))
    return log


def physical(name: str) -> Any:
    """The table that is written."""
    return PROJECTIONS[name].physical("a", MetaData())


def some_row(connection: Any, table: Any, name: str) -> Any:
    """A row in the middle of a table."""
    rows = connection.execute(select(table).order_by(*table.primary_key.columns)).all()
    assert rows, f"the town has nothing for {name}"
    return rows[len(rows) // 2]


def same(table: Any, row: Any) -> Any:
    """The condition that a row is this one."""
    return [column == row._mapping[column.name] for column in table.primary_key.columns]


def found(engine: Any, store: Any, name: str) -> list[Any]:
    """What is wrong with a read model."""
    return [one for piece in pieces(engine, store, [name]) for one in piece.divergences]


@pytest.fixture(scope="module")
def filled(tmp_path_factory, sqlite_template, entries):
    """The town's register, to be copied."""
    return kept(tmp_path_factory.mktemp("filled"), sqlite_template, entries)


@pytest.fixture
def copied(filled, tmp_path):
    """An engine on a register that holds the town."""
    shutil.copy(filled, tmp_path / "registry.db")
    engine = open_database(f"sqlite:///{tmp_path / 'registry.db'}", durability="off")
    yield engine
    engine.dispose()


def test_read_models_follow_from_the_log(engine, entries):
    projector = followed(engine, entries, batch=20)
    told = list(pieces(engine, projector.store, NAMES))
    assert {one.model for one in told} == set(NAMES)
    assert all(one.equal and one.stored == one.expected for one in told)
    assert {one.position for one in told} == {len(entries)}
    assert sum(one.rows for one in told) > len(entries)


@pytest.mark.parametrize("name", NAMES)
def test_a_planted_wrong_row_is_found_and_located(copied, entries, name):
    store = Recorder(copied, node=1)
    table = physical(name)
    with writing(copied) as connection:
        row = some_row(connection, table, name)
        stream = UUID(bytes=row._mapping[owner(PROJECTIONS[name])])
        held = row._mapping
        connection.execute(delete(table).where(*same(table, row)))
    (missing,) = found(copied, store, name)
    assert (UUID(bytes=missing.stream), missing.what) == (stream, "missing")
    assert missing.position == held.get("known_from", held.get("position"))

    with writing(copied) as connection:  # back again, but under another stream that is not there
        alien = {**held, owner(PROJECTIONS[name]): b"\xfe" * 16}
        connection.execute(insert(table).values(**held))
        if isinstance(PROJECTIONS[name], Steps):
            alien["position"] = len(entries) + 7
        connection.execute(insert(table).values(**alien))
    (surplus,) = found(copied, store, name)
    assert (surplus.stream, surplus.what) == (b"\xfe" * 16, "surplus")


@pytest.mark.parametrize("name", NAMES)
def test_a_value_that_was_changed_is_named_by_its_column(copied, entries, name):
    store = Recorder(copied, node=1)
    table, model = physical(name), PROJECTIONS[name]
    keys = {*model.ident, "known_from", owner(model)}
    with writing(copied) as connection:
        row = some_row(connection, table, name)
        free = [
            column
            for column in model.columns
            if column not in keys and isinstance(row._mapping[column], int)
        ]
        assert free, f"{name} has no number that could be wrong"
        column = free[-1]
        other = row._mapping[column] - 1
        if column == "known_until":  # closed by an entry that does not close it
            other = row.known_from + 1 + (row.known_until == row.known_from + 1)
        changed = {column: other}
        connection.execute(update(table).where(*same(table, row)).values(**changed))
    (wrong,) = found(copied, store, name)
    assert wrong.what == "different"
    assert wrong.columns == (column,)
    assert wrong.stream == row._mapping[owner(model)]
    assert 1 <= wrong.position <= len(entries) + 1
    assert str(wrong).startswith(f"{name}: stream")


def test_a_read_model_that_missed_an_entry_is_wrong_from_that_entry_on(engine, entries):
    """An update that was lost: the row is open still that the entry should have closed."""
    projector = followed(engine, entries)
    table = physical("residences")
    copy = Copy(PROJECTIONS["residences"], "a")
    assert copy.name == table.name
    with writing(engine) as connection:
        rows = connection.execute(select(table).where(table.c.known_until < len(entries))).all()
        row = rows[0]
        connection.execute(update(table).where(*same(table, row)).values(known_until=2**62 - 1))
    divergences = found(engine, projector.store, "residences")
    assert [one.position for one in divergences] == [row.known_until]


def test_ranges_of_streams_cover_everything(engine, entries):
    projector = followed(engine, entries)
    last, streams = b"", 0
    while last != END:
        (told,) = compare(engine, projector.store, ["persons"], last, limit=3)
        assert told.equal
        assert told.streams <= 3
        streams, last = streams + told.streams, told.last
    persons = {entry.stream for entry in entries if "person" in type(entry.event).__module__}
    assert streams == len(persons)


def test_a_kind_that_hardly_anybody_is_of_is_looked_for_a_little_at_a_time(engine, entries):
    projector = followed(engine, entries)
    everybody = sorted({entry.stream.bytes for entry in entries})
    last, ends, streams = b"", [], 0
    while last != END:
        (told,) = compare(engine, projector.store, ["streets"], last, limit=1_000, look=20)
        streams, last = streams + told.streams, told.last
        ends.append(last)
    assert ends[:-1] == everybody[19::20]
    assert streams == sum("StreetNamed" in type(entry.event).__name__ for entry in entries)


def test_processes_that_share_the_ranges_find_what_one_finds(engine, entries, monkeypatch):
    projector = followed(engine, entries)
    table = physical("persons")
    with writing(engine) as connection:
        row = some_row(connection, table, "persons")
        connection.execute(update(table).where(*same(table, row)).values(name="张冠李戴"))
    monkeypatch.setattr(matching, "RANGE", 7)
    url = engine.url.render_as_string(hide_password=False)
    alone = [one for some in passes(NAMES) for one in pieces(engine, projector.store, some)]
    shared = [*pieces_at_once(url, 1, engine, passes(NAMES))]
    assert len({one.last for one in shared}) > 10
    assert sum(one.streams for one in shared) == sum(one.streams for one in alone)
    assert sum(one.rows for one in shared) == sum(one.rows for one in alone)
    wrong = [fault for one in alone for fault in one.divergences]
    assert wrong
    assert [fault for one in shared for fault in one.divergences] == wrong


def test_steps_are_compared_by_position(copied):
    store, table = Recorder(copied, node=1), physical("flows")
    with copied.connect() as connection:
        many = connection.execute(select(func.count()).select_from(table)).scalar_one()
        row = some_row(connection, table, "flows")
    ends = [None, row.position, row.position + 1, None]
    places = list(map(Positions, ends[:-1], ends[1:]))

    def compared() -> list[Any]:
        return [one for where in places for one in compare_part(copied, store, ("flows", where))]

    told = compared()
    assert [one.rows for one in told][1] == 1
    assert (sum(one.rows for one in told), all(one.equal for one in told)) == (many, True)
    with writing(copied) as connection:
        connection.execute(delete(table).where(*same(table, row)))
        connection.execute(insert(table).values(**{**row._mapping, "position": -5}))
    (missing,), (surplus,) = (one.divergences for one in compared()[1:])
    assert [missing.what, surplus.what] == ["missing", "surplus"]
    assert (missing.position, surplus.position) == (row.position, -5)


def test_what_was_begun_since_streams_were_listed_is_compared_too(engine, entries, monkeypatch):
    monkeypatch.setattr(matching, "RANGE", 7)
    monkeypatch.setattr(matching, "AT_ONCE", 21)
    projector = followed(engine, entries[:200])
    listed = [*ranges(engine, NAMES)]
    record(projector.store, entries[200:])  # type: ignore[arg-type]
    projector.catch_up()
    everybody = {key for one in listed for key in one.keys}
    assert len(everybody) == len({entry.stream for entry in entries[:200]})
    told = [
        piece
        for one in listed
        for piece in compare(engine, projector.store, NAMES, one.after, until=one.last, known=one)
    ]
    assert all(piece.equal for piece in told)
    assert sum(piece.rows for piece in told) == sum(
        piece.rows for piece in pieces(engine, projector.store, NAMES)
    )
