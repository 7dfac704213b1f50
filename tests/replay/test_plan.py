"""One plan, expressed by the register's commands and in columns, comes to one register."""

from __future__ import annotations

import shutil

import pytest

from registry.values import day_of
from registry.vocabulary import Kind
from replay.digest import register_digest
from replay.history import At
from replay.log import KeptLog
from replay.province import columns as c
from replay.province.days import RATES
from replay.province.kept import ProvinceLog
from replay.province.making import Province
from tests.replay.planned import Station, name_as_registered

#: All that commands can say of persons and households; cards and faults are planned elsewhere.
OFTEN = {business: max(rate * 12, 40_000) for business, rate in RATES.items()}
OFTEN |= {c.B_APPLY: 0, c.B_RENUMBER: 0}


@pytest.fixture(scope="module")
def both(tmp_path_factory, sqlite_template):
    province = Province(2, 11, households=30, days=400, often=OFTEN, faults=0)
    name_as_registered(province)
    path = tmp_path_factory.mktemp("register") / "town.db"
    shutil.copy(sqlite_template, path)
    station = Station(province, path)
    log = KeptLog(station.run())
    assert station.refused == []
    return log, ProvinceLog(province, bits=5)


def test_commands_and_columns_come_to_one_register(both):
    ordered, planned = both
    assert ordered.head == planned.head
    day = max(ordered.block(kind, 0).effective_on.max() for kind in (Kind.PERSON, Kind.HOUSEHOLD))
    at = At(day_of(int(day)), ordered.head)
    ours, theirs = register_digest(planned, at), register_digest(ordered, at)
    assert ours.counts == theirs.counts
    assert [kind for kind in ours.kinds if ours.kinds[kind] != theirs.kinds[kind]] == []
    assert str(ours) == str(theirs)
