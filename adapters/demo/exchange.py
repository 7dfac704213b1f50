"""The demo's exchange of cards: the plan of Deyang as it went in the make-believe town (换证工作).

Preparations are reached by the days of the plan, 孝德镇 is the trial, the exchange is opened county
by county, and each year's task goes down from the city. Officers and papers are made up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Protocol
from uuid import UUID

from adapters.demo.life import Answer, Life, Plan, Step
from adapters.demo.town import MAIN
from registry.aggregates import Places
from registry.commands.cards_gates import AcceptBaseline
from registry.commands.letters import AcknowledgeTask, DivideTask, IssueTarget, Share
from registry.commands.preparing import (
    CloseCleanUp,
    OpenCleanUp,
    OpenMassExchange,
    ReachMilestone,
)
from registry.commands.programme import (
    AcceptPilot,
    ClosePhase,
    CloseProgramme,
    DefinePilot,
    OpenProgramme,
    StartPhase,
)
from registry.programmes import CLOSING, EXCHANGE, PILOT, PREPARATION, milestones, quotas
from registry.register import Authority, Command
from registry.values import (
    DivisionId,
    LetterId,
    Level,
    MilestoneCode,
    OfficeCode,
    Officer,
    ProgrammeCode,
)

DEYANG: Final = ProgrammeCode("deyang-2004")
CITY, PILOT_COUNTY = "510600", "510683"
PAPER: Final = "synthetic"
CAUSE: Final = "exchange"
#: Days after the town was founded, on 2004-06-30.
OPENED, PILOT_BEGINS, DECIDED, EXCHANGED = 1, 93, 181, 185
REVIEWED, ENDED = 1_646, 2_011
#: How long before its year a task is told.
AHEAD = 35


def schedule(life: Life) -> None:
    """Let the programme go its way while the town lives."""
    places = tree(life)
    life.later(OPENED, lambda life: opened(life, places))
    life.later(PILOT_BEGINS, lambda life: on_trial(life, places))
    life.later(DECIDED, lambda life: decided(life, places))
    life.later(EXCHANGED, lambda life: exchanged(life, places))
    life.later(REVIEWED, lambda life: phases(life, EXCHANGE, CLOSING))
    life.later(ENDED, ended)
    for code in milestones(DEYANG):
        if code.stream is not None:
            # Some days before it is due: a batch may hold a week.
            days = max((code.due_on - life.today).days - 9, OPENED + 1)
            life.later(days, lambda life, code=code: reached(life, places, code))  # type: ignore[misc]  # bound now
    for one in quotas(DEYANG):
        days = (date(one.year, 1, 1) - life.today).days - AHEAD
        life.later(days, lambda life, year=one.year: told(life, places, year))  # type: ignore[misc]  # bound now


def tree(life: Life) -> Mapping[str, DivisionId]:
    """The divisions of the programme by their codes."""
    register = life.town.register
    state = Places.fold(register.history(register.setting.places))
    assert state is not None, "the town is founded"
    found: dict[str, DivisionId] = {}
    for place in state.facts:
        fact = state.fact(place, life.today)
        if fact is not None and fact.code is not None and fact.code.startswith(CITY[:4]):
            found[fact.code] = DivisionId(place)
    return found


def counties(places: Mapping[str, DivisionId]) -> list[DivisionId]:
    """The counties of the city."""
    return [place for code, place in sorted(places.items()) if code != CITY]


def step(command: Command, then: Any = lambda answer: None, unit: str = CITY) -> Step:
    """Something that an exchange office enters, the city's unless it is another one's."""
    office = Officer("synthetic-exchange-office")
    by = Authority(office, OfficeCode(f"{unit}000000"), frozenset({"exchange-office"}))
    return Step(command, by, CAUSE, then)


def opened(life: Life, places: Mapping[str, DivisionId]) -> Plan:
    """The programme begins, and with it the verification of the two counties that have people."""
    plan = [
        step(OpenProgramme(programme=DEYANG, division=places[CITY], document=DEYANG.document)),
        step(StartPhase(programme=DEYANG, phase=PREPARATION, on=life.today)),
    ]
    for county in _ours(life):
        clean_up = OpenCleanUp(division=county, programme=DEYANG, document=PAPER)
        plan.append(step(clean_up))
    return plan


def reached(life: Life, places: Mapping[str, DivisionId], code: MilestoneCode) -> Plan:
    """Everybody whom the plan means reaches a milestone."""
    return [
        step(ReachMilestone(division=place, milestone=code, reached_on=life.today, document=PAPER))
        for told_code, place in sorted(places.items())
        if code.applies(Level.CITY if told_code == CITY else Level.COUNTY, told_code)
    ]


def on_trial(life: Life, places: Mapping[str, DivisionId]) -> Plan:
    """孝德镇 begins; its county's data were accepted before."""
    scope = DefinePilot(
        programme=DEYANG,
        places=(life.town.townships[MAIN].division,),
        begins_on=life.today,
        ends_on=date(2004, 12, 31),
        document=DEYANG.document,
    )
    county = places[PILOT_COUNTY]
    return [
        step(CloseCleanUp(division=county, document=PAPER)),
        _accepted(county),
        step(StartPhase(programme=DEYANG, phase=PILOT, on=life.today)),
        step(scope),
    ]


def decided(life: Life, places: Mapping[str, DivisionId]) -> Plan:
    """The trial is found good, and the other county's data are accepted."""
    others = [one for one in _ours(life) if one != places[PILOT_COUNTY]]
    plan = [step(AcceptPilot(programme=DEYANG, document=PAPER))]
    for county in others:
        plan += [step(CloseCleanUp(division=county, document=PAPER)), _accepted(county)]
    return plan


def exchanged(life: Life, places: Mapping[str, DivisionId]) -> Plan:
    """The exchange is opened where everything is ready."""
    plan = [
        step(ClosePhase(programme=DEYANG, phase=PILOT, on=life.today)),
        *phases(life, PREPARATION, EXCHANGE),
    ]
    for county in _ours(life):
        begin = OpenMassExchange(
            division=county, programme=DEYANG, opens_on=life.today, document=PAPER
        )
        plan.append(step(begin))
    return plan


def phases(life: Life, over: Any, following: Any) -> Plan:
    """One phase ends and another begins."""
    return [
        step(ClosePhase(programme=DEYANG, phase=over, on=life.today)),
        step(StartPhase(programme=DEYANG, phase=following, on=life.today)),
    ]


def ended(life: Life) -> Plan:
    """The programme is closed; its gates bind no longer."""
    return [
        step(ClosePhase(programme=DEYANG, phase=CLOSING, on=life.today)),
        step(CloseProgramme(programme=DEYANG, document=PAPER)),
    ]


def told(life: Life, places: Mapping[str, DivisionId], year: int) -> Plan:
    """The city is told its task of a year, takes it and hands it down; so does each county."""
    (persons,) = (one.persons for one in quotas(DEYANG) if one.year == year)

    def acknowledged(answer: Answer) -> None:
        letter = LetterId(UUID(answer["letter"]))
        life.later(7, lambda life: [step(AcknowledgeTask(letter=letter, persons=persons))])
        life.later(14, lambda life: [step(divided(places, letter, persons), handed_down)])

    def handed_down(answer: Answer) -> None:
        codes = [code for code in sorted(places) if code != CITY]
        letters = [LetterId(UUID(one)) for one in answer["letters"]]
        plan = [
            step(AcknowledgeTask(letter=letter), unit=code)
            for code, letter in zip(codes, letters, strict=True)
        ]
        life.later(21, lambda life: plan)

    target = IssueTarget(programme=DEYANG, year=year, persons=persons, document=DEYANG.document)
    return [step(target, acknowledged)]


def divided(places: Mapping[str, DivisionId], letter: LetterId, persons: int) -> DivideTask:
    """A task in equal shares, what is left over with the first county."""
    below = counties(places)
    each, rest = divmod(persons, len(below))
    shares = tuple(
        Share(division=county, persons=each + (rest if county == below[0] else 0))
        for county in below
    )
    return DivideTask(letter=letter, shares=shares, document=PAPER)


def _ours(life: Life) -> list[DivisionId]:
    """The counties of the city in which the town's people live."""
    found = {one.county for one in life.town.townships if not one.northern}
    return sorted(found)


def _accepted(county: DivisionId) -> Step:
    administrator = Officer("synthetic-administrator")
    by = Authority(administrator, OfficeCode("510000000000"), frozenset({"administrator"}))
    return Step(AcceptBaseline(division=county, document=PAPER), by, CAUSE, lambda answer: None)


class Asking(Protocol):
    """Whoever asks the server."""

    def ask(self, path: str, **parameters: object) -> dict[str, Any]:
        """A question's answer."""
        ...


def show_exchange(desk: Asking, until: date) -> None:
    """Tell how the exchange was prepared and opened, and how the first year's accounts closed."""
    if until < date(2005, 2, 1):
        return
    path = f"/programmes/{DEYANG}"
    programme = desk.ask(path)["programme"]
    print(f"The exchange of cards ({programme['name_zh']}):")
    for phase in programme["phases"]:
        if phase["started_on"]:
            ended = phase["closed_on"] or "today"
            print(f"  {phase['name_zh']}  from {phase['started_on']} to {ended}")
    eve, begin = date(2004, 9, 1), date(2005, 2, 1)
    for day in (eve, begin):
        told = desk.ask(f"{path}/readiness", valid_on=day)["counties"]
        ready = [one["name"] for one in told if one["exchange_on"]]
        late = sum(one["streams"].get("verification") == "done" for one in told)
        print(
            f"  on {day}: {late} of {len(told)} counties verified,"
            f" exchange open in {', '.join(ready) or 'none'}"
        )
    letters = desk.ask(f"{path}/letters", year=2005)["letters"]
    (city,) = (one for one in letters if one["upper"] is None)
    below = [one for one in letters if one["upper"] == city["letter"]]
    shares, taken = (sum(one[name] for one in below) for name in ("persons", "acknowledged"))
    print(
        f"  task of 2005: {city['persons']:,} for {city['unit']}, {shares:,} handed down to"
        f" {len(below)} counties, of which {taken} have acknowledged theirs"
    )
    if until < date(2006, 1, 1):
        return
    report = desk.ask(
        f"/places/{programme['division']}/reports/population-year", first=date(2005, 1, 1)
    )
    row = report["report"]["rows"][0]
    gained = row["births"] + row["in"] + row["supplements"] + row["restored"] + row["address_in"]
    lost = row["deaths"] + row["out"] + row["deletions"] + row["voided"] + row["address_out"]
    closes = "closes" if not report["wrong"] else f"does not close: {report['wrong']}"
    print(
        f"  population report of 2005: {row['start']:,} + {gained:,} - {lost:,}"
        f" = {row['end']:,}; it {closes}"
    )
