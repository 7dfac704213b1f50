"""Blanks: into stock, out to a line and back, on to another site (卡体管理)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.aggregates import CardBody, Sites, WorkOrder, making_rules
from registry.commands.base import CENTRE, command
from registry.commands.cards_common import body_id, order_id, refuse_other_site, sites_of
from registry.events.cards import (
    BlankArrived,
    BlankIssued,
    BlankReceived,
    BlankReturned,
    BlankSampled,
    BlankTransferred,
)
from registry.events.work_orders import WorkOrderGaveBack, WorkOrderSupplied
from registry.limits import limit
from registry.registrar import Registrar
from registry.values import CardId, ChipSerial, OfficeCode, PaperNumber, Text


def blanks(registrar: Registrar, serials: Sequence[ChipSerial]) -> dict[CardId, CardBody]:
    """The bodies of some chips, each named once."""
    ids = [body_id(registrar, serial) for serial in dict.fromkeys(serials)]
    registrar.prefetch(ids)
    return {one: registrar.load(CardBody, one) for one in ids}


def own_blanks(registrar: Registrar, serials: Sequence[ChipSerial]) -> dict[CardId, CardBody]:
    """The bodies of some chips, which must be of the officer's own site."""
    found = blanks(registrar, serials)
    refuse_other_site(registrar, *(body.site for body in found.values()))
    return found


def refuse_closed(registrar: Registrar, site: OfficeCode) -> None:
    """Refuse a site that is not open today, or is known to close: it was found empty for that."""
    sites: Sites = sites_of(registrar)
    closed = not sites.takes_in(site, registrar.today)
    registrar.refuse_if((closed, making_rules.SiteUnknown(site)))


@dataclass(frozen=True, kw_only=True)
class BlankSheet:
    """A sheet of blanks: its number, and the chips on it in the order of their places."""

    sheet: PaperNumber
    serials: tuple[ChipSerial, ...]


@command(CENTRE)
class ReceiveBlanks:
    """Take sheets of blanks into the stock of a production site (卡体入库).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    sheets: tuple[BlankSheet, ...]
    lot: PaperNumber
    site: OfficeCode

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the receipt of each blank."""
        today = registrar.today
        refuse_closed(registrar, self.site)
        refuse_other_site(registrar, self.site)
        places = limit("card_sheet_places", today).amount
        serials = [serial for sheet in self.sheets for serial in sheet.serials]
        twice = [serial for serial, times in Counter(serials).items() if times > 1]
        registrar.refuse_if(
            *((True, making_rules.SerialTwice(serial)) for serial in twice),
            *(
                (len(one.serials) > places, making_rules.SheetTooFull(one.sheet))
                for one in self.sheets
            ),
        )
        registrar.stop_if_refused()
        registrar.prefetch([body_id(registrar, serial) for serial in serials])
        for sheet in self.sheets:
            for place, serial in enumerate(sheet.serials, 1):
                registrar.enter(
                    body_id(registrar, serial),
                    BlankReceived(
                        effective_on=today,
                        chip_serial=serial,
                        lot=self.lot,
                        sheet=sheet.sheet,
                        place=place,
                        site=self.site,
                    ),
                )
        return {"blanks": len(serials), "sheets": len(self.sheets)}


@command(CENTRE)
class IssueBlanks:
    """Issue blanks to a production line of their site, for a work order (卡体领用).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    serials: tuple[ChipSerial, ...]
    line: PaperNumber
    work_order: PaperNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the issue of each."""
        found = own_blanks(registrar, self.serials)
        for body in found:
            registrar.enter(
                body,
                BlankIssued(
                    effective_on=registrar.today, line=self.line, work_order=self.work_order
                ),
            )
        if self.work_order is not None:
            order = registrar.load(WorkOrder, order_id(registrar, self.work_order))
            refuse_other_site(registrar, order.site)
            supplied = WorkOrderSupplied(effective_on=registrar.today, bodies=tuple(found))
            registrar.enter(order.id, supplied)
        return {"blanks": len(found)}


@command(CENTRE)
class ReturnBlanks:
    """Take unwritten blanks of a line back into stock (卡体退库).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    serials: tuple[ChipSerial, ...]

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the return of each."""
        found = own_blanks(registrar, self.serials)
        for body in found:
            registrar.enter(body, BlankReturned(effective_on=registrar.today))
        of_order: dict[PaperNumber, list[CardId]] = {}
        for one, blank in found.items():
            if blank.work_order is not None:
                of_order.setdefault(blank.work_order, []).append(one)
        for number, bodies in of_order.items():
            back = WorkOrderGaveBack(effective_on=registrar.today, bodies=tuple(bodies))
            registrar.enter(order_id(registrar, number), back)
        return {"blanks": len(found)}


@command(CENTRE)
class SampleBlanks:
    """Use blanks up as samples or for tests (卡体抽检).

    Source: 居民身份证制作中心（所）建设工作规范.
    """

    serials: tuple[ChipSerial, ...]
    grounds: Text

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the use of each."""
        found = own_blanks(registrar, self.serials)
        for body in found:
            registrar.enter(body, BlankSampled(effective_on=registrar.today, grounds=self.grounds))
        return {"blanks": len(found)}


@command(CENTRE)
class TransferBlanks:
    """Send blanks of the stock to another production site (卡体调拨).

    Source: Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    serials: tuple[ChipSerial, ...]
    destination: OfficeCode

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the sending of each; they are on the way until they have arrived."""
        refuse_closed(registrar, self.destination)
        found = own_blanks(registrar, self.serials)
        event = BlankTransferred(effective_on=registrar.today, destination=self.destination)
        for body in found:
            registrar.enter(body, event)
        return {"blanks": len(found)}


@command(CENTRE)
class ReceiveTransfer:
    """Take blanks from another site into stock, or one's own that came back (卡体调拨入库).

    Source: Jilin plan of 2004 (吉政办发〔2004〕53号).
    """

    serials: tuple[ChipSerial, ...]
    site: OfficeCode

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the arrival of each."""
        refuse_closed(registrar, self.site)
        refuse_other_site(registrar, self.site)
        found = blanks(registrar, self.serials)
        for body in found:
            registrar.enter(body, BlankArrived(effective_on=registrar.today, site=self.site))
        return {"blanks": len(found)}
