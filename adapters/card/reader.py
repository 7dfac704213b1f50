"""Readers of cards over PC/SC: the one module that knows pyscard.

A reader belongs to one thread, with a context of its own, and to one program: cards are connected
exclusively. After any fault the connection is dropped and never used again, because a card that was
exchanged between two looks of the service would answer on it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

from smartcard import scard

from adapters.card.channel import (
    HeldByAnother,
    NoCard,
    OutcomeUnknown,
    ReaderGone,
    ServiceDown,
    fault_of,
)

#: Milliseconds that one look may last: a wait that is cancelled between two looks ends then.
LOOK_MS: Final = 1000
#: Seconds between attempts to find a service or a reader that is away.
AGAIN_S: Final = 0.1
#: Seconds within which a service finds its readers, and within which it looks once more what there
#: is in one: some readers tell nothing by themselves and are asked every 0.4 s.
COMES_S: Final = 2.0
LOOKS_S: Final = 0.5
TIMEOUT: Final = 0x8010000A
CANCELLED: Final = 0x80100002
GONE: Final = 0x80100017


def readers() -> list[str]:
    """The names of the readers that the service knows. Raises ServiceDown."""
    context = _established()
    try:
        hresult, names = scard.SCardListReaders(context, [])
    finally:
        scard.SCardReleaseContext(context)
    if hresult == scard.SCARD_S_SUCCESS:
        return list(names)
    fault = fault_of(hresult, "PC/SC")
    if isinstance(fault, ReaderGone):
        return []
    raise fault


class Reader:
    """A reader by name, for one thread; `cancel` alone may be called from another."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._context: Any = None
        self._looked = scard.SCARD_STATE_UNAWARE
        self._cancelled = threading.Event()
        self._lost_at = -LOOKS_S  # when a card was lost, by the monotonic clock
        self._handled: int | None = None  # the service's count of changes at the last connection

    def wait_for_card(self, timeout_s: float, fresh: bool = False) -> bool:
        """Wait until there is a card; False if time ran out or somebody cancelled.

        fresh: one that came after the last connection was opened.
        Raises ServiceDown, ReaderGone.
        """
        return self._wait(
            lambda here, count: here and not (fresh and count == self._handled), timeout_s
        )

    def wait_for_removal(self, timeout_s: float) -> bool:
        """Wait until there is no card, or another one; False as above."""
        return self._wait(lambda here, count: not here or count != self._handled, timeout_s)

    def wait_for_reader(self, timeout_s: float) -> bool:
        """Wait until service and reader are there, as after either was away; False as above."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                if self.name in readers():
                    return True
            except ServiceDown:
                pass  # that is what is waited for
            left_s = deadline - time.monotonic()
            if left_s <= 0 or self._cancelled.wait(min(AGAIN_S, left_s)):
                return False

    def _wait(self, enough: Callable[[bool, int], bool], timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        self._settle()
        self._looked = scard.SCARD_STATE_UNAWARE  # the first look is at what there is
        while not self._cancelled.is_set():
            left_ms = max(0, min(LOOK_MS, int((deadline - time.monotonic()) * 1000)))
            known = [(self.name, self._looked)]
            hresult, states = scard.SCardGetStatusChange(self._open(), left_ms, known)
            code = hresult & 0xFFFFFFFF
            if code == TIMEOUT and left_ms == LOOK_MS:
                continue
            if code in (TIMEOUT, CANCELLED):
                return False
            seen = states[0][1] if code == scard.SCARD_S_SUCCESS else scard.SCARD_STATE_UNAVAILABLE
            if seen & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE):
                self.close()
                raise fault_of(code or GONE, self.name)
            self._looked = seen & ~scard.SCARD_STATE_CHANGED
            if enough(bool(seen & scard.SCARD_STATE_PRESENT), seen >> 16):
                return True
        return False

    def cancel(self) -> None:
        """End every wait, now and from now on; from any thread."""
        self._cancelled.set()
        if (context := self._context) is not None:
            scard.SCardCancel(context)

    def connect(self) -> Connection:
        """Give the card power and hold it alone.

        Raises NoCard, HeldByAnother, ServiceDown, ReaderGone.
        """
        context = self._open()
        self._settle()
        alone, t1 = scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T1
        hresult, card, _ = scard.SCardConnect(context, self.name, alone, t1)
        if hresult != scard.SCARD_S_SUCCESS:
            fault = fault_of(hresult, self.name)
            if not isinstance(fault, NoCard | HeldByAnother):
                self.close()
            raise fault
        self._handled = self._looked >> 16
        return Connection(self.name, card, self._lost)

    def close(self) -> None:
        """Let go of the service; the reader can be used again all the same."""
        context, self._context = self._context, None
        self._looked, self._handled = scard.SCARD_STATE_UNAWARE, None
        if context is not None:
            scard.SCardReleaseContext(context)

    def _lost(self) -> None:
        self._lost_at = time.monotonic()

    def _settle(self) -> None:
        """Let the service look once more, where it may take one card for another."""
        left_s = self._lost_at + LOOKS_S - time.monotonic()
        if left_s > 0:
            self._cancelled.wait(left_s)

    def _open(self) -> Any:
        if self._context is None:
            self._context = _established(self.name)
            self.wait_for_reader(COMES_S)  # a service that was just started finds its readers yet
        return self._context

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Connection:
    """A card that is held alone; a channel to it."""

    def __init__(self, reader: str, card: Any, lost: Callable[[], None]) -> None:
        self.reader = reader
        self._card = card
        self._lost = lost

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """Send a command; what the card answers, and its status word.

        Raises ReaderFault and lets go of the card where no answer came.
        """
        if self._card is None:
            raise OutcomeUnknown(self.reader)
        hresult, answer = scard.SCardTransmit(self._card, scard.SCARD_PCI_T1, list(apdu))
        if hresult != scard.SCARD_S_SUCCESS or len(answer) < 2:
            self._lost()
            self._let_go(scard.SCARD_LEAVE_CARD)  # a reset of what is lost confuses the service
            raise fault_of(hresult, self.reader)
        told = bytes(answer)
        return told[:-2], int.from_bytes(told[-2:], "big")

    def close(self) -> None:
        """Let go of the card; it forgets its sessions."""
        self._let_go(scard.SCARD_RESET_CARD)

    def _let_go(self, how: int) -> None:
        card, self._card = self._card, None
        if card is not None:
            scard.SCardDisconnect(card, how)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _established(reader: str = "PC/SC") -> Any:
    hresult, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    if hresult != scard.SCARD_S_SUCCESS:
        raise fault_of(hresult, reader)
    return context
