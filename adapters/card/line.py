"""A production line: a thread for each reader, one writer to the register, one work order.

Whoever stops a line, lets it finish the cards in hand; whoever kills it, finds everything in the
register and on the chips when it is begun again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from time import perf_counter
from typing import Final, Protocol

from adapters.card.channel import (
    CardChannel,
    NoCard,
    OutcomeUnknown,
    ReaderGone,
    ServiceDown,
)
from adapters.card.journal import Journal
from adapters.card.keys import KeyProvider
from adapters.card.personalise import Images, Maker, Outcome, Patience
from registry.limits import limit
from registry.values import CardId, IncidentKind, RunEnd

#: Seconds in which a card that was fed shows itself, in which one that was lost comes back, and in
#: which the service of the readers is started again.
FED_S: Final = 5.0
BACK_S: Final = 5.0
SERVICE_S: Final = 60.0
ASK_AGAIN_S: Final = 0.2


class Connection(CardChannel, Protocol):
    """A card that is ours alone until it is closed."""

    def close(self) -> None:
        """Let it go."""


class Slot(Protocol):
    """A reader, with what brings cards to it and takes them away."""

    @property
    def name(self) -> str:
        """What the reader is called."""

    def connect(self, wait_s: float) -> Connection | None:
        """The card in the reader, once there is one; None after so many seconds without one.

        Raises ReaderFault.
        """

    def feed(self) -> bool:
        """Bring the next card from the pile; False if there is none."""

    def eject(self, good: bool) -> None:
        """Take the card away, onto the stack or into the reject bin."""


@dataclass
class Tally:
    """What a reader has done in a run; seconds: with cards in it, feeding not counted."""

    name: str
    done: Counter[Outcome] = field(default_factory=Counter)
    in_a_row: int = 0  # spoiled
    seconds: float = 0.0
    state: str = "waits"

    @property
    def cards(self) -> int:
        """Cards that were made."""
        return self.done[Outcome.MADE] + self.done[Outcome.RECOVERED]

    @property
    def rejected(self) -> int:
        """Cards that went into the reject bin."""
        bad = (Outcome.SPOILED, Outcome.REJECTED, Outcome.CONTRADICTS)
        return sum(self.done[outcome] for outcome in bad)

    @property
    def rate(self) -> float:
        """Cards a second, from card in the reader to entry in the register."""
        return self.cards / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Report:
    """How a run ended. missing: bodies that were begun and that no reader has seen again."""

    end: RunEnd
    total: int
    made: int
    left: int
    held: int
    missing: tuple[CardId, ...]


class Line:
    """Makes the cards of a work order in several readers at once."""

    def __init__(
        self,
        journal: Journal,
        slots: Sequence[Slot],
        images: Images,
        keys: KeyProvider,
        spoils_in_a_row: int | None = None,
        stopping: Event | None = None,
    ) -> None:
        today = journal.today
        patience = Patience(limit("card_tries", today).amount, limit("card_losses", today).amount)
        self.journal, self.slots = journal, slots
        self.tallies = [Tally(slot.name) for slot in slots]
        self._makers = [
            Maker(journal, images, keys, place, patience) for place, _ in enumerate(slots, 1)
        ]
        self._spoils = spoils_in_a_row or limit("card_spoils_in_a_row", today).amount
        self._stopping = stopping or Event()
        self._ends: list[RunEnd] = []
        self._gone: set[int] = set()
        self._errors: list[BaseException] = []
        self._noted = Lock()

    def stop(self) -> None:
        """Finish the cards in hand and begin no other."""
        self._stopping.set()

    def run(self, watch: Callable[[], None] = lambda: None) -> Report:
        """Make all cards of the order that can be made; `watch` is called again and again.

        What was begun before comes first: while one such card is missing, no other is begun.
        Raises what stopped a reader that must not go on: Fenced, HeldByAnother, a failed register.
        """
        self.journal.begin()
        if self.journal.missing():
            self._serve_all(fresh=False, watch=watch)
        while not self.journal.missing() and self._able():
            left = self.journal.left
            self._serve_all(fresh=True, watch=watch)
            if self.journal.left in {0, left}:
                break
        report = self._report()
        self.journal.end(report.end)
        return report

    def _able(self) -> bool:
        """Whether a reader can begin a card."""
        return not (self._stopping.is_set() or self._ends or len(self._gone) == len(self.slots))

    def _report(self) -> Report:
        journal = self.journal
        missing = tuple(journal.missing())
        if RunEnd.ALARM in self._ends or missing:
            end = RunEnd.ALARM
        elif RunEnd.SPOILS in self._ends:
            end = RunEnd.SPOILS
        elif journal.left:
            end = RunEnd.ASKED if self._stopping.is_set() else RunEnd.SUPPLY
        else:
            end = RunEnd.HELD if journal.held else RunEnd.COMPLETE
        return Report(end, journal.total, journal.made, journal.left, len(journal.held), missing)

    def _serve_all(self, fresh: bool, watch: Callable[[], None]) -> None:
        threads = [
            # Whoever asks twice for an end does not wait for them: nothing is lost by it.
            Thread(
                target=self._guarded, args=(place, fresh), name=f"reader-{place + 1}", daemon=True
            )
            for place in range(len(self.slots))
            if place not in self._gone
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(ASK_AGAIN_S)
                watch()
        if self._errors:
            raise self._errors[0]

    def _guarded(self, place: int, fresh: bool) -> None:
        maker, tally = self._makers[place], self.tallies[place]
        try:
            self._serve(place, fresh)
            maker.give_up()
        except ReaderGone:
            self._gone.add(place)
            self._try(lambda: self.journal.report(IncidentKind.READER, place + 1, maker.expected))
            self._try(maker.give_up)
            tally.state = "is gone"
        except BaseException as error:
            tally.state = "stopped"
            with self._noted:
                self._errors.append(error)
            self._stopping.set()

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:
            with self._noted:
                self._errors.append(error)
            self._stopping.set()

    def _serve(self, place: int, fresh: bool) -> None:
        """Serve one reader until nothing is left to be done in it."""
        maker, slot, tally = self._makers[place], self.slots[place], self.tallies[place]
        wait_s, away_s, fed = 0.0 if fresh else BACK_S, 0.0, False
        while True:
            try:
                outcome = self._attend(maker, slot, tally, fresh, wait_s)
                away_s = 0.0
            except ServiceDown:
                away_s = self._wait(away_s, tally, "waits for the service")
                if away_s > SERVICE_S:
                    raise
                continue
            except (OutcomeUnknown, NoCard):
                wait_s, away_s = BACK_S, self._wait(away_s, tally, "has lost its card")
                if away_s < BACK_S:
                    continue
                outcome, away_s = maker.mute(), 0.0  # it is there, and does not answer
            if outcome is not None:
                wait_s, fed = 0.0, False
                if not self._take(outcome, slot, tally):
                    return
            elif fed:
                raise ReaderGone(slot.name)  # what was fed has not come
            else:
                wait_s, fed = FED_S, True
                if not self._next(maker, slot, tally, fresh):
                    return

    def _wait(self, away_s: float, tally: Tally, state: str) -> float:
        tally.state = state
        Event().wait(ASK_AGAIN_S)
        return away_s + ASK_AGAIN_S

    def _attend(
        self, maker: Maker, slot: Slot, tally: Tally, fresh: bool, wait_s: float
    ) -> Outcome | None:
        """Do what is to be done with the card in a reader; None where none came."""
        connection = slot.connect(BACK_S if maker.expected else wait_s)
        if connection is None:
            return None
        tally.state, start = "writes", perf_counter()
        try:
            return maker.attend(connection, fresh=fresh)
        finally:
            connection.close()
            tally.seconds += perf_counter() - start

    def _next(self, maker: Maker, slot: Slot, tally: Tally, fresh: bool) -> bool:
        """Bring the next card to an empty reader, if it is needed and there is one."""
        if maker.expected is not None:
            maker.give_up()
        if self._stopping.is_set():
            tally.state = "stopped"
            return False
        if fresh and maker.job is None:
            maker.job = self.journal.draw()
        if maker.job is None if fresh else not self.journal.missing():
            tally.state = "is done"
            return False
        tally.state = "is fed"
        if not slot.feed():
            tally.state = "has no cards"
            return False
        return True

    def _take(self, outcome: Outcome, slot: Slot, tally: Tally) -> bool:
        """Take a card away as its outcome says; whether the reader goes on."""
        if outcome is Outcome.AGAIN:
            return True
        tally.done[outcome] += 1
        if not outcome.leaves:
            tally.state = "keeps a blank"
            return False
        slot.eject(outcome.good)
        if outcome is Outcome.CONTRADICTS:
            self._end(RunEnd.ALARM)
            tally.state = "raised the alarm"
            self._stopping.set()
            return False
        tally.in_a_row = tally.in_a_row + 1 if outcome is Outcome.SPOILED else 0
        if tally.in_a_row >= self._spoils:
            self._end(RunEnd.SPOILS)
            tally.state = "spoiled too many"
            return False
        return True

    def _end(self, end: RunEnd) -> None:
        with self._noted:
            self._ends.append(end)
