"""What happens in a town day by day, one function a business; each adds its rows to the plan."""

from __future__ import annotations

from replay.jit import kernel
from replay.province import columns as c
from replay.province.dice import chance, draw, wrong
from replay.province.living import (
    ADULT,
    OTHERS_NUMBERS,
    bring_number,
    code_for,
    day_to_leave,
    describe,
    give_number,
    heir_of,
    leave,
    new_house,
    new_person,
    note,
    put_in,
    some_house,
    somebody,
    take_out,
)
from replay.province.plan import Setting, Town

#: Heights are from here on, in centimetres.
SMALLEST = 140


@kernel
def birth(t: Town, s: Setting, today: int) -> None:
    """A child is registered within a month, sometimes years late."""
    house = some_house(t)
    if house < 0:
        return
    late = draw(t, 4000) if chance(t, 20_000) else draw(t, 31)
    born, sex = max(today - late, t[c.HOUSES + house, c.H_SETTLED]), 1 + draw(t, 2)
    code = code_for(t, s, born, sex, True)
    person = new_person(t, born, sex, born) if code else -1
    if person < 0:
        return
    put_in(t, person, house, c.SON if sex == 1 else c.DAUGHTER, born)
    t[c.HOUSES + house, c.H_VERSION] += 1
    row = note(t, c.B_BIRTH, today, born, person, house)
    give_number(t, person, code, row)


@kernel
def death(t: Town, today: int) -> None:
    """Somebody died, mostly lately; the old more often than others."""
    person = somebody(t)
    if person < 0:
        return
    age = today - t[c.PERSONS + person, c.P_BORN]
    if age < 22_000 and not chance(t, 250_000):
        return
    late = draw(t, 3000) if chance(t, 40_000) else draw(t, 20)
    day = day_to_leave(t, person, today, late)
    heir = heir_of(t, person, day)
    if heir == -2:
        return
    house, was_head = (
        t[c.PERSONS + person, c.P_HOUSE],
        t[c.HOUSES + t[c.PERSONS + person, c.P_HOUSE], c.H_HEAD],
    )
    one = c.DEATHS + t[c.COUNTED, c.N_DEATHS] % c.RING
    t[one, 0], t[one, 1], t[one, 2], t[one, 3] = (
        person,
        t[c.PERSONS + person, c.P_VERSION] + 1,
        house,
        t[c.HOUSES + house, c.H_VERSION] + 1,
    )
    t[one, 4], t[one, 5], t[one, 6] = (
        was_head,
        heir,
        t[c.PERSONS + heir, c.P_RELATION] if heir >= 0 else 0,
    )
    t[one, 7], t[one, 8] = t[c.HOUSES + house, c.H_SETTLED], t[c.PERSONS + person, c.P_RELATION]
    t[c.COUNTED, c.N_DEATHS] += 1
    row = note(t, c.B_DEATH, today, day, person, -1)
    leave(t, person, heir, c.DEAD, day, row)
    t[c.PERSONS + person, c.P_VERSION] += 1


@kernel
def restore(t: Town, today: int) -> None:
    """A death was registered by mistake, and nothing has happened to the household since."""
    if t[c.COUNTED, c.N_DEATHS] == 0:
        return
    one = c.DEATHS + draw(t, min(t[c.COUNTED, c.N_DEATHS], c.RING))
    person, house, heir = t[one, 0], t[one, 2], t[one, 5]
    entries = 2 if heir < 0 else 1
    if (
        t[c.PERSONS + person, c.P_STATE] != c.DEAD
        or t[c.PERSONS + person, c.P_VERSION] != t[one, 1]
    ):
        return
    if t[c.HOUSES + house, c.H_VERSION] != t[one, 3] + entries - 1:
        return
    row = note(t, c.B_RESTORE, today, t[c.PERSONS + person, c.P_LAST], person, house)
    t[row, c.COMMUNITY], t[row, c.VERSION] = t[c.HOUSES + house, c.H_COMMUNITY], t[one, 1]
    t[row, c.HOUSE_VERSION], t[row, c.COUNT] = t[one, 3], entries
    since, touched, last = (
        t[c.PERSONS + person, c.P_SINCE],
        t[c.HOUSES + house, c.H_TOUCHED],
        t[c.PERSONS + person, c.P_LAST],
    )
    put_in(t, person, house, t[one, 8], since)
    t[c.HOUSES + house, c.H_TOUCHED], t[c.PERSONS + person, c.P_LAST] = touched, last
    (
        t[c.HOUSES + house, c.H_CLOSED],
        t[c.HOUSES + house, c.H_HEAD],
        t[c.HOUSES + house, c.H_SETTLED],
    ) = 0, t[one, 4], t[one, 7]
    if heir >= 0 and heir != t[one, 4]:
        t[c.PERSONS + heir, c.P_RELATION] = t[one, 6]
    t[c.PERSONS + person, c.P_VERSION] += 1
    t[c.HOUSES + house, c.H_VERSION] += 1


@kernel
def move(t: Town, today: int) -> None:
    """Somebody moves to another household."""
    person, house = somebody(t), some_house(t)
    if (
        person < 0
        or house < 0
        or t[c.PERSONS + person, c.P_HOUSE] == house
        or t[c.PERSONS + person, c.P_DISPUTED] >= 0
    ):
        return
    day = max(day_to_leave(t, person, today, draw(t, 10)), t[c.HOUSES + house, c.H_SETTLED])
    heir = heir_of(t, person, day)
    if heir == -2:
        return
    row = note(t, c.B_MOVE, today, day, person, house)
    leave(t, person, heir, c.AWAY, day, row)
    _enter(t, person, house, c.RELATIVE, day, row)


@kernel
def _enter(t: Town, person: int, house: int, relation: int, day: int, row: int) -> None:
    put_in(t, person, house, relation, day)
    t[row, c.RELATION], t[row, c.COUNT] = relation, 1
    t[c.PERSONS + person, c.P_VERSION] += 1
    t[c.HOUSES + house, c.H_VERSION] += 1


@kernel
def split(t: Town, today: int) -> None:
    """A grown-up member founds a household at another door plate."""
    person = somebody(t)
    if (
        person < 0
        or t[c.PERSONS + person, c.P_DISPUTED] >= 0
        or t[c.HOUSES + t[c.PERSONS + person, c.P_HOUSE], c.H_MEMBERS] == 1
    ):
        return
    day = day_to_leave(t, person, today, draw(t, 10))
    heir = heir_of(t, person, day)
    if heir == -2 or day - t[c.PERSONS + person, c.P_BORN] < ADULT:
        return
    plate = draw(t, t[c.COUNTED, c.N_DOORPLATE])
    day = max(day, t[c.PLATES + plate, c.Q_PLACED])
    house = new_house(t, plate, day)
    if house < 0:
        return
    row = note(t, c.B_SPLIT, today, day, person, house)
    leave(t, person, heir, c.AWAY, day, row)
    put_in(t, person, house, c.HEADS, day)
    t[c.HOUSES + house, c.H_HEAD] = person
    t[row, c.HEAD], t[row, c.RELATION], t[row, c.COUNT] = person, c.HEADS, 1
    t[row, c.OTHER] = t[c.HOUSES + house, c.H_PLATE]
    t[c.PERSONS + person, c.P_VERSION] += 1


@kernel
def _last_of(t: Town, house: int) -> int:
    """The last day on which anything is so for a household or its members; -1: one is barred."""
    day, person = t[c.HOUSES + house, c.H_TOUCHED], t[c.HOUSES + house, c.H_FIRST]
    while person >= 0:
        if t[c.PERSONS + person, c.P_DISPUTED] >= 0:
            return -1
        day = max(day, t[c.PERSONS + person, c.P_LAST])
        person = t[c.PERSONS + person, c.P_NEXT]
    return int(day)


@kernel
def merge(t: Town, today: int) -> None:
    """All members of a household pass into another one, and theirs ends."""
    origin, house = some_house(t), some_house(t)
    if (
        origin < 0
        or house < 0
        or origin == house
        or t[c.HOUSES + origin, c.H_MEMBERS] + t[c.HOUSES + house, c.H_MEMBERS] > 8
    ):
        return
    last = _last_of(t, origin)
    if last < 0:
        return
    day = max(today - draw(t, 10), last, t[c.HOUSES + house, c.H_SETTLED])
    count, place, head = t[c.HOUSES + origin, c.H_MEMBERS], 0, 0
    community = t[c.HOUSES + origin, c.H_COMMUNITY]
    while t[c.HOUSES + origin, c.H_MEMBERS] > 0:
        person = t[c.HOUSES + origin, c.H_FIRST]
        row = note(t, c.B_MERGE if place == 0 else c.B_MEMBER, today, day, person, house)
        if place == 0:
            head = row
        take_out(t, person, c.AWAY, day)
        put_in(t, person, house, c.RELATIVE, day)
        t[c.PERSONS + person, c.P_VERSION] += 1
        t[row, c.RELATION], t[row, c.FROM_HOUSE], t[row, c.FROM_COMMUNITY] = (
            c.RELATIVE,
            origin,
            community,
        )
        t[row, c.FROM_HEAD], t[row, c.HEIR] = -1, 0
        place += 1
    t[head, c.COUNT] = count
    t[c.HOUSES + origin, c.H_CLOSED], t[c.HOUSES + origin, c.H_HEAD] = 1, -1
    t[c.HOUSES + origin, c.H_VERSION] += 2
    t[c.HOUSES + house, c.H_VERSION] += 1


@kernel
def move_house(t: Town, today: int) -> None:
    """A whole household moves to another door plate."""
    house, plate = some_house(t), draw(t, t[c.COUNTED, c.N_DOORPLATE])
    if house < 0 or t[c.HOUSES + house, c.H_PLATE] == plate:
        return
    last = _last_of(t, house)
    if last < 0:
        return
    day = max(today - draw(t, 10), last, t[c.PLATES + plate, c.Q_PLACED])
    _move_all(t, c.B_MOVE_HOUSE, house, plate, day, today)


@kernel
def _move_all(t: Town, business: int, house: int, plate: int, day: int, today: int) -> None:
    before = t[c.HOUSES + house, c.H_COMMUNITY]
    t[c.HOUSES + house, c.H_PLATE], t[c.HOUSES + house, c.H_COMMUNITY] = (
        plate,
        t[c.PLATES + plate, c.Q_WHERE],
    )
    t[c.HOUSES + house, c.H_SETTLED] = t[c.HOUSES + house, c.H_TOUCHED] = day
    t[c.HOUSES + house, c.H_VERSION] += 1
    row = note(t, business, today, day, -1, house)
    t[row, c.FROM_HOUSE], t[row, c.FROM_COMMUNITY], t[row, c.OTHER] = house, before, plate
    t[row, c.COUNT] = 0
    if before == t[c.HOUSES + house, c.H_COMMUNITY]:
        return
    t[row, c.COUNT] = t[c.HOUSES + house, c.H_MEMBERS]
    person = t[c.HOUSES + house, c.H_FIRST]
    while person >= 0:
        line = note(t, c.B_MEMBER, today, day, person, house)
        t[line, c.FROM_HOUSE], t[line, c.FROM_COMMUNITY] = house, before
        t[c.PERSONS + person, c.P_SINCE], t[c.PERSONS + person, c.P_LAST] = (
            day,
            max(t[c.PERSONS + person, c.P_LAST], day),
        )
        t[c.PERSONS + person, c.P_VERSION] += 1
        person = t[c.PERSONS + person, c.P_NEXT]


@kernel
def adjust(t: Town, today: int) -> None:
    """A boundary puts a door plate, its households and all who live there into the next one."""
    plate = draw(t, t[c.COUNTED, c.N_DOORPLATE])
    row = note(t, c.B_ADJUST, today, today, -1, -1)
    t[c.PLATES + plate, c.Q_WHERE] = (t[c.PLATES + plate, c.Q_WHERE] + 1) % c.COMMUNITIES
    t[c.PLATES + plate, c.Q_PLACED] = today
    t[row, c.OTHER], t[row, c.COMMUNITY] = plate, t[c.PLATES + plate, c.Q_WHERE]
    t[row, c.COUNT] = 0
    for house in range(t[c.COUNTED, c.N_HOUSEHOLD]):
        if t[c.HOUSES + house, c.H_PLATE] == plate and t[c.HOUSES + house, c.H_CLOSED] == 0:
            _move_all(t, c.B_ADJUST, house, plate, today, today)


@kernel
def go(t: Town, today: int) -> None:
    """Somebody leaves for another district; most have a certificate, and some come back."""
    person = somebody(t)
    if person < 0 or t[c.PERSONS + person, c.P_DISPUTED] >= 0:
        return
    day = day_to_leave(t, person, today, draw(t, 5))
    heir = heir_of(t, person, day)
    if heir == -2:
        return
    row = note(t, c.B_OUT, today, day, person, -1)
    leave(t, person, heir, c.AWAY, day, row)
    t[c.PERSONS + person, c.P_VERSION] += 1
    t[c.PERSONS + person, c.P_CERTIFICATE] = -1
    if chance(t, 900_000):
        t[c.PERSONS + person, c.P_CERTIFICATE] = t[c.COUNTED, c.N_CERTIFICATE]
        t[c.COUNTED, c.N_CERTIFICATE] += 1
        t[c.TRANSIT + t[c.COUNTED, c.N_TRANSIT], 0] = person
        t[c.COUNTED, c.N_TRANSIT] += 1
    t[row, c.OTHER] = t[c.PERSONS + person, c.P_CERTIFICATE]


@kernel
def settle(t: Town, today: int) -> None:
    """Somebody in transit settles, before the certificate has run out."""
    house, waiting = some_house(t), t[c.COUNTED, c.N_TRANSIT]
    if house < 0 or waiting == 0:
        return
    place = waiting - 1 - draw(t, min(waiting, 8))
    person = t[c.TRANSIT + place, 0]
    day = max(today - draw(t, 5), t[c.PERSONS + person, c.P_LAST], t[c.HOUSES + house, c.H_SETTLED])
    if day > t[c.PERSONS + person, c.P_LAST] + 25:
        return
    t[c.COUNTED, c.N_TRANSIT] = waiting - 1
    t[c.TRANSIT + place, 0] = t[c.TRANSIT + waiting - 1, 0]
    row = note(t, c.B_IN, today, day, person, house)
    _enter(t, person, house, c.RELATIVE, day, row)
    t[row, c.OTHER] = t[c.PERSONS + person, c.P_CERTIFICATE]


@kernel
def newcomer(t: Town, s: Setting, today: int) -> None:
    """Somebody from outside the register settles, with a number from there."""
    house = some_house(t)
    if house < 0:
        return
    born = today - ADULT - draw(t, 12_000)
    day = max(today - draw(t, 5), t[c.HOUSES + house, c.H_SETTLED])
    person = new_person(t, born, 1 + draw(t, 2), day)
    if person < 0:
        return
    other = somebody(t) if wrong(t, OTHERS_NUMBERS) else -1
    if other >= 0 and today - t[c.PERSONS + other, c.P_BORN] < ADULT:
        other = -1
    other = bring_number(t, s, person, other)
    row = note(t, c.B_NEWCOMER, today, day, person, house)
    _enter(t, person, house, c.RELATIVE, day, row)
    t[c.PERSONS + person, c.P_VERSION] = 1
    describe(t, person, row)
    t[row, c.OTHER] = other
    one = c.NEWCOMERS + t[c.COUNTED, c.N_NEWCOMERS] % c.RING
    t[one, 0], t[one, 1], t[one, 2] = person, house, t[c.HOUSES + house, c.H_VERSION]
    t[c.COUNTED, c.N_NEWCOMERS] += 1


@kernel
def reverse(t: Town, today: int) -> None:
    """A newcomer was registered by mistake, and nothing has happened since."""
    if t[c.COUNTED, c.N_NEWCOMERS] == 0:
        return
    one = c.NEWCOMERS + draw(t, min(t[c.COUNTED, c.N_NEWCOMERS], c.RING))
    person, house = t[one, 0], t[one, 1]
    alone = (
        t[c.PERSONS + person, c.P_VERSION] == 1
        and t[c.HOUSES + house, c.H_VERSION] == t[one, 2]
        and t[c.PERSONS + person, c.P_APPLIED] == 0
    )
    if (
        t[c.PERSONS + person, c.P_STATE] != c.RESIDENT
        or not alone
        or t[c.PERSONS + person, c.P_DISPUTED] >= 0
    ):
        return
    row = note(t, c.B_REVERSE, today, t[c.PERSONS + person, c.P_OPENED], person, house)
    describe(t, person, row)
    t[row, c.VERSION], t[row, c.HOUSE_VERSION], t[row, c.COUNT] = 1, t[one, 2], 1
    touched = t[c.HOUSES + house, c.H_TOUCHED]
    take_out(t, person, c.REVERSED, t[c.PERSONS + person, c.P_OPENED])
    t[c.HOUSES + house, c.H_TOUCHED] = touched
    t[c.PERSONS + person, c.P_VERSION] += 1
    t[c.HOUSES + house, c.H_VERSION] += 1


@kernel
def rename(t: Town, today: int) -> None:
    """Somebody takes another name."""
    person = somebody(t)
    if person < 0:
        return
    day = max(today - draw(t, 30), t[c.PERSONS + person, c.P_LAST])
    t[c.PERSONS + person, c.P_VERSION] += 1
    t[c.PERSONS + person, c.P_NAME] = (t[c.PERSONS + person, c.P_NAME] + 1 + draw(t, 50)) % c.NAMES
    (
        t[c.PERSONS + person, c.P_NAMED],
        t[c.PERSONS + person, c.P_NAMED_ON],
        t[c.PERSONS + person, c.P_LAST],
    ) = t[c.PERSONS + person, c.P_VERSION], day, day
    row = note(t, c.B_NAME, today, day, person, -1)
    t[row, c.NAME] = t[c.PERSONS + person, c.P_NAME]
    one = c.RENAMED + t[c.COUNTED, c.N_NAMES] % c.RING
    t[one, 0], t[one, 1], t[one, 2] = person, t[c.PERSONS + person, c.P_VERSION], day
    t[c.COUNTED, c.N_NAMES] += 1


@kernel
def correct(t: Town, business: int, today: int) -> None:
    """What somebody entered the register with was wrong, or the name taken since."""
    person = somebody(t)
    if person < 0:
        return
    version, day = 1, t[c.PERSONS + person, c.P_OPENED]
    if business == c.B_CORRECT_NAME and t[c.PERSONS + person, c.P_NAMED] > 0 and chance(t, 400_000):
        version, day = t[c.PERSONS + person, c.P_NAMED], t[c.PERSONS + person, c.P_NAMED_ON]
    column = c.P_NATION
    if business == c.B_CORRECT_NAME:
        column = c.P_NAME
        t[c.PERSONS + person, column] += draw(t, 50)
    t[c.PERSONS + person, column] = (t[c.PERSONS + person, column] + 1) % c.NAMES
    t[c.PERSONS + person, c.P_VERSION] += 1
    row = note(t, business, today, day, person, -1)
    t[row, c.NAME], t[row, c.VERSION] = t[c.PERSONS + person, column], version


@kernel
def correct_birth(t: Town, s: Setting, today: int) -> None:
    """A birth date was wrong by some days; the number follows."""
    person = somebody(t)
    if (
        person < 0
        or t[c.PERSONS + person, c.P_CODE] == 0
        or t[c.PERSONS + person, c.P_CODE] > 1000
        or t[c.PERSONS + person, c.P_DISPUTED] >= 0
    ):
        return
    born = t[c.PERSONS + person, c.P_BORN] - 1 - draw(t, 20)
    code = code_for(t, s, born, t[c.PERSONS + person, c.P_SEX], True) if born > 9000 else 0
    if code == 0:
        return
    t[c.PERSONS + person, c.P_BORN] = born
    row = note(t, c.B_CORRECT_BIRTH, today, t[c.PERSONS + person, c.P_OPENED], person, -1)
    t[row, c.VERSION], t[row, c.FROM_NUMBER] = 1, t[c.PERSONS + person, c.P_NUMBER]
    give_number(t, person, code, row)
    t[c.PERSONS + person, c.P_LAST] = today
    t[c.PERSONS + person, c.P_VERSION] += 2


@kernel
def renumber(t: Town, s: Setting, today: int) -> None:
    """A party to a case gets another number, and the case is closed."""
    if t[c.COUNTED, c.N_CASE] == 0:
        return
    case = draw(t, t[c.COUNTED, c.N_CASE])
    person = t[c.CASES + case, 0]
    if (
        t[c.PERSONS + person, c.P_DISPUTED] != case
        or t[c.PERSONS + person, c.P_STATE] != c.RESIDENT
    ):
        return
    code = code_for(t, s, t[c.PERSONS + person, c.P_BORN], t[c.PERSONS + person, c.P_SEX], True)
    if code == 0:
        return
    shared = t[c.PERSONS + person, c.P_NUMBER]
    row = note(t, c.B_RENUMBER, today, today, person, -1)
    t[row, c.FROM_NUMBER] = shared
    give_number(t, person, code, row)
    t[c.PERSONS + person, c.P_LAST] = today
    t[c.PERSONS + person, c.P_VERSION] += 1
    for other in range(t[c.COUNTED, c.N_PERSON]):
        if t[c.PERSONS + other, c.P_DISPUTED] == case:
            t[c.PERSONS + other, c.P_DISPUTED] = -1
            if other != person:
                row = note(t, c.B_CLOSE_CASE, today, today, other, -1)
                t[row, c.CASE] = case


@kernel
def details(t: Town, today: int) -> None:
    """Lesser items of somebody change."""
    person = somebody(t)
    if person < 0:
        return
    day = max(today - draw(t, 30), t[c.PERSONS + person, c.P_LAST])
    t[c.PERSONS + person, c.P_LAST] = day
    t[c.PERSONS + person, c.P_VERSION] += 1
    t[c.PERSONS + person, c.P_HEIGHT] = (t[c.PERSONS + person, c.P_HEIGHT] + 7) % 60
    row = note(t, c.B_DETAILS, today, day, person, -1)
    t[row, c.NAME] = SMALLEST + t[c.PERSONS + person, c.P_HEIGHT]


@kernel
def void(t: Town, today: int) -> None:
    """A change of name was entered by mistake; now and then that is what was the mistake."""
    if t[c.COUNTED, c.N_NAMES] == 0:
        return
    one = c.RENAMED + draw(t, min(t[c.COUNTED, c.N_NAMES], c.RING))
    person, version = t[one, 0], t[one, 1]
    if t[c.PERSONS + person, c.P_STATE] != c.RESIDENT or version == 0:
        return
    row = note(t, c.B_VOID, today, t[one, 2], person, -1)
    t[row, c.VERSION] = version
    t[c.PERSONS + person, c.P_VERSION] += 1
    # What falls next is this entry, so that the name stands again; after that nothing.
    t[one, 1] = (
        t[c.PERSONS + person, c.P_VERSION] if t[c.PERSONS + person, c.P_NAMED] == version else 0
    )
    t[c.PERSONS + person, c.P_NAMED] = 0
