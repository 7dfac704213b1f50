"""Corrections of the make-believe town: what had been written wrongly, numbers above all."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from adapters.demo.entering import anybody, approval, enter
from adapters.demo.life import Answer, Life, Plan
from adapters.demo.names import another_given_name, surname_of
from registry.commands.details import ChangeDetails, CorrectDetails, CorrectParents
from registry.commands.particulars import (
    ChangeNationality,
    CorrectBirthDate,
    CorrectName,
    CorrectNationality,
    CorrectSex,
)
from registry.commands.undoing import VoidEntry
from registry.register import Command
from registry.values import (
    ChangeCategory,
    Education,
    Nationality,
    Sex,
    Text,
)


def slip(life: Life) -> Plan:
    """A change entered for the wrong person, and undone when somebody noticed."""
    one = anybody(life)
    if one is None:
        return []
    house, on = one.home, life.day()

    def undo(life: Life) -> Plan:
        house.held -= 1
        command = VoidEntry(person=one.id, version=one.version, grounds=Text("录入对象错误"))
        return enter(life, one, command, cause="reversals")

    def noticed(_: Answer) -> None:
        house.held += 1
        life.later(life.dice.between(1, 20), undo)

    command = ChangeDetails(
        person=one.id,
        occupation=Text(f"误录{life.serial()}"),
        declarant=life.declarant(one),
        on=on,
    )
    return enter(life, one, command, then=noticed, on=on)


def correct_details(life: Life) -> Plan:
    """Education had been written wrongly from the start."""
    one = anybody(life)
    if one is None or one.age(life.today) < 20:
        return []
    code = life.dice.pick(("60", "70", "61", "71"))
    command = CorrectDetails(
        person=one.id, corrects=1, education=Education(code), declarant=one.name
    )
    return enter(life, one, command)


def correct_name(life: Life) -> Plan:
    """A character of the name had been written wrongly, mostly one that could not be typed."""
    one = anybody(life)
    if one is None or "·" in one.name or one.renamed:
        return []
    new = another_given_name(life.dice, one.name, one.sex)
    command = CorrectName(
        person=one.id,
        corrects=1,
        category=ChangeCategory("22"),
        approval=approval(life, one),
        name=new,
        declarant=life.declarant(one),
    )

    def corrected(_: Answer) -> None:
        one.name, one.renamed = new, True

    return enter(life, one, command, then=corrected)


def correct_parents(life: Life) -> Plan:
    """Names of parents who were unknown."""
    one = anybody(life)
    if one is None or one.mother is not None or one.father is not None:
        return []
    command = CorrectParents(
        person=one.id,
        corrects=1,
        mother_name=life.namer.name(Sex.FEMALE, one.born.year - 25, one.nationality),
        father_name=life.namer.name(
            Sex.MALE, one.born.year - 26, one.nationality, surname_of(one.name)
        ),
        declarant=life.declarant(one),
    )
    return enter(life, one, command)


def nationality(life: Life) -> Plan:
    """Somebody takes the nationality of the other parent, or it had been written wrongly."""
    one = anybody(life)
    if one is None or one.nationality != "01":
        return []
    new = Nationality("11" if one.township.northern else "33")
    values: dict[str, Any] = {"person": one.id, "nationality": new, "approval": approval(life, one)}
    on: date | None = None
    command: Command
    if life.dice.chance(0.5):
        on = life.day()
        command = ChangeNationality(
            **values, category=ChangeCategory("51"), declarant=life.declarant(one), on=on
        )
    else:
        command = CorrectNationality(
            **values, category=ChangeCategory("52"), declarant=life.declarant(one), corrects=1
        )

    def taken(_: Answer) -> None:
        one.nationality = new

    return enter(life, one, command, then=taken, on=on)


def correct_birth_date(life: Life) -> Plan:
    """A birth date had been written wrongly; the number changes with it."""
    one = anybody(life)
    if one is None or one.in_case or one.number is None or one.renumbered:
        return []
    new = one.born - timedelta(life.dice.between(1, 40))
    command = CorrectBirthDate(
        person=one.id,
        corrects=1,
        category=ChangeCategory("41"),
        approval=approval(life, one),
        birth_date=new,
        declarant=life.declarant(one),
    )

    def corrected(_: Answer) -> None:
        one.born = new

    return enter(life, one, command, "county", then=corrected)


def correct_sex(life: Life) -> Plan:
    """A small child's sex had been written wrongly; the number changes with it."""
    one = anybody(life)
    if one is None or one.age(life.today) > 6 or one.number is None or one.in_case:
        return []
    if one.renumbered:
        return []
    new = Sex(3 - one.sex)
    command = CorrectSex(
        person=one.id,
        corrects=1,
        category=ChangeCategory("32"),
        approval=approval(life, one),
        sex=new,
        declarant=life.declarant(one),
    )

    def corrected(_: Answer) -> None:
        one.sex = new

    return enter(life, one, command, "county", then=corrected)
