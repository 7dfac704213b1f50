"""Answers questions in groups: one look at how far the read models are, one commit of the log.

Questions by a key wait together for one thread, which answers them one after the other on a
connection that keeps its plans. Lists and reports take long and have threads of their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread

from fastapi import Response
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from adapters.prepared import drop, lasting
from adapters.querylog import QueryLog, Question
from adapters.queue import hand_over
from adapters.reading import Behind, Reader, failure, reading
from registry.codec import Codec
from registry.errors import RegistryError, Unavailable

#: Questions answered and logged together at most.
GROUP = 64
#: Lists and reports that one process asks its database for at once.
LISTS_AT_ONCE = 4


@dataclass(frozen=True)
class Told:
    """What came of a question: an answer or why there is none, and what the query log is told."""

    answer: Response | Exception
    line: Question | None = None


Find = Callable[[Reader], Told]
Waiting = tuple[Find, asyncio.Future[Response]]


class Answering:
    """Takes questions from event loops and answers them when the query log holds them."""

    def __init__(self, engine: Engine, codec: Codec, log: QueryLog) -> None:
        # Rows of one point on both clocks never change, so that no transaction is needed; its
        # beginning and end would be two more trips to the database.
        postgres = engine.dialect.name == "postgresql"
        level = {"isolation_level": "AUTOCOMMIT"} if postgres else {}
        self.engine = engine.execution_options(**level)
        self.lists = ThreadPoolExecutor(LISTS_AT_ONCE, "lists")
        self._codec = codec
        self._log = log
        self._waiting: SimpleQueue[Waiting | None] = SimpleQueue()
        self._thread = Thread(target=self._serve, name="answering", daemon=True)
        self._thread.start()

    async def ask(self, find: Find, *, by_key: bool) -> Response:
        """Answer a question; raises the error that stands in its way."""
        loop = asyncio.get_running_loop()
        if not by_key:
            return _given(await loop.run_in_executor(self.lists, self._alone, find))
        future: asyncio.Future[Response] = loop.create_future()
        self._waiting.put((find, future))
        return await future

    async def note(self, line: Question) -> None:
        """Write a line of the query log about a question that is not even asked."""
        await asyncio.get_running_loop().run_in_executor(self.lists, self._log.note, line)

    def close(self) -> None:
        """Answer whoever waits, and stop."""
        self._waiting.put(None)
        self._thread.join()
        self.lists.shutdown()

    def _alone(self, find: Find) -> Told:
        try:
            with reading(self.engine, self._codec) as reader:
                told = find(reader)
        except SQLAlchemyError as error:
            raise failure(error) from error
        if told.line is not None:
            self._log.note(told.line)
        return told

    def _serve(self) -> None:
        connection: Connection | None = None
        for group in self._groups():
            sound = False
            try:
                connection = connection or lasting(self.engine)
                told = self._told(Reader(connection, self._codec), [find for find, _ in group])
                sound = not any(map(_cut, told))
                connection.rollback()  # SQLite would show the same moment ever after
            except SQLAlchemyError as error:
                told = [Told(failure(error))] * len(group)
            except Exception as error:
                told = [Told(error)] * len(group)
            if not sound:
                drop(connection)
                connection = None
            hand_over((future, one.answer) for (_, future), one in zip(group, told, strict=True))
        drop(connection)

    def _groups(self) -> Iterator[list[Waiting]]:
        """Whoever waits together, until the end."""
        while (first := self._waiting.get()) is not None:
            group, last = [first], False
            while len(group) < GROUP and not last and not self._waiting.empty():
                following = self._waiting.get()
                if following is None:
                    last = True
                else:
                    group.append(following)
            yield group
            if last:
                return

    def _told(self, reader: Reader, asked: Sequence[Find]) -> list[Told]:
        """What came of each question, when the log holds all that are to be told."""
        told = []
        for find in asked:
            try:
                told.append(find(reader))
            except SQLAlchemyError as error:
                told.append(Told(failure(error)))
            except Exception as error:
                told.append(Told(error))
        lines = [one.line for one in told if one.line is not None]
        if lines:
            try:
                self._log.note(*lines)
            except RegistryError as error:
                return [one if one.line is None else Told(error) for one in told]
        return told


def _cut(told: Told) -> bool:
    """Whether the database was away when a question was asked."""
    return isinstance(told.answer, Unavailable) and not isinstance(told.answer, Behind)


def _given(told: Told) -> Response:
    if isinstance(told.answer, Exception):
        raise told.answer
    return told.answer
