"""The reports on offices: their money, their packages, the quality and the pace of their work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from adapters.statistics.asking import Asked
from adapters.statistics.figures import Cell, Column, Sheet
from registry.aggregates.package import PackageState
from registry.deadlines import stages
from registry.projections import card_steps, relieved, tallies
from registry.values import (
    CardState,
    FeeClass,
    PackageAnomaly,
    PackageContent,
    ProductionError,
    ReceivedQuality,
    ReliefKind,
    day_number,
    day_of,
)

SUM = "合计"
TAKEN = (
    Column("fees", "收费人数"),
    Column("reduced", "其中减收"),
    Column("waived", "免收"),
    Column("refunded", "退费"),
    Column("tariff_fen", "应收(分)"),
    Column("collected_fen", "实收(分)"),
    Column("returned_fen", "退还(分)"),
)
TILL = (
    Column("difference_fen", "日结差额(分)"),
    Column("remitted_fen", "缴库(分)"),
    Column("outstanding_fen", "未缴(分)"),
    Column("open_days", "未日结天数"),
)
CONTENTS = {PackageContent.DATA: "制证数据", PackageContent.CARDS: "证件"}


def fees(asked: Asked) -> Sheet:
    """工本费收缴情况: what each office took by class, and what became of the money as a whole.

    tariff_fen: what all would cost without relief. outstanding_fen: what has not reached the
    treasury. difference_fen: too much or, below nought, too little in the till when it was counted.
    """
    first, last = day_number(asked.first), day_number(asked.last)
    classes = asked.rows(tallies.takings(asked.office, asked.at, first, last))
    names = [one.name for one in TAKEN]
    rows: list[tuple[Cell, ...]] = []
    for till in asked.rows(tallies.tills(asked.office, asked.at, first, last)):
        here = [one for one in classes if one.office == till.office]
        sums = (sum(int(getattr(one, name)) for one in here) for name in names)
        booked, remitted = int(till.booked_fen), int(till.remitted_fen)
        told = (int(till.difference_fen), remitted, booked - remitted, till.open_days)
        rows.append((till.office, SUM, *sums, *told))
        rows.extend(
            (
                *(one.office, coded(FeeClass, one.fee_class)),
                *(int(getattr(one, name)) for name in names),
                *(None for _ in TILL),
            )
            for one in here
        )
    columns = (Column("station", "单位"), Column("class", "收费类别"), *TAKEN, *TILL)
    return Sheet(columns, rows)


def relief_lists(asked: Asked) -> Sheet:
    """减免名单情况: each list that came in, how it fitted the register, the cards it made free."""
    told = asked.rows(relieved.by_list(asked.at))
    used = {row.list: (int(row.free), int(row.cards)) for row in told}
    columns = (
        Column("county", "县区"),
        Column("relief", "减免对象"),
        Column("document", "文号"),
        Column("received", "接收日期"),
        Column("declared", "申报人数"),
        Column("matched", "相符"),
        Column("unmatched", "不符"),
        Column("granted", "享受人数"),
        Column("free", "免费办证"),
        Column("cheaper", "减费办证"),
        Column("until", "有效期至"),
    )
    rows: list[tuple[Cell, ...]] = []
    for one in asked.rows(tallies.reliefs(asked.division.id, asked.at)):
        free, cards = used.get(one.list, (0, 0))
        rows.append(
            (
                *(one.county, coded(ReliefKind, one.relief), one.document),
                *(day_of(one.received_on).isoformat(), one.declared, one.matched, one.unmatched),
                *(one.granted, free, cards - free, day_of(one.holds_until).isoformat()),
            )
        )
    return Sheet(columns, rows)


def upload(asked: Asked) -> Sheet:
    """数据包传输情况: packages that offices sent, those accepted and refused, by code, and the lag.

    By sender, receiver and content; under each what the receiver found, by package_anomaly.
    """
    columns = (
        Column("station", "发送单位"),
        Column("receiver", "接收单位"),
        Column("content", "内容"),
        Column("anomaly", "验包结果"),
        Column("sent", "发送"),
        Column("members", "人数"),
        Column("accepted", "接收"),
        Column("partly", "部分接收"),
        Column("refused", "退回"),
        Column("lost", "丢失"),
        Column("awaited", "在途"),
        Column("again", "重发"),
        Column("late", "超期"),
        Column("tenths", "平均天数(十分)"),
        Column("longest", "最长天数"),
    )
    first, last = day_number(asked.first), day_number(asked.last)
    found: dict[tuple[str, str, str], dict[str | None, list[Any]]] = {}
    for row in asked.rows(tallies.parcels(asked.office, asked.at, first, last)):
        key = (row.sender, row.receiver, row.content)
        found.setdefault(key, {}).setdefault(row.anomaly, []).append(row)
    rows: list[tuple[Cell, ...]] = []
    for (sender, receiver, content), told in found.items():
        named = (sender, receiver, CONTENTS[PackageContent(content)])
        rows.append((*named, SUM, *_fates([one for some in told.values() for one in some])))
        rows.extend(
            (*named, coded(PackageAnomaly, anomaly), *_fates(told[anomaly]))
            for anomaly in sorted(one for one in told if one is not None)
        )
    return Sheet(columns, rows)


def _fates(rows: Iterable[Any]) -> tuple[Cell, ...]:
    found: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    longest = None
    for row in rows:
        found[row.state] += row.packages
        for name in ("packages", "members", "again", "came", "lag", "late"):
            sums[name] += int(getattr(row, name) or 0)
        if row.longest is not None:
            longest = max(longest or 0, row.longest)
    fates = (
        *(PackageState.RECEIVED, PackageState.PARTLY, PackageState.REJECTED),
        *(PackageState.LOST, PackageState.SENT),
    )
    tenths = sums["lag"] * 10 // sums["came"] if sums["came"] else None
    return (
        *(sums["packages"], sums["members"], *(found[one.value] for one in fates)),
        *(sums["again"], sums["late"], tenths, longest),
    )


def quality(asked: Asked) -> Sheet:
    """制证质量情况: what was sent back or not fit, by class of error, and the first-pass yield.

    first_pass: of the applications that came to their first card, in how many nobody had sent the
    data back; permyriad: that share, in ten thousandths.
    """
    columns = (
        Column("month", "月份"),
        Column("county", "县区"),
        Column("station", "派出所"),
        Column("state", "环节"),
        Column("fault", "差错类别"),
        Column("count", "次数"),
        Column("produced", "首次制证"),
        Column("first_pass", "一次合格"),
        Column("permyriad", "一次合格率(万分)"),
    )
    period = day_number(asked.first), day_number(asked.last)
    unit = tuple[int, str, str]
    wrong: dict[unit, list[tuple[Cell, ...]]] = {}
    counts: Counter[unit] = Counter()
    for row in asked.rows(card_steps.faults(asked.division.id, asked.at, *period)):
        kind = ProductionError if row.step == card_steps.RETURNED else ReceivedQuality
        key = (row.month, row.county, row.station)
        told = (coded(CardState, row.state), coded(kind, row.fault), row.count)
        wrong.setdefault(key, []).append(told)
        counts[key] += row.count
    made = {
        (row.month, row.county, row.station): (row.count, int(row.unreturned))
        for row in asked.rows(card_steps.first_passes(asked.division.id, asked.at, *period))
    }
    rows: list[tuple[Cell, ...]] = []
    for key in sorted(wrong.keys() | made.keys()):
        named = (f"{key[0] // 100}-{key[0] % 100:02}", key[1], key[2])
        produced, first_pass = made.get(key, (0, 0))
        share = first_pass * 10_000 // produced if produced else None
        rows.append((*named, None, SUM, counts[key], produced, first_pass, share))
        rows.extend((*named, *told, None, None, None) for told in wrong.get(key, ()))
    return Sheet(columns, rows)


def overruns(asked: Asked) -> Sheet:
    """办证超期情况: applications that wait too long, by unit and stage.

    over_stage: over the limit of the stage. overdue: over the time of the law, prolonged where it
    was. over_60, over_90: by days since the acceptance.
    """
    columns = (
        Column("county", "县区"),
        Column("station", "派出所"),
        Column("state", "状态"),
        Column("with", "经办"),
        Column("waiting", "在办"),
        Column("over_stage", "超环节时限"),
        Column("overdue", "超法定期限"),
        Column("over_60", "受理逾60日"),
        Column("over_90", "受理逾90日"),
    )
    names = ("waiting", "over_stage", "overdue", "over_60", "over_90")
    rows: list[tuple[Cell, ...]] = [
        (
            *(row.county, row.station, coded(CardState, row.state), stages()[row.state].owner),
            *(int(getattr(row, name)) for name in names),
        )
        for row in asked.rows(tallies.overruns(asked.division.id, asked.at))
        if row.over_stage or row.overdue or row.over_60
    ]
    return Sheet(columns, rows)


def coded(kind: Any, code: str | None) -> str | None:
    """A code with its name."""
    return None if code is None else f"{code} {kind(code).name_zh}"
