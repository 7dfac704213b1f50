"""The rules about cases of numbers and registrations that can stand in the way (差错处理)."""

from __future__ import annotations

from registry.aggregates.rules import CARD_LAW, GB_11643, REGULATIONS, Concerning

CLEAN_UP = "公通字[2004]6号"


class NumberIsRight(Concerning):
    """Nothing is wrong with the person's number."""

    code = "number-right"
    law = GB_11643
    remedy = "Leave it; a number that others hold too has a case already."


class NotShared(Concerning):
    """The case is about one person's number, nobody else holds it."""

    code = "not-shared"
    law = CLEAN_UP
    remedy = "Decide the case: that person is given a right number."


class NoReasonTells(Concerning):
    """No computed reason tells the holders apart."""

    code = "no-reason-tells"
    law = CLEAN_UP
    remedy = "Ask the parties and look at the old papers, then name keeper and reason."


class ReasonNeeded(Concerning):
    """Who is proposed by an officer is proposed with a reason."""

    code = "reason-needed"
    law = CLEAN_UP
    remedy = "Give a code of the table keeper_reason."


class KeeperNotProposed(Concerning):
    """Nobody was proposed to keep the number, or a party came since."""

    code = "keeper-not-proposed"
    law = CLEAN_UP
    remedy = "Propose a keeper first (ProposeKeeper)."


class ProposedByTheSame(Concerning):
    """Who proposed the keeper does not decide."""

    code = "proposed-by-the-same"
    law = CARD_LAW + " art. 19"
    remedy = "Another officer decides."


class PartyNotTold(Concerning):
    """A party has not been told of the case."""

    code = "party-not-told"
    law = CLEAN_UP
    remedy = "Tell the party and record the notice (NotifyParty)."


class NobodyChanges(Concerning):
    """The decision changes no number, or that of who keeps it."""

    code = "nobody-changes"
    law = CLEAN_UP
    remedy = "Name whose number changes, the keeper not among them; or close the case."


class ListingStale(Concerning):
    """What the change touches is not what was listed."""

    code = "listing-stale"
    law = CLEAN_UP
    remedy = "List it again (ListNumberChange), look at it, and decide on that."


class ResolutionUnfit(Concerning):
    """The register does not say of any party what the resolution says."""

    code = "resolution-unfit"
    law = CLEAN_UP
    remedy = "Choose the code of duplicate_resolution that says what became of a party."


class StillFaulty(Concerning):
    """The person's number is still wrong or missing."""

    code = "still-faulty"
    law = GB_11643
    remedy = "Decide the case (DecideNumberCase): the person is given a right number."


class NoPair(Concerning):
    """A case about a double registration is about two records."""

    code = "no-pair"
    law = REGULATIONS + " art. 6"
    remedy = "Name two records, each once; of three open a case for each pair."


class NotRegisteredTwice(Concerning):
    """The two records do not agree enough to be suspected."""

    code = "not-registered-twice"
    law = REGULATIONS + " art. 6"
    remedy = "Look at the weights (match_weights); enter what is missing of the records first."


class KeptApart(Concerning):
    """Officers decided that the two records are of two persons."""

    code = "kept-apart"
    law = REGULATIONS + " art. 6"
    remedy = "Leave it; if something new speaks for one person, say what (grounds)."


class OutcomeUnfit(Concerning):
    """The outcome belongs to another kind of case."""

    code = "outcome-unfit"
    law = REGULATIONS
    remedy = "Choose one that the table registration_outcome gives for this fault."


class NotYetSo(Concerning):
    """The register does not say yet what the outcome says."""

    code = "not-yet-so"
    law = REGULATIONS
    remedy = "Enter the move, the cancellation or the registration first, then close the case."
