"""Cards that holders lose, find and hand back, and their destruction (挂失, 收交, 销毁)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from registry.aggregates import CardBody, card_rules, rules
from registry.commands.base import COUNTY, STATION, command
from registry.commands.cards_common import applications_of, in_hand, refuse_unproposed
from registry.commands.cards_gates import is_open
from registry.events.cards import BodyDestroyed, BodyDestructionProposed
from registry.events.issuance import (
    CardDestroyed,
    CardFound,
    CardReportedLost,
    CardSurrendered,
    DestructionProposed,
)
from registry.registrar import Registrar
from registry.values import ApplicationId, Name, PaperNumber, SurrenderReason, Text


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
        """Enter the proposal, on the body that the card is too; its version is to be confirmed."""
        today = registrar.today
        (one,) = in_hand(registrar, (self.application,))
        version = registrar.enter(
            one.id, DestructionProposed(effective_on=today, grounds=self.grounds)
        ).version
        if one.body is not None:
            registrar.load(CardBody, one.body)
            registrar.enter(
                one.body, BodyDestructionProposed(effective_on=today, grounds=self.grounds)
            )
        return {"application": one.id, "version": version}


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
        registrar.enter(
            one.id,
            CardDestroyed(effective_on=today, confirms=self.version, protocol=self.protocol),
        )
        if one.body is not None:
            registrar.load(CardBody, one.body)
            version = len(registrar.entries(one.body))
            refuse_unproposed(registrar, one.body, version, BodyDestructionProposed)
            registrar.enter(
                one.body,
                BodyDestroyed(effective_on=today, confirms=version, protocol=self.protocol),
            )
        return {"application": one.id}
