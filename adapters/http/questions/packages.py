"""Questions about packages between offices: what is under way, and what is wrong with it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from adapters import packages
from adapters.http.asking import Answer, Ask, cursor_token, question
from adapters.http.clocks import PAGE
from adapters.http.parameters import typed
from adapters.http.questions.cards import CARDS, UNITS
from adapters.http.questions.common import LIMIT, turn_of
from adapters.packages import Parcel
from registry.errors import Fault, Forbidden, Malformed
from registry.values import OfficeCode, PackageNumber, day_number


class Only(StrEnum):
    """Which packages are listed."""

    WRONG = "wrong"


OFFICE = typed("office", OfficeCode, "the code of an office; its parts count as it", place="path")
NUMBER = typed("number", PackageNumber, "a package number (数据包编号)", required=True)
ONLY = typed("only", Only, "`wrong`: only packages with which something is wrong")


@question("/offices/{office}/packages", OFFICE, ONLY, LIMIT, PAGE, roles=UNITS, personal=False)
def office_packages(ask: Ask) -> Answer:
    """Packages that an office sent or is to receive (数据包), and numbers that were skipped.

    `wrong` of each: duplicate, damaged, incomplete, lost, late.
    """
    office: OfficeCode = ask.values["office"]
    if not ask.sight.sees_office(office):
        raise Forbidden("the office belongs to another area; ask the office there")
    turn, limit = turn_of(ask), ask.values["limit"]
    at = ask.at if turn is None else turn.at
    after = None if turn is None else _after(turn.last)
    wrong = ask.values["only"] is Only.WRONG
    found = packages.of_office(ask.reader, office, at, wrong=wrong, after=after, limit=limit + 1)
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    body: dict[str, Any] = {
        "office": office,
        "packages": [dict(each.__dict__) for each in shown],
        "gaps": [
            {**each.__dict__, "numbers": list(each.numbers)}
            for each in packages.gaps(ask.reader, office, at)
        ],
        "next": last and cursor_token(ask, at, [day_number(last.sent_on), last.package_number]),
        **ask.point_of(at),
    }
    return Answer(body, rows=len(shown))


@question("/packages", NUMBER, roles=CARDS)
def package_numbered(ask: Ask) -> Answer:
    """A package by its number (数据包), and whose data or cards have not come with it."""
    number: PackageNumber = ask.values["number"]
    one = ask.found("package", packages.numbered(ask.reader, number, ask.at), number)
    if not seen(ask, one):
        raise Forbidden("the package goes between offices of another area; ask there")
    missing = packages.missing(ask.reader, number, ask.at)
    body = {
        "package": dict(one.__dict__),
        "missing": [dict(each.__dict__) for each in missing],
        **ask.point(),
    }
    return Answer(body, [each.person for each in missing], ["cards"], rows=1 + len(missing))


def seen(ask: Ask, one: Parcel) -> bool:
    """Whether a package is of an office in the officer's area."""
    return ask.sight.sees_office(one.sender) or ask.sight.sees_office(one.receiver)


def _after(last: Any) -> tuple[int, str]:
    """Where the list goes on; a cursor of another list does not fit."""
    if not (len(last) == 2 and isinstance(last[0], int) and isinstance(last[1], str)):
        raise Malformed([Fault("cursor", "not-a-token", "it is the cursor of another list")])
    return last[0], last[1]
