"""The verb that draws a work order from the replayed log."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import click

from adapters.cli.auditing import read_log
from adapters.cli.frame import answer, as_json, malformed, opened, show_fields, show_table
from adapters.cli.submitting import acting, authority
from registry.days import day_at
from registry.values import ApplicationId, OfficeCode, PaperNumber


@click.command()
@click.argument("work_order", metavar="WORK_ORDER")
@click.option("--site", required=True, metavar="CODE", help="Of the production site.")
@click.option("--within", default="", metavar="DIGITS", help="Counties whose codes begin so.")
@click.option("--generation", type=click.IntRange(1, 2), default=2, show_default=True)
@click.option("--cards", type=click.IntRange(1), default=20_000, show_default=True)
@click.option("--dry-run", is_flag=True, help="Say who would be drawn, and order nothing.")
@acting
@as_json
def order(
    work_order: str,
    site: str,
    within: str,
    generation: int,
    cards: int,
    dry_run: bool,
    officer: str,
    office: str,
    roles: str,
    area: str | None,
) -> None:
    """Draw a work order for a production site (下达制证任务): the most urgent cards that wait.

    Who waits is asked of the replayed log and of the read model; where they differ, nothing is
    ordered, and it is said where. What passed to the site from another one waits, too. Whoever has
    died or moved away since, or is barred otherwise, is left out and named; who waits behind them
    stands in, so that the order has as many cards as it is drawn for while so many wait.

    \b
    registry order W-2007-0611 --site 510000900000 --within 5106 --cards 1200 --roles province
    """
    from adapters.collecting import collect_rarely
    from adapters.eventstore import microseconds
    from adapters.ids import ids
    from adapters.ordering import draw
    from adapters.reading import reading
    from registry.commands.work_orders import OpenWorkOrder
    from registry.register import Submission
    from replay.questions.orders import Wanted

    try:
        number, of_site = PaperNumber(work_order), OfficeCode(site)
    except ValueError as error:
        raise malformed("WORK_ORDER, --site", str(error)) from error
    if not (within == "" or (within.isascii() and within.isdigit() and len(within) <= 6)):
        raise malformed("--within", "give up to six digits of a division code")
    by = authority(officer, office, roles, area)
    with opened() as parts:
        log, today = read_log(parts), day_at(parts.register.clock())
        wanted = Wanted(generation, within, site=of_site)
        with reading(parts.engine) as reader:
            drawn = draw(reader.connection, log, today, wanted, cards, number)
        chosen = drawn.chosen
        told = {"work_order": number, "site": of_site, "waiting": drawn.waiting}
        if not dry_run:
            standing = [*drawn.chosen, *drawn.behind]
            command = OpenWorkOrder(
                work_order=number,
                applications=tuple(ApplicationId(one.application) for one in standing),
                site=of_site,
                leave_out=True,
                cards=cards,
            )
            collect_rarely()  # twenty thousand histories come into memory, and stay
            receipt = parts.register.do(Submission(ids(microseconds)(), by, command))
            said = json.loads(receipt.answer)
            unfit = {one["application"] for one in said["left_out"]}
            fit = [one for one in standing if str(one.application) not in unfit]
            chosen = fit[: said["applications"]]
            told |= said
        told |= {
            "cards": len(chosen),
            "counties": dict(sorted(Counter(one.county for one in chosen).items())),
            "priorities": dict(sorted(Counter(one.priority for one in chosen).items())),
            "ordered": not dry_run,
        }
        answer(told, lambda: _show(told))


def _show(told: dict[str, Any]) -> None:
    left_out = told.get("left_out", [])
    show_fields({**told, "left_out": len(left_out)})
    if left_out:
        rows = [[one["application"], ", ".join(one["why"])] for one in left_out]
        show_table("left out: no card may be made any more", ["application", "why"], rows)
