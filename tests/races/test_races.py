"""Sixteen writers at once, for the last codes of a book and for one number."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4, uuid5

from adapters.assembly import Parts, Settings, assemble
from adapters.queue import CommandQueue
from registry.aggregates import Number, NumberCase, SequenceBook
from registry.commands.membership import NewHousehold
from registry.commands.migration import RegisterNewcomer
from registry.commands.numbering import book_name, case_name
from registry.entry import Entry
from registry.errors import Refused
from registry.register import Authority, Command, Submission
from registry.store import Receipt
from registry.values import (
    CitizenNumber,
    DivisionCode,
    DoorplateId,
    HouseholdNumber,
    Name,
    Nationality,
    NumberFaultKind,
    Officer,
    PaperNumber,
    Relationship,
    Sex,
)
from registry.vocabulary import Kind
from tests.crash.town import NAMESPACE, OFFICE, ROLES, found, supplement

HOME = Path(__file__).parents[2]
WRITERS = 16
CODES = 20  # of which ten are for men
BORN = date(1975, 5, 5)
BY = Authority(Officer("Li"), OFFICE, ROLES)


def opened(url: str) -> Parts:
    """A register of its own on a database, with its own connections and its own memory."""
    return assemble(Settings(database=url, durability="off"))


def raced(queues: Sequence[CommandQueue], commands: Sequence[Command]) -> list[Any]:
    """Let as many threads as there are commands send one each, at the same moment."""
    start = Barrier(len(commands))

    def send(number: int) -> Receipt | BaseException:
        submission = Submission(uuid4(), BY, commands[number])
        start.wait()
        future = queues[number % len(queues)].submit(submission)
        return future.exception(60) or future.result()

    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(send, range(len(commands))))


def history(parts: Parts, kind: Kind, name: str) -> list[Entry]:
    """The stream that has a name."""
    return parts.register.history(uuid5(NAMESPACE, f"{kind}/{name}"))


def numbers_given(results: Sequence[Any]) -> list[str]:
    """The numbers in the receipts; everybody else was told that the book is exhausted."""
    given = []
    for result in results:
        if isinstance(result, Receipt):
            given.append(json.loads(result.answer)["number"])
        else:
            assert isinstance(result, Refused), result
            assert [rule.code for rule in result.rules] == ["book-exhausted"]
    return given


def check_book(parts: Parts, given: list[str]) -> None:
    """Every code for men was given once, none twice, and the book knows all of them."""
    assert max(Counter(given).values()) == 1
    assert sorted(int(number[14:17]) for number in given) == list(range(1, CODES, 2))
    book = SequenceBook.fold(history(parts, Kind.BOOK, book_name("510603", BORN, 1, CODES)))
    assert book is not None
    assert book.used == set(range(1, CODES, 2))
    for number in given:
        (holding,) = history(parts, Kind.NUMBER, number)
        assert type(holding.event).__name__ == "NumberGiven"


def test_sixteen_writers_take_the_last_codes_of_a_book_once_each(database_url):
    plate = found(database_url, last=CODES)
    registers = [opened(database_url) for _ in range(2)]
    queues = [CommandQueue(one.register) for one in registers]
    commands = [supplement(number, Sex.MALE, BORN, plate) for number in range(WRITERS)]
    given = numbers_given(raced(queues, commands))
    check_book(registers[0], given)
    for queue, parts in zip(queues, registers, strict=True):
        queue.close()
        parts.engine.dispose()


def test_threads_that_share_a_register_without_a_queue_take_each_code_once(database_url):
    plate = found(database_url, last=CODES)
    registers = [opened(database_url) for _ in range(2)]
    start = Barrier(WRITERS)

    def send(number: int) -> Receipt | Refused:
        command = supplement(number, Sex.MALE, BORN, plate)
        start.wait()
        try:
            return registers[number % 2].register.do(Submission(uuid4(), BY, command))
        except Refused as refused:
            return refused

    with ThreadPoolExecutor(WRITERS) as pool:
        given = numbers_given(list(pool.map(send, range(WRITERS))))
    check_book(registers[0], given)
    for parts in registers:
        parts.engine.dispose()


def test_four_processes_take_the_last_codes_of_a_book_once_each(database_url):
    plate = found(database_url, last=CODES)
    children = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.races.child", database_url, str(plate)],
            cwd=HOME,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for child in children:  # all are ready before any begins
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    told = [line for child in children for line in child.communicate(timeout=120)[0].splitlines()]
    assert len(told) == WRITERS
    parts = opened(database_url)
    check_book(parts, [line for line in told if line != "book-exhausted"])
    parts.engine.dispose()


def newcomer(plate: DoorplateId, number: int) -> Command:
    """Somebody from elsewhere, whose number all the others bring, too."""
    return RegisterNewcomer(
        new_household=NewHousehold(doorplate=plate, household_number=HouseholdNumber(str(number))),
        relation=Relationship("02"),
        name=Name("赵"),
        sex=Sex.MALE,
        birth_date=date(1960, 1, 1),
        nationality=Nationality("01"),
        number=CitizenNumber.compose(DivisionCode("220102"), date(1960, 1, 1), 1),
        certificate_number=PaperNumber(f"J{number}"),
        declarant=Name("赵"),
    )


def test_a_number_that_many_record_at_once_is_one_case_with_all_of_them(database_url):
    plate = found(database_url)
    registers = [opened(database_url) for _ in range(2)]
    queues = [CommandQueue(one.register) for one in registers]
    results = raced(queues, [newcomer(plate, number) for number in range(WRITERS)])
    persons = {UUID(json.loads(result.answer)["person"]) for result in results}
    assert len(persons) == WRITERS
    number = CitizenNumber.compose(DivisionCode("220102"), date(1960, 1, 1), 1)
    ledger = Number.fold(history(registers[0], Kind.NUMBER, number))
    assert ledger is not None
    assert set(ledger.held_by) == persons
    entries = history(registers[0], Kind.CASE, case_name(NumberFaultKind.DUPLICATE, number))
    assert [type(one.event).__name__ for one in entries].count("NumberCaseOpened") == 1
    case = NumberCase.fold(entries)
    assert case is not None
    assert case.open
    assert case.parties == persons
    for queue, parts in zip(queues, registers, strict=True):
        queue.close()
        parts.engine.dispose()
