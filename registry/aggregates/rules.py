"""The rules that can stand in the way, one class a rule, each with its article and its remedy."""

from __future__ import annotations

from dataclasses import dataclass

from registry.errors import Rule

REGULATIONS = "户口登记条例"
CARD_LAW = "居民身份证法"
GB_11643 = "GB 11643-1999"
NOTICE_1994 = "公安部 1994-07-11 通知"


@dataclass(frozen=True)
class Concerning(Rule):
    """A rule about somebody or something, named by an identifier or a value."""

    subject: object = None

    @property
    def message(self) -> str:
        """What the rule says of this case."""
        said = super().message.rstrip(".")
        said = said[0].lower() + said[1:]
        return said if self.subject is None else f"{said} ({self.subject})"


class NotRegistered(Concerning):
    """The person is registered nowhere on that day."""

    code = "not-registered"
    law = REGULATIONS + " art. 6"
    remedy = "Register the person first, or choose a day on which the person is registered."


class AlreadyRegistered(Concerning):
    """The person is registered as a permanent resident already."""

    code = "already-registered"
    law = REGULATIONS + " art. 6"
    remedy = "One person registers in one place: move the person out first, or change the address."


class AlreadyDeceased(Concerning):
    """The person is dead on that day."""

    code = "already-deceased"
    law = REGULATIONS + " art. 8"
    remedy = "If the death was registered wrongly, undo it first (RestoreRegistration, 112)."


class RecordIsDeleted(Concerning):
    """The record was deleted in favour of another one."""

    code = "record-deleted"
    law = "GA 214 business 109"
    remedy = "Use the record that was kept."


class NotKnownYet(Concerning):
    """The register knows nothing of it before that day."""

    code = "not-known-yet"
    law = REGULATIONS
    remedy = "Choose a later day, or void the first entry and enter it anew."


class AlreadyKnown(Concerning):
    """It has been registered already."""

    code = "already-known"
    law = REGULATIONS
    remedy = "Load it, and change or correct what stands."


class MemberAlready(Concerning):
    """The person is a member of that household already."""

    code = "member-already"
    law = REGULATIONS + " art. 5"
    remedy = "Choose another household, or change the relation."


class NotMember(Concerning):
    """The person is no member of that household on that day."""

    code = "not-member"
    law = REGULATIONS + " art. 5"
    remedy = "Name the household in which the person is registered."


class HouseholdIsClosed(Concerning):
    """The household is closed on that day."""

    code = "household-closed"
    law = "GA 214 business 203"
    remedy = "Choose another household or found one (201)."


class HouseholdNumberTaken(Concerning):
    """Another household of that police station bears the number."""

    code = "household-number-taken"
    law = "公通字[1995]91号 (户号)"
    remedy = "Choose a number that no household of the station has had since that day."


class HouseholdNotEmpty(Concerning):
    """The household still has members."""

    code = "household-not-empty"
    law = "GA 214 business 203"
    remedy = "Move the members first."


class HeadMissing(Concerning):
    """A household has exactly one head, who is a member of it."""

    code = "head-missing"
    law = REGULATIONS + " art. 5"
    remedy = "Name a member as the new head in the same business."


class HeadRelation(Concerning):
    """The head, and nobody else, stands in the relation 02 (户主)."""

    code = "head-relation"
    law = "GB/T 4761"
    remedy = "Give the head relation 02 and everybody else another one."


class CollectiveHasNoMembers(Concerning):
    """A collective household lists no members and has no head."""

    code = "collective-has-no-members"
    law = REGULATIONS + " art. 5"
    remedy = "Leave members and head out."


class CollectiveStays(Concerning):
    """A collective household does not become a family, since its residents are not listed."""

    code = "collective-stays"
    law = REGULATIONS + " art. 5"
    remedy = "Found a household and let the residents move there."


class MinorsAlone(Concerning):
    """A household of minors alone needs a guardian."""

    code = "minors-alone"
    law = "民法通则 art. 16"
    remedy = "Name a guardian of the head: with a newborn, else first (NameGuardian)."


class DoorplateIsClosed(Concerning):
    """The door plate is withdrawn on that day."""

    code = "doorplate-closed"
    law = "GA 214 business 303"
    remedy = "Choose another door plate."


class DoorplateIsFrozen(Concerning):
    """The door plate is closed to newcomers."""

    code = "doorplate-frozen"
    law = "GA 214 doorplate_freeze"
    remedy = "Choose another door plate, or have it opened."


class DoorplateOccupied(Concerning):
    """Households are still registered at the door plate."""

    code = "doorplate-occupied"
    law = "GA 214 business 303"
    remedy = "Move the households first."


class PlateNumberTaken(Concerning):
    """Another door plate of that street bears the number."""

    code = "plate-number-taken"
    law = "GA 214 business 301; 地名管理条例"
    remedy = "Choose another number, or tell the plates apart by their detail (plate_detail)."


class StreetNameTaken(Concerning):
    """Another street of that division bears the name."""

    code = "street-name-taken"
    law = "地名管理条例 art. 4 (3)"
    remedy = "Choose another name; streets of one division are not named alike."


class StreetIsClosed(Concerning):
    """The street has ceased to be on that day."""

    code = "street-closed"
    law = "地名管理条例"
    remedy = "Choose another street."


class CommunityUnknown(Concerning):
    """No community of that identifier exists on that day."""

    code = "community-unknown"
    law = "GA 214 community types"
    remedy = "Choose a community of the tree of places."


class DivisionUnknown(Concerning):
    """No division of that identifier exists on that day."""

    code = "division-unknown"
    law = "GB/T 2260"
    remedy = "Choose a division of the tree of places."


class DivisionOutOfTier(Concerning):
    """A place belongs to a division of a higher tier."""

    code = "division-out-of-tier"
    law = "GB/T 2260"
    remedy = "Choose a division of a higher tier."


class DivisionCodeTaken(Concerning):
    """Another division bears that code on that day."""

    code = "division-code-taken"
    law = "GB/T 2260"
    remedy = "Look the code up in the tree of places; abolish or rename the other division first."


class DivisionCodeUnfit(Concerning):
    """A code ends in 0000 for a province, in 00 for a city, and otherwise names a county."""

    code = "division-code-unfit"
    law = "GB/T 2260"
    remedy = (
        "Give a code of the division's level; a township has none, and a county bears its city's"
        " code where the city has no other."
    )


class DivisionNotEmpty(Concerning):
    """Places still belong to the division."""

    code = "division-not-empty"
    law = "行政区划管理条例"
    remedy = "Pass them to another division first."


class SamePlace(Concerning):
    """Origin and target are the same."""

    code = "same-place"
    law = "GA 214 business 103"
    remedy = "Choose another household."


class NotYet(Concerning):
    """Nothing is registered ahead of time."""

    code = "not-yet"
    law = REGULATIONS
    remedy = "Send it again on that day or later."


class OutsideArea(Concerning):
    """The place is outside the officer's area."""

    code = "outside-area"
    law = REGULATIONS + " art. 3"
    remedy = "Send it to the office that is in charge of the place."


class NumberEverHeld(Concerning):
    """The number has been held before and is never given again."""

    code = "number-ever-held"
    law = GB_11643 + " §4; " + CARD_LAW + " art. 3"
    remedy = "Draw another code."


class BookExhausted(Concerning):
    """No sequence code is left for that sex in the station's segments."""

    code = "book-exhausted"
    law = GB_11643
    remedy = "The county extends the segments of the station."


class NoSegment(Concerning):
    """The station holds no sequence codes for that address code and birth date."""

    code = "no-segment"
    law = GB_11643
    remedy = "The county allots a segment to the station first."


class SegmentOverlap(Concerning):
    """The range overlaps a segment allotted to another station."""

    code = "segment-overlap"
    law = GB_11643
    remedy = "Choose a free range between 001 and 999."


class SegmentOutOfRange(Concerning):
    """Sequence codes run from 001 to 999."""

    code = "segment-out-of-range"
    law = GB_11643
    remedy = "Choose a range between 001 and 999."


class AddressCodeUnfit(Concerning):
    """New numbers carry the code of a county-level division in force, no aggregate."""

    code = "address-code-unfit"
    law = GB_11643 + " §4"
    remedy = "Use the county's code of the day of assignment."


class NumberMismatch(Concerning):
    """The number does not agree with the birth date or the sex."""

    code = "number-mismatch"
    law = GB_11643
    remedy = "Correct the number, the birth date or the sex."


class NumberStays(Concerning):
    """A number changes only by the decision of its case, or with birth date or sex."""

    code = "number-stays"
    law = CARD_LAW + " art. 19 (2)"
    remedy = "Open the number's case and have it decided (OpenNumberCase, DecideNumberCase)."


class NotHolder(Concerning):
    """The person does not hold that number."""

    code = "not-holder"
    law = GB_11643
    remedy = "Check the number."


class CaseIsOpen(Concerning):
    """A number case about the person is open."""

    code = "case-open"
    law = "公通字[2004]6号"
    remedy = "Close the case first."


class CaseIsClosed(Concerning):
    """The case is closed."""

    code = "case-closed"
    law = "公通字[2004]6号"
    remedy = "Open a new case."


class NotParty(Concerning):
    """The person is no party to the case."""

    code = "not-party"
    law = "公通字[2004]6号"
    remedy = "Name a party of the case."


class PermitExpired(Concerning):
    """The migration permit has run out."""

    code = "permit-expired"
    law = NOTICE_1994
    remedy = "Ask the target county to issue a new permit."


class PermitUsed(Concerning):
    """The migration permit is used up or void."""

    code = "permit-used"
    law = NOTICE_1994
    remedy = "Ask the target county to issue a new permit."


class PermitForOthers(Concerning):
    """The migration permit names other persons or another place."""

    code = "permit-for-others"
    law = NOTICE_1994
    remedy = "Use the permit that names the person and the target."


class CertificateExpired(Concerning):
    """The migration certificate has run out."""

    code = "certificate-expired"
    law = NOTICE_1994
    remedy = "The origin reissues it and voids the old one."


class CertificateUsed(Concerning):
    """The migration certificate is used up or void."""

    code = "certificate-used"
    law = NOTICE_1994
    remedy = "It is consumed once for each person: check whether the person settled elsewhere."


class CertificateForOthers(Concerning):
    """The migration certificate names other persons."""

    code = "certificate-for-others"
    law = NOTICE_1994
    remedy = "Use the certificate that names the person."


class CertificateNeeded(Concerning):
    """A person in transit settles with the certificate issued at departure."""

    code = "certificate-needed"
    law = REGULATIONS + " art. 13"
    remedy = "Name the certificate, or have it reissued."


class CertificateUntold(CertificateNeeded):
    """Whoever moves away is handed a migration certificate, whose number is entered."""

    law = REGULATIONS + " art. 10"
    remedy = "Give certificate_number, as it is printed on the certificate that is handed out."


class PapersNeeded(Concerning):
    """Who comes from elsewhere hands in the papers that the reason of the move asks for."""

    code = "papers-needed"
    law = REGULATIONS + " art. 13; " + NOTICE_1994
    remedy = "Give the paper's number, or the reason for which other papers serve."


class NobodyNamed(Concerning):
    """A move names at least one person."""

    code = "nobody-named"
    law = REGULATIONS + " art. 10"
    remedy = "Name who moves."


class TooManyMovers(Concerning):
    """A paper names more persons than it may."""

    code = "too-many-movers"
    law = NOTICE_1994
    remedy = "Issue a second paper."


class NoCertificateForCause(Concerning):
    """Soldiers, emigrants and missing persons receive no migration certificate."""

    code = "no-certificate-for-cause"
    law = REGULATIONS + " art. 11"
    remedy = "Leave the certificate out."


class PaperExists(Concerning):
    """A paper of that number exists already."""

    code = "paper-exists"
    law = NOTICE_1994
    remedy = "Use the next number of the block."


class ParentUnknown(Concerning):
    """Mother or father, or a substitute proof, must be known."""

    code = "parent-unknown"
    law = REGULATIONS + " art. 7"
    remedy = "Name a parent, or describe the proof."


class ProofNeeded(Concerning):
    """A birth is registered on a birth certificate or a substitute proof."""

    code = "proof-needed"
    law = REGULATIONS + " art. 7"
    remedy = "Give the number of the certificate, or describe the proof."


class BirthAfterRegistration(Concerning):
    """The birth date lies after the day of the registration."""

    code = "birth-after-registration"
    law = REGULATIONS + " art. 7"
    remedy = "Correct one of the two dates."


class DeathBeforeBirth(Concerning):
    """Nobody dies before being born."""

    code = "death-before-birth"
    law = REGULATIONS + " art. 8"
    remedy = "Correct one of the two dates."


class NothingChanges(Concerning):
    """The new value is the one that stands."""

    code = "nothing-changes"
    law = REGULATIONS + " art. 17"
    remedy = "Send only what changes."


class CategoryUnfit(Concerning):
    """The category does not belong to this change or correction."""

    code = "category-unfit"
    law = "GA/T 2000.24-2014"
    remedy = "Choose a category of the item concerned."


class NothingToCorrect(Concerning):
    """No standing entry of that version wrote the item."""

    code = "nothing-to-correct"
    law = REGULATIONS + " art. 17"
    remedy = "Name the version whose value is wrong; the timeline shows it."


class NothingToVoid(Concerning):
    """No standing entry of that version is there to be undone."""

    code = "nothing-to-void"
    law = "GA 214 businesses 111 and 112"
    remedy = "Name a version of the timeline that stands."


class NotReversible(Concerning):
    """That entry cannot be undone by this business."""

    code = "not-reversible"
    law = "GA 214 businesses 111 and 112"
    remedy = (
        "ReverseRegistration (111) undoes an arrival, RestoreRegistration (112) a departure,"
        " VoidEntry any other entry of a person."
    )


class PeriodIsOver(Concerning):
    """The period in which business may be undone has passed."""

    code = "period-over"
    law = "GA 214 reversal period"
    remedy = "Enter a correcting business instead."


class EntryInTheWay(Concerning):
    """A later entry would no longer be lawful."""

    code = "entry-in-the-way"
    law = REGULATIONS
    remedy = "Void or replace that entry in the same submission, or choose another day."


class ApprovalNeeded(Concerning):
    """The category or business needs an approval."""

    code = "approval-needed"
    law = "GA/T 2000.24-2014; GA 214 businesses 108 to 110"
    remedy = "State the number of the approval."


class DuplicateRecord(Concerning):
    """The record kept must be another living person's record."""

    code = "duplicate-record"
    law = "GA 214 business 109"
    remedy = "Name the record that is kept."


class ProofIsUsed(Concerning):
    """The birth certificate was used for another registration already."""

    code = "proof-used"
    law = REGULATIONS + " art. 7"
    remedy = "Check the certificate; the child may be registered already."


class MoveNeedsPapers(Concerning):
    """The move leaves the city, so that it is a departure and an arrival."""

    code = "move-needs-papers"
    law = "GA 214 business 103"
    remedy = (
        "Register a departure (MoveOut, 106) at the origin and an arrival (MoveIn, 105) at the"
        " target."
    )


class DifferentHouseholds(Concerning):
    """All who move in one business come from the same household."""

    code = "different-households"
    law = "GA 214 scopes"
    remedy = "Send one submission for each household."


class TargetNeeded(Concerning):
    """A move names one target: a household to join, or a household to found."""

    code = "target-needed"
    law = REGULATIONS + " art. 6"
    remedy = "Give either household or new_household."


class NotInTransit(Concerning):
    """The person has not left any place that the register knows."""

    code = "not-in-transit"
    law = REGULATIONS + " art. 13"
    remedy = "Change the address instead, or register a newcomer."


class StillHeld(Concerning):
    """Another party still holds the number."""

    code = "still-held"
    law = "公通字[2004]6号"
    remedy = "Decide who is given another number (ProposeKeeper, DecideNumberCase)."


class PersonUnknown(Concerning):
    """No person of that identifier is in the register."""

    code = "person-unknown"
    law = REGULATIONS + " art. 7"
    remedy = "Give the name instead, or check the identifier."


class OwnKin(Concerning):
    """Nobody is spouse, parent or guardian to oneself."""

    code = "own-kin"
    law = REGULATIONS + " art. 17"
    remedy = "Name the other person."


class ResidentsUnnamed(Concerning):
    """A collective household closes without residents and moves with all of them."""

    code = "residents-unnamed"
    law = REGULATIONS + " art. 5"
    remedy = "Move the residents first, or name all of them."


class NotAtDoorplate(Concerning):
    """The household is at none of the door plates that pass."""

    code = "not-at-doorplate"
    law = "GA 214 business 400"
    remedy = "Name the household's door plate, too, or leave the household out."


class HouseholdsUnnamed(Concerning):
    """A door plate passes with every household that is there."""

    code = "households-unnamed"
    law = "GA 214 business 400"
    remedy = "Name the household, too, or let `registry cut` find who is there."


class FindingAlreadyOpen(Concerning):
    """The same finding is open already."""

    code = "finding-already-open"
    law = "公通字[2004]6号"
    remedy = "Settle the one that is open."


class FindingNotOpen(Concerning):
    """No such finding is open."""

    code = "finding-not-open"
    law = "公通字[2004]6号"
    remedy = "Look at the person's findings; what was settled needs no settling."


class FindingOfOne(Concerning):
    """A finding is about one person or one household, whose ledger it stands in."""

    code = "finding-of-one"
    law = "公通字[2004]6号"
    remedy = "Name the person or the household, not both."


class FindingsAreOpen(Concerning):
    """Errors were found that are not settled."""

    code = "findings-open"
    law = "公通字[2004]6号; 德办发(2004)39号"
    remedy = "Have the errors settled first."


class SettledByCheck(Concerning):
    """That outcome is what a later check or entry shows, and is not an officer's to state."""

    code = "settled-by-check"
    law = "公通字[2004]6号"
    remedy = "Choose corrected, paper-corrected, confirmed, withdrawn or referred."


class SourceMissing(Concerning):
    """Not every source that has to be compared was recorded."""

    code = "source-missing"
    law = "德办发(2004)39号; 吉政办发〔2004〕53号"
    remedy = "Record what the paper says, or that there is none (RecordSource)."


class NotCheckedAtDesk(Concerning):
    """The sources were not compared since the person's record, or a source, last changed."""

    code = "not-checked-at-desk"
    law = "吉政办发〔2004〕53号"
    remedy = "Compare them at the desk (CheckAtDesk)."


class VisitNotAssigned(Concerning):
    """Nobody was told to visit that household."""

    code = "visit-not-assigned"
    law = "吉政办发〔2004〕53号"
    remedy = "Assign the visit first (AssignVisit)."


class NotVisited(Concerning):
    """The person's items were not confirmed since the record last changed."""

    code = "not-visited"
    law = "吉政办发〔2004〕53号"
    remedy = "Have the person asked and record the answer (RecordVisit)."


class NotAPaper(Concerning):
    """That source is the register itself or the person, of which no snapshot is recorded."""

    code = "not-a-paper"
    law = "德办发(2004)39号"
    remedy = "Choose form, booklet, card or sequence."


class ItemNotOfSource(Concerning):
    """The paper has no such item."""

    code = "item-not-of-source"
    law = "公通字[1995]91号; 居民身份证法 art. 3"
    remedy = "Leave the item out."
