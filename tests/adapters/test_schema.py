"""The schema: made, upgraded step by step, whole or not at all, and never by an old program."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from adapters import schema
from adapters.database import open_database
from adapters.eventstore import METADATA

NEXT_STEP = '''
"""A later step."""
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9001", "{before}"
def upgrade():
    op.add_column("node", sa.Column("motto", sa.Text))
    op.execute("update node set motto = 'number ' || number")
    {more}
'''


@pytest.fixture
def empty(empty_url: str) -> Iterator[Engine]:
    opened = open_database(empty_url, durability="off")
    yield opened
    opened.dispose()


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """The migrations of a later version of the program."""
    folder = tmp_path / "later"
    shutil.copytree(schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def add_step(folder: Path, more: str = "") -> None:
    newest = schema.Steps(schema.MIGRATIONS).newest
    step = NEXT_STEP.format(before=newest, more=more)
    (folder / "versions" / "9001_later.py").write_text(step)


def revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return schema.current(connection)


def test_an_empty_database_gets_the_schema(empty: Engine):
    with pytest.raises(schema.SchemaMismatch, match="empty"):
        schema.check(empty)
    schema.migrate(empty)
    schema.check(empty)
    schema.migrate(empty)
    schema.check(empty)
    assert {"entries", "submissions", "node"} <= set(inspect(empty).get_table_names())


def test_the_tables_are_those_the_program_knows(engine: Engine):
    there = inspect(engine)
    for table in METADATA.tables.values():
        columns = {each["name"]: each["nullable"] for each in there.get_columns(table.name)}
        assert columns == {each.name: each.nullable for each in table.columns}


def test_an_older_database_is_upgraded_with_all_it_holds(empty: Engine, later: Path):
    schema.migrate(empty)
    with empty.begin() as connection:
        connection.execute(text("insert into node values (3, 'Chaoyang', :none)"), {"none": b""})
    add_step(later)
    with pytest.raises(schema.SchemaMismatch, match="upgrade it"):
        schema.check(empty, later)
    schema.migrate(empty, folder=later)
    schema.check(empty, later)
    with empty.connect() as connection:
        assert connection.execute(text("select name, motto from node")).one() == (
            "Chaoyang",
            "number 3",
        )


def test_a_database_newer_than_the_program_is_refused(empty: Engine, later: Path):
    add_step(later)
    schema.migrate(empty, folder=later)
    for refused in (schema.check, schema.migrate):
        with pytest.raises(schema.SchemaMismatch, match="newer than this program"):
            refused(empty)
    assert revision(empty) == "9001"


def test_a_step_that_fails_leaves_the_schema_as_it_was(empty: Engine, later: Path):
    schema.migrate(empty)
    before = revision(empty)
    add_step(later, more="raise RuntimeError('out of luck')")
    with pytest.raises(RuntimeError, match="out of luck"):
        schema.migrate(empty, folder=later)
    assert revision(empty) == before
    assert "motto" not in {each["name"] for each in inspect(empty).get_columns("node")}
    schema.check(empty)


def test_programs_that_start_together_make_one_schema(empty_url: str):
    def start(_: int) -> None:
        engine = open_database(empty_url, durability="off")
        schema.migrate(engine)
        schema.check(engine)
        engine.dispose()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(start, range(4)))


def test_text_is_ordered_by_code_point(engine: Engine):
    names = ["Z", "a", "é", "丁", "一", "𠮷", "ﬀ"]
    with engine.begin() as connection:
        for number, name in enumerate(names):
            connection.execute(
                text("insert into node values (:number, :name, :none)"),
                {"number": number, "name": name, "none": b""},
            )
        found = connection.execute(text("select name from node order by name")).scalars().all()
    assert found == sorted(names)
