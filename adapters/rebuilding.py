"""Fills read models anew, stream by stream, while their other copies answer.

Whole streams are folded at once: nothing is looked up, no row is closed after it was written, and
indexes are made at the end. What has been done is kept, so that a crash costs one chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from adapters import positions
from adapters.collecting import uncollected
from adapters.database import writing
from adapters.eventstore import entries
from adapters.positions import ACTIVE, FILLING, Standing
from adapters.redacting import fold_anew, redacted
from adapters.tables import hurried
from registry.vocabulary import VOCABULARY

if TYPE_CHECKING:
    from adapters.projector import Projector  # which fills what it finds empty

CHUNK = 2_000  # streams folded and written together

#: Told after each chunk: how many streams are done.
Progress = Callable[[int], None]


def rebuild(projector: Projector, *names: str, progress: Progress = lambda done: None) -> None:
    """Fill read models anew from the log, in one pass, and let them answer in place of the old.

    Goes on where an interrupted rebuild stopped.
    """
    head, _ = projector.store.head()
    finish(projector, [begin(projector, name, head) for name in names], progress)


def finish_all(projector: Projector, progress: Progress = lambda done: None) -> None:
    """Go on with everything that has to be filled."""
    with projector.engine.connect() as connection:
        found = [one for one in positions.standings(connection) if one.state == FILLING]
    finish(projector, [one for one in found if one.name in projector.projections], progress)


def finish(
    projector: Projector, standings: Collection[Standing], progress: Progress = lambda done: None
) -> None:
    """Fill copies to the end and let them answer."""
    with uncollected() as collect:
        for done in filling(projector, standings):
            progress(done)
            collect()


def unanswered(projector: Projector) -> list[Standing]:
    """Copies to be filled that have no other copy answering meanwhile."""
    with projector.engine.connect() as connection:
        found = positions.standings(connection)
    answering = {one.name for one in found if one.state == ACTIVE}
    return [one for one in found if one.name in projector.projections and one.name not in answering]


def begin(projector: Projector, name: str, target: int | None = None) -> Standing:
    """Make a copy to be filled, or find the one that an interrupted rebuild left.

    target: the position as of which it is filled, before it follows; None for the head.
    """
    head = projector.store.head()[0] if target is None else target
    with writing(projector.engine) as connection:
        positions.create(connection)
        ours = [one for one in positions.standings(connection) if one.name == name]
        for one in ours:
            if one.state == FILLING:
                return one
        letter = "b" if any(one.copy == "a" for one in ours) else "a"
        copy = projector.copy(name, letter)
        copy.drop(connection)
        copy.create(connection, indexed=head == 0)
        standing = Standing(name, copy.projection.edition, letter, FILLING, 0, head, b"")
        positions.add(connection, standing)
    return standing


def filling(projector: Projector, standings: Collection[Standing]) -> Iterator[int]:
    """Fill copies stream by stream, follow the log to its end, and let them answer.

    Gives the number of streams done after each piece of work; copies that stand together are
    filled together.
    """
    together: dict[tuple[int, int, bytes], dict[str, Standing]] = {}
    for one in standings:
        place = one.position, one.target, one.reached
        together.setdefault(place, {})[one.name] = one
    done = 0
    for (_, target, _), told in together.items():
        while {one.position for one in told.values()} == {0} != {target}:
            told, count = fill(projector, told, target)
            done += count
            yield done
        folding = projector.folding(told)
        # What is recorded meanwhile gets less each time; the old copies wait for the last of it.
        for _ in range(3):
            last, _ = projector.store.head()
            while (position := position_of(told)) < last:
                batch = projector.store.rows(position, projector.batch, last)
                changes, blanked = folding.fold(batch), redacted(batch)
                with hurried(projector.engine) as connection:
                    told = projector.write(connection, told.values(), changes, batch[-1].position)
                    if blanked:
                        fold_anew(connection, projector, told.values(), blanked, batch[-1].position)
                        folding = projector.folding(told)
                yield done
        for name, one in told.items():
            switch(projector, {name: one})


def position_of(told: Mapping[str, Standing]) -> int:
    """The one position at which copies stand."""
    (position,) = {one.position for one in told.values()}
    return position


def fill(
    projector: Projector, told: Mapping[str, Standing], target: int
) -> tuple[dict[str, Standing], int]:
    """Fold the next streams whole; returns where the copies stand then, and how many there were."""
    (reached,) = {one.reached for one in told.values()}
    kinds = {kind for name in told for kind in projector.projections[name].kinds}
    codes = [word.code for word in VOCABULARY.values() if word.kind in kinds]
    query = (
        select(entries.c.stream)
        .where(entries.c.stream > reached, entries.c.version == 1, entries.c.code.in_(codes))
        .order_by(entries.c.stream)
        .limit(CHUNK)
    )
    with projector.engine.connect() as connection:
        keys = [bytes(key) for (key,) in connection.execute(query)]
    streams = projector.store.rows_of(keys)
    batch = [entry for stored in streams.values() for entry in stored if entry.position <= target]
    changes = projector.folding(told, cached=1).fold(batch, whole=True)
    done = len(keys) < CHUNK
    position, reached = (target if done else 0), (keys[-1] if keys else reached)
    with hurried(projector.engine) as connection:
        positions.move(connection, told.values(), position=position, reached=reached)
        for one in told.values():
            copy = projector.copy(one.name, one.copy)
            copy.write(connection, changes[one.name])
            if done:
                copy.index(connection)
    return {
        name: replace(one, position=position, reached=reached) for name, one in told.items()
    }, len(keys)


def switch(projector: Projector, told: Mapping[str, Standing]) -> None:
    """Let filled copies answer from now on, at least as far as the old ones, which go.

    On PostgreSQL it waits for who reads the old ones, and who comes next waits for it: of one read
    model at a time, or a question that reads two would wait for a switch that waits for it.
    """
    folding = projector.folding(told)
    with hurried(projector.engine) as connection:
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
