"""What a command is: data that checks itself, and one pure method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, TypeVar, dataclass_transform

from registry.frozen import frozen

T = TypeVar("T")

#: Every command by its name, as HTTP and the command line know it.
COMMANDS: dict[str, type[Any]] = {}

STATION = "station"
COUNTY = "county"
CITY = "city"
PROVINCE = "province"
CENTRE = "production-centre"
CIVIL_AFFAIRS = "civil-affairs"
EXCHANGE_OFFICE = "exchange-office"
ADMINISTRATOR = "administrator"


@dataclass_transform(frozen_default=True, kw_only_default=True)
def command(*roles: str, later: tuple[str, ...] = ()) -> Callable[[type[T]], type[T]]:
    """Declare a command and the roles that may send it.

    later: fields that it gained since submissions were first taken. While one has its default it
    is no part of the digest, so that a submission of before is known when it comes again.
    """

    def declare(cls: type[T]) -> type[T]:
        shape = frozen(cls)
        assert cls.__name__ not in COMMANDS, cls
        assert roles, f"{cls.__name__} is for nobody"
        shape.ROLES = frozenset(roles)  # type: ignore[attr-defined]  # read by the register
        told = {one.name: one.default for one in fields(shape)}  # type: ignore[arg-type]
        shape.LATER = {name: told[name] for name in later}  # type: ignore[attr-defined]
        assert MISSING not in shape.LATER.values(), cls  # type: ignore[attr-defined]
        COMMANDS[cls.__name__] = shape
        return shape

    return declare
