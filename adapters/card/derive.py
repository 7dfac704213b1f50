"""What stands on a chip, made again from the register as it was when the card was signed.

The signature fixes a day in the world and a position in the log. What the register said at that
point of both clocks is what the card says, whatever was learnt, corrected or undone since; so the
bytes of a card that was made years ago can be made again and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, TypeVar
from uuid import UUID

from adapters.card.signatures import Signers
from registry.aggregates import (
    Aggregate,
    Application,
    CardBody,
    Doorplate,
    Household,
    Person,
    Places,
    Street,
)
from registry.card_face import printed_address
from registry.chip.image import Image, token
from registry.chip.text import Holder
from registry.codec import Codec
from registry.commands.cards_fitness import is_soldier
from registry.entry import EVERYTHING, Entry
from registry.errors import Fault, Malformed, NotFound
from registry.events.applications import CaptureCompleted, CardSigned, FingerprintCaptured
from registry.events.cards import BlankBound, CardPersonalised
from registry.history import effective
from registry.store import EntryStore
from registry.values import ApplicationId, CardId, Digest, PersonId

A = TypeVar("A", bound=Aggregate)

#: Trees of places that are kept folded: the cards of a day need few.
TREES: Final = 8

#: What a card says and the register has to know.
NEEDED: Final = ("name", "sex", "nationality", "birth_date", "address", "number")
UNKNOWN: Final = "was not known when the card was signed"

#: Gives out what is kept of a person under digests; raises NotFound where something is missing.
Pictures = Callable[[PersonId, Sequence[Digest]], Sequence[bytes]]


@dataclass(frozen=True)
class Told:
    """What a card says, and by which photograph and prints, as it was signed.

    known: the position of the signature.
    """

    application: ApplicationId
    person: PersonId
    signed_on: date
    known: int
    holder: Holder
    photo: Digest  # of the 1,024 bytes for the chip
    prints: tuple[Digest, ...]


@dataclass(frozen=True)
class Written:
    """What was recorded of a body when it was set aside for a card, at the position `known`."""

    body: CardId
    serial: bytes
    application: ApplicationId
    attempt: int
    image: Digest
    signing_key: bytes | None
    known: int
    personalised: bool  # written and read back, not only intended


@dataclass(frozen=True)
class Comparison:
    """What was recorded of a body's bytes, and what they come to when they are made again."""

    body: CardId
    application: ApplicationId
    attempt: int
    recorded: Digest
    derived: Digest
    personalised: bool

    @property
    def agrees(self) -> bool:
        """Whether the register still says what was written."""
        return self.recorded == self.derived


class Derivation:
    """Makes the bytes of chips from the register, at any position of its log."""

    def __init__(
        self, store: EntryStore, places: UUID, pictures: Pictures, signers: Signers
    ) -> None:
        """Read from a store; places is the stream of the tree of places."""
        self._store, self._places, self._pictures = store, places, pictures
        self._signers = signers
        self._codec = Codec()
        self._tree: Sequence[Entry] = ()
        self._tree_known = 0
        self._folded = lru_cache(TREES)(self._fold_tree)

    def told(self, application: UUID, known: int = EVERYTHING) -> Told:
        """What the card of an application says by the last signature up to a position.

        Raises NotFound where it is not signed, or something of it is not there; Malformed where
        the register did not know what a card has to say.
        """
        entries = self._entries(application, known)
        accepted = Application.fold(entries)
        signature = _last(entries, CardSigned)
        if accepted is None or signature is None:
            raise NotFound("signed application", application)
        before = [entry for entry in entries if entry.position <= signature.position]
        captured, prints = _last(before, CaptureCompleted), _last(before, FingerprintCaptured)
        if captured is None or captured.event.chip_photo is None:
            raise NotFound("photograph for the chip of application", application)
        return Told(
            application=ApplicationId(application),
            person=accepted.person,
            signed_on=signature.effective_on,
            known=signature.position,
            holder=self._holder(accepted.person, signature),
            photo=captured.event.chip_photo,
            prints=tuple(one.template for one in prints.event.prints) if prints else (),
        )

    def image(
        self,
        application: Application,
        serial: bytes,
        signing_key: bytes | None = None,
        *,
        known: int = EVERYTHING,
    ) -> Image:
        """The image of an application's present attempt for one body.

        signing_key: the id of the key under which it was signed before; the newest by default.
        """
        told = self.told(application.id, known)
        return self._image(told, application.attempt, serial, signing_key)

    def written(self, body: UUID) -> Written:
        """What was last set aside to be written to a body. Raises NotFound where nothing was."""
        entries = self._entries(body, EVERYTHING)
        state, bound = CardBody.fold(entries), _last(entries, BlankBound)
        if state is None or bound is None:
            raise NotFound("body that was set aside for a card", body)
        intended: BlankBound = bound.event
        return Written(
            body=state.id,
            serial=bytes.fromhex(state.chip_serial),
            application=intended.application,
            attempt=intended.attempt,
            image=intended.image,
            signing_key=bytes.fromhex(intended.signing_key) if intended.signing_key else None,
            known=bound.position,
            personalised=_last(entries, CardPersonalised) is not None,
        )

    def compare(self, body: UUID) -> Comparison:
        """Make the bytes of a body again, and hold them against what was recorded of them.

        Raises NotFound where no card was written to it, or something of that is not there any more,
        such as a photograph that was forgotten; Unavailable where the key was taken away.
        """
        written = self.written(body)
        told = self.told(written.application, written.known)
        image = self._image(told, written.attempt, written.serial, written.signing_key)
        return Comparison(
            body=written.body,
            application=written.application,
            attempt=written.attempt,
            recorded=written.image,
            derived=Digest(image.digest.hex()),
            personalised=written.personalised,
        )

    def _image(self, told: Told, attempt: int, serial: bytes, signing_key: bytes | None) -> Image:
        signer = self._signers.newest if signing_key is None else self._signers.of(signing_key)
        photo, *prints = self._pictures(told.person, (told.photo, *told.prints))
        header = token(told.application, attempt)
        return Image.of(told.holder, photo, tuple(prints), serial, header, signer)

    def _holder(self, stream: PersonId, signature: Entry) -> Holder:
        on, known = signature.effective_on, signature.position
        person = self._state(Person, stream, on, known)
        address = self._address(person, on, known)
        if (
            person.name is None
            or person.sex is None
            or person.nationality is None
            or person.birth_date is None
            or person.number is None
            or address is None
        ):
            said = {**vars(person), "address": address}
            raise Malformed([Fault(one, "missing", UNKNOWN) for one in NEEDED if said[one] is None])
        signed: CardSigned = signature.event
        return Holder(
            name=person.name,
            sex=person.sex,
            nationality=person.nationality,
            birth_date=person.birth_date,
            address=address,
            number=person.number,
            authority=signed.authority_name,
            valid_from=signed.valid_from,
            valid_until=signed.valid_until,
        )

    def _address(self, person: Person, on: date, known: int) -> str | None:
        """The address that the card prints; of a soldier, the one before the service."""
        if is_soldier(person) and person.left_on is not None:
            person = self._state(Person, person.id, person.left_on - timedelta(1), known)
        if person.household is None:
            return None
        home = self._state(Household, person.household, on, known)
        plate = self._state(Doorplate, home.doorplate, on, known)
        street = self._state(Street, plate.street, on, known)
        return printed_address(self._places_at(known), street, plate, on)

    def _entries(self, stream: UUID, known: int) -> list[Entry]:
        stored = self._store.streams([stream])[stream]
        return [self._codec.entry(one) for one in stored if one.position <= known]

    def _state(self, kind: type[A], stream: UUID, on: date, known: int) -> A:
        found = kind.fold(effective(self._entries(stream, known), on))
        if found is None:
            raise NotFound(kind.KIND, stream)
        return found

    def _places_at(self, known: int) -> Places:
        """The tree of places as known at a position; it grows rarely and is read once for many."""
        if known > self._tree_known:
            head, _ = self._store.head()
            self._tree = self._entries(self._places, head)
            self._tree_known = head
            self._folded.cache_clear()
        return self._folded(sum(1 for entry in self._tree if entry.position <= known))

    def _fold_tree(self, entries: int) -> Places:
        return Places.fold(self._tree[:entries]) or Places(id=self._places)


def _last(entries: Sequence[Entry], kind: type) -> Entry | None:
    """The last entry of a kind of event."""
    return next((entry for entry in reversed(entries) if type(entry.event) is kind), None)
