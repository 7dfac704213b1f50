"""A work order, real keys and photographs, and a machine with blanks: all a station needs."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapters.assembly import Settings, name_node
from adapters.card.derive import Derivation
from adapters.card.emulator import trays
from adapters.card.emulator.chip import Memory
from adapters.card.emulator.control import RunningMachine
from adapters.card.keys import SoftwareKeys, new_master, open_keys
from adapters.card.session import Life
from adapters.card.signatures import new_signer, open_signers
from adapters.database import open_database
from adapters.media import Media, new_node_key, open_node_keys
from adapters.photos.drawing import drawn_photo
from adapters.photos.encoding import chip_photo
from registry.aggregates import Application, CardBody, WorkOrder
from registry.aggregates.card import BodyState
from registry.commands.cards_bodies import ConfirmBodyVoid, ProposeBodyVoid
from registry.commands.cards_capture import CompleteCapture
from registry.commands.work_orders import OpenWorkOrder
from registry.values import ChipSerial, MediaType, SpoilCause, Text
from registry.vocabulary import Kind
from tests.card.rig import ORDER, crowd, supply
from tests.scenarios.cards import (
    BIN,
    CENTRE,
    LINE,
    PROVINCE,
    SITE,
    STATION,
    accepted,
    brought,
    ready,
    serial,
)
from tests.scenarios.town import NAMESPACE, Town

HOME = Path(__file__).parents[2]


class World:
    """A town on disk with a work order for so many people, and so many blanks.

    strangers: cards in the hopper that are nobody's.
    """

    def __init__(self, town: Town, folder: Path, people: int, blanks: int, strangers: int = 0):
        self.town, self.folder = town, folder
        self.settings = Settings(
            database=f"sqlite:///{town.path}",
            namespace=str(NAMESPACE),
            card_keys=str(folder / "cards.key"),
            card_signing_key=str(folder / "signing.key"),
            media_key=str(folder / "media.key"),
        )
        new_master(folder / "cards.key")
        new_signer(folder / "signing.key")
        new_node_key(folder / "media.key")
        engine = open_database(self.settings.database, durability="off")
        name_node(engine, self.settings)
        self.media = Media(engine, open_node_keys(folder / "media.key"))
        self.keys: SoftwareKeys = open_keys(folder / "cards.key")
        names = crowd(town, people)
        ready(town, *names)
        self.applications = [accepted(town, name) for name in names]
        brought(town, "22", *self.applications, capture=self.capture)
        members = tuple(self.applications)
        town.do(OpenWorkOrder(work_order=ORDER, applications=members, site=SITE), PROVINCE)
        self.numbers = range(1, blanks + 1)
        supply(town, *self.numbers)
        self.serials = [key(number) for number in self.numbers]
        self.strangers = [key(0xF000 + number) for number in range(strangers)]
        mixed = self.serials[:]
        for place, stranger in enumerate(self.strangers, 1):
            mixed.insert(place * 4, stranger)
        self.machine = RunningMachine(folder / "m", readers=2)
        self.machine.load(mixed, self.keys)

    def capture(self, town: Town, *applications: Any) -> None:
        """Take everybody's photograph."""
        photo = drawn_photo(1)
        small = chip_photo(photo)
        for one in applications:
            person = town.see(Application, one).person
            told = self.media.keep(person, (photo, MediaType.JPEG), (small, MediaType.WEBP))
            command = CompleteCapture(
                application=one, photo=told[0], photo_size=len(photo), chip_photo=told[1]
            )
            town.do(command, STATION)

    @property
    def environment(self) -> dict[str, str]:
        """What a station's process finds around it."""
        return {
            **os.environ,
            "REGISTRY_DATABASE": self.settings.database,
            "REGISTRY_CARD_KEYS": self.settings.card_keys,
            "REGISTRY_CARD_SIGNING_KEY": self.settings.card_signing_key,
            "REGISTRY_MEDIA_KEY": self.settings.media_key,
            "REGISTRY_OFFICER": CENTRE.officer,
            "REGISTRY_OFFICE": CENTRE.office,
            "REGISTRY_ROLES": "production-centre",
        }

    def station(self, *more: str) -> list[str]:
        """The words that start a station."""
        return [
            *(sys.executable, "-W", "error", "-m", "tests.card.station", "produce", ORDER),
            *("--line", LINE, "--reject-bin", BIN, "--machine", str(self.machine.folder)),
            *more,
        ]

    # --- what the register and the machine say --------------------------------------------------

    def body(self, number: int) -> CardBody:
        """What the register knows of a body."""
        found: CardBody = self.town.see(CardBody, self.town.named(Kind.CARD, serial(number)))
        return found

    def states(self) -> Counter[BodyState]:
        """How many bodies are in each state."""
        return Counter(self.body(number).state for number in self.numbers)

    def order(self) -> WorkOrder:
        """The work order."""
        found: WorkOrder = self.town.see(WorkOrder, self.town.named(Kind.WORK_ORDER, ORDER))
        return found

    def missing(self) -> list[int]:
        """Numbers of the blanks that were begun and are not settled."""
        return [number for number in self.numbers if self.body(number).state is BodyState.BOUND]

    def give_up(self, number: int) -> None:
        """Two officers give a body up."""
        chip = serial(number)
        propose = ProposeBodyVoid(serial=chip, cause=SpoilCause.CUSTODY, grounds=Text("遗失"))
        version = self.town.do(propose, CENTRE)["version"]
        self.town.do(ConfirmBodyVoid(serial=chip, version=version), PROVINCE)

    def places(self) -> dict[str, list[Memory]]:
        """What lies where in the machine."""
        folder = self.machine.folder
        heads = [trays.head(number) for number in range(2)]
        return {tray: trays.look(folder, tray) for tray in (*trays.TRAYS, *heads)}

    def nothing_twice(self) -> None:
        """At any moment: no two closed cards of one application, but for what lies in the bin."""
        held = [
            one.state.token
            for tray, cards in self.places().items()
            for one in cards
            if one.life is Life.DONE and tray != trays.REJECTS
        ]
        assert len(set(held)) == len(held), "somebody has two cards"

    def conserved(self) -> None:
        """At the end: everybody served has one good card, and no blank is gone."""
        places = self.places()
        derive = Derivation(
            self.town.register.store,
            self.town.register.setting.places,
            lambda person, digests: self._pictures(person, digests),
            open_signers(Path(self.settings.card_signing_key)),
        )
        stack = places[trays.STACKER]
        served = set()
        for card in stack:
            body = self.body(int.from_bytes(card.serial, "big"))
            assert (card.life, body.state) == (Life.DONE, BodyState.PERSONALISED)
            compared = derive.compare(body.id)
            assert compared.agrees
            assert card.state.digest.hex() == compared.derived
            assert body.application is not None
            assert body.application not in served, "somebody has two cards"
            served.add(body.application)
            assert self.town.see(Application, body.application).body == body.id
        made = {one for one in self.applications if self.state(one) == "31"}
        assert served == made
        everything = [card.serial for cards in places.values() for card in cards]
        assert sorted(everything) == sorted([*self.serials, *self.strangers])
        states = self.states()
        assert states[BodyState.PERSONALISED] == len(stack)
        rejected = [one for one in places[trays.REJECTS] if one.serial not in self.strangers]
        assert states[BodyState.SPOILED] == len(rejected)

    def _pictures(self, person: Any, digests: Sequence[Any]) -> list[bytes]:
        photo = drawn_photo(1)
        return [chip_photo(photo) for _ in digests]

    def state(self, application: Any) -> str:
        """The state of an application."""
        return str(self.town.see(Application, application).state)


def key(number: int) -> bytes:
    """The serial of the n-th chip, as it tells it."""
    return bytes.fromhex(ChipSerial(serial(number)))
