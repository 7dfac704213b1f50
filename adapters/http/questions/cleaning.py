"""Questions about the clean-up: what is wrong with whom, how far it is, what was imported."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from adapters import cleaning, visits
from adapters.http.asking import Answer, Ask, cursor_token, question
from adapters.http.clocks import PAGE
from adapters.http.parameters import Parameter, path_id, typed, whole
from adapters.http.questions.cards import CARDS, UNITS
from adapters.http.questions.common import HOUSEHOLD, LIMIT, PERSON, PLACE, seen_place, turn_of
from adapters.http.questions.persons import seen_person
from adapters.http.sight import PEOPLE
from registry.errors import Fault, Malformed
from registry.projections.findings import Wanted
from registry.values import EvidenceSource, OfficeCode, RegisterItem, RuleCode, Severity

STATION_CODE = typed("station", OfficeCode, "only of communities in this station's care (派出所)")
RULE = typed("rule", RuleCode, "only by this rule", example="0405")
ITEM = typed("item", RegisterItem, "only about this item (登记项目)")
SOURCE = typed("source", EvidenceSource, "only of this source (核对来源)")
SEVERITY = typed("severity", Severity, "only so grave: error, warning or notice")
CHOICE: tuple[Parameter, ...] = (STATION_CODE, RULE, ITEM, SOURCE, SEVERITY)
WEEKS = whole("weeks", 1, 260, 8, "how many weeks back")
BATCH = path_id("batch", "a batch's identifier")


def wanted(ask: Ask, place: UUID) -> Wanted:
    """Which findings are asked for."""
    return Wanted(place, **{one.name: ask.values[one.name] for one in CHOICE})


@question("/persons/{person}/findings", PERSON, roles=PEOPLE)
def person_findings(ask: Ask) -> Answer:
    """What was found wrong with a person, open and settled (差错台账)."""
    one = seen_person(ask)
    found = cleaning.of_subject(ask.reader, one.id, ask.at)
    told = [dict(each.__dict__) for each in found]
    return Answer(
        {"person": one.id, "findings": told, **ask.point()}, [one.id], ["findings"], len(told)
    )


@question("/households/{household}/findings", HOUSEHOLD, roles=PEOPLE)
def household_findings(ask: Ask) -> Answer:
    """What was found wrong with a household, open and settled (差错台账)."""
    one = ask.values["household"]
    known = ask.found("household", ask.reader.household(one, ask.at), one)
    ask.sight.household(known)
    found = cleaning.of_subject(ask.reader, one, ask.at)
    told = [dict(each.__dict__) for each in found]
    return Answer(
        {"household": one, "findings": told, **ask.point()}, [one], ["findings"], len(told)
    )


@question("/persons/{person}/verification", PERSON, roles=PEOPLE)
def person_verification(ask: Ask) -> Answer:
    """How far the checking of a person has come (核对状态): desk, visit, faults, verified."""
    one = seen_person(ask)
    found = cleaning.checking(ask.reader, one.id, ask.at)
    body = {"verification": {**found.__dict__, "state": found.state}, **ask.point()}
    return Answer(body, [one.id], ["verification"])


@question("/persons/{person}/registered-items", PERSON, roles=PEOPLE)
def person_registered_items(ask: Ask) -> Answer:
    """What the register says of a person, item by item, to hold papers against (登记项目)."""
    one = seen_person(ask)
    told = visits.of_person(ask.reader, one, ask.at)
    return Answer({"person": one.id, "items": told, **ask.point()}, [one.id], ["items"])


@question("/households/{household}/visit-sheet", HOUSEHOLD, roles=PEOPLE)
def household_visit_sheet(ask: Ask) -> Answer:
    """The sheet with which an officer visits a household (入户核对表): every item, what is open."""
    one = ask.values["household"]
    known = ask.found("household", ask.reader.household(one, ask.at), one)
    ask.sight.household(known)
    found = ask.found("household", visits.sheet(ask.reader, one, ask.at), one)
    members = [
        {**each.__dict__, "findings": [dict(open_.__dict__) for open_ in each.findings]}
        for each in found.members
    ]
    body = {"sheet": {**found.__dict__, "members": members}, **ask.point()}
    return Answer(body, visits.subjects(found), ["items"], len(members))


@question("/places/{place}/findings", PLACE, *CHOICE, LIMIT, PAGE, roles=CARDS)
def place_findings(ask: Ask) -> Answer:
    """The work list of a place (待办差错): open findings, those that waited longest at the top."""
    one = seen_place(ask)
    turn, limit = turn_of(ask), ask.values["limit"]
    at = ask.at if turn is None else turn.at
    after = None if turn is None else _after(turn.last)
    found = cleaning.work_list(ask.reader, wanted(ask, one.id), at, after, limit + 1)
    shown = found[:limit]
    following = cursor_token(ask, at, shown[-1].place_in_list) if len(found) > limit else None
    body: dict[str, Any] = {
        "findings": [dict(each.__dict__) for each in shown],
        "next": following,
        **ask.point_of(at),
    }
    return Answer(body, cleaning.subjects(shown), ["findings"], len(shown))


def _after(last: Any) -> list[Any]:
    """Where the list goes on; a cursor of another list of the place does not fit."""
    kinds = (int, bytes, str, str, str)
    fits = len(last) == len(kinds)
    if not fits or not all(isinstance(one, kind) for one, kind in zip(last, kinds, strict=True)):
        raise Malformed([Fault("cursor", "not-a-token", "it is the cursor of another list")])
    return list(last)


@question("/places/{place}/finding-counts", PLACE, *CHOICE, roles=UNITS, personal=False)
def place_finding_counts(ask: Ask) -> Answer:
    """How many findings of each kind a place has, and how many of them are open (差错统计)."""
    one = seen_place(ask)
    found = cleaning.kinds(ask.reader, wanted(ask, one.id), ask.at)
    body = {
        "place": one.id,
        "found": sum(each.found for each in found),
        "open": sum(each.open for each in found),
        "kinds": [dict(each.__dict__) for each in found],
        **ask.point(),
    }
    return Answer(body, rows=len(found))


@question("/places/{place}/clean-up", PLACE, STATION_CODE, WEEKS, roles=UNITS, personal=False)
def place_clean_up(ask: Ask) -> Answer:
    """How far the checking of a place has come (核对进度), by community and week by week."""
    one, station = seen_place(ask), ask.values["station"]
    whole_place, parts = cleaning.progress(ask.reader, one.id, ask.at, station)
    asked = Wanted(one.id, station=station)
    weeks = cleaning.weeks(ask.reader, asked, ask.at, ask.values["weeks"])
    body = {
        "place": one.id,
        "progress": {**whole_place.__dict__, "percent": whole_place.percent},
        "communities": [{**each.__dict__, "percent": each.percent} for each in parts],
        "weeks": [dict(each.__dict__) for each in weeks],
        **ask.point(),
    }
    return Answer(body, rows=len(parts))


@question("/batches", roles=UNITS, personal=False)
def batches(ask: Ask) -> Answer:
    """What was imported from older systems, and whether the counts agree (入库核对)."""
    found = cleaning.every_batch(ask.reader, ask.at)
    return Answer({"batches": [dict(one.__dict__) for one in found], **ask.point()})


@question("/batches/{batch}", BATCH, roles=UNITS, personal=False)
def batch(ask: Ask) -> Answer:
    """One import: its counts, unit by unit, against those that its source declared (入库核对)."""
    one = ask.values["batch"]
    found = ask.found("batch", cleaning.batch(ask.reader, one, ask.at), one)
    units = [dict(each.__dict__) for each in cleaning.units(ask.reader, one, ask.at)]
    return Answer({"batch": dict(found.__dict__), "units": units, **ask.point()})
