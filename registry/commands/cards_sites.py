"""Production sites: opened, closed, and which divisions each makes cards for (制证所)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from registry.aggregates import rules
from registry.commands.base import ADMINISTRATOR, command
from registry.commands.cards_common import sites_id, sites_of
from registry.events.sites import ProductionRouted, SiteClosed, SiteOpened
from registry.registrar import Registrar
from registry.values import DivisionCode, OfficeCode, Text


@command(ADMINISTRATOR)
class OpenSite:
    """Open a production site, today or from a day to come (设立制证所).

    While no site was ever opened, any office code is taken for one.
    Source: Jilin plan of 2004 (吉政办发〔2004〕53号); 公治〔2001〕21号.
    """

    site: OfficeCode
    name: Text
    document: str
    on: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the opening."""
        refuse_elsewhere(registrar, self.site.division)
        sites_of(registrar)
        registrar.enter(
            sites_id(registrar),
            SiteOpened(
                effective_on=self.on, site=self.site, name=self.name, document=self.document
            ),
        )
        return {"site": self.site}


@command(ADMINISTRATOR)
class RouteProduction:
    """Have the cards of a division ordered from a site, from a day on (制证任务划分).

    What was ordered before stays where it is until it is passed on (RerouteProduction).
    Source: Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    division: DivisionCode
    generation: int
    site: OfficeCode
    document: str
    on: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the route."""
        refuse_elsewhere(registrar, self.division)
        sites_of(registrar)
        registrar.enter(
            sites_id(registrar),
            ProductionRouted(
                effective_on=self.on,
                division=self.division,
                generation=self.generation,
                site=self.site,
                document=self.document,
            ),
        )
        return {"division": self.division, "site": self.site}


@command(ADMINISTRATOR)
class CloseSite:
    """Close a production site that has no order, blank, card or waste left (撤销制证所).

    Source: Jilin plan of 2004 (吉政办发〔2004〕53号); 公治〔2001〕21号.
    """

    site: OfficeCode
    document: str
    on: date

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the end; whoever sends it has seen in the read models that nothing is left."""
        refuse_elsewhere(registrar, self.site.division)
        sites_of(registrar)
        registrar.enter(
            sites_id(registrar),
            SiteClosed(effective_on=self.on, site=self.site, document=self.document),
        )
        return {"site": self.site}


def refuse_elsewhere(registrar: Registrar, code: DivisionCode) -> None:
    """Sites and routes are set by whoever answers for the division that their code names."""
    registrar.refuse_if((not registrar.code_in_area(code), rules.OutsideArea(code)))
