"""Applications driven through random steps, lawful or not, against a ledger kept with a pencil."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import count, pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from registry.aggregates import Application, CardBody
from registry.card_terms import SamplePlan
from registry.commands.cards_acceptance import (
    AcceptApplication,
)
from registry.commands.cards_bins import OpenBin
from registry.commands.cards_common import Tier
from registry.commands.cards_gates import AcceptBaseline, WithdrawBaseline
from registry.commands.cards_temporary import (
    ApplyForTemporaryCard,
    IssueTemporaryCard,
    RefuseTemporaryCard,
    ReportTemporaryLoss,
    SurrenderTemporaryCard,
)
from registry.commands.migration import MoveOut
from registry.register import Authority
from registry.values import (
    ApplicationId,
    CardReason,
    PaperNumber,
    Sex,
    SurrenderReason,
)
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.log import KeptLog
from replay.questions.material import material
from replay.states.history import At
from tests.scenarios.cards import (
    ADMINISTRATOR,
    BELOW,
    BIN,
    PHOTO,
    SIGNER,
    STATION,
    handing,
    ready,
    serial,
)
from tests.scenarios.cards_pencil import (
    BESIDE,
    OF_BODIES,
    OPEN_ENDS,
    RARE,
    STEPS,
    Body,
    Case,
    Citizen,
    Slip,
)
from tests.scenarios.cards_steps import EITHER, Steps
from tests.scenarios.machines import InTown, drive
from tests.scenarios.moulds import Mould
from tests.scenarios.town import (
    DECLARANT,
    GROUNDS,
    HEAD,
    QINGYANG,
    death,
    new,
    supplement,
)

PEOPLE = ("甲", "乙", "丙", "丁")
BORN = date(1975, 3, 5)
#: Of what the city receives together it looks at one.
ONE_OF_MANY = SamplePlan(permille=0, least=1, accepts=0, document="文")
#: Steps that are taken with several applications at once.
TOGETHER = ("audit", "sign", "extract", "check", "order", "send ", "receive ", "cards ", "good ")
#: Instants between which the books of blanks are balanced in the end.
INSTANTS = 20
#: Steps drawn one by one would be the first of their lists, and applications end before they begin.
DICE = st.integers(0, 2**32).map(Random)


class Cards(Steps, InTown):
    """Four people, some blanks, and every officer there is; people die, move, share a number."""

    def __init__(self) -> None:
        super().__init__()
        setting = self.town.register.setting
        cards = replace(setting.cards, sample=ONE_OF_MANY)
        self.town.register.setting = replace(setting, cards=cards)
        self.papers = count(1)
        for name in PEOPLE:
            self.town.ids[name] = self.somebody(name)
        ready(self.town, *PEOPLE)
        self.town.do(OpenBin(bin_number=BIN), STATION)
        self.citizens = {name: Citizen() for name in PEOPLE}
        self.ready, self.of_the_station = True, frozenset({STATION.officer})
        self.cases, self.slips, self.bodies = [], [], {}
        self.more_blanks()

    def somebody(self, name: str, number: Any = None) -> Any:
        """A grown-up alone in a household."""
        home = new(self.town.gate, str(700 + next(self.papers)))
        told = supplement(name, Sex.MALE, BORN, HEAD, number=number, new_household=home)
        return self.town.do(told)["person"]

    def teardown(self) -> None:
        self.replayed()
        self.balanced()
        super().teardown()

    # --- what is done

    @rule(dice=DICE)
    def accept(self, dice: Random) -> None:
        person, reason = dice.choice(PEOPLE), dice.choice(["12", "12", "22", "25", "41"])
        by = dice.choice([STATION, EITHER])
        command = AcceptApplication(person=self.town.ids[person], apply_reason=CardReason(reason))
        if why := self.why_not_accept(person, reason):
            self.refused(command, by, why)
            return
        case = Case(ApplicationId(self.town.do(command, by)["application"]), person, reason)
        case.acted["00"] = by.officer
        case.history.append((self.head(), "00"))
        self.cases.append(case)

    def refused(self, command: Any, by: Authority, why: set[str]) -> None:
        """A command is refused, and for no reason that the clerk does not know."""
        assert set(self.town.refused(command, by)) <= why, (command, why)

    @rule(days=st.integers(0, 20))
    def pass_days(self, days: int) -> None:
        self.town.today += timedelta(days)

    @rule(dice=DICE)
    def something_befalls(self, dice: Random) -> None:
        """Somebody dies, leaves, or turns out to share a number; a gate is closed or opened."""
        town = self.town
        if dice.random() < (0.1 if self.ready else 0.9):
            gate = WithdrawBaseline if self.ready else AcceptBaseline
            town.do(gate(division=town.jingyang, document="文"), ADMINISTRATOR)
            self.ready = not self.ready
        if dice.random() < 0.8:
            return  # else nobody would be left
        name = dice.choice(PEOPLE)
        citizen, person = self.citizens[name], town.ids[name]
        what = dice.choice(["death", "move", "number"])
        if not citizen.living or not citizen.here:
            return
        if what == "death":
            town.do(death(person, died_on=self.today))
            citizen.living = False
        elif citizen.disputed:
            return  # a party to an open case does not move
        elif what == "move":
            paper = PaperNumber(f"Q-{next(self.papers)}")
            leaving = MoveOut(
                persons=(person,),
                destination=QINGYANG,
                certificate_number=paper,
                declarant=DECLARANT,
                on=self.today,
            )
            town.do(leaving)
            citizen.here = False
        else:
            self.somebody("同号", town.person(person).number)
            citizen.disputed = True

    @rule(dice=DICE)
    def temporary(self, dice: Random) -> None:
        """A temporary card is applied for, made, refused, handed back, lost."""
        step = dice.choice(["apply", "issue", "refuse", "give back", "lose"])
        slip = dice.choice(self.slips) if self.slips and step != "apply" else None
        if slip is None:
            step = "apply"
        person = slip.person if slip else dice.choice(PEOPLE)
        one: dict[str, Any] = {"application": slip.id if slip else None}
        commands: dict[str, tuple[Callable[[], Any], Authority, str]] = {
            "apply": (
                lambda: ApplyForTemporaryCard(
                    person=self.town.ids[person], photo=PHOTO, photo_size=9_000
                ),
                STATION,
                "applied",
            ),
            "issue": (
                lambda: IssueTemporaryCard(
                    **one, temporary_number=PaperNumber(f"LS{next(self.papers)}")
                ),
                SIGNER,
                "issued",
            ),
            "refuse": (lambda: RefuseTemporaryCard(**one, grounds=GROUNDS), SIGNER, "refused"),
            "give back": (
                lambda: SurrenderTemporaryCard(**one, surrender_reason=SurrenderReason("1")),
                STATION,
                "surrendered",
            ),
            "lose": (lambda: ReportTemporaryLoss(**one, declarant=DECLARANT), STATION, "lost"),
        }
        make, by, after = commands[step]
        if why := self.why_not_slip(step, person, slip):
            self.refused(make(), by, why)
            return
        told = self.town.do(make(), by)
        if slip is None:
            self.slips.append(Slip(told["application"], person))
            return
        slip.state = after
        if step == "issue":
            slip.until = date.fromisoformat(told["valid_until"])

    @rule(dice=DICE)
    def go_on(self, dice: Random) -> None:
        """Some lawful steps of one application, so that all depths are reached."""
        if not self.cases:
            return
        case = dice.choice(self.cases)
        for _ in range(dice.randint(20, 60)):
            second = dice.random() < 0.5
            lawful = [
                step
                for step in (*STEPS, *BESIDE)
                if (case.body is not None or step not in OF_BODIES)
                and self.may(step, case, self.officer(step, second).officer)
            ]
            if lawful:
                weights = [
                    1 if step in RARE or STEPS.get(step, ("", ""))[1] == case.state else 30
                    for step in lawful
                ]
                self.take(dice.choices(lawful, weights)[0], [case], second)

    @rule(dice=DICE)
    def go_on_together(self, dice: Random) -> None:
        """A step with all that stand at one place, which is lawful if it is for each of them."""
        where = dice.choice([case.state for case in self.cases] or [""])
        together = [case for case in self.cases if case.state == where]
        for step in dice.sample(list(STEPS), len(STEPS) if together else 0):
            if step.startswith(TOGETHER) and where in STEPS[step][0].split():
                self.take(step, together, dice.random() < 0.5)
                return

    @rule(dice=DICE)
    def try_anything(self, dice: Random) -> None:
        """Any step at all, which is refused unless it is lawful."""
        for _ in range(10 if self.cases else 0):
            case = dice.choice(self.cases)
            step = dice.choice([*STEPS, *BESIDE])
            if case.body is not None or step not in OF_BODIES:  # there must be a body to name
                self.take(step, [case], dice.random() < 0.5)

    def take(self, step: str, cases: Sequence[Case], second: bool) -> None:
        by = self.officer(step, second)
        why = set().union(*(self.why(step, case, by.officer) for case in cases))
        if why:
            self.refused(self.command(step, cases), by, why)
            return
        if step == "hand out" and (self.held(cases[0]) or self.unknown_old(cases[0])):
            nothing = handing(self.town, cases[0].id)
            self.refused(nothing, by, {"old-card-kept"})
        told = self.town.do(self.command(step, cases), by)
        if step == "receive city":
            for case in cases:
                case.draw, case.sampled = tuple(cases), str(case.id) in told["sample"]
            assert sum(case.sampled for case in cases) == 1
        if step.startswith("judge"):
            self.judged(step, cases[0], by.officer)
        elif not self.again(step, cases[0]):
            for case in cases:
                self.note(step, case, by.officer, told)

    def judged(self, step: str, case: Case, officer: str) -> None:
        """德办发(2004)39号: a fault in the sample returns all, one outside it its own alone."""
        whole = all(one.sampled for one in case.draw)
        for one in case.draw:
            back = step == "judge bad" and (one is case or (case.sampled and not whole))
            self.reached(one, "17" if back else "16", officer)

    def note(self, step: str, case: Case, officer: str, told: dict[str, Any]) -> None:
        """What a step does, in pencil."""
        body = self.bodies[case.body] if case.body else None
        match step:
            case "bind":
                number = next(one for one, each in self.bodies.items() if each.state == "on_line")
                self.bodies[number].state, self.bodies[number].case = "bound", case
                case.body, case.bodies, case.proposed = number, case.bodies + 1, None
                return
            case "propose":
                case.proposed = told["version"], officer
                assert body is not None
                body.proposed, body.condemned = None, officer
                return
            case "spoil":
                self.set_aside(body, "spoiled")
                return
            case "give up":
                assert body is not None
                body.proposed, body.condemned = (told["version"], officer), None
                return
            case "confirm giving up":
                assert body is not None
                made = body.state == "personalised"
                self.set_aside(body, "voided")
                if not made:
                    return
                step = "redo"
        after = STEPS[step][1]
        if step == "check" and any(self.unfit(case.person)):
            after = "23"
        self.reached(case, after, officer)
        if step == "order":
            if case.ordered or case.attempt == 0:
                case.attempt, case.body, case.bodies = case.attempt + 1, None, 0
            case.ordered = True
        elif step == "redo":
            case.attempt, case.body, case.bodies = case.attempt + 1, None, 0
            case.ordered = False
        elif step == "void":
            case.voided = True
        elif step == "write":
            self.set_aside(body, "personalised")
            case.made_on = self.town.today
        elif step.startswith(("bad ", "reject produced")) and body is not None:
            self.set_aside(body, "spoiled")
        elif step == "confirm" and body is not None:
            self.set_aside(body, "destroyed")
        elif step.startswith("send down "):
            case.sent_to = BELOW[Tier(step.rpartition(" ")[2])]
        elif step.startswith("send straight "):
            case.sent_to = Tier.COUNTY
        elif step == "hand out":
            self.handed_out(case, officer)

    def set_aside(self, body: Body | None, state: str) -> None:
        """A body comes into a state, so that what was proposed of it before is void."""
        assert body is not None
        body.state, body.proposed, body.condemned = state, None, None

    def handed_out(self, case: Case, officer: str) -> None:
        """art. 11: the old cards come back by the same act, and a lost one is replaced."""
        case.held = True
        for one in self.others(case):
            if one.state in {"93", "94"}:
                one.replaced = True
                self.reached(one, "95" if one.state == "93" else "97", officer)
        for slip in self.slips:
            ends = {"issued": "surrendered", "applied": "refused"}
            if slip.person == case.person:
                slip.state = ends.get(slip.state, slip.state)

    def reached(self, case: Case, state: str, officer: str) -> None:
        case.state, case.proposed, case.sent_to = state, None, None
        case.acted[state] = officer
        case.history.append((self.head(), state))

    def head(self) -> int:
        return int(self.town.register.store.head()[0])

    # --- what must be so

    @invariant()
    def the_register_says_what_the_pencil_says(self) -> None:
        for case in self.cases:
            known = self.town.see(Application, case.id)
            told = (known.state, known.attempt, known.bodies)
            assert told == (case.state, case.attempt, case.bodies)
            body = None if case.body is None else self.town.named(Kind.CARD, serial(case.body))
            assert known.body == body
        for each in self.bodies.values():
            stream = self.town.named(Kind.CARD, serial(each.number))
            assert self.town.see(CardBody, stream).state.name.lower() == each.state
        for slip in self.slips:
            assert self.town.see(Application, slip.id).temporary == slip.state

    @invariant()
    def nobody_has_two_cards_or_two_applications_under_way(self) -> None:
        held = Counter(case.person for case in self.cases if case.state == "93")
        under_way = Counter(
            case.person
            for case in self.cases
            if case.state not in OPEN_ENDS and not case.replaced and not case.voided
        )
        assert max(held.values(), default=0) <= 1
        assert max(under_way.values(), default=0) <= 1

    @invariant()
    def no_two_officers_are_one(self) -> None:
        """What two have to do on a body's stream was done by two, whatever led to it."""
        for each in self.bodies.values():
            stream = self.town.named(Kind.CARD, serial(each.number))
            entries = self.town.timeline(stream)
            for entry in entries:
                if (confirms := getattr(entry.event, "confirms", None)) is not None:
                    assert entries[confirms - 1].officer != entry.officer

    @invariant()
    def no_card_is_made_twice(self) -> None:
        good = Counter(
            id(body.case) for body in self.bodies.values() if body.state == "personalised"
        )
        assert max(good.values(), default=0) <= 1
        for body in self.bodies.values():
            if body.state in {"bound", "personalised"}:
                assert body.case is not None
                assert body.case.body == body.number

    def replayed(self) -> None:
        """At every position the last code that reaches a state tells the state."""
        for case in self.cases:
            entries = self.town.timeline(case.id)
            for position, state in case.history:
                reached = [
                    VOCABULARY[type(entry.event)].reaches
                    for entry in entries
                    if entry.position <= position
                ]
                assert [one for one in reached if one][-1] == state

    def balanced(self) -> None:
        """Replayed from the log, every blank is accounted for, and nobody has two good cards."""
        streams = [self.town.named(Kind.CARD, serial(number)) for number in self.bodies]
        entries = [entry for stream in streams for entry in self.town.timeline(stream)]
        entries.sort(key=lambda entry: entry.position)
        instants = [entry.position for entry in entries[:: len(entries) // INSTANTS + 1]]
        at = [At(self.today, position) for position in (0, *instants, self.head())]
        for before, after in pairwise(at):
            found = material(KeptLog(entries), before, after)
            assert found.books.differences() == {}
            assert found.twice == []
        states = Counter(place[1] for place in found.books.closing.elements() if place[1])
        assert {one.name.lower(): count for one, count in states.items()} == Counter(
            each.state for each in self.bodies.values()
        )


def test_no_order_of_steps_leads_astray(mould: Mould, tmp_path: Path):
    drive(Cards, mould, tmp_path, examples=25, steps=25)


@pytest.mark.long
def test_no_order_of_many_steps_leads_astray(mould: Mould, tmp_path: Path):
    drive(Cards, mould, tmp_path, examples=500, steps=40)
