"""Read models: a table each, the pure function that gives its rows, and its queries."""

from __future__ import annotations

from registry.projections.addresses import DOORPLATES, STREETS
from registry.projections.base import STILL, At, Projection
from registry.projections.flows import FLOWS
from registry.projections.households import HOUSEHOLD_MEMBERS, HOUSEHOLDS
from registry.projections.issuance import ISSUANCE, READINESS
from registry.projections.numbers import BOOKS, CASES, NUMBERS
from registry.projections.papers import PAPERS
from registry.projections.persons import PERSONS
from registry.projections.places import PLACES
from registry.projections.residences import RESIDENCES
from registry.projections.timelines import TIMELINES, VOIDINGS

PROJECTIONS: dict[str, Projection] = {
    projection.name: projection
    for projection in (
        PERSONS,
        RESIDENCES,
        HOUSEHOLDS,
        HOUSEHOLD_MEMBERS,
        DOORPLATES,
        STREETS,
        PLACES,
        NUMBERS,
        CASES,
        BOOKS,
        PAPERS,
        ISSUANCE,
        READINESS,
        TIMELINES,
        VOIDINGS,
        FLOWS,
    )
}

__all__ = ["PROJECTIONS", "STILL", "At", "Projection"]
