"""Applications driven through random steps, lawful or not, against a ledger kept with a pencil."""

from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from registry.aggregates import Application, CardBody
from registry.commands.cards_acceptance import (
    AcceptApplication,
    ArchiveApplication,
    CompleteCapture,
    VoidApplication,
)
from registry.commands.cards_audit import (
    CheckNumbers,
    FailCountyAudit,
    FailProvinceCheck,
    Faulty,
    JudgePackage,
    PassCountyAudit,
    SignCards,
)
from registry.commands.cards_bodies import (
    BindBlank,
    ConfirmBodyVoid,
    ProposeBodyVoid,
    RecordPersonalised,
    SpoilBody,
)
from registry.commands.cards_common import Tier
from registry.commands.cards_handover import (
    ConfirmDestruction,
    HandOutCard,
    ProposeDestruction,
    RemindHolders,
    ReportFound,
    ReportLoss,
    SurrenderCard,
)
from registry.commands.cards_making import (
    ExtractForPackage,
    OrderProduction,
    RedoCards,
    RejectProduced,
    ReturnOrder,
)
from registry.commands.cards_transport import (
    DispatchCards,
    PassInspection,
    ReceiveCards,
    ReceiveData,
    RejectCard,
    SendData,
    SortCards,
)
from registry.register import Authority
from registry.values import (
    ApplicationId,
    CardReason,
    Officer,
    PaperNumber,
    ProductionError,
    ReceivedQuality,
    SpoilCause,
    SurrenderReason,
)
from registry.vocabulary import VOCABULARY, Kind
from tests.scenarios.cards import (
    AUDITOR,
    BIN,
    CENTRE,
    CHIP_PHOTO,
    CITY,
    IMAGE,
    OFFICERS,
    PHOTO,
    PROVINCE,
    SIGNER,
    SITE,
    STATION,
    on_line,
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
    Pencil,
)
from tests.scenarios.moulds import Mould
from tests.scenarios.town import DECLARANT, GROUNDS, Town

PHOTO_BAD, CHIP_BAD = ProductionError("20"), ReceivedQuality("10")
EITHER = Authority(Officer("两职员"), STATION.office, frozenset({"station", "county"}))
PEOPLE = ("wang", "li", "zhao")
#: Steps drawn one by one would be the first of their lists, and applications end before they begin.
DICE = st.integers(0, 2**32).map(Random)


class Cards(Pencil, RuleBasedStateMachine):
    """Three people, some blanks, and every officer there is."""

    def __init__(self, mould: Mould, path: Path) -> None:
        super().__init__()
        shutil.copy(mould.path, path)
        self.town = Town(path, ids=dict(mould.ids), made=count(mould.made), sent=count(1000))
        ready(self.town)
        self.cases = []
        self.bodies = {}
        self.more_blanks()

    @property
    def today(self) -> date:
        """The day in the town."""
        return self.town.today

    def more_blanks(self) -> None:
        first = len(self.bodies) + 1
        on_line(self.town, *range(first, first + 3))
        self.bodies |= {number: Body(number) for number in range(first, first + 3)}

    def teardown(self) -> None:
        self.replayed()
        self.town.close()

    # --- what is done

    def command(self, step: str, case: Case) -> Any:
        one, body = case.id, case.body
        several: dict[str, Any] = {"applications": (one,)}
        verb, _, where = step.rpartition(" ")
        tier = Tier(where) if where in set(Tier) else None
        if tier is not None:
            tiered: dict[str, Any] = {"tier": tier, **several}
            match verb:
                case "send":
                    return SendData(**tiered)
                case "receive":
                    return ReceiveData(**tiered)
                case "cards":
                    return ReceiveCards(**tiered)
                case "good":
                    return PassInspection(**tiered)
                case "sort":
                    return SortCards(**tiered)
                case "send down":
                    return DispatchCards(**tiered, destination=STATION.office)
                case "bad":
                    return RejectCard(tier=tier, application=one, quality=CHIP_BAD, reject_bin=BIN)
        fault: dict[str, Any] = {"application": one, "error": PHOTO_BAD}
        number = serial(body or 999)
        body_version = self.bodies[body].proposed if body else None
        commands: dict[str, Any] = {
            "capture": CompleteCapture(
                application=one, photo=PHOTO, photo_size=17_000, chip_photo=CHIP_PHOTO
            ),
            "void": VoidApplication(application=one, grounds=GROUNDS),
            "audit": PassCountyAudit(**several),
            "fail audit": FailCountyAudit(**fault),
            "sign": SignCards(**several),
            "judge good": JudgePackage(**several),
            "judge bad": JudgePackage(**several, faulty=(Faulty(**fault),)),
            "extract": ExtractForPackage(**several),
            "check": CheckNumbers(**several),
            "fail check": FailProvinceCheck(**fault),
            "order": OrderProduction(**several, site=SITE),
            "return": ReturnOrder(**fault),
            "return site": ReturnOrder(**fault, at_the_site=True),
            "bind": BindBlank(
                application=one, serial=serial(self.free()), image=IMAGE, key_version=1
            ),
            "write": RecordPersonalised(serial=number, image=IMAGE),
            "spoil": SpoilBody(serial=number, cause=SpoilCause.PROCESS, reject_bin=BIN),
            "give up": ProposeBodyVoid(serial=number, grounds=GROUNDS),
            "confirm giving up": ConfirmBodyVoid(
                serial=number, version=body_version[0] if body_version else 1
            ),
            "reject produced": RejectProduced(application=one, quality=CHIP_BAD, reject_bin=BIN),
            "redo": RedoCards(**several),
            "remind": RemindHolders(**several),
            "hand out": HandOutCard(application=one),
            "lose": ReportLoss(application=one, declarant=DECLARANT),
            "found": ReportFound(application=one, declarant=DECLARANT),
            "surrender": SurrenderCard(application=one, surrender_reason=SurrenderReason("1")),
            "propose": ProposeDestruction(application=one, grounds=GROUNDS),
            "confirm": ConfirmDestruction(
                application=one,
                version=case.proposed[0] if case.proposed else 1,
                protocol=PaperNumber("X-1"),
            ),
            "archive": ArchiveApplication(application=one),
        }
        return commands[step]

    def free(self) -> int:
        """The first blank on the line."""
        for number, body in self.bodies.items():
            if body.state == "on_line":
                return number
        self.more_blanks()
        return self.free()

    def officer(self, step: str, case: Case, second: bool) -> Authority:
        where = step.rpartition(" ")[2]
        if where in set(Tier):
            return OFFICERS[Tier(where)]
        if step in {"audit", "fail audit", "sign"}:
            return SIGNER if second else AUDITOR
        if step.startswith("judge") or step == "extract":
            return CITY
        if step in {"check", "fail check", "order", "return", "redo"}:
            return PROVINCE
        if step in {"bind", "write", "spoil", "give up", "return site", "reject produced"}:
            return CENTRE
        if step == "confirm giving up":
            return PROVINCE if second else replace(PROVINCE, officer=CENTRE.officer)
        return EITHER if second else STATION

    @rule(dice=DICE)
    def accept(self, dice: Random) -> None:
        person, reason = dice.choice(PEOPLE), dice.choice(["12", "12", "22", "41"])
        by = dice.choice([STATION, EITHER])
        command = AcceptApplication(person=self.town.ids[person], apply_reason=CardReason(reason))
        if not self.may_accept(person, reason):
            self.town.refused(command, by)
            return
        case = Case(ApplicationId(self.town.do(command, by)["application"]), person, reason)
        case.acted["00"] = by.officer
        case.history.append((self.head(), "00"))
        self.cases.append(case)

    @rule(days=st.integers(0, 20))
    def pass_days(self, days: int) -> None:
        self.town.today += timedelta(days)

    @rule(dice=DICE)
    def go_on(self, dice: Random) -> None:
        """Some lawful steps of one application, so that all depths are reached."""
        if not self.cases:
            return
        case = dice.choice(self.cases)
        for _ in range(dice.randint(10, 60)):
            second = dice.random() < 0.5
            lawful = [
                step
                for step in (*STEPS, *BESIDE)
                if self.may(step, case, self.officer(step, case, second).officer)
            ]
            if lawful:
                weights = [
                    1 if step in RARE or STEPS.get(step, ("", ""))[1] == case.state else 9
                    for step in lawful
                ]
                self.take(dice.choices(lawful, weights)[0], case, second)

    @rule(dice=DICE)
    def try_anything(self, dice: Random) -> None:
        """Any step at all, which is refused unless it is lawful."""
        for _ in range(10 if self.cases else 0):
            case = dice.choice(self.cases)
            step = dice.choice([*STEPS, *BESIDE])
            if case.body is not None or step not in OF_BODIES:  # there must be a body to name
                self.take(step, case, dice.random() < 0.5)

    def take(self, step: str, case: Case, second: bool) -> None:
        by = self.officer(step, case, second)
        command = self.command(step, case)
        if self.may(step, case, by.officer):
            self.note(step, case, by.officer, self.town.do(command, by))
        else:
            self.town.refused(command, by)

    def note(self, step: str, case: Case, officer: str, told: dict[str, Any]) -> None:
        """What a step does, in pencil."""
        body = self.bodies[case.body] if case.body else None
        if body is not None and step != "propose":
            body.proposed = (
                None if step in {"spoil", "confirm giving up", "write"} else (body.proposed)
            )
        match step:
            case "propose":
                case.proposed = told["version"], officer
                return
            case "bind":
                number = next(one for one, each in self.bodies.items() if each.state == "on_line")
                self.bodies[number].state, self.bodies[number].case = "bound", case
                case.body, case.bodies = number, case.bodies + 1
                case.proposed = None
                return
            case "spoil":
                assert body is not None
                body.state = "spoiled"
                return
            case "give up":
                assert body is not None
                body.proposed = told["version"], officer
                return
            case "confirm giving up":
                assert body is not None
                made, body.state = body.state == "personalised", "voided"
                if not made:
                    return
                step = "redo"
        before, case.state = case.state, STEPS[step][1]
        case.proposed = None
        case.acted[case.state] = officer
        case.history.append((self.head(), case.state))
        if step == "order":
            again = before == "32" or case.attempt == 0
            if again:
                case.attempt, case.body, case.bodies = case.attempt + 1, None, 0
        elif step == "redo":
            case.attempt, case.body, case.bodies = case.attempt + 1, None, 0
        elif step == "void":
            case.voided = True
        elif step == "write":
            assert body is not None
            body.state, case.made_on = "personalised", self.town.today
        elif step.startswith(("bad ", "reject produced")) and body is not None:
            body.state = "spoiled"
            body.proposed = None
        elif step == "confirm" and body is not None:
            body.state = "destroyed"
        elif step == "hand out":
            for one in self.others(case):
                if one.state in {"93", "94"}:
                    one.state = "95" if one.state == "93" else "97"
                    one.replaced, one.proposed = True, None
                    one.acted[one.state] = officer
                    one.history.append((self.head(), one.state))

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
        for body_case in self.bodies.values():
            stream = self.town.named(Kind.CARD, serial(body_case.number))
            state = self.town.see(CardBody, stream).state.name.lower()
            assert state == body_case.state

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


def drive(mould: Mould, folder: Path, examples: int, steps: int) -> None:
    """Drive machines through so many examples of so many rules each."""
    numbers = count(1)

    class Ours(Cards):
        def __init__(self) -> None:
            super().__init__(mould, folder / f"{next(numbers)}.db")

    run_state_machine_as_test(
        Ours,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # dice shrink to other dice
        ),
    )


def test_no_order_of_steps_leads_astray(mould: Mould, tmp_path: Path):
    drive(mould, tmp_path, 25, 25)


@pytest.mark.long
def test_no_order_of_many_steps_leads_astray(mould: Mould, tmp_path: Path):
    drive(mould, tmp_path, 500, 40)
