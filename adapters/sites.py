"""Closing a production site: its open orders pass to another one, then nothing may be left."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from uuid import UUID, uuid5

from sqlalchemy import Engine

from adapters.occupancy import caught_up, occupied
from adapters.projector import Projector
from adapters.reading import reading
from registry.commands.cards_making import RerouteProduction
from registry.commands.cards_sites import CloseSite
from registry.days import day_at
from registry.projections import At, bodies
from registry.register import Authority, Submission
from registry.store import Receipt
from registry.values import ApplicationId, OfficeCode

#: Orders that pass on in one submission.
ORDERS = 500
#: Names the submissions of a closing by how far the read models were.
CLOSING = UUID("5c3b7f0e-6a59-5a0f-9f6e-7d1f0f6f5a11")


def close(
    do: Callable[[Submission], Receipt],
    engine: Engine,
    projector: Projector,
    by: Authority,
    site: OfficeCode,
    to: OfficeCode,
    document: str,
    on: date,
    now: int,
    follow: Callable[[], object] = lambda: None,
) -> int:
    """Pass a site's open orders to another one and close it; return how many passed.

    Raises Refused where something is left: a body that is set aside for an order, blanks, cards
    that were not sent away, waste. What has passed on by then stays there, and the closing is
    simply sent again. follow: brings the read models up to the log where nobody else does.
    Source: 吉政办发〔2004〕53号; 公治〔2001〕21号.
    """
    follow()
    at = At(day_at(now), caught_up(projector))
    with reading(engine) as reader:
        rows = reader.connection.execute(bodies.ordered(site, at))
        waiting = [UUID(bytes=row.application) for row in rows]
    for first in range(0, len(waiting), ORDERS):
        some = tuple(ApplicationId(one) for one in waiting[first : first + ORDERS])
        command = RerouteProduction(applications=some, site=to)
        name = f"{site}/{to}/{document}/{at.known}/{first}"
        do(Submission(uuid5(CLOSING, name), by, command))
    follow()
    last = CloseSite(site=site, document=document, on=on)
    asked, found = occupied(last, engine, projector, now)
    do(Submission(uuid5(CLOSING, f"{site}/{document}/{on}/{at.known}"), by, last, asked, found))
    return len(waiting)
