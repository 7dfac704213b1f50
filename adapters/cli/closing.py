"""The verb that closes a production site."""

from __future__ import annotations

from datetime import date

import click

from adapters.cli.frame import DAY, answer, as_json, malformed, opened, show_fields
from adapters.cli.submitting import acting, authority
from registry.values import OfficeCode


@click.command("close-site")
@click.argument("site")
@click.option("--to", "to", metavar="CODE", required=True, help="The site that takes its orders.")
@click.option("--on", "on", type=DAY, required=True, help="The day from which it is closed.")
@click.option("--document", required=True, help="The decision it rests on, by its number.")
@acting
@as_json
def close_site(
    site: str,
    to: str,
    on: date,
    document: str,
    officer: str,
    office: str,
    roles: str,
    area: str | None,
) -> None:
    """Pass the open orders of SITE to another site and close it (撤销制证所), if nothing is left.

    Needs the roles province and administrator. Started again after an interruption it goes on.

    \b
    registry close-site 220100900000 --to 220000900000 --on 2004-10-01 --document 公治〔2001〕21号
    """
    from adapters import sites
    from adapters.eventstore import microseconds
    from adapters.projector import Projector

    try:
        old, new = OfficeCode(site), OfficeCode(to)
    except ValueError as error:
        raise malformed("SITE, --to", str(error)) from error
    by = authority(officer, office, roles, area)
    with opened() as parts:
        projector = Projector(parts.engine, parts.store)
        passed = sites.close(
            parts.register.do,
            parts.engine,
            projector,
            by,
            old,
            new,
            document,
            on,
            microseconds(),
            projector.catch_up,
        )
    fields = {"site": old, "orders_passed": passed, "to": new}
    answer(fields, lambda: show_fields(fields))
