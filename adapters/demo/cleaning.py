"""The demo's act of clean books: what the import found, and how the clerks worked it off.

The older system's extract came with planted faults. The clerks of the town settle them during the
clean-up of 2004; here the numbers are asked for, over HTTP as anybody would.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from adapters.demo import CLEAN_UP_DAYS, Story
from adapters.demo.detecting import DUPLICATE, detected
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
    tell_detection(desk, story)
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
    tell_visits(desk, story)


def tell_detection(desk: Asking, story: Story) -> None:
    """How much of what was planted was found, and whether anything else was."""
    day = story.founded_on
    cases = desk.ask("/number-cases", valid_on=day, known_at=day)["cases"]
    shared = [map(UUID, one["parties"]) for one in cases if one["fault"] == DUPLICATE]
    told = [
        f"{one.kind} {one.hits}/{one.planted} {one.recall:.0%}/{one.precision:.0%}"
        for one in detected(story.faults, story.report.findings, map(tuple, shared))
    ]
    print(f"  found/planted, recall/precision by kind: {', '.join(told)}")


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


def tell_visits(desk: Asking, story: Story) -> None:
    """What came of the house visits: the sheet of one, and whom it met that nobody knew."""
    done = story.done
    if not done["house visits"]:
        return
    print(
        f"  {done['visits assigned']} households were visited with a sheet (入户核对):"
        f" {done['house visits']} came back, {done['people visited']} persons were asked"
    )
    if story.visited is None:
        return
    household, on = story.visited
    before = on - timedelta(1)
    path = f"/households/{household}/visit-sheet"
    sheet = desk.ask(path, valid_on=before, known_at=before)["sheet"]
    items = sum(len(member["items"]) for member in sheet["members"])
    print(
        f"  the sheet of {on}: {len(sheet['members'])} persons, {items} items to be confirmed,"
        f" visited by {sheet['visitor']}, due by {sheet['due_on']}"
    )
    cases = desk.ask("/registration-cases", fault="unsettled")["cases"]
    days = ", ".join(one["since"] for one in cases)
    print(
        f"  registered nowhere (户口待定): {len(cases)} child met at that visit has a case since"
        f" {days}; `registry check unsettled` looks for her in the register"
    )
