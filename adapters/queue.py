"""The only queue: commands of any number of clients, decided in order and recorded in groups.

One thread takes whatever has gathered while the group before it was being recorded. An answer goes
out only after the durable commit of all that it rests on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from time import sleep
from types import TracebackType
from typing import NamedTuple, Self, TypeVar

from registry.errors import RegistryError, Unavailable
from registry.register import Register, Submission
from registry.store import Receipt

T = TypeVar("T")

#: How many submissions are committed together at most.
GROUP = 500
#: Whoever was answered together sends again together: so long, in seconds, the others are given
#: to come, and as long again while some do.
GIVE_WAY = 0.0001
LOGGER = logging.getLogger(__name__)

Result = Receipt | RegistryError
Waiter = Future[Receipt] | asyncio.Future[Receipt]


class _Waiting(NamedTuple):
    submission: Submission
    waiter: Waiter


class CommandQueue:
    """Takes submissions from threads and event loops and gives each one its receipt."""

    def __init__(
        self,
        register: Register,
        *,
        recorded: Callable[[int], None] | None = None,
    ) -> None:
        """Start the thread; `recorded` is told the last position after each commit."""
        self.register = register
        self._recorded = recorded
        self._answered = 1  # how many were answered together last
        self._waiting: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._closed = False
        self._thread = Thread(target=self._serve, name="command-queue", daemon=True)
        self._thread.start()

    def submit(self, submission: Submission) -> Future[Receipt]:
        """Queue a submission from a thread; the future holds its receipt or its error."""
        future: Future[Receipt] = Future()
        self._put(_Waiting(submission, future))
        return future

    async def do(self, submission: Submission) -> Receipt:
        """Queue a submission from an event loop and wait for its receipt."""
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._put(_Waiting(submission, future))
        return await future

    async def do_all(self, submissions: Sequence[Submission]) -> list[Result]:
        """Queue several submissions, each for itself, and wait for all of them."""
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Receipt]] = []
        for submission in submissions:
            futures.append(loop.create_future())
            self._put(_Waiting(submission, futures[-1]))
        results = await asyncio.gather(*futures, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, RegistryError):
                raise result
        return list(results)  # type: ignore[arg-type]  # the others were raised

    def close(self) -> None:
        """Take no more, finish what is queued, and stop."""
        if not self._closed:
            self._closed = True
            self._waiting.put(None)
            self._thread.join()

    def __enter__(self) -> Self:
        """Serve for the length of a block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Drain and stop."""
        self.close()

    @property
    def depth(self) -> int:
        """How many submissions wait."""
        return self._waiting.qsize()

    def _put(self, waiting: _Waiting) -> None:
        if self._closed:
            raise Unavailable("the register is shutting down; send it again later")
        self._waiting.put(waiting)

    def _serve(self) -> None:
        ended = False
        while not ended:
            came = self._gather()
            ended = None in came
            if group := [one for one in came if one is not None]:
                self._answer(group, self._recorded_of(group))

    def _gather(self) -> list[_Waiting | None]:
        """Wait for somebody, and take those who are decided together."""
        group = [self._waiting.get()]
        while True:
            while len(group) < GROUP and not self._waiting.empty():
                group.append(self._waiting.get())
            if len(group) >= min(GROUP, self._answered) or None in group:
                return group
            sleep(GIVE_WAY)
            if self._waiting.empty():
                return group

    def _recorded_of(self, group: list[_Waiting]) -> Sequence[Receipt | BaseException]:
        """Decide and record a group: what is to be told to each."""
        results: Sequence[Receipt | BaseException]
        try:
            results = self.register.do_all([one.submission for one in group])
        except Exception as error:
            # Nothing of the group is known to be recorded; sending it again settles it.
            results = [error] * len(group)
        last = max((r.first + r.count - 1 for r in results if isinstance(r, Receipt)), default=0)
        if last and self._recorded is not None:
            try:
                self._recorded(last)
            except Exception:  # whoever waits is answered all the same
                LOGGER.exception("nobody was told that entries are recorded up to %d", last)
        self._answered = len(group)
        return results

    @staticmethod
    def _answer(group: list[_Waiting], results: Sequence[Receipt | BaseException]) -> None:
        waiting: list[tuple[asyncio.Future[Receipt], Receipt | BaseException]] = []
        for one, result in zip(group, results, strict=True):
            if not isinstance(one.waiter, Future):
                waiting.append((one.waiter, result))
            elif not one.waiter.set_running_or_notify_cancel():
                continue  # whoever sent it does not wait any more
            elif isinstance(result, BaseException):
                one.waiter.set_exception(result)
            else:
                one.waiter.set_result(result)
        hand_over(waiting)


def hand_over(results: Iterable[tuple[asyncio.Future[T], T | BaseException]]) -> None:
    """Give futures of event loops their results from a thread."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[T], T | BaseException]]] = {}
    for future, result in results:
        loops.setdefault(future.get_loop(), []).append((future, result))
    for loop, answers in loops.items():
        # One hand-over for the whole group: waking a loop costs more than an answer.
        try:
            loop.call_soon_threadsafe(_settle, answers)
        except RuntimeError:
            continue  # the loop is closed; what is recorded is answered when sent again


def _settle(answers: list[tuple[asyncio.Future[T], T | BaseException]]) -> None:
    for future, result in answers:
        if future.done():
            continue
        if isinstance(result, BaseException):
            future.set_exception(result)
        else:
            future.set_result(result)
