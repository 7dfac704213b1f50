"""The make-believe county: the same for the same seed, lawful, and as the dossier counts."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from datetime import date
from uuid import UUID, uuid5

import numpy as np
import pytest
from sqlalchemy import Engine

from adapters import demo
from adapters.bulk import Importer
from adapters.database import open_database
from adapters.demo import FOUNDED, SimulatedClock, build_town
from adapters.demo.detecting import detected
from adapters.demo.dice import Dice
from adapters.demo.life import RATES, Life
from adapters.demo.mirror import Community, Plate, Township
from adapters.demo.names import Namer, surname_of
from adapters.demo.numbers import Numbers, in_force
from adapters.demo.people import found_population, spoil
from adapters.demo.show import DATABASE, show
from adapters.eventstore import Recorder
from adapters.schema import migrate
from registry.aggregates import Household, Person
from registry.errors import Conflict
from registry.events.numbers import NumberCaseOpened
from registry.history import effective
from registry.register import Register, Setting
from registry.values import (
    CitizenNumber,
    CommunityId,
    DivisionId,
    Name,
    Nationality,
    OfficeCode,
    Sex,
    explain_number,
)

NAMESPACE = UUID("6a2f4c1e-0d53-4b7e-9f39-5a1f5e7c2b10")


class World:
    """A register, an importer and a clock over a database, all from a seed."""

    def __init__(self, engine: Engine) -> None:
        chance = random.Random(7)
        self.clock = SimulatedClock()
        self.store = Recorder(engine, node=1, clock=self.clock)
        setting = Setting(NAMESPACE, uuid5(NAMESPACE, "places"))
        self.register = Register(
            self.store,
            setting,
            clock=self.clock,
            ids=lambda: UUID(int=chance.getrandbits(128), version=4),
            salt=lambda: chance.randbytes(16),
        )
        self.importer = Importer(
            self.store, setting, clock=self.clock, salt=lambda: bytes(16), workers=0
        )

    def build(self, people: int, years: float, seed: int = 2004, step: int = 7) -> demo.Story:
        return build_town(
            self.register, self.importer, self.clock, people, years, seed, step_days=step
        )

    def digest(self) -> str:
        found = hashlib.sha256()
        for entry in self.store.page(0, 1_000_000):
            told = (entry.originator_id, entry.originator_version, entry.code, entry.recorded_at)
            found.update(repr((*told, entry.state)).encode())
        return found.hexdigest()


@pytest.fixture
def world(engine):
    return World(engine)


@pytest.fixture
def mirror_of(monkeypatch):
    """The generator's own knowledge, kept when it tells its story."""
    lives: list[Life] = []
    tell = demo.tell

    def kept(life, *rest):
        lives.append(life)
        return tell(life, *rest)

    monkeypatch.setattr(demo, "tell", kept)
    return lives


def test_a_small_town_lives_three_years_and_nothing_is_refused(world, mirror_of):
    story = world.build(500, 3)
    assert story.refused == []
    assert story.done["house visits"] == story.done["visits assigned"] > 0
    assert story.report.reasons == Counter()
    (life,) = mirror_of
    everybody = life.mirror.residents
    persons = folded(world, Person, [one.id for one in everybody])
    households = folded(world, Household, {one.home.id for one in everybody})
    for one in everybody:
        person, house = persons[one.id], households[one.home.id]
        assert (person.household, person.community) == (one.home.id, one.home.community.id)
        assert (person.name, person.sex, person.birth_date) == (one.name, one.sex, one.born)
        assert one.home.collective or house.members[one.id] == one.relation
    assert {entry.officer[:9] for entry in world.store.page(0, 100_000)} == {"synthetic"}


def test_a_folder_that_holds_a_register_is_not_written_into(tmp_path):
    (tmp_path / DATABASE).touch()
    with pytest.raises(Conflict, match="already"):
        show(folder=tmp_path)


def folded(world, kind, ids):
    decode = world.register.codec.entry
    found = world.store.streams(ids)
    return {id: kind.fold(effective([decode(one) for one in found[id]])) for id in ids}


def test_the_same_seed_makes_the_same_town(tmp_path):
    digests: list[str] = []
    for seed in (1, 1, 2):
        url = f"sqlite:///{tmp_path / f'{len(digests)}.db'}"
        with Fresh(url) as world:
            world.build(300, 1, seed)
            digests.append(world.digest())
    assert digests[0] == digests[1] != digests[2]


class Fresh:
    """A world in a database of its own."""

    def __init__(self, url: str) -> None:
        self.engine = open_database(url, durability="off")
        migrate(self.engine)

    def __enter__(self) -> World:
        return World(self.engine)

    def __exit__(self, *error: object) -> None:
        self.engine.dispose()


def test_events_happen_about_as_often_as_in_ordinary_counties(tmp_path):
    with Fresh(f"sqlite:///{tmp_path / 'rates.db'}") as world:
        story = world.build(2_000, 5, seed=3)
    assert story.refused == []
    for name, rate in RATES.items():
        expected = rate * story.person_years
        assert abs(story.counted[name] - expected) < 5 * expected**0.5 + 5, name
    assert 2.85 <= story.household_size <= 3.25


def population(people: int, seed: int = 5):
    dice = Dice(np.random.default_rng(seed))
    nowhere = DivisionId(UUID(int=1))
    offices = OfficeCode("510683001000"), OfficeCode("510683000000")
    township = Township("孝德镇", "510683", nowhere, nowhere, *offices, False)
    community = Community(CommunityId(UUID(int=2)), "清泉村", township, True)
    community.plates = [
        Plate(f"D01-P{number}", "D01-S1", f"{number}号", community) for number in range(900)
    ]
    return found_population([(community, people)], dice, Numbers(dice), FOUNDED)


def test_founding_households_have_the_usual_size_and_one_head():
    found = population(6_000)
    assert len(found.people) / len(found.houses) == pytest.approx(3.06, abs=0.15)
    for house in found.houses:
        assert [one for one in house.members if one.relation.is_head] == [house.head]
        assert house.head.age(FOUNDED) >= 18


def test_the_founding_population_has_a_plausible_pyramid():
    people = population(6_000).people
    ages = np.array([one.age(FOUNDED) for one in people])
    assert 0.10 < (ages < 15).mean() < 0.28
    assert 0.06 < (ages >= 65).mean() < 0.18
    assert ages.max() < 125
    assert 0.46 < np.mean([one.sex == Sex.MALE for one in people]) < 0.56
    for one in people:
        for parent in (one.mother, one.father):
            assert parent is None or (one.born - parent.born).days > 17 * 365


def test_planted_faults_are_exactly_those_that_are_counted():
    found = population(6_000)
    faults: Counter[str] = Counter()
    held = Counter(number for number in found.stated.values() if number)
    for one in found.people:
        number = found.stated[one.key]
        if not number:
            faults["missing"] += 1
        elif len(number) == 15:
            faults["fifteen-digits"] += 1
        elif explain_number(number):
            faults[explain_number(number)[0].code] += 1
        elif CitizenNumber(number).sex != one.sex:
            faults["sex"] += 1
        elif CitizenNumber(number).birth_date != one.born:
            faults["birth-date"] += 1
    faults["duplicate"] = sum(count - 1 for count in held.values())
    assert faults == found.planted
    assert sum(faults.values()) / len(found.people) == pytest.approx(0.01, abs=0.004)


def test_the_import_finds_the_planted_faults(tmp_path):
    with Fresh(f"sqlite:///{tmp_path / 'faults.db'}") as world:
        story = world.build(1_500, 0)
        page = world.store.page(0, 1_000_000)
        entries = [world.register.codec.entry(stored) for stored in page]
    cases = [entry.event.parties for entry in entries if isinstance(entry.event, NumberCaseOpened)]
    told = list(detected(story.faults, story.report.findings, cases))
    assert {one.kind: one.planted for one in told} == story.planted
    assert [(one.found, one.hits) for one in told] == [(one.planted, one.planted) for one in told]
    assert {(one.recall, one.precision) for one in told} == {(1.0, 1.0)}
    found, planted = story.report.found, story.planted
    assert story.report.cases == planted["duplicate"]
    assert found["number-missing"] == planted["missing"]
    assert found["number-check-character"] == planted["check-character"]
    assert found["number-fifteen-digits"] == planted["fifteen-digits"]
    assert found["number-differs-from-sex"] == planted["sex"]
    assert found["number-differs-from-birth-date"] == planted["birth-date"]
    assert sum(found.values()) == sum(planted.values()) - planted["duplicate"]


@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("check-character", ["check-character"]),
        ("fifteen-digits", ["fifteen-digits"]),
        ("sex", []),
        ("birth-date", []),
    ],
)
def test_a_number_is_spoilt_in_one_way(kind, fault):
    number = CitizenNumber.compose(in_force(("510683",), 2004), date(2004, 2, 29), 402)
    spoilt = spoil(number, kind)
    assert spoilt != number
    assert [one.code for one in explain_number(spoilt)] == fault


@pytest.mark.parametrize(
    ("year", "code"), [(1985, "510624"), (1987, "510624"), (1990, "519001"), (2004, "510681")]
)
def test_a_number_has_the_code_that_was_in_force(year, code):
    assert in_force(("510624", "519001", "510681"), year) == code


def test_some_names_are_hard_to_type():
    namer = Namer(Dice(np.random.default_rng(1)))
    names = [namer.name(Sex.MALE, 1980, Nationality("01")) for _ in range(5_000)]
    assert any(ord(letter) > 0xFFFF for name in names for letter in name)
    uyghur = namer.name(Sex.FEMALE, 1980, Nationality("05"))
    assert "·" in uyghur
    assert surname_of(uyghur) is None
    assert surname_of(Name("欧阳国华")) == "欧阳"
