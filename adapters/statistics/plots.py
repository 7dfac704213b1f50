"""Plots of reports as SVG, where a plot says more than the rows: drawn of counts alone.

The library is loaded when the first one is drawn, since few processes draw any.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from adapters.statistics.figures import Figures
from registry.errors import Unavailable
from registry.reporting import headings

#: The same counts give the same bytes; words are drawn, so that paper needs no further font.
STEADY: Any = {
    "svg.fonttype": "path",
    "svg.hashsalt": "report",
    "font.size": 8.0,
    "font.weight": 500,
    "axes.unicode_minus": False,
}
#: The settings of the library are those of the process.
ONE_AT_A_TIME = Lock()
CAME, WENT, PLAIN, PALE = "#3b7d4f", "#a65e2e", "#33658a", "#c9d6df"
WOMEN = "#b5526b"
#: Bars that a plot has room for.
MOST = 24


#: Files of Chinese type that Debian's packages bring, by how their names begin.
TYPES = ("wqy-zenhei", "NotoSansCJK-Regular", "wqy-microhei")


@cache
def chinese() -> str:
    """The family of a Chinese type of this machine. Raises Unavailable where there is none."""
    from matplotlib import font_manager

    there = {Path(path).name: path for path in font_manager.findSystemFonts()}
    for begins in TYPES:
        for name in sorted(there):
            if name.startswith(begins):
                font_manager.fontManager.addfont(there[name])
                return str(font_manager.FontProperties(fname=there[name]).get_name())
    raise Unavailable("a printed report needs Chinese type: install fonts-wqy-zenhei")


def plot(figures: Figures) -> str:
    """The plot of a report; empty where it has none, or nothing to show."""
    draw = PLOTS.get(figures.form)
    if draw is None or not figures.rows:
        return ""
    with ONE_AT_A_TIME:
        return _drawn(draw, figures)


def _drawn(draw: Callable[[Any, Figures], None], figures: Figures) -> str:
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    with matplotlib.rc_context({**STEADY, "font.family": [chinese()]}):
        picture = Figure(figsize=(9, 2.8), layout="constrained")
        axes = picture.subplots()
        axes.spines[["top", "right"]].set_visible(False)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(lambda value, place: f"{value:,.0f}")
        draw(axes, figures)
        out = io.StringIO()
        picture.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def legend(axes: Any) -> None:
    """The legend in a line above a plot, where it covers nothing."""
    axes.legend(frameon=False, ncols=6, loc="lower left", bbox_to_anchor=(0, 1.0))


def _changes(axes: Any, figures: Figures) -> None:
    """What came and what went, month by month, of the division as a whole."""
    whole = [row for row in figures.records() if row["unit"] == figures.unit]
    months = [str(row["month"]) for row in whole]
    births = [_count(row["births"]) for row in whole]
    deaths = [_count(row["deaths"]) for row in whole]
    axes.bar(months, births, color=CAME, label="出生")
    axes.bar(months, [-one for one in deaths], color=WENT, label="死亡")
    for name, color, sign in (("in", CAME, 1), ("out", WENT, -1)):
        told = [sign * _count(row[name]) for row in whole]
        label = "迁入" if sign > 0 else "迁出"
        axes.plot(months, told, color=color, marker="o", markersize=3, label=label)
    axes.yaxis.set_major_formatter(lambda value, place: f"{abs(value):,.0f}")
    axes.axhline(0, color="black", linewidth=0.8)
    legend(axes)
    axes.tick_params(axis="x", rotation=90 if len(months) > 12 else 0)


def _ages(axes: Any, figures: Figures) -> None:
    """Men above and women below, by age."""
    rows = [row for row in figures.records() if row["age"] is not None]
    ages = [_count(row["age"]) for row in rows]
    axes.bar(ages, [_count(row["male"]) for row in rows], width=1.0, color=PLAIN, label="男")
    women = [-_count(row["female"]) for row in rows]
    axes.bar(ages, women, width=1.0, color=WOMEN, label="女")
    axes.yaxis.set_major_formatter(lambda value, place: f"{abs(value):,.0f}")
    legend(axes)


def _units(axes: Any, figures: Figures) -> None:
    """The bands of age of each unit, one on the other."""
    rows = [row for row in figures.records() if row["unit"] != figures.unit] or [*figures.records()]
    names = [str(row["unit"]) for row in rows[:MOST]]
    below = [0] * len(names)
    colors = ("#88b3c8", "#5b8fb0", PLAIN, "#1d3f5c", PALE)
    for column, color in zip(
        ("age_0_17", "age_18_34", "age_35_59", "age_60", "age_unknown"), colors, strict=True
    ):
        counts = [_count(row[column]) for row in rows[:MOST]]
        label = next(one.name_zh for one in figures.columns if one.name == column)
        axes.bar(names, counts, bottom=below, color=color, label=label)
        below = [one + more for one, more in zip(below, counts, strict=True)]
    legend(axes)


def _steps(axes: Any, figures: Figures) -> None:
    """Cards accepted and handed out, month by month."""
    months = sorted({str(row["month"]) for row in figures.records()})
    for name, color in (("accepted", PALE), ("handed-out", CAME)):
        told = Counter[str]()
        for row in figures.records():
            told[str(row["month"])] += _count(row[name])
        label = next(one.name_zh for one in figures.columns if one.name == name)
        width = 0.8 if name == "accepted" else 0.4
        axes.bar(months, [told[one] for one in months], width, color=color, label=label)
    legend(axes)


def _tasks(axes: Any, figures: Figures) -> None:
    """What is to be done and what is done, unit by unit."""
    rows = [row for row in figures.records() if row["station"] is None][:MOST]
    _pairs(axes, rows, "unit", ("persons", PALE, "任务数"), ("issued", CAME, "已发证"))


def _errors(axes: Any, figures: Figures) -> None:
    """What was found and what is still open, by rule."""
    found, left = Counter[str](), Counter[str]()
    for row in figures.records():
        found[str(row["rule"])] += _count(row["found"])
        left[str(row["rule"])] += _count(row["open"])
    rows = [
        {"rule": rule, "found": count, "open": left[rule]}
        for rule, count in found.most_common(MOST)
    ]
    _pairs(axes, rows, "rule", ("found", PALE, "发现"), ("open", WENT, "未处理"))


def _weeks(axes: Any, figures: Figures) -> None:
    """What is open at the end of each week, below what was found so far."""
    rows = [*figures.records()]
    weeks = [str(row["week"]) for row in rows]
    axes.plot(weeks, [_count(row["found"]) for row in rows], color=PALE, label="累计发现")
    left = [_count(row["open"]) for row in rows]
    axes.plot(weeks, left, color=WENT, marker="o", markersize=3, label="未处理")
    axes.set_ylim(bottom=0)
    axes.tick_params(axis="x", rotation=90 if len(weeks) > 10 else 0)
    legend(axes)


def _balance(axes: Any, figures: Figures) -> None:
    """What made the towns' population of the division larger, and what smaller."""
    row = next(figures.records())
    sides = {one.code: one.adds for one in headings()}
    told = [(one.name_zh, one.name, _count(row[one.name])) for one in figures.columns]
    told = [one for one in told if one[1] in sides and one[2]]
    values = [count if sides[name] else -count for _, name, count in told]
    colors = [CAME if value > 0 else WENT for value in values]
    axes.bar([name_zh for name_zh, _, _ in told], values, 0.6, color=colors)
    axes.tick_params(axis="x", rotation=30 if len(told) > 8 else 0)
    axes.axhline(0, color="black", linewidth=0.8)


def _streams(axes: Any, figures: Figures) -> None:
    """Where most people went, from county to county."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

    rows = sorted(figures.records(), key=lambda row: -_count(row["persons"]))[:MOST]
    names = [f"{row['from'] or row['origin']} → {row['to'] or row['destination']}" for row in rows]
    axes.barh(names[::-1], [_count(row["persons"]) for row in rows][::-1], color=PLAIN)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(FixedLocator(range(len(names))))
    axes.yaxis.set_major_formatter(FixedFormatter(names[::-1]))


def _yield(axes: Any, figures: Figures) -> None:
    """How many cards of each month passed at the first attempt, and how many were made."""
    made, passed = Counter[str](), Counter[str]()
    for row in figures.records():
        made[str(row["month"])] += _count(row["produced"])
        passed[str(row["month"])] += _count(row["first_pass"])
    rows = [{"month": one, "made": made[one], "passed": passed[one]} for one in sorted(made)]
    _pairs(axes, rows, "month", ("made", PALE, "首次制证"), ("passed", CAME, "一次合格"))


def _coded(axes: Any, figures: Figures) -> None:
    """Households, and those that stand at a plate, unit by unit."""
    rows = [row for row in figures.records() if row["unit"] != figures.unit][:MOST]
    bars = ("households", PALE, "户数"), ("coded", CAME, "已编门牌户")
    _pairs(axes, rows or [*figures.records()], "unit", *bars)


def _pairs(
    axes: Any,
    rows: Sequence[Mapping[str, Any]],
    name: str,
    *bars: tuple[str, str, str],
) -> None:
    names = [str(row[name]) for row in rows]
    for width, (column, color, label) in zip((0.8, 0.4), bars, strict=True):
        axes.bar(names, [_count(row[column]) for row in rows], width, color=color, label=label)
    axes.tick_params(axis="x", rotation=30 if len(names) > 8 else 0)
    legend(axes)


def _count(cell: Any) -> int:
    return cell if isinstance(cell, int) else 0


PLOTS: Mapping[str, Callable[[Any, Figures], None]] = {
    "population-year": _units,
    "population-month": _changes,
    "population-base": _units,
    "ages": _ages,
    "cards": _steps,
    "quotas": _tasks,
    "findings": _errors,
    "findings-weeks": _weeks,
    "town-changes": _balance,
    "migration": _streams,
    "quality": _yield,
    "addresses": _coded,
}
