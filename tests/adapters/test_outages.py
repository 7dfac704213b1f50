"""The event store when something fails: a row, a connection, the server, the file."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import (
    OperationalError,
    StoredEvent,
)
from sqlalchemy import Engine, text

from adapters import database
from adapters.appending import Accepted, Transaction
from adapters.eventstore import Recorder
from registry.store import (
    Failed,
    Raced,
    Receipt,
    Repeated,
    StoreUnavailable,
)
from tests.adapters.recording import NODE, A, B, C, Clock, entry, kinds, wish


@pytest.fixture
def store(engine: Engine) -> Recorder:
    return Recorder(engine, node=NODE, clock=Clock(1_000))


@pytest.fixture
def poison(engine: Engine) -> bytes:
    """A state that the database refuses."""
    word = b"poison"
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.execute(
                text(
                    "create trigger refuse before insert on entries when new.state = x'"
                    + word.hex()
                    + "' begin select raise(abort, 'poisoned'); end"
                )
            )
        else:
            connection.execute(
                text(
                    "create function refuse() returns trigger language plpgsql as $$ begin"
                    " raise exception 'poisoned'; end $$"
                )
            )
            connection.execute(
                text(
                    "create trigger refuse before insert on entries for each row"
                    f" when (new.state = decode('{word.hex()}', 'hex')) execute function refuse()"
                )
            )
    return word


@pytest.mark.parametrize("size", [1, 2, 7, 30])
def test_a_database_error_fails_its_culprit_alone(store: Recorder, poison: bytes, size: int):
    streams = [uuid4() for _ in range(size)]
    bad = size // 2
    batch = [
        wish(entry(stream, 1, poison if place == bad else b"good"), entry(stream, 2))
        for place, stream in enumerate(streams)
    ]
    outcomes = store.append(batch)
    assert [place for place, each in enumerate(outcomes) if isinstance(each, Failed)] == [bad]
    assert kinds(outcomes).count(Receipt) == size - 1
    page = store.page(0, 100)
    assert [each.position for each in page] == [*range(1, 2 * size - 1)]
    assert streams[bad] not in {each.originator_id for each in page}


def test_a_value_no_database_can_hold_fails_its_culprit_alone(store: Recorder):
    batch = [wish(entry(A, 1)), wish(entry(B, 1, effective_on=2**70)), wish(entry(C, 1))]
    assert kinds(store.append(batch)) == [Receipt, Failed, Receipt]


def test_who_builds_upon_a_failure_has_to_decide_again(store: Recorder, poison: bytes):
    batch = [wish(entry(A, 1, poison)), wish(entry(A, 2)), wish(entry(B, 1))]
    assert kinds(store.append(batch)) == [Failed, Raced, Receipt]


def test_an_answer_lost_after_the_commit_is_given_again(
    store: Recorder, monkeypatch: pytest.MonkeyPatch
):
    plain = store._driver.begin

    def begin() -> Transaction:
        transaction = plain()
        write = transaction.write

        def write_and_be_cut_off(accepted: Accepted, node: int) -> None:
            write(accepted, node)
            raise psycopg.OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(transaction, "write", write_and_be_cut_off)
        return transaction

    batch = [wish(entry(A, 1)), wish(entry(A, 2), entry(B, 1))]
    monkeypatch.setattr(store._driver, "begin", begin)
    with pytest.raises(StoreUnavailable):
        store.append(batch)
    monkeypatch.undo()
    first, second = store.append(batch)
    assert isinstance(first, Repeated)
    assert isinstance(second, Repeated)
    assert (first.receipt.first, second.receipt.first, second.receipt.count) == (1, 2, 2)
    assert len(store.page(0, 10)) == 3


def test_a_cut_connection_is_reported_and_the_next_append_goes_through(postgres_url: str):
    engine = database.open_database(postgres_url, durability="off")
    other = database.open_database(postgres_url)

    def cut() -> int:
        with other.connect() as connection:
            connection.execute(
                text(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
            )
        return 1

    with pytest.raises(StoreUnavailable, match="away"):
        Recorder(engine, clock=cut).append([wish(entry(A, 1)), wish(entry(B, 1))])
    with pytest.raises(OperationalError):
        Recorder(engine, clock=cut).insert_events([StoredEvent(A, 1, "topic", b"")])
    store = Recorder(engine)
    assert store.head() == (0, 0)
    assert kinds(store.append([wish(entry(A, 1))])) == [Receipt]
    engine.dispose()
    other.dispose()


def test_a_server_that_is_not_there_is_reported(tmp_path: Path):
    store = Recorder(database.open_database(f"postgresql:///none?host={tmp_path}"))
    for question in (
        store.head,
        lambda: store.append([wish(entry(A, 1))]),
        lambda: store.streams([A]),
        lambda: store.page(0, 1),
        lambda: store.submissions([A]),
    ):
        with pytest.raises(StoreUnavailable):
            question()


def test_a_file_that_somebody_else_keeps_locked_is_reported(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(database, "PATIENCE_S", 0.01)
    engine = database.open_database(sqlite_url)
    store = Recorder(engine)
    with database.writing(engine), pytest.raises(StoreUnavailable, match="locked"):
        store.append([wish(entry(A, 1))])
    assert kinds(store.append([wish(entry(A, 1))])) == [Receipt]
    engine.dispose()
