"""The rules about appending an address to a chip that can stand in the way."""

from __future__ import annotations

from registry.aggregates.rules import CARD_LAW, Concerning


class CardNotWithHolder(Concerning):
    """An address is appended to a card with a chip that its holder has and brings along."""

    code = "card-not-with-holder"
    law = CARD_LAW + " art. 11"
    remedy = "Name the application of the card that the holder has; a card on its way comes first."


class AppendingToLostCard(Concerning):
    """An address is being appended to a card that its holder has no more."""

    code = "appending-to-lost-card"
    law = CARD_LAW + " art. 11"
    remedy = "Give it up (AbandonAddress), or record first that the card was found (ReportFound)."


class AddressStands(Concerning):
    """The card says this address already."""

    code = "address-stands"
    law = CARD_LAW + " art. 11"
    remedy = "Register the move or the change of address first, or leave the card as it is."


class NothingBeingAppended(Concerning):
    """No address is being written into this chip."""

    code = "nothing-being-appended"
    law = CARD_LAW + " art. 11"
    remedy = "Say first what is to be written (IntendAddress)."
