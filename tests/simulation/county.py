"""A make-believe county: a register and, beside it, the auditor who writes down the same facts.

Whatever is sent goes through `send`, which holds what the register answers against what the
auditor expected, and lets the auditor write down what was accepted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any, TypeVar
from uuid import UUID, uuid5

from adapters.database import open_database
from adapters.eventstore import Recorder
from registry.commands.addresses import NameStreet, RegisterDoorplate
from registry.commands.membership import NewHousehold
from registry.commands.places import (
    AllotSegment,
    EstablishCommunity,
    EstablishDivision,
)
from registry.commands.vital import RegisterBirth, SupplementRecord
from registry.days import instant_of
from registry.errors import Refused, RegistryError
from registry.register import Authority, Command, Register, Setting, Submission
from registry.store import Receipt
from registry.values import (
    CommunityKind,
    DivisionCode,
    DivisionId,
    DoorplateId,
    HouseholdId,
    HouseholdNumber,
    Level,
    Name,
    Nationality,
    OfficeCode,
    Officer,
    PaperNumber,
    PlateNumber,
    Relationship,
    Sex,
    Text,
)
from registry.vocabulary import VOCABULARY, Kind
from tests.simulation.oracle import Oracle

T = TypeVar("T")

ROLES = frozenset({"station", "county", "civil-affairs", "administrator"})
OFFICE = OfficeCode("510603001001")
BEGINNING = date(1990, 1, 1)
FIRST_DAY = date(2010, 1, 1)
COUNTIES = ("510603", "510623")
CODES_PER_BOOK = 6
DAY_US = 86_400_000_000


class Chance:
    """Whoever decides what happens next: a seed here, Hypothesis in the state machine."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def number(self, low: int, high: int) -> int:
        """A number between two, both included."""
        return self.random.randint(low, high)

    def pick(self, options: Sequence[T]) -> T:
        """One of several."""
        return options[self.number(0, len(options) - 1)]

    def often(self, one_in: int = 2) -> bool:
        """Whether something happens that does so once in so many times."""
        return self.number(1, one_in) == 1


@dataclass(frozen=True)
class Sent:
    """A submission, and what became of it."""

    submission: Submission
    result: Receipt | RegistryError


@dataclass
class County:
    """A register on a database, its clock, and the auditor."""

    url: str
    seed: int
    place: str = ""  # tells counties apart that share a database
    audited: bool = True
    oracle: Oracle = field(default_factory=Oracle)
    history: list[Sent] = field(default_factory=list)
    recorded: dict[UUID, int] = field(default_factory=dict)  # submission: business
    known: list[int] = field(default_factory=lambda: [0])  # business: last position
    written: dict[tuple[UUID, int], int] = field(default_factory=dict)  # entry: business
    words: dict[int, list[tuple[UUID, int, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.made = 0
        self.namespace = self.fresh()
        self.clock = instant_of_noon(FIRST_DAY)
        self.engine = open_database(self.url, durability="off")
        self.store = Recorder(self.engine, node=1, clock=lambda: self.clock)
        self.setting = Setting(self.namespace, uuid5(self.namespace, "places"))
        self.register = self.open()
        self.by = Authority(Officer("Li"), OFFICE, ROLES)
        self.second = Authority(Officer("Luo"), OFFICE, ROLES)
        self._settle()

    def open(self) -> Register:
        """A register over the store with nothing in its memory."""
        return Register(
            self.store,
            self.setting,
            clock=lambda: self.clock,
            ids=self.fresh,
            salt=lambda: self.fresh().bytes,
        )

    def close(self) -> None:
        """Give the database back."""
        self.engine.dispose()

    def fresh(self) -> UUID:
        """The next identifier; the same ones for the same seed and place."""
        self.made += 1
        told = sha256(f"{self.place}/{self.seed}/{self.made}".encode()).digest()
        return UUID(bytes=told[:16], version=4)

    @property
    def today(self) -> date:
        """The register's day."""
        return FIRST_DAY + timedelta((self.clock - instant_of_noon(FIRST_DAY)) // DAY_US)

    def pass_days(self, days: int) -> None:
        """Let time pass."""
        self.clock += days * DAY_US

    # Sending.

    def submission(
        self, command: Command, name: UUID | None = None, by: Authority | None = None
    ) -> Submission:
        """A submission of a command."""
        return Submission(name or self.fresh(), by or self.by, command)

    def look(self, command: Command) -> dict[str, Any]:
        """The answer of a command that enters nothing."""
        told: dict[str, Any] = json.loads(self.register.do(self.submission(command)).answer)
        return told

    def send(
        self, command: Command, expected: bool | None = None, by: Authority | None = None
    ) -> Receipt | RegistryError:
        """Send a command; an expectation that is not met is the register's mistake or ours."""
        submission = self.submission(command, by=by)
        (result,) = self.send_all([submission])
        if expected is not None:
            assert isinstance(result, Receipt) == expected, (command, result)
        return result

    def send_all(self, batch: Sequence[Submission]) -> list[Receipt | RegistryError]:
        """Send several together; the auditor writes down those accepted, in their order."""
        results = self.register.do_all(batch)
        done = []
        for submission, result in zip(batch, results, strict=True):
            self.history.append(Sent(submission, result))
            if isinstance(result, Receipt) and submission.id not in self.recorded:
                self.recorded[submission.id] = 0
                done.append((result.first, submission, result))
            elif not isinstance(result, Receipt):
                assert isinstance(result, RegistryError), result
                assert result.__cause__ is None, result.__cause__
        for _, submission, receipt in sorted(done, key=lambda each: (each[0], each[2].count)):
            self._write_down(submission, receipt)
        return results

    def _write_down(self, submission: Submission, receipt: Receipt) -> None:
        command: Any = submission.command
        last = receipt.first + receipt.count - 1
        answer = json.loads(receipt.answer)
        if not self.audited:
            return
        if hasattr(command, "corrects"):
            answer["corrected"] = self.written[command.person, command.corrects]
        undoes = 0
        if hasattr(command, "version"):
            stream = getattr(command, "person", None) or command.household
            undoes = self.written[stream, command.version]
        before = set(self.oracle.given())
        business = self.oracle.accept(command, answer, self.today, undoes)
        self.recorded[submission.id] = business
        self.known.append(last)
        self._check_number(before, command, answer)
        self.words[business] = []
        for stored in self.store.page(receipt.first - 1, receipt.count):
            assert stored.submission == submission.id, "an entry of somebody else's"
            assert stored.code is not None
            stream = UUID(str(stored.originator_id))
            self.written[stream, stored.originator_version] = business
            kind, name = WORDS[stored.code]
            if kind is Kind.PERSON:
                self.words[business].append((stream, stored.originator_version, name))

    def _check_number(self, before: set[str], command: Any, answer: dict[str, Any]) -> None:
        """A number that was given is a right one, and nobody has ever held it."""
        number = answer.get("number")
        if number is None or number == getattr(command, "number", None):
            return
        now = self.oracle.state(self.today)
        person = now.get(UUID(answer["person"]))
        if person is None or person["number"] != number or number in before:
            changed = self.oracle.businesses[-1].facts
            assert all(fact.item != "number" for fact in changed), f"{number} was given twice"
            return
        assert number[:6] in COUNTIES
        assert number[6:14] == f"{person['birth_date']:%Y%m%d}"
        assert 1 <= int(number[14:17]) <= CODES_PER_BOOK
        assert int(number[16]) % 2 == person["sex"] % 2
        weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
        total = sum(w * int(digit) for w, digit in zip(weights, number[:17], strict=True))
        assert number[17] == "10X98765432"[total % 11]

    # What stands in the county before anybody lives there.

    def _settle(self) -> None:
        def one(command: Command, answer: str) -> UUID:
            receipt = self.send(command, True)
            assert isinstance(receipt, Receipt)
            return UUID(json.loads(receipt.answer)[answer])

        def division(level: Level, code: str, parent: UUID | None) -> DivisionId:
            command = EstablishDivision(
                level=level,
                division_code=DivisionCode(code),
                division_name=Text(code),
                parent=parent if parent is None else DivisionId(parent),
                on=BEGINNING,
            )
            return DivisionId(one(command, "division"))

        self.province = division(Level.PROVINCE, "510000", None)
        self.city = division(Level.CITY, "510600", self.province)
        self.counties = [division(Level.COUNTY, code, self.city) for code in COUNTIES]
        self.communities = [
            one(
                EstablishCommunity(
                    community_name=Text(f"{number}社区"),
                    community_kind=CommunityKind("31"),
                    parent=self.counties[number // 2],
                    on=BEGINNING,
                ),
                "community",
            )
            for number in range(4)
        ]
        for code in COUNTIES:
            one(
                AllotSegment(
                    address_code=DivisionCode(code),
                    station=OFFICE,
                    first=1,
                    last=CODES_PER_BOOK,
                    valid_from=date(1900, 1, 1),
                ),
                "segments",
            )
        street = one(
            NameStreet(division=self.counties[0], street_name=Text("长江路"), on=BEGINNING),
            "street",
        )
        self.plates = [
            DoorplateId(
                one(
                    RegisterDoorplate(
                        street=street,  # type: ignore[arg-type]
                        plate_number=PlateNumber(f"{number}号"),
                        community=self.communities[number % 4],  # type: ignore[arg-type]
                        on=BEGINNING,
                    ),
                    "doorplate",
                )
            )
            for number in range(6)
        ]
        self.history.clear()  # nobody sends that again

    # Commands that other tests send, too.

    def new_household(self, plate: DoorplateId) -> NewHousehold:
        """A household to be founded."""
        return NewHousehold(doorplate=plate, household_number=HouseholdNumber(str(self.made)))

    def adult(self, born: date, sex: Sex, on: date, home: HouseholdId | None = None) -> Command:
        """An adult whom the register had missed, who founds a household unless one is named."""
        return SupplementRecord(
            household=home,
            new_household=None if home else self.new_household(self.plates[self.made % 6]),
            relation=Relationship("99" if home else "02"),
            name=Name("王大"),
            sex=sex,
            birth_date=born,
            nationality=Nationality("01"),
            grounds=Text("漏登"),
            approval=PaperNumber("A1"),
            declarant=Name("王大"),
            on=on,
        )

    def birth(
        self, born: date, sex: Sex, home: HouseholdId, proof: str | None = None, **more: Any
    ) -> Command:
        """The birth of a child."""
        return RegisterBirth(
            household=home,
            relation=Relationship("20" if sex is Sex.MALE else "30"),
            name=Name("王小"),
            sex=sex,
            birth_date=born,
            nationality=Nationality("01"),
            mother_name=Name("李氏"),
            birth_certificate=PaperNumber(proof or f"B{self.made}"),
            declarant=Name("王大"),
            **more,
        )


def instant_of_noon(day: date) -> int:
    """Microseconds UTC of noon of a day in Beijing."""
    return instant_of(datetime(day.year, day.month, day.day, 12))


def rules_of(result: Receipt | RegistryError) -> set[str]:
    """The codes of the rules that stand in the way."""
    return {rule.code for rule in result.rules} if isinstance(result, Refused) else set()


WORDS = {word.code: (word.kind, word.name) for word in VOCABULARY.values()}
Deed = Callable[[], None]
