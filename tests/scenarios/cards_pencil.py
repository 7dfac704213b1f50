"""Applications for cards as a clerk with a pencil keeps them; it shares no code with the register.

The table of steps was written from the workflow of 2004: it says of every step from which states it
may be taken, and where it leads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from registry.values import ApplicationId

#: Each step: the states from which it may be taken, and the state it leads to.
STEPS: dict[str, tuple[str, str]] = {
    "capture": ("00 01 12 17 23 25 30 97", "01"),
    "void": ("00 01 10 12 17 23 25 30", "02"),
    "send station": ("01 03", "03"),
    "receive county": ("03", "04"),
    "audit": ("04 10", "11"),
    "fail audit": ("04 10 13", "12"),
    "sign": ("11", "13"),
    "send county": ("13 14", "14"),
    "receive city": ("14", "15"),
    "judge good": ("15", "16"),
    "judge bad": ("15", "17"),
    "extract": ("16", "20"),
    "send city": ("16 18 20", "18"),
    "receive province": ("18", "21"),
    "check": ("21", "22"),
    "fail check": ("21", "23"),
    "order": ("20 22 32 97", "24"),
    "return": ("24", "25"),
    "return site": ("24", "30"),
    "write": ("24", "31"),
    "reject produced": ("31", "32"),
    "cards province": ("31", "60"),
    "good province": ("60", "61"),
    "bad province": ("60", "62"),
    "sort province": ("61", "64"),
    "send down province": ("61 64", "63"),
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
    "confirm": ("90 92 93 95", "96"),
    "archive": ("02 96 97", "98"),
    "redo": (
        "31 32 60 61 62 63 64 70 71 72 73 74 80 81 82 83 84 89 90 91 92",
        "97",
    ),
}
#: Steps that leave an application where it is.
BESIDE = ("bind", "spoil", "propose", "give up", "confirm giving up")
OF_BODIES = {"write", "spoil", "give up", "confirm giving up"}
#: Steps that lead back or end an application, and would else be most of them.
RARE = {
    *("void", "archive", "fail audit", "judge bad", "fail check", "return", "return site"),
    *("reject produced", "redo", "spoil", "give up", "surrender", "confirm", "propose"),
    *("remind", "lose", "found"),
    *(step for step in STEPS if step.startswith("bad ")),
}
OPEN_ENDS = {"02", "93", "94", "95", "96", "98"}
GONE = {"spoiled", "voided", "destroyed"}


@dataclass
class Case:
    """An application as the pencil has it."""

    id: ApplicationId
    person: str
    reason: str
    state: str = "00"
    attempt: int = 0
    body: int | None = None
    bodies: int = 0
    acted: dict[str, str] = field(default_factory=dict)  # state: who brought it there last
    replaced: bool = False
    voided: bool = False
    made_on: date | None = None
    proposed: tuple[int, str] | None = None  # version and officer, if nothing happened since
    history: list[tuple[int, str]] = field(default_factory=list)  # position, state


@dataclass
class Body:
    """A card body as the pencil has it."""

    number: int
    state: str = "on_line"
    case: Case | None = None
    proposed: tuple[int, str] | None = None


class Pencil:
    """What the clerk knows of all applications and bodies, and what may be done with them."""

    cases: list[Case]
    bodies: dict[int, Body]

    @property
    def today(self) -> date:
        """The day on which the clerk is asked."""
        raise AssertionError("a clerk lives in a town")

    def may_accept(self, person: str, reason: str) -> bool:
        before = [case for case in self.cases if case.person == person and not case.voided]
        held = [case for case in before if case.state in {"93", "94"}]
        return not (
            any(case.state not in OPEN_ENDS and not case.replaced for case in before)
            or (reason == "12" and any(case.reason == "12" for case in before))
            or (reason == "41" and bool(held) and held[-1].state == "93")
            or (reason != "41" and any(self.lately(case) for case in before))
        )

    def lately(self, case: Case) -> bool:
        return case.made_on is not None and self.today <= case.made_on + timedelta(15)

    def may(self, step: str, case: Case, officer: str) -> bool:
        body = self.bodies[case.body] if case.body else None
        match step:
            case "bind":
                free = body is None or body.state in GONE
                return case.state == "24" and free and case.bodies < 3
            case "spoil":
                return body is not None and body.state == "bound"
            case "give up":
                return self.may_give_up(case)
            case "confirm giving up":
                proposed = body.proposed if body else None
                other = proposed is not None and proposed[1] != officer
                return other and self.may_give_up(case)
            case "propose":
                return case.state in {"90", "92", "93", "95"}
        states, _ = STEPS[step]
        if case.state not in states.split():
            return False
        match step:
            case "capture" | "order" if case.state == "97":
                return not case.replaced
            case "surrender" | "archive" if case.state == "97":
                return case.replaced
            case "audit":
                return officer not in {case.acted["00"], case.acted["01"]}
            case "sign":
                return officer not in {case.acted["00"], case.acted["01"], case.acted["11"]}
            case "return" | "return site" | "redo":
                return body is None or body.state in GONE
            case "write":
                return body is not None and body.state == "bound"
            case "hand out":
                if case.reason == "22":
                    held = [one for one in self.others(case) if one.state == "93"]
                    return bool(held)
                return True
            case "found":
                return not any(
                    one.state not in OPEN_ENDS and not one.replaced for one in self.others(case)
                )
            case "confirm":
                return case.proposed is not None and case.proposed[1] != officer
            case _ if step.startswith(("reject produced", "bad ")):
                return body is None or body.state == "personalised"
        return True

    def may_give_up(self, case: Case) -> bool:
        state = self.bodies[case.body].state if case.body else None
        kept = case.state in STEPS["redo"][0].split()
        return state == "bound" or (state == "personalised" and kept)

    def others(self, case: Case) -> list[Case]:
        return [one for one in self.cases if one.person == case.person and one is not case]
