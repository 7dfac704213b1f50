"""One card in a reader: whose it is, what has become of it, and what is to be done next.

The register says what was intended, the chip says what was done. Both are read before anything is
written, so it does not matter when the station stopped the last time, or which reader had the card:

    the register        the chip                 what is done
    set aside for X     blank, or begun          written anew from the beginning, closed, read back
    set aside for X     closed, as intended      read back and recorded: nobody lived to do so
    set aside for X     closed, otherwise        spoiled, and the line stops
    made                whatever                 put on the stack
    issued, not begun   blank                    set aside for the next application, then written
    issued, not begun   not blank                spoiled
    not of this order   whatever                 nothing is written: into the reject bin
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol

from adapters.card.channel import (
    CardBroken,
    CardChannel,
    CardFault,
    OutcomeUnknown,
    ReaderFault,
    WrongCard,
)
from adapters.card.journal import Job, Journal, Known
from adapters.card.keys import KeyProvider
from adapters.card.session import Life, Session, open_session, read_serial
from registry.aggregates import Application
from registry.aggregates.card import BodyState
from registry.chip.files import NEEDED, PRINTS, SIZES
from registry.chip.image import Image, image_digest
from registry.errors import Malformed, NotFound, Refused
from registry.events.cards import BlankBound
from registry.values import IncidentKind, SpoilCause

#: Seconds after which a reader that has lost its card lets go of it.
LETS_GO_S: Final = 30.0


class Images(Protocol):
    """Whoever makes the image of a chip from what the register knew when the card was signed."""

    def image(self, application: Application, serial: bytes, signing_key: bytes | None) -> Image:
        """The image for one body and the present attempt.

        signing_key: the one under which it was signed before; the newest by default.
        Raises Malformed where the data do not fit, NotFound where something of them is not there.
        """


class Outcome(Enum):
    """What became of the card in a reader."""

    MADE = "made"
    RECOVERED = "recovered"  # was written before the station stopped, and is recorded now
    STACKED = "stacked"  # was made and recorded before
    SPOILED = "spoiled"
    REJECTED = "rejected"  # none of the order's: nothing was written to it
    CONTRADICTS = "contradicts"  # spoiled, and the line stops
    UNUSED = "unused"  # a blank that nobody needs now; it stays in the reader
    AGAIN = "again"  # a new session may do better

    @property
    def good(self) -> bool:
        """Whether the card belongs on the stack."""
        return self in {Outcome.MADE, Outcome.RECOVERED, Outcome.STACKED}

    @property
    def leaves(self) -> bool:
        """Whether the card leaves the reader."""
        return self not in {Outcome.UNUSED, Outcome.AGAIN}


@dataclass(frozen=True)
class Patience:
    """How much is put up with: failed sessions, and losses, of one card before it is spoiled."""

    tries: int
    losses: int


@dataclass
class Maker:
    """Makes the cards of one reader, one after the other.

    reader: its place on the line, from 1. expected: the serial of a card that was lost while it was
    being written; whatever else comes in its place is not written to.
    """

    journal: Journal
    images: Images
    keys: KeyProvider
    reader: int
    patience: Patience
    expected: bytes | None = None
    job: Job | None = None  # drawn, and not yet set aside for
    _failed: Counter[bytes] = field(default_factory=Counter)
    _lost: Counter[bytes] = field(default_factory=Counter)

    def attend(self, channel: CardChannel, *, fresh: bool = True) -> Outcome:
        """Do what is to be done with the card in the reader.

        fresh: whether a blank may be begun; if not, only what was begun is finished.
        Raises ReaderFault where the card was lost, Fenced where another station took over.
        """
        try:
            serial = read_serial(channel)
        except CardFault:
            return self.mute()
        with self.journal.claimed(serial, LETS_GO_S):
            try:
                outcome = self._attend(channel, serial, fresh)
            except (ReaderFault, WrongCard) as fault:
                self._lost[serial] += 1
                self.expected = serial
                if isinstance(fault, WrongCard):
                    raise OutcomeUnknown(f"{self.reader}") from fault
                raise
            except CardFault as fault:
                outcome = self._failed_once_more(serial, fault)
        if outcome is not Outcome.AGAIN:
            self.expected = None
        return outcome

    def give_up(self) -> None:
        """Let go of a job that was drawn, and report a card that did not come back."""
        if self.job is not None:
            self.journal.give_back(self.job)
            self.job = None
        if self.expected is not None:
            self.journal.report(IncidentKind.LOST, self.reader, self.expected)
            self.expected = None

    def mute(self) -> Outcome:
        """A card that does not tell its serial: nobody knows whose it is."""
        if self._failed[b""] < self.patience.tries - 1:
            self._failed[b""] += 1
            return Outcome.AGAIN
        del self._failed[b""]
        self.journal.report(IncidentKind.FOREIGN, self.reader, None)
        return Outcome.REJECTED

    # --- what the register says -----------------------------------------------------------------

    def _attend(self, channel: CardChannel, serial: bytes, fresh: bool) -> Outcome:
        known = self.journal.known(serial)
        if self.expected not in {None, serial}:
            self.expected = None
            self.journal.report(IncidentKind.WRONG, self.reader, serial)
            if known is not None and known.ours and known.state is BodyState.ON_LINE:
                told = "came into the reader in place of a card that was being written"
                self.journal.spoil(serial, SpoilCause.OPERATOR, told)
                return Outcome.SPOILED
        if known is None or not known.ours:
            return self._foreign(serial, known)
        often = self._lost[serial] >= self.patience.losses
        if often and known.state in {BodyState.ON_LINE, BodyState.BOUND}:
            self.journal.spoil(serial, SpoilCause.PROCESS, "was lost too often in the reader")
            return Outcome.SPOILED
        match known.state:
            case BodyState.ON_LINE:
                return self._begin(channel, serial) if fresh else Outcome.UNUSED
            case BodyState.BOUND:
                assert known.bound is not None, "bound by an entry"
                return self._resume(channel, serial, known.bound)
            case BodyState.PERSONALISED if self.journal.is_made(known.body):
                return Outcome.STACKED
            case BodyState.SPOILED:
                return Outcome.REJECTED  # is in the bin, as far as the register knows
            case BodyState.VOIDED:
                self.journal.found(serial)
                return Outcome.SPOILED
        return self._foreign(serial, known)

    def _foreign(self, serial: bytes, known: Known | None) -> Outcome:
        """A card that is none of the order's: not one byte is written to it."""
        self.journal.report(IncidentKind.FOREIGN, self.reader, serial)
        blank = {BodyState.IN_STOCK, BodyState.ON_LINE, BodyState.BOUND}
        here = known is not None and self.journal.by.office.within(known.body.site)
        # What another site has on its books, it has to account for itself.
        if known is not None and here and not known.ours and known.state in blank:
            told = "came into the reader of a line that it was not issued to"
            self.journal.spoil(serial, SpoilCause.OPERATOR, told)
            return Outcome.SPOILED
        return Outcome.REJECTED

    def _failed_once_more(self, serial: bytes, fault: CardFault) -> Outcome:
        """A session failed: one more is tried, then the card is spoiled."""
        self._failed[serial] += 1
        if self._failed[serial] < self.patience.tries and not isinstance(fault, CardBroken):
            return Outcome.AGAIN
        self.journal.spoil(serial, SpoilCause.MATERIAL, fault.code)
        return Outcome.SPOILED

    # --- what the chip says ---------------------------------------------------------------------

    def _begin(self, channel: CardChannel, serial: bytes) -> Outcome:
        """A blank: set it aside for the next application that can be made, and write it."""
        version = self.keys.newest
        session = open_session(channel, self.keys, serial, version)
        if session.state().life is not Life.BLANK:
            self.journal.spoil(serial, SpoilCause.MATERIAL, "was written to before it was issued")
            return Outcome.SPOILED
        while job := self.job or self.journal.draw():
            self.job = job
            try:
                image = self.images.image(job.application, serial, None)
                self.journal.bind(job, serial, image.digest, version, image.key_id)
            except (Malformed, NotFound, Refused) as error:
                self.job = None
                self.journal.hold(job, error)
                continue
            self.job = None
            bound = self.journal.known(serial)
            assert bound is not None, "it was bound just now"
            assert bound.bound is not None, "it was bound just now"
            return self._write(session, serial, bound.bound, image)
        return Outcome.UNUSED

    def _resume(self, channel: CardChannel, serial: bytes, bound: BlankBound) -> Outcome:
        """A body that is set aside: finish what was begun, whoever began it."""
        session = open_session(channel, self.keys, serial, bound.key_version)
        state = session.state()
        if state.life is Life.DONE:
            if state.digest.hex() == bound.image:
                return self._read_back(session, serial, bound, recovered=True)
            self.journal.report(IncidentKind.CONTRADICTS, self.reader, serial)
            told = "is closed, and holds what nobody recorded"
            self.journal.spoil(serial, SpoilCause.PROCESS, told)
            return Outcome.CONTRADICTS
        key = bytes.fromhex(bound.signing_key) if bound.signing_key else None
        try:
            image = self.images.image(self.journal.application(bound), serial, key)
        except (Malformed, NotFound):
            image = None
        if image is None or image.digest.hex() != bound.image:
            self.journal.spoil(serial, SpoilCause.DATA, "its image cannot be made again")
            return Outcome.SPOILED
        return self._write(session, serial, bound, image)

    def _write(self, session: Session, serial: bytes, bound: BlankBound, image: Image) -> Outcome:
        for fid, content in image.files.items():  # the header first, which begins an image anew
            session.write(fid, 0, content)
        session.commit(image.digest)
        return self._read_back(session, serial, bound, recovered=False)

    def _read_back(
        self, session: Session, serial: bytes, bound: BlankBound, *, recovered: bool
    ) -> Outcome:
        """Read every byte of a closed card, and record it as made if they are those intended."""
        files = {fid: session.read(fid, 0, SIZES[fid]) for fid in sorted(NEEDED)}
        if image_digest(files).hex() != bound.image:
            files[PRINTS] = session.read(PRINTS, 0, SIZES[PRINTS])
        if image_digest(files).hex() != bound.image:
            self.journal.spoil(serial, SpoilCause.MATERIAL, "reads otherwise than it was written")
            return Outcome.SPOILED
        self.journal.personalise(serial, bound, recovered=recovered)
        return Outcome.RECOVERED if recovered else Outcome.MADE
