"""What a command is: data that checks itself, and one pure method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

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
def command(*roles: str) -> Callable[[type[T]], type[T]]:
    """Declare a command and the roles that may send it."""

    def declare(cls: type[T]) -> type[T]:
        shape: type[T] = dataclass(frozen=True, kw_only=True)(cls)
        assert cls.__name__ not in COMMANDS, cls
        assert roles, f"{cls.__name__} is for nobody"
        shape.ROLES = frozenset(roles)  # type: ignore[attr-defined]  # read by the register
        COMMANDS[cls.__name__] = shape
        return shape

    return declare
