"""Number cases: officers decide who keeps a number that two people hold (重号)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.aggregates import Number, NumberCase, Person, rules
from registry.commands.base import COUNTY, command
from registry.events.numbers import NumberCaseClosed
from registry.registrar import Registrar
from registry.values import CaseId, PersonId, Text


@command(COUNTY)
class CloseNumberCase:
    """Close a case once at most one party still holds the number (结案).

    Who gives the number up receives another one first (ReassignNumber, category 11): the decision
    is an officer's, never an algorithm's. Source: GA 214 duplicate_resolution.
    """

    case: CaseId
    keeper: PersonId | None = None
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the decision."""
        known = registrar.load(NumberCase, self.case)
        number = registrar.load(Number, known.number)
        registrar.prefetch(known.parties)
        people = [registrar.find(Person, person) for person in known.parties]
        places = [one.community or one.left_community for one in people if one is not None]
        registrar.refuse_if(
            (
                bool(places) and not any(registrar.in_area(place) for place in places),
                rules.OutsideArea(self.case),
            )
        )
        others = [one for one in number.held_by if one != self.keeper]
        registrar.refuse_if(*((True, rules.StillHeld(one)) for one in others))
        registrar.enter(
            self.case,
            NumberCaseClosed(
                effective_on=registrar.today, keeper=self.keeper, grounds=self.grounds
            ),
        )
        return {"case": self.case}
