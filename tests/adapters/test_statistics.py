"""Reports of the statistics: right by a clerk's own count, closed, frozen when filed, printed."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from hypothesis import given, settings
from pypdf import PdfReader
from sqlalchemy import Engine, select, text

from adapters.database import open_database, writing
from adapters.projector import Projector
from adapters.reading import Reader, reading
from adapters.statistics import forms, population
from adapters.statistics.figures import Figures
from adapters.statistics.filing import (
    Made,
    as_filed,
    file_report,
    filed,
    filed_version,
    filing_of,
    keep,
    make_report,
    read,
    stamp_of,
    verify,
)
from adapters.statistics.printing import Stamp, html, pdf
from registry.days import day_at, end_of
from registry.entry import Entry
from registry.errors import Malformed, NotFound, Refused
from registry.events import person
from registry.history import standing
from registry.projections import At
from registry.projections.base import visible
from registry.projections.places import places
from registry.values import (
    CommunityId,
    Digest,
    HukouNature,
    Level,
    Name,
    ReportForm,
    Sex,
)
from registry.vocabulary import VOCABULARY, Kind
from tests.adapters.followed import followed
from tests.adapters.test_campaigns import now, projector, reader
from tests.adapters.test_counting import CROSSING, months
from tests.everything import whole
from tests.projections.pencil import state_of
from tests.replay.test_changed import with_cards
from tests.scenarios.cards import STATION
from tests.scenarios.test_letters import issued
from tests.scenarios.town import NAMESPACE, SON, Town, birth, death
from tests.strategies import Log, lately, logs, some, story

YEAR, MONTH, BASE, AGES = (
    ReportForm(code) for code in ("population-year", "population-month", "population-base", "ages")
)
TOWNS, DONE = ReportForm("town-changes"), ReportForm("changes")
NEW_YEAR, EVE = date(2007, 1, 1), date(2007, 12, 31)

FIXTURES = (projector, reader)


def asked(
    reader: Reader,
    store: Any,
    form: ReportForm,
    division: UUID,
    first: date,
    today: date,
    last: date | None = None,
) -> Made:
    """A report as it is known now."""
    at = At(today, store.head()[0])
    return make_report(reader, store, form, division, first, last, at)


def of_town(
    town: Town, projector: Projector, reader: Reader, form: ReportForm, first: date = NEW_YEAR
) -> Made:
    """A report of the town's city."""
    now(town, projector, reader)
    return asked(reader, town.register.store, form, town.deyang, first, town.today)


def pencil(log: Log, inside: set[UUID], at: At) -> Counter[str]:
    """A population counted from the definition of history, person by person."""
    told: Counter[str] = Counter()
    for each in range(1, log.people + 1):
        one: Any = state_of(Kind.PERSON, log, log.id("person", each), at)
        if one is None or not one.resident or one.community not in inside:
            continue
        told["persons"] += 1
        told[{1: "male", 2: "female"}.get(one.sex, "sex_unknown")] += 1
        nature = "town" if one.nature in TOWN else "country" if one.nature in COUNTRY else ""
        told[nature or "nature_unknown"] += 1
        if one.birth_date is None:
            told["age_unknown"] += 1
            continue
        born, day = one.birth_date, at.valid_on
        years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
        told[
            "age_0_17"
            if years < 18
            else "age_18_34"
            if years < 35
            else "age_35_59"
            if years < 60
            else "age_60"
        ] += 1
    return told


#: Natures that the clerk counts as of the towns, and as of the country.
TOWN, COUNTRY = {"1", "3", "5", "8"}, {"2", "4"}


def change_nature(chance: Random, log: Log) -> None:
    """Somebody passes from the country's population to the towns', or back (农转非)."""
    stream, day = some(chance, log, "person", log.people), lately(chance, log)
    if any(one.effective_on <= day for one in standing(log.streams.get(stream, []))):
        nature = HukouNature(chance.choice("0123458"))
        event = person.NatureChanged(effective_on=day, nature=nature, declarant=Name("王甲"))
        log.add(stream, event)


#: People come, go, change and are undone, while communities pass from one county to another.
CHANGING = [*CROSSING, change_nature, change_nature]


def check_population(engine: Engine, log: Log) -> None:
    """Hold every row of the yearly reports against a count, and see that all of them close."""
    projector = followed(engine, log.entries)
    first, last = months(log)
    city = log.id("division", 1)
    with reading(engine) as reader:
        for year in range(first // 100, last // 100 + 1):
            made = asked(reader, projector.store, YEAR, city, date(year, 1, 1), log.today)
            assert made.wrong == ()
            end = min(date(year, 12, 31), log.today)
            at = At(end, projector.store.position_at(end_of(end)))
            units = [city, *(one.id for one in reader.places_under(city, at))]
            towns = asked(reader, projector.store, TOWNS, city, date(year, 1, 1), log.today)
            whole = date(year, 1, 1), log.today, date(year, 12, 31)
            done = asked(reader, projector.store, DONE, city, *whole)
            assert (towns.wrong, done.wrong) == ((), ())
            sums = [row for row in done.figures.records() if row["start"] is not None]
            ended = [row["end"] for row in towns.figures.records()]
            assert ended == [row["town"] for row in made.figures.records()]
            spans = [(row["start"], row["end"]) for row in made.figures.records()]
            assert [(row["start"], row["end"]) for row in sums] == spans
            for unit, row in zip(units, made.figures.records(), strict=True):
                found = pencil(log, set(reader.communities(unit, at)), at)
                names = [one.name for one in population.STATE if one.name != "households"]
                assert {name: row[name] for name in names} == {name: found[name] for name in names}
        monthly = asked(
            reader, projector.store, MONTH, city, date(first // 100, first % 100, 1), log.today
        )
        assert monthly.wrong == ()


@pytest.mark.parametrize("seed", range(2))
def test_the_yearly_report_is_what_a_clerk_counts(engine: Engine, seed: int):
    check_population(engine, story(seed, 250, CHANGING, people=12))


@settings(max_examples=8, deadline=None)
@given(log=logs(CHANGING, most=80))
def test_population_reports_close_whatever_happens(
    sqlite_template: Path, tmp_path_factory: Any, log: Log
):
    path = tmp_path_factory.mktemp("any") / "registry.db"
    shutil.copy(sqlite_template, path)
    engine = open_database(f"sqlite:///{path}", durability="off")
    try:
        check_population(engine, log)
    finally:
        engine.dispose()


def test_whoever_is_known_too_late_is_missing_from_what_was_known(engine: Engine):
    log = story(3, 250, CROSSING, people=12)
    projector = followed(engine, log.entries)
    city = log.id("division", 1)
    with reading(engine) as reader:
        for known in range(20, len(log.entries), 60):
            made = make_report(
                *(reader, projector.store, BASE, city, log.today, None),
                At(log.today, known),
            )
            at = At(log.today, made.known)
            assert made.known >= known
            found = pencil(log, set(reader.communities(city, at)), at)
            whole = next(iter(made.figures.records()))
            assert (whole["persons"], whole["female"]) == (found["persons"], found["female"])


def test_single_ages_are_counted_by_the_anniversary(
    town: Town, projector: Projector, reader: Reader
):
    """王小军 was born on 1998-02-03: eight years old the day before, nine from that day on."""
    for day, age in ((date(2007, 2, 2), 8), (date(2007, 2, 3), 9)):
        made = of_town(town, projector, reader, AGES, day)
        boys = {row["age"]: row["male"] for row in made.figures.records() if row["male"]}
        assert boys[age] == 1
        assert made.wrong == ()


@pytest.mark.parametrize(
    "column", ["start", "births", "deaths", "end", "male", "age_60", "persons"]
)
def test_accounts_with_one_wrong_number_do_not_close(
    town: Town, projector: Projector, reader: Reader, column: str
):
    made = of_town(town, projector, reader, YEAR)
    assert made.wrong == ()
    names = [one.name for one in made.figures.columns]
    rows = [list(row) for row in made.figures.rows]
    place = names.index(column)
    rows[1][place] = int(str(rows[1][place])) + 1
    wrong = replace(made.figures, rows=tuple(map(tuple, rows)))
    faults = tuple(forms.faults(wrong))
    assert faults
    with pytest.raises(Refused, match="do not close"):
        file_report(
            projector.engine,
            town.register.do,
            STATION,
            replace(made, figures=wrong, wrong=faults),
            uuid4(),
        )


def test_months_that_do_not_follow_each_other_do_not_close(
    town: Town, projector: Projector, reader: Reader
):
    now(town, projector, reader)
    made = make_report(
        *(reader, town.register.store, MONTH, town.deyang),
        *(date(2007, 4, 1), date(2007, 6, 30), At(town.today, town.register.store.head()[0])),
    )
    names = [one.name for one in made.figures.columns]
    rows = [list(row) for row in made.figures.rows]
    for name in ("start", "end"):
        rows[1][names.index(name)] = 1_000
    wrong = replace(made.figures, rows=tuple(map(tuple, rows)))
    told = list(forms.faults(wrong))
    assert any("begins with 1000" in each for each in told), told


def file(town: Town, projector: Projector, made: Made) -> dict[str, Any]:
    """A report is filed."""
    receipt = file_report(projector.engine, town.register.do, STATION, made, uuid4())
    projector.catch_up()
    told: dict[str, Any] = json.loads(receipt.answer)
    return told


def test_what_was_filed_stays_and_a_later_version_stands_beside_it(
    town: Town, projector: Projector, reader: Reader
):
    """A state of a day changes with what becomes known of it; the filed figures do not."""
    day = date(2007, 5, 31)
    before = of_town(town, projector, reader, BASE, day)
    first = file(town, projector, before)
    town.today += timedelta(1)
    town.do(death(town.zhao, died_on=date(2007, 5, 20)))
    after = of_town(town, projector, reader, BASE, day)
    second = file(town, projector, after)
    assert (first["report"], first["version"], second["version"]) == (second["report"], 1, 2)
    now(town, projector, reader)
    told = filed(reader, town.deyang, town.register.store.head()[0])
    assert [(one.version, one.form) for one in told] == [(2, BASE), (1, BASE)]
    report, head = UUID(first["report"]), town.register.store.head()[0]
    old = filed_version(reader, report, head, 1)
    assert read(reader.connection, old.figures) == before.figures
    new = filed_version(reader, report, head)
    assert read(reader.connection, new.figures) == after.figures
    assert stamp_of(reader, old) == Stamp(
        before.known_at, 1, old.filed_at, STATION.officer, STATION.office
    )
    whole = [next(iter(one.figures.records()))["persons"] for one in (before, after)]
    assert whole == [6, 5]
    with pytest.raises(NotFound):
        filed_version(reader, report, head, 3)
    # The report as it was known then can be computed again, to the bit.
    again = make_report(
        *(reader, town.register.store, BASE, town.deyang, day, None),
        At(town.today, before.known),
    )
    assert again.figures.canonical() == before.figures.canonical()


def test_figures_that_are_kept_no_more_are_computed_again_from_the_log(
    town: Town, projector: Projector, reader: Reader
):
    """As in an archive, or where the register was restored from its log."""
    day = date(2007, 5, 31)
    before = of_town(town, projector, reader, BASE, day)
    report = UUID(file(town, projector, before)["report"])
    town.today += timedelta(1)
    town.do(death(town.zhao, died_on=date(2007, 5, 20)))
    now(town, projector, reader)
    head = town.register.store.head()[0]
    one = filed_version(reader, report, head)
    show = partial(as_filed, reader, town.register.store)
    reader.connection.rollback()
    for lost in ("delete from report_figures", "drop table report_figures"):
        with writing(projector.engine) as connection:
            connection.execute(text(lost))
        assert show(one) == before.figures
        reader.connection.rollback()
    with pytest.raises(NotFound):
        show(replace(one, figures=Digest("0" * 64)))


def test_the_same_figures_are_not_filed_twice(town: Town, projector: Projector, reader: Reader):
    made = of_town(town, projector, reader, BASE, date(2007, 5, 31))
    file(town, projector, made)
    with pytest.raises(Refused, match="same figures"):
        file(town, projector, made)


def test_a_month_is_filed_when_it_is_over(town: Town, projector: Projector, reader: Reader):
    """A state of a day is filed on the day itself, a month on the day after."""
    file(town, projector, of_town(town, projector, reader, BASE, town.today))
    town.today = date(2007, 6, 30)
    with pytest.raises(Refused, match="has ended"):
        file(town, projector, of_town(town, projector, reader, MONTH, date(2007, 6, 1)))
    with pytest.raises(Refused, match="has ended"):
        file(town, projector, of_town(town, projector, reader, YEAR))
    town.today = date(2007, 7, 1)
    file(town, projector, of_town(town, projector, reader, MONTH, date(2007, 6, 1)))


def test_what_is_filed_is_computed_anew_at_the_instant_that_is_stated(
    town: Town, projector: Projector, reader: Reader
):
    made = of_town(town, projector, reader, BASE, date(2007, 5, 31))
    check = partial(verify, projector.engine, town.register.store, town.today)
    command = filing_of(made)
    with pytest.raises(NotFound):
        read(reader.connection, made.figures.digest)
    check(command)
    reader.connection.rollback()
    assert read(reader.connection, made.figures.digest) == made.figures
    for wrong in (
        {"figures": Digest("0" * 64)},
        {"rows": 99},
        {"size": 1},
        {"first": date(2007, 5, 1), "last": date(2007, 5, 1)},
    ):
        with pytest.raises(Refused, match="other figures"):
            check(replace(command, **wrong))
    with pytest.raises(Malformed, match="an instant"):
        check(replace(command, known_at="yesterday"))


def test_accounts_that_do_not_close_are_not_filed_by_whoever_sends_the_command(
    town: Town, projector: Projector, reader: Reader, monkeypatch: pytest.MonkeyPatch
):
    made = of_town(town, projector, reader, BASE, date(2007, 5, 31))
    monkeypatch.setattr("adapters.statistics.filing.faults", lambda figures: ["one is missing"])
    with pytest.raises(Refused, match="one is missing"):
        verify(projector.engine, town.register.store, town.today, filing_of(made))


@pytest.mark.parametrize(
    ("form", "first", "last"),
    [
        (BASE, NEW_YEAR, EVE),
        (MONTH, date(2007, 1, 2), None),
        (YEAR, NEW_YEAR, date(2007, 12, 30)),
        (ReportForm("cards"), EVE, NEW_YEAR),
    ],
)
def test_a_period_that_the_form_does_not_cover_is_refused(form: ReportForm, first: date, last: Any):
    with pytest.raises(Malformed):
        forms.period(form, first, last)


def test_a_place_that_is_none_has_no_report(town: Town, projector: Projector, reader: Reader):
    now(town, projector, reader)
    with pytest.raises(NotFound):
        asked(reader, town.register.store, BASE, CommunityId(uuid4()), town.today, town.today)


def test_every_form_is_computed_and_read_back(town: Town, projector: Projector, reader: Reader):
    issued(town, 2007)
    for form in ReportForm.all():
        first = date(2007, 5, 1)
        made = of_town(town, projector, reader, form, first if form.period != "year" else NEW_YEAR)
        figures = made.figures
        assert made.wrong == ()
        assert Figures.read(figures.canonical()) == figures
        rows = list(csv.reader(io.StringIO(figures.csv())))
        assert rows[0] == [one.name for one in figures.columns]
        assert len(rows) == len(figures.rows) + 1
        page = html(figures, Stamp(made.known_at))
        assert form.name_zh in page
        assert figures.digest in page
    assert forms.FORMS.keys() == set(ReportForm.all())


def test_a_report_on_paper_has_its_chinese_words_and_who_filed_it(
    town: Town, projector: Projector, reader: Reader
):
    made = of_town(town, projector, reader, BASE, date(2007, 5, 31))
    printed = pdf(made.figures, Stamp(made.known_at, 2, made.known_at, "李所长", "510603001001"))
    (page,) = PdfReader(io.BytesIO(printed)).pages
    words = page.extract_text()
    for word in ("人口底数", "填报单位", "第 2 版", "李所长", "60岁以上", made.figures.digest[:16]):
        assert word in words, word


def test_men_and_women_are_counted_apart(town: Town, projector: Projector, reader: Reader):
    made = of_town(town, projector, reader, BASE, date(2007, 5, 31))
    rows = {row["unit"]: row for row in made.figures.records()}
    assert (rows["deyang"]["male"], rows["deyang"]["female"]) == (5, 1)
    assert rows["jingyang"]["households"] == 3  # the dormitory counts


def test_births_and_deaths_are_told_by_sex(town: Town, projector: Projector, reader: Reader):
    town.do(birth(town))  # a girl
    town.do(birth(town, name=Name("王小林"), sex=Sex.MALE, relation=SON, birth_certificate="F2"))
    town.do(death(town.zhao))
    town.do(death(town.qian))  # in the other county
    made = of_town(town, projector, reader, YEAR)
    assert made.wrong == ()
    names = ("births", "births_male", "births_female", "deaths", "deaths_male", "deaths_female")
    told = {row["unit"]: tuple(row[name] for name in names) for row in made.figures.records()}
    assert told == {
        "deyang": (2, 1, 1, 2, 2, 0),
        "jingyang": (2, 1, 1, 1, 1, 0),
        "shifang": (0, 0, 0, 1, 1, 0),
    }


def test_both_databases_tell_the_same(sqlite_url: str, postgres_url: str):
    """Every form, of a log with cards, findings, letters; and the figures are kept on both."""
    log = with_everything()
    found: list[dict[str, Any]] = []
    for url in (sqlite_url, postgres_url):
        engine = open_database(url, durability="off")
        projector = followed(engine, log)
        with reading(engine) as reader:
            at = At(day_at(log[-1].recorded_at), len(log))
            (city,) = (
                UUID(bytes=row.place)
                for row in reader.connection.execute(select(places).where(visible(places, at)))
                if row.level == Level.CITY
            )
            made = {
                form: make_report(
                    *(reader, projector.store, form, city),
                    *(at.valid_on.replace(month=1, day=1), None, at),
                )
                for form in ReportForm.all()
            }
        for one in made.values():
            assert one.wrong == ()
            digest = keep(engine, one.figures)
            assert keep(engine, one.figures) == digest  # once more, and nothing is wrong
            with engine.connect() as connection:
                assert read(connection, digest) == one.figures
        found.append({form: one.figures for form, one in made.items()})
        engine.dispose()
    assert found[0] == found[1]
    assert found[0]["population-year"].rows


def with_everything() -> list[Entry]:
    """A log in which cards are made, and of all else one thing happens."""
    log = [*with_cards(5)]
    there = {VOCABULARY[type(entry.event)].kind for entry in log}
    last = log[-1]
    for word in VOCABULARY.values():
        if word.opens and word.kind not in there:
            event = replace(whole(word), effective_on=day_at(last.recorded_at))
            stream, place = uuid5(NAMESPACE, word.name), len(log) + 1
            log.append(Entry(stream, 1, event, event.effective_on, place, last.recorded_at))
    return log
