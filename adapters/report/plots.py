"""Plots as SVG: drawn once, of counts alone; words stay text, in whatever font the browser has.

The library is loaded when the first one is drawn, since few processes draw any.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: The same counts give the same bytes.
STEADY: Any = {"svg.fonttype": "none", "svg.hashsalt": "report", "font.size": 9.0}
MEN, WOMEN = "#33658a", "#b5526b"
CAME, WENT = "#3b7d4f", "#a65e2e"


def drawn(figure: Figure) -> str:
    """A figure as an SVG element without the declaration before it."""
    import matplotlib

    out = io.StringIO()
    with matplotlib.rc_context(STEADY):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    return svg[svg.index("<svg") :]


def sheet(height: float) -> tuple[Figure, Any]:
    """A figure with one plot."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STEADY):
        figure = Figure(figsize=(7, height), layout="constrained")
        axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def pyramid(ages: Sequence[int], men: Sequence[int], women: Sequence[int]) -> str:
    """Men to the left and women to the right, by age; empty where nobody's age is known."""
    if not ages:
        return ""
    figure, axes = sheet(4.2)
    axes.barh(ages, [-count for count in men], height=1.0, color=MEN, label="men")
    axes.barh(ages, women, height=1.0, color=WOMEN, label="women")
    most = max(*men, *women, 1)
    axes.set_xlim(-most * 1.05, most * 1.05)
    axes.xaxis.set_major_formatter(lambda value, place: f"{abs(value):,.0f}")
    axes.set_ylabel("age")
    axes.legend(frameon=False)
    return drawn(figure)


def flows(came: Mapping[str, int], went: Mapping[str, int]) -> str:
    """What came to the right and what went to the left, by cause."""
    causes = sorted(came.keys() | went.keys(), key=lambda cause: came.get(cause, 0))
    if not causes:
        return ""
    figure, axes = sheet(0.8 + 0.35 * len(causes))
    axes.barh(causes, [came.get(cause, 0) for cause in causes], color=CAME, label="came")
    axes.barh(causes, [-went.get(cause, 0) for cause in causes], color=WENT, label="went")
    axes.xaxis.set_major_formatter(lambda value, place: f"{abs(value):,.0f}")
    axes.axvline(0, color="black", linewidth=0.8)
    axes.legend(frameon=False, loc="lower right")
    return drawn(figure)


def backlog(states: Mapping[str, int]) -> str:
    """How many applications are in each state."""
    if not states:
        return ""
    figure, axes = sheet(0.8 + 0.25 * len(states))
    names = sorted(states, reverse=True)
    axes.barh(names, [states[name] for name in names], color=MEN)
    axes.set_ylabel("state")
    return drawn(figure)
