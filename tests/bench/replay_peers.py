"""What a user would replay a log with instead: the same rows as tables, and their questions.

A row says which values it writes: a value that it does not write is null, one that it writes as
nothing is NOTHING, since arg_max and its like pass over nulls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from registry.aggregates.application import FOLLOWS
from registry.values import CardState, day_number
from registry.vocabulary import Group, Kind
from replay.columns.forms import Column
from replay.columns.layout import by_code
from replay.columns.log import Log
from replay.columns.runs import Block
from replay.states.history import At
from replay.states.households import ENDED, OPEN
from replay.states.persons import DEAD, DELETED, LIVING
from replay.states.steps import NO_STATE

NOTHING = 2**32 - 1
#: Columns that are settled by the latest row that writes them.
WRITTEN: Mapping[Kind, Mapping[str, str]] = {
    Kind.PERSON: {
        "life": "u1",
        "community": "u4",
        "household": "u4",
        "number": "i8",
        "birth": "i4",
        "sex": "u1",
    },
    Kind.HOUSEHOLD: {"life": "u1", "doorplate": "u4", "community": "u4", "head": "u4"},
    Kind.APPLICATION: {"state": "u1"},
}
NAMES = {
    Kind.PERSON: "persons",
    Kind.HOUSEHOLD: "households",
    Kind.APPLICATION: "applications",
}
PLACES = {state: place for place, state in enumerate(CardState.all())}
ALLOWED = pa.table(
    {
        "before": pa.array([PLACES[CardState(one)] for one, two in FOLLOWS.items() for _ in two]),
        "after": pa.array([PLACES[CardState(to)] for two in FOLLOWS.values() for to in two]),
    }
)

# ---------------------------------------------------------------- the rows as tables


def life_of_person(word: Any) -> int:
    if word.kind is not Kind.PERSON or Group.LIFE not in word.writes:
        return 255
    if word.opens:
        return LIVING
    return DEAD if word.name == "DeathRegistered" else DELETED


def life_of_household(word: Any) -> int:
    if word.kind is not Kind.HOUSEHOLD or Group.LIFE not in word.writes:
        return 255
    return OPEN if word.opens else ENDED


def state_of(word: Any) -> int:
    return NO_STATE if word.reaches is None else PLACES[word.reaches]


def writing(group: Group) -> Column:
    """Which codes write a group, bool[CODES]."""
    return by_code(lambda word: group in word.writes, "u1").astype(bool)


def spread(block: Block, name: str, writes: Column | None = None) -> pa.Array:
    """A dense column over all rows: null where it is not written, NOTHING where that is none."""
    held = block.layout.declares(name)
    told = block.dense[name]
    full = np.full(len(block), NOTHING if told.dtype == np.uint32 else 0, told.dtype)
    full[held[block.code]] = told
    writes = held if writes is None else writes
    return pa.array(full, mask=~writes[block.code])


def coded(block: Block, table: Column, none: int) -> pa.Array:
    values = table[block.code]
    return pa.array(values, mask=values == none)


def rows_of(block: Block) -> dict[str, Any]:
    """What the rows of a block write."""
    kind = block.layout.kind
    versions = np.arange(len(block), dtype="u4") - np.repeat(
        block.starts[:-1], np.diff(block.starts)
    )
    entity = np.repeat(np.arange(block.first, block.first + block.size), np.diff(block.starts))
    found: dict[str, Any] = {
        "entity": entity.astype("u4"),
        "version": (versions + 1).astype("u4"),
        "position": block.position,
        "day": block.effective_on,
    }
    if kind is Kind.PERSON:
        place = writing(Group.PLACE)
        found["life"] = coded(block, by_code(life_of_person, "u1"), 255)
        found["community"] = spread(block, "enters", place)
        # Who leaves names the household that is left, and has none afterwards.
        lives = block.layout.declares("enters")
        household = spread(block, "household", place)
        gone = ~lives[block.code] & place[block.code]
        found["household"] = pc.if_else(pa.array(gone), NOTHING, household).cast(pa.uint32())
        for name, column in {"number": "number", "birth": "birth_date", "sex": "sex"}.items():
            found[name] = spread(block, column)
        found["corrects"] = spread(block, "corrects")
    elif kind is Kind.HOUSEHOLD:
        found["life"] = coded(block, by_code(life_of_household, "u1"), 255)
        for name in ("doorplate", "community", "head"):
            found[name] = spread(block, name)
    else:
        found["state"] = coded(block, by_code(state_of, "u1"), NO_STATE)
    return found


def voids_of(block: Block) -> dict[str, Any]:
    """Which versions of which entity an entry voids."""
    side = block.sparse["voids"]
    assert side.offsets is not None
    rows = np.repeat(side.rows, np.diff(side.offsets))
    entity = np.searchsorted(block.starts, rows, "right") - 1
    return {
        "entity": (entity + block.first).astype("u4"),
        "version": (rows - block.starts[entity] + 1).astype("u4"),
        "position": block.position[rows],
        "target": side.parts["value"].astype("u4"),
    }


def tables(log: Log, kind: Kind) -> Iterator[tuple[pa.Table, pa.Table | None]]:
    """A kind's rows by entity and version, and its voids, a partition at a time."""
    for partition in log.partitions(kind):
        block = log.block(kind, partition)
        voids = pa.table(voids_of(block)) if "voids" in block.sparse else None
        yield pa.table(rows_of(block)), voids


def write_tables(log: Log, folder: Path) -> None:
    """Write Parquet files of rows in the order of the log, and of voids; once."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, name in NAMES.items():
        if (folder / f"{name}.parquet").exists():
            continue
        path = folder / f"{name}-sorted.parquet"
        voids: list[pa.Table] = []
        writer = None
        for rows, voided in tables(log, kind):
            writer = writer or pq.ParquetWriter(path, rows.schema, compression="zstd")
            writer.write_table(rows)
            voids.extend([] if voided is None else [voided])
        assert writer is not None, f"the log has no {name}"
        writer.close()
        if voids:
            pq.write_table(pa.concat_tables(voids), folder / f"{name}-voids.parquet")
        with duckdb.connect() as db:
            db.sql(
                f"COPY (FROM '{path}' ORDER BY position) TO '{folder}/{name}.parquet.new'"
                " (FORMAT parquet, COMPRESSION zstd)"
            )
        (folder / f"{name}.parquet.new").rename(folder / f"{name}.parquet")


# ---------------------------------------------------------------- the same question to each

Answers = dict[str, pa.Table]


def fallen(name: str, at: At) -> str:
    """SQL of what does not stand: what a standing void names, and corrections of that.

    A void may be voided; that a void of a void was voided does not come.
    """
    return f"""
        v AS (SELECT * FROM {name}_voids WHERE position <= {at.known}),
        named AS (
            SELECT v.entity AS entity, v.target AS target
            FROM v LEFT JOIN v AS w ON w.entity = v.entity AND w.target = v.version
            WHERE w.target IS NULL
        )"""


def latest(name: str, at: At, columns: Iterable[str], arg_max: str, corrects: bool) -> str:
    """SQL of every entity's values by the latest standing row that writes each."""
    day = day_number(at.valid_on)
    order = "CAST(day AS BIGINT) * 65536 + version"
    values = ", ".join(f"{arg_max}({one}, {order}) AS {one}" for one in columns)
    union = f"""
        fallen AS (
            SELECT entity, target FROM named
            UNION ALL
            SELECT r.entity AS entity, r.version AS target
            FROM {name} AS r JOIN named AS n ON n.entity = r.entity AND n.target = r.corrects
        )"""
    return f"""
        WITH {fallen(name, at)},
        {union if corrects else "fallen AS (SELECT * FROM named)"}
        SELECT * FROM (
            SELECT r.entity AS entity, {values}
            FROM {name} AS r
            LEFT JOIN fallen AS f ON f.entity = r.entity AND f.target = r.version
            WHERE position <= {at.known} AND day <= {day} AND f.target IS NULL
            GROUP BY r.entity
        ) AS s WHERE life IS NOT NULL"""


def last_state(at: At, arg_max: str) -> str:
    """SQL of every application's state."""
    day = day_number(at.valid_on)
    return f"""
        SELECT entity, {arg_max}(state, version) AS state FROM applications
        WHERE position <= {at.known} AND day <= {day} GROUP BY entity"""


ILLEGAL = """
        SELECT count(*) FROM (
            SELECT lag(state) OVER (PARTITION BY entity ORDER BY version) AS was, state
            FROM applications
            WHERE state IS NOT NULL AND position <= {known} AND day <= {day}
        ) AS s LEFT JOIN allowed AS a ON a.before = was AND a.after = state
        WHERE was IS NOT NULL AND a.after IS NULL"""


@dataclass(frozen=True)
class Peer:
    """Another engine: its name in one word, and how it answers.

    ask: the state of persons, households and applications at a point, and how many steps of
    applications break the table, all as tables of Arrow.
    """

    name: str
    ask: Callable[[At], Answers]


def ask_duckdb(db: duckdb.DuckDBPyConnection, at: At) -> Answers:
    """All questions to DuckDB, through the interface that copies least."""
    found = {}
    for kind in (Kind.PERSON, Kind.HOUSEHOLD):
        name = NAMES[kind]
        sql = latest(name, at, WRITTEN[kind], "arg_max", kind is Kind.PERSON)
        found[name] = db.sql(sql).to_arrow_table()
    found["applications"] = db.sql(last_state(at, "arg_max")).to_arrow_table()
    illegal = ILLEGAL.format(known=at.known, day=day_number(at.valid_on))
    found["illegal"] = db.sql(illegal).to_arrow_table()
    return found


def duckdb_on(folder: Path, memory: bool, order: str) -> Peer:
    """DuckDB on Parquet in the order of the log, or on tables of its own in memory.

    order: "" for Parquet, else that of the tables.
    """
    db = duckdb.connect(config={"threads": 2})
    db.register("allowed", ALLOWED)
    what = "TABLE" if memory else "VIEW"
    for kind, name in NAMES.items():
        sorted_by = "-sorted" if order == "entity" else ""
        db.execute(f"CREATE {what} {name} AS FROM '{folder}/{name}{sorted_by}.parquet'")
        if kind is not Kind.APPLICATION:
            db.execute(f"CREATE {what} {name}_voids AS FROM '{folder}/{name}-voids.parquet'")
    kept = {"": "parquet", "position": "native", "entity": "sorted"}[order]
    return Peer(f"duckdb-{kept}", lambda at: ask_duckdb(db, at))


def polars_on(folder: Path) -> Peer:
    """Polars' streaming engine on Parquet in the order of the log."""

    def ask(at: At) -> Answers:
        found = {}
        for kind in (Kind.PERSON, Kind.HOUSEHOLD):
            found[NAMES[kind]] = _latest(folder, kind, at).collect(engine="streaming").to_arrow()
        rows = _known(pl.scan_parquet(folder / "applications.parquet"), at)
        state = rows.group_by("entity").agg(pl.col("state").max_by("version"))
        found["applications"] = state.collect(engine="streaming").to_arrow()
        steps = rows.filter(pl.col("state").is_not_null()).sort("entity", "version")
        same = pl.col("entity") == pl.col("entity").shift(1)
        pairs = steps.select(
            pl.when(same).then(pl.col("state").shift(1).cast(pl.Int64)).alias("before"),
            pl.col("state").cast(pl.Int64).alias("after"),
        ).drop_nulls()
        allowed = pl.from_arrow(ALLOWED)
        assert isinstance(allowed, pl.DataFrame)
        wrong = pairs.join(allowed.lazy(), on=["before", "after"], how="anti").select(pl.len())
        found["illegal"] = wrong.collect(engine="streaming").to_arrow()
        return found

    return Peer("polars", ask)


def _known(rows: pl.LazyFrame, at: At) -> pl.LazyFrame:
    day = day_number(at.valid_on)
    return rows.filter((pl.col("position") <= at.known) & (pl.col("day") <= day))


def _latest(folder: Path, kind: Kind, at: At) -> pl.LazyFrame:
    name = NAMES[kind]
    rows = pl.scan_parquet(folder / f"{name}.parquet")
    voids = pl.scan_parquet(folder / f"{name}-voids.parquet")
    voids = voids.filter(pl.col("position") <= at.known)
    undone = voids.select("entity", version="target")
    named = voids.join(undone, on=["entity", "version"], how="anti")
    gone = named.select("entity", version="target")
    if kind is Kind.PERSON:
        corrected = rows.filter(pl.col("corrects").is_not_null()).select(
            "entity", "version", target=pl.col("corrects").cast(pl.UInt32)
        )
        fell = corrected.join(named.select("entity", "target"), on=["entity", "target"], how="semi")
        gone = pl.concat([gone, fell.select("entity", "version")])
    order = (pl.col("day").cast(pl.Int64) * 65536 + pl.col("version")).alias("order")
    standing = _known(rows, at).join(gone, on=["entity", "version"], how="anti")
    standing = standing.with_columns(order)
    settled = standing.group_by("entity").agg(
        [
            pl.col(one)
            .filter(pl.col(one).is_not_null())
            .max_by(pl.col("order").filter(pl.col(one).is_not_null()))
            for one in WRITTEN[kind]
        ]
    )
    return settled.filter(pl.col("life").is_not_null())


def chdb_on(folder: Path) -> Peer:
    """chDB, that is ClickHouse in this process, on tables of its own in memory."""
    from chdb.session import Session

    session = Session()
    session.query("CREATE DATABASE IF NOT EXISTS peer ENGINE = Atomic")
    session.query("USE peer")
    pq.write_table(ALLOWED, folder / "allowed.parquet")
    wanted = [*NAMES.values(), "persons-voids", "households-voids", "allowed"]
    for name in wanted:
        file = f"file('{folder}/{name}.parquet', Parquet)"
        table = name.replace("-", "_")
        session.query(
            f"CREATE TABLE {table} ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM {file}"
        )
    settings = " SETTINGS max_threads = 2, join_use_nulls = 1"

    def ask(at: At) -> Answers:
        found = {}
        for kind in (Kind.PERSON, Kind.HOUSEHOLD):
            name = NAMES[kind]
            sql = latest(name, at, WRITTEN[kind], "argMax", kind is Kind.PERSON)
            found[name] = _arrow(session.query(sql + settings, "Arrow"))
        found["applications"] = _arrow(session.query(last_state(at, "argMax") + settings, "Arrow"))
        illegal = ILLEGAL.format(known=at.known, day=day_number(at.valid_on))
        illegal = illegal.replace("lag(state) OVER", "lagInFrame(toNullable(state)) OVER")
        found["illegal"] = _arrow(session.query(illegal + settings, "Arrow"))
        return found

    return Peer("chdb", ask)


def _arrow(answer: Any) -> pa.Table:
    return pa.ipc.open_file(pa.BufferReader(answer.bytes())).read_all()


def columns(table: pa.Table, kind: Kind) -> dict[str, Column]:
    """A peer's answer by entity, nulls as NOTHING or 0, in the types of the registry."""
    order = np.argsort(table.column("entity").to_numpy(), kind="stable")
    found = {"entity": table.column("entity").to_numpy()[order].astype("u4")}
    for name, dtype in WRITTEN[kind].items():
        # Filled before it becomes an array: numbers have more bits than floats.
        column = table.column(name)
        column = column.cast(pa.int64()).fill_null(-1).to_numpy()[order]
        found[name] = column.astype("i8") if dtype == "i8" else np.asarray(column)
    return found
