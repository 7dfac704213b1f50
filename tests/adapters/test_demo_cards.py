"""The demo's people come by their cards lawfully, through every tier."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import Engine

from adapters.demo.applying import Applicants, Office
from adapters.demo.paying import Till
from adapters.media import new_node_key
from registry.aggregates import Application
from registry.commands.cards_blanks import BlankSheet, IssueBlanks, ReceiveBlanks
from registry.commands.cards_bodies import BindBlank, RecordPersonalised
from registry.commands.work_orders import BeginRun, CloseWorkOrder, OpenWorkOrder
from registry.values import ApplicationId, ChipSerial, Digest, PaperNumber
from tests.adapters.test_demo import World

ORDER, LINE = PaperNumber("W-1"), PaperNumber("L1")
IMAGE = Digest("a" * 64)


def test_people_apply_and_their_cards_come_down_to_them(engine: Engine, tmp_path: Path):
    world = World(engine)
    story = world.build(300, 0.2)
    new_node_key(tmp_path / "media.key")
    office = Office(world.register, world.clock)
    people = Applicants(office, engine, tmp_path / "media.key", story)
    begin = story.until + timedelta(1)
    applications = people.apply(12, begin)
    till = Till(people, begin)
    till.open(applications)
    # Nine first cards at 20 yuan, two exchanged ones on the relief list, a lost one at 40, and one
    # who cannot wait at 10.
    assert till.taken == 230 * 100
    applications = people.brought_up(applications, begin)
    assert len(applications) == 12
    assert {states(office, one) for one in applications} == {"22"}
    ordered = applications[:4]
    site = office.centre.office
    command = OpenWorkOrder(work_order=ORDER, applications=tuple(ordered), site=site)
    office.do(command, office.province)
    made(office, ordered)
    people.bring_down(ordered)
    assert people.hand_out(ordered) == {"handed out": 4, "old": 0, "temporary": 1}
    assert {states(office, one) for one in ordered} == {"93"}
    mover = people.move(ordered)
    assert mover in ordered


def states(office: Office, application: ApplicationId) -> str:
    """The state of an application."""
    return str(office.see(Application, application).state)


def made(office: Office, applications: list[ApplicationId]) -> None:
    """Cards are made, as far as the register is concerned."""
    serials = tuple(ChipSerial(f"{number:016X}") for number, _ in enumerate(applications, 1))
    sheet = BlankSheet(sheet=PaperNumber("S1"), serials=serials)
    site = office.centre.office
    received = ReceiveBlanks(sheets=(sheet,), lot=PaperNumber("lot"), site=site)
    office.do(received, office.centre)
    office.do(IssueBlanks(serials=serials, line=LINE, work_order=ORDER), office.centre)
    run = office.do(BeginRun(work_order=ORDER, line=LINE), office.centre)["run"]
    for serial, one in zip(serials, applications, strict=True):
        bind = BindBlank(
            application=ApplicationId(UUID(str(one))),
            serial=serial,
            image=IMAGE,
            key_version=1,
            work_order=ORDER,
            run=run,
        )
        office.do(bind, office.centre)
        office.do(RecordPersonalised(serial=serial, image=IMAGE), office.centre)
    assert office.do(CloseWorkOrder(work_order=ORDER), office.centre)["good"] == len(serials)
