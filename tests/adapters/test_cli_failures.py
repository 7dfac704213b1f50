"""What a failure means to who typed a verb: what to do, and nobody's data."""

from __future__ import annotations

import sqlite3
from concurrent.futures.process import BrokenProcessPool

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from adapters.cli.frame import known_failure
from registry.errors import Unavailable


def test_a_worker_that_was_ended_says_nothing_of_the_register():
    told = known_failure(BrokenProcessPool("a child was terminated abruptly"))
    assert isinstance(told, Unavailable)
    assert "memory" in str(told)


def test_a_text_that_cannot_be_read_is_not_shown():
    odd = "select cast(x'e78e8bff' as text) as name"
    with sqlite3.connect(":memory:") as bare, pytest.raises(sqlite3.OperationalError) as failed:
        bare.execute(odd).fetchall()
    engine = create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(OperationalError) as wrapped:
        connection.execute(text(odd)).all()
    engine.dispose()
    for error in failed.value, wrapped.value:
        told = str(known_failure(error))
        assert "column 'name'" in told
        assert "王" not in told
        assert "with text" not in told
