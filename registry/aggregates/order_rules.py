"""The rules about work orders that can stand in the way."""

from __future__ import annotations

from registry.aggregates.making_rules import CENTRE
from registry.aggregates.rules import Concerning


class OrderIsClosed(Concerning):
    """The work order is closed."""

    code = "order-closed"
    law = CENTRE
    remedy = "Draw a new work order for what is still to be made."


class RunIsOver(Concerning):
    """Another run has the work order in hand."""

    code = "run-over"
    law = CENTRE
    remedy = "Stop this station; the order goes on where it was begun last (`registry produce`)."


class OrderCountDiffers(Concerning):
    """What is counted of the work order is not what was recorded."""

    code = "order-count-differs"
    law = CENTRE
    remedy = "Count again, and name every application and every blank of the order."


class OrderNotFinished(Concerning):
    """Something of the work order is still in hand."""

    code = "order-not-finished"
    law = CENTRE
    remedy = (
        "Make the cards or send their data back (ReturnOrder), give unused blanks back to stock"
        " (ReturnBlanks), and settle every body that is bound."
    )


class GenerationsMixed(Concerning):
    """A work order is for cards of one generation."""

    code = "generations-mixed"
    law = CENTRE
    remedy = "Draw a work order for each generation."


class NoCardsWanted(Concerning):
    """A work order is for one card at least."""

    code = "no-cards-wanted"
    law = CENTRE
    remedy = "Name how many cards to make at most (cards), 1 or more, or leave it away for all."


class NobodyWaits(Concerning):
    """Nobody waits for a card of that kind there."""

    code = "nobody-waits"
    law = CENTRE
    remedy = "Choose another place or generation, or wait until the province has checked more."


class ReplayDiffers(Concerning):
    """The replayed log and the read model say different things."""

    code = "replay-differs"
    law = CENTRE
    remedy = (
        "Order nothing: find out which is wrong (`registry audit`, `registry explain`), rebuild the"
        " read model (`registry rebuild issuance`), and draw again."
    )


class HistoryAtFault(Concerning):
    """An application came to where it is by a step that was against the rules."""

    code = "history-at-fault"
    law = CENTRE
    remedy = "Look at its entries (`registry timeline`), and send the application back."
