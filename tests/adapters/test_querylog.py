"""The query log: durable before the answer, only growing, and telling when it was changed."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from adapters.querylog import METADATA, QueryLog, Question, about

NUMBER = "510603197001010010"


@pytest.fixture
def log(database_url: str) -> Iterator[QueryLog]:
    """A query log beside the register's tables, on each kind of database."""
    opened = QueryLog(database_url, b"secret", lambda: 1_180_659_600_000_000, durability="off")
    yield opened
    opened.close()


def asked(question: str = "person", **more: object) -> Question:
    told = {"officer": "李警官", "office": "510603001001", "terminal": "10.0.0.1"}
    return Question(question=question, purpose="registration", **told, **more)  # type: ignore[arg-type]


def test_a_line_tells_who_asked_what_about_whom_and_why(log: QueryLog):
    shown, other = uuid4(), uuid4()
    log.note(asked(subjects=[shown], rows=1, fields="name,sex", valid_on=46_537, known=12))
    log.note(asked("household", subjects=[other]))
    (line,) = log.read(about(subject=shown))
    assert (line["officer"], line["question"], line["fields"]) == ("李警官", "person", "name,sex")
    assert (line["line"], line["rows"], line["known"], line["subjects"]) == (1, 1, 12, shown.bytes)
    assert len(log.read(about(officer="李警官"))) == 2
    assert [one["line"] for one in log.read(about(before=2))] == [1]


def test_a_number_is_found_again_and_stands_nowhere_in_clear(log: QueryLog):
    log.note(asked(number_digest=log.number_digest(NUMBER)))
    log.note(asked(number_digest=log.number_digest("510603197001010037")))
    (line,) = log.read(about(number_digest=log.number_digest(NUMBER)))
    assert line["line"] == 1
    assert NUMBER not in repr(line)


def test_lines_of_many_threads_stand_in_one_chain(log: QueryLog):
    def ask() -> None:
        for _ in range(20):
            log.note(asked(subjects=[uuid4()]))

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(log.read(about(limit=1_000))) == 160
    assert log.verify() is None


def test_two_programs_write_one_chain(log: QueryLog, database_url: str):
    other = QueryLog(database_url, b"secret", lambda: 1, durability="off")
    try:
        for _ in range(5):
            log.note(asked())
            other.note(asked())
    finally:
        other.close()
    assert log.verify() is None


@pytest.mark.parametrize(
    "statement",
    [
        "update query_log set officer = 'x'",
        "delete from query_log",
        "delete from query_log_subjects",
    ],
)
def test_the_database_lets_nobody_change_it(log: QueryLog, statement: str):
    log.note(asked(subjects=[uuid4()]))
    with pytest.raises(DBAPIError, match="the query log only grows"), log.engine.begin() as change:
        change.execute(text(statement))
    assert log.verify() is None


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("update query_log set purpose = 'own-request' where line = 3", 3),
        ("delete from query_log where line = 2", 2),
        ("update query_log set rows = 9 where line = 5", 5),
    ],
)
def test_whoever_gets_round_the_database_is_found_out(log: QueryLog, statement: str, line: int):
    for _ in range(5):
        log.note(asked())
    with log.engine.begin() as change:
        for table in METADATA.tables:
            if change.dialect.name == "postgresql":
                change.execute(text(f"alter table {table} disable trigger user"))
            else:
                for verb in ("update", "delete"):
                    change.execute(text(f"drop trigger {table}_no_{verb}"))
        change.execute(text(statement))
    assert log.verify() == line
