"""What speaks for each holder of a shared number (重号处理依据): evidence, never a decision."""

from __future__ import annotations

from collections.abc import Mapping

from registry.aggregates import Number, NumberCase, Person
from registry.commands.cards_common import applications_of
from registry.events.numbers import NumberGiven, NumberRecorded
from registry.registrar import Registrar
from registry.values import CitizenNumber, KeeperReason, PersonId

AGREES, DRAWN, EARLIER, CARD = (KeeperReason(code) for code in ("10", "20", "30", "40"))

#: The computed reasons that speak for each party, in the order of the table.
Evidence = Mapping[PersonId, tuple[KeeperReason, ...]]


def evidence_of(registrar: Registrar, case: NumberCase) -> Evidence:
    """The reasons that speak for each party of a case about a shared number."""
    assert case.number is not None, "a shared number is a number"
    number = registrar.load(Number, case.number)
    parties = sorted(case.parties)
    registrar.prefetch(parties)
    since: dict[PersonId, int] = {}
    drawn: set[PersonId] = set()
    for entry in registrar.entries(case.number):
        if isinstance(entry.event, (NumberGiven, NumberRecorded)):
            since.setdefault(entry.event.person, entry.version)
        if isinstance(entry.event, NumberGiven):
            drawn.add(entry.event.person)
    first = min(since, key=since.__getitem__, default=None)
    return {
        one: tuple(
            reason
            for reason, speaks in (
                (AGREES, _agrees(registrar.find(Person, one), number.number)),
                (DRAWN, one in drawn),
                (EARLIER, one == first),
                (CARD, any(a.handed_on is not None for a in applications_of(registrar, one))),
            )
            if speaks
        )
        for one in parties
    }


def proposal(evidence: Evidence) -> tuple[PersonId, KeeperReason] | None:
    """Who is proposed, by the first reason that speaks for one holder alone; None: none does.

    A reason that speaks for several leaves only those; with their equals the next one is asked.
    """
    left = list(evidence)
    for reason in (AGREES, DRAWN, EARLIER, CARD):
        for_whom = [one for one in left if reason in evidence[one]]
        if len(for_whom) == 1:
            return for_whom[0], reason
        left = for_whom or left
    return None


def _agrees(person: Person | None, number: CitizenNumber) -> bool:
    if person is None:
        return False
    return (person.birth_date, person.sex) == (number.birth_date, number.sex)
