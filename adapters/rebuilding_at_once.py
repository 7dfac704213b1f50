"""Fills read models anew by several processes: they fold ranges of streams beside one another.

Ranges are done with in their order, however many processes there are, so that one place still says
how far a copy has come and anybody can go on from there. On PostgreSQL every process copies its
rows through a connection of its own and commits when it is its turn; SQLite has one writer, which
is the process that asked. Who is killed takes what was not committed along, and nothing else.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL

from adapters.collecting import collect_rarely
from adapters.database import open_database
from adapters.eventstore import Recorder
from adapters.positions import Standing, contended
from adapters.rebuilding import Range, fold, put, ranges, reach
from adapters.tables import hurried
from registry.errors import Unavailable

if TYPE_CHECKING:
    from adapters.projector import Projector

Told = dict[str, Standing]


class Lost(Unavailable):
    """A process that folded is gone; what it did last is not in the tables."""

    def __init__(self) -> None:
        super().__init__(
            "a process that filled read models is gone; run the rebuild again, it goes on"
        )


class Hand:
    """A process that folds ranges, seen from the one that shares them out."""

    def __init__(self, url: URL, told: Told) -> None:
        spawned = get_context("spawn")
        self._pipe, theirs = spawned.Pipe()
        self.process: BaseProcess = spawned.Process(target=_fold, args=(theirs, url), daemon=True)
        self.process.start()
        theirs.close()
        self.say(told)

    def say(self, what: Any) -> None:
        """Tell the process something."""
        try:
            self._pipe.send(what)
        except OSError as error:
            raise Lost from error

    def hear(self) -> Any:
        """What the process says next; raises what stood in its way."""
        try:
            told = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise Lost from error
        if isinstance(told, BaseException):
            raise told
        return told

    def end(self) -> None:
        """Let the process go: it rolls back whatever it has not committed."""
        self._pipe.close()
        self.process.join()


def fill_at_once(
    projector: Projector, told: Mapping[str, Standing], target: int, processes: int
) -> Iterator[tuple[Told, int]]:
    """Fill ranges of copies until nothing is left, by several processes."""
    stand = dict(told)
    left = ranges(projector.engine, stand)
    hands: list[Hand] = []
    busy: deque[tuple[Hand, Range]] = deque()

    def hand_out(hand: Hand) -> None:
        range_ = next(left, None)
        if range_ is not None:
            hand.say(range_)
            busy.append((hand, range_))

    try:
        while len(hands) < processes and len(busy) == len(hands):
            hands.append(Hand(projector.engine.url, stand))
            hand_out(hands[-1])
        while busy:
            hand, range_ = busy.popleft()
            with contended(projector.engine, stand.values()):
                count, changes = hand.hear()
                if changes is None:
                    hand.say(stand)
                    stand = hand.hear()
                    hand_out(hand)
                else:
                    hand_out(hand)  # which folds it while we write
                    with hurried(projector.engine) as connection:
                        put(connection, projector, stand, changes)
                        stand = reach(connection, stand, range_)
            yield stand, count
    finally:
        for hand in hands:
            hand.end()


def _fold(pipe: Pipe, url: URL) -> None:
    """What each of the processes does, until nobody tells it anything more."""
    from adapters.projector import Projector

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends who shares out, and so us
    collect_rarely()
    engine = open_database(url)
    projector = Projector(engine, Recorder(engine))
    with suppress(EOFError, OSError):  # whoever shares out is gone
        told: Told = pipe.recv()
        try:
            while True:
                range_: Range = pipe.recv()
                changes, count = fold(projector, told, range_)
                if engine.dialect.name == "sqlite":
                    for one in changes.values():
                        one.rows()  # they are put together here, not by who only writes
                    pipe.send((count, changes))
                    continue
                with hurried(engine) as connection:
                    put(connection, projector, told, changes)
                    pipe.send((count, None))
                    told = reach(connection, pipe.recv(), range_)
                pipe.send(told)
        except (EOFError, OSError):
            raise
        except Exception as error:
            pipe.send(error)
