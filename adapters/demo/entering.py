"""One entry on one person's timeline, as most changes are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from adapters.demo.life import Answer, Life, Plan, Step
from adapters.demo.mirror import Resident
from registry.register import Command
from registry.values import (
    CitizenNumber,
    PaperNumber,
)


def enter(
    life: Life,
    one: Resident,
    command: Command,
    role: str = "station",
    cause: str = "changes",
    then: Callable[[Answer], None] = lambda _: None,
    on: date | None = None,
) -> Plan:
    """One entry on one person's timeline."""
    life.mirror.touch(one, one.house)

    def entered(answer: Answer) -> None:
        one.version += 1
        if on is not None:
            one.last = max(one.last, on)
        number = answer.get("number")
        if number is not None and number != one.number:
            one.version += 1
            one.number, one.renumbered, one.last = CitizenNumber(number), True, life.today
        then(answer)

    return [Step(command, one.township.officer(role, life.dice), cause, entered)]


def approval(life: Life, one: Resident) -> PaperNumber:
    """The number of an approval."""
    return life.paper("SP", one.township)


def anybody(life: Life) -> Resident | None:
    """A resident who is nobody's business."""
    one = life.resident()
    return one if life.mirror.idle(one) else None
