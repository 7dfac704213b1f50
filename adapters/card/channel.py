"""The way to a card, whatever carries it, and what can go wrong on the way.

Each class of faults says what is to be done next; a line of production decides by class alone.
"""

from __future__ import annotations

from typing import ClassVar, Final, Protocol

from registry.errors import Unavailable


class CardChannel(Protocol):
    """A card that was given power and is ours alone."""

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """Send a command; what the card answers, and its status word.

        Raises ReaderFault where no answer came. After that the channel is of no use any more.
        """


class ReaderFault(Unavailable):
    """No answer came from a reader or its card."""

    code = "reader"
    remedy: ClassVar[str]

    def __init__(self, reader: str, hresult: int = 0) -> None:
        self.reader, self.hresult = reader, hresult
        told = (type(self).__doc__ or "").splitlines()[0].rstrip(".")
        super().__init__(f"{reader}: {told} (0x{hresult:08X}); {self.remedy}")


class OutcomeUnknown(ReaderFault):
    """The card was lost; what it was told last may be done or not."""

    code = "outcome-unknown"
    remedy = "connect anew, check the serial and read the card's state before anything is written"


class NoCard(ReaderFault):
    """There is no card in the reader."""

    code = "no-card"
    remedy = "put one in"


class HeldByAnother(ReaderFault):
    """Another program holds the card."""

    code = "held-by-another"
    remedy = "stop that program: a reader of the line belongs to the line alone"


class ServiceDown(ReaderFault):
    """The service of the readers is away."""

    code = "service-down"
    remedy = "start pcscd; the line goes on by itself when it is back"


class ReaderGone(ReaderFault):
    """The reader is away."""

    code = "reader-gone"
    remedy = "plug it in; lines on other readers go on"


class ReaderMisused(ReaderFault):
    """The reader refuses what it was asked."""

    code = "reader-misused"
    remedy = "this is a mistake of the program or of the reader's driver: stop the line and report"


#: What codes of PC/SC mean for a line. Nought: the command went out and no answer came back.
FAULTS: Final[dict[int, type[ReaderFault]]] = {
    0x00000000: OutcomeUnknown,
    0x8010000A: OutcomeUnknown,  # time ran out
    0x8010000F: OutcomeUnknown,  # it tells no T=1: it is of another kind, or came just now
    0x80100013: OutcomeUnknown,  # communication error inside the service
    0x80100016: OutcomeUnknown,  # not transacted
    0x8010002F: OutcomeUnknown,  # communication data lost
    0x80100066: OutcomeUnknown,  # the card does not answer
    0x80100067: OutcomeUnknown,  # the card has no power
    0x80100068: OutcomeUnknown,  # the card was reset
    0x80100069: OutcomeUnknown,  # the card was taken out
    0x8010000C: NoCard,
    0x8010000B: HeldByAnother,
    0x80100003: ServiceDown,  # a handle of a service that was started anew
    0x8010001D: ServiceDown,
    0x8010006A: ServiceDown,  # a card that was held under a service started anew meanwhile
    0x8010001E: ServiceDown,
    0x80100009: ReaderGone,
    0x80100017: ReaderGone,
    0x8010002E: ReaderGone,  # there is no reader at all
}


def fault_of(hresult: int, reader: str) -> ReaderFault:
    """The fault that a code of PC/SC tells of, to be raised.

    A code that is not in the table is told with its number and stops the line.
    """
    code = hresult & 0xFFFFFFFF
    return FAULTS.get(code, ReaderMisused)(reader, code)


class CardFault(Unavailable):
    """The card answered, and not as it should."""

    code = "card"


class CardRefused(CardFault):
    """The card refuses a command with a status word; a new session may be tried once."""

    code = "card-refused"

    def __init__(self, what: str, status: int) -> None:
        self.what, self.status = what, status
        super().__init__(
            f"the card refuses to {what} (status {status:04X});"
            " open a new session once, and if it refuses again, spoil the card"
        )


class CardBroken(CardRefused):
    """The card's memory failed or is full; nothing more can be written to it."""

    code = "card-broken"


class SessionBroken(CardFault):
    """What came from the card is not under the keys of the session."""

    code = "session-broken"

    def __init__(self, why: str) -> None:
        super().__init__(f"{why}; open a new session once, and if it breaks again, spoil the card")


class WrongCard(CardFault):
    """Another card is in the reader than the one that is waited for; nothing was written."""

    code = "wrong-card"

    def __init__(self, expected: bytes, found: bytes) -> None:
        self.expected, self.found = expected, found
        super().__init__(
            f"the card in the reader ends in {found.hex()[-4:]}, not in {expected.hex()[-4:]};"
            " nothing was written: put in the right one, or have it voided by two officers"
        )
