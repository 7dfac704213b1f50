"""Programmes of the exchange by their codes (换证工作): where the ledger of each is to be read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Select, select

from registry.aggregates import Programme
from registry.projections.base import At, Lookup, Rows, Sheet, Words, dated, visible
from registry.values import ProgrammeCode
from registry.vocabulary import Kind

EDITION = 1


def rows(one: Programme) -> Rows:
    """A programme's row."""
    return {(): (str(one.programme),)}


PROGRAMMES = dated(
    "programmes",
    EDITION,
    Kind.PROGRAMME,
    Sheet(
        "programme",
        values=(Column("code", Words, nullable=False),),
        lookups=(Lookup(("code",)),),
    ),
    rows,
)
programmes = PROGRAMMES.table


def ledger(code: ProgrammeCode, at: At) -> Select[Any]:
    """The stream of a programme; none where it was not opened."""
    return select(programmes.c.programme).where(
        programmes.c.code == str(code), visible(programmes, at)
    )
