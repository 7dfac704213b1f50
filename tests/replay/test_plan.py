"""One plan, expressed by the register's commands and in columns, comes to one register."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from registry.values import day_of
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.log import KeptLog
from replay.columns.runs import entries
from replay.province import columns as c
from replay.province.days import RATES
from replay.province.kept import ProvinceLog
from replay.province.making import Province
from replay.province.plan import plan_of
from replay.questions.comparing import register_digest
from replay.states.history import At
from tests.replay.planned import Station, name_as_registered

#: All that commands can say of persons and households; cards and faults are planned elsewhere.
OFTEN = {business: max(rate * 12, 50_000) for business, rate in RATES.items()}
OFTEN |= {c.B_APPLY: 0, c.B_RENUMBER: 0}
#: What these rates leave out.
UNPLANNED = {c.B_APPLY, c.B_STEP, c.B_VERIFY, c.B_RENUMBER, c.B_CLOSE_CASE}


@pytest.fixture(scope="module")
def province():
    made = Province(2, 11, households=40, days=420, often=OFTEN, faults=0)
    name_as_registered(made)
    return made


@pytest.fixture(scope="module")
def ordered(province, tmp_path_factory, sqlite_template):
    """The log of a register to which the plan was sent as commands."""
    path = tmp_path_factory.mktemp("register") / "town.db"
    shutil.copy(sqlite_template, path)
    station = Station(province, path)
    log = KeptLog(station.run())
    assert station.refused == []
    return log


def test_a_plan_has_every_business_of_persons_and_households(province):
    planned = {
        one for town in range(2) for one in plan_of(province.plan(town))[:, c.BUSINESS].tolist()
    }
    assert planned == set(range(c.B_STEP + 1)) - UNPLANNED


def test_commands_and_columns_come_to_one_register(province, ordered):
    planned = ProvinceLog(province, bits=5)
    assert ordered.head == planned.head
    last = day_of(int(ordered.block(Kind.PERSON, 0).effective_on.max()))
    for day in (last, last - timedelta(200)):
        at = At(day, ordered.head)
        ours, theirs = register_digest(planned, at), register_digest(ordered, at)
        assert ours.counts == theirs.counts
        assert [kind for kind in ours.kinds if ours.kinds[kind] != theirs.kinds[kind]] == []
        assert str(ours) == str(theirs)


def test_each_stream_has_the_same_events_on_the_same_days(province, ordered):
    planned = ProvinceLog(province, bits=5)
    for kind in (Kind.PERSON, Kind.HOUSEHOLD, Kind.DOORPLATE, Kind.NUMBER, Kind.BOOK):
        told = {
            log: {
                (one.stream, one.version, VOCABULARY[type(one.event)].code, one.effective_on)
                for partition in log.partitions(kind)
                for one in entries(log.block(kind, partition), log.spaces)
            }
            for log in (planned, ordered)
        }
        assert told[planned] == told[ordered]


def test_numbers_and_their_books_tell_the_same_word_for_word(province, ordered):
    planned = ProvinceLog(province, bits=5)
    for kind in (Kind.NUMBER, Kind.BOOK, Kind.DOORPLATE):
        told = {
            log: {
                (one.stream, one.version): one.event
                for partition in log.partitions(kind)
                for one in entries(log.block(kind, partition), log.spaces)
            }
            for log in (planned, ordered)
        }
        assert told[planned] == told[ordered]
