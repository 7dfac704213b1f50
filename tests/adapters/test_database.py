"""Engines: addresses, durability, and transactions that write."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from adapters.database import Durability, open_database, writing

INSERT = text("insert into node (number, name, namespace) values (:number, :name, :namespace)")


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_an_address_of_no_use_is_refused(url: str):
    with pytest.raises(ValueError, match="use sqlite:///path"):
        open_database(url)


@pytest.mark.parametrize(("durability", "level"), [("full", 2), ("normal", 1), ("off", 0)])
def test_sqlite_is_as_durable_as_asked(sqlite_url: str, durability: Durability, level: int):
    engine = open_database(sqlite_url, durability=durability)
    with engine.connect() as connection:
        assert connection.execute(text("pragma synchronous")).scalar() == level
        assert connection.execute(text("pragma journal_mode")).scalar() == "wal"
        assert connection.execute(text("pragma foreign_keys")).scalar() == 1
    engine.dispose()


def test_postgres_is_spoken_to_by_psycopg_whatever_the_address_says(postgres_url: str):
    engine = open_database(postgres_url.replace("+psycopg", ""), durability="off")
    assert engine.driver == "psycopg"
    with engine.connect() as connection:
        assert connection.execute(text("show synchronous_commit")).scalar() == "off"
        assert connection.execute(text("show timezone")).scalar() == "UTC"
    engine.dispose()


def test_a_block_that_writes_is_kept_whole_or_not_at_all(database_url: str):
    engine = open_database(database_url, durability="off")

    def fail() -> None:
        with writing(engine) as connection:
            connection.execute(INSERT, {"number": 2, "name": "lost", "namespace": b""})
            raise LookupError

    with writing(engine) as connection:
        connection.execute(INSERT, {"number": 1, "name": "kept", "namespace": b""})
    with pytest.raises(LookupError):
        fail()
    with engine.connect() as connection:
        assert connection.execute(text("select name from node")).scalars().all() == ["kept"]
    engine.dispose()


def test_blocks_that_read_before_they_write_take_turns(sqlite_url: str):
    engine = open_database(sqlite_url, durability="off")

    def number_next(_: int) -> None:
        with writing(engine) as connection:
            last = connection.execute(text("select coalesce(max(number), 0) from node")).scalar()
            assert last is not None
            connection.execute(INSERT, {"number": last + 1, "name": "", "namespace": b""})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(number_next, range(20)))
    with engine.connect() as connection:
        assert connection.execute(text("select max(number) from node")).scalar() == 20
    engine.dispose()
