"""What became of the fee of each application, and whose is unsettled (工本费收缴情况)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, Select, and_, or_, select, tuple_

from registry.aggregates import Fee
from registry.aggregates.application import Temporary
from registry.projections.base import At, Id, Lookup, Rows, Sheet, Words, dated, visible
from registry.projections.issuance import issuance
from registry.projections.places import under
from registry.vocabulary import Kind

EDITION = 1

#: What was given up costs nothing.
GIVEN_UP = ("02", "98")


def rows(one: Fee) -> Rows:
    """A fee's row; one that was given back is not settled, and stays to be seen."""
    told = (one.application.bytes, str(one.fee_class), one.amount_fen, int(one.settled))
    return {(): told}


CARD_FEES = dated(
    "card_fees",
    EDITION,
    Kind.FEE,
    Sheet(
        "fee",
        values=(
            Column("application", Id, nullable=False),
            Column("fee_class", Words, nullable=False),
            Column("amount_fen", Integer, nullable=False),
            Column("settled", Integer, nullable=False),
        ),
        lookups=(Lookup(("application",)),),
    ),
    rows,
)
card_fees = CARD_FEES.table


def unsettled(division: UUID, at: At, after: tuple[int, bytes] | None, limit: int) -> Select[Any]:
    """Applications of a division whose fee was neither taken nor waived, the oldest first.

    given_back: 0 where a fee was taken and given back whole, else absent.
    """
    here = under(division, at)
    fee = and_(card_fees.c.application == issuance.c.application, visible(card_fees, at))
    query = (
        select(issuance, card_fees.c.settled.label("given_back"))
        .join(here, here.c.place == issuance.c.community)
        .outerjoin(card_fees, fee)
        .where(
            visible(issuance, at),
            or_(card_fees.c.settled.is_(None), card_fees.c.settled == 0),
            or_(issuance.c.state.is_(None), issuance.c.state.not_in(GIVEN_UP)),
            or_(
                issuance.c.temporary.is_(None),
                issuance.c.temporary != Temporary.REFUSED.value,
            ),
        )
        .order_by(issuance.c.accepted_on, issuance.c.application)
        .limit(limit)
    )
    if after is None:
        return query
    return query.where(tuple_(issuance.c.accepted_on, issuance.c.application) > tuple_(*after))
