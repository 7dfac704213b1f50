"""Held against columns, a read model is found wrong wherever it is by entries, and nowhere else."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Engine,
    LargeBinary,
    MetaData,
    Text,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from adapters import models_held
from adapters.database import open_database, writing
from adapters.divergences import owner
from adapters.eventstore import Recorder
from adapters.matching import END, FIRST, Streams, compare_part, pieces
from adapters.models_held import by_columns
from adapters.projector import Projector
from adapters.replaying import REPLAYED, adding, holding, stored
from adapters.replaying.holding import (
    Held,
    Opened,
    Table,
    apart,
    columns_of,
    table_of,
    task_of,
    works_of,
)
from adapters.sealing import Job, seal
from adapters.verdicts import Found
from registry.entry import Entry
from registry.events.person import NameChanged
from registry.projections import PROJECTIONS
from registry.projections.base import Steps
from replay.columns.forms import Column
from replay.sealed.reading import SealedLog
from replay.sealed.writing import LogWriter
from tests.adapters.followed import followed, record
from tests.adapters.terminal import Terminal
from tests.adapters.test_redacting import redaction
from tests.replay.histories import town
from tests.strategies import story

KEY = bytes(32)


def lived() -> list[Entry]:
    """A register that has lived a while, and a town where anything can happen to anybody."""
    first = town(5, 2).entries
    late = max(entry.recorded_at for entry in first)
    return first + [
        entry._replace(position=len(first) + entry.position, recorded_at=late + entry.position)
        for entry in story(12, 500, salt=7, people=9).entries
    ]


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    """Stretches of a few streams, and of a few positions."""
    monkeypatch.setattr(adding, "STREAMS", 7)
    monkeypatch.setattr(adding, "POSITIONS", 16)


@dataclass
class Register:
    """A database with its log, sealed, and what columns say of its read models."""

    engine: Engine
    folder: Path

    def __post_init__(self) -> None:
        self.store = Recorder(self.engine, node=1)
        self.task = task_of(self.engine, 1, SealedLog(self.folder), self.folder, REPLAYED, KEY)
        self.told: dict[int, list[dict[str, Column]]] = {}

    def held(self, *names: str) -> dict[str, list[Any]]:
        """What has to be compared of read models."""
        return {one.name: [*one.parts] for one in self.told_of(*names)}

    def told_of(self, *names: str) -> list[Held]:
        """What is told of read models."""
        tables: dict[str, Table] = {}
        for name in names or REPLAYED:
            table = table_of(self.engine, self.task, name)
            assert table is not None
            tables[name] = table
        opened = Opened(self.task, self.engine, self.store)
        told = [columns_of(opened, work) for work in works_of(self.task, tables)]
        return [*apart(self.engine, self.task, tables, told)]

    def found(self, name: str) -> set[Any]:
        """What is wrong with a read model by columns."""
        return {*self.listed(name)}

    def listed(self, name: str) -> list[Any]:
        """The same, and twice what is found twice."""
        parts = self.held(name)[name]
        told = (compare_part(self.engine, self.store, part) for part in parts)
        return [one for its in told for piece in its for one in piece.divergences]

    def found_by_entries(self, name: str) -> set[Any]:
        """The same by entries."""
        return {*self.listed_by_entries(name)}

    def listed_by_entries(self, name: str) -> list[Any]:
        """The same by entries, and twice what is found twice."""
        told = pieces(self.engine, self.store, [name])
        return [one for piece in told for one in piece.divergences]


def sealed(url: str, folder: Path, until: int | None = None) -> Path:
    """The log sealed up to a position."""
    seal(Job(url, folder, until=until, lot=200))
    return folder


@pytest.fixture(params=["sqlite", "postgres"], scope="module")
def settled(request, tmp_path_factory) -> Iterator[Register]:
    """A register on each kind of database, whose tables have no keys: so rows can come twice."""
    folder = tmp_path_factory.mktemp("settled")
    if request.param == "sqlite":
        url = f"sqlite:///{folder / 'registry.db'}"
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "registry.db")
    else:
        server = request.getfixturevalue("postgres")
        name = f"t{uuid4().hex}"
        url = server.create(name, template=request.getfixturevalue("postgres_template"))
    engine = open_database(url, durability="off")
    followed(engine, lived())
    for name in REPLAYED:
        bare(engine, name)
    engine.dispose()
    sealed(url, folder / "sealed")
    engine = open_database(url, durability="off")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adding, "STREAMS", 7)
        patch.setattr(adding, "POSITIONS", 16)
        yield Register(engine, folder / "sealed")
    engine.dispose()
    if request.param == "postgres":
        server.drop(name)


def bare(engine: Engine, name: str) -> None:
    """Make a table anew, without its key."""
    table = physical(name)
    model = PROJECTIONS[name]
    view, shown = model.table.name, ", ".join(f'"{one}"' for one in model.columns)
    with writing(engine) as connection:
        for statement in (
            f"drop view {view}",
            f"create table beside as select * from {table.name}",
            f"drop table {table.name}",
            f"alter table beside rename to {table.name}",
            f"create view {view} as select {shown} from {table.name}",
        ):
            connection.execute(text(statement))


def physical(name: str) -> Any:
    """The table that is written."""
    return PROJECTIONS[name].physical("a", MetaData())


def same(table: Any, row: Any) -> Any:
    """The condition that a row is this one."""
    return [table.c[name].is_not_distinct_from(value) for name, value in row._mapping.items()]


def others(value: Any, kind: Any, nullable: bool) -> Any:
    """Values that a column may hold in place of one."""
    if value is None:
        return st.just({LargeBinary: b"x", Text: "x"}.get(kind, 0))
    bits = st.integers(0, 30)
    if isinstance(value, int):
        told: Any = bits.map(lambda bit: value ^ 1 << bit)
    elif isinstance(value, bytes) and value:
        flipped = st.integers(0, len(value) * 8 - 1).map(lambda bit: 1 << bit)
        told = flipped.map(
            lambda bit: (int.from_bytes(value, "big") ^ bit).to_bytes(len(value), "big")
        )
    else:
        told = st.sampled_from([value[:-1], value + value[:1] + value[:0]]).filter(value.__ne__)
    return told | st.none() if nullable else told


@given(data=st.data())
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_one_change_of_a_table_is_found_and_named_as_it_is_by_entries(settled, data):
    """A row missing, twice, beside another, or with another value in any column."""
    name = data.draw(st.sampled_from(REPLAYED))
    model, table = PROJECTIONS[name], physical(name)
    with settled.engine.connect() as connection:
        rows = connection.execute(select(table).order_by(*table.columns)).all()
    row = data.draw(st.sampled_from(rows))
    column = data.draw(st.sampled_from(model.columns))
    kept, told = row._mapping, model.table.c[column]
    other = {
        **kept,
        column: data.draw(others(kept[column], type(told.type), bool(told.nullable))),
    }
    key = [*model.ident, *({"known_from"} & kept.keys())]
    taken = {tuple(one._mapping[part] for part in key) for one in rows}
    changes = [[], [dict(kept), dict(kept)], [other]]
    if tuple(other[part] for part in key) not in taken:
        changes.append([dict(kept), other])
    now = data.draw(st.sampled_from(changes))
    put(settled.engine, table, [dict(kept)], now)
    try:
        found = settled.found(name)
        assert {one.model for one in found} == {name}
        assert found == settled.found_by_entries(name)
    finally:
        put(settled.engine, table, now, [dict(kept)])


@pytest.mark.parametrize("name", REPLAYED)
def test_rows_of_no_stream_are_found_wherever_a_database_puts_them(settled, name):
    """Names that are too short, too long, none at all, or what SQLite sorts before all names."""
    model, table = PROJECTIONS[name], physical(name).name
    steps, lite = isinstance(model, Steps), settled.engine.dialect.name == "sqlite"
    with settled.engine.connect() as connection:
        row = connection.execute(select(model.table)).first()
        assert row is not None
    first, stream = model.columns[0], row._mapping[owner(model)]
    odd = [b"", b"\x12", bytes(stream) + b"\0", *(["name", 5, None] if lite else [])]
    rows = [{**row._mapping, owner(model): one} for one in odd]
    for number, one in enumerate(rows if steps else []):
        one[first] = (f"place {number}" if number else None) if lite else 9_000 + number
    shown = ", ".join(f'"{one}"' for one in model.columns)
    marks = ", ".join(["?" if lite else "%s"] * len(model.columns))
    with writing(settled.engine) as connection:
        for one in rows:
            query = f"insert into {table} ({shown}) values ({marks})"
            connection.exec_driver_sql(query, tuple(one.values()))
    try:
        found = [*map(str, settled.listed(name))]
        assert sorted(found) == sorted(map(str, settled.listed_by_entries(name)))
        assert len(found) == len(odd)
        assert all(f"{name}: no identifier of a stream" in one for one in found)
        assert all("surplus" in one for one in found)
        (told,) = settled.told_of(name)
        assert told.wrong
    finally:
        with writing(settled.engine) as connection:
            query = f'delete from {table} where coalesce(length("{owner(model)}"), 0) <> 16'
            connection.exec_driver_sql(query)


def test_a_stretch_that_is_another_and_whose_rows_are_not_is_told(settled, monkeypatch):
    part, other = ("persons", Streams(FIRST, b"\x80")), ("persons", Streams(b"\x80", END))
    told = [Held("persons", 1, 7, [part, other], [part])]
    monkeypatch.setattr(holding, "held", lambda *how: told)
    where = SimpleNamespace(database="")
    parts: Any = SimpleNamespace(engine=settled.engine, store=settled.store, settings=where)
    found = Found(0, "rows")
    models_held.held(parts, SealedLog(settled.folder), ["persons"], found, print)
    assert found.faults == ["persons: rows are others than columns say; entries do not say which"]


def put(engine: Engine, table: Any, old: list[Any], new: list[Any]) -> None:
    """Put rows in the place of others."""
    with writing(engine) as connection:
        for row in old:
            where = [table.c[name].is_not_distinct_from(value) for name, value in row.items()]
            connection.execute(delete(table).where(*where))
        for row in new:
            connection.execute(insert(table).values(**row))


@pytest.mark.parametrize("until", [None, 300, 11])
def test_nothing_is_wrong_where_rows_follow_however_far_the_log_is_sealed(
    database_url, tmp_path, until
):
    """What is not sealed yet, entities that nobody knew before among it, is read from the store."""
    log = lived()
    engine = open_database(database_url, durability="off")
    projector = Projector(engine, Recorder(engine, node=1), batch=61)
    projector.prepare()
    record(projector.store, log)  # type: ignore[arg-type]
    for _ in range(5):
        projector.step()
    engine.dispose()
    folder = sealed(database_url, tmp_path / "sealed", until)
    engine = open_database(database_url, durability="off")
    register = Register(engine, folder)
    assert register.held() == {name: [] for name in REPLAYED}
    late = Projector(engine, register.store, projections=[PROJECTIONS["persons"]])
    while late.step():
        pass
    assert late.positions()["persons"] == len(log)
    assert register.held() == {name: [] for name in REPLAYED}, "they stand at two positions"
    with writing(engine) as connection:
        table = physical("persons")
        newest = connection.execute(select(func.max(table.c.known_from))).scalar_one()
        connection.execute(delete(table).where(table.c.known_from == newest))
    (wrong,) = register.found("persons")
    assert (wrong.position, wrong.what) == (newest, "missing")
    engine.dispose()


def test_nothing_is_wrong_where_read_models_are_followed_and_the_log_is_sealed_meanwhile(
    database_url, tmp_path, monkeypatch
):
    log = lived()
    engine = open_database(database_url, durability="off")
    projector = followed(engine, log[:200])
    engine.dispose()
    folder = sealed(database_url, tmp_path / "sealed", 100)
    engine = open_database(database_url, durability="off")
    register = Register(engine, folder)
    store = Recorder(engine, node=1)
    projector = Projector(engine, store)
    real = stored.stored

    def read(connection: Any, model: Any) -> Any:
        for number, rows in enumerate(real(connection, model)):
            yield rows
            if number == 0 and store.head()[0] < len(log):
                record(store, log[200:])
                projector.catch_up()

    monkeypatch.setattr(stored, "AT_ONCE", 10)
    monkeypatch.setattr(holding, "stored", read)
    names = ["persons", "residences", "flows"]
    tables = {name: table_of(engine, register.task, name) for name in names}
    stand = {name: table.position for name, table in tables.items() if table is not None}
    assert stand == {"persons": 200, "residences": len(log), "flows": len(log)}
    works = works_of(register.task, tables)  # type: ignore[arg-type]
    opened = Opened(register.task, engine, store)
    opened.at(works[0].known)
    engine.dispose()
    sealed(database_url, folder, 150)
    with LogWriter(folder) as writer:
        writer.compact()
        writer._clean()  # as whoever writes next does: what was to be read is gone
    told = [columns_of(opened, work) for work in works]
    assert [one.parts for one in apart(engine, register.task, tables, told)] == [[], [], []]  # type: ignore[arg-type]
    engine.dispose()


def test_what_was_blanked_since_it_was_sealed_is_no_fault_unless_it_is_shown(sqlite_url, tmp_path):
    log = lived()
    engine = open_database(sqlite_url, durability="off")
    projector = followed(engine, log)
    engine.dispose()
    folder = sealed(sqlite_url, tmp_path / "sealed")
    engine = open_database(sqlite_url, durability="off")
    chosen = next(one for one in log if isinstance(one.event, NameChanged))
    table = physical("persons")
    mine = table.c.person == chosen.stream.bytes
    with engine.connect() as connection:
        before = connection.execute(select(table).where(mine)).all()
    projector = Projector(engine, Recorder(engine, node=1))
    record(projector.store, [redaction(log, chosen)])  # type: ignore[arg-type]
    register = Register(engine, folder)
    assert register.found("persons") == set(), "it waits to be followed"
    again = Register(engine, sealed(sqlite_url, tmp_path / "again"))
    assert again.held("persons")["persons"], "it is blanked in columns only"
    assert [one.wrong for one in again.told_of()] == [[]] * len(REPLAYED)
    projector.catch_up()
    assert register.held("persons")["persons"], "columns show it still"
    assert [one.wrong for one in register.told_of()] == [[]] * len(REPLAYED)
    assert register.found("persons") == set()
    with writing(engine) as connection:
        connection.execute(delete(table).where(mine))
        connection.execute(insert(table), [dict(row._mapping) for row in before])
    assert register.found("persons") == register.found_by_entries("persons") != set()
    engine.dispose()


def test_values_that_are_of_another_type_on_sqlite_are_not_taken_for_alike(sqlite_url, tmp_path):
    engine = open_database(sqlite_url, durability="off")
    followed(engine, lived())
    engine.dispose()
    folder = sealed(sqlite_url, tmp_path / "sealed")
    engine = open_database(sqlite_url, durability="off")
    register = Register(engine, folder)
    for column, other in (
        ("known_until", "cast(known_until as text) || 'x'"),
        ("valid_from", "valid_from + 4294967296"),
        ("name", "cast(name as blob)"),
        ("person", "cast(hex(person) as text)"),
    ):
        table = physical("persons")
        with engine.connect() as connection:
            row = connection.execute(select(table).order_by(*table.columns)).first()
            assert row is not None
        with writing(engine) as connection:
            connection.execute(
                update(table).where(*same(table, row)).values({column: text(f"({other})")})
            )
        assert register.held("persons")["persons"], column
        with writing(engine) as connection:
            where = [
                one == row._mapping[one.name] for one in table.c if one.name in ("known_from",)
            ]
            connection.execute(delete(table).where(*where))
            connection.execute(insert(table).values(**row._mapping))
        assert register.held("persons")["persons"] == []
    engine.dispose()


def test_the_audit_says_by_which_way_it_held_read_models(sqlite_url, tmp_path, monkeypatch):
    engine = open_database(sqlite_url, durability="off")
    followed(engine, lived())
    table = physical("residences")
    with writing(engine) as connection:
        row = connection.execute(select(table)).first()
        assert row is not None
        connection.execute(update(table).where(*same(table, row)).values(valid_from=7))
        table, homes = physical("persons").name, physical("residences").name
        for statement in (  # a bit that is flipped in a name, and a row of nobody
            f"create temp table one as select * from {table} where name is not null limit 1",
            "create temp table changed as select * from one",
            f"update {table} set name = cast(x'f1' as text) || substr(name, 2)"
            f" where rowid = (select rowid from {table} where name is not null limit 1)",
            "update one set person = x''",
            f"insert into {table} select * from one",
            f"update {homes} set community = x'12' where rowid = (select rowid from {homes}"
            " where status = 1 order by valid_until desc, known_until desc, valid_from limit 1)",
        ):
            connection.execute(text(statement))
        ((name, person, since),) = connection.execute(
            text("select name, person, known_from from changed")
        )
    engine.dispose()
    sealed(sqlite_url, tmp_path / "sealed")
    terminal = Terminal(tmp_path, sqlite_url)
    terminal.env["REGISTRY_SEALED"] = str(tmp_path / "sealed")
    terminal("migrate")
    terminal("follow", "--once")
    only = ("--only", "sealed", "--only", "read-models", "--only", "population")
    population, _, alone = terminal.json("audit", *only, exits=1)["verdicts"]
    assert alone["ways"] == f"by entries: {', '.join(PROJECTIONS)}"
    monkeypatch.setattr(models_held, "SHARED_FROM", 0)
    assert "no identifier of a community: 0 in the log, 1 in the table" in population["faults"]
    _, _, told = terminal.json("audit", *only, exits=1)["verdicts"]
    assert told["ways"].startswith(
        f"by columns: {', '.join(n for n in PROJECTIONS if n in REPLAYED)}"
    )
    assert (
        f"persons: stream {UUID(bytes=person)}, since position {since}: row is different name"
        in (told["faults"])
    )
    assert (
        f"persons: no identifier of a stream, since position {since}: row is surplus"
        in (told["faults"])
    )
    assert not any(name in one or name[1:] in one for one in told["faults"])
    assert (told["checked"], sorted(told["faults"])) == (alone["checked"], sorted(alone["faults"]))


def test_columns_are_left_alone_where_they_are_not_known_to_be_the_stores(sqlite_url, tmp_path):
    engine = open_database(sqlite_url, durability="off")
    record(Recorder(engine, node=1), log := lived())
    engine.dispose()
    columns = SealedLog(sealed(sqlite_url, tmp_path / "sealed", 300))
    engine = open_database(sqlite_url, durability="off")
    store = Recorder(engine, node=1)
    names = ["persons", "cases"]
    with pytest.MonkeyPatch.context() as patch:
        assert by_columns(store, names, columns) == ([], ""), "few entries are not worth it"
        patch.setattr(models_held, "SHARED_FROM", 0)
        assert by_columns(store, names, columns) == (["persons"], "")
        told, why = by_columns(store, names, None)
        assert (told, "if `sealed` was checked too" in why) == ([], True)
        patch.setattr(holding, "TAIL", len(log) - 301)
        told, why = by_columns(store, names, columns)
        assert (told, f"{len(log) - 300} entries too many wait" in why) == ([], True)
    engine.dispose()
