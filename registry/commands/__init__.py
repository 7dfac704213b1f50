"""Every command, one module a service; importing it fills `COMMANDS`."""

from registry.commands import (
    addresses,
    cases,
    details,
    households,
    migration,
    papers,
    particulars,
    places,
    relocation,
    undoing,
    vital,
    voiding,
)
from registry.commands.base import COMMANDS

__all__ = [
    "COMMANDS",
    "addresses",
    "cases",
    "details",
    "households",
    "migration",
    "papers",
    "particulars",
    "places",
    "relocation",
    "undoing",
    "vital",
    "voiding",
]
