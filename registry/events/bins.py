"""Old cards that the register does not know: taken in, counted, destroyed by two (收交旧证).

Whoever exchanges a card of the first generation hands back one that was made before this register
began. It has no application here, so a bin of the office that took it in answers for it.
"""

from __future__ import annotations

from datetime import date

from registry.values import (
    ApplicationId,
    CardKind,
    OfficeCode,
    PaperNumber,
    PersonId,
    SurrenderReason,
    Text,
)
from registry.vocabulary import Kind, Private, event


@event(code=194, kind=Kind.BIN, opens=True)
class BinOpened:
    """An office began a bin for old cards, under a number of its own (启用旧证箱).

    Source: 居民身份证法 art. 11; Deyang plan of 2004 (德办发(2004)39号).
    """

    effective_on: date
    office: OfficeCode
    bin_number: PaperNumber


@event(code=195, kind=Kind.BIN)
class OldCardTakenIn:
    """A card that the register does not know was handed back and put into a bin (收交旧证).

    application: of the card that was handed out for it, where there was one.
    Source: 居民身份证法 art. 11.
    """

    effective_on: date
    person: PersonId
    card_kind: CardKind
    surrender_reason: SurrenderReason
    application: ApplicationId | None = None


@event(code=196, kind=Kind.BIN)
class BinDestructionProposed:
    """An officer counted a bin and put it forward for destruction (提请销毁旧证).

    cards: how many were counted.
    Source: Deyang plan of 2004 (德办发(2004)39号): overrides need a second person.
    """

    effective_on: date
    cards: int
    grounds: Private[Text]


@event(code=197, kind=Kind.BIN)
class BinDestroyed:
    """A second officer counted again: the cards of a bin were destroyed (销毁旧证).

    confirms: the version at which the first officer proposed it. protocol: the record's number.
    Source: Deyang plan of 2004 (德办发(2004)39号); 二代证受理状态 96.
    """

    effective_on: date
    confirms: int
    cards: int
    protocol: PaperNumber


BinEvent = BinOpened | OldCardTakenIn | BinDestructionProposed | BinDestroyed
