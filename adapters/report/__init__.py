"""The report of an audit: one HTML file that a person reads, alone and without a network."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from adapters.report.plots import backlog, flows, pyramid
from registry.days import moment_of
from registry.values import CardState

if TYPE_CHECKING:
    from adapters.verdicts import Audit

#: What the checks are called in the report.
TITLES = {
    "bytes": "Sealed bytes 封存数据",
    "store": "Store 登记记录",
    "sealed": "Sealed entries 封存记录",
    "numbers": "Numbers 公民身份号码",
    "lives": "Histories 历史",
    "ledgers": "Ledgers 证件与号码台账",
    "homes": "Homes 户",
    "members": "Household members 户成员",
    "closing": "Closing accounts 人口平衡",
    "population": "Population 人口数",
    "read-models": "Read models 查询库",
    "state": "State root 状态根",
}


def report(found: Audit) -> str:
    """An audit as an HTML document; the text is set in the browser's own fonts."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["thousands"] = lambda number: f"{number:,}"
    template = environment.from_string(
        files("adapters.report").joinpath("audit.html").read_text(encoding="utf-8")
    )
    pictures = found.pictures
    plots: list[tuple[str, Any]] = [
        ("Residents by age and sex 人口年龄结构", pyramid(*pictures.pyramid)),
        ("Came and went within a year, by cause 四项变动", flows(pictures.came, pictures.went)),
        ("Applications for cards, by state 制证进度", backlog(pictures.backlog)),
    ]
    return template.render(
        audit=found,
        titles=TITLES,
        known_at=moment_of(found.known_at).isoformat(sep=" ", timespec="seconds"),
        plots=[(title, Markup(drawn)) for title, drawn in plots if drawn],
        states={one: one.name_zh for one in CardState.all() if str(one) in pictures.backlog},
    )
