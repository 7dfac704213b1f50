"""A county's desk that appends an address to the chip of a card that is brought along (追加住址).

The register is told what will be written before the chip is, and what stands in it afterwards. A
desk that stopped in between is begun again with the same card: it goes on where the chip stands.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from adapters.card import keys as profiles
from adapters.card.appended import SlotLost, Standing, append
from adapters.card.channel import CardChannel, WrongCard
from adapters.card.journal import serial_of
from adapters.card.keys import KeyProvider
from adapters.card.session import Session, open_session, read_serial
from registry.aggregates import Application, CardBody, appending_rules
from registry.chip.appended import encode, slot_digest, slot_seal
from registry.chip.seals import Signer
from registry.commands.cards_appending import (
    AbandonAddress,
    ConfirmAddress,
    IntendAddress,
    NotePreWritten,
    ReconsiderAddress,
)
from registry.errors import NotFound, Refused
from registry.events.cards import AddressAppendIntended
from registry.register import Authority, Command, Register, Submission
from registry.values import AppendFailure, ApplicationId, Digest, PaperNumber
from registry.vocabulary import Kind

#: What is recorded where the slot turns out not to be free (追加预写入失败).
FAILED = AppendFailure("1")


@dataclass(frozen=True)
class Appended:
    """An address that stands in a chip: in which slot, and whether it stood there already."""

    slot: int
    recovered: bool


@dataclass(frozen=True)
class Desk:
    """Who appends, with which writer and which keys: those that append and nothing else."""

    register: Register
    by: Authority
    device: PaperNumber
    keys: KeyProvider
    signer: Signer
    ids: Callable[[], UUID]

    def append(self, application: ApplicationId, channel: CardChannel) -> Appended:
        """Append the holder's present address to the card in the reader, or finish doing so.

        What the chip took before the desk stopped is recorded; what it did not take is looked at
        once more, since the holder may have moved meanwhile.
        Raises WrongCard where it is another card, Refused where no address is due or no slot is
        free, SlotLost where the chip holds what nobody recorded, CardFault, ReaderFault.
        """
        body = self._body(application)
        expected = bytes.fromhex(body.chip_serial)
        if (serial := read_serial(channel)) != expected:
            raise WrongCard(expected, serial)
        if body.appending is None:
            self._intend(application)
        elif self._taken(body, channel):
            finished = self._finish(body, channel)
            try:
                self._intend(application)
            except Refused:
                return finished  # the card says where its holder lives, or has no slot left
        else:
            self._reconsider(application, body)
        return self._finish(body, channel)

    def _taken(self, body: CardBody, channel: CardChannel) -> bool:
        """Whether something stands in the slot of the address that is being appended."""
        session, intended, _ = self._opened(body, channel)
        return session.state().appended >= intended.slot

    def _finish(self, body: CardBody, channel: CardChannel) -> Appended:
        """Write what is intended, or see that it stands, and record it."""
        session, intended, serial = self._opened(body, channel)
        content = encode(intended.address)
        seal = slot_seal(serial, intended.slot, content, self.signer)
        chip, device = serial_of(serial), self.device

        def prewritten() -> None:
            self._do(NotePreWritten(serial=chip, device=device))

        try:
            recovered = append(session, intended.slot, content, seal, prewritten)
        except SlotLost as lost:
            burnt = lost.standing is Standing.TAKEN
            self._do(AbandonAddress(serial=chip, result=FAILED, device=device, burnt=burnt))
            raise
        digest = Digest(slot_digest(content).hex())
        self._do(ConfirmAddress(serial=chip, digest=digest, device=device, recovered=recovered))
        return Appended(intended.slot, recovered)

    def _opened(
        self, body: CardBody, channel: CardChannel
    ) -> tuple[Session, AddressAppendIntended, bytes]:
        """A session under the keys with which the address is to be written, and its serial."""
        intended, serial = self._intended(body), bytes.fromhex(body.chip_serial)
        version = intended.key_version
        session = open_session(channel, self.keys, serial, version, use=profiles.APPENDING)
        return session, intended, serial

    def _intend(self, application: ApplicationId) -> None:
        version = self.keys.newest
        self._do(IntendAddress(application=application, device=self.device, key_version=version))

    def _reconsider(self, application: ApplicationId, body: CardBody) -> None:
        """Have the address that is being appended held against where the holder lives now."""
        chip, version = body.chip_serial, self.keys.newest
        told = self._do(ReconsiderAddress(serial=chip, device=self.device, key_version=version))
        if told["slot"] is None:
            raise Refused([appending_rules.AddressStands(application)])

    def _body(self, application: ApplicationId) -> CardBody:
        one = Application.fold(self.register.history(application))
        if one is None:
            raise NotFound(Kind.APPLICATION, application)
        body = None if one.body is None else CardBody.fold(self.register.history(one.body))
        if body is None:
            raise NotFound(Kind.CARD, application)
        return body

    def _intended(self, body: CardBody) -> AddressAppendIntended:
        told = [one.event for one in self.register.history(body.id)]
        return [one for one in told if isinstance(one, AddressAppendIntended)][-1]

    def _do(self, command: Command) -> dict[str, Any]:
        receipt = self.register.do(Submission(self.ids(), self.by, command))
        told: dict[str, Any] = json.loads(receipt.answer)
        return told
