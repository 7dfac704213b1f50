"""Where threads wait together, and one of them does for all what costs as much for one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

W = TypeVar("W")
O = TypeVar("O")  # noqa: E741  # the outcome of a wish


@dataclass
class Ticket(Generic[W, O]):
    """A place in the line, and what came of it."""

    wish: W
    outcomes: list[O] = field(default_factory=list)  # one, once it is known
    error: BaseException | None = None


class Line(Generic[W, O]):
    """A line of threads: whoever gets to the front commits for all that stand there.

    commit: takes the wishes of all and gives an outcome for each, in order.
    """

    def __init__(self, commit: Callable[[Sequence[W]], Sequence[O]]) -> None:
        self.commit = commit
        self.waiting: list[Ticket[W, O]] = []
        self.changing = Lock()
        self.leading = Lock()

    def __len__(self) -> int:
        return len(self.waiting)

    def take(self, wish: W) -> O:
        """Stand in line until somebody has committed the wish."""
        ticket: Ticket[W, O] = Ticket(wish)
        with self.changing:
            self.waiting.append(ticket)
        with self.leading:
            if not ticket.outcomes and ticket.error is None:
                self._lead()
        if ticket.error is not None:
            raise ticket.error
        (outcome,) = ticket.outcomes  # whoever led has answered everybody in line
        return outcome

    def _lead(self) -> None:
        """Commit for everybody who stands in line now."""
        with self.changing:
            tickets, self.waiting = self.waiting, []
        try:
            outcomes = self.commit([ticket.wish for ticket in tickets])
        except BaseException as error:
            for ticket in tickets:
                ticket.error = error
            return
        for ticket, outcome in zip(tickets, outcomes, strict=True):
            ticket.outcomes.append(outcome)
