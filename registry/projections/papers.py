"""Migration permits and certificates (准迁证, 迁移证) on both clocks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, LargeBinary, Select, select

from registry.aggregates import Certificate, Permit
from registry.projections.base import (
    At,
    Day,
    Id,
    Lookup,
    Rows,
    Sheet,
    Words,
    dated,
    packed,
    visible,
)
from registry.values import day_number
from registry.vocabulary import VOCABULARY, Kind

EDITION = 1

PERMIT, CERTIFICATE = str(Kind.PERMIT), str(Kind.CERTIFICATE)
Paper = Permit | Certificate


def fold(state: Any, event: Any, stream: UUID) -> Paper:
    """The paper after an entry of its stream."""
    if VOCABULARY[type(event)].kind is Kind.PERMIT:
        return Permit.evolve(state, event, stream)
    return Certificate.evolve(state, event, stream)


def rows(paper: Paper) -> Rows:
    """A paper's row."""
    permit = isinstance(paper, Permit)
    expires_on = None if paper.issued_on is None else paper.expires_on()
    return {
        (): (
            PERMIT if permit else CERTIFICATE,
            paper.permit_number if isinstance(paper, Permit) else paper.certificate_number,
            paper.community.bytes if isinstance(paper, Permit) else None,
            None if paper.persons is None else packed(paper.persons),
            paper.newcomers if isinstance(paper, Permit) else 0,
            None if paper.issued_on is None else day_number(paper.issued_on),
            None if expires_on is None else day_number(expires_on),
            packed(paper.used_by),
            int(paper.void),
        )
    }


PAPERS = dated(
    "papers",
    EDITION,
    frozenset({Kind.PERMIT, Kind.CERTIFICATE}),
    Sheet(
        "paper",
        values=(
            Column("kind", Words, nullable=False),
            Column("number", Words),
            Column("community", Id),  # a permit's target
            Column("persons", LargeBinary),  # null: issued by another register
            Column("newcomers", Integer, nullable=False),
            Column("issued_on", Day),
            Column("expires_on", Day),
            Column("used_by", LargeBinary, nullable=False),
            Column("void", Integer, nullable=False),
        ),
        lookups=(Lookup(("number",), "number is not null"), Lookup(("community",))),
    ),
    rows,
    fold=fold,
    private=True,
)
papers = PAPERS.table


def paper(stream: UUID, at: At) -> Select[Any]:
    """A permit or certificate."""
    return select(papers).where(papers.c.paper == stream.bytes, visible(papers, at))


def numbered(number: str, at: At) -> Select[Any]:
    """The papers with a number printed on them."""
    return (
        select(papers)
        .where(papers.c.number == number, visible(papers, at))
        .order_by(papers.c.kind, papers.c.paper)
    )
