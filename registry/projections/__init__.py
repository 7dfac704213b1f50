"""Read models: a table each, the pure function that gives its rows, and its queries."""

from __future__ import annotations

from registry.projections.addresses import DOORPLATES, STREETS
from registry.projections.base import STILL, At, Projection
from registry.projections.batches import BATCH_UNITS, BATCHES
from registry.projections.bins import BINS
from registry.projections.bodies import BODIES, BODY_MOVES
from registry.projections.card_fees import CARD_FEES
from registry.projections.card_steps import CARD_STEPS
from registry.projections.cash_books import CASH_BOOK_CLASSES, CASH_BOOKS, RELIEF_LISTS
from registry.projections.filings import FILINGS
from registry.projections.findings import FINDINGS
from registry.projections.flows import FLOWS
from registry.projections.households import HOUSEHOLD_MEMBERS, HOUSEHOLDS
from registry.projections.issuance import ISSUANCE
from registry.projections.letters import LETTERS
from registry.projections.numbers import BOOKS, CASES, NUMBERS
from registry.projections.packages import PACKAGES
from registry.projections.papers import PAPERS
from registry.projections.persons import PERSONS
from registry.projections.places import PLACES
from registry.projections.preparations import MILESTONES, READINESS
from registry.projections.programmes import PROGRAMMES
from registry.projections.registrations import REGISTRATIONS
from registry.projections.relieved import RELIEVED
from registry.projections.residences import RESIDENCES
from registry.projections.timelines import VOIDINGS
from registry.projections.verifications import VERIFICATIONS, VISITS

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
        CARD_STEPS,
        PACKAGES,
        BINS,
        BODIES,
        BODY_MOVES,
        READINESS,
        MILESTONES,
        LETTERS,
        PROGRAMMES,
        FILINGS,
        VOIDINGS,
        FLOWS,
        FINDINGS,
        REGISTRATIONS,
        BATCHES,
        BATCH_UNITS,
        VERIFICATIONS,
        VISITS,
        CARD_FEES,
        CASH_BOOKS,
        CASH_BOOK_CLASSES,
        RELIEF_LISTS,
        RELIEVED,
    )
}

#: Read models that there were once; their tables go as those of former editions do.
RETIRED = frozenset({"timelines"})

__all__ = ["PROJECTIONS", "RETIRED", "STILL", "At", "Projection"]
