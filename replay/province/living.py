"""How a town's plan is made: who is there at first, and what is registered day by day.

Whatever is planned is lawful for a register that knew the plan so far, save what is wrong on
purpose and counted. A day in the past is never earlier than the last on which place or head of
household were settled, so that the past agrees with itself on every day.
"""

from __future__ import annotations

from replay.jit import kernel
from replay.province import columns as c
from replay.province.dice import chance, draw, wrong
from replay.province.plan import Setting, Town

ADULT = 6575  # days
#: Sequence codes of one sex in a range.
CODES = 15
#: How many in a million who are taken over hold a wrong number, or another's, or none.
WRONG_NUMBERS, OTHERS_NUMBERS, NO_NUMBERS = 60, 500, 20_000
#: How many heads in a million are registered a second time: by the number of the first record,
#: without one, or by one of their own.
TWICE = 300
FAMILIES = (1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 4, 4, 5, 6)


@kernel
def note(t: Town, business: int, recorded: int, effective: int, person: int, house: int) -> int:
    """Begin a row of the plan; gives its place."""
    row = c.PLAN + int(t[c.COUNTED, c.N_PLAN])
    if row + 1 == c.PLAN + c.MOST_PLANNED:
        t[c.COUNTED, c.N_FULL] = 1
        return row
    t[c.COUNTED, c.N_PLAN] += 1
    for column in range(c.WIDTH):
        t[row, column] = -1
    t[row, c.BUSINESS], t[row, c.RECORDED], t[row, c.EFFECTIVE], t[row, c.PERSON] = (
        business,
        recorded,
        effective,
        person,
    )
    t[row, c.HOUSE] = house
    t[row, c.COMMUNITY] = t[c.HOUSES + house, c.H_COMMUNITY] if house >= 0 else -1
    t[row, c.HEAD] = t[c.HOUSES + house, c.H_HEAD] if house >= 0 else -1
    return row


@kernel
def put_in(t: Town, person: int, house: int, relation: int, day: int) -> None:
    """Let a person live in a household."""
    t[c.PERSONS + person, c.P_NEXT], t[c.HOUSES + house, c.H_FIRST] = (
        t[c.HOUSES + house, c.H_FIRST],
        person,
    )
    t[c.HOUSES + house, c.H_MEMBERS] += 1
    (
        t[c.PERSONS + person, c.P_HOUSE],
        t[c.PERSONS + person, c.P_RELATION],
        t[c.PERSONS + person, c.P_SINCE],
    ) = house, relation, day
    t[c.PERSONS + person, c.P_STATE] = c.RESIDENT
    t[c.PERSONS + person, c.P_LAST] = max(t[c.PERSONS + person, c.P_LAST], day)
    t[c.HOUSES + house, c.H_TOUCHED] = max(t[c.HOUSES + house, c.H_TOUCHED], day)


@kernel
def take_out(t: Town, person: int, state: int, day: int) -> None:
    """Let a person live in a household no more."""
    house = t[c.PERSONS + person, c.P_HOUSE]
    if t[c.HOUSES + house, c.H_FIRST] == person:
        t[c.HOUSES + house, c.H_FIRST] = t[c.PERSONS + person, c.P_NEXT]
    else:
        before = t[c.HOUSES + house, c.H_FIRST]
        while t[c.PERSONS + before, c.P_NEXT] != person:
            before = t[c.PERSONS + before, c.P_NEXT]
        t[c.PERSONS + before, c.P_NEXT] = t[c.PERSONS + person, c.P_NEXT]
    t[c.HOUSES + house, c.H_MEMBERS] -= 1
    t[c.PERSONS + person, c.P_STATE], t[c.PERSONS + person, c.P_NEXT] = state, -1
    t[c.PERSONS + person, c.P_LAST] = max(t[c.PERSONS + person, c.P_LAST], day)
    t[c.HOUSES + house, c.H_TOUCHED] = max(t[c.HOUSES + house, c.H_TOUCHED], day)


@kernel
def heir_of(t: Town, person: int, day: int) -> int:
    """Who heads a household once a person has left: -1 nobody is left, -2 nobody can."""
    house = t[c.PERSONS + person, c.P_HOUSE]
    if t[c.HOUSES + house, c.H_MEMBERS] == 1:
        return -1
    if t[c.HOUSES + house, c.H_HEAD] != person:
        return int(t[c.HOUSES + house, c.H_HEAD])
    other = t[c.HOUSES + house, c.H_FIRST]
    while other >= 0:
        if (
            other != person
            and day - t[c.PERSONS + other, c.P_BORN] >= ADULT
            and t[c.PERSONS + other, c.P_SINCE] <= day
        ):
            return int(other)
        other = t[c.PERSONS + other, c.P_NEXT]
    return -2


@kernel
def day_to_leave(t: Town, person: int, today: int, late: int) -> int:
    """A day up to `late` days ago on which a person can have left."""
    house = t[c.PERSONS + person, c.P_HOUSE]
    day = max(
        today - late,
        t[c.PERSONS + person, c.P_LAST],
        t[c.PERSONS + person, c.P_SINCE],
        t[c.HOUSES + house, c.H_SETTLED],
    )
    if t[c.HOUSES + house, c.H_HEAD] == person or t[c.HOUSES + house, c.H_MEMBERS] == 1:
        day = max(day, t[c.HOUSES + house, c.H_TOUCHED])
    return int(day)


@kernel
def leave(t: Town, person: int, heir: int, state: int, day: int, row: int) -> None:
    """Take a person out of a household, as the plan's row tells of the household left."""
    house = t[c.PERSONS + person, c.P_HOUSE]
    t[row, c.FROM_HOUSE], t[row, c.FROM_COMMUNITY] = house, t[c.HOUSES + house, c.H_COMMUNITY]
    t[row, c.FROM_HEAD], t[row, c.HEIR] = heir, 0
    take_out(t, person, state, day)
    t[c.HOUSES + house, c.H_VERSION] += 1
    if heir < 0:
        t[c.HOUSES + house, c.H_CLOSED], t[c.HOUSES + house, c.H_HEAD] = 1, -1
        t[c.HOUSES + house, c.H_VERSION] += 1
    elif heir != t[c.HOUSES + house, c.H_HEAD]:
        t[row, c.HEIR] = 1
        t[c.HOUSES + house, c.H_HEAD], t[c.PERSONS + heir, c.P_RELATION] = heir, c.HEADS
        t[c.HOUSES + house, c.H_SETTLED] = max(t[c.HOUSES + house, c.H_SETTLED], day)


@kernel
def somebody(t: Town) -> int:
    """A resident; -1 where none was met."""
    for _ in range(20):
        person = draw(t, t[c.COUNTED, c.N_PERSON])
        if t[c.PERSONS + person, c.P_STATE] == c.RESIDENT:
            return person
    return -1


@kernel
def some_house(t: Town) -> int:
    """A household that is open and has room; -1 where none was met."""
    for _ in range(20):
        house = draw(t, t[c.COUNTED, c.N_HOUSEHOLD])
        if t[c.HOUSES + house, c.H_CLOSED] == 0 and 0 < t[c.HOUSES + house, c.H_MEMBERS] < 8:
            return house
    return -1


@kernel
def code_for(t: Town, s: Setting, born: int, sex: int, given: bool) -> int:
    """A sequence code that nobody has: odd for men, even for women; 0 where all are used."""
    place = c.D_USED + 2 * (sex - 1) + (1 if given else 0)
    used = t[c.DAYS + born, place]
    if used == CODES:
        return 0
    t[c.DAYS + born, place] = used + 1
    return int((s.given if given else s.brought) + 2 * used + sex)


@kernel
def new_person(t: Town, born: int, sex: int, day: int) -> int:
    """A person who has not been here before, -1 where there is no room."""
    person = int(t[c.COUNTED, c.N_PERSON])
    if person == c.MOST_PERSONS:
        t[c.COUNTED, c.N_FULL] = 1
        return -1
    t[c.COUNTED, c.N_PERSON] = person + 1
    for column in range(c.WIDTH):
        t[c.PERSONS + person, column] = 0
    for column in (c.P_NEXT, c.P_NUMBER, c.P_CERTIFICATE, c.P_DISPUTED, c.P_TWIN):
        t[c.PERSONS + person, column] = -1
    t[c.PERSONS + person, c.P_BORN], t[c.PERSONS + person, c.P_SEX] = born, sex
    t[c.PERSONS + person, c.P_NAME] = draw(t, c.NAMES)
    (
        t[c.PERSONS + person, c.P_OPENED],
        t[c.PERSONS + person, c.P_LAST],
        t[c.PERSONS + person, c.P_VERSION],
    ) = day, day, 1
    return person


@kernel
def describe(t: Town, person: int, row: int) -> None:
    """Write a person's main items into the plan."""
    t[row, c.RELATION], t[row, c.BORN] = (
        t[c.PERSONS + person, c.P_RELATION],
        t[c.PERSONS + person, c.P_BORN],
    )
    t[row, c.SEX], t[row, c.NAME], t[row, c.CODE] = (
        t[c.PERSONS + person, c.P_SEX],
        t[c.PERSONS + person, c.P_NAME],
        t[c.PERSONS + person, c.P_CODE],
    )
    t[row, c.NUMBER], t[row, c.CASE] = (
        t[c.PERSONS + person, c.P_NUMBER],
        t[c.PERSONS + person, c.P_DISPUTED],
    )


@kernel
def bring_number(t: Town, s: Setting, person: int, other: int) -> int:
    """Let a person from elsewhere hold a number: another's, a wrong one, none, or their own.

    Gives who holds it already, -1 where nobody does.
    """
    if (
        other >= 0
        and t[c.PERSONS + other, c.P_NUMBER] >= 0
        and t[c.PERSONS + other, c.P_DISPUTED] < 0
        and t[c.PERSONS + other, c.P_CODE] < 1024
    ):
        t[c.PERSONS + person, c.P_BORN], t[c.PERSONS + person, c.P_SEX] = (
            t[c.PERSONS + other, c.P_BORN],
            t[c.PERSONS + other, c.P_SEX],
        )
        t[c.PERSONS + person, c.P_CODE], t[c.PERSONS + person, c.P_NUMBER] = (
            t[c.PERSONS + other, c.P_CODE],
            t[c.PERSONS + other, c.P_NUMBER],
        )
        case = t[c.COUNTED, c.N_CASE]
        t[c.COUNTED, c.N_CASE] = case + 1
        t[c.PERSONS + person, c.P_DISPUTED] = t[c.PERSONS + other, c.P_DISPUTED] = case
        t[c.CASES + case, 0] = person
        t[c.COUNTED, c.N_DUPLICATE] += 1
        return other
    taken_over = t[c.PERSONS + person, c.P_OPENED] == s.baseline
    if taken_over and chance(t, NO_NUMBERS):
        return -1
    code = code_for(t, s, t[c.PERSONS + person, c.P_BORN], t[c.PERSONS + person, c.P_SEX], False)
    if code == 0:
        return -1
    if wrong(t, WRONG_NUMBERS):
        code += 1024
        t[c.COUNTED, c.N_WRONG] += 1
    t[c.PERSONS + person, c.P_CODE], t[c.PERSONS + person, c.P_NUMBER] = (
        code,
        t[c.COUNTED, c.N_NUMBER],
    )
    t[c.COUNTED, c.N_NUMBER] += 1
    return -1


@kernel
def new_house(t: Town, plate: int, day: int) -> int:
    """A household at a door plate, -1 where there is no room."""
    house = int(t[c.COUNTED, c.N_HOUSEHOLD])
    if house == c.MOST_HOUSES:
        t[c.COUNTED, c.N_FULL] = 1
        return -1
    t[c.COUNTED, c.N_HOUSEHOLD] = house + 1
    for column in range(c.WIDTH):
        t[c.HOUSES + house, column] = 0
    t[c.HOUSES + house, c.H_HEAD] = t[c.HOUSES + house, c.H_FIRST] = -1
    t[c.HOUSES + house, c.H_PLATE], t[c.HOUSES + house, c.H_COMMUNITY] = (
        plate,
        t[c.PLATES + plate, c.Q_WHERE],
    )
    t[c.HOUSES + house, c.H_SETTLED] = t[c.HOUSES + house, c.H_TOUCHED] = day
    t[c.HOUSES + house, c.H_VERSION] = 1
    return house


@kernel
def take_over(t: Town, s: Setting) -> None:
    """Plan the import: door plates, then households with their members."""
    plates = max(s.households * 5 // 7, 1)
    for plate in range(plates):
        t[c.PLATES + plate, c.Q_PLACED] = s.baseline
        t[c.PLATES + plate, c.Q_WHERE] = plate * c.COMMUNITIES // plates
        row = note(t, c.B_PLATE, s.opened, s.baseline, -1, -1)
        t[row, c.COMMUNITY], t[row, c.OTHER] = t[c.PLATES + plate, c.Q_WHERE], plate
    t[c.COUNTED, c.N_DOORPLATE] = plates
    for _ in range(s.households):
        house = new_house(t, draw(t, plates), s.baseline)
        size = FAMILIES[draw(t, 16)]
        found = note(t, c.B_HOUSEHOLD, s.opened, s.baseline, -1, house)
        t[found, c.OTHER], t[found, c.COUNT] = t[c.HOUSES + house, c.H_PLATE], size
        t[found, c.HEAD] = t[c.COUNTED, c.N_PERSON]
        years = 22 + draw(t, 60)
        for place in range(size):
            _take_over_one(t, s, house, place, years)


@kernel
def _take_over_one(t: Town, s: Setting, house: int, place: int, years: int) -> None:
    sex = 1 + draw(t, 2)
    age = 365 * years + draw(t, 365)
    relation, other, twin = c.RELATIVE, -1, -1
    if place == 0:
        relation = c.HEADS
        if t[c.COUNTED, c.N_PERSON] > 0 and wrong(t, OTHERS_NUMBERS):
            other = t[c.HOUSES + draw(t, t[c.COUNTED, c.N_HOUSEHOLD] - 1), c.H_HEAD]
        elif t[c.COUNTED, c.N_PERSON] > 0 and wrong(t, TWICE):
            twin = t[c.HOUSES + draw(t, t[c.COUNTED, c.N_HOUSEHOLD] - 1), c.H_HEAD]
    elif place == 1:
        relation, sex = c.SPOUSE, 3 - t[c.PERSONS + t[c.HOUSES + house, c.H_HEAD], c.P_SEX]
        age += draw(t, 2000) - 1000
    elif place < 5:
        relation = c.SON if sex == 1 else c.DAUGHTER
        age = max(age - 8000 - draw(t, 4000), draw(t, 2000))
    person = new_person(t, max(s.baseline - age, c.FIRST_BIRTH), sex, s.baseline)
    unnumbered = False
    if twin >= 0 and t[c.PERSONS + twin, c.P_TWIN] < 0:
        t[c.PERSONS + twin, c.P_TWIN], t[c.PERSONS + person, c.P_TWIN] = person, twin
        for column in (c.P_BORN, c.P_SEX, c.P_NAME):
            t[c.PERSONS + person, column] = t[c.PERSONS + twin, column]
        way = draw(t, 3)
        other, unnumbered = twin if way == 0 else -1, way == 1
    if not unnumbered:
        other = bring_number(t, s, person, other)
    if place == 0:
        t[c.HOUSES + house, c.H_HEAD] = person
    put_in(t, person, house, relation, s.baseline)
    row = note(t, c.B_PERSON, s.opened, s.baseline, person, house)
    describe(t, person, row)
    t[row, c.OTHER] = other


@kernel
def book_for(t: Town, born: int) -> int:
    """The book of a birth date: twice its number, plus one where it is opened."""
    book = int(t[c.DAYS + born, c.D_BOOK])
    if book >= 0:
        return 2 * book
    book = int(t[c.COUNTED, c.N_BOOK])
    t[c.DAYS + born, c.D_BOOK], t[c.COUNTED, c.N_BOOK] = book, book + 1
    return 2 * book + 1


@kernel
def give_number(t: Town, person: int, code: int, row: int) -> None:
    """Give a person a number; the plan's row tells of the book."""
    t[c.PERSONS + person, c.P_CODE], t[c.PERSONS + person, c.P_NUMBER] = (
        code,
        t[c.COUNTED, c.N_NUMBER],
    )
    t[c.COUNTED, c.N_NUMBER] += 1
    t[row, c.OTHER] = book_for(t, t[c.PERSONS + person, c.P_BORN])
    describe(t, person, row)
