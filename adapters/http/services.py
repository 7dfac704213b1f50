"""What the routes stand on, opened and closed together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self, TypeVar

from adapters.assembly import Parts, Settings, assemble
from adapters.eventstore import microseconds
from adapters.http.answering import Answering
from adapters.http.auth import KeyRing
from adapters.http.metrics import Meters
from adapters.http.parameters import Limits
from adapters.http.sight import Atlas
from adapters.http.tokens import Seal
from adapters.projector import Projector
from adapters.querylog import QueryLog, secret_of
from adapters.queue import CommandQueue

T = TypeVar("T")

#: How long at most another process's work goes unnoticed.
POLL_S = 0.05


class Bell:
    """Rung when something was recorded; wakes everybody who waits on this process's loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        self.closed = False

    def ring(self) -> None:
        """Wake everybody; may be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            try:
                self._loop.call_soon_threadsafe(self._wake)
            except RuntimeError:
                return  # the loop was closed meanwhile: nobody waits any more

    async def wait(self, seconds: float = POLL_S) -> None:
        """Wait for the bell, or for as long as another process may go unnoticed."""
        self._loop = asyncio.get_running_loop()
        try:
            await asyncio.wait_for(self._event.wait(), min(seconds, POLL_S))
        except TimeoutError:
            return

    def close(self) -> None:
        """Let nobody wait any longer."""
        self.closed = True
        self.ring()

    def _wake(self) -> None:
        event, self._event = self._event, asyncio.Event()
        event.set()


@dataclass
class Services:
    """A register that is wired up, with all that HTTP needs beside it."""

    parts: Parts
    queue: CommandQueue
    keys: KeyRing
    seal: Seal
    projector: Projector
    log: QueryLog
    bell: Bell
    meters: Meters
    atlas: Atlas
    answering: Answering
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def open(cls, settings: Settings, clock: Callable[[], int] = microseconds) -> Self:
        """Wire everything that a worker needs; the schema must be there."""
        parts = assemble(settings, clock=clock)
        return cls.around(parts)

    @classmethod
    def around(cls, parts: Parts) -> Self:
        """Wire everything around a register."""
        settings, clock = parts.settings, parts.register.clock
        bell = Bell()
        projector = Projector(parts.engine, parts.store)

        def recorded(position: int) -> None:
            projector.wake.set()
            bell.ring()

        secret = secret_of(parts.setting.namespace)
        queue = CommandQueue(parts.register, recorded=recorded)
        log = QueryLog(settings.query_log_url, secret, clock, durability=settings.durability)
        return cls(
            parts=parts,
            queue=queue,
            keys=KeyRing(settings.keys, clock),
            seal=Seal(parts.setting.namespace),
            projector=projector,
            log=log,
            bell=bell,
            meters=Meters(queue, log),
            atlas=Atlas(parts.setting.places),
            answering=Answering(parts.engine, parts.register.codec, log),
        )

    async def run(self, function: Callable[[], T]) -> T:
        """Run what waits for the database in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self.answering.lists, function)

    @property
    def now(self) -> int:
        """The register's clock, microseconds UTC."""
        return self.parts.register.clock()

    @property
    def now_of(self) -> Callable[[], int]:
        """The register's clock itself."""
        return self.parts.register.clock

    def close(self) -> None:
        """Answer what is queued, write what is to be logged, and let go."""
        self.bell.close()
        self.queue.close()
        self.answering.close()
        self.log.close()
        self.parts.engine.dispose()
