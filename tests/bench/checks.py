"""How fast a province is checked: rules, shared numbers, and who may be registered twice.

The rules run against DuckDB and Polars on the same records in memory, the same answers asserted,
engines in turn. Then the whole check from the sealed log, and the search for doubles with its
recall and precision for doubles planted at known rates. CHECK_PERSONS names how many records.
"""

from __future__ import annotations

import os
import resource
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import reduce
from operator import and_, or_
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from adapters.province import province_at
from registry.checks.fields import FIELDS
from registry.checks.language import Absent, Compare, Condition, Joined, Within
from registry.checks.rules import rules_about
from registry.values import RuleCode, day_of
from registry.vocabulary import Kind
from replay.checks.checking import check_register, count
from replay.checks.doubles import Candidates, compared, doubles
from replay.checks.program import judged, program
from replay.checks.records import person_columns
from replay.checks.setting import Setting
from replay.checks.traits import traits_at
from replay.columns.forms import Column
from replay.columns.layout import PARTITION
from replay.province.making import Province, faults_of
from replay.questions.duplicates import deal, repeated
from replay.sealed.reading import SealedLog
from replay.states.details import ABSENT
from replay.states.history import At
from replay.states.persons import LIVING, PERSON, person_states
from replay.states.standing import fallen_marks, plain
from replay.threads import in_threads
from tests.bench import replay_peers as peers
from tests.bench.figures import alternate, report

#: A province of so many entries has about half a million persons.
ENTRIES = 5_000_000
PROVINCE = 27_000_000
PLANTED = 2_000


def main() -> None:
    """Print the figures."""
    log = SealedLog(province_at(ENTRIES))
    at = At(day_of(int(log.block(Kind.PERSON, 0).effective_on.max())), log.head)
    records, numbers = records_of(log, at, int(os.environ.get("CHECK_PERSONS", "1000000")))
    against_peers(records, numbers)
    from_log(log, at, *records_of(log, at, log.count(Kind.PERSON)))
    whole(log, at)
    twice(log, at)


def records_of(log: SealedLog, at: At, persons: int) -> tuple[Column, Column]:
    """Records of living persons, i4[fields, n], and their numbers i8[n]: a province's, repeated.

    Numbers of a repetition are other ones, so that about as many are shared.
    """
    setting = setting_of(log, at)
    found, numbers = [], []
    for partition in log.partitions(Kind.PERSON):
        block = log.block(Kind.PERSON, partition)
        states = person_states(block, at)
        living = states.table["life"] == LIVING
        columns = person_columns(setting, block, states, fallen_marks(block, at.known))
        found.append(columns[:, : block.size][:, living].copy())
        numbers.append(states.table["number"][living])
    once, number = np.concatenate(found, axis=1), np.concatenate(numbers)
    times = -(-persons // once.shape[1])
    told = np.concatenate([np.where(number > 0, number ^ (n << 43), number) for n in range(times)])
    return np.tile(once, times)[:, :persons].copy(), told[:persons].copy()


def setting_of(log: SealedLog, at: At) -> Setting:
    """What the records are made of besides their own rows."""
    return check_register(log, at).setting


# ---------------------------------------------------------------- the same rules for others


def sql(condition: Condition) -> str:
    """A condition in SQL, where a comparison with null is not true either."""
    match condition:
        case Absent(field, absent):
            return f"{field} is {'' if absent else 'not '}null"
        case Within(field, values):
            return f"{field} in ({', '.join(map(str, values))})"
        case Compare(field, comparison, other):
            return f"{field} {comparison.replace('==', '=').replace('!=', '<>')} {other}"
        case Joined(every, parts):
            return f"({(' and ' if every else ' or ').join(map(sql, parts))})"
    raise AssertionError(condition)


def expression(condition: Condition) -> pl.Expr:
    """A condition as an expression of Polars."""
    match condition:
        case Absent(field, absent):
            return pl.col(field).is_null() if absent else pl.col(field).is_not_null()
        case Within(field, values):
            return pl.col(field).is_in(list(values))
        case Compare(field, comparison, other):
            against: Any = pl.col(other) if isinstance(other, str) else other
            return {
                "<": pl.Expr.lt,
                "<=": pl.Expr.le,
                ">": pl.Expr.gt,
                ">=": pl.Expr.ge,
                "==": pl.Expr.eq,
                "!=": pl.Expr.ne,
            }[comparison](pl.col(field), against)
        case Joined(every, parts):
            return reduce(and_ if every else or_, map(expression, parts))
    raise AssertionError(condition)


Answer = tuple[list[int], list[int]]


def table_of(records: Column, numbers: Column) -> pa.Table:
    """The records as a table, what is absent as null."""
    columns = {
        name: pa.array(column, mask=column == ABSENT)
        for name, column in zip(FIELDS["person"], records, strict=True)
    }
    return pa.table({**columns, "number": numbers})


def in_duckdb(table: pa.Table) -> Callable[[], Answer]:
    """The question to DuckDB, the records as a table of its own."""
    base = duckdb.connect(config={"threads": os.cpu_count() or 1})
    base.register("told", table)
    base.execute("create table records as select * from told")
    counts = ", ".join(
        f"count(*) filter (where {sql(rule.condition)})" for rule in rules_about("person")
    )

    def ask() -> Answer:
        (row,) = base.execute(f"select {counts} from records").fetchall()
        shared = base.execute(
            "select number from records where number > 0"
            " group by number having count(*) > 1 order by number"
        ).fetchnumpy()["number"]
        return list(row), shared.tolist()

    return ask


def in_polars(table: pa.Table) -> Callable[[], Answer]:
    """The question to Polars."""
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    counts = [
        expression(rule.condition).fill_null(value=False).sum().alias(rule.code)
        for rule in rules_about("person")
    ]

    def ask() -> Answer:
        row = frame.lazy().select(counts).collect().row(0)
        shared = (
            frame.lazy()
            .filter(pl.col("number") > 0)
            .group_by("number")
            .len()
            .filter(pl.col("len") > 1)
            .select(pl.col("number").sort())
            .collect()
        )
        return list(row), shared["number"].to_list()

    return ask


def by_program(records: Column, numbers: Column) -> Callable[[], Answer]:
    """The question to our program, partition by partition, as the log has them."""
    which, size = program("person"), records.shape[1]
    cuts = [(first, min(size, first + PARTITION)) for first in range(0, size, PARTITION)]
    blocks = [plain(np.ascontiguousarray(records[:, first:end])) for first, end in cuts]
    persons = np.zeros(size, PERSON)
    persons["life"], persons["number"] = LIVING, numbers
    there, nowhere = np.ones(PARTITION, bool), plain(np.zeros(PARTITION, "u4"))
    lines = plain(np.zeros(1, "u4"))

    def one(block: int) -> Any:
        first, end = cuts[block]
        flags = judged(which, blocks[block], end - first)
        counts = np.zeros((len(which.rules), 1), "i8")
        count(flags, there[: end - first], nowhere[: end - first], lines, counts)
        return counts[:, 0], deal(persons[first:end])

    def ask() -> Answer:
        found = in_threads(one, range(len(blocks)))
        counts = np.sum([counts for counts, _ in found], axis=0).tolist()
        return counts, repeated([dealt for _, dealt in found]).tolist()

    return ask


def against_peers(records: Column, numbers: Column) -> None:
    """A line for each peer."""
    ours, table = by_program(records, numbers), table_of(records, numbers)
    size = records.shape[1]
    for name, peer in (("duckdb", in_duckdb(table)), ("polars", in_polars(table))):
        assert ours() == peer(), name
        pair = alternate(ours, peer, 3)
        report("check-rules", size, pair.ours.median, "s", name, pair.ratio, 4)


# ---------------------------------------------------------------- from the sealed log


def from_log(log: SealedLog, at: At, records: Column, numbers: Column) -> None:
    """The whole check from the log; for others states from its rows, then rules on records.

    They are given the records that rules ask for, which they could not make of those rows alone.
    """
    folder = Path(province_at(ENTRIES))
    tables = folder.parent / f"{folder.name}-peers"
    peers.write_tables(log, tables)
    size, table = records.shape[1], table_of(records, numbers)
    known = (
        (peers.duckdb_on(tables, memory=True, order="entity"), in_duckdb(table)),
        (peers.polars_on(tables), in_polars(table)),
    )
    for peer, rules in known:

        def theirs(peer: Any = peer, rules: Callable[[], Answer] = rules) -> object:
            return peer.ask(at), rules()

        pair = alternate(lambda: check_register(log, at), theirs, 3)
        report("check-from-log", size, pair.ours.median, "s", peer.name, pair.ratio, 4)


def whole(log: SealedLog, at: At) -> None:
    """The whole check, and what a province of 27 million would take at that rate."""
    check_register(log, at)
    start = perf_counter()
    found = check_register(log, at)
    seconds = perf_counter() - start
    province = seconds * PROVINCE / log.count(Kind.PERSON)
    report("check-register", found.persons.checked, seconds, "s", "limit", 60 / province, 1)
    rules = {rule.code: rule for rule in found.persons.rules}
    told = {
        "shared": {one.holders for one in found.duplicates},
        "wrong": pairs_of(found.persons.of(rules[RuleCode("0408")])),
        "missing": pairs_of(found.unnumbered),
        "doubles": {tuple(pair) for pair in doubles(log, at).pairs.tolist()},
    }
    for kind, there in planted_in(Province.of(ENTRIES)).items():
        hits = len(there & told[kind])
        print(
            f"found by identity: {kind} planted={len(there)} found={len(told[kind])}"
            f" recall={hits / max(1, len(there)):.3f}"
            f" precision={hits / max(1, len(told[kind])):.3f}"
        )


def pairs_of(handles: Column) -> set[tuple[int, ...]]:
    """Persons as groups of one."""
    return {(one,) for one in handles.tolist()}


def planted_in(province: Province) -> dict[str, set[tuple[int, ...]]]:
    """Who is wrong on purpose, by handle: persons alone, or pairs, by kind of fault."""
    found: dict[str, set[tuple[int, ...]]] = defaultdict(set)
    for town in range(province.towns):
        base = province.bases(town).spaces["person"]
        for kind, places in faults_of(province.plan(town)).items():
            groups = (places if places.ndim == 2 else places[:, None]) + base
            found[kind] |= {tuple(group) for group in groups.tolist()}
    return found


# ---------------------------------------------------------------- doubles, planted


def twice(log: SealedLog, at: At) -> None:
    """The search for doubles: its time, its recall by kind of error, and its precision."""
    columns = traits_at(log, at)
    before = {tuple(pair) for pair in compared(columns).pairs.tolist()}
    planted = plant(columns, np.random.default_rng(2004))
    start = perf_counter()
    found = compared(columns)
    seconds = perf_counter() - start
    pairs = {tuple(pair) for pair in found.pairs.tolist()}
    for kind, those in planted.items():
        hits = sum(pair in pairs for pair in those)
        print(f"doubles: {kind} planted={len(those)} found={hits} recall={hits / len(those):.3f}")
    real = {pair for those in planted.values() for pair in those}
    hits = len(real & pairs)
    print(
        f"doubles: candidates={len(pairs)} planted={hits} precision={hits / max(1, len(pairs)):.3f}"
        f" by-chance={len(pairs - real)} before={len(before)} crowded={found.crowded}"
    )
    tell_scores(found, real)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    province = seconds * PROVINCE / log.count(Kind.PERSON)
    report("check-doubles", len(columns), seconds, "s", "limit", 600 / province, 1)
    print(f"doubles: peak={peak:.2f} GiB for {len(columns)} persons")


def tell_scores(found: Candidates, real: set[tuple[int, int]]) -> None:
    """How many pairs of each score are planted, and which reasons pairs by chance have."""
    told: dict[int, Counter[bool]] = defaultdict(Counter)
    chance: Counter[str] = Counter()
    for place, (pair, points) in enumerate(zip(found.pairs.tolist(), found.points, strict=True)):
        planted = tuple(pair) in real
        told[int(points)][planted] += 1
        if not planted:
            chance[" ".join(found.told(place))] += 1
    for points in sorted(told, reverse=True):
        hits, pairs = told[points][True], told[points].total()
        print(f"doubles: points={points} pairs={pairs} precision={hits / pairs:.3f}")
    for reasons, pairs in chance.most_common(5):
        print(f"doubles: by chance {reasons}: {pairs}")


def plant(columns: Column, dice: np.random.Generator) -> dict[str, list[tuple[int, int]]]:
    """Register some people a second time in the place of others, each with a usual error."""
    living = np.flatnonzero(
        (columns["name"] != 0) & (columns["born"] != 0) & (columns["number"] > 0)
    )
    chosen = dice.choice(living, 2 * PLANTED * len(ERRORS), replace=False)
    found: dict[str, list[tuple[int, int]]] = {}
    for place, (kind, err) in enumerate(ERRORS.items()):
        part = chosen[2 * PLANTED * place : 2 * PLANTED * (place + 1)].reshape(-1, 2)
        for one, other in part.tolist():
            for name in ("name", "sound", "former", "father", "mother", "born", "number", "sex"):
                columns[name][other] = columns[name][one]
            err(columns, other, dice)
            for parent in ("father", "mother"):
                columns[parent][one] = columns[parent][other]
        found[kind] = [(min(pair), max(pair)) for pair in part.tolist()]
    return found


def no_number(columns: Column, who: int, dice: np.random.Generator) -> None:
    columns["number"][who] = 0


def another_number(columns: Column, who: int, dice: np.random.Generator) -> None:
    columns["number"][who] ^= int(dice.integers(1, 9)) << 4


def another_character(columns: Column, who: int, dice: np.random.Generator) -> None:
    columns["name"][who] ^= np.uint64(1)
    columns["number"][who] = 0


def another_character_same_parents(columns: Column, who: int, dice: np.random.Generator) -> None:
    another_character(columns, who, dice)
    columns["father"][who] = columns["mother"][who] = 7


def another_day(columns: Column, who: int, dice: np.random.Generator) -> None:
    columns["born"][who] ^= 1


def nothing(columns: Column, who: int, dice: np.random.Generator) -> None:
    """No error: the same number twice."""


#: What differs between the two registrations of one person.
ERRORS = {
    "same-number": nothing,
    "without-number": no_number,
    "near-number": another_number,
    "same-sound-without-number": another_character,
    "same-sound-same-parents": another_character_same_parents,
    "another-day-same-number": another_day,
}

if __name__ == "__main__":
    main()
