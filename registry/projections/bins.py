"""Bins of old cards, how full each is, and which were destroyed (旧证箱)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Integer, Select, select

from registry.aggregates import Bin
from registry.projections.base import At, Day, Lookup, Rows, Sheet, Words, dated, visible
from registry.projections.packages import within
from registry.values import OfficeCode, day_number
from registry.vocabulary import Kind

EDITION = 1


def rows(one: Bin) -> Rows:
    """A bin's row."""
    destroyed = None if one.destroyed_on is None else day_number(one.destroyed_on)
    opened = day_number(one.opened_on)
    return {(): (str(one.office), str(one.bin_number), opened, one.cards, destroyed)}


BINS = dated(
    "bins",
    EDITION,
    Kind.BIN,
    Sheet(
        "bin",
        values=(
            Column("office", Words, nullable=False),
            Column("number", Words, nullable=False),
            Column("opened_on", Day, nullable=False),
            Column("cards", Integer, nullable=False),
            Column("destroyed_on", Day),
        ),
        lookups=(Lookup(("office", "number")),),
    ),
    rows,
)
bins = BINS.table


def of_office(office: OfficeCode, at: At) -> Select[Any]:
    """The bins of an office and its parts, by office and number."""
    return (
        select(bins)
        .where(within(bins.c.office, office), visible(bins, at))
        .order_by(bins.c.office, bins.c.number)
    )
