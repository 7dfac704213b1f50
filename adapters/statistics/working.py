"""The reports on work: cards, tasks, preparations, backlog, errors (工作统计)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from adapters import campaigns, issuing
from adapters.cleaning_weeks import standings
from adapters.statistics.asking import Asked
from adapters.statistics.figures import Cell, Column, Sheet
from registry.programmes import ProgrammeCode
from registry.projections import At, card_steps, findings, tallies, verifications
from registry.projections.base import visible
from registry.projections.places import places
from registry.values import (
    CardReason,
    CardState,
    EvidenceSource,
    ReadinessStream,
    RegisterItem,
    day_number,
)

STEPS = (
    Column("accepted", "受理"),
    Column("signed", "签发"),
    Column("produced", "制证"),
    Column("handed-out", "领证"),
)


def cards(asked: Asked) -> Sheet:
    """办证人数: what was accepted, signed, made and handed out, by month, unit and reason."""
    first, last = day_number(asked.first), day_number(asked.last)
    found: dict[tuple[Cell, ...], Counter[str]] = {}
    for row in asked.rows(card_steps.summed(asked.division.id, asked.at, first, last)):
        key = (_month(row.month), row.county, row.station, row.generation, row.reason)
        found.setdefault(key, Counter())[row.step] += row.count
    columns = (
        Column("month", "月份"),
        Column("county", "县区"),
        Column("station", "派出所"),
        Column("generation", "证件代"),
        Column("reason", "办证原因"),
        *STEPS,
    )
    return Sheet(
        columns,
        [
            (*key[:4], _named(CardReason, key[4]), *(steps[one.name] for one in STEPS))
            for key, steps in sorted(found.items(), key=str)
        ],
    )


def quotas(asked: Asked) -> Sheet:
    """换证任务完成情况: the task letters of the year, and what was done of each so far."""
    columns = (
        Column("programme", "方案"),
        Column("year", "年度"),
        Column("unit", "单位"),
        Column("station", "派出所"),
        Column("persons", "任务数"),
        Column("acknowledged", "已签收"),
        Column("undivided", "未分解"),
        *STEPS,
        Column("issued", "完成人数"),
        Column("permyriad", "完成率(万分)"),
    )
    inside = asked.below(asked.division.id)
    rows: list[tuple[Cell, ...]] = []
    year = date(asked.last.year, 1, 1), asked.at.valid_on
    steps: dict[bytes, list[Any]] = {}
    worked = card_steps.worked(asked.division.id, asked.at, *map(day_number, year))
    for row in asked.rows(worked):
        steps.setdefault(row.community, []).append(row)
    for code in _programmes(asked):
        told = campaigns.tasks(asked.reader, code, asked.at, asked.last.year)
        for one in told:
            if one.division not in inside:
                continue
            done = _worked(asked, steps, one)
            rows.append(
                (
                    *(str(code), one.year, one.unit, one.station, one.persons),
                    *(int(one.acknowledged), one.undivided),
                    *(done[step.name] for step in STEPS),
                    one.issued,
                    one.issued * 10_000 // one.persons if one.persons else None,
                )
            )
    return Sheet(columns, rows)


def _worked(
    asked: Asked, steps: Mapping[bytes, list[Any]], letter: campaigns.LetterStanding
) -> Counter[str]:
    """How many cards took each step in the care of a letter's unit; steps: by community."""
    found: Counter[str] = Counter()
    for community in asked.reader.communities(letter.division, asked.at):
        for row in steps.get(community.bytes, ()):
            if letter.station in (None, row.station):
                found[row.step] += row.count
    return found


def readiness(asked: Asked) -> Sheet:
    """准备工作进度: every milestone of every county, when due, when reached."""
    columns = (
        Column("programme", "方案"),
        Column("code", "代码"),
        Column("county", "县区"),
        Column("stream", "工作"),
        Column("milestone", "时限"),
        Column("what", "内容"),
        Column("due", "应完成"),
        Column("reached", "已完成"),
        Column("late", "逾期"),
        Column("gates", "换证前提"),
        Column("baseline", "建库验收"),
        Column("exchange", "集中换发"),
    )
    rows: list[tuple[Cell, ...]] = []
    for code in _programmes(asked):
        told = campaigns.matrix(asked.reader, code, asked.at, asked.division.id)
        for one in told:
            for due in one.milestones:
                reached = None if due.reached_on is None else due.reached_on.isoformat()
                rows.append(
                    (
                        *(str(code), one.code, one.name, _named(ReadinessStream, due.stream)),
                        *(due.milestone, due.name_zh),
                        *(due.due_on.isoformat(), reached, int(due.late), int(due.gates)),
                        None if one.baseline_on is None else one.baseline_on.isoformat(),
                        None if one.exchange_on is None else one.exchange_on.isoformat(),
                    )
                )
    return Sheet(columns, rows)


def backlog(asked: Asked) -> Sheet:
    """办证积压: applications that wait, by unit and state, and how many are over their time."""
    columns = (
        Column("county", "县区"),
        Column("station", "派出所"),
        Column("state", "状态"),
        Column("with", "经办"),
        Column("applications", "件数"),
        Column("oldest", "最早"),
        Column("tenths", "平均天数(十分)"),
        Column("late", "超环节时限"),
        Column("overdue", "超法定期限"),
    )
    ages = {
        (row.county, row.station, row.state): int(row.age) * 10 // row.waiting
        for row in asked.rows(tallies.overruns(asked.division.id, asked.at))
    }
    rows: list[tuple[Cell, ...]] = [
        (
            *(one.county, one.station, _named(CardState, one.state), one.owner),
            *(one.applications, one.oldest.isoformat()),
            ages.get((one.county, one.station, one.state)),
            *(one.late, one.overdue),
        )
        for one in issuing.backlog(asked.reader, asked.division.id, asked.at)
    ]
    return Sheet(columns, rows)


def errors(asked: Asked) -> Sheet:
    """差错情况: findings by station, kind, item and source: found, settled, open."""
    columns = (
        Column("station", "派出所"),
        Column("community", "社区"),
        Column("rule", "规则"),
        Column("severity", "级别"),
        Column("item", "项目"),
        Column("source", "来源"),
        Column("found", "发现"),
        Column("settled", "已处理"),
        Column("open", "未处理"),
    )
    cared = _cared(asked)
    wanted = findings.Wanted(asked.division.id)
    rows: list[tuple[Cell, ...]] = [
        (
            *(*cared[row.place], row.rule, row.severity),
            *(_named(RegisterItem, row.item), _named(EvidenceSource, row.source)),
            *(row.found, row.found - row.open, row.open),
        )
        for row in asked.rows(findings.counted(wanted, asked.at))
    ]
    return Sheet(columns, sorted(rows, key=str))


def weekly(asked: Asked) -> Sheet:
    """差错逐周变化: how many findings there were at the end of each week, and how many are open."""
    columns = (
        Column("week", "截至"),
        Column("found", "累计发现"),
        Column("settled", "累计处理"),
        Column("open", "未处理"),
    )
    end, day = min(asked.last, asked.today), asked.first
    days = []
    while day < end:
        days.append(day)
        day += timedelta(7)
    told = standings(asked.reader, asked.division.id, None, [*days, end], asked.known)
    return Sheet(
        columns,
        [(one.day.isoformat(), one.found, one.found - one.open, one.open) for one in told],
    )


def cleaning(asked: Asked) -> Sheet:
    """清理核对进度: residents checked at the desk, visited and verified, community by community."""
    counts = (
        Column("persons", "人口"),
        Column("desk_checked", "内部核对"),
        Column("visited", "入户核对"),
        Column("verified", "已核准"),
        Column("in_error", "有差错"),
    )
    cared = _cared(asked)
    rows: list[tuple[Cell, ...]] = []
    for row in asked.rows(verifications.progress(asked.division.id, asked.at)):
        told = row._mapping
        rows.append((*cared[row.community], *(int(told[one.name]) for one in counts)))
    columns = (Column("station", "派出所"), Column("community", "社区"), *counts)
    return Sheet(columns, sorted(rows, key=str))


def turnaround(asked: Asked) -> Sheet:
    """办证时效: how long it took from the acceptance of an application to each further step.

    Of those accepted in the period, whenever the steps were taken.
    """
    now = At(asked.today, asked.known)
    first, last = day_number(asked.first), day_number(asked.last)
    columns = (
        Column("county", "县区"),
        Column("station", "派出所"),
        Column("generation", "证件代"),
        Column("step", "环节"),
        Column("count", "件数"),
        Column("tenths", "平均天数(十分)"),
        Column("longest", "最长天数"),
    )
    names = {one.name: one.name_zh for one in STEPS}
    rows: list[tuple[Cell, ...]] = [
        (
            *(row.county, row.station, row.generation, names[row.step], row.count),
            *(int(row.days) * 10 // row.count, row.longest),
        )
        for row in asked.rows(card_steps.waits(asked.division.id, now, first, last))
    ]
    return Sheet(columns, rows)


def _cared(asked: Asked) -> dict[bytes, tuple[Cell, Cell]]:
    """The station in whose care each place is, and its name."""
    return {
        row.place: (row.station, row.name)
        for row in asked.rows(select(places).where(visible(places, asked.at)))
    }


def _programmes(asked: Asked) -> list[ProgrammeCode]:
    """The programmes that were opened here, whatever their division."""
    return [
        code
        for code in ProgrammeCode.all()
        if campaigns.opened(asked.reader, code, asked.at) is not None
    ]


def _month(month: int) -> str:
    return f"{month // 100}-{month % 100:02}"


def _named(kind: Any, code: Cell) -> str | None:
    """A code with its name."""
    return None if code is None else f"{code} {kind(str(code)).name_zh}"
