"""One reader of the machine: a card in it or none, and the faults that were planted.

A thread of its own lets the card answer. The card is moved only while that thread stands still, so
a command is done or not done and never done to a card that is elsewhere.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from adapters.card import apdu
from adapters.card.emulator import trays, vpcd
from adapters.card.emulator.chip import Chip, Memory, PowerLost, Refusal

#: Seconds that a card that lost its power stays out: the service looks every 0.4, and sees it gone.
OUT_S: Final = 1.0
#: Seconds within which the service looks if it is there; seconds between attempts to find it.
SEEN_S: Final = 2.0
AGAIN_S: Final = 0.05


class Kind(StrEnum):
    """A fault that can be planted."""

    TEAR = "tear"  # power fails before the command is done
    LATE_TEAR = "late-tear"  # power fails when it is done and not answered
    HALF = "half"  # power fails in the middle of writing
    STATUS = "status"  # the command is not done and answered with a status word
    WORN = "worn"  # nothing can be written to this card any more
    SWAP = "swap"  # another card comes between two polls of the service, from the hopper
    SLOW = "slow"  # each answer takes longer from now on


class Plant(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that waits: it happens to the command after so many others."""

    kind: Kind
    after: int = 0
    status: int = apdu.NOT_NOW  # of a STATUS
    delay_s: float = 0.0  # of a SLOW


class Swapped(Exception):
    """The card is exchanged for the next of the hopper."""


class Head:
    """A reader's place for a card, behind one port of the driver."""

    def __init__(
        self, folder: Path, number: int, port: int, feed: Callable[[], Path | None]
    ) -> None:
        self.folder, self.number, self.port = folder, number, port
        self._feed = feed
        self._faults: list[Plant] = []
        self._worn: set[bytes] = set()
        self._half = False
        self._delay_s = 0.0
        self._thread: threading.Thread | None = None
        self._leaving = threading.Event()
        self._wire: socket.socket | None = None
        self._moving = threading.RLock()
        self._planting = threading.Lock()

    @property
    def card(self) -> Path | None:
        """The card that is here."""
        found = trays.cards(self.folder, trays.head(self.number))
        return found[0] if found else None

    def plant(self, fault: Plant) -> None:
        """Let a fault happen later; its count begins now."""
        with self._planting:
            self._faults.append(fault)

    def repair(self) -> None:
        """Take all faults away."""
        with self._planting:
            self._faults, self._half, self._delay_s = [], False, 0.0
            self._worn.clear()

    def insert(self, card: Path) -> None:
        """Put a card in; there must be none."""
        with self._moving:
            assert self.card is None, "one card at a time"
            trays.move(card, self.folder, trays.head(self.number))
            self.power()

    def remove(self, tray: str, unseen: bool = False) -> bool:
        """Take the card out and put it into a tray; False if there was none."""
        with self._moving:
            self.rest(unseen)
            card = self.card
            if card is not None:
                trays.move(card, self.folder, tray)
            return card is not None

    def power(self) -> None:
        """Let the card that is here answer, if there is one and it does not yet."""
        with self._moving:
            stands = self._thread is None or not self._thread.is_alive()
            if self.card is not None and stands:
                self._leaving.clear()
                self._thread = threading.Thread(target=self._live, daemon=True)
                self._thread.start()

    def rest(self, unseen: bool = False) -> None:
        """Take the power away and wait until the command in hand is done.

        unseen: at once; otherwise when the service looks next, so that it sees no card here.
        """
        self._leaving.set()
        thread, self._thread = self._thread, None
        if thread is not None and not unseen:
            thread.join(SEEN_S)
        if self._wire is not None:
            with suppress(OSError):
                self._wire.shutdown(socket.SHUT_RDWR)
        if thread is not None:
            thread.join()

    def _live(self) -> None:
        while not self._leaving.is_set():
            try:
                with vpcd.connect(self.port) as wire:
                    self._wire = wire
                    if not self._leaving.is_set():
                        self._serve(wire)
            except Swapped:
                self._swap()
                continue
            except PowerLost:
                self._leaving.wait(OUT_S)
            except OSError:
                pass  # the service is away and comes back, or the card was taken out just now
            self._leaving.wait(AGAIN_S)

    def _serve(self, wire: socket.socket) -> None:
        card = self.card
        assert card is not None
        chip = Chip(trays.read(card), lambda memory: self._keep(card, memory))
        vpcd.serve(
            wire,
            chip.power_on,
            lambda command: self._answer(chip, command),
            lambda: not self._leaving.is_set(),
        )

    def _answer(self, chip: Chip, command: bytes) -> bytes:
        due = self._due()
        kinds = {fault.kind for fault in due}
        if Kind.WORN in kinds:
            self._worn.add(chip.memory.serial)
        self._half = self._half or Kind.HALF in kinds
        for fault in due:
            if fault.kind is Kind.SLOW:
                self._delay_s = fault.delay_s
        time.sleep(self._delay_s)
        if Kind.SWAP in kinds:
            raise Swapped
        if Kind.TEAR in kinds:
            raise PowerLost
        for fault in due:
            if fault.kind is Kind.STATUS:
                return fault.status.to_bytes(2, "big")
        answer = chip.answer(command)
        if Kind.LATE_TEAR in kinds:
            raise PowerLost
        return answer

    def _due(self) -> list[Plant]:
        """The faults that happen to this command; all others come one nearer."""
        with self._planting:
            due = [fault for fault in self._faults if fault.after == 0]
            self._faults = [
                msgspec.structs.replace(fault, after=fault.after - 1)
                for fault in self._faults
                if fault.after
            ]
        return due

    def _keep(self, card: Path, memory: Memory) -> None:
        if memory.serial in self._worn:
            raise Refusal(apdu.MEMORY_FAILED)
        if self._half:
            self._half = False
            trays.write(card, halved(trays.read(card), memory))
            raise PowerLost
        trays.write(card, memory)

    def _swap(self) -> None:
        card, other = self.card, self._feed()
        if card is not None:
            trays.move(card, self.folder, trays.OUTSIDE)
        if other is not None:
            trays.move(other, self.folder, trays.head(self.number))
        else:
            self._leaving.set()


def halved(old: Memory, new: Memory) -> Memory:
    """What a chip remembers whose power failed in the middle of a change: half of a file.

    Where no file is being written, a change is done or not done; then it is not done.
    """
    for fid, content in new.files.items():
        before = old.files.get(fid, bytes(len(content)))
        changed = [at for at in range(len(content)) if content[at] != before[at]]
        if changed:
            middle = changed[len(changed) // 2]
            files = {**old.files, fid: content[:middle] + before[middle:]}
            return msgspec.structs.replace(new, files=files)
    return old
