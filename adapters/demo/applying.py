"""How make-believe people come by a card: through the hands of every tier, by batch."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID, uuid5

from sqlalchemy import Engine

from adapters.demo import SimulatedClock, Story
from adapters.eventstore import microseconds
from adapters.ids import ids
from adapters.media import Media, open_node_keys
from adapters.photos.drawing import drawn_photo
from adapters.photos.encoding import chip_photo
from registry.aggregates import Aggregate, Application, CardBody, Household, Person, Readiness
from registry.commands.cards_acceptance import AcceptApplication
from registry.commands.cards_audit import CheckNumbers, PassCountyAudit, SignCards
from registry.commands.cards_bins import OpenBin
from registry.commands.cards_capture import CompleteCapture
from registry.commands.cards_city import JudgePackage
from registry.commands.cards_common import Tier
from registry.commands.cards_gates import AcceptBaseline, VerifyPersons
from registry.commands.cards_handover import HandOutCard
from registry.commands.cards_transport import (
    DispatchCards,
    PassInspection,
    ReceiveCards,
    ReceiveData,
    SendData,
    SortCards,
)
from registry.commands.relocation import MoveHousehold
from registry.errors import Refused, RegistryError
from registry.history import effective
from registry.register import Authority, Command, Register, Submission
from registry.values import (
    AcceptanceNumber,
    ApplicationId,
    CardKind,
    CardReason,
    ChipSerial,
    DivisionId,
    HandoverCheck,
    MediaType,
    Name,
    OfficeCode,
    Officer,
    PaperNumber,
    PersonId,
)
from registry.vocabulary import ORDERS, Kind, Order

A = TypeVar("A", bound=Aggregate)

FIRST_CARD, EXPIRED, LOST = CardReason("12"), CardReason("22"), CardReason("41")
#: Why ten people apply, one after the other.
REASONS: Final = (*[FIRST_CARD] * 7, EXPIRED, EXPIRED, LOST)
#: Cards of before the register: their kind, and the bin that they go into when they are exchanged.
OLD_CARD, OLD_CARDS = CardKind("1"), PaperNumber("B1")
DOCUMENT: Final = "synthetic"
#: Applications in one command, commands in one batch, and drawn heads that are shared.
TOGETHER, BATCH, HEADS = 200, 500, 6
COUNTY: Final = "510683"


class Office:
    """Officers of every tier at one register."""

    def __init__(self, register: Register, clock: SimulatedClock) -> None:
        self.register, self.clock = register, clock
        self._ids = ids(microseconds)
        self.station = _officer("station", f"{COUNTY}001000", "station")
        self.auditor = _officer("auditor", f"{COUNTY}000000", "county")
        self.signer = _officer("signer", f"{COUNTY}000000", "county")
        self.city = _officer("city", "510600000000", "city")
        self.province = _officer("province", "510000000000", "province")
        self.centre = _officer("operator", "510000900000", "production-centre")
        self.administrator = _officer("administrator", "510000000000", "administrator")

    def do(self, command: Command, by: Authority) -> dict[str, Any]:
        """Enter something and return the answer."""
        told: dict[str, Any] = json.loads(self.register.do(self._sent(command, by)).answer)
        return told

    def do_each(self, commands: Sequence[Command], by: Authority) -> list[dict[str, Any] | None]:
        """Enter many things, batch by batch; None stands for what is refused."""
        answers: list[dict[str, Any] | None] = []
        for at in range(0, len(commands), BATCH):
            sent = [self._sent(one, by) for one in commands[at : at + BATCH]]
            for result in self.register.do_all(sent):
                refused = isinstance(result, RegistryError)
                answers.append(None if refused else json.loads(result.answer))  # type: ignore[union-attr]  # just asked
        return answers

    def named(self, kind: Kind, name: str) -> UUID:
        """The stream of something by its name."""
        return uuid5(self.register.setting.namespace, f"{kind}/{name}")

    def see(self, kind: type[A], stream: UUID | None) -> A:
        """The present state of something that is there."""
        assert stream is not None
        entries = self.register.history(stream)
        if ORDERS[kind.KIND] is Order.EFFECTIVE:
            entries = list(effective(entries, None))
        found = kind.fold(entries)
        assert found is not None, stream
        return found

    def is_ready(self, county: DivisionId) -> bool:
        """Whether the data of a county are accepted."""
        found = Readiness.fold(self.register.history(county))
        return found is not None and found.baseline_on is not None

    def body(self, serial: ChipSerial) -> CardBody:
        """The body of a chip."""
        return self.see(CardBody, self.named(Kind.CARD, serial))

    def _sent(self, command: Command, by: Authority) -> Submission:
        return Submission(self._ids(), by, command)


class Accepted(NamedTuple):
    """Whose application it is, and why there is one."""

    person: PersonId
    reason: CardReason


class Applicants:
    """People of a town who want cards, and how far these are."""

    def __init__(self, office: Office, engine: Engine, media_key: Path, story: Story) -> None:
        self.office, self.story = office, story
        self.media = Media(engine, open_node_keys(media_key))
        self.steps = 0
        self.accepted: dict[ApplicationId, Accepted] = {}
        self.temporary: dict[PersonId, ApplicationId] = {}

    def apply(self, wanted: int, begin: date) -> list[ApplicationId]:
        """Let people apply and be photographed, whose data are accepted and checked already."""
        office, story = self.office, self.story
        office.clock.go_to(begin)
        assert story.county is not None, "the town is made"
        if not office.is_ready(story.county):
            baseline = AcceptBaseline(division=story.county, document=DOCUMENT)
            office.do(baseline, office.administrator)
        people = story.applicants[:wanted]
        for at in range(0, len(people), TOGETHER):
            some = tuple(people[at : at + TOGETHER])
            office.do(VerifyPersons(persons=some, document=DOCUMENT), office.administrator)
        reasons = [REASONS[place % len(REASONS)] for place in range(len(people))]
        # The counter gives its slips out in order; the register need not look for the next one.
        forms = [
            AcceptApplication(
                person=person,
                apply_reason=reason,
                acceptance_number=AcceptanceNumber.compose(office.station.office, begin, slip),
            )
            for slip, (person, reason) in enumerate(zip(people, reasons, strict=True), 1)
        ]
        answers = office.do_each(forms, office.station)
        for person, reason, told in zip(people, reasons, answers, strict=True):
            if told is not None:
                one = ApplicationId(UUID(told["application"]))
                self.accepted[one] = Accepted(person, reason)
        applications = self.photographed()
        self.steps += 2 * len(applications)
        return applications

    def photographed(self) -> list[ApplicationId]:
        """Draw a head for everybody; few are drawn, and many look alike."""
        heads = [drawn_photo(seed) for seed in range(HEADS)]
        small = [chip_photo(head) for head in heads]
        commands = []
        for place, (one, (person, _)) in enumerate(self.accepted.items()):
            head, chip = heads[place % HEADS], small[place % HEADS]
            kept = self.media.keep(person, (head, MediaType.JPEG), (chip, MediaType.WEBP))
            commands.append(
                CompleteCapture(
                    application=one, photo=kept[0], photo_size=len(head), chip_photo=kept[1]
                )
            )
        answers = self.office.do_each(commands, self.office.station)
        return [one for one, told in zip(self.accepted, answers, strict=True) if told is not None]

    def brought_up(self, applications: list[ApplicationId], begin: date) -> list[ApplicationId]:
        """From the station to the province's check, some days later each."""
        office = self.office
        way: list[tuple[int, Callable[..., Command], Authority]] = [
            (1, lambda some: SendData(tier=Tier.STATION, applications=some), office.station),
            (2, lambda some: ReceiveData(tier=Tier.COUNTY, applications=some), office.auditor),
            (3, lambda some: PassCountyAudit(applications=some), office.auditor),
            (4, lambda some: SignCards(applications=some), office.signer),
            (5, lambda some: SendData(tier=Tier.COUNTY, applications=some), office.signer),
            (6, lambda some: ReceiveData(tier=Tier.CITY, applications=some), office.city),
            (8, lambda some: JudgePackage(applications=some), office.city),
            (9, lambda some: SendData(tier=Tier.CITY, applications=some), office.city),
            (10, lambda some: ReceiveData(tier=Tier.PROVINCE, applications=some), office.province),
            (12, lambda some: CheckNumbers(applications=some), office.province),
        ]
        for day, make, by in way:
            office.clock.go_to(begin + timedelta(day))
            applications = self.together(make, applications, by)
        return applications

    def together(
        self, make: Callable[..., Command], some: Sequence[ApplicationId], by: Authority
    ) -> list[ApplicationId]:
        """Enter a step for many at once; whoever is refused, is left behind alone."""
        gone: list[ApplicationId] = []
        for at in range(0, len(some), TOGETHER):
            gone += self._entered(make, some[at : at + TOGETHER], by)
        self.steps += len(gone)
        return gone

    def _entered(
        self, make: Callable[..., Command], some: Sequence[ApplicationId], by: Authority
    ) -> list[ApplicationId]:
        try:
            self.office.do(make(tuple(some)), by)
        except Refused:
            if len(some) == 1:
                return []
            half = len(some) // 2
            return self._entered(make, some[:half], by) + self._entered(make, some[half:], by)
        return list(some)

    def bring_down(self, applications: Sequence[ApplicationId]) -> None:
        """From the production site to the station, inspected at every tier."""
        office = self.office
        tiers = [
            (Tier.PROVINCE, office.province, office.city),
            (Tier.CITY, office.city, office.auditor),
            (Tier.COUNTY, office.auditor, office.station),
            (Tier.STATION, office.station, None),
        ]
        some = tuple(applications)
        for tier, by, below in tiers:
            office.do(ReceiveCards(tier=tier, applications=some), by)
            office.do(PassInspection(tier=tier, applications=some), by)
            if below is not None:
                office.do(SortCards(tier=tier, applications=some), by)
                to = below.office
                office.do(DispatchCards(tier=tier, applications=some, destination=to), by)

    def hand_out(self, applications: Sequence[ApplicationId]) -> Counter[str]:
        """Everybody comes, is looked at, takes the card and gives the old one back; what was done.

        A card of before the register goes into a bin, a temporary one is named.
        """
        office = self.office
        office.do(OpenBin(bin_number=OLD_CARDS), office.station)
        checks = (HandoverCheck.IDENTITY, HandoverCheck.VISUAL)
        commands, done = [], Counter[str]()
        for one in applications:
            person, reason = self.accepted[one]
            body = office.see(CardBody, office.see(Application, one).body)
            old = (OLD_CARD,) if reason == EXPIRED else ()
            temporary = self.temporary.get(person)
            commands.append(
                HandOutCard(
                    application=one,
                    serial=body.chip_serial,
                    checks=checks,
                    surrendered=() if temporary is None else (temporary,),
                    took_in=old,
                    taken_into=OLD_CARDS if old else None,
                )
            )
        answers = office.do_each(commands, office.station)
        for command, told in zip(commands, answers, strict=True):
            if told is not None:
                done["handed out"] += 1
                done["old"] += bool(command.took_in)
                done["temporary"] += bool(command.surrendered)
        return done

    def move(self, applications: Sequence[ApplicationId]) -> ApplicationId:
        """Somebody moves with the household to where somebody else lives; whose card it is."""
        office = self.office
        plates = {}
        for one in applications:
            person = office.see(Person, office.see(Application, one).person)
            home = office.see(Household, person.household)
            if not home.collective:
                plates[one] = home
        first, *others = plates.items()
        mover, home = first
        target = next(other for _, other in others if other.doorplate != home.doorplate)
        command = MoveHousehold(
            household=home.id, doorplate=target.doorplate, declarant=Name("synthetic")
        )
        office.do(command, office.station)
        return mover


def _officer(name: str, office: str, role: str) -> Authority:
    """An officer who does not exist."""
    return Authority(Officer(f"synthetic-{name}"), OfficeCode(office), frozenset({role}))
