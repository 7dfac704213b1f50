"""Applications for cards as a clerk with a pencil keeps them; it shares no code with the register.

The table of steps was written from the workflow of 2004: it says of every step from which states it
may be taken, and where it leads. What the law asks besides is in `Pencil.why`, rule by rule: the
codes of the refusals that it allows, none where the step is lawful.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from registry.values import ApplicationId

#: Each step: the states from which it may be taken, and the state it leads to.
STEPS: dict[str, tuple[str, str]] = {
    "capture": ("00 01 12 17 23 25 30 97", "01"),
    "void": ("00 01 10 12 17 23 25 30 97", "02"),
    "send station": ("01 03", "03"),
    "receive county": ("03", "04"),
    "hold": ("04", "10"),
    "audit": ("04 10", "11"),
    "fail audit": ("04 10 11 13", "12"),
    "sign": ("11", "13"),
    "send county": ("13 14", "14"),
    "receive city": ("14", "15"),
    "judge good": ("15", "16"),
    "judge bad": ("15", "17"),
    "extract": ("16", "20"),
    "send city": ("16 18 20", "18"),
    "receive province": ("18", "21"),
    "check": ("21", "22"),
    "fail check": ("21 22", "23"),
    "order": ("22 32 97", "24"),
    "return": ("24", "25"),
    "return site": ("24", "30"),
    "write": ("24", "31"),
    "reject produced": ("31", "32"),
    "cards province": ("31", "60"),
    "good province": ("60", "61"),
    "bad province": ("60", "62"),
    "sort province": ("61", "64"),
    "send down province": ("61 64", "63"),
    "send straight province": ("61 64", "63"),  # past the city, to the county
    "cards city": ("63", "70"),
    "good city": ("70", "71"),
    "bad city": ("70", "72"),
    "sort city": ("71", "74"),
    "send down city": ("71 74", "73"),
    "cards county": ("63 73", "80"),
    "good county": ("80", "81"),
    "bad county": ("80", "82"),
    "sort county": ("81", "84"),
    "send down county": ("81 84", "83"),
    "cards station": ("83", "89"),
    "good station": ("89", "90"),
    "bad station": ("89", "91"),
    "remind": ("90 92", "92"),
    "hand out": ("81 84 90 92", "93"),
    "lose": ("93", "94"),
    "found": ("94", "93"),
    "surrender": ("93 94 97", "95"),
    "confirm": ("90 92 95", "96"),
    "archive": ("02 96", "98"),
    "redo": (
        "24 31 32 60 61 62 63 64 70 71 72 73 74 80 81 82 83 84 89 90 91 92",
        "97",
    ),
}
#: Further steps that the law knows and a clerk of 2007, in a province that inspects at every tier,
#: does not take: fingerprints from 2012 on, cards passed on uninspected; and what befalls a lost
#: card when another one is handed out for it.
ELSEWHERE: dict[str, tuple[str, str]] = {
    "prints": ("00 01 12 17 23 25 30 97", "06"),
    "capture after prints": ("06", "01"),
    "void after prints": ("06", "02"),
    "sort uninspected province": ("60", "64"),
    "send down uninspected province": ("60", "63"),
    "sort uninspected city": ("70", "74"),
    "sort uninspected county": ("80", "84"),
    "send down uninspected county": ("80", "83"),
    "remind uninspected": ("89", "92"),
    "hand out uninspected": ("80 89", "93"),
    "replaced": ("94", "97"),
}
#: Steps that leave an application where it is.
BESIDE = ("bind", "spoil", "propose", "give up", "confirm giving up")
OF_BODIES = {"write", "spoil", "give up", "confirm giving up"}
#: Steps that lead back or end an application, and would else be most of them.
RARE = {
    *("void", "archive", "fail audit", "judge bad", "fail check", "return", "return site", "hold"),
    *("reject produced", "redo", "spoil", "give up", "surrender", "confirm", "propose"),
    *("remind", "lose", "found"),
    *(step for step in STEPS if step.startswith("bad ")),
}
#: Steps after which a card is nearer to being made, so that it must still be one that may be made.
TOWARDS = {"audit", "sign", "order", "bind"}
OPEN_ENDS = {"02", "93", "94", "95", "96", "98"}
FOUND_FAULTY = {"32", "62", "72", "82", "91"}
GONE = {"spoiled", "voided", "destroyed"}
#: Steps that no card takes where it came to and was not looked at.
ONWARDS = ("sort ", "send down ", "send straight ", "remind", "hand out")
#: Reasons for which an old card is handed back, where there is one.
FOR_THE_OLD = {"22", "24", "25"}


@dataclass
class Citizen:
    """Somebody who may have a card, as the clerk knows of them."""

    living: bool = True
    here: bool = True  # registered in the county
    disputed: bool = False  # somebody else has the same number


@dataclass
class Case:
    """An application as the pencil has it."""

    id: ApplicationId
    person: str
    reason: str
    state: str = "00"
    attempt: int = 0
    ordered: bool = False  # the attempt has had its order
    body: int | None = None
    bodies: int = 0
    acted: dict[str, str] = field(default_factory=dict)  # state: who brought it there last
    replaced: bool = False
    voided: bool = False
    made_on: date | None = None
    held: bool = False  # has been in the holder's hand
    sent_to: str | None = None  # the tier for which the card is on its way
    draw: tuple[Case, ...] = ()  # what the city drew from, and whether it looks at this one
    sampled: bool = False
    proposed: tuple[int, str] | None = None  # version and officer, if nothing happened since
    history: list[tuple[int, str]] = field(default_factory=list)  # position, state


@dataclass
class Body:
    """A card body as the pencil has it: the last thing proposed about it, if nothing came since."""

    number: int
    state: str = "on_line"
    case: Case | None = None
    proposed: tuple[int, str] | None = None  # to give it up
    condemned: str | None = None  # who proposed to destroy it


@dataclass
class Slip:
    """An application for a temporary card, and the card."""

    id: ApplicationId
    person: str
    state: str = "applied"
    until: date | None = None


class Pencil:
    """What the clerk knows of all applications and bodies, and what stands in the way of a step."""

    citizens: dict[str, Citizen]
    cases: list[Case]
    slips: list[Slip]
    bodies: dict[int, Body]
    ready: bool  # the county's data are accepted
    of_the_station: frozenset[str]  # officers who act for no other office

    @property
    def today(self) -> date:
        """The day on which the clerk is asked."""
        raise AssertionError("a clerk lives in a town")

    # --- whether a card may be made at all

    def unfit(self, person: str) -> Iterator[str]:
        """art. 8, 先建库、后发证, 重号: for the living, at home, under a number of one's own."""
        citizen = self.citizens[person]
        if not citizen.living:
            yield "already-deceased"
        elif not citizen.here:
            yield "moved-away"
        if not self.ready:
            yield "baseline-not-accepted"
        if citizen.disputed:
            yield "number-in-dispute"

    def why_not_accept(self, person: str, reason: str) -> set[str]:
        """art. 7, 11: one application at a time, one first card, a loss reported first."""
        before = [case for case in self.cases if case.person == person and not case.voided]
        found = set(self.unfit(person))
        if "moved-away" in found:
            found.add("not-registered")
        if any(map(self.under_way, before)):
            found.add("application-open")
        firsts = (case for case in before if case.reason == "12")
        if reason == "12" and any(self.under_way(case) or case.held for case in firsts):
            found.add("reason-unfit")
        holding = [case for case in before if case.state in {"93", "94"}]
        if reason == "41" and holding and holding[-1].state == "93":
            found.add("report-loss-first")
        if reason not in {"41", "25"} and any(map(self.lately, before)):
            found.add("too-soon")
        return found

    def under_way(self, case: Case) -> bool:
        return case.state not in OPEN_ENDS and not case.replaced

    def lately(self, case: Case) -> bool:
        return case.made_on is not None and self.today <= case.made_on + timedelta(15)

    # --- the steps

    def why(self, step: str, case: Case, officer: str) -> set[str]:
        """What stands in the way of a step."""
        return {*self.out_of_order(step, case), *self.besides(step, case, officer)}

    def may(self, step: str, case: Case, officer: str) -> bool:
        """Whether nothing does."""
        return not self.why(step, case, officer)

    def out_of_order(self, step: str, case: Case) -> Iterator[str]:
        if step in {"spoil", "give up", "confirm giving up"} or self.again(step, case):
            return  # a matter of the body alone
        states = {"bind": "24", "propose": STEPS["confirm"][0]}.get(step) or STEPS[step][0]
        lawful = case.state in states.split()
        if case.state == "97" and case.replaced:  # it was lost, and may turn up
            lawful = step == "surrender"
        elif case.state == "97":
            lawful = lawful and step != "surrender"
        if not lawful:
            yield "step-out-of-order"

    def besides(self, step: str, case: Case, officer: str) -> Iterator[str]:
        body = self.bodies[case.body] if case.body else None
        free = body is None or body.state in GONE
        match step:
            case "bind":
                if not free:
                    yield "body-not-settled"
                if case.bodies >= 3:
                    yield "bodies-exhausted"
            case "spoil":
                assert body is not None
                if body.state != "bound":
                    yield "body-is-card" if body.state == "personalised" else "body-out-of-order"
            case "write":
                assert body is not None
                if body.state not in {"bound", "personalised"}:
                    yield "body-not-written"
            case "give up" | "confirm giving up":
                yield from self.keeps(case)
                if step != "give up":
                    yield from self.second(body.proposed if body else None, officer)
            case "redo":
                if case.state == "94":
                    yield "not-replaced"  # by an application of its own
                if not free:
                    yield "body-not-settled"
                if body is None and case.state not in FOUND_FAULTY:
                    yield "two-needed"
            case "return" | "return site":
                if not free:
                    yield "body-not-settled"
            case "propose" if body is not None and body.state == "bound":
                yield "body-out-of-order"
            case "propose" if body is not None and body.state in {"voided", "destroyed"}:
                yield "body-out-of-order"
            case "confirm":
                yield from self.second(case.proposed, officer)
                if body is not None:
                    if body.condemned is None:
                        yield "nothing-proposed"
                    elif body.condemned == officer:
                        yield "same-officer"
                    if body.state not in {"spoiled", "personalised"}:
                        yield "body-out-of-order"
            case "audit" | "sign":
                states = ("00", "01") if step == "audit" else ("00", "01", "11")
                if officer in {case.acted.get(state) for state in states}:
                    yield "same-officer"
            case "hold" if not self.citizens[case.person].disputed:
                yield "nothing-in-dispute"
            case "judge good" | "judge bad" if {one.state for one in case.draw} - {"15"}:
                yield "step-out-of-order"
            case "hand out":
                yield from self.not_for(case)
                if case.state in {"80", "81", "84"} and officer in self.of_the_station:
                    yield "card-elsewhere"
            case "found" if any(map(self.under_way, self.others(case))):
                yield "replacement-under-way"
        if step in TOWARDS:
            yield from self.unfit(case.person)
        binned = step.startswith(("reject produced", "bad ")) and body is not None
        if binned and body is not None and body.state not in {"bound", "personalised"}:
            yield "body-out-of-order"
        if step.startswith(ONWARDS) and case.state in {"60", "70", "80", "89"}:
            yield "not-inspected"
        if step.startswith("reject produced") and case.sent_to is not None:
            yield "sent-elsewhere"
        if step.startswith("cards ") and case.sent_to not in {None, step.removeprefix("cards ")}:
            yield "sent-elsewhere"

    def again(self, step: str, case: Case) -> bool:
        """Whether a step was taken before, and the answer to it was lost."""
        return step == "write" and self.bodies[case.body or 0].state == "personalised"

    def second(self, proposed: tuple[int, str] | None, officer: str) -> Iterator[str]:
        """Two persons: what one proposed, another one confirms, with nothing between."""
        if proposed is None:
            yield "nothing-proposed"
        elif proposed[1] == officer:
            yield "same-officer"

    def keeps(self, case: Case) -> Iterator[str]:
        """Whether an office has the body, or is thought to have it."""
        assert case.body is not None
        state = self.bodies[case.body].state
        if state == "personalised":
            if case.state not in STEPS["redo"][0].split():
                yield "card-not-kept"
        elif state != "bound":
            yield "body-out-of-order"

    def not_for(self, case: Case) -> Iterator[str]:
        """art. 11, 重号: not for the dead, nor under a number that somebody else has too."""
        if not self.citizens[case.person].living:
            yield "already-deceased"
        if self.citizens[case.person].disputed:
            yield "number-in-dispute"

    # --- old cards

    def others(self, case: Case) -> list[Case]:
        return [one for one in self.cases if one.person == case.person and one is not case]

    def held(self, case: Case) -> list[ApplicationId]:
        """art. 11: what the holder has, all of it to be handed back."""
        cards = [one.id for one in self.others(case) if one.state == "93"]
        slips = (slip for slip in self.slips if slip.person == case.person)
        return [*cards, *(slip.id for slip in slips if slip.state == "issued")]

    def unknown_old(self, case: Case) -> bool:
        """Whether an old card must be there that the register has never heard of."""
        destroyed = (
            one.made_on and not one.voided and one.state in {"96", "98"}
            for one in self.others(case)
        )
        known = any(one.held for one in self.others(case)) or any(destroyed)
        return case.reason in FOR_THE_OLD and not known

    # --- temporary cards

    def why_not_slip(self, step: str, person: str, slip: Slip | None) -> set[str]:
        """art. 12, 临时居民身份证管理办法: one at a time, for the living at home."""
        before = [one for one in self.slips if one.person == person]
        holding = [one for one in before if one.state == "issued" and one.until]
        found = set()
        due = "applied" if step in {"issue", "refuse"} else "issued"
        if slip is not None and slip.state != due:
            found.add("step-out-of-order")
        if step in {"apply", "issue"}:
            citizen = self.citizens[person]
            if not citizen.living:
                found.add("already-deceased")
            elif not citizen.here:
                found |= {"not-registered", "moved-away"}
            if any(one.until and one.until >= self.today for one in holding):
                found.add("temporary-holds")
        if step == "apply" and any(one.state == "applied" for one in before):
            found.add("application-open")
        return found
