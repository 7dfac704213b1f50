"""House visits of the clean-up: sent out with a sheet, handed in, and whom nobody knew is met.

Homes of those whose number was found wrong are visited, everybody in them is asked. In one of them
lives a child whom nobody ever registered.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final

from adapters.demo.life import Answer, Life, Plan, Step
from adapters.demo.mirror import ADULT, House, Resident
from registry.commands.registration_cases import Unregistered
from registry.commands.verification import AssignVisit, CloseVisit, RecordVisit
from registry.events.verification import StatedItem
from registry.register import Authority
from registry.values import Name, Officer, PresenceClass, RegisterItem, Sex, UnsettledReason

#: How many homes are visited, when the first is, and days between two; days that each may take.
VISITS: Final = 12
FIRST, APART, MAY_TAKE = 21, 7, 14
AT_HOME: Final = PresenceClass("10")
CONFIRMED: Final = tuple(
    RegisterItem(item) for item in ("name", "sex", "nationality", "birth-date", "address")
)
#: What people say that the register did not know.
SAID: Final = StatedItem(item=RegisterItem("workplace"), text="孝德镇年画社")
#: The child whom nobody registered; of the age at which it would go to school.
CHILD: Final = {"reason": UnsettledReason("10"), "sex": Sex.FEMALE}
CHILD_BORN: Final = date(1998, 5, 17)
CAUSE: Final = "house visits"


def schedule(life: Life, faulty: Iterable[Resident]) -> None:
    """Send officers to the homes of those whose number was found wrong, week after week."""
    homes = dict.fromkeys(
        one.home for one in faulty if not one.home.collective and not one.township.northern
    )
    for place, home in enumerate([*homes][:VISITS]):
        life.later(FIRST + APART * place, lambda life, home=home: sent(life, home))  # type: ignore[misc]  # bound now


def sent(life: Life, home: House) -> Plan:
    """An officer is sent to a household with its sheet."""
    if home.closed or home.head is None:
        return []
    if not life.mirror.free(home):
        life.later(1, lambda life: sent(life, home))
        return []
    life.mirror.touch(home)
    by = visitor(home)
    due = life.today + timedelta(MAY_TAKE)
    task = AssignVisit(household=home.id, visitor=by.officer, due_on=due)

    def assigned(answer: Answer) -> None:
        life.later(MAY_TAKE // 2, lambda life: returned(life, home))

    return [Step(task, by, "visits assigned", assigned)]


def returned(life: Life, home: House) -> Plan:
    """The sheet comes back: everybody was asked, and one says something new; then it is closed."""
    if home.closed or home.head is None:
        return []
    if not all(life.mirror.idle(one) for one in home.members):
        life.later(1, lambda life: returned(life, home))
        return []
    by = visitor(home)
    life.mirror.touch(home, *home.members)
    asked = [
        RecordVisit(
            person=one.id,
            presence=AT_HOME,
            confirmed=CONFIRMED,
            differing=(SAID,) if one is home.head else (),
            signed_by=home.head.name,
        )
        for one in home.members
    ]
    found = unregistered(life, home)
    closed = CloseVisit(household=home.id, unregistered=found)

    def handed_in(answer: Answer) -> None:
        if found:
            life.met = home.id, life.today

    plan = [Step(one, by, "people visited", _nothing) for one in asked]
    return [*plan, Step(closed, by, CAUSE, handed_in)]


def unregistered(life: Life, home: House) -> tuple[Unregistered, ...]:
    """The child, in the first home whose head may be the mother or father."""
    head = home.head
    if life.met is not None or head is None or not ADULT <= head.age(CHILD_BORN) < ADULT + 25:
        return ()
    told: dict[str, Any] = {**CHILD, "birth_date": CHILD_BORN, "parent": head.id}
    return (Unregistered(name=Name(f"{head.name[0]}小满"), **told),)


def visitor(home: House) -> Authority:
    """The officer of the station who goes there; nobody in the world."""
    township = home.community.township
    officer = Officer(f"synthetic-{township.station[:9]}-visitor")
    return Authority(officer, township.station, frozenset({"station"}), (township.code,))


def _nothing(answer: Answer) -> None:
    """Nothing follows."""
