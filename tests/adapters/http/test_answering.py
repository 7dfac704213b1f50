"""Questions that wait together: answered on one connection, logged by one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from fastapi import Response
from sqlalchemy import Engine, text

from adapters.database import open_database
from adapters.http.answering import Answering, Find, Told
from adapters.prepared import lasting
from adapters.querylog import QueryLog, Question
from adapters.reading import Behind, Reader
from registry.codec import Codec
from registry.errors import NotFound, Unavailable

LINE = Question(
    officer="李警官",
    office="510603001001",
    terminal="",
    purpose="registration",
    question="person",
    asked_at=1_180_659_600_000_000,
)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_database(database_url, durability="off")
    yield opened
    opened.dispose()


@pytest.fixture
def log(database_url: str) -> Iterator[QueryLog]:
    opened = QueryLog(database_url, b"secret", lambda: LINE.asked_at, durability="off")
    yield opened
    opened.close()


@pytest.fixture
def answering(engine: Engine, log: QueryLog) -> Iterator[Answering]:
    opened = Answering(engine, Codec(), log)
    yield opened
    opened.close()


def saying(body: bytes, line: Question | None = LINE) -> Find:
    return lambda reader: Told(Response(body), line)


def together(answering: Answering, *finds: Find, by_key: bool = True) -> list[Any]:
    """What comes of questions that are asked while the one before them is being answered."""
    held, began = Event(), Event()

    def holding(reader: Reader) -> Told:
        began.set()
        assert held.wait(30)
        return Told(Response(b"held"))

    async def asked() -> list[Any]:
        first = asyncio.ensure_future(answering.ask(holding, by_key=True))
        await asyncio.to_thread(began.wait, 30)
        others = [asyncio.ensure_future(answering.ask(one, by_key=by_key)) for one in finds]
        await asyncio.sleep(0)  # they have put themselves in the queue
        held.set()
        await first
        return await asyncio.gather(*others, return_exceptions=True)

    return asyncio.run(asked())


def test_questions_that_wait_together_are_logged_by_one_commit(
    answering: Answering, log: QueryLog, monkeypatch: pytest.MonkeyPatch
):
    commits: list[int] = []
    plain = log.note

    def counted(*lines: Question) -> None:
        commits.append(len(lines))
        plain(*lines)

    monkeypatch.setattr(log, "note", counted)
    told = together(answering, *(saying(b"%d" % number) for number in range(7)))
    assert [one.body for one in told] == [b"%d" % number for number in range(7)]
    assert commits == [7]
    assert log.verify() is None


def test_a_question_that_fails_fails_alone(answering: Answering):
    def lost(reader: Reader) -> Told:
        raise Behind("not yet")

    def mistaken(reader: Reader) -> Told:
        raise ZeroDivisionError

    missing = Told(NotFound("person", 1), LINE)
    one, two, three, four = together(
        answering, saying(b"1"), lost, mistaken, lambda reader: missing
    )
    assert one.body == b"1"
    assert [type(error) for error in (two, three, four)] == [Behind, ZeroDivisionError, NotFound]


@pytest.mark.parametrize("by_key", [True, False])
def test_nothing_personal_is_shown_that_is_not_in_the_log(
    answering: Answering, log: QueryLog, by_key: bool
):
    log.close()
    personal, other = together(answering, saying(b"1"), saying(b"2", line=None), by_key=by_key)
    assert isinstance(personal, Unavailable)
    assert other.body == b"2"


@pytest.mark.parametrize("by_key", [True, False])
def test_a_table_that_is_not_there_yet_is_one_to_come_again_for(answering: Answering, by_key: bool):
    def early(reader: Reader) -> Told:
        reader.connection.execute(text("select 1 from nowhere"))
        raise AssertionError

    first, second = together(answering, early, saying(b"2"), by_key=by_key)
    assert isinstance(first, Behind)
    assert second.body == b"2"
    assert together(answering, saying(b"3"), by_key=by_key)[0].body == b"3"


def test_what_is_recorded_meanwhile_is_seen_by_the_next_question(
    answering: Answering, engine: Engine
):
    with engine.begin() as connection:
        connection.execute(text("create table facts (told integer)"))

    def count(reader: Reader) -> Told:
        found = reader.connection.execute(text("select count(*) from facts")).scalar()
        return Told(Response(str(found)))

    for number in range(3):
        assert together(answering, count)[0].body == b"%d" % number
        with engine.begin() as connection:
            connection.execute(text("insert into facts values (1)"))


def test_a_connection_that_was_cut_is_opened_anew(postgres_url: str):
    engine = open_database(postgres_url)
    log = QueryLog(postgres_url, b"secret", lambda: LINE.asked_at)
    answering = Answering(engine, Codec(), log)
    assert together(answering, saying(b"1"))[0].body == b"1"
    other = open_database(postgres_url)
    with other.connect() as connection:
        connection.execute(
            text(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        )
    cut = together(answering, lambda reader: Told(Response(b"%d" % reader.reached), LINE))[0]
    assert isinstance(cut, Unavailable)
    assert isinstance(together(answering, saying(b"2"))[0], Unavailable)  # the log's own
    assert together(answering, saying(b"3"))[0].body == b"3"
    assert log.verify() is None
    answering.close()
    log.close()
    other.dispose()
    engine.dispose()


def test_a_lasting_connection_plans_as_nobody_else_does(postgres_url: str):
    engine = open_database(postgres_url, connections=1)
    connection = lasting(engine)
    assert connection.execute(text("show enable_seqscan")).scalar() == "off"
    connection.invalidate()
    connection.close()
    with engine.connect() as another:
        assert another.execute(text("show enable_seqscan")).scalar() == "on"
    engine.dispose()
