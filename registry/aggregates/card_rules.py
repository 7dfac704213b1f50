"""The rules about identity cards that can stand in the way, each with its article and remedy."""

from __future__ import annotations

from registry.aggregates.rules import CARD_LAW, Concerning

STATES = "二代证受理状态"
CENTRE = "居民身份证制作中心（所）建设工作规范"
GA_COLLECTION = "GA 214.7-2004"


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
    remedy = "Let an administrator record AcceptBaseline first."


class BaselineNotAccepted(Concerning):
    """No card of the second generation is made in a county whose data are not accepted (先建库).

    Until then its citizens get temporary cards.
    """

    code = "baseline-not-accepted"
    law = "吉政办发〔2004〕53号: 先建库、后发证"
    remedy = "Let an administrator record that the county's data were accepted (AcceptBaseline)."


class PersonNotVerified(Concerning):
    """No card of the second generation is made for somebody whose items were not verified."""

    code = "person-not-verified"
    law = "德办发(2004)39号: 户口核对"
    remedy = "Compare all items with papers and person, then record it (VerifyPersons)."


class NumberInDispute(Concerning):
    """The person's number is in an open case."""

    code = "number-in-dispute"
    law = "公通字[2004]6号: 重错号"
    remedy = "Decide and close the case first (CloseNumberCase)."


class NumberAbsent(Concerning):
    """The person has no number, and a card bears one."""

    code = "number-absent"
    law = CARD_LAW + " art. 3"
    remedy = "Give the person a number first."


class NumberChanged(Concerning):
    """The card was signed with a number that is no longer its holder's."""

    code = "number-changed"
    law = CARD_LAW + " art. 3, 11; GB 11643-1999"
    remedy = "Send the data back to be signed anew; a made card is destroyed and applied for again."


class ItemsChanged(Concerning):
    """The card was signed with an item that has been changed or corrected since."""

    code = "items-changed"
    law = CARD_LAW + " art. 3, 11"
    remedy = "Send the data back to be signed anew; a made card is destroyed and applied for again."


class GenerationNotMade(Concerning):
    """Cards of that generation are not made on that day."""

    code = "generation-not-made"
    law = "德办发(2004)39号; " + CARD_LAW + " art. 22"
    remedy = "Apply for a card of the generation that is made, or for a temporary one."


class ReasonOfOtherGeneration(Concerning):
    """The reason is one of the other generation."""

    code = "reason-of-other-generation"
    law = "GA 214.5-2004"
    remedy = "Choose a reason from the list of the generation applied for."


class ReasonUnfit(Concerning):
    """The reason does not fit the person's age or the cards the person has had."""

    code = "reason-unfit"
    law = "GA 214.5-2004"
    remedy = "Choose the reason that fits: a first card once in a life, exchange after it."


class ReportLossFirst(Concerning):
    """A lost card is replaced once its loss has been reported."""

    code = "report-loss-first"
    law = CARD_LAW + " art. 11"
    remedy = "Record the loss of the card (ReportLoss), then accept the application."


class ApplicationOpen(Concerning):
    """The person has an application that has not ended."""

    code = "application-open"
    law = CARD_LAW + " art. 7, 11"
    remedy = "Finish or void that application first."


class TooSoon(Concerning):
    """A card was made only lately; before the time is over only a lost one is replaced."""

    code = "too-soon"
    law = "system practice of 2004"
    remedy = "Wait until the day named, or report the loss of the card."


class GuardianNeeded(Concerning):
    """For somebody under sixteen the guardian applies."""

    code = "guardian-needed"
    law = CARD_LAW + " art. 7"
    remedy = "Name the guardian."


class MilitaryChannel(Concerning):
    """Soldiers get their cards through their unit, and nobody else does."""

    code = "military-channel"
    law = CARD_LAW + " art. 21; GA 214.5-2004 reason 16"
    remedy = "Accept a soldier from the package of the unit (production type 4), others without."


class TemporaryKind(Concerning):
    """A temporary card is applied for by itself."""

    code = "temporary-kind"
    law = "临时居民身份证管理办法"
    remedy = "Send ApplyForTemporaryCard for kinds 3 and 4, AcceptApplication for 1 and 2."


class AcceptanceNumberUnfit(Concerning):
    """The acceptance number is not one of this station and day."""

    code = "acceptance-number-unfit"
    law = "GA 214.4-2004"
    remedy = "Leave the number out to be given the next one, or correct it."


class SameOfficer(Concerning):
    """The same officer has acted on it before, and another one is needed."""

    code = "same-officer"
    law = "德办发(2004)39号: two persons"
    remedy = "Let another officer do it."


class NothingProposed(Concerning):
    """Nobody has proposed it at that version, or something has happened since."""

    code = "nothing-proposed"
    law = "德办发(2004)39号: two persons"
    remedy = "Let a first officer propose it, and confirm the version of that entry."


class PhotoMissing(Concerning):
    """A card of the second generation needs a photograph and its encoding for the chip."""

    code = "photo-missing"
    law = "GA 461-2004; " + CARD_LAW + " art. 3"
    remedy = "Take the photograph and give its digest, its size and the chip's encoding."


class FingerprintsNotYet(Concerning):
    """Fingerprints are taken since 2012 only."""

    code = "fingerprints-not-yet"
    law = CARD_LAW + " art. 3 as amended on 2011-10-29"
    remedy = "Leave them out."


class BirthDateUnknown(Concerning):
    """The term of a card depends on the age, and the birth date is not known."""

    code = "birth-date-unknown"
    law = CARD_LAW + " art. 5"
    remedy = "Correct the birth date first."


class NotInspected(Concerning):
    """The card has not passed the inspection of this tier."""

    code = "not-inspected"
    law = "德办发(2004)39号: 确保群众领到合格证件"
    remedy = "Inspect the card first (PassInspection), or reject it."


class OldCardKept(Concerning):
    """The old card is taken back by the same act that hands out the new one."""

    code = "old-card-kept"
    law = CARD_LAW + " art. 11"
    remedy = "Take it back and name its application, or its kind and the bin; or report its loss."


class CollectorUnnamed(Concerning):
    """Whoever collects a card for its holder is named."""

    code = "collector-unnamed"
    law = CARD_LAW + " art. 11; GA 214.7-2004"
    remedy = "Give the name and the number of the person who came."


class ReplacementUnderWay(Concerning):
    """Another card is being made, or was made, in place of the lost one."""

    code = "replacement-under-way"
    law = CARD_LAW + " art. 11"
    remedy = "Take the found card back (SurrenderCard)."


class BodyNotSettled(Concerning):
    """The body of the attempt is neither spoiled nor given up."""

    code = "body-not-settled"
    law = CENTRE
    remedy = "Put the body into the reject bin, or give it up by two officers."


class BodyNotWritten(Concerning):
    """The body was not written for that attempt of the application."""

    code = "body-not-written"
    law = CENTRE
    remedy = "Record what was written and read back (RecordPersonalised) first."


class ExtensionTooLong(Concerning):
    """The time may be prolonged by thirty days at most, all together."""

    code = "extension-too-long"
    law = CARD_LAW + " art. 12"
    remedy = "Name fewer days."


class BodiesExhausted(Concerning):
    """An attempt takes three bodies at most by itself."""

    code = "bodies-exhausted"
    law = CENTRE
    remedy = "Let a supervisor begin another attempt (RedoCards)."


class NothingNamed(Concerning):
    """A step is taken with one application at least."""

    code = "nothing-named"
    law = STATES
    remedy = "Name the applications."


class NothingInDispute(Concerning):
    """The person's number is in no open case."""

    code = "nothing-in-dispute"
    law = STATES + " 10"
    remedy = "Audit the application."


class NotInPackage(Concerning):
    """A fault was named of an application that is not judged."""

    code = "not-in-package"
    law = STATES + " 16, 17"
    remedy = "Name every application of the package."


class NotAtThisTier(Concerning):
    """That step is not taken at this tier."""

    code = "not-at-this-tier"
    law = STATES
    remedy = "Name the tier that takes the step."


class BodyIsCard(Concerning):
    """The body is a made card, and what becomes of it follows from its application."""

    code = "body-is-card"
    law = CENTRE
    remedy = "Reject the card (RejectProduced, RejectCard); one that is lost is given up by two."


class CardNotKept(Concerning):
    """The card is in no office's keeping, so that its body is not given up."""

    code = "card-not-kept"
    law = CENTRE
    remedy = "Let the holder report the loss (ReportLoss), or take the card back."


class MovedAway(Concerning):
    """The applicant is no longer registered in the county that issues the card."""

    code = "moved-away"
    law = CARD_LAW + " art. 8"
    remedy = "Send the data back (FailCountyAudit); the new place of registration accepts anew."


class BinIsDestroyed(Concerning):
    """What was in that bin has been destroyed."""

    code = "bin-is-destroyed"
    law = "德办发(2004)39号: two persons"
    remedy = "Open another bin (OpenBin)."


class CountDiffers(Concerning):
    """The cards that were counted are not as many as were taken in."""

    code = "count-differs"
    law = "德办发(2004)39号: two persons"
    remedy = "Count again, and find out which card is missing before any is destroyed."


class BinUnnamed(Concerning):
    """An old card that the register does not know goes into a bin, and nothing else does."""

    code = "bin-unnamed"
    law = CARD_LAW + " art. 11; 德办发(2004)39号"
    remedy = "Name the kinds of the old cards and the bin (OpenBin begins one), or neither."


class NotHeld(Concerning):
    """The holder has no such card to hand back."""

    code = "not-held"
    law = CARD_LAW + " art. 11"
    remedy = "Name the applications of the cards that the holder has, temporary ones too."


class FormIsUsed(Concerning):
    """A temporary card was made on the form with that number."""

    code = "form-is-used"
    law = "临时居民身份证管理办法"
    remedy = "Take another form, or correct the number."


class ErrorNotNamed(Concerning):
    """Code 00 says that nothing is wrong, and cannot send anything back."""

    code = "error-not-named"
    law = "GA 214.10-2004"
    remedy = "Name what is wrong; 90 is for what the list does not have."


class FormDayUnfit(Concerning):
    """The day of the form lies ahead, after that of the number, or before the register knew."""

    code = "form-day-unfit"
    law = CARD_LAW + " art. 12"
    remedy = "Give the day on which the form was signed."


class GuardianUnfit(Concerning):
    """The guardian is not a living person of age other than the applicant."""

    code = "guardian-unfit"
    law = "民法通则 art. 11, 16; " + CARD_LAW + " art. 7"
    remedy = "Name a guardian whom the register knows as living and of age, or one by name."


class CollectorUnfit(Concerning):
    """Who collects is a living person, under the name and number of the register."""

    code = "collector-unfit"
    law = GA_COLLECTION
    remedy = "Name the person who came as the register knows that person, or by name and number."


class TemporaryHolds(Concerning):
    """The temporary card that the person has still holds."""

    code = "temporary-holds"
    law = "临时居民身份证管理办法"
    remedy = "Take it back (SurrenderTemporaryCard), or let its loss be reported first."


class CardElsewhere(Concerning):
    """The card lies at an office of another tier."""

    code = "card-elsewhere"
    law = STATES + "; 领取发放类别"
    remedy = "Let the office that has the card hand it out, or let it send the card on first."


class DeadlinePassed(Concerning):
    """The time is over, and an overrun is not prolonged away."""

    code = "deadline-passed"
    law = CARD_LAW + " art. 12"
    remedy = "Hand the card out as soon as can be; the delay stays on record."


class ChecksMissing(Concerning):
    """What has to be looked at before a card changes hands was not."""

    code = "checks-missing"
    law = "德办发(2004)39号: 确保群众领到合格证件"
    remedy = "Look at what is named, and say so; a chip is read and its serial given."


class DoesNotFitCard(Concerning):
    """A field has no room on the card or its chip, or holds what is no character."""

    code = "does-not-fit-card"
    law = "GA 490-2004"
    remedy = "Send the data back with the field named; a reviewed shorter form has to be recorded."


class AddressUnknown(Concerning):
    """The register knows no address of the holder, and a card bears one."""

    code = "address-unknown"
    law = CARD_LAW + " art. 3"
    remedy = "Register the holder at a door plate first."
