"""Books of sites and lists of packages on both databases, against replay and against a pencil."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from random import Random
from uuid import UUID

from sqlalchemy import Engine

from adapters.material import books
from adapters.packages import Parcel, gaps, missing, of_office
from adapters.reading import reading
from registry.entry import Entry
from registry.events.packages import (
    PackageCameAgain,
    PackageReceived,
    PackageRejected,
    PackageReportedLost,
    PackageSent,
)
from registry.projections import At
from registry.values import (
    ApplicationId,
    Digest,
    OfficeCode,
    PackageAnomaly,
    PackageContent,
    PackageNumber,
    Text,
)
from replay.columns.log import KeptLog
from replay.questions.material import material
from replay.states.history import At as Point
from tests.adapters.followed import followed
from tests.replay.test_material import told

STATION, COUNTY = OfficeCode("510603001001"), OfficeCode("510603000000")
FRIDAY = date(2007, 6, 1)


def test_the_books_of_random_bodies_are_the_same_in_read_models_and_in_replay(engine: Engine):
    entries = told([Random(7).getrandbits(32) + number for number in range(24)])
    followed(engine, entries, batch=17)
    log, end = KeptLog(entries), date(2020, 1, 1)
    with reading(engine) as reader:
        for first, last in ((0, len(entries)), (len(entries) // 3, len(entries) // 2)):
            kept = books(reader, At(end, first), At(end, last))
            replayed = material(log, Point(end, first), Point(end, last)).books
            assert (kept.opening, kept.moves, kept.closing) == (
                replayed.opening,
                replayed.moves,
                replayed.closing,
            )
            assert kept.differences() == {}


def package(number: int, day: date, *after: object) -> list[object]:
    """A package of two applications, and what happened to it."""
    members = (ApplicationId(UUID(int=2 * number)), ApplicationId(UUID(int=2 * number + 1)))
    return [
        PackageSent(
            effective_on=day,
            package_number=PackageNumber.compose(STATION, day, number),
            content=PackageContent.DATA,
            sender=STATION,
            receiver=COUNTY,
            count=2,
            digest=Digest("a" * 64),
            members=members,
        ),
        *after,
    ]


def received(day: date, anomaly: str, *missing: int) -> PackageReceived:
    """A receipt."""
    return PackageReceived(
        effective_on=day,
        receiver=COUNTY,
        anomaly=PackageAnomaly(anomaly),
        members=(),
        missing=tuple(ApplicationId(UUID(int=one)) for one in missing),
    )


def test_what_is_wrong_with_packages_is_named_and_numbers_that_are_missing(engine: Engine):
    late = FRIDAY + timedelta(6)  # three working days after a Friday are over on Wednesday
    histories = {
        1: package(1, FRIDAY, received(FRIDAY, "00")),
        2: package(2, FRIDAY, received(FRIDAY, "11", 5)),
        3: package(
            3,
            FRIDAY,
            PackageRejected(
                effective_on=FRIDAY,
                receiver=COUNTY,
                anomaly=PackageAnomaly("01"),
                count=None,
                digest=None,
            ),
        ),
        6: package(
            6,
            FRIDAY,
            PackageReportedLost(effective_on=FRIDAY, missing=(), grounds=Text("遗失")),
        ),
        7: package(
            7,
            FRIDAY,
            received(FRIDAY, "00"),
            PackageCameAgain(effective_on=FRIDAY, receiver=COUNTY),
        ),
        8: package(8, FRIDAY),
        9: package(9, FRIDAY, received(late, "00")),
    }
    entries: list[Entry] = []
    for number, events in histories.items():
        for version, event in enumerate(events, 1):
            day = event.effective_on  # type: ignore[attr-defined]  # every event has one
            stream = UUID(int=1000 + number)
            entries.append(Entry(stream, version, event, day, len(entries) + 1))
    followed(engine, entries)
    at = At(late + timedelta(1), len(entries))
    with reading(engine) as reader:
        found = of_office(reader, STATION, at, wrong=False, after=None, limit=100)
        wrong = of_office(reader, COUNTY, at, wrong=True, after=None, limit=100)
        (gap,) = gaps(reader, COUNTY, at)
        elsewhere = of_office(
            reader, OfficeCode("510604000000"), at, wrong=False, after=None, limit=9
        )
        nobody = missing(reader, PackageNumber.compose(STATION, FRIDAY, 2), at)
    named = {int(one.package_number[-5:]): set(one.wrong) for one in found}
    assert named == {
        1: set(),
        2: {"incomplete"} | {"late"},
        3: {"damaged"},
        6: {"lost"},
        7: {"duplicate"},
        8: {"late"},
        9: {"late"},
    }
    assert [one for one in found if one.wrong] == wrong
    assert (gap.sender, gap.first, gap.last) == (STATION, 4, 5)
    assert [elsewhere, nobody] == [[], []], "the applications are no entries of this log"
    assert Counter(type(one) for one in found) == {Parcel: 7}
