"""Each further form of the statistics, held against what was done in the town, counted by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest

from adapters.founded import shared_numbers
from adapters.projector import Projector
from adapters.reading import Reader
from adapters.statistics import forms
from adapters.statistics.filing import Made, file_report, make_report
from registry.commands.cards_acceptance import VoidApplication
from registry.commands.cards_audit import FailCountyAudit
from registry.commands.cards_packages import RejectPackage
from registry.commands.cards_temporary import RefuseTemporaryCard
from registry.commands.details import ChangeNature
from registry.commands.fees import (
    CloseCashBook,
    DayPaid,
    RefundFee,
    RemitFees,
    WaiveFee,
    fee_id,
)
from registry.commands.migration import RegisterNewcomer
from registry.commands.registration_cases import ReportEmptyRegistration
from registry.entry import Entry
from registry.errors import Malformed
from registry.events.fees import FeeCharged, FeeRefunded, FeeWaived
from registry.projections import At
from registry.projections.relieved import RELIEVED
from registry.reporting import plans
from registry.values import (
    ApplicationId,
    CitizenNumber,
    DivisionCode,
    FeeClass,
    HukouNature,
    MigrationReason,
    PackageAnomaly,
    PaperNumber,
    ProductionError,
    ReliefListId,
    ReportForm,
    Text,
    WaiverBasis,
)
from tests.adapters.test_campaigns import now, projector, reader
from tests.projections.pencil import stored
from tests.scenarios.cards import (
    AUDITOR,
    STATION,
    accepted,
    applied_for_temporary,
    arrived,
    brought,
    ready,
)
from tests.scenarios.test_address_changes import move
from tests.scenarios.test_fees import OFFICE, URBAN_POOR, charge, received, row
from tests.scenarios.test_migration import newcomer, out
from tests.scenarios.test_number_cases import shared
from tests.scenarios.test_packages import A, B, receipt, sent, waiting
from tests.scenarios.test_registration_cases import ABSENT
from tests.scenarios.town import CHANGCHUN, DECLARANT, GROUNDS, TODAY, Town, birth, death

FIXTURES = (projector, reader)
YEAR = date(2007, 1, 1)
DISCHARGED, BACK = MigrationReason("0345"), MigrationReason("175")
APPROVED: dict[str, Any] = {"approval": PaperNumber("A1"), "declarant": DECLARANT}


class Asking:
    """Whoever asks for reports of the town."""

    def __init__(self, town: Town, projector: Projector, reader: Reader) -> None:
        self.town, self.projector, self.reader = town, projector, reader

    def made(
        self, form: str, first: date = YEAR, last: date | None = None, of: str = "deyang"
    ) -> Made:
        """A report as it is known now; of a year where the form does not say otherwise."""
        if first == YEAR and ReportForm(form).period in {"period", "month"}:
            last = date(2007, 12, 31)
        now(self.town, self.projector, self.reader)
        store = self.town.register.store
        at = At(self.town.today, store.head()[0])
        division = self.town.ids[of]
        return make_report(self.reader, store, ReportForm(form), division, first, last, at)

    def __call__(self, form: str, *names: str, **told: Any) -> list[tuple[Any, ...]]:
        """Some columns of a report whose accounts close."""
        found = self.made(form, **told)
        assert found.wrong == ()
        return [tuple(row[name] for name in names) for row in found.figures.records()]


@pytest.fixture
def ask(town: Town, projector: Projector, reader: Reader) -> Asking:
    """Whoever asks for reports of the town."""
    return Asking(town, projector, reader)


def arrival(town: Town, place: int, **told: Any) -> RegisterNewcomer:
    """Somebody settles in 什邡 who was never here before."""
    number = CitizenNumber.compose(CHANGCHUN, date(1980, 6, 1), 11 + 2 * place)
    certificate = PaperNumber(f"J{place}")
    return newcomer(town, number=number, certificate_number=certificate, **told)


def test_changes_are_told_by_business_with_both_sides_of_a_move(town: Town, ask: Asking):
    """李 moves from one county to the other: 103 there, 104 here, inside the city neither."""
    town.do(birth(town))
    town.do(death(town.zhao))
    town.do(move(town.li, household=town.farm))
    told = ask("changes", "unit", "business", "entered", "left", "within", "start", "end")
    assert told == [
        ("deyang", None, 7, 1, 1, 0, 6),
        ("deyang", "101", 1, 0, 0, None, None),
        ("deyang", "102", 0, 1, 0, None, None),
        ("deyang", "103", 0, 0, 1, None, None),
        ("deyang", "108", 6, 0, 0, None, None),
        ("jingyang", None, 6, 2, 0, 0, 4),
        ("jingyang", "101", 1, 0, 0, None, None),
        ("jingyang", "102", 0, 1, 0, None, None),
        ("jingyang", "104", 0, 1, 0, None, None),
        ("jingyang", "108", 5, 0, 0, None, None),
        ("shifang", None, 2, 0, 0, 0, 2),
        ("shifang", "103", 1, 0, 0, None, None),
        ("shifang", "108", 1, 0, 0, None, None),
    ]


def test_the_towns_population_grows_by_settling_and_by_passing_into_it(town: Town, ask: Asking):
    """公业58: 农转非 counts where the person lives; a discharged soldier under his own heading."""
    for who in ("wang", "li", "boy"):
        town.do(ChangeNature(person=town.ids[who], nature=HukouNature("1"), **APPROVED))
    town.do(ChangeNature(person=town.li, nature=HukouNature("2"), **APPROVED))
    for number, (reason, nature) in enumerate([(DISCHARGED, "1"), (BACK, "3"), (None, "2")]):
        town.do(arrival(town, number, reason=reason, nature=HukouNature(nature)))
    names = ("unit", "start", "nature_in", "discharged", "returned", "in", "nature_out", "end")
    assert ask("town-changes", *names) == [
        ("deyang", 0, 3, 1, 1, 0, 1, 4),
        ("jingyang", 0, 3, 0, 0, 0, 1, 2),
        ("shifang", 0, 0, 1, 1, 0, 0, 2),
    ]
    told = ask("population-year", "unit", "town", "country", "nature_unknown", "persons")
    assert told[0] == ("deyang", 4, 2, 3, 9)


def test_moves_are_told_by_the_county_that_was_left_and_by_province(town: Town, ask: Asking):
    near = DivisionCode("510105")
    for number, origin in enumerate([near, near, DivisionCode("220102"), None]):
        town.do(arrival(town, number, origin=origin))
    town.do(move(town.li, household=town.farm))
    town.do(out(town.zhao, destination=DivisionCode("440103")))
    assert ask("migration", "origin", "from", "destination", "papers", "without") == [
        ("510105", "青羊区", "510682", 2, 0),
        ("510603", "jingyang", "510682", 0, 1),
    ]
    names = ("unit", "in_province", "in_outside", "in_unknown", "out_province", "out_outside")
    assert ask("population-year", *names) == [
        ("deyang", 2, 1, 1, 0, 1),
        ("jingyang", 0, 0, 0, 0, 1),
        ("shifang", 2, 1, 1, 0, 0),
    ]


def test_fees_are_told_by_class_and_what_became_of_the_money(town: Town, ask: Asking):
    """Two pay, one of them gets it back, one pays nothing; a yuan is missing in the till."""
    ready(town)
    town.do(received(town, row(town, "zhao")), OFFICE)
    one, other, poor = (accepted(town, who) for who in ("wang", "li", "zhao"))
    town.do(charge(one, 2_000), STATION)
    town.do(charge(other, 2_000, "R2"), STATION)
    refund = RefundFee(application=other, receipt=PaperNumber("T1"), grounds=GROUNDS)
    town.do(refund, STATION)
    town.do(WaiveFee(application=poor, relief=URBAN_POOR), STATION)
    town.do(CloseCashBook(counted_fen=1_900), STATION)
    paid = (DayPaid(day=TODAY, amount_fen=1_500),)
    remitted = RemitFees(days=paid, paper=PaperNumber("GK-1"), treasury=Text("国库"))
    town.do(remitted, STATION)
    rows = ask.made("fees").figures.rows
    assert rows[0] == (
        *(STATION.office, "合计", 2, 0, 1, 1, 6_000, 4_000, 2_000),
        *(-100, 1_500, 500, 0),
    )
    assert [row[1].partition(" ")[0] for row in rows[1:]] == ["issue", "waived"]  # type: ignore[union-attr]  # words
    names = ("county", "declared", "matched", "unmatched", "granted", "free", "cheaper")
    assert ask("relief-lists", *names, first=TODAY) == [("510603", 1, 1, 0, 1, 1, 0)]


def test_a_relief_is_used_by_the_card_that_is_made_not_by_one_that_was_given_up(town, ask: Asking):
    ready(town)
    town.do(received(town, row(town, "zhao"), row(town, "li")), OFFICE)
    names = ("granted", "free", "cheaper")
    for _ in range(2):
        one = accepted(town, "zhao")
        town.do(WaiveFee(application=one, relief=URBAN_POOR), STATION)
        assert ask("relief-lists", *names, first=TODAY) == [(2, 1, 0)]
        town.do(VoidApplication(application=one, grounds=GROUNDS), STATION)
        assert ask("relief-lists", *names, first=TODAY) == [(2, 0, 0)]


@dataclass(frozen=True)
class WaiveTemporary:
    """A list that pays for a temporary card, which no tariff of today knows."""

    ROLES: ClassVar[frozenset[str]] = frozenset({"station"})
    application: Any
    relief_list: Any

    def execute(self, registrar: Any) -> Any:
        waived = FeeWaived(
            effective_on=registrar.today,
            application=self.application,
            office=STATION.office,
            fee_class=FeeClass("waived"),
            tariff_fen=1_000,
            basis=WaiverBasis.RELIEF,
            relief_list=self.relief_list,
        )
        registrar.enter(fee_id(registrar, self.application), waived)
        return {}


def test_a_temporary_card_that_was_refused_used_no_relief(town: Town, ask: Asking):
    ready(town)
    listed = town.do(received(town, row(town, "zhao")), OFFICE)["relief_list"]
    accepted(town, "zhao")
    one = applied_for_temporary(town, "zhao")
    town.do(WaiveTemporary(one, listed), STATION)
    assert ask("relief-lists", "free", "cheaper", first=TODAY) == [(1, 0)]
    town.do(RefuseTemporaryCard(application=one, grounds=GROUNDS), AUDITOR)
    assert ask("relief-lists", "free", "cheaper", first=TODAY) == [(0, 0)]


def test_a_fee_that_a_list_made_less_counts_until_it_is_given_back(town: Town):
    """No list of today's halves a fee; what is recorded could say so all the same."""
    told: dict[str, Any] = {"effective_on": TODAY, "office": STATION.office, "amount_fen": 1_000}
    listed = ReliefListId(UUID(int=5))
    charged = FeeCharged(
        **told,
        application=ApplicationId(UUID(int=6)),
        fee_class=FeeClass("reduced"),
        tariff_fen=2_000,
        receipt=PaperNumber("R1"),
        relief_list=listed,
    )
    back = FeeRefunded(**told, receipt=PaperNumber("T1"), grounds=GROUNDS)
    whole = replace(charged, amount_fen=2_000, relief_list=None)
    state: Any = None
    counts = []
    for version, event in enumerate((charged, back, charged, back, whole, back), 1):
        (one,) = stored([Entry(UUID(int=7), version, event, TODAY, version)])
        before, state = state, RELIEVED.fold(state, event, UUID(int=7))
        made = RELIEVED.row(one, before, state)
        counts.append(made and made[RELIEVED.columns.index("cards")])
    assert counts == [1, -1, 1, -1, None, None]


def test_packages_are_told_by_who_sent_them_and_what_the_receiver_found(town: Town, ask: Asking):
    one, two, three = waiting(town)
    sent(town, A, one, two)
    sent(town, B, three)
    town.today += timedelta(4)
    town.do(RejectPackage(package_number=A, anomaly=PackageAnomaly("01")), AUDITOR)
    town.do(receipt(B, three), AUDITOR)
    names = ("anomaly", "sent", "members", "accepted", "refused", "awaited", "tenths", "longest")
    assert ask("upload", *names) == [
        ("合计", 2, 3, 1, 1, 0, 40, 4),
        ("00 正常", 1, 1, 1, 0, 0, 40, 4),
        ("01 数据包解析错", 1, 2, 0, 1, 0, None, None),
    ]


def test_quality_tells_each_class_of_error_and_the_first_pass_yield(town: Town, ask: Asking):
    """李's photograph is sent back once; of two cards made, one passed at the first attempt."""
    ready(town, "wang", "li")
    one, other = accepted(town, "wang"), accepted(town, "li")
    brought(town, "04", other)
    town.do(FailCountyAudit(application=other, error=ProductionError("20")), AUDITOR)
    arrived(town, one, other)
    names = ("month", "state", "fault", "count", "produced", "first_pass", "permyriad")
    assert ask("quality", *names) == [
        ("2007-06", None, "合计", 1, 2, 1, 5_000),
        ("2007-06", "12 区县审核不通过", "20 照片质量不合格", 1, None, None, None),
    ]


def test_an_application_is_over_its_stage_before_it_is_over_the_law(town: Town, ask: Asking):
    ready(town, "wang")
    accepted(town, "wang")
    names = ("state", "waiting", "over_stage", "overdue", "over_60", "over_90")
    told = []
    for days in (0, 59, 1, 1, 30):
        town.today += timedelta(days)
        told.append(ask("overruns", *names, first=town.today))
    assert told == [
        [],
        [("00 初始", 1, 1, 0, 0, 0)],
        [("00 初始", 1, 1, 0, 0, 0)],
        [("00 初始", 1, 1, 1, 1, 0)],
        [("00 初始", 1, 1, 1, 1, 1)],
    ]
    (row,) = ask("backlog", "applications", "tenths", first=town.today)
    assert row == (1, 910)


def test_a_shared_number_counts_in_both_counties_and_once_in_the_city(town: Town, ask: Asking):
    shared(town)
    names = ("unit", "fault", "found", "solved", "open")
    assert ask("number-faults", *names, first=TODAY) == [
        ("deyang", "重号", 1, 0, 1),
        ("jingyang", "重号", 1, 0, 1),
        ("shifang", "重号", 1, 0, 1),
    ]
    assert ask("number-faults", *names, first=TODAY, of="chengdu") == []
    at = now(town, ask.projector, ask.reader)
    in_error = [shared_numbers(ask.reader, town.ids[one], at) for one in ("jingyang", "qingyang")]
    assert in_error == [1, 0]  # what stands before a county's baseline
    assert ask("number-faults", *names, first=TODAY, of="sichuan")[-1][0] == "deyang"


def test_an_empty_registration_is_told_where_it_stands(town: Town, ask: Asking):
    town.do(ReportEmptyRegistration(person=town.zhao, presence=ABSENT))
    names = ("unit", "fault", "open")
    told = ask("registration-faults", *names, first=TODAY)
    assert told == [("deyang", "空挂户口", 1), ("jingyang", "空挂户口", 1)]


def test_streets_plates_and_households_are_counted_unit_by_unit(town: Town, ask: Asking):
    told = ask("addresses", "unit", "streets", "households", "coded", "permyriad", first=TODAY)
    assert told == [
        ("deyang", 2, 4, 4, 10_000),
        ("jingyang", 1, 3, 3, 10_000),
        ("shifang", 1, 1, 1, 10_000),
    ]


def filed(town: Town, ask: Asking, form: str, of: str, first: date) -> None:
    """A report is filed."""
    made = ask.made(form, first=first, of=of)
    file_report(ask.projector.engine, town.register.do, STATION, made, uuid4())


def test_what_tiers_filed_is_held_against_each_other_and_against_now(town: Town, ask: Asking):
    """The county filed before a late death was known, the city after it."""
    day = date(2007, 5, 31)
    filed(town, ask, "population-base", "jingyang", day)
    town.today += timedelta(1)
    town.do(death(town.zhao))
    filed(town, ask, "population-base", "deyang", day)
    names = ("unit", "level", "persons_own", "persons_above", "persons", "male", "difference")
    assert ask("reconciliation", *names, first=day) == [
        ("deyang", "市", 5, None, 5, 4, 0),
        ("jingyang", "县", 5, 4, 4, 3, -1),
        ("shifang", "县", None, 1, 1, 1, None),
    ]


def test_reports_that_were_due_and_are_not_there_are_told(town: Town, ask: Asking):
    """The month of May is due on 5 June of a county, and three days later of the city."""
    town.today = date(2007, 6, 5)
    filed(town, ask, "population-month", "jingyang", date(2007, 5, 1))
    town.today = date(2007, 6, 10)
    filed(town, ask, "population-month", "deyang", date(2007, 5, 1))
    told = ask.made("reports-due", date(2007, 6, 1), date(2007, 6, 30)).figures.records()
    months = [
        (row["unit"], row["due"], row["filed"], row["late"], row["missing"])
        for row in told
        if str(row["form"]).startswith("population-month")
    ]
    assert months == [
        ("jingyang", "2007-06-05", "2007-06-05", 0, 0),
        ("shifang", "2007-06-05", None, 1, 1),
        ("deyang", "2007-06-08", "2007-06-10", 1, 0),
    ]


@pytest.mark.parametrize(
    ("form", "first", "last", "due"),
    [
        ("cleaning", date(2004, 6, 1), date(2004, 7, 1), [date(2004, 6, 16)]),
        ("population-year", date(2006, 1, 1), date(2006, 12, 31), [date(2006, 1, 15)]),
        ("quotas", date(2009, 1, 1), date(2009, 3, 1), [date(2009, 1, 5)]),
    ],
)
def test_a_plan_tells_on_which_days_its_reports_are_due(form, first, last, due):
    plan = next(one for one in plans() if one.form == form)
    assert [turn.due_on for turn in plan.turns(first, last)][: len(due)] == due


def test_a_form_of_offices_is_for_whom_has_a_code(town: Town, ask: Asking):
    with pytest.raises(Malformed, match="offices"):
        ask("fees", "class", of="east")


def test_a_closing_account_with_one_wrong_number_is_seen(town: Town, ask: Asking):
    for form, column in (("changes", "entered"), ("town-changes", "deaths")):
        figures = ask.made(form).figures
        place = [one.name for one in figures.columns].index(column)
        rows = [list(row) for row in figures.rows]
        rows[0][place] = 99
        assert list(forms.faults(replace(figures, rows=tuple(map(tuple, rows)))))
