"""Connections kept apart from an engine's pool, where taking and giving back would cost too much.

An engine sees to the state of what it lends and takes back; for a statement of twenty microseconds
that is most of the time. These are used by code that leaves no transaction behind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sqlalchemy import Engine, event

C = TypeVar("C")


class Kept(Generic[C]):
    """As many connections as are used at once, closed when their engine is disposed of.

    ready: makes what is used of a connection of the driver.
    """

    def __init__(self, engine: Engine, ready: Callable[[Any], C]) -> None:
        self._engine = engine
        self._ready = ready
        self._idle: list[tuple[Any, C]] = []
        self._age = 0
        event.listen(engine, "engine_disposed", lambda _: self.drop())

    def take(self) -> Loan[C]:
        """A connection, for one thread, until it is given back."""
        driver: Any
        try:
            driver, used = self._idle.pop()
        except IndexError:
            lent = self._engine.raw_connection()
            driver = lent.driver_connection
            lent.detach()
            try:
                used = self._ready(driver)
            except BaseException:
                driver.close()
                raise
        return Loan(self, driver, used, self._age)

    def give(self, loan: Loan[C]) -> None:
        """Take a connection back."""
        if loan.age == self._age:
            self._idle.append((loan.driver, loan.used))
        else:
            loan.driver.close()

    def drop(self) -> None:
        """Close all connections: those in use when they are given back."""
        self._age += 1
        idle, self._idle = self._idle, []
        for driver, _ in idle:
            driver.close()


class Loan(Generic[C]):
    """A connection in use."""

    __slots__ = ("_kept", "age", "driver", "used")

    def __init__(self, kept: Kept[C], driver: Any, used: C, age: int) -> None:
        self._kept = kept
        self.driver = driver
        self.used = used
        self.age = age

    def close(self) -> None:
        """Give the connection back."""
        self._kept.give(self)

    def drop(self) -> None:
        """Close the connection and its siblings: what is gone for one is gone for all."""
        self._kept.drop()
        self._kept.give(self)
