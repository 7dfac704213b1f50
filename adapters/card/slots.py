"""A reader of PC/SC and its feeder together, as a production line has them."""

from __future__ import annotations

from typing import Protocol

from adapters.card.channel import NoCard
from adapters.card.reader import Connection, Reader


class Feeder(Protocol):
    """What brings cards to a reader and takes them away."""

    def feed(self) -> bool:
        """Bring the next card from the pile; False if there is none."""

    def eject(self, good: bool) -> None:
        """Take the card away, onto the stack or into the reject bin."""


class ReaderSlot:
    """A reader and its feeder, for one thread."""

    def __init__(self, reader: Reader, feeder: Feeder) -> None:
        self.name = reader.name
        self._reader, self._feeder = reader, feeder
        self._fed = False

    def connect(self, wait_s: float) -> Connection | None:
        """The card in the reader, once there is one; None after so many seconds without one.

        A card that was fed is waited for even where the one before still seems to be there.
        Raises ReaderFault.
        """
        if not self._reader.wait_for_card(wait_s, fresh=self._fed):
            return None
        self._fed = False
        try:
            return self._reader.connect()
        except NoCard:
            return None

    def feed(self) -> bool:
        """Bring the next card from the pile; False if there is none."""
        self._fed = self._feeder.feed()
        return self._fed

    def eject(self, good: bool) -> None:
        """Take the card away, onto the stack or into the reject bin."""
        self._feeder.eject(good)
