"""Bins for old cards that the register does not know: opened, filled, destroyed by two (旧证箱)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.aggregates import Bin, Person, rules
from registry.commands.base import COUNTY, STATION, command
from registry.commands.cards_common import refuse_unproposed
from registry.events.bins import BinDestroyed, BinDestructionProposed, BinOpened, OldCardTakenIn
from registry.registrar import Registrar
from registry.values import (
    ApplicationId,
    BinId,
    CardKind,
    PaperNumber,
    PersonId,
    SurrenderReason,
    Text,
)
from registry.vocabulary import Kind


def bin_id(registrar: Registrar, number: PaperNumber) -> BinId:
    """The stream of a bin of the officer's office."""
    return BinId(registrar.named(Kind.BIN, f"{registrar.authority.office}/{number}"))


def take_in(
    registrar: Registrar,
    into: BinId,
    person: PersonId,
    kind: CardKind,
    reason: SurrenderReason,
    application: ApplicationId | None,
) -> None:
    """Put an old card into a bin."""
    registrar.load(Bin, into)
    registrar.enter(
        into,
        OldCardTakenIn(
            effective_on=registrar.today,
            person=person,
            card_kind=kind,
            surrender_reason=reason,
            application=application,
        ),
    )


@command(STATION, COUNTY)
class OpenBin:
    """Begin a bin for old cards at the officer's office (启用旧证箱).

    Source: 居民身份证法 art. 11; Deyang plan of 2004 (德办发(2004)39号).
    """

    bin_number: PaperNumber

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the bin."""
        into = bin_id(registrar, self.bin_number)
        registrar.find(Bin, into)
        registrar.enter(
            into,
            BinOpened(
                effective_on=registrar.today,
                office=registrar.authority.office,
                bin_number=self.bin_number,
            ),
        )
        return {"bin": into}


@command(STATION, COUNTY)
class TakeInOldCard:
    """Take back a card that the register does not know, without handing out another one (收交).

    As that of somebody who died, or who goes abroad.
    Source: 居民身份证法 art. 11; 二代证受理状态 95.
    """

    person: PersonId
    card_kind: CardKind
    surrender_reason: SurrenderReason
    bin_number: PaperNumber

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the card into the bin."""
        known = registrar.load(Person, self.person)
        home = known.community or known.left_community
        registrar.refuse_if((not registrar.in_area(home), rules.OutsideArea(home)))
        into = bin_id(registrar, self.bin_number)
        take_in(registrar, into, self.person, self.card_kind, self.surrender_reason, None)
        return {"bin": into}


@command(STATION, COUNTY)
class ProposeBinDestruction:
    """Count a bin and put it forward for destruction (提请销毁旧证).

    Source: Deyang plan of 2004 (德办发(2004)39号): two persons.
    """

    bin_number: PaperNumber
    cards: int
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the count, and return the version that a second officer confirms."""
        into = bin_id(registrar, self.bin_number)
        registrar.load(Bin, into)
        event = BinDestructionProposed(
            effective_on=registrar.today, cards=self.cards, grounds=self.grounds
        )
        return {"bin": into, "version": registrar.enter(into, event).version}


@command(STATION, COUNTY)
class ConfirmBinDestruction:
    """Count again, as a second officer, and confirm that the cards of a bin were destroyed (销毁).

    Source: Deyang plan of 2004 (德办发(2004)39号); 二代证受理状态 96.
    """

    bin: BinId
    version: int
    cards: int
    protocol: PaperNumber

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the destruction."""
        office = registrar.load(Bin, self.bin).office
        elsewhere = office[:6] != registrar.authority.office[:6]
        registrar.refuse_if((elsewhere, rules.OutsideArea(office)))
        refuse_unproposed(registrar, self.bin, self.version, BinDestructionProposed)
        registrar.enter(
            self.bin,
            BinDestroyed(
                effective_on=registrar.today,
                confirms=self.version,
                cards=self.cards,
                protocol=self.protocol,
            ),
        )
        return {"bin": self.bin, "cards": self.cards}
