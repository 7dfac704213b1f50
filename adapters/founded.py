"""What is checked against read models before it is recorded: figures, and counties' errors.

Commands decide on streams; no stream lists the residents of a county or what is wrong with them.
"""

from __future__ import annotations

from sqlalchemy import Engine, func, select

from adapters.assembly import Parts
from adapters.occupancy import caught_up
from adapters.projector import Projector
from adapters.reading import reading
from adapters.statistics.filing import verify
from registry.aggregates import programme_rules
from registry.commands.cards_gates import AcceptBaseline
from registry.commands.preparing import errors_rule
from registry.commands.reports import FileReport
from registry.days import day_at
from registry.errors import Refused, Rule
from registry.projections import At, findings
from registry.values import Severity

CHECKED = (AcceptBaseline, FileReport)


def refuse_unfounded(command: object, parts: Parts, projector: Projector, now: int) -> None:
    """Refuse figures that do not come of the log, and a baseline that its county's errors forbid.

    Figures that do are kept, so that the filing may follow.
    """
    if isinstance(command, FileReport):
        caught_up(projector)
        verify(parts.engine, parts.store, parts.setting.namespace, day_at(now), command)
    elif isinstance(command, AcceptBaseline):
        _refuse_errors(command, parts.engine, projector, now)


def _refuse_errors(command: AcceptBaseline, engine: Engine, projector: Projector, now: int) -> None:
    """Refuse a baseline above the limit of errors, or one that states other counts than these.

    Source: Jilin plan of 2004 (吉政办发〔2004〕53号): 先建库、后发证.
    """
    at = At(day_at(now), caught_up(projector))
    wanted = findings.Wanted(command.division, severity=Severity.ERROR)
    with reading(engine) as reader:
        persons = reader.count(command.division, at)
        told = findings.chosen(wanted, at).subquery("told")
        query = select(func.count()).select_from(told).where(told.c.open == 1)
        errors: int = reader.connection.execute(query).scalar_one()
    found: list[Rule] = list(errors_rule(persons, errors, at.valid_on))
    for stated, counted in ((command.persons, persons), (command.errors, errors)):
        if stated is not None and stated != counted:
            found.append(programme_rules.Miscounted(f"{stated} stated, {counted} counted"))
    if found:
        raise Refused(found)
