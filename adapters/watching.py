"""The self-audit (自检): read models are held against the log range by range, for ever.

How far it is and what it found stand in the database, moved in one transaction with each range: a
process that is killed loses the range it was at, and another one goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from time import perf_counter

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import OperationalError

from adapters.database import writing
from adapters.divergences import Divergence, Piece
from adapters.matching import END, FIRST, compare
from adapters.positions import ACTIVE, LOCK, standings
from registry.errors import Unavailable
from registry.projections import PROJECTIONS
from registry.projections.base import Position, Words
from registry.store import EntryStore

AWAY_S = 5.0  # how long a database that is away is left alone
BETWEEN_S = 1.0  # rest between two rounds at least
#: Streams compared at a time, and how many times as many are looked at for them at most. Who asks
#: a question meanwhile waits for one of them: a thousand took 0.1 s, and the whole log was looked
#: through, for half a second on all cores, where a kind has no stream at all (measured).
TOGETHER = 200
LOOKED_AT = 10
#: Divergences that are kept of one read model.
KEPT = 1_000

METADATA = MetaData()

#: A row for each read model: how far the round is, and what the last whole one saw. Instants are
#: microseconds UTC, 0 for never; position is the lowest at which a range of the round was compared.
rounds = Table(
    "self_audits",
    METADATA,
    Column("model", Words, primary_key=True),
    Column("round", Position, nullable=False),  # whole ones so far
    Column("reached", LargeBinary, nullable=False),
    Column("began_at", Position, nullable=False),
    Column("position", Position, nullable=False),
    Column("rows", Position, nullable=False),
    Column("ended_at", Position, nullable=False),
    Column("ended_position", Position, nullable=False),
    Column("ended_rows", Position, nullable=False),
)
findings = Table(
    "self_audit_findings",
    METADATA,
    Column("model", Words, nullable=False),
    Column("number", Integer, nullable=False),
    Column("stream", LargeBinary(16), nullable=False),
    Column("position", Position, nullable=False),
    Column("what", Words, nullable=False),
    Column("columns", Words, nullable=False),
    Column("found_at", Position, nullable=False),
    PrimaryKeyConstraint("model", "number"),
)


@dataclass(frozen=True)
class Sight:
    """What the self-audit knows of a read model.

    divergences: wrong rows known now. position, rows: of the last whole round. age_s: since then,
    or -1 if there was none yet. reached: how much of this round is done, from 0 to 1.
    """

    model: str
    divergences: int
    position: int
    rows: int
    age_s: float
    reached: float


def create(engine: Engine) -> None:
    """Create the tables of this module if they are missing, and a row for each read model.

    One that is new takes part in the round that the others are at: alone it would be a round.
    """
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        METADATA.create_all(connection)
        known = {row.model: row.round for row in connection.execute(select(rounds))}
        at = min((known[name] for name in PROJECTIONS.keys() & known.keys()), default=0)
        for name in PROJECTIONS.keys() - known.keys():
            numbers = {column.name: 0 for column in rounds.columns} | {"round": at}
            connection.execute(insert(rounds).values(**numbers | {"model": name, "reached": FIRST}))


class Watch:
    """Compares one range of one read model after another, and rests in between.

    share: of one core, at most. clock: microseconds UTC.
    """

    def __init__(
        self,
        engine: Engine,
        store: EntryStore,
        clock: Callable[[], int],
        *,
        share: float = 0.1,
        limit: int = TOGETHER,
    ) -> None:
        assert 0 < share <= 1, share
        self.engine, self.store, self.clock = engine, store, clock
        self.share, self.limit = share, limit
        self._ready = False

    def run(
        self,
        stop: Event,
        held: Callable[[], bool] = lambda: True,
        told: Callable[[Piece], None] = lambda piece: None,
    ) -> None:
        """Go round and round until told to stop; a database that is away is waited for.

        held: whether this process is the one that does it, asked before each range.
        """
        while not stop.is_set():
            start = perf_counter()
            try:
                whole = held() and self.step(told)
            except (Unavailable, OperationalError):
                stop.wait(AWAY_S)
                continue
            took = perf_counter() - start
            rest = took / self.share - took
            stop.wait(max(rest, BETWEEN_S) if whole else rest)

    def round(self, told: Callable[[Piece], None] = lambda piece: None) -> None:
        """Go on to the end of one round, without rest."""
        while not self.step(told):
            pass

    def step(self, told: Callable[[Piece], None] = lambda piece: None) -> bool:
        """Compare the next range; tells whether a round is over, or there is nothing to compare.

        A read model that is not filled yet is no part of a round.
        """
        if not self._ready:
            create(self.engine)
            self._ready = True
        with self.engine.connect() as connection:
            filled = [one.name for one in standings(connection) if one.state == ACTIVE]
            found = connection.execute(
                select(rounds.c.model, rounds.c.reached, rounds.c.round)
                .where(rounds.c.model.in_(filled))
                .order_by(rounds.c.round, rounds.c.model)
            ).all()
        behind = [one for one in found if one.round == found[0].round]
        for model, reached, _ in found:
            told_of = compare(
                self.engine,
                self.store,
                [model],
                bytes(reached),
                self.limit,
                look=self.limit * LOOKED_AT,
            )
            for piece in told_of:
                self._note(piece, bytes(reached))
                told(piece)
                return piece.last == END and [model] == [one.model for one in behind]
        return True

    def _note(self, piece: Piece, after: bytes) -> None:
        """Write down what a range was like, unless somebody else has done so meanwhile."""
        now = self.clock()
        # Durable or not: what a power cut takes away is compared again.
        with writing(self.engine, durable=False) as connection:
            mine = (rounds.c.model == piece.model, rounds.c.reached == after)
            row = connection.execute(select(rounds).where(*mine)).one_or_none()
            if row is None:
                return
            first = after == FIRST
            position = piece.position if first else min(row.position, piece.position)
            seen = piece.rows + (0 if first else row.rows)
            values = {
                "reached": FIRST if piece.last == END else piece.last,
                "began_at": now if first else row.began_at,
                "position": position,
                "rows": seen,
            }
            if piece.last == END:
                values |= {"round": row.round + 1, "ended_at": now}
                values |= {"ended_position": position, "ended_rows": seen}
            if connection.execute(update(rounds).where(*mine).values(**values)).rowcount != 1:
                return
            self._keep(connection, piece, after, now)

    def _keep(self, connection: Connection, piece: Piece, after: bytes, now: int) -> None:
        """Forget what was found in a range before, and keep what was found now."""
        told = findings.c
        inside = [told.model == piece.model]
        if after != FIRST:
            inside.append(told.stream > after)
        if piece.last != END:
            inside.append(told.stream <= piece.last)
        connection.execute(delete(findings).where(*inside))
        query = select(func.count(), func.max(told.number)).where(told.model == piece.model)
        count, highest = connection.execute(query).one()
        for number, one in enumerate(piece.divergences[: max(0, KEPT - count)], (highest or 0) + 1):
            connection.execute(
                insert(findings).values(
                    model=one.model,
                    number=number,
                    stream=one.stream,
                    position=one.position,
                    what=one.what,
                    columns=" ".join(one.columns),
                    found_at=now,
                )
            )


def known_divergences(connection: Connection) -> list[Divergence]:
    """Every wrong row that the self-audit knows of, the earliest first."""
    if not inspect(connection).has_table(findings.name):
        return []
    query = select(findings).order_by(findings.c.position, findings.c.model, findings.c.number)
    return [
        Divergence(
            row.model,
            bytes(row.stream),
            row.position,
            row.what,
            tuple(row.columns.split()),
        )
        for row in connection.execute(query)
    ]


def sights(connection: Connection, now: int) -> list[Sight]:
    """What is known of each read model; nothing where nobody has looked yet."""
    if not inspect(connection).has_table(rounds.name):
        return []
    counts = {
        model: count
        for model, count in connection.execute(
            select(findings.c.model, func.count()).group_by(findings.c.model)
        )
    }
    return [
        Sight(
            row.model,
            counts.get(row.model, 0),
            row.ended_position,
            row.ended_rows,
            (now - row.ended_at) / 1_000_000 if row.ended_at else -1.0,
            int.from_bytes(bytes(row.reached)[:4].ljust(4, b"\0")) / 2**32,
        )
        for row in connection.execute(select(rounds).order_by(rounds.c.model))
        if row.model in PROJECTIONS
    ]
