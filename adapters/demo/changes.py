"""Changes of the make-believe town: schools, work, names, guardians, and which kinds there are."""

from __future__ import annotations

from datetime import date
from typing import Final

from adapters.demo.corrections import (
    correct_birth_date,
    correct_details,
    correct_name,
    correct_parents,
    correct_sex,
    nationality,
    slip,
)
from adapters.demo.entering import anybody, approval, enter
from adapters.demo.life import Answer, Life, Plan
from adapters.demo.names import another_given_name
from adapters.demo.weddings import divorce, wed
from registry.commands.details import ChangeDetails, ChangeNature, NameGuardian
from registry.commands.particulars import ChangeName
from registry.values import (
    ChangeCategory,
    Education,
    HukouNature,
    Relationship,
    Sex,
    Text,
)

WORK: Final = [
    "务农",
    "教师",
    "个体户",
    "工人",
    "驾驶员",
    "医生",
    "护士",
    "会计",
    "公务员",
    "厨师",
]
SCHOOLS: Final = ((9, "80"), (13, "70"), (16, "60"), (19, "41"), (22, "21"))
#: Kinds of change by weight; a wedding is two entries.
WEIGHTS: Final = (
    ("wedding", 0.10),
    ("divorce", 0.012),
    ("school", 0.34),
    ("work", 0.28),
    ("height", 0.08),
    ("nature", 0.05),
    ("slip", 0.006),
    ("correct details", 0.04),
    ("correct name", 0.035),
    ("change name", 0.018),
    ("correct parents", 0.008),
    ("guardian", 0.012),
    ("nationality", 0.009),
    ("correct birth date", 0.012),
    ("correct sex", 0.002),
)


def some_change(life: Life) -> Plan:
    """A change or correction of some kind."""
    return KINDS[life.dice.weigh(WEIGHTS)](life)


def school(life: Life) -> Plan:
    """Somebody finished a school, sometimes declared years later."""
    one = anybody(life)
    if one is None or not 7 <= one.age(life.today) <= 28:
        return []
    fitting = [code for least, code in SCHOOLS if least <= one.age(life.today)]
    code = fitting[-1] if fitting else "80"
    if one.education == code:
        return []
    on = life.ago(200, 900, one.since) if life.dice.chance(0.12) else life.day()
    command = ChangeDetails(
        person=one.id, education=Education(code), declarant=life.declarant(one), on=on
    )

    def learnt(_: Answer) -> None:
        one.education = code

    return enter(life, one, command, then=learnt, on=on)


def work(life: Life) -> Plan:
    """Somebody takes up another occupation."""
    one = anybody(life)
    if one is None or not 18 <= one.age(life.today) <= 60:
        return []
    on = life.day()
    occupation = Text(f"{life.dice.pick(WORK)}（{on:%Y%m%d}）")
    command = ChangeDetails(person=one.id, occupation=occupation, declarant=one.name, on=on)
    return enter(life, one, command, on=on)


def height(life: Life) -> Plan:
    """Somebody is measured."""
    one = anybody(life)
    if one is None or not 14 <= one.age(life.today) <= 30:
        return []
    on = life.day()
    command = ChangeDetails(
        person=one.id,
        height_cm=life.dice.between(150, 190) - 8 * (one.sex is Sex.FEMALE),
        workplace=Text(f"体检{on:%Y%m%d}"),
        declarant=life.declarant(one),
        on=on,
    )
    return enter(life, one, command, on=on)


def nature(life: Life) -> Plan:
    """A farmer's registration becomes a townsman's (农转非)."""
    one = anybody(life)
    if one is None or one.nature != "2":
        return []
    on, new = life.day(), HukouNature("6" if life.today >= date(2014, 7, 30) else "1")
    command = ChangeNature(
        person=one.id,
        nature=new,
        approval=approval(life, one),
        declarant=life.declarant(one),
        on=on,
    )

    def changed(_: Answer) -> None:
        one.nature = new

    return enter(life, one, command, then=changed, on=on)


def change_name(life: Life) -> Plan:
    """Somebody takes another name."""
    one = anybody(life)
    if one is None or "·" in one.name:
        return []
    on, new = life.today, another_given_name(life.dice, one.name, one.sex)
    command = ChangeName(
        person=one.id,
        category=ChangeCategory("21"),
        approval=approval(life, one),
        name=new,
        declarant=life.declarant(one),
        on=on,
    )

    def changed(_: Answer) -> None:
        one.name, one.renamed = new, True

    return enter(life, one, command, then=changed, on=on)


def guardian(life: Life) -> Plan:
    """A guardian for a child whose parents work far away."""
    one = anybody(life)
    if one is None or one.age(life.today) >= 16:
        return []
    elders = [other for other in one.home.members if other.age(life.today) > 50]
    on = life.day()
    command = NameGuardian(
        person=one.id,
        guardian=elders[0].id if elders else None,
        guardian_name=elders[0].name if elders else life.declarant(one),
        guardian_relation=Relationship("61" if elders else "97"),
        declarant=life.declarant(one),
        on=on,
    )
    return enter(life, one, command, on=on)


KINDS: Final = {
    "wedding": wed,
    "divorce": divorce,
    "school": school,
    "work": work,
    "height": height,
    "nature": nature,
    "slip": slip,
    "correct details": correct_details,
    "correct name": correct_name,
    "change name": change_name,
    "correct parents": correct_parents,
    "guardian": guardian,
    "nationality": nationality,
    "correct birth date": correct_birth_date,
    "correct sex": correct_sex,
}
