"""What is wrong with a person's number, and the case that it opens (错号, 漏编)."""

from __future__ import annotations

from registry.aggregates import Life, NumberCase, Person
from registry.codec import REDACTED
from registry.commands.numbering import case_id, number_id
from registry.events.numbers import NumberCaseOpened
from registry.registrar import Registrar
from registry.values import (
    CaseId,
    ChangeCategory,
    CitizenNumber,
    NumberFaultKind,
    explain_number,
)

#: The category under which a decision changes a number, by what was wrong with it.
REASONS = {
    NumberFaultKind.DUPLICATE: ChangeCategory("11"),
    NumberFaultKind.WRONG: ChangeCategory("12"),
    NumberFaultKind.MISSING: ChangeCategory("19"),
}
#: The check rules of a number that contradicts what else is registered.
DIFFERS_FROM_SEX, DIFFERS_FROM_BIRTH = "1110", "1111"


def fault_of(person: Person) -> tuple[NumberFaultKind, tuple[str, ...]] | None:
    """What is wrong with a living person's number by itself, and how; None: nothing.

    >>> from uuid import UUID
    >>> fault_of(Person(id=UUID(int=1)))
    (<NumberFaultKind.MISSING: 'missing'>, ())
    """
    if person.life is not Life.LIVING:
        return None
    number = person.number
    if number is None and person.number_as_found is None:
        return NumberFaultKind.MISSING, ()
    text = number or person.number_as_found or ""
    if text == REDACTED:
        return None  # nobody can tell any more
    faults = [fault.code for fault in explain_number(text) if fault.severity == "error"]
    if number is None:
        return NumberFaultKind.WRONG, tuple(faults)
    if not faults:
        if person.sex is not None and number.sex != person.sex:
            faults.append(DIFFERS_FROM_SEX)
        if person.birth_date is not None and number.birth_date != person.birth_date:
            faults.append(DIFFERS_FROM_BIRTH)
    return (NumberFaultKind.WRONG, tuple(faults)) if faults else None


def open_fault(registrar: Registrar, person: Person, *, only_tell: bool = False) -> CaseId | None:
    """Open the case of a wrong or missing number, unless it is open; None: nothing is wrong.

    only_tell: say which case it would be, and open none.
    """
    found = fault_of(person)
    if found is None:
        return None
    kind, faults = found
    stream = case_id(registrar, kind, str(person.id))
    if only_tell:
        return stream
    known = registrar.find(NumberCase, stream)
    if known is None or not known.open:
        held = isinstance(person.number, CitizenNumber)
        registrar.enter(
            stream,
            NumberCaseOpened(
                effective_on=registrar.today,
                fault=kind,
                number=number_id(registrar, person.number) if held and person.number else None,
                parties=(person.id,),
                faults=faults,
            ),
        )
    return stream
