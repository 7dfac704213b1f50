"""Fills read models anew, stream by stream, while their other copies answer.

Whole streams are folded at once: nothing is looked up, no row is closed after it was written, and
indexes are made at the end. What has been done is kept, so that a crash costs one chunk; several
processes fold chunks at once (`adapters.rebuilding_at_once`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from time import sleep
from typing import TYPE_CHECKING, NamedTuple

from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from adapters import positions
from adapters.collecting import uncollected
from adapters.database import writing
from adapters.eventstore import entries
from adapters.matching import beginnings
from adapters.positions import ACTIVE, FILLING, Standing, contended
from adapters.redacting import fold_anew, redacted
from adapters.tables import hurried
from registry.projections import PROJECTIONS
from registry.projections.base import Voidings
from registry.projections.changes import Changes

if TYPE_CHECKING:
    from adapters.projector import Projector  # which fills what it finds empty

CHUNK = 2_000  # streams folded and written together
#: How long a switch waits for who reads the old rows, since who comes next waits behind it; when it
#: is tried again, and after how many times it is said again.
SWITCH_WAIT_MS, SWITCH_AGAIN_S, SWITCH_TOLD = 1_000, 5.0, 60

LOGGER = logging.getLogger(__name__)
#: How the place begins that is kept by who fills from the columns of the sealed log: followed by
#: how many entities are done, and which. No stream is called so, since its version (RFC 9562) would
#: be 0.
COLUMNS = b"column\0\0"

#: Told after each chunk: how many streams are done.
Progress = Callable[[int], None]


class Range(NamedTuple):
    """Streams that are folded together: those after one, up to and with another."""

    after: bytes
    last: bytes


#: Fills ranges of copies up to a target until nothing is left, telling of each how many streams.
Filler = Callable[
    ["Projector", Mapping[str, Standing], int], Iterator[tuple[dict[str, Standing], int]]
]


def rebuild(
    projector: Projector,
    *names: str,
    progress: Progress = lambda done: None,
    processes: int = 1,
) -> None:
    """Fill read models anew from the log, in one pass, and let them answer in place of the old.

    Goes on where an interrupted rebuild stopped, by however many processes that was done.
    """
    head, _ = projector.store.head()
    finish(projector, [begin(projector, name, head) for name in names], progress, processes)


def passes(names: Sequence[str]) -> list[list[str]]:
    """Names in the groups in which they are best filled together.

    What fell is told by few streams; with others it would be looked for in all.
    """
    fallen = [one for one in names if isinstance(PROJECTIONS[one], Voidings)]
    return [some for some in (fallen, [one for one in names if one not in fallen]) if some]


def finish_all(projector: Projector, progress: Progress = lambda done: None) -> None:
    """Go on with everything that has to be filled stream by stream."""
    with projector.engine.connect() as connection:
        found = [one for one in positions.standings(connection) if one.state == FILLING]
    ours, left = by_streams([one for one in found if one.name in projector.projections])
    warn_of(left)
    finish(projector, ours, progress)


def finish(
    projector: Projector,
    standings: Collection[Standing],
    progress: Progress = lambda done: None,
    processes: int = 1,
) -> None:
    """Fill copies to the end and let them answer."""
    with uncollected() as collect:
        for done in filling(projector, standings, processes):
            progress(done)
            collect()


def unanswered(projector: Projector) -> list[Standing]:
    """Copies to be filled that have no other copy answering meanwhile."""
    with projector.engine.connect() as connection:
        found = positions.standings(connection)
    answering = {one.name for one in found if one.state == ACTIVE}
    return [one for one in found if one.name in projector.projections and one.name not in answering]


def by_streams(found: Iterable[Standing]) -> tuple[list[Standing], list[Standing]]:
    """Copies that are filled stream by stream, and those that are filled from columns.

    Whoever follows leaves the latter alone: somebody has asked for them, and may be at it.
    """
    told: tuple[list[Standing], list[Standing]] = [], []
    for one in found:
        told[one.reached.startswith(COLUMNS)].append(one)
    return told


def warn_of(left: Collection[Standing]) -> None:
    """Say what becomes of copies that are filled from columns."""
    if left:
        LOGGER.warning(
            "%s: filled from the sealed log by `registry rebuild NAME --from-sealed`; if nobody is"
            " at it any more run that again, which goes on, or without --from-sealed, which begins"
            " anew from the log itself",
            ", ".join(one.name for one in left),
        )


def begin(
    projector: Projector,
    name: str,
    target: int | None = None,
    *,
    columns: bool = False,
    anew: bool = False,
) -> Standing:
    """Make a copy to be filled, or find the one that an interrupted rebuild left.

    target: the position as of which it is filled, before it follows; None for the head. columns:
    it is filled from columns; what was begun the other way is begun anew. anew: so is all else.
    """
    head = projector.store.head()[0] if target is None else target
    with writing(projector.engine) as connection:
        positions.create(connection)
        ours = [one for one in positions.standings(connection) if one.name == name]
        for one in ours:
            if one.state == FILLING:
                alike = one.position or columns == one.reached.startswith(COLUMNS)
                if alike and not anew:
                    return one
                # The table before its place, as who fills it: or they would wait for each other.
                projector.copy(name, one.copy).drop(connection)
                positions.remove(connection, one)
                ours.remove(one)
                break
        letter = "b" if any(one.copy == "a" for one in ours) else "a"
        copy = projector.copy(name, letter)
        copy.drop(connection)
        copy.create(connection, indexed=head == 0, keyed=not (columns and head))
        reached = COLUMNS if columns else b""
        standing = Standing(name, copy.projection.edition, letter, FILLING, 0, head, reached)
        positions.add(connection, standing)
    return standing


def filling(
    projector: Projector, standings: Collection[Standing], processes: int = 1
) -> Iterator[int]:
    """Fill copies stream by stream, follow the log to its end, and let them answer.

    Gives the number of streams done after each piece of work; copies that stand together are
    filled together.
    """
    together: dict[tuple[int, int, bytes], dict[str, Standing]] = {}
    for one in standings:
        if not one.position and one.reached.startswith(COLUMNS):
            one = begin(projector, one.name, one.target)
        place = one.position, one.target, one.reached
        together.setdefault(place, {})[one.name] = one
    done = 0
    for (position, target, _), told in together.items():
        if position == 0 != target:
            for moved, count in fillers(processes)(projector, told, target):
                told, done = moved, done + count
                yield done
            told = indexed(projector, told, processes)
            yield done
        for moved in following(projector, told):
            told = moved
            yield done
        for name, one in told.items():
            switch(projector, {name: one})


def following(projector: Projector, told: Mapping[str, Standing]) -> Iterator[dict[str, Standing]]:
    """Follow the log to its end, to which less is added each time; gives where the copies stand."""
    folding = projector.folding(told)
    for _ in range(3):
        last, _ = projector.store.head()
        while (position := position_of(told)) < last:
            batch = projector.store.rows(position, projector.batch, last)
            changes, blanked = folding.fold(batch), redacted(batch)
            with hurried(projector.engine) as connection:
                moved = projector.write(connection, told.values(), changes, batch[-1].position)
                if blanked:
                    fold_anew(connection, projector, moved.values(), blanked, batch[-1].position)
            if blanked:
                folding = projector.folding(moved)
            told = moved
            yield moved


def position_of(told: Mapping[str, Standing]) -> int:
    """The one position at which copies stand."""
    (position,) = {one.position for one in told.values()}
    return position


def fillers(processes: int) -> Filler:
    """What fills ranges: this process, or several."""
    if processes == 1:
        return fill_in_turn
    from adapters.rebuilding_at_once import fill_at_once

    return partial(fill_at_once, processes=processes)


def fill_in_turn(
    projector: Projector, told: Mapping[str, Standing], target: int
) -> Iterator[tuple[dict[str, Standing], int]]:
    """Fill range after range in this process."""
    for range_ in ranges(projector.engine, told):
        told, count = fill(projector, told, range_)
        yield told, count


def ranges(engine: Engine, told: Mapping[str, Standing]) -> Iterator[Range]:
    """The ranges that are left to be filled, in order."""
    (after,) = {one.reached for one in told.values()}
    while True:
        with engine.connect() as connection:
            found = connection.execute(beginnings([*told], after).limit(CHUNK)).scalars().all()
        if not found:
            return
        last = bytes(found[-1])
        yield Range(after, last)
        if len(found) < CHUNK:
            return
        after = last


def fill(
    projector: Projector, told: Mapping[str, Standing], range_: Range
) -> tuple[dict[str, Standing], int]:
    """Fold the streams of a range whole; returns where the copies stand then, and how many."""
    changes, count = fold(projector, told, range_)
    with contended(projector.engine, told.values()), hurried(projector.engine) as connection:
        put(connection, projector, told, changes)
        told = reach(connection, told, range_)
    return told, count


def fold(
    projector: Projector, told: Mapping[str, Standing], range_: Range
) -> tuple[dict[str, Changes], int]:
    """The rows of the streams of a range, and how many streams there are."""
    (target,) = {one.target for one in told.values()}
    with projector.engine.connect() as connection:
        query = beginnings([*told], range_.after).where(entries.c.stream <= range_.last)
        keys = [bytes(key) for (key,) in connection.execute(query)]
    held = projector.store.rows_of(keys)
    batch = [one for entries_ in held.values() for one in entries_ if one.position <= target]
    return projector.folding(told, cached=1).fold(batch, whole=True), len(keys)


def reach(
    connection: Connection, told: Mapping[str, Standing], range_: Range
) -> dict[str, Standing]:
    """Note that a range is done; raises Superseded unless the one before it is the last done."""
    positions.move(connection, told.values(), reached=range_.last)
    return {name: replace(one, reached=range_.last) for name, one in told.items()}


def put(
    connection: Connection,
    projector: Projector,
    told: Mapping[str, Standing],
    changes: Mapping[str, Changes],
) -> None:
    """Write the rows of a range; before it is reached, in whatever process that is done."""
    for one in told.values():
        copy = projector.copy(one.name, one.copy)
        copy.write(connection, changes[one.name])


def indexed(
    projector: Projector, told: Mapping[str, Standing], at_once: int
) -> dict[str, Standing]:
    """Make the indexes of filled copies, which stand at their target then.

    at_once: how many on PostgreSQL are made beside one another.
    """

    def index(one: Standing) -> Standing:
        with contended(projector.engine, [one]), hurried(projector.engine) as connection:
            positions.move(connection, [one], position=one.target)
            copy = projector.copy(one.name, one.copy)
            if one.reached.startswith(COLUMNS):
                copy.key(connection)
            copy.index(connection)
        return replace(one, position=one.target)

    if projector.engine.dialect.name == "sqlite":
        at_once = 1
    with ThreadPoolExecutor(at_once, "index") as threads:
        return {one.name: one for one in threads.map(index, told.values())}


def switch(projector: Projector, told: Mapping[str, Standing]) -> None:
    """Let filled copies answer from now on, at least as far as the old ones, which go.

    On PostgreSQL it waits for who reads the old ones, and who comes next waits for it: so never for
    longer than a second, and again some seconds later. Of one read model at a time, or a question
    that reads two would wait for a switch that waits for it.
    """
    tried = 0
    while not switched(projector, told):
        if tried % SWITCH_TOLD == 0:
            LOGGER.warning(
                "%s is filled anew and answers as soon as nobody reads its old rows: a question or"
                " an export that takes long is at it still",
                " and ".join(told),
            )
        tried += 1
        sleep(SWITCH_AGAIN_S)
        for moved in following(projector, told):
            told = moved


def switched(projector: Projector, told: Mapping[str, Standing]) -> bool:
    """Let filled copies answer, in one transaction; False if somebody reads the old ones."""
    try:
        _switch(projector, told)
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            return False
        raise
    return True


def _switch(projector: Projector, told: Mapping[str, Standing]) -> None:
    folding = projector.folding(told)
    with hurried(projector.engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"set local lock_timeout = {SWITCH_WAIT_MS}"))
        positions.create(connection)
        old = [one for one in positions.held(connection, told) if one.state == ACTIVE]
        last = max((one.position for one in old), default=0)
        while (position := position_of(told)) < last:
            batch = projector.store.rows(position, projector.batch, last)
            changes, blanked = folding.fold(batch), redacted(batch)
            told = projector.write(connection, told.values(), changes, batch[-1].position)
            if blanked:
                fold_anew(connection, projector, told.values(), blanked, batch[-1].position)
                folding = projector.folding(told)
        positions.move(connection, told.values(), state=ACTIVE)
        for name, one in told.items():
            projector.copy(name, one.copy).show(connection)
        for one in old:
            positions.remove(connection, one)
            projector.copy(one.name, one.copy).drop(connection)
