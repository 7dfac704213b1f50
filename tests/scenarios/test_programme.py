"""The exchange of cards: preparations, the trial, its opening county by county (换证工作).

Source: 德办发(2004)39号; 吉政办发〔2004〕53号.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from registry.aggregates import Programme, Readiness
from registry.commands.cards_acceptance import AcceptApplication
from registry.commands.cards_gates import AcceptBaseline
from registry.commands.places import EstablishDivision
from registry.commands.preparing import (
    CloseCleanUp,
    OpenCleanUp,
    OpenMassExchange,
    ReachMilestone,
    StopMassExchange,
    WithdrawMilestone,
)
from registry.commands.programme import (
    AcceptPilot,
    ClosePhase,
    CloseProgramme,
    DefinePilot,
    OpenProgramme,
    StartPhase,
)
from registry.errors import Forbidden
from registry.programmes import CLOSING, EXCHANGE, PILOT, PREPARATION, milestones
from registry.register import Authority
from registry.values import (
    DivisionCode,
    Level,
    MilestoneCode,
    OfficeCode,
    Officer,
    ProgrammeCode,
    Text,
)
from registry.vocabulary import Kind
from tests.scenarios.cards import ADMINISTRATOR, STATION, TWELVE, ready
from tests.scenarios.town import TODAY, Town

DEYANG, JILIN = ProgrammeCode("deyang-2004"), ProgrammeCode("jilin-2004")
#: Officers of the city's exchange office (市二代办).
OFFICE = Authority(
    Officer("市二代办"), OfficeCode("510600000000"), frozenset({"exchange-office"}), None
)
PLAN = "德办发(2004)39号"
#: What the plan asks of a county, and of the city, before the exchange.
OF_COUNTY, OF_CITY = ("DY-11", "DY-17"), ("DY-06",)


def opened(town: Town) -> None:
    """The city's programme is open, and its preparations have begun."""
    town.do(OpenProgramme(programme=DEYANG, division=town.deyang, document=PLAN), OFFICE)
    town.do(StartPhase(programme=DEYANG, phase=PREPARATION, on=town.today), OFFICE)


def on_trial(town: Town, *places: Any, days: int = 30) -> None:
    """The trial is held at some places from today on."""
    town.do(StartPhase(programme=DEYANG, phase=PILOT, on=town.today), OFFICE)
    scope = DefinePilot(
        programme=DEYANG,
        places=places,
        begins_on=town.today,
        ends_on=town.today + timedelta(days),
        document=PLAN,
    )
    town.do(scope, OFFICE)


def reach(town: Town, division: Any, *codes: str) -> None:
    """A division reaches what the plan asks of it."""
    for code in codes:
        town.do(
            ReachMilestone(
                division=division,
                milestone=MilestoneCode(code),
                reached_on=town.today,
                document=PLAN,
            ),
            OFFICE,
        )


def opening(town: Town, on: date | None = None) -> OpenMassExchange:
    """The exchange of 旌阳 is opened."""
    return OpenMassExchange(
        division=town.jingyang, programme=DEYANG, opens_on=on or town.today, document=PLAN
    )


def prepared(town: Town) -> None:
    """Everything that the exchange of 旌阳 waits for is done."""
    opened(town)
    on_trial(town, town.jingyang)
    town.do(AcceptPilot(programme=DEYANG, document=PLAN), OFFICE)
    town.do(StartPhase(programme=DEYANG, phase=EXCHANGE, on=town.today), OFFICE)
    reach(town, town.jingyang, *OF_COUNTY)
    reach(town, town.deyang, *OF_CITY)
    ready(town, "wang", "zhao")


def apply_for(town: Town, who: str = "wang") -> AcceptApplication:
    """Somebody applies for a card of the second generation."""
    return AcceptApplication(person=town.ids[who], apply_reason=TWELVE)


def test_without_a_programme_nothing_waits_for_its_exchange(town: Town):
    ready(town, "wang")
    town.do(apply_for(town), STATION)


def test_where_a_programme_is_open_cards_wait_until_the_exchange_is_opened(town: Town):
    """德办发(2004)39号 二(三)2: 全面启动集中换发."""
    opened(town)
    ready(town, "wang")
    (rule,) = town.rules(apply_for(town), STATION)
    assert rule.code == "exchange-not-open"
    assert "jingyang" in rule.message
    assert "OpenMassExchange" in rule.remedy


def test_a_trial_is_held_at_its_places_and_on_its_days_only(town: Town):
    """德办发(2004)39号 二(二): one town, October to December."""
    opened(town)
    ready(town, "wang", "zhao")
    on_trial(town, town.jingyang, days=10)
    town.do(apply_for(town, "wang"), STATION)
    town.today = TODAY + timedelta(11)
    assert town.refused(apply_for(town, "zhao"), STATION) == ["exchange-not-open"]


def test_a_trial_in_a_township_leaves_the_rest_of_its_county_out(town: Town):
    """孝德镇 is one town of its county."""
    opened(town)
    ready(town, "wang")
    found = EstablishDivision(
        level=Level.TOWNSHIP,
        division_name=Text("孝德镇"),
        parent=town.jingyang,
        on=date(1990, 1, 1),
    )
    xiaode = town.do(found)["division"]
    on_trial(town, xiaode)
    assert town.refused(apply_for(town), STATION) == ["exchange-not-open"]


def test_a_trial_is_held_in_counties_and_townships_of_the_programme(town: Town):
    opened(town)
    scope = DefinePilot(
        programme=DEYANG,
        places=(town.qingyang, town.deyang),
        begins_on=town.today,
        ends_on=town.today - timedelta(1),
        document=PLAN,
    )
    rules = town.rules(scope, OFFICE)
    assert [rule.code for rule in rules] == ["pilot-outside"] * 3
    told = [rule.message.rpartition("(")[2] for rule in rules[:2]]
    assert told == ["qingyang)", "deyang)"]  # elsewhere, too large


def test_the_exchange_names_all_that_it_waits_for(town: Town):
    """Every rule at once, each saying what opens it."""
    opened(town)
    clean_up = OpenCleanUp(division=town.jingyang, programme=DEYANG, document=PLAN)
    town.do(clean_up, OFFICE)
    rules = town.rules(opening(town), OFFICE)
    assert [rule.code for rule in rules] == [
        "phase-out-of-order",
        "pilot-not-accepted",
        "baseline-not-accepted",
        "clean-up-open",
        "milestone-open",
        "milestone-open",
        "milestone-open",
    ]
    told = " ".join(f"{rule.message} {rule.remedy}" for rule in rules)
    for word in ("StartPhase", "AcceptPilot", "AcceptBaseline", "CloseCleanUp", "ReachMilestone"):
        assert word in told or word == "StartPhase"
    assert [code for code in (*OF_COUNTY, *OF_CITY) if code not in told] == []


def test_the_exchange_of_a_county_opens_on_its_day(town: Town):
    prepared(town)
    town.do(ClosePhase(programme=DEYANG, phase=PILOT, on=town.today), OFFICE)
    begins = TODAY + timedelta(40)
    town.do(opening(town, begins), OFFICE)
    town.today = begins - timedelta(1)
    assert town.refused(apply_for(town), STATION) == ["exchange-not-open"]
    town.today = begins
    town.do(apply_for(town), STATION)
    assert town.refused(opening(town), OFFICE) == ["exchange-open"]


def test_a_county_whose_verification_ended_may_begin_another_one(town: Town):
    prepared(town)
    clean_up = OpenCleanUp(division=town.jingyang, programme=DEYANG, document=PLAN)
    close = CloseCleanUp(division=town.jingyang, document=PLAN)
    assert town.refused(close, OFFICE) == ["clean-up-not-open"]
    town.do(clean_up, OFFICE)
    assert town.refused(clean_up, OFFICE) == ["clean-up-open"]
    assert town.refused(opening(town), OFFICE) == ["clean-up-open"]
    town.do(close, OFFICE)
    town.do(opening(town), OFFICE)
    found = town.see(Readiness, town.jingyang)
    assert (found.cleaning_since, found.cleaned_on) == (town.today, town.today)


def test_a_milestone_that_was_withdrawn_is_waited_for_again(town: Town):
    prepared(town)
    withdraw = WithdrawMilestone(
        division=town.deyang, milestone=MilestoneCode("DY-06"), document=PLAN
    )
    town.do(withdraw, OFFICE)
    assert town.refused(opening(town), OFFICE) == ["milestone-open"]
    assert town.refused(withdraw, OFFICE) == ["milestone-open"]
    reach(town, town.deyang, "DY-06")
    again = ReachMilestone(
        division=town.deyang, milestone=MilestoneCode("DY-06"), reached_on=town.today, document=PLAN
    )
    assert town.refused(again, OFFICE) == ["milestone-reached"]
    town.do(opening(town), OFFICE)


@pytest.mark.parametrize(
    ("code", "division"),
    [
        ("DY-06", "jingyang"),  # of the city
        ("DY-07", "jingyang"),  # of 绵竹 alone
        ("DY-17", "qingyang"),  # of another city
        ("JL-09", "jingyang"),  # of a programme that is not open here
    ],
)
def test_a_milestone_is_reached_by_those_whom_the_plan_means(town: Town, code: str, division: str):
    opened(town)
    reached = ReachMilestone(
        division=town.ids[division],
        milestone=MilestoneCode(code),
        reached_on=town.today,
        document=PLAN,
    )
    expected = "programme-not-open" if code.startswith("JL") else "milestone-elsewhere"
    assert town.refused(reached, OFFICE) == [expected]


def test_nothing_is_reached_tomorrow(town: Town):
    opened(town)
    reached = ReachMilestone(
        division=town.jingyang,
        milestone=MilestoneCode("DY-17"),
        reached_on=town.today + timedelta(1),
        document=PLAN,
    )
    assert town.refused(reached, OFFICE) == ["not-yet"]


def test_a_baseline_is_accepted_below_the_limit_of_errors(town: Town):
    """吉政办发〔2004〕53号: 先建库、后发证; ten errors in 10,000 persons."""
    accept = AcceptBaseline(division=town.jingyang, document=PLAN, persons=20_000, errors=21)
    (rule,) = town.rules(accept, ADMINISTRATOR)
    assert rule.code == "errors-above-limit"
    assert "21 errors of 20000 persons, 10 of 10,000 allowed" in rule.message
    town.do(replace(accept, errors=20), ADMINISTRATOR)
    found = town.see(Readiness, town.jingyang)
    assert (found.persons, found.errors) == (20_000, 20)


def test_an_exchange_that_was_stopped_closes_the_gate_of_the_county(town: Town):
    prepared(town)
    town.do(ClosePhase(programme=DEYANG, phase=PILOT, on=town.today), OFFICE)
    town.today = TODAY + timedelta(40)  # the trial is over
    town.do(opening(town), OFFICE)
    town.do(StopMassExchange(division=town.jingyang, document=PLAN), OFFICE)
    assert town.refused(apply_for(town), STATION) == ["exchange-not-open"]
    stop = StopMassExchange(division=town.jingyang, document=PLAN)
    assert town.refused(stop, OFFICE) == ["exchange-not-open"]


def test_phases_begin_once_and_in_their_order(town: Town):
    town.do(OpenProgramme(programme=DEYANG, division=town.deyang, document=PLAN), OFFICE)
    early = StartPhase(programme=DEYANG, phase=EXCHANGE, on=town.today)
    assert town.refused(early, OFFICE) == ["phase-out-of-order"]
    first = StartPhase(programme=DEYANG, phase=PREPARATION, on=town.today)
    town.do(first, OFFICE)
    assert town.refused(first, OFFICE) == ["phase-out-of-order"]
    ahead = replace(early, on=town.today + timedelta(1))
    assert town.refused(ahead, OFFICE) == ["not-yet"]
    end = ClosePhase(programme=DEYANG, phase=PREPARATION, on=town.today)
    before = replace(end, on=town.today - timedelta(1))
    assert town.refused(before, OFFICE) == ["phase-out-of-order"]
    town.do(end, OFFICE)
    assert town.refused(end, OFFICE) == ["phase-out-of-order"]


def test_a_phase_begins_after_the_one_it_rests_on(town: Town):
    """No closing without an exchange, and no phase from a day before the one it rests on."""
    opened(town)
    closing = StartPhase(programme=DEYANG, phase=CLOSING, on=town.today)
    assert town.refused(closing, OFFICE) == ["phase-out-of-order"]
    early = StartPhase(programme=DEYANG, phase=EXCHANGE, on=town.today - timedelta(1))
    assert town.refused(early, OFFICE) == ["phase-out-of-order"]
    town.do(replace(early, on=town.today), OFFICE)
    town.do(closing, OFFICE)


def test_a_trial_is_open_while_its_phase_runs(town: Town):
    """A scope opens no gate of its own: its phase has begun and has not ended."""
    opened(town)
    ready(town, "wang")
    scope = DefinePilot(
        programme=DEYANG,
        places=(town.jingyang,),
        begins_on=town.today,
        ends_on=town.today + timedelta(9),
        document=PLAN,
    )
    town.do(scope, OFFICE)
    assert town.refused(apply_for(town), STATION) == ["exchange-not-open"]
    town.do(StartPhase(programme=DEYANG, phase=PILOT, on=town.today), OFFICE)
    ahead = replace(scope, begins_on=town.today + timedelta(3))
    town.do(ahead, OFFICE)
    accept = AcceptPilot(programme=DEYANG, document=PLAN)
    assert town.refused(accept, OFFICE) == ["pilot-not-begun"]
    town.do(scope, OFFICE)
    town.do(ClosePhase(programme=DEYANG, phase=PILOT, on=town.today), OFFICE)
    assert town.refused(apply_for(town), STATION) == ["exchange-not-open"]
    town.do(accept, OFFICE)
    assert town.refused(accept, OFFICE) == ["pilot-accepted"]


def test_an_exchange_opens_no_day_before_its_phase_began(town: Town):
    prepared(town)
    assert town.refused(opening(town, town.today - timedelta(1)), OFFICE) == ["phase-out-of-order"]


def test_a_trial_is_accepted_once_there_was_one(town: Town):
    opened(town)
    accept = AcceptPilot(programme=DEYANG, document=PLAN)
    assert town.refused(accept, OFFICE) == ["pilot-undefined"]
    on_trial(town, town.jingyang)
    unknown = replace(accept, report=town.deyang)
    assert town.refused(unknown, OFFICE) == ["report-unknown"]
    town.do(accept, OFFICE)
    state = town.see(Programme, town.named(Kind.PROGRAMME, DEYANG))
    assert state.pilot_accepted_on == town.today


def test_a_programme_ends_with_its_phases_and_binds_nobody_then(town: Town):
    opened(town)
    ready(town, "wang")
    close = CloseProgramme(programme=DEYANG, document=PLAN)
    assert town.refused(close, OFFICE) == ["phases-open"]
    town.do(ClosePhase(programme=DEYANG, phase=PREPARATION, on=town.today), OFFICE)
    town.do(close, OFFICE)
    town.do(apply_for(town), STATION)
    assert town.refused(close, OFFICE) == ["programme-not-open"]
    again = OpenProgramme(programme=DEYANG, division=town.deyang, document=PLAN)
    assert town.refused(again, OFFICE) == ["already-known"]


def test_a_programme_is_opened_where_its_plan_is_for(town: Town):
    wrong = OpenProgramme(programme=JILIN, division=town.deyang, document=PLAN)
    assert town.refused(wrong, OFFICE) == ["programme-elsewhere"]
    county = OpenCleanUp(division=town.qingyang, programme=DEYANG, document=PLAN)
    opened(town)
    assert town.refused(county, OFFICE) == ["programme-elsewhere"]


def test_an_exchange_office_acts_in_its_own_city(town: Town):
    of_chengdu = replace(OFFICE, area=(DivisionCode("510100"),))
    wrong = OpenProgramme(programme=DEYANG, division=town.deyang, document=PLAN)
    assert town.refused(wrong, of_chengdu) == ["outside-area"]
    with pytest.raises(Forbidden):
        town.do(wrong, STATION)


def test_a_county_prepares_itself_and_the_city_opens_its_exchange(town: Town):
    prepared(town)
    of_county = replace(OFFICE, area=(DivisionCode("510603"),))
    town.do(OpenCleanUp(division=town.jingyang, programme=DEYANG, document=PLAN), of_county)
    reached = ReachMilestone(
        division=town.jingyang,
        milestone=MilestoneCode("DY-01"),
        reached_on=town.today,
        document=PLAN,
    )
    town.do(reached, of_county)
    town.do(CloseCleanUp(division=town.jingyang, document=PLAN), of_county)
    assert town.refused(opening(town), of_county) == ["outside-area"]
    elsewhere = OpenCleanUp(division=town.shifang, programme=DEYANG, document=PLAN)
    assert town.refused(elsewhere, of_county) == ["outside-area"]


def test_the_plan_names_the_preparations_that_the_exchange_waits_for():
    gates: dict[ProgrammeCode, list[str]] = {programme: [] for programme in (DEYANG, JILIN)}
    for programme, found in gates.items():
        found.extend(str(one) for one in milestones(programme) if one.gates)
    assert gates == {
        DEYANG: ["DY-06", "DY-07", "DY-11", "DY-17"],
        JILIN: ["JL-02", "JL-04", "JL-08", "JL-09", "JL-10", "JL-12", "JL-17", "JL-19"],
    }
