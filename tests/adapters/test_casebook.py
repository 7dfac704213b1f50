"""The course of a case: what made each of its parties a holder of the number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from adapters.casebook import course
from adapters.projector import Projector
from adapters.reading import Reader
from registry.commands.details import ChangeDetails
from registry.values import Sex
from registry.vocabulary import Kind
from tests.adapters.test_campaigns import now, projector, reader
from tests.scenarios.town import DECLARANT, OTHER, Town, supplement

FIXTURES = (projector, reader)


@dataclass(frozen=True)
class MeasuredAtOnce:
    """Somebody the register had missed, whose height is told in the same submission."""

    ROLES: ClassVar[frozenset[str]] = frozenset({"county"})
    missed: Any

    def execute(self, registrar: Any) -> Any:
        told = self.missed.execute(registrar)
        measured: dict[str, Any] = {"height_cm": 170, "declarant": DECLARANT}
        ChangeDetails(person=told["person"], **measured).execute(registrar)
        return told


def test_a_holder_is_made_by_the_entry_with_the_number_whatever_came_with_it(
    town: Town, projector: Projector, reader: Reader
):
    number = town.person(town.wang).number
    made = {"household": town.farm, "number": number}
    missed = supplement("汪健", Sex.MALE, number.birth_date, OTHER, **made)
    other = town.do(MeasuredAtOnce(missed))["person"]
    assert len(town.timeline(other)) == 2
    at = now(town, projector, reader)
    case = reader.case(town.named(Kind.CASE, f"duplicate/{number}"), at)
    assert case is not None
    brought = {one.person: one.entry for one in course(reader, case, at).parties}
    assert brought == {town.wang: None, other: "RecordSupplemented"}
