"""Task letters from tier to tier: province, city, county, station; the sums agree (任务书)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.aggregates import Letter, programme_rules, rules
from registry.commands.base import ADMINISTRATOR, EXCHANGE_OFFICE, command
from registry.commands.programme import own_programme, programme_of
from registry.events.letters import (
    TaskDivided,
    TaskLetterAcknowledged,
    TaskLetterAmended,
    TaskLetterIssued,
)
from registry.programmes import quota
from registry.registrar import Registrar
from registry.values import DivisionId, LetterId, Level, OfficeCode, ProgrammeCode
from registry.vocabulary import Kind

#: The tier below each one that hands a task down; below a county are its stations.
BELOW = {Level.PROVINCE: Level.CITY, Level.CITY: Level.COUNTY}


#: Where the code of an office above the stations has the station's digits.
NO_STATION = "000"


def refuse_other_office(registrar: Registrar, letter: Letter) -> None:
    """Refuse whoever is not of the unit that a letter is addressed to.

    Source: Deyang plan of 2004 (德办发(2004)39号) 二(三)2: every tier answers for its own task.
    """
    fact = registrar.places().fact(letter.division, registrar.today)
    office = registrar.authority.office
    if letter.station is not None:
        own = office[:9] == letter.station[:9]
    else:
        code = None if fact is None else fact.code
        width = 2 * fact.level if fact is not None and fact.level is not None else 0
        own = code is not None and office[:9] == code[:width].ljust(9, "0")
    outside = not registrar.in_area(letter.division)
    registrar.refuse_if(
        (outside, rules.OutsideArea(letter.division)),
        (not own, programme_rules.LetterElsewhere(office)),
    )


def letter_id(
    registrar: Registrar,
    programme: ProgrammeCode,
    year: int,
    division: DivisionId,
    station: OfficeCode | None = None,
) -> LetterId:
    """The letter of a unit for a year."""
    name = f"{programme}/{year}/{station or division}"
    return LetterId(registrar.named(Kind.LETTER, name))


@command(ADMINISTRATOR, EXCHANGE_OFFICE)
class IssueTarget:
    """Tell a programme's division the task of a year, as its plan sets it (下达年度任务).

    Source: Deyang plan of 2004 (德办发(2004)39号) 二(三); Jilin plan of 2004
    (吉政办发〔2004〕53号) 二(二).
    """

    programme: ProgrammeCode
    year: int
    persons: int
    document: str

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the letter."""
        found = own_programme(registrar, self.programme)
        told = quota(self.programme, self.year)
        planned = None if told is None else told.persons
        differs = programme_rules.TargetDiffers(f"{self.year}: {planned} by the plan")
        registrar.refuse_if((planned != self.persons, differs))
        letter = letter_id(registrar, self.programme, self.year, found.division)
        registrar.enter(
            letter,
            TaskLetterIssued(
                effective_on=registrar.today,
                programme=self.programme,
                year=self.year,
                division=found.division,
                station=None,
                persons=self.persons,
                upper=None,
                document=self.document,
            ),
        )
        return {"letter": letter}


@command(ADMINISTRATOR, EXCHANGE_OFFICE)
class AmendTarget:
    """Change the task that a further document sets to a programme's division (调整年度任务).

    Source: Deyang plan of 2004 (德办发(2004)39号) 二(三).
    """

    letter: LetterId
    persons: int
    document: str

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the change."""
        known = registrar.load(Letter, self.letter)
        own_programme(registrar, known.programme)
        registrar.refuse_if(
            (known.upper is not None, programme_rules.AmendFromAbove(known.year)),
            (self.persons < 0, programme_rules.SumsDisagree(self.persons)),
        )
        registrar.enter(
            self.letter,
            TaskLetterAmended(
                effective_on=registrar.today, persons=self.persons, document=self.document
            ),
        )
        return {"letter": self.letter}


@command(ADMINISTRATOR, EXCHANGE_OFFICE)
class AcknowledgeTask:
    """Take a letter, or its change, to the unit's books (签收任务书).

    persons: the number as the unit read it; where it was amended meanwhile, nothing is taken.
    Source: Deyang plan of 2004 (德办发(2004)39号) 二(三)2.
    """

    letter: LetterId
    persons: int | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the acknowledgement."""
        known = registrar.load(Letter, self.letter)
        refuse_other_office(registrar, known)
        read = self.persons is None or self.persons == known.persons
        said = f"{self.persons} read, {known.persons} in the letter"
        registrar.refuse_if((not read, programme_rules.SumsDisagree(said)))
        event = TaskLetterAcknowledged(effective_on=registrar.today, persons=known.persons)
        registrar.enter(self.letter, event)
        return {"letter": self.letter, "persons": known.persons}


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one unit is to do: a division of the tier below, or a station of the county."""

    division: DivisionId | None = None
    station: OfficeCode | None = None
    persons: int


@command(ADMINISTRATOR, EXCHANGE_OFFICE)
class DivideTask:
    """Hand a unit's task down to the units below it, whole (分解任务).

    The first time letters are issued; later those that differ are amended, and a unit that is left
    out has nothing to do any more. Source: Deyang plan of 2004 (德办发(2004)39号) 二(三)2.
    """

    letter: LetterId
    shares: tuple[Share, ...]
    document: str

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter a letter for each unit, and the sum with the unit above."""
        upper = registrar.load(Letter, self.letter)
        programme_of(registrar, upper.programme)
        refuse_other_office(registrar, upper)
        self._refuse_units(registrar, upper)
        registrar.stop_if_refused()
        letters = {
            letter_id(
                registrar, upper.programme, upper.year, one.division or upper.division, one.station
            ): one
            for one in self.shares
        }
        registrar.prefetch([*letters, *upper.shares])
        for letter, share in letters.items():
            self._tell(registrar, upper, letter, share)
        for letter in upper.shares:
            if letter not in letters and registrar.load(Letter, letter).persons:
                self._amend(registrar, letter, 0)
        registrar.enter(
            self.letter,
            TaskDivided(
                effective_on=registrar.today,
                letters=tuple(letters),
                persons=sum(one.persons for one in self.shares),
                document=self.document,
            ),
        )
        return {"letter": self.letter, "letters": list(letters)}

    def _refuse_units(self, registrar: Registrar, upper: Letter) -> None:
        """Refuse shares for anybody but the units below, each once."""
        places = registrar.places()
        fact = places.fact(upper.division, registrar.today)
        tier = None if fact is None else fact.level
        fits = upper.station is None and bool(self.shares)
        for one in self.shares:
            fits &= one.persons >= 0 and (one.division is None) != (one.station is None)
            if one.division is not None:
                told = places.fact(one.division, registrar.today)
                above = {place for place, _ in places.above(one.division, registrar.today)}
                fits &= told is not None and told.level is BELOW.get(tier or Level.TOWNSHIP)
                fits &= upper.division in above
            elif one.station is not None:
                code = None if fact is None else fact.code
                fits &= tier is Level.COUNTY and one.station.division == code
                fits &= one.station[6:9] != NO_STATION
        units = [one.division or one.station for one in self.shares]
        fits &= len(set(units)) == len(units)
        registrar.refuse_if((not fits, programme_rules.ShareOutside(_named(self.shares))))

    def _tell(self, registrar: Registrar, upper: Letter, letter: LetterId, share: Share) -> None:
        known = registrar.find(Letter, letter)
        if known is not None:
            if known.persons != share.persons:
                self._amend(registrar, letter, share.persons)
            return
        registrar.enter(
            letter,
            TaskLetterIssued(
                effective_on=registrar.today,
                programme=upper.programme,
                year=upper.year,
                division=share.division or upper.division,
                station=share.station,
                persons=share.persons,
                upper=LetterId(upper.id),
                document=self.document,
            ),
        )

    def _amend(self, registrar: Registrar, letter: LetterId, persons: int) -> None:
        event = TaskLetterAmended(
            effective_on=registrar.today, persons=persons, document=self.document
        )
        registrar.enter(letter, event)


def _named(shares: Sequence[Share]) -> str:
    return ", ".join(str(one.division or one.station) for one in shares[:5]) or "nobody"
