"""The founding population: families by chance, drawn as arrays, with faults planted on purpose."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from adapters.demo.dice import Dice
from adapters.demo.kin import HEAD, stands_to
from adapters.demo.mirror import Community, House, Resident
from adapters.demo.names import Namer, surname_of
from adapters.demo.numbers import Numbers
from registry.numbers import check_character
from registry.values import HukouNature, MaritalStatus, Relationship, Sex

Ages = NDArray[np.float64]

#: Kinds of family by their shares: roles in the order of their seats. With these shares a
#: household has 3.06 persons. h head, w spouse, c child, d second child, p and q parents of h.
FAMILIES: Final = (
    ("h", 0.045),  # somebody old
    ("h", 0.040),  # somebody young
    ("hw", 0.050),  # before children
    ("hw", 0.125),  # whose children have gone
    ("hwc", 0.365),
    ("hwcd", 0.110),
    ("hwcp", 0.100),
    ("hwcpq", 0.115),
    ("hc", 0.050),
)
#: Ages of the head in each: lowest, likeliest, highest.
HEADS: Final = (
    *((58, 68, 92), (20, 25, 38), (22, 26, 36), (45, 58, 84), (23, 38, 58), (27, 40, 58)),
    *((25, 38, 55), (25, 36, 52), (24, 40, 60)),
)
#: Planted faults of numbers, per person; a duplicate has two holders.
FAULTS: Final = {
    "duplicate": 0.0015,
    "check-character": 0.0035,
    "missing": 0.0025,
    "sex": 0.0006,
    "birth-date": 0.0006,
    "fifteen-digits": 0.0010,
}


@dataclass(repr=False)
class Population:
    """Everybody on the first day, and which faults their numbers have."""

    houses: list[House] = field(default_factory=list)
    people: list[Resident] = field(default_factory=list)
    stated: dict[str, str] = field(default_factory=dict)  # number in the extract, by key
    faults: dict[str, list[Resident]] = field(default_factory=dict)  # duplicates: pairs in order

    @property
    def planted(self) -> Counter[str]:
        """How many persons have each fault; of a duplicate the second holder counts."""
        counts = Counter({kind: len(people) for kind, people in self.faults.items()})
        counts["duplicate"] //= 2
        return counts


def found_population(
    communities: list[tuple[Community, int]], dice: Dice, numbers: Numbers, today: date
) -> Population:
    """Make families until every community has its number of people, then plant faults."""
    population = Population()
    namer = Namer(dice)
    for community, wanted in communities:
        _settle(population, community, wanted, dice, namer, today)
    _plant_duplicates(population, dice)
    _number(population, numbers)
    _plant(population, dice, numbers)
    return population


def ages_of(kind: int, count: int, rng: np.random.Generator) -> dict[str, Ages]:
    """Ages in days of everybody in families of a kind: an array for each role."""
    roles = FAMILIES[kind][0]
    head = rng.triangular(*HEADS[kind], size=count)
    ages = {"h": head}
    if "w" in roles:
        ages["w"] = np.maximum(head + rng.normal(-1.6, 2.4, count), 20.1)
    youngest = np.minimum(ages.get("w", head), head)
    if "c" in roles:
        ages["c"] = np.clip(youngest - rng.normal(25.5, 2.6, count), 0.02, youngest - 18.5)
    if "d" in roles:
        ages["d"] = np.clip(ages["c"] - rng.normal(3.5, 1.5, count), 0.01, ages["c"] - 0.9)
    if "p" in roles:
        ages["p"] = head + np.clip(rng.normal(26.0, 3.5, count), 18.5, 40)
    if "q" in roles:
        ages["q"] = np.minimum(ages["p"], head + 18.5 + rng.exponential(6.0, count))
    return {role: np.maximum(1, years * 365.2425).astype(np.int64) for role, years in ages.items()}


def _settle(
    population: Population,
    community: Community,
    wanted: int,
    dice: Dice,
    namer: Namer,
    today: date,
) -> None:
    rng = dice.generator
    shares = np.array([share for _, share in FAMILIES])
    kinds = rng.choice(len(FAMILIES), size=max(3, round(wanted / 3.06)), p=shares / shares.sum())
    drawn = {}
    for kind in range(len(FAMILIES)):
        columns = ages_of(kind, int((kinds == kind).sum()), rng)
        drawn[kind] = iter(
            zip(*(columns[role].tolist() for role in FAMILIES[kind][0]), strict=True)
        )
    where = community.plates[0].key[:3]
    for index, kind in enumerate(kinds.tolist()):
        number = len(population.houses) + 1
        house = House(f"{where}-H{index:05}", f"{number:08}", dice.pick(community.plates))
        births = [today - timedelta(age) for age in next(drawn[kind])]
        family(house, FAMILIES[kind][0], births, dice, namer, len(population.people))
        population.houses.append(house)
        population.people.extend(house.members)
        community.houses.append(house)


def family(
    house: House, roles: str, births: list[date], dice: Dice, namer: Namer, count: int
) -> None:
    """Seat a family in a household: who they are to each other, and what they are called."""
    township = house.community.township
    nationality = namer.nationality(township.northern)
    nature = HukouNature("2" if house.community.rural else "1")
    seats: dict[str, Resident] = {}
    for role, born in zip(roles, births, strict=True):
        sex = _sex(role, roles, seats, dice)
        surname = _inherited(role, sex, seats)
        seats[role] = Resident(
            f"{house.key[:3]}-{count + len(seats):06}",
            namer.name(sex, born.year, nationality, surname),
            sex,
            born,
            nationality,
            nature,
        )
    _relate(seats)
    head = seats["h"]
    for one in seats.values():
        one.house, one.relation = house, HEAD if one is head else stands_to(one, head)
        if one.relation == Relationship("97"):
            one.relation = Relationship("99")
    house.head, house.members = head, list(seats.values())


def _sex(role: str, roles: str, seats: dict[str, Resident], dice: Dice) -> Sex:
    other = {"w": "h", "q": "p"}.get(role)
    if other:
        return Sex(3 - seats[other].sex)
    if role == "h":
        return Sex.MALE if dice.chance(0.83 if len(roles) > 1 else 0.5) else Sex.FEMALE
    return Sex.MALE if dice.chance(0.532 if role in "cd" else 0.45) else Sex.FEMALE


def _inherited(role: str, sex: Sex, seats: dict[str, Resident]) -> str | None:
    """Children have the father's surname, and a father has his child's."""
    if role in "cd":
        parents = [one for one in (seats["h"], seats.get("w")) if one is not None]
        father = next((one for one in parents if one.sex is Sex.MALE), None)
        return surname_of(father.name) if father else surname_of(parents[0].name)
    return surname_of(seats["h"].name) if role in "pq" and sex is Sex.MALE else None


def _relate(seats: dict[str, Resident]) -> None:
    for first, second in (("h", "w"), ("p", "q")):
        if second in seats:
            marry(seats[first], seats[second])
    for parents, children in (("hw", "cd"), ("pq", "h")):
        for parent in (seats[role] for role in parents if role in seats):
            for child in (seats[role] for role in children if role in seats):
                if parent.sex is Sex.MALE:
                    child.father = parent
                else:
                    child.mother = parent
    if "p" in seats and "q" not in seats:
        seats["p"].marital = MaritalStatus("30")
    if "c" in seats and "w" not in seats:
        seats["h"].marital = MaritalStatus("40")


def marry(one: Resident, other: Resident) -> None:
    """Make two people a couple."""
    one.spouse, other.spouse = other, one
    for each in (one, other):
        each.marital = MaritalStatus("21" if each.marital == "10" else "22")


def _plant_duplicates(population: Population, dice: Dice) -> None:
    """Give people of one sex and year the same birth date; they will get one number as well."""
    chosen = max(1, round(len(population.people) * FAULTS["duplicate"]))
    groups: dict[tuple[Sex, int], list[Resident]] = {}
    for one in population.people:
        if 1930 < one.born.year < 1995:
            groups.setdefault((one.sex, one.born.year), []).append(one)
    pairs: list[Resident] = []
    fitting = [group for group in groups.values() if len(group) > 1]
    while len(pairs) < 2 * chosen and fitting:
        group = dice.pick(fitting)
        first, second = dice.pick(group), dice.pick(group)
        if first is second or first in pairs or second in pairs or first.house is second.house:
            if len(group) < 4:
                fitting.remove(group)
            continue
        second.born = first.born
        pairs += first, second
    population.faults["duplicate"] = pairs


def _number(population: Population, numbers: Numbers) -> None:
    pairs = population.faults["duplicate"]
    first_of = dict(zip(pairs[1::2], pairs[::2], strict=True))
    for one in population.people:
        if one not in first_of:
            one.number = numbers.local(one.township.code, one.born, one.sex)
            population.stated[one.key] = one.number
    for second, first in first_of.items():
        second.number = first.number
        population.stated[second.key] = population.stated[first.key]


def _plant(population: Population, dice: Dice, numbers: Numbers) -> None:
    """Spoil numbers, each person's in one way at most."""
    spoilt = set(population.faults["duplicate"])
    for kind, share in FAULTS.items():
        if kind == "duplicate":
            continue
        chosen: list[Resident] = []
        while len(chosen) < max(1, round(len(population.people) * share)):
            one = dice.pick(population.people)
            if one in spoilt or (kind == "fifteen-digits" and not 1900 <= one.born.year < 1999):
                continue
            spoilt.add(one)
            stated = spoil(population.stated[one.key], kind)
            if stated in numbers.used:  # that would be another fault, and not counted
                continue
            chosen.append(one)
            population.stated[one.key] = stated
            one.number = None
        population.faults[kind] = chosen


def spoil(number: str, kind: str) -> str:
    """A number with a fault of a kind."""
    match kind:
        case "check-character":
            return number[:17] + ("0" if number[17] != "0" else "1")
        case "missing":
            return ""
        case "fifteen-digits":
            return number[:6] + number[8:17]
        case "sex":
            digits = f"{number[:14]}{(int(number[14:17]) % 900) + 1:03}"
        case _:
            day = "0228" if number[10:14] == "0229" else number[10:14]
            digits = f"{number[:6]}{int(number[6:10]) - 1}{day}{number[14:17]}"
    return digits + check_character(digits)
