"""The demo's act of clean books: what the import found, and how the clerks worked it off.

The older system's extract came with planted faults. The clerks of the town settle them during the
clean-up of 2004; here the numbers are asked for, over HTTP as anybody would.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Protocol

from adapters.demo import CLEAN_UP_DAYS, Story
from registry.values import RegisterItem, RuleCode

WEEKS = 26
SHOWN = 2  # of so many weeks one is printed


class Asking(Protocol):
    """Whoever asks the server."""

    def ask(self, path: str, **parameters: object) -> dict[str, Any]:
        """A question's answer."""
        ...


def clean_up(desk: Asking, story: Story) -> None:
    """Tell how the import was accounted for and worked off."""
    print("The books are cleaned before cards are made (户口核对, 公民身份号码纠错):")
    for batch in desk.ask("/batches")["batches"]:
        agrees = "agree with" if batch["agrees"] else "differ from"
        print(
            f"  {batch['rows']:,} persons came from {batch['system']}: {batch['persons']:,}"
            f" accepted, {batch['with_findings']} of them with findings, {batch['refused']}"
            f" refused; the counts by unit, sex and year of birth {agrees} those declared"
        )
    last = min(story.founded_on + timedelta(CLEAN_UP_DAYS), story.until)
    told = desk.ask(f"/places/{story.township}/clean-up", valid_on=last, weeks=WEEKS)
    weeks = [week for week in told["weeks"] if week["day"] >= str(story.founded_on)]
    print("  open faults of numbers, week by week, while the clerks work off their lists:")
    for week in weeks[::SHOWN]:
        print(f"    {week['day']}  {week['open']:4}  {'▇' * bar(week['open'], weeks)}")
    done = story.done
    print(
        f"  {done['parties told']} holders of shared numbers were told, {done['keepers proposed']}"
        f" keepers proposed; a second officer decided {done['cases closed']} of these cases and"
        f" {done['number faults cleared']} of wrong or missing numbers, each on its list"
    )
    tell_one(desk, story)


def bar(value: int, weeks: list[dict[str, Any]]) -> int:
    """How long the bar of a week is, of forty at most."""
    most = max(week["open"] for week in weeks)
    return round(40 * value / most) if most else 0


def tell_one(desk: Asking, story: Story) -> None:
    """What was found wrong with one person, and what became of it."""
    if story.cleared is None:
        return
    for one in desk.ask(f"/persons/{story.cleared}/findings")["findings"]:
        rule, item = RuleCode(one["rule"]), RegisterItem(one["item"]).name_zh
        became = f"settled on {one['settled_on']} ({one['settlement']})"
        print(
            f"  one of them: rule {rule}, {item}, found on {one['found_on']},"
            f" {became if one['settled_on'] else 'still open'}"
        )
