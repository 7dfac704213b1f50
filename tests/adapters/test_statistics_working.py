"""Reports on work: how long cards take, errors week by week, how far the verification is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest

from adapters.projector import Projector
from adapters.reading import Reader
from adapters.statistics import plots
from adapters.statistics.figures import Figures
from adapters.statistics.filing import make_report
from registry.commands.cards_held import ReportFound, ReportLoss
from registry.commands.findings import RaiseFinding, SettleFinding
from registry.projections import At
from registry.values import RegisterItem, ReportForm, RuleCode, Settlement
from tests.adapters.test_campaigns import now, projector, reader
from tests.adapters.test_statistics import of_town
from tests.scenarios.cards import STATION, accepted, arrived, handing, ready
from tests.scenarios.town import DECLARANT, GROUNDS, Town

FIXTURES = (projector, reader)


def test_the_time_from_the_acceptance_to_each_step_is_told(
    town: Town, projector: Projector, reader: Reader
):
    """王 waits 30 days for the card, 赵 has not got it: one is handed out, two are made."""
    ready(town, "wang", "zhao")
    one, other = accepted(town, "wang"), accepted(town, "zhao")
    town.today += timedelta(10)
    arrived(town, one, other)
    town.today += timedelta(20)
    town.do(handing(town, one), STATION)
    made = of_town(town, projector, reader, ReportForm("turnaround"), date(2007, 6, 1))
    told = {
        row["step"]: (row["count"], row["tenths"], row["longest"]) for row in made.figures.records()
    }
    assert told == {
        "受理": (2, 0, 0),
        "签发": (2, 100, 10),
        "制证": (2, 100, 10),
        "领证": (1, 300, 30),
    }


def test_errors_are_counted_at_the_end_of_each_week(
    town: Town, projector: Projector, reader: Reader
):
    told: dict[str, Any] = {"rule": RuleCode("visit/address"), "item": RegisterItem("address")}
    for who in ("wang", "zhao"):
        town.do(RaiseFinding(person=town.ids[who], **told))
    town.today += timedelta(8)
    town.do(
        SettleFinding(
            person=town.wang,
            settlement=Settlement("confirmed"),
            grounds=GROUNDS,
            **told,
        )
    )
    town.today += timedelta(5)
    now(town, projector, reader)
    made = make_report(
        *(reader, town.register.store, ReportForm("findings-weeks"), town.deyang),
        *(date(2007, 5, 25), date(2007, 6, 14), At(town.today, town.register.store.head()[0])),
    )
    assert [tuple(row) for row in made.figures.rows] == [
        ("2007-05-25", 0, 0, 0),
        ("2007-06-01", 2, 0, 2),
        ("2007-06-08", 2, 0, 2),
        ("2007-06-14", 2, 1, 1),
    ]


def test_the_progress_of_the_verification_counts_every_resident(
    town: Town, projector: Projector, reader: Reader
):
    made = of_town(town, projector, reader, ReportForm("cleaning"), date(2007, 6, 1))
    told = {row["community"]: (row["persons"], row["verified"]) for row in made.figures.records()}
    assert told == {"east": (3, 0), "west": (2, 0), "town": (1, 0)}


def test_a_lost_card_that_was_found_is_not_handed_out_again(
    town: Town, projector: Projector, reader: Reader
):
    ready(town, "wang")
    one = accepted(town, "wang")
    arrived(town, one)
    town.do(handing(town, one), STATION)
    town.do(ReportLoss(application=one, declarant=DECLARANT), STATION)
    town.do(ReportFound(application=one, declarant=DECLARANT), STATION)
    made = of_town(town, projector, reader, ReportForm("cards"), date(2007, 6, 1))
    (row,) = made.figures.records()
    assert (row["station"], row["month"]) == (STATION.office, "2007-06")
    assert [row[one] for one in ("accepted", "signed", "produced", "handed-out")] == [1, 1, 1, 1]


def test_plots_are_drawn_one_at_a_time_since_the_library_has_one_set_of_settings(
    town: Town, projector: Projector, reader: Reader, monkeypatch: pytest.MonkeyPatch
):
    now(town, projector, reader)
    store = town.register.store
    at = At(town.today, store.head()[0])
    form, day = ReportForm("population-base"), town.today
    made = make_report(reader, store, form, town.deyang, day, day, at).figures
    alone, draw = plots.plot(made), plots.PLOTS[made.form]
    inside: list[int] = []
    together: list[int] = []

    def watched(axes: Any, figures: Figures) -> None:
        inside.append(1)
        draw(axes, figures)
        together.append(len(inside))
        inside.pop()

    monkeypatch.setitem(plots.PLOTS, made.form, watched)
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(plots.plot, [made] * 8)) == {alone}
    assert together == [1] * 8
