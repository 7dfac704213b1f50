"""Filled from the sealed log, read models hold the rows that the log gives them."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from sqlalchemy import Engine, select

import adapters.projector
import adapters.rebuilding
import adapters.replaying
from adapters import positions, schema
from adapters.database import open_database
from adapters.eventstore import Recorder
from adapters.positions import ACTIVE
from adapters.projector import Projector
from adapters.province import write
from adapters.rebuilding import COLUMNS, begin, fill_in_turn, finish_all, rebuild
from adapters.replaying import CODEC, REPLAYED, Source, filling, rebuild_sealed
from adapters.replaying.models import MODELS
from adapters.replaying.wire import values
from adapters.sealing import Job, seal
from registry.codec import REDACTED
from registry.entry import Entry
from registry.errors import Unavailable
from registry.events.person import NameChanged
from registry.events.redaction import PartRedacted
from registry.projections import PROJECTIONS
from registry.projections.folding import Folding
from registry.vocabulary import Kind
from replay.columns.runs import entries
from replay.province.making import Province
from replay.sealed.reading import SealedLog
from tests.adapters.followed import SALT, record
from tests.adapters.terminal import Terminal
from tests.replay.histories import town
from tests.strategies import story


@pytest.fixture
def log() -> list[Entry]:
    """A register that has lived a while, and a town where anything can happen to anybody."""
    lived = town(5, 6).entries
    other = story(12, 900, salt=7, people=9).entries
    late = max(entry.recorded_at for entry in lived)
    return lived + [
        entry._replace(position=len(lived) + entry.position, recorded_at=late + entry.position)
        for entry in other
    ]


@pytest.fixture
def filled(database_url: str, log: list[Entry]) -> str:
    """A database that holds it, in which nobody has a connection."""
    engine = open_database(database_url, durability="off")
    record(Recorder(engine, node=1), log)
    engine.dispose()
    return database_url


def rows(engine: Engine, *names: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that readers see."""
    with engine.connect() as connection:
        return {
            name: sorted(map(tuple, connection.execute(select(PROJECTIONS[name].table))), key=repr)
            for name in names or REPLAYED
        }


def sealed(url: str, folder: Any, until: int | None = None) -> SealedLog:
    """The log sealed up to a position."""
    seal(Job(url, folder, until=until, lot=200))
    return SealedLog(folder)


@pytest.mark.parametrize("until", [None, 500])
def test_rows_are_those_of_the_ordinary_rebuild(filled, log, tmp_path, monkeypatch, until):
    monkeypatch.setattr(adapters.replaying, "CHUNK", 7)
    columns = sealed(filled, tmp_path / "sealed", until)
    engine = open_database(filled, durability="off")
    projector = Projector(engine, Recorder(engine, node=1))
    projector.prepare()
    assert projector.catch_up() == len(log)
    before = rows(engine)
    assert all(before.values())
    seen: list[int] = []
    rebuild_sealed(projector, columns, *REPLAYED, progress=seen.append)
    assert rows(engine) == before
    assert set(projector.positions().values()) == {len(log)}
    assert seen[-1] >= columns.spaces.count("person")
    engine.dispose()


def test_a_province_is_filled_from_columns_as_it_is_folded(tmp_path):
    """Its cards go all their ways, and hardly anybody has to be folded one by one."""
    write(Province(2, 7, households=30, days=300), tmp_path / "province", bits=5)
    columns = SealedLog(tmp_path / "province")
    by_kind: dict[Kind, list[str]] = {}
    for name in REPLAYED:
        by_kind.setdefault(MODELS[name].kind, []).append(name)
    for kind, names in by_kind.items():
        models = [MODELS[name] for name in names]
        folding = Folding([one.projection for one in models], CODEC, lambda streams: {}, 1)
        source = Source(columns, models, folding, columns.head)
        made: dict[str, list[Any]] = {name: [] for name in names}
        told, odd = [], 0
        for partition in columns.partitions(kind):
            block = columns.block(kind, partition)
            told += [CODEC.stored(one, lambda: SALT) for one in entries(block, columns.spaces)]
            for name, (table, others) in source.rows(block.first, block.size).items():
                folded = others.rows()
                odd += len(folded)
                made[name] += [*values(table), *folded]
        expected = folding.fold(told, whole=True)
        for name in names:
            assert sorted(made[name], key=repr) == sorted(expected[name].rows(), key=repr), name
        assert odd < sum(map(len, made.values())) / 5


def test_a_rebuild_goes_on_where_it_was_interrupted_and_not_where_another_one_was(
    filled, tmp_path, monkeypatch
):
    monkeypatch.setattr(adapters.replaying, "CHUNK", 7)
    monkeypatch.setattr(adapters.rebuilding, "CHUNK", 5)
    columns = sealed(filled, tmp_path / "sealed")
    engine = open_database(filled, durability="off")
    projector = Projector(engine, Recorder(engine, node=1))
    projector.prepare()
    projector.catch_up()
    before = rows(engine, "residences")
    by_streams = begin(projector, "residences", columns.head)
    next(fill_in_turn(projector, {"residences": by_streams}, columns.head))
    standing = begin(projector, "residences", columns.head, columns=True)
    assert standing.reached == COLUMNS, "streams were in another order"
    told, _ = next(filling(projector, columns, {"residences": standing}))
    assert begin(projector, "residences", columns=True) == told["residences"]
    seen: list[int] = []
    rebuild_sealed(projector, columns, "residences", progress=seen.append)
    assert rows(engine, "residences") == before
    persons = columns.spaces.count("person")
    assert persons - 7 <= seen[-1] < persons
    standing = begin(projector, "residences", columns.head, columns=True)
    told, _ = next(filling(projector, columns, {"residences": standing}))
    finish_all(projector)
    assert begin(projector, "residences", columns=True) == told["residences"], "left alone"
    rebuild(projector, "residences")
    assert rows(engine, "residences") == before
    with engine.connect() as connection:
        assert {one.state for one in positions.standings(connection)} == {ACTIVE}
    engine.dispose()


def test_a_rebuild_does_not_go_on_from_a_log_with_its_entities_in_another_order(
    filled, tmp_path, monkeypatch
):
    monkeypatch.setattr(adapters.replaying, "CHUNK", 7)
    seal(Job(filled, tmp_path / "one", lot=100))
    seal(Job(filled, tmp_path / "two"))
    one, two = SealedLog(tmp_path / "one"), SealedLog(tmp_path / "two")
    first = [set(zip(*log.spaces.all_halves("person"), strict=True)) for log in (one, two)]
    assert first[0] == first[1]
    engine = open_database(filled, durability="off")
    projector = Projector(engine, Recorder(engine, node=1))
    projector.prepare()
    projector.catch_up()
    before = rows(engine, "residences")
    standing = begin(projector, "residences", one.head, columns=True)
    stretches = filling(projector, one, {"residences": standing})
    for _ in range(3):
        next(stretches)
    seen: list[int] = []
    rebuild_sealed(projector, two, "residences", progress=seen.append)
    assert rows(engine, "residences") == before
    assert seen[-1] >= two.spaces.count("person"), "from its beginning"
    engine.dispose()


def test_a_follower_leaves_alone_what_is_filled_from_columns_and_follows_it_then(
    empty_url, log, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(adapters.replaying, "CHUNK", 7)
    monkeypatch.setattr(adapters.projector, "FILL_FROM", 10)
    monkeypatch.setattr(adapters.projector, "LEFT_AGAIN_S", 0.0)
    engine = open_database(empty_url, durability="off")
    schema.migrate(engine)
    record(Recorder(engine, node=1), log[:-9])
    engine.dispose()
    columns = sealed(empty_url, tmp_path / "sealed")
    engine = open_database(empty_url, durability="off")
    projector, server = (Projector(engine, Recorder(engine, node=1)) for _ in range(2))
    projector.prepare()

    def serve(done: int = 0) -> None:
        stop, turns = Event(), iter(range(9))

        def held() -> bool:
            if next(turns, None) is None:
                stop.set()
            return True

        server.follow(stop, held)

    rebuild_sealed(projector, columns, "residences", progress=serve)
    assert "run that again" in caplog.text
    record(projector.store, log[-9:])  # type: ignore[arg-type]
    serve()
    assert server.positions()["residences"] == len(log)
    assert set(server.positions()) == set(PROJECTIONS), "the others it has filled itself"
    found = rows(engine)
    for name in REPLAYED:
        rebuild(projector, name)
    assert rows(engine) == found
    engine.dispose()


@pytest.mark.parametrize("before", [True, False])
def test_what_was_blanked_is_blank_in_what_is_filled(filled, log, tmp_path, before):
    """before: it was blanked before the log was sealed, or since."""
    named = [one for one in log if isinstance(one.event, NameChanged)]
    (stream, version), last = named[-1][:2], log[-1]
    event = PartRedacted(
        effective_on=last.effective_on,
        entry_of=stream,
        entry_version=version,
        part="subject",
        proposal=1,
    )
    versions = sum(one.stream == stream for one in log)
    blanking = last._replace(
        stream=stream, version=versions + 1, event=event, position=last.position + 1
    )
    columns = None if before else sealed(filled, tmp_path / "sealed")
    engine = open_database(filled, durability="off")
    record(Recorder(engine, node=1), [blanking])
    engine.dispose()
    columns = columns or sealed(filled, tmp_path / "sealed")
    engine = open_database(filled, durability="off")
    projector = Projector(engine, Recorder(engine, node=1))
    projector.prepare()
    projector.catch_up()
    expected = rows(engine, "persons")
    rebuild_sealed(projector, columns, "persons")
    assert rows(engine, "persons") == expected
    told = [row for row in expected["persons"] if row[0] == stream.bytes]
    assert any(REDACTED in row for row in told)
    engine.dispose()


def test_a_rebuild_as_of_a_later_position_is_not_gone_on_with(filled, tmp_path):
    columns = sealed(filled, tmp_path / "sealed", 300)
    engine = open_database(filled, durability="off")
    projector = Projector(engine, Recorder(engine, node=1))
    projector.prepare()
    begin(projector, "residences", columns=True)
    with pytest.raises(Unavailable, match="sealed up to 300; run `registry seal`"):
        rebuild_sealed(projector, columns, "residences")
    engine.dispose()


def test_the_verb_rebuilds_from_the_sealed_log(filled, log, tmp_path):
    terminal = Terminal(tmp_path, filled)
    terminal.env["REGISTRY_SEALED"] = str(tmp_path / "sealed")
    terminal("migrate")
    terminal("follow", "--once")
    said = terminal("rebuild", "residences", "--from-sealed", exits=6).stderr
    assert "nothing is sealed yet" in said
    sealed(filled, tmp_path / "sealed")
    done = terminal.json("rebuild", "residences", "--from-sealed")
    assert done == {"positions": {"residences": len(log)}}
    done = terminal.json("rebuild", "all", "--from-sealed")
    assert done == {"positions": dict.fromkeys(PROJECTIONS, len(log))}
    said = terminal("rebuild", "cases", "--from-sealed", exits=2).stderr
    assert "residences" in said
