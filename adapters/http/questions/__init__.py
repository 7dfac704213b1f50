"""The questions; importing them declares their routes."""

from __future__ import annotations

from adapters.http.questions import (
    addresses,
    bins,
    campaigns,
    cards,
    checking,
    cleaning,
    fees,
    households,
    material,
    numbers,
    packages,
    papers,
    persons,
    photographs,
    places,
    registrations,
    reports,
    watching,
)

__all__ = [
    "addresses",
    "bins",
    "campaigns",
    "cards",
    "checking",
    "cleaning",
    "fees",
    "households",
    "material",
    "numbers",
    "packages",
    "papers",
    "persons",
    "photographs",
    "places",
    "registrations",
    "reports",
    "watching",
]
