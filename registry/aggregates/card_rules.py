"""The rules about identity cards that can stand in the way, each with its article and remedy."""

from __future__ import annotations

from registry.aggregates.rules import CARD_LAW, Concerning

STATES = "二代证受理状态"
CENTRE = "居民身份证制作中心（所）建设工作规范"


class StepOutOfOrder(Concerning):
    """That step does not follow the state in which the application is."""

    code = "step-out-of-order"
    law = STATES
    remedy = "Take the step that the state asks for; the table card_application_status lists them."


class WrongAttempt(Concerning):
    """The attempt is not the one that is due."""

    code = "wrong-attempt"
    law = STATES
    remedy = "Load the application and name the attempt that it stands at."


class NotForTemporary(Concerning):
    """A temporary card has no such step."""

    code = "not-for-temporary"
    law = "临时居民身份证管理办法"
    remedy = "Issue, refuse or take back a temporary card; the card itself has its own application."


class NotReplaced(Concerning):
    """A lost card is replaced by another application, any other one by a further attempt."""

    code = "not-replaced"
    law = CARD_LAW + " art. 11"
    remedy = "Name the application where the holder lost the card, else the attempt."


class BodyOutOfOrder(Concerning):
    """The card body is not in the state that this step needs."""

    code = "body-out-of-order"
    law = CENTRE
    remedy = "Take the body through the steps before it, or take another body."


class BodyIsForAnother(Concerning):
    """The card body holds, or is bound to hold, other data."""

    code = "body-for-another"
    law = CENTRE
    remedy = "Stop the line: put the body into the reject bin and take another one."


class SlotNotFree(Concerning):
    """A further address goes into the next free slot, and a chip has four."""

    code = "slot-not-free"
    law = CARD_LAW + " art. 11"
    remedy = "Name the next free slot; where all are used, exchange the card."


class BaselineOpen(Concerning):
    """No data of that county are accepted at present."""

    code = "baseline-open"
    law = "吉政办发〔2004〕53号"
    remedy = "Let an administrator record CountyBaselineAccepted first."
