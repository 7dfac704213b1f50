"""Production sites, and which of them makes whose cards, as decisions know it (制证所)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Self
from uuid import UUID

from registry.aggregates import making_rules
from registry.aggregates.base import Aggregate
from registry.errors import Rule
from registry.events import sites as events
from registry.values import DivisionCode, OfficeCode
from registry.vocabulary import Kind


@dataclass(frozen=True)
class Term:
    """From when until when a site makes cards; `until` is the first day on which it does not."""

    from_: date
    until: date | None = None

    def has(self, on: date) -> bool:
        """Whether it is open on a day."""
        return self.from_ <= on and (self.until is None or on < self.until)


@dataclass(frozen=True)
class Route:
    """That the cards of a division are ordered from a site, from a day on."""

    from_: date
    division: DivisionCode
    generation: int
    site: OfficeCode


@dataclass(frozen=True, kw_only=True)
class Sites(Aggregate):
    """The production sites of a province (制证所)."""

    KIND = Kind.SITES

    terms: tuple[tuple[OfficeCode, Term], ...] = ()
    routes: tuple[Route, ...] = ()

    def is_open(self, site: OfficeCode, on: date) -> bool:
        """Whether a site makes cards on a day; where none was ever opened, any does."""
        if not self.terms:
            return True
        return any(code == site and term.has(on) for code, term in self.terms)

    def takes_in(self, site: OfficeCode, on: date) -> bool:
        """Whether anything new may come to a site: it is open, and no end was announced."""
        ending = any(
            code == site and term.until is not None and on < term.until for code, term in self.terms
        )
        return self.is_open(site, on) and not ending

    def route(self, codes: Collection[str], generation: int, on: date) -> OfficeCode | None:
        """The site that makes cards of a generation for a place, none where that is left open.

        codes: of the divisions above the place. The narrowest that is routed holds, by its newest
        route of that day.
        """
        found = [
            one
            for one in self.routes
            if one.division in codes and one.generation == generation and one.from_ <= on
        ]
        # Of the same day and width the later entry holds; trailing noughts make a code wide.
        best = max(
            enumerate(found),
            key=lambda pair: (len(pair[1].division.rstrip("0")), pair[1].from_, pair[0]),
            default=None,
        )
        return None if best is None else best[1].site

    @classmethod
    def check(cls, state: Self | None, event: Any) -> Iterator[Rule]:
        """Give the rules that an event would break."""
        terms = state.terms if state else ()
        day = event.effective_on
        now = any(code == event.site and term.has(day) for code, term in terms)
        if isinstance(event, events.SiteOpened):
            later = any(
                code == event.site and (term.until is None or day < term.until)
                for code, term in terms
            )
            if later:
                yield making_rules.SiteOpen(event.site)
        elif not now:
            yield making_rules.SiteUnknown(event.site)

    @classmethod
    def evolve(cls, state: Self | None, event: Any, stream: UUID) -> Self:
        """Return the sites after an entry."""
        state = state or cls(id=stream)
        day = event.effective_on
        match event:
            case events.SiteOpened():
                return state.but(terms=(*state.terms, (event.site, Term(day))))
            case events.ProductionRouted():
                route = Route(day, event.division, event.generation, event.site)
                return state.but(routes=(*state.routes, route))
            case _:
                terms = tuple(
                    (code, Term(term.from_, day) if code == event.site and term.has(day) else term)
                    for code, term in state.terms
                )
                return state.but(terms=terms)
