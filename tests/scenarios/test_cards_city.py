"""The city looks at a sample, and a failed sample returns the whole package (抽检).

Source: Deyang plan of 2004 (德办发(2004)39号): 检验或抽查.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any

import pytest

from registry.aggregates import Application
from registry.card_terms import CardSetting, SamplePlan
from registry.commands.cards_city import Faulty, JudgePackage
from registry.commands.cards_common import Tier
from registry.commands.cards_making import ExtractForPackage
from registry.commands.cards_transport import ReceiveData, SendData
from registry.values import ProductionError, Sex
from tests.scenarios.cards import CITY, SIGNER, accepted, ready, signed, state
from tests.scenarios.town import HEAD, Town, new, supplement

PHOTO_BAD = ProductionError("20")


def many(town: Town, count: int) -> list[Any]:
    """Residents of the gate who are verified, with data captured and at the city."""
    found = []
    for number in range(count):
        name = f"居民{number}"
        town.ids[name] = town.do(
            supplement(
                name,
                Sex.MALE,
                date(1975, 3, 5),
                HEAD,
                new_household=new(town.gate, str(500 + number)),
            )
        )["person"]
    ready(town, *(f"居民{number}" for number in range(count)))
    for number in range(count):
        found.append(accepted(town, f"居民{number}"))
    signed(town, *found)
    town.do(SendData(tier=Tier.COUNTY, applications=tuple(found)), SIGNER)
    return found


def test_a_failed_sample_returns_the_whole_package(town: Town):
    """Of thirty, twenty at least are looked at."""
    found = tuple(many(town, 30))
    town.do(ReceiveData(tier=Tier.CITY, applications=found), CITY)
    seed, sample = town.told["seed"], town.told["sample"]
    assert len(sample) == 20
    assert {town.timeline(one)[-1].event.seed for one in found} == {seed}
    drawn = {one for one in found if town.see(Application, one).sampled}
    assert {str(one) for one in drawn} == set(sample)
    faulty = (Faulty(application=min(drawn), error=PHOTO_BAD),)
    town.do(JudgePackage(applications=found, faulty=faulty), CITY)
    assert town.told == {"passed": 0, "failed": 30}
    errors = [town.timeline(one)[-1].event.error for one in found]
    assert sorted(errors) == ["00"] * 29 + ["20"]


def test_a_fault_outside_the_sample_returns_its_own_application_alone(town: Town):
    found = tuple(many(town, 25))
    town.do(ReceiveData(tier=Tier.CITY, applications=found), CITY)
    other = next(one for one in found if not town.see(Application, one).sampled)
    town.do(
        JudgePackage(applications=found, faulty=(Faulty(application=other, error=PHOTO_BAD),)),
        CITY,
    )
    assert town.told == {"passed": 24, "failed": 1}
    assert state(town, other) == "17"


def test_where_all_are_looked_at_only_the_faulty_go_back(town: Town):
    found = tuple(many(town, 3))
    town.do(ReceiveData(tier=Tier.CITY, applications=found), CITY)
    faulty = (Faulty(application=found[1], error=PHOTO_BAD),)
    stranger = (Faulty(application=town.wang, error=PHOTO_BAD),)
    wrong = JudgePackage(applications=found, faulty=stranger)
    assert "not-in-package" in town.refused(wrong, CITY)
    town.do(JudgePackage(applications=found, faulty=faulty), CITY)
    assert [state(town, one) for one in found] == ["16", "17", "16"]
    town.do(ExtractForPackage(applications=(found[0],)), CITY)
    town.do(SendData(tier=Tier.CITY, applications=(found[0], found[2])), CITY)
    assert [state(town, one) for one in found] == ["18", "17", "18"]


def test_a_draw_can_be_repeated_from_its_entries_alone(town: Town):
    """SHA-256 of the seed and the identifier ranks them; no library's dice are trusted."""
    found = many(town, 24)
    town.do(ReceiveData(tier=Tier.CITY, applications=tuple(found)), CITY)
    told = [town.timeline(one)[-1].event for one in found]
    plans = {(each.draw, each.size, each.permille, each.least, each.accepts) for each in told}
    ((draw, size, permille, least, accepts),) = plans
    assert (size, permille, least, accepts) == (24, 50, 20, 0)
    assert draw == town.told["draw"]
    seed = told[0].seed
    ranked = sorted(found, key=lambda one: sha256(seed.to_bytes(8, "big") + one.bytes).digest())
    looked_at = {one for one, each in zip(found, told, strict=True) if each.sampled}
    assert looked_at == set(ranked[:20])


def test_nothing_of_a_draw_is_judged_without_the_rest(town: Town):
    """Else a failed sample could be judged away, and the others passed before it is looked at."""
    found = many(town, 23)
    town.do(ReceiveData(tier=Tier.CITY, applications=tuple(found)), CITY)
    looked_at = tuple(one for one in found if town.see(Application, one).sampled)
    others = tuple(one for one in found if one not in looked_at)
    bad = (Faulty(application=looked_at[0], error=PHOTO_BAD),)
    for part, faulty in ((looked_at, bad), (looked_at, ()), (others, ()), (tuple(found[:-1]), ())):
        judge = JudgePackage(applications=part, faulty=faulty)
        assert town.refused(judge, CITY) == ["not-in-package"]
    town.do(JudgePackage(applications=tuple(found), faulty=bad), CITY)
    assert {state(town, one) for one in found} == {"17"}


def test_two_draws_are_not_judged_as_one(town: Town):
    found = many(town, 4)
    for half in (tuple(found[:2]), tuple(found[2:])):
        town.do(ReceiveData(tier=Tier.CITY, applications=half), CITY)
    both = JudgePackage(applications=tuple(found))
    assert town.refused(both, CITY) == ["not-in-package"]


@pytest.mark.parametrize(("faults", "passed"), [(1, 29), (2, 28), (3, 0)])
def test_a_plan_may_forgive_faults_and_the_entries_say_so(town: Town, faults, passed):
    plan = SamplePlan.of("500,10,2,川换证办[2004]4号")
    setting = replace(town.register.setting, cards=CardSetting(sample=plan))
    town.register.setting = setting
    found = many(town, 30)
    town.do(ReceiveData(tier=Tier.CITY, applications=tuple(found)), CITY)
    event = town.timeline(found[0])[-1].event
    assert (event.permille, event.least, event.accepts) == (500, 10, 2)
    looked_at = [one for one in found if town.see(Application, one).sampled]
    assert len(looked_at) == 15
    bad = tuple(Faulty(application=one, error=PHOTO_BAD) for one in looked_at[:faults])
    town.do(JudgePackage(applications=tuple(found), faulty=bad), CITY)
    assert town.told["passed"] == passed


def test_a_sample_is_not_failed_without_an_error(town: Town):
    found = tuple(many(town, 2))
    town.do(ReceiveData(tier=Tier.CITY, applications=found), CITY)
    nothing = (Faulty(application=found[0], error=ProductionError("00")),)
    judge = JudgePackage(applications=found, faulty=nothing)
    assert town.refused(judge, CITY) == ["error-not-named"]
