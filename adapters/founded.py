"""What is looked up in read models before it is recorded: figures, counties' errors, residents.

Commands decide on streams; no stream lists the residents of a county or what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, func, select

from adapters import occupancy, uniqueness
from adapters.assembly import Parts
from adapters.occupancy import caught_up
from adapters.projector import Projector
from adapters.reading import Reader, reading
from adapters.statistics.filing import verify
from registry.aggregates import programme_rules
from registry.commands.cards_gates import AcceptBaseline
from registry.commands.preparing import errors_rule
from registry.commands.reports import FileReport
from registry.days import day_at
from registry.errors import Refused, Rule
from registry.projections import At, findings, tallies
from registry.registrar import Authority, Submission
from registry.values import NumberFaultKind, Severity

#: Commands of which read models must be asked, whatever they say.
CHECKED = (AcceptBaseline, FileReport, *occupancy.CHECKED)


def asks(command: object) -> bool:
    """Whether read models must be asked before a command is decided."""
    return isinstance(command, CHECKED) or uniqueness.claims(command)


def consulted(sent: Submission, parts: Parts, projector: Projector, now: int) -> Submission:
    """A submission with what read models tell of it, where its command needs to know.

    One that is recorded already is answered as before, however far the read models have come.
    """
    if not asks(sent.command) or parts.store.submissions([sent.id]):
        return sent
    asked, found = consult(sent.command, sent.by, parts, projector, now)
    return replace(sent, asked=asked, found=found)


def consult(
    command: Any, by: Authority, parts: Parts, projector: Projector, now: int
) -> tuple[Mapping[UUID | str, int], tuple[Rule, ...]]:
    """What was asked of read models, and the rules that by them stand in a command's way.

    Both go with the submission. For whoever may not send the command nothing is looked up. Figures
    that come of the log are kept, so that their filing may follow.
    """
    if type(command).ROLES.isdisjoint(by.roles):
        return {}, ()
    if isinstance(command, FileReport):
        caught_up(projector)
        try:
            verify(parts.engine, parts.store, day_at(now), command)
        except Refused as refused:
            return {}, tuple(refused.rules)
    elif isinstance(command, AcceptBaseline):
        return {}, _errors(command, parts.engine, projector, now)
    about = (command, parts.engine, projector, now)
    lived_in, found = occupancy.occupied(*about)
    named, taken = uniqueness.doubled(*about)
    return lived_in | named, found + taken


def _errors(
    command: AcceptBaseline, engine: Engine, projector: Projector, now: int
) -> tuple[Rule, ...]:
    """What is against a baseline: errors above the limit, or other counts than it states.

    An error is an open finding of that weight, or a number that two people hold of whom one at
    least is registered there: for it a case is open, and no finding.
    Source: Jilin plan of 2004 (吉政办发〔2004〕53号): 先建库、后发证.
    """
    at = At(day_at(now), caught_up(projector))
    wanted = findings.Wanted(command.division, severity=Severity.ERROR)
    with reading(engine) as reader:
        persons = reader.count(command.division, at)
        told = findings.chosen(wanted, at).subquery("told")
        query = select(func.count()).select_from(told).where(told.c.waits == 1)
        errors: int = reader.connection.execute(query).scalar_one()
        errors += shared_numbers(reader, command.division, at)
    found: list[Rule] = list(errors_rule(persons, errors, at.valid_on))
    if not persons:
        found.append(programme_rules.NobodyRegistered(command.division))
    for stated, counted in ((command.persons, persons), (command.errors, errors)):
        if stated is not None and stated != counted:
            found.append(programme_rules.Miscounted(f"{stated} stated, {counted} counted"))
    return tuple(found)


def shared_numbers(reader: Reader, division: UUID, at: At) -> int:
    """How many numbers with several holders, one of them registered in a division, are open."""
    inside = set(reader.communities(division, at))
    size = reader.connection.execute(tallies.most_parties(at)).scalar() or 0
    found = set()
    for party in range(size // 16):
        for case, fault, is_open, community in reader.connection.execute(
            tallies.number_cases(at, party)
        ):
            shared = is_open and fault == NumberFaultKind.DUPLICATE
            if shared and community is not None and UUID(bytes=community) in inside:
                found.add(case)
    return len(found)
