"""Cards in the hand: collected, lost, found, handed back, destroyed (领证, 挂失, 收交, 销毁)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from registry.aggregates import Application, CardBody, Person, card_rules, rules
from registry.aggregates.application import Temporary
from registry.aggregates.person import Life
from registry.commands.base import COUNTY, STATION, command
from registry.commands.cards_common import (
    applications_of,
    enter_all,
    in_hand,
    refuse_unproposed,
    told,
)
from registry.commands.cards_gates import is_open
from registry.commands.cards_transport import refuse_uninspected
from registry.deadlines import card_due
from registry.events.cards import BodyDestroyed, BodyDestructionProposed
from registry.events.issuance import (
    CardDestroyed,
    CardFound,
    CardHandedOut,
    CardRedone,
    CardReportedLost,
    CardSurrendered,
    CollectionReminderPrinted,
    DestructionProposed,
)
from registry.events.temporary import TemporaryCardSurrendered
from registry.limits import limit
from registry.registrar import Registrar
from registry.values import (
    ApplicationId,
    CardKind,
    CitizenNumber,
    CollectionMethod,
    HandoverCategory,
    Name,
    PaperNumber,
    PersonId,
    SurrenderReason,
    Text,
)

AT_THE_OFFICE = CollectionMethod("10")
BY_COUNTY, BY_STATION = HandoverCategory("2"), HandoverCategory("3")
#: States of a card that a county has in hand, so that it hands out itself.
AT_COUNTY = frozenset({"80", "81", "84"})
EXCHANGED = SurrenderReason("5")


@command(STATION)
class RemindHolders:
    """Note that holders were reminded to collect their cards (打印催领通知单).

    Source: 二代证受理状态 92.
    """

    applications: tuple[ApplicationId, ...]

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the reminder of each."""
        found = in_hand(registrar, self.applications)
        refuse_uninspected(registrar, found)
        event = CollectionReminderPrinted(effective_on=registrar.today)
        enter_all(registrar, self.applications, event)
        return told(found)


@command(STATION, COUNTY)
class HandOutCard:
    """Hand a card out, and take the old one and any temporary one in by the same act (领证).

    collector, collector_name, collector_number: who came for the holder, if the holder did not.
    took_in: the kind of an old card that the register does not know.
    Source: 居民身份证法 art. 11; GA 214.7-2004.
    """

    application: ApplicationId
    collection: CollectionMethod | None = None
    took_in: CardKind | None = None
    collector: PersonId | None = None
    collector_name: Name | None = None
    collector_number: CitizenNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the hand-over, and what it does to the cards held before."""
        today = registrar.today
        (one,) = in_hand(registrar, (self.application,))
        person = registrar.load(Person, one.person)
        refuse_uninspected(registrar, [one])
        others = [each for each in applications_of(registrar, one.person) if each.id != one.id]
        held = [each for each in others if each.state == "93"]
        lost = [each for each in others if each.state == "94"]
        needed = one.apply_reason is not None and one.apply_reason.takes_old_card
        unknown = self.collector is None and self.collector_name is None
        registrar.refuse_if(
            (person.life is Life.DEAD, rules.AlreadyDeceased(one.person)),
            (
                needed and not held and self.took_in is None,
                card_rules.OldCardKept(one.acceptance_number),
            ),
            (
                unknown and self.collector_number is not None,
                card_rules.CollectorUnnamed(one.acceptance_number),
            ),
        )
        due = card_due(one.accepted_on, one.extension)
        if today > due:
            law = limit("card_issue", one.accepted_on).document
            registrar.notice("card-handed-out-late", law, f"the card was due on {due}")
        registrar.enter(
            one.id,
            CardHandedOut(
                effective_on=today,
                handover=BY_COUNTY if one.state in AT_COUNTY else BY_STATION,
                collection=self.collection or one.collection or AT_THE_OFFICE,
                surrendered=held[-1].id if held else None,
                took_in=self.took_in,
                collector=self.collector,
                collector_name=self.collector_name,
                collector_number=self.collector_number,
            ),
        )
        for old in held:
            registrar.enter(
                old.id,
                CardSurrendered(effective_on=today, surrender_reason=EXCHANGED, replaced_by=one.id),
            )
        for old in lost:
            registrar.enter(
                old.id, CardRedone(effective_on=today, attempt=None, replaced_by=one.id)
            )
        for old in others:
            if old.temporary is Temporary.ISSUED:
                registrar.enter(
                    old.id,
                    TemporaryCardSurrendered(effective_on=today, surrender_reason=EXCHANGED),
                )
        return {"application": one.id, "taken_in": [old.id for old in held]}


@command(STATION)
class ReportLoss:
    """Record that a holder lost the card (挂失). Source: 居民身份证法 art. 11."""

    application: ApplicationId
    lost_on: date | None = None
    declarant: Name

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the loss."""
        (one,) = in_hand(registrar, (self.application,))
        ahead = self.lost_on is not None and self.lost_on > registrar.today
        registrar.refuse_if((ahead, rules.NotYet(self.lost_on)))
        registrar.enter(
            one.id,
            CardReportedLost(
                effective_on=registrar.today, lost_on=self.lost_on, declarant=self.declarant
            ),
        )
        return {"application": one.id}


@command(STATION)
class ReportFound:
    """Record that a holder found the lost card, before another one was begun (解除挂失).

    Source: 居民身份证法 art. 11.
    """

    application: ApplicationId
    declarant: Name

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the find."""
        (one,) = in_hand(registrar, (self.application,))
        others = [each for each in applications_of(registrar, one.person) if each.id != one.id]
        begun = [each.acceptance_number for each in others if is_open(each)]
        registrar.refuse_if(*((True, card_rules.ReplacementUnderWay(each)) for each in begun))
        event = CardFound(effective_on=registrar.today, declarant=self.declarant)
        registrar.enter(one.id, event)
        return {"application": one.id}


@command(STATION, COUNTY)
class SurrenderCard:
    """Take a card back: of somebody who died or went abroad, or one that was found (收交).

    Source: 居民身份证法 art. 11; 二代证受理状态 95.
    """

    application: ApplicationId
    surrender_reason: SurrenderReason

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the surrender."""
        (one,) = in_hand(registrar, (self.application,))
        registrar.enter(
            one.id,
            CardSurrendered(
                effective_on=registrar.today,
                surrender_reason=self.surrender_reason,
                replaced_by=one.replaced_by,
            ),
        )
        return {"application": one.id}


@command(STATION, COUNTY)
class ProposeDestruction:
    """Put a card that was taken back, or never collected, forward for destruction (提请销毁).

    Source: Deyang plan of 2004 (德办发(2004)39号): two persons.
    """

    application: ApplicationId
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the proposal, and return the version that a second officer confirms."""
        (one,) = in_hand(registrar, (self.application,))
        event = DestructionProposed(effective_on=registrar.today, grounds=self.grounds)
        return {"application": one.id, "version": registrar.enter(one.id, event).version}


@command(STATION, COUNTY)
class ConfirmDestruction:
    """Confirm, as a second officer, that a card was destroyed, and its body with it (销毁).

    Source: 二代证受理状态 96.
    """

    application: ApplicationId
    version: int
    protocol: PaperNumber

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the destruction of the card, and of the body that it is."""
        today = registrar.today
        (one,) = in_hand(registrar, (self.application,))
        refuse_unproposed(registrar, one.id, self.version, DestructionProposed)
        registrar.stop_if_refused()
        registrar.enter(
            one.id,
            CardDestroyed(effective_on=today, confirms=self.version, protocol=self.protocol),
        )
        if one.body is not None:
            self._with_body(registrar, one)
        return {"application": one.id}

    def _with_body(self, registrar: Registrar, one: Application) -> None:
        """The body's own two entries: what the first officer proposed, and what is confirmed."""
        assert one.body is not None, "asked for a card with a chip"
        registrar.load(CardBody, one.body)
        grounds = registrar.entries(one.id)[self.version - 1].event.grounds
        proposed = registrar.enter(
            one.body, BodyDestructionProposed(effective_on=registrar.today, grounds=grounds)
        )
        registrar.enter(
            one.body,
            BodyDestroyed(
                effective_on=registrar.today, confirms=proposed.version, protocol=self.protocol
            ),
        )
