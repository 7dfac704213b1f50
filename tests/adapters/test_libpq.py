"""Statements through libpq itself: what goes out comes back, and failures leave nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from adapters.database import open_database
from adapters.drivers import lane_of
from adapters.kept import Kept
from adapters.libpq import BYTES, BYTES_LIST, INT, INT_LIST, TEXT, TEXT_LIST, Lane

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
INTS = st.integers(-(2**63), 2**63 - 1)
FEW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def lists(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Lists with and without nulls, and such in which all values are the same."""
    alike = st.builds(lambda value, size: [value] * size, st.none() | values, st.integers(2, 5))
    return st.lists(values) | st.lists(st.none() | values) | alike


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    opened = open_database(postgres_url)
    yield opened
    opened.dispose()


@pytest.fixture
def lane(engine: Engine) -> Iterator[Lane]:
    loan = Kept(engine, lane_of).take()
    yield loan.used
    loan.drop()


@FEW
@given(
    number=st.none() | INTS,
    word=st.none() | TEXTS,
    blob=st.none() | st.binary(),
    numbers=lists(INTS),
    words=lists(TEXTS),
    blobs=lists(st.binary()),
)
def test_values_come_back_as_they_went(lane, number, word, blob, numbers, words, blobs):
    kinds = (INT, TEXT, BYTES, INT_LIST, TEXT_LIST, BYTES_LIST)
    values = (number, word, blob, numbers, words, blobs)
    query = "select $1, $2, $3, $4, $5, $6", kinds, values
    assert lane.rows(*query) == [values]
    assert lane.trip(query, ("select 1 where false", (), ()), query) == [[values], [], [values]]


def test_more_goes_out_in_a_trip_than_the_socket_takes_at_once(lane: Lane):
    large = b"x" * 30_000_000
    query = "select length($1), $1", (BYTES,), (large,)
    assert lane.trip(query, query) == [[(len(large), large)]] * 2


def test_a_connection_that_is_cut_during_a_trip_is_told(engine: Engine):
    loan = Kept(engine, lane_of).take()
    cut = "select pg_terminate_backend(pg_backend_pid())", (), ()
    with pytest.raises(psycopg.OperationalError):
        loan.used.trip(("select 1", (), ()), cut, ("select 2", (), ()))
    with pytest.raises(psycopg.OperationalError):
        loan.used.rows("select 1", (), ())
    loan.drop()


def test_after_a_statement_that_fails_none_of_the_trip_is_executed(lane: Lane):
    lane.run(b"create temp table facts (told int8 primary key)")
    insert = "insert into facts values ($1)"
    with pytest.raises(psycopg.errors.UniqueViolation):
        lane.trip(
            ("begin", (), ()),
            (insert, (INT,), (1,)),
            (insert, (INT,), (1,)),
            ("commit", (), ()),
        )
    lane.run(b"rollback")
    assert lane.rows("select told from facts", (), ()) == []
    lane.trip((insert, (INT,), (2,)))
    assert lane.rows("select told from facts", (), ()) == [(2,)]


def test_a_statement_that_cannot_be_prepared_or_packed_leaves_the_lane_as_it_was(lane: Lane):
    with pytest.raises(psycopg.errors.UndefinedTable):
        lane.trip(("select 1 from nowhere", (), ()))
    with pytest.raises(UnicodeEncodeError):
        lane.trip(("select $1", (TEXT,), ("\ud800",)))
    with pytest.raises(psycopg.errors.SyntaxError):
        lane.run(b"selec 1")
    assert lane.trip(("select 1::int8", (), ())) == [[(1,)]]


def test_connections_are_kept_while_their_engine_is_and_closed_with_it(engine: Engine):
    kept = Kept(engine, lane_of)
    one, two = kept.take(), kept.take()
    assert one.driver is not two.driver
    one.close()
    assert kept.take().driver is one.driver
    one.close()
    engine.dispose()
    assert one.driver.closed
    assert not two.driver.closed  # it is still in use
    two.close()
    assert two.driver.closed
    three = kept.take()
    assert three.used.rows("select 1::int8", (), ()) == [(1,)]
    three.drop()
    assert three.driver.closed
