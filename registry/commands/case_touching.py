"""Everything that a change of a number touches, listed before it is approved (变更影响清单)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from registry.aggregates import Findings, Life, NumberCase, Person, rules
from registry.aggregates.application import ENDED
from registry.aggregates.findings import FindingKey
from registry.checks.rules import broken, check_rules, rules_about
from registry.commands.cards_common import applications_of
from registry.commands.checks import ENDED as LEFT_REGISTER
from registry.commands.checks import NUMBERLESS, person_checked
from registry.commands.findings import (
    CORRECTED,
    GONE,
    REGISTER,
    findings_id,
    settle_findings,
)
from registry.commands.numbering import number_id
from registry.registrar import Registrar
from registry.values import Digest, PersonId, RegisterItem

NUMBER = RegisterItem("number")
#: What is listed: a stream that the change writes to, or a paper that it makes invalid.
Touched = dict[str, Any]


def touched_by(
    registrar: Registrar, case: NumberCase, changed: Sequence[PersonId]
) -> list[Touched]:
    """What a change of some parties' numbers touches, in a fixed order.

    Each line names what it is, whose, the stream, and its version as it is now: where anything is
    entered in between, the list is another one.
    """
    found: list[Touched] = [_line(registrar, "case", None, case.id)]
    for party in dict.fromkeys(changed):
        registrar.refuse_if((party not in case.parties, rules.NotParty(party)))
        registrar.stop_if_refused()
        person = registrar.load(Person, party)
        found.append(_line(registrar, "person", party, party))
        if person.number is not None:
            stream = number_id(registrar, person.number)
            found.append(_line(registrar, "number given up", party, stream))
        found.extend(_cards(registrar, party))
    for party in dict.fromkeys((*changed, *sorted(case.parties))):
        if about_number(registrar, party):
            ledger = findings_id(registrar, party)
            found.append(_line(registrar, "findings about the number", party, ledger))
    return found


def about_number(registrar: Registrar, party: PersonId) -> list[FindingKey]:
    """What the register by itself finds wrong with a party's number, and is open.

    Not what an officer noted under a name of his own; that is for him to settle.
    """
    known = registrar.find(Findings, findings_id(registrar, party))
    every = known.open if known is not None else ()
    ours = (key for key in every if key.item == NUMBER and key.source == REGISTER)
    return [key for key in ours if key == NUMBERLESS or key.rule in check_rules()]


def settle_about_number(
    registrar: Registrar, case: NumberCase, changed: Collection[PersonId]
) -> None:
    """Settle what was found about the number of the parties, and is so no longer.

    A number that was given is right; of those who keep theirs every rule is asked again. Of the
    dead and the cancelled all has ended.
    """
    for party in sorted(case.parties):
        open_ones = about_number(registrar, party)
        who = registrar.find(Person, party) if open_ones else None
        if who is None or who.life is not Life.LIVING:
            settle_findings(registrar, party, open_ones, LEFT_REGISTER)
            continue
        kept = {rule.code for rule in broken(person_checked(registrar, who), rules_about("person"))}
        over = [key for key in open_ones if key.rule not in kept]
        settle_findings(registrar, party, over, CORRECTED if party in changed else GONE)


def listed(touched: Sequence[Touched]) -> Digest:
    """The digest by which a decision names a list."""
    lines = (" ".join(str(line[name]) for name in ORDER) for line in touched)
    return Digest(hashlib.sha256("\n".join(lines).encode()).hexdigest())


ORDER = ("what", "person", "stream", "version")


def _cards(registrar: Registrar, person: PersonId) -> Iterator[Touched]:
    """Cards in the person's hand, which are called in, and applications that are under way."""
    for one in applications_of(registrar, person):
        if one.with_holder and one.replaced_by is None:
            yield _line(registrar, "card", person, one.id)
        elif one.state is not None and one.state not in ENDED:
            yield _line(registrar, "application under way", person, one.id)


def _line(registrar: Registrar, what: str, person: PersonId | None, stream: Any) -> Touched:
    return {
        "what": what,
        "person": person,
        "stream": stream,
        "version": len(registrar.entries(stream)),
    }
