"""Follows the log and keeps the read models up to it, each batch in one transaction.

The position moves by compare-and-set in the transaction that writes the rows: whoever crashes, or
runs twice, every entry is folded into every read model once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from math import inf
from threading import Condition, Event
from time import monotonic

import psycopg
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from adapters import positions
from adapters.collecting import uncollected
from adapters.database import writing
from adapters.eventstore import microseconds
from adapters.positions import ACTIVE, FILLING, Standing, Superseded
from adapters.rebuilding import by_streams, filling, unanswered, warn_of
from adapters.redacting import fold_anew, redacted
from adapters.tables import Copy, drop_edition, hurried
from registry.codec import Codec
from registry.errors import Unavailable
from registry.events.redaction import PART_REDACTED
from registry.projections import PROJECTIONS, RETIRED, Projection
from registry.projections.changes import Changes
from registry.projections.folding import CACHED_STREAMS, Folding
from registry.store import EntryStore, StoredRow

BATCH = 5_000  # entries folded and written together at most
#: Far behind the log so few read models take twice as many: what was opened and closed within is
#: written once, and nobody waits longer for the database than while all are written.
FEW = 4
POLL_S = 0.03  # how often another process's work is looked for
AWAY_S = 1.0  # how long a database that is away is left alone
#: How long the tables of a former edition are kept by whoever follows: an older program may answer
#: from them on other machines, which are brought up to this one in the course of a day.
FORMER_KEPT_US = 24 * 60 * 60 * 1_000_000
FORMER_WAIT_MS = 1_000  # for who reads them: whoever asks next waits behind us for as long
FORMER_AGAIN_S = 60.0  # when those that somebody was reading are looked at again
LEFT_AGAIN_S = 5.0  # when is looked whether what another process fills is to be followed
FILL_FROM = 50_000  # a new read model of a log longer than this is filled stream by stream
LOGGER = logging.getLogger(__name__)

#: Nothing is left to be filled.
FILLED: Iterator[int] = iter(())


class Projector:
    """Keeps read models up to the log.

    wake: set by whoever has recorded something, so that it is seen at once.
    """

    def __init__(
        self,
        engine: Engine,
        store: EntryStore,
        *,
        projections: Iterable[Projection] = PROJECTIONS.values(),
        codec: Codec | None = None,
        batch: int = BATCH,
        cached: int = CACHED_STREAMS,
    ) -> None:
        self.engine = engine
        self.store = store
        self.codec = codec or Codec()
        self.projections = {one.name: one for one in projections}
        self.batch = batch
        self.wake = Event()
        self._cached = cached
        self._folding: Folding | None = None
        self._standings: dict[str, Standing] | None = None
        self._copies: dict[tuple[str, str], Copy] = {}
        self._filling: Iterator[int] | None = None
        self._far = False  # whether there was more than one batch to fold
        self._moved = Condition()
        self._left: set[str] = set()  # which another process fills from columns
        self._left_until = 0.0  # when they are looked at again
        self._tidy_at = 0.0  # when former editions are looked at
        self._writer: Executor | None = None  # while a batch is written as the next is folded
        self._written: Future[None] | None = None

    def prepare(self) -> None:
        """Create what is missing: empty tables, or where the log is long, tables to be filled."""
        head, _ = self.store.head()
        with writing(self.engine) as connection:
            positions.create(connection)
            known = {one.name for one in positions.standings(connection)}
            for name, projection in self.projections.items():
                if name in known:
                    continue
                state = FILLING if head > FILL_FROM else ACTIVE
                copy = self.copy(name, "a")
                copy.create(connection, indexed=state == ACTIVE)
                if state == ACTIVE:
                    copy.show(connection)
                target = head if state == FILLING else 0
                positions.add(
                    connection, Standing(name, projection.edition, "a", state, 0, target, b"")
                )
        self._look_again()

    def forget_former(self, ripe: Collection[tuple[str, int]] | None = None) -> list[Standing]:
        """Drop the tables of former editions where others answer that have come as far.

        Nobody folds them any more: what is blanked in the log would stand in them for ever.
        ripe: names and numbers of those that may go; None: all. Returns what is left: those that
        are not ripe or ahead still, or that somebody is reading.
        """
        with self.engine.connect() as connection:
            found = positions.former(connection)
            reached = {
                one.name: one.position
                for one in positions.standings(connection)
                if one.state == ACTIVE
            }
        least = min(reached.values(), default=-1)
        reached.update(dict.fromkeys(RETIRED, least))  # what others all tell now
        editions: dict[tuple[str, int], list[Standing]] = {}
        for one in found:
            editions.setdefault((one.name, one.edition), []).append(one)
        left: list[Standing] = []
        for (name, edition), copies in editions.items():
            ahead = max(one.position for one in copies) > reached.get(name, -1)
            stays = ahead or (ripe is not None and (name, edition) not in ripe)
            if stays or not self._drop(copies):
                left += copies
        return left

    def _drop(self, copies: Sequence[Standing]) -> bool:
        """Drop all copies of an edition; False if somebody reads it, whom nobody waits for."""
        try:
            with writing(self.engine) as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(text(f"set local lock_timeout = {FORMER_WAIT_MS}"))
                for one in copies:
                    positions.remove(connection, one)
                drop_edition(connection, copies)
        except OperationalError as error:
            if isinstance(error.orig, LockNotAvailable):
                return False
            raise
        return True

    def _tidy(self) -> None:
        """Forget former editions of which nothing has changed for a day, whoever followed."""
        if monotonic() < self._tidy_at:
            return
        with writing(self.engine) as connection:
            now = microseconds()
            since = positions.replaced_since(connection, now)
        ripe = {key for key, seen in since.items() if seen <= now - FORMER_KEPT_US}
        # One can come only with a program that is newer than this one.
        self._tidy_at = monotonic() + FORMER_AGAIN_S if self.forget_former(ripe) else inf

    def step(self, until: int | None = None) -> int:
        """Fold the next batch into whichever read models are furthest behind.

        Returns how many entries were folded; 0 if all are up to the log.
        """
        while True:
            try:
                return self._step(until)
            except Superseded:
                self._standings = None

    def _step(self, until: int | None) -> int:
        standings = self._active()
        if not standings:
            return 0
        stand = sorted({one.position for one in standings.values()})
        behind = {n: one for n, one in standings.items() if one.position == stand[0]}
        limit = stand[1] if len(stand) > 1 else until
        folding = self._folding
        if folding is not None and {one.name for one in folding.projections} != behind.keys():
            folding = None
        batch = self._read(stand[0], limit, folding)
        if not batch:
            self._settle()
            return 0
        folding = folding or self.folding(behind)
        # Whatever happens now, its memory and the tables part ways unless all of it succeeds.
        self._folding = None
        changes = folding.fold(batch)
        blanked, position = redacted(batch), batch[-1].position
        self._settle()
        self._write(partial(self._commit, behind.values(), changes, position, blanked))
        # A memory that knows what was blanked is not gone on with.
        self._folding = None if blanked else folding
        standings.update((n, replace(one, position=position)) for n, one in behind.items())
        return position - stand[0]

    def _read(self, after: int, limit: int | None, folding: Folding | None) -> list[StoredRow]:
        """The next batch: all of it, or far behind the log what is folded of it, and its last."""
        if folding is not None and self._far:
            size = self.batch * (2 if len(folding.projections) <= FEW else 1)
            codes = folding.codes | {PART_REDACTED}
            batch = self.store.rows(after, size, limit, codes)
            if batch:  # else the log may go on, or end, without any of them
                return batch
        batch = self.store.rows(after, self.batch, limit)
        self._far = len(batch) == self.batch
        return batch

    def _commit(
        self,
        standings: Collection[Standing],
        changes: Mapping[str, Changes],
        position: int,
        blanked: Collection[bytes],
    ) -> None:
        with hurried(self.engine) as connection:
            self.write(connection, standings, changes, position)
            if blanked:
                fold_anew(connection, self, standings, blanked, position)
        with self._moved:
            self._moved.notify_all()

    def _write(self, commit: Callable[[], None]) -> None:
        """Write a batch: beside the folding of the next one, if there is a thread for it."""
        if self._writer is None:
            commit()
        else:
            self._written = self._writer.submit(commit)

    def _settle(self) -> None:
        """Wait until the batch before is written; raises what stood in its way."""
        written, self._written = self._written, None
        if written is not None:
            try:
                written.result()
            except BaseException:
                self._standings = None  # which is ahead of the tables
                raise

    @contextmanager
    def _beside(self) -> Iterator[None]:
        """A block in which each batch is written while the next is read and folded.

        On PostgreSQL, whose own process writes them; SQLite's driver would take Python's one lock
        back and forth for every row. The block ends when all is written.
        """
        if self.engine.dialect.name != "postgresql":
            yield
            return
        with ThreadPoolExecutor(1, "projector") as self._writer:
            try:
                yield
                self._settle()
            except BaseException:
                self._look_again()
                raise
            finally:
                self._writer = self._written = None

    def catch_up(self, until: int | None = None) -> int:
        """Fold everything there is, up to a position if one is given; returns the position."""
        with uncollected() as collect, self._beside():
            while self.step(until):
                collect()
        return self.position()

    def write(
        self,
        connection: Connection,
        standings: Collection[Standing],
        changes: Mapping[str, Changes],
        position: int,
    ) -> dict[str, Standing]:
        """Move the positions of read models and write what changes in them."""
        positions.move(connection, standings, position=position)
        for one in standings:
            self.copy(one.name, one.copy).write(connection, changes[one.name])
        return {one.name: replace(one, position=position) for one in standings}

    def folding(self, names: Iterable[str], cached: int | None = None) -> Folding:
        """A fold, with nothing in memory yet, of some read models."""
        told = [self.projections[name] for name in names]
        return Folding(told, self.codec, self.store.rows_of, cached or self._cached)

    def copy(self, name: str, letter: str) -> Copy:
        """A copy of a read model."""
        if (name, letter) not in self._copies:
            self._copies[name, letter] = Copy(self.projections[name], letter)
        return self._copies[name, letter]

    def position(self) -> int:
        """The position that all read models have reached."""
        with self.engine.connect() as connection:
            return positions.position(connection)

    def positions(self) -> dict[str, int]:
        """The position of each read model that answers."""
        with self.engine.connect() as connection:
            return {
                one.name: one.position
                for one in positions.standings(connection)
                if one.state == ACTIVE
            }

    def lag(self) -> int:
        """How many entries the read models are behind the log."""
        return max(0, self.store.head()[0] - self.position())

    def wait_for(self, position: int, timeout: float) -> bool:
        """Wait until the read models hold a position; tells whether they do."""
        deadline = monotonic() + timeout
        while self.position() < position:
            left = deadline - monotonic()
            if left <= 0:
                return False
            with self._moved:
                self._moved.wait(min(left, POLL_S))
        return True

    def follow(self, stop: Event, held: Callable[[], bool] = lambda: True) -> None:
        """Keep the read models up to the log until told to stop.

        Read models that have never been filled are filled meanwhile. held: whether this process is
        the one that follows, asked before each batch.
        """
        with self._beside():
            self._follow(stop, held)

    def _follow(self, stop: Event, held: Callable[[], bool]) -> None:
        while not stop.is_set():
            self.wake.clear()
            if not held():
                self._tidy_at = 0.0
                self._look_again()
                stop.wait(POLL_S)
                continue
            try:
                with uncollected() as collect:
                    while self.step() and not stop.is_set() and held():
                        collect()
                self._settle()
                if not self._fill():
                    self._tidy()
                    self.wake.wait(POLL_S)
            except Superseded:
                self._look_again()
            except (Unavailable, OperationalError, psycopg.Error) as error:
                # Not what it says, which may hold values of rows.
                LOGGER.warning("the read models wait: %s; tried again", type(error).__name__)
                self._look_again()
                stop.wait(AWAY_S)

    def _fill(self) -> bool:
        """Fill a little more of what has never been filled; tells whether there was any."""
        if self._filling is FILLED and self._left and monotonic() >= self._left_until:
            self._filling = None  # what another process fills may answer by now, and is followed
        if self._filling is None:
            ours, left = by_streams(unanswered(self))
            if left and {one.name for one in left} != self._left:
                warn_of(left)
            self._left, self._left_until = {one.name for one in left}, monotonic() + LEFT_AGAIN_S
            self._filling = filling(self, ours)
        elif self._filling is FILLED:
            return False
        if next(self._filling, None) is not None:
            return True
        self._standings, self._filling = None, FILLED  # there are more to be followed now
        return False

    def _look_again(self) -> None:
        """Forget how things stood: somebody else may have changed them."""
        self._standings = self._filling = None

    def _active(self) -> dict[str, Standing]:
        if self._standings is None:
            self._settle()
            with self.engine.connect() as connection:
                self._standings = {
                    one.name: one
                    for one in positions.standings(connection)
                    if one.state == ACTIVE and one.name in self.projections
                }
            self._folding = None
        return self._standings
