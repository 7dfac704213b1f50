"""Leases: which one of several processes does what only one has to do."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, delete, insert, or_, select, update

from adapters.database import writing
from adapters.positions import leases

LEASE_S = 10.0


class Lease:
    """A right that one holder has at a time, for a limited time and renewed in good time.

    It saves work; what must not happen twice is guarded where it is written.
    """

    def __init__(
        self,
        engine: Engine,
        name: str,
        holder: str,
        clock: Callable[[], int],
        seconds: float = LEASE_S,
    ) -> None:
        self.engine = engine
        self.name = name
        self.holder = holder
        self.clock = clock
        self.length = int(seconds * 1_000_000)
        self._until = 0
        self._ask_again = 0

    def held(self) -> bool:
        """Whether this holder has the lease, after taking or renewing it if it was time to."""
        now = self.clock()
        if now < self._ask_again:
            return now < self._until
        self._ask_again = now + self.length // 4
        self._until = now + self.length if self._take(now) else 0
        return self._until > now

    def give_up(self) -> None:
        """Let somebody else have it at once."""
        with writing(self.engine) as connection:
            connection.execute(
                delete(leases).where(leases.c.name == self.name, leases.c.holder == self.holder)
            )
        self._until = self._ask_again = 0

    def _take(self, now: int) -> bool:
        with writing(self.engine) as connection:
            taken = connection.execute(
                update(leases)
                .where(
                    leases.c.name == self.name,
                    or_(leases.c.holder == self.holder, leases.c.until <= now),
                )
                .values(holder=self.holder, until=now + self.length)
            )
            if taken.rowcount:
                return True
            found = connection.execute(select(leases.c.name).where(leases.c.name == self.name))
            if found.first() is not None:
                return False
            connection.execute(
                insert(leases).values(name=self.name, holder=self.holder, until=now + self.length)
            )
            return True
