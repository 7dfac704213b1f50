"""Card bodies: binding, what was written, the reject bin, giving up by two (卡体)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.aggregates import Application, CardBody, card_rules, making_rules, rules
from registry.aggregates.application import FOLLOWS
from registry.aggregates.card import BodyState
from registry.commands.base import CENTRE, CITY, COUNTY, PROVINCE, STATION, command
from registry.commands.cards_common import (
    body_id,
    refuse_other_run,
    refuse_other_site,
    refuse_unproposed,
)
from registry.commands.cards_fitness import people_of, refuse_unfit
from registry.events.cards import (
    BlankBound,
    BodyDestroyed,
    BodyDestructionProposed,
    BodyFound,
    BodySpoiled,
    BodyVoided,
    BodyVoidProposed,
    CardPersonalised,
)
from registry.events.issuance import BodyBound, CardProduced, CardRedone
from registry.limits import limit
from registry.registrar import Registrar
from registry.values import (
    ApplicationId,
    CardId,
    ChipSerial,
    Digest,
    OfficeCode,
    PaperNumber,
    SpoilCause,
    Text,
)

#: Where a card is in its holder's hand, or was and is lost.
IN_HAND = frozenset({"93", "94"})
#: Bodies that are out of the way, so that an attempt may take another one.
SETTLED = frozenset({BodyState.SPOILED, BodyState.VOIDED, BodyState.DESTROYED})


def spoil(
    registrar: Registrar,
    body: CardId,
    cause: SpoilCause,
    reject_bin: PaperNumber,
    grounds: Text | None,
) -> None:
    """Put a body that is in hand into the reject bin of the officer's office."""
    known = registrar.load(CardBody, body)
    registrar.enter(
        body,
        BodySpoiled(
            effective_on=registrar.today,
            cause=cause,
            reject_bin=reject_bin,
            grounds=grounds,
            bin_at=bin_at(registrar, known),
        ),
    )


def bin_at(registrar: Registrar, body: CardBody) -> OfficeCode | None:
    """The office in whose bin a body is put now; None: it is the site's own."""
    office = registrar.authority.office
    return None if office.within(body.site) else office


def refuse_unsettled(registrar: Registrar, body: CardId | None, subject: object) -> None:
    """Refuse another body while the one before is neither spoiled nor given up."""
    if body is not None:
        kept = registrar.load(CardBody, body).state not in SETTLED
        registrar.refuse_if((kept, card_rules.BodyNotSettled(subject)))


def refuse_strangers(registrar: Registrar, body: CardBody) -> None:
    """Refuse whoever is neither of a site that has to do with a body nor of the province."""
    sites = [site for site in (body.site, body.destination) if site is not None]
    own = any(registrar.authority.office.within(site) for site in sites)
    own = own or PROVINCE in registrar.authority.roles
    registrar.refuse_if((not own, making_rules.OtherSite(body.site)))


def card_given_up(registrar: Registrar, body: CardBody) -> Application | None:
    """The application whose made card a body is; refused unless an office has it in keeping.

    What is no made card is given up by its site or the province.
    """
    if body.state is not BodyState.PERSONALISED:
        refuse_strangers(registrar, body)
        return None
    assert body.application is not None, "it is written"
    one = registrar.load(Application, body.application)
    registrar.refuse_if((not registrar.in_area(one.community), rules.OutsideArea(one.id)))
    assert one.state is not None, "a temporary card has no body"
    kept = "97" in FOLLOWS[one.state] and one.state not in IN_HAND and one.body == body.id
    registrar.refuse_if((not kept, card_rules.CardNotKept(one.acceptance_number)))
    return one


@command(CENTRE)
class BindBlank:
    """Set a blank aside for one attempt of one application, before its first write (绑定卡体).

    image: SHA-256 of all that is to be written. The body before must be spoiled or given up, and
    an attempt takes three bodies by itself. Blank, order and officer are of one site, and of one
    work order where they name one. Nothing is bound for whom no card may be made any more. run: of
    the work order, where it is made in runs.
    Source: 居民身份证制作中心（所）建设工作规范.
    """

    application: ApplicationId
    serial: ChipSerial
    image: Digest
    key_version: int
    work_order: PaperNumber | None = None
    run: int | None = None
    signing_key: PaperNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the binding on the body and on the application."""
        today = registrar.today
        one = registrar.load(Application, self.application)
        body = body_id(registrar, self.serial)
        blank = registrar.load(CardBody, body)
        most = limit("card_bodies", today).amount
        refuse_unsettled(registrar, one.body, one.acceptance_number)
        refuse_other_site(registrar, blank.site)
        refuse_unfit(registrar, people_of(registrar, [one])[one.person], one)
        named = {self.work_order, blank.work_order, one.work_order} - {None}
        registrar.refuse_if(
            (one.bodies >= most, card_rules.BodiesExhausted(one.acceptance_number)),
            (one.card_kind.generation == 1, making_rules.NoChip(one.acceptance_number)),
            (one.site not in {None, blank.site}, making_rules.OtherSite(one.site)),
            (
                len(named) > 1 or (bool(named) and one.work_order is None),
                making_rules.OtherWorkOrder(blank.work_order),
            ),
        )
        refuse_other_run(registrar, next(iter(named), None), self.run)
        bound = BodyBound(effective_on=today, body=body, attempt=one.attempt)
        registrar.enter(one.id, bound)
        registrar.enter(
            body,
            BlankBound(
                effective_on=today,
                application=one.id,
                attempt=one.attempt,
                image=self.image,
                key_version=self.key_version,
                work_order=next(iter(named), None),
                signing_key=self.signing_key,
            ),
        )
        return {"body": body, "attempt": one.attempt}


@command(CENTRE)
class RecordPersonalised:
    """Record that a bound chip was written and read back, so that its card is made (已制证).

    recovered: the machine had stopped between the writing and this record. Whoever had no answer
    may send it again: with the same image it is done already.
    Source: 居民身份证制作中心（所）建设工作规范; 二代证受理状态 31.
    """

    serial: ChipSerial
    image: Digest
    recovered: bool = False
    signing_key: PaperNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter it on the body and on the application."""
        today = registrar.today
        body = body_id(registrar, self.serial)
        known = registrar.load(CardBody, body)
        refuse_other_site(registrar, known.site)
        if known.state is BodyState.PERSONALISED and known.image == self.image:
            registrar.stop_if_refused()
            return {"application": known.application, "again": True}
        bound = known.state is BodyState.BOUND and known.application is not None
        registrar.refuse_if((not bound, card_rules.BodyNotWritten(self.serial)))
        registrar.stop_if_refused()
        assert known.application is not None, "refused above"
        assert known.attempt is not None, "bound with it"
        one = registrar.load(Application, known.application)
        other = one.body != body or one.attempt != known.attempt
        registrar.refuse_if((other, card_rules.BodyIsForAnother(self.serial)))
        registrar.enter(
            body,
            CardPersonalised(
                effective_on=today,
                image=self.image,
                recovered=self.recovered,
                signing_key=self.signing_key,
            ),
        )
        registrar.enter(one.id, CardProduced(effective_on=today, body=body, attempt=known.attempt))
        return {"application": one.id}


@command(CENTRE)
class SpoilBody:
    """Put a body that is in hand, and no made card, into the reject bin (废证).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    serial: ChipSerial
    cause: SpoilCause
    reject_bin: PaperNumber
    grounds: Text | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the spoil."""
        body = body_id(registrar, self.serial)
        known = registrar.load(CardBody, body)
        refuse_other_site(registrar, known.site)
        made = known.state is BodyState.PERSONALISED
        registrar.refuse_if((made, card_rules.BodyIsCard(self.serial)))
        spoil(registrar, body, self.cause, self.reject_bin, self.grounds)
        return {"body": body}


@command(CENTRE, COUNTY, PROVINCE)
class ProposeBodyVoid:
    """Propose that a body that is not in hand be given up (提请作废卡体).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    serial: ChipSerial
    cause: SpoilCause
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the proposal, and return the version that a second officer confirms."""
        body = body_id(registrar, self.serial)
        card_given_up(registrar, registrar.load(CardBody, body))
        event = BodyVoidProposed(
            effective_on=registrar.today, cause=self.cause, grounds=self.grounds
        )
        return {"body": body, "version": registrar.enter(body, event).version}


@command(CENTRE, COUNTY, PROVINCE)
class ConfirmBodyVoid:
    """Confirm, as a second officer, that a body is given up (卡体作废).

    Where it is a made card that was lost before it was handed out, the card is made anew.
    Source: 居民身份证制作中心（所）建设工作规范; 二代证受理状态 97.
    """

    serial: ChipSerial
    version: int

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the confirmation."""
        body = body_id(registrar, self.serial)
        card = card_given_up(registrar, registrar.load(CardBody, body))
        refuse_unproposed(registrar, body, self.version, BodyVoidProposed)
        registrar.enter(body, BodyVoided(effective_on=registrar.today, confirms=self.version))
        if card is not None:
            registrar.stop_if_refused()
            proposed = registrar.entries(body)[self.version - 1].event
            registrar.enter(
                card.id,
                CardRedone(
                    effective_on=registrar.today,
                    attempt=card.attempt + 1,
                    replaced_by=None,
                    cause=proposed.cause,
                ),
            )
        return {"body": body}


@command(CENTRE, COUNTY, PROVINCE)
class ReportBodyFound:
    """Record that a body that was given up turned up, and went into the reject bin (找回卡体).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    serial: ChipSerial
    reject_bin: PaperNumber

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the find."""
        body = body_id(registrar, self.serial)
        known = registrar.load(CardBody, body)
        card = known.application
        own = card is not None and registrar.in_area(registrar.load(Application, card).community)
        if not own:
            refuse_strangers(registrar, known)
        event = BodyFound(
            effective_on=registrar.today,
            reject_bin=self.reject_bin,
            bin_at=bin_at(registrar, known),
        )
        registrar.enter(body, event)
        return {"body": body}


def waste_of(registrar: Registrar, serial: ChipSerial) -> CardBody:
    """A body in the reject bin of the officer's own office."""
    known = registrar.load(CardBody, body_id(registrar, serial))
    refuse_other_site(registrar, known.bin_at or known.site)
    return known


@command(CENTRE, STATION, COUNTY, CITY, PROVINCE)
class ProposeBodyDestruction:
    """Put a spoiled body forward for destruction, where its bin is (提请销毁卡体).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    serial: ChipSerial
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the proposal, and return the version that a second officer confirms."""
        known = waste_of(registrar, self.serial)
        written = known.state is BodyState.PERSONALISED
        registrar.refuse_if((written, card_rules.BodyNotSettled(self.serial)))
        event = BodyDestructionProposed(effective_on=registrar.today, grounds=self.grounds)
        return {"body": known.id, "version": registrar.enter(known.id, event).version}


@command(CENTRE, STATION, COUNTY, CITY, PROVINCE)
class ConfirmBodyDestruction:
    """Confirm, as a second officer, that a spoiled body was destroyed (销毁卡体).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    serial: ChipSerial
    version: int
    protocol: PaperNumber

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the destruction."""
        body = waste_of(registrar, self.serial).id
        refuse_unproposed(registrar, body, self.version, BodyDestructionProposed)
        registrar.enter(
            body,
            BodyDestroyed(
                effective_on=registrar.today, confirms=self.version, protocol=self.protocol
            ),
        )
        return {"body": body}
