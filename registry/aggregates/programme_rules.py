"""The rules about programmes, task letters and reports that can stand in the way (换证工作)."""

from __future__ import annotations

from registry.aggregates.rules import Concerning

DEYANG = "德办发(2004)39号"
JILIN = "吉政办发〔2004〕53号"


class ProgrammeNotOpen(Concerning):
    """The programme is not open, or was closed."""

    code = "programme-not-open"
    law = DEYANG + " 一"
    remedy = "Open the programme first (OpenProgramme); one that was closed is not opened again."


class ProgrammeElsewhere(Concerning):
    """The plan of that programme is not for this division."""

    code = "programme-elsewhere"
    law = DEYANG + "; " + JILIN
    remedy = "Name a division that the plan is for; the table programmes tells its code."


class PhaseOutOfOrder(Concerning):
    """The phase has begun already, or has not begun, or has ended."""

    code = "phase-out-of-order"
    law = DEYANG + " 二"
    remedy = "Start each phase once, the exchange after the preparations, and close it afterwards."


class PhasesOpen(Concerning):
    """A phase of the programme has not ended."""

    code = "phases-open"
    law = DEYANG + " 二(四)"
    remedy = "Close every phase that was started (ClosePhase), then the programme."


class PilotUndefined(Concerning):
    """No scope of the trial was defined, or its phase has not begun."""

    code = "pilot-undefined"
    law = DEYANG + " 二(二)"
    remedy = "Start the phase `pilot` (StartPhase) and define where it is (DefinePilot)."


class PilotNotBegun(Concerning):
    """The trial has not begun, so that nothing of it can be found good."""

    code = "pilot-not-begun"
    law = DEYANG + " 二(二)"
    remedy = "Accept the trial once it was held; DefinePilot sets other days."


class PilotIsAccepted(Concerning):
    """The trial was accepted already."""

    code = "pilot-accepted"
    law = DEYANG + " 二(二)"
    remedy = "Nothing is left to accept; a county is opened by OpenMassExchange."


class PilotOutside(Concerning):
    """A trial is held in counties and townships of the programme's division, for some days."""

    code = "pilot-outside"
    law = DEYANG + " 二(二); " + JILIN + " 二(一)四"
    remedy = "Name counties or townships of that division, and an end that is not before the begin."


class PilotNotAccepted(Concerning):
    """The trial of the programme was not accepted."""

    code = "pilot-not-accepted"
    law = DEYANG + " 二(二): 总结试点工作经验,部署全面启动换证工作"
    remedy = "Examine the trial and record that it was found good (AcceptPilot)."


class MilestoneElsewhere(Concerning):
    """The plan does not set that milestone to this division."""

    code = "milestone-elsewhere"
    law = DEYANG + " 二; " + JILIN + " 三"
    remedy = "Name a division of its tier; the table programme_milestones tells which are meant."


class MilestoneIsReached(Concerning):
    """The division has reached that milestone already."""

    code = "milestone-reached"
    law = DEYANG + " 二"
    remedy = "Withdraw it first (WithdrawMilestone) if its day was wrong."


class MilestoneOpen(Concerning):
    """A preparation that the exchange waits for is not done."""

    code = "milestone-open"
    law = DEYANG + " 一; " + JILIN + " 三"
    remedy = "Record that it was reached, here or at the tier above (ReachMilestone)."


class CleanUpIsOpen(Concerning):
    """The county's registrations and numbers are still being verified."""

    code = "clean-up-open"
    law = DEYANG + " 二(一)4: 在全面开展换发二代证工作前"
    remedy = "Finish the verification and record its end (CloseCleanUp)."


class CleanUpNotOpen(Concerning):
    """No verification of the county is under way."""

    code = "clean-up-not-open"
    law = DEYANG + " 二(一)4"
    remedy = "Record its begin first (OpenCleanUp)."


class ErrorsAboveLimit(Concerning):
    """More registrations of the county are wrong than a baseline may have."""

    code = "errors-above-limit"
    law = JILIN + ": 先建库、后发证; legal_limits baseline_errors"
    remedy = "Settle open findings until no more of 10,000 persons are left than the limit allows."


class NobodyRegistered(Concerning):
    """Nobody is registered in the county, so that there are no data to accept."""

    code = "nobody-registered"
    law = JILIN + ": 先建库、后发证"
    remedy = "Take the county's persons over first (`registry import`)."


class Miscounted(Concerning):
    """The county has other counts than those that are stated."""

    code = "miscounted"
    law = JILIN + ": 先建库、后发证"
    remedy = "Count again: `registry counts` tells the persons, the findings report the errors."


class BatchNotReconciled(Concerning):
    """The import on which the acceptance rests was not reconciled."""

    code = "batch-not-reconciled"
    law = JILIN + ": 先建库、后发证"
    remedy = "Reconcile the batch with the counts declared for it, then accept the baseline."


class ExchangeIsOpen(Concerning):
    """The exchange of that county is open already."""

    code = "exchange-open"
    law = DEYANG + " 二(三)2"
    remedy = "Stop it first (StopMassExchange) if its day was wrong."


class ExchangeNotOpen(Concerning):
    """The exchange of cards is not open there: neither for the county nor for a trial."""

    code = "exchange-not-open"
    law = DEYANG + " 二(三)2; " + JILIN + " 二(二)"
    remedy = (
        "Open the exchange of the county (OpenMassExchange), once its baseline, its preparations"
        " and the trial are accepted; or apply where and when the trial is held."
    )


class TargetDiffers(Concerning):
    """The number is not the one that the plan sets for the year."""

    code = "target-differs"
    law = DEYANG + " 二(三)1; " + JILIN + " 二(二)"
    remedy = "Give the number of the table programme_quotas; amend it later by a further document."


class LetterExists(Concerning):
    """The unit has a task letter of that programme and year."""

    code = "letter-exists"
    law = DEYANG + " 二(三)2"
    remedy = "Amend it instead."


class LetterNotAcknowledged(Concerning):
    """The unit has not acknowledged the number that stands in its letter."""

    code = "letter-not-acknowledged"
    law = DEYANG + " 二(三)2"
    remedy = "Acknowledge the letter first (AcknowledgeTask)."


class LetterElsewhere(Concerning):
    """The letter is addressed to another office."""

    code = "letter-elsewhere"
    law = DEYANG + " 二(三)2"
    remedy = "The unit that the letter names acknowledges and divides it, none above or below it."


class LetterUnchanged(Concerning):
    """The letter has that number already."""

    code = "letter-unchanged"
    law = DEYANG + " 二(三)2"
    remedy = "Nothing is to be amended."


class LetterIsAcknowledged(Concerning):
    """The unit has acknowledged the number already."""

    code = "letter-acknowledged"
    law = DEYANG + " 二(三)2"
    remedy = "Nothing is left to acknowledge until the number is amended."


class SumsDisagree(Concerning):
    """What is handed down does not add up to the task."""

    code = "sums-disagree"
    law = DEYANG + " 二(三)2"
    remedy = "Divide the task so that the numbers of the units add up to the number of the letter."


class ShareOutside(Concerning):
    """A task is divided among units directly below, each named once."""

    code = "share-outside"
    law = DEYANG + " 二(三)2"
    remedy = "Name divisions of the next tier, or stations of the county by their codes."


class AmendFromAbove(Concerning):
    """The letter is a share of another one."""

    code = "amend-from-above"
    law = DEYANG + " 二(三)2"
    remedy = "Divide the task of the unit above anew (DivideTask), so that its sum stays right."


class PeriodUnfit(Concerning):
    """The form does not cover such a period, or the period is not over."""

    code = "period-unfit"
    law = DEYANG + " 三(六)3: 定期上报"
    remedy = "Choose a period that the form covers and that has ended; report_forms tells which."


class ReportUnknown(Concerning):
    """Other figures come of the entries up to that instant."""

    code = "report-unknown"
    law = DEYANG + " 三(六)3"
    remedy = "File what `registry report make` computes; `registry report file` does both at once."


class ReportDoesNotClose(Concerning):
    """The accounts of the report do not close."""

    code = "report-does-not-close"
    law = "人口统计: 期末 = 期初 + 增加 - 减少"
    remedy = "Run `registry audit`; rebuild the read models if they differ from the log."


class ReportIsFiled(Concerning):
    """The same figures were filed last."""

    code = "report-filed"
    law = DEYANG + " 三(六)3"
    remedy = "Nothing has changed since; the filed report stands."
