"""Every fact the register can hold, one module an aggregate; importing it fills the vocabulary."""

from registry.events import (
    address,
    applications,
    cards,
    household,
    issuance,
    numbers,
    papers,
    person,
    places,
    readiness,
    temporary,
)

__all__ = [
    "address",
    "applications",
    "cards",
    "household",
    "issuance",
    "numbers",
    "papers",
    "person",
    "places",
    "readiness",
    "temporary",
]
