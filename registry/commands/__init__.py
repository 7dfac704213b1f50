"""Every command, one module a service; importing it fills `COMMANDS`."""

from registry.commands import (
    addresses,
    cases,
    households,
    migration,
    particulars,
    places,
    undoing,
    vital,
    voiding,
)
from registry.commands.base import COMMANDS

__all__ = [
    "COMMANDS",
    "addresses",
    "cases",
    "households",
    "migration",
    "particulars",
    "places",
    "undoing",
    "vital",
    "voiding",
]
