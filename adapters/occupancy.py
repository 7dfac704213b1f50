"""What read models must say before it is decided: who lives at a plate, what is left at a site.

Commands decide on streams, and no stream lists the households of a door plate; the read models do.
They are waited for, so that the answer is as new as the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID, uuid5

from sqlalchemy import Engine

from adapters.projector import Projector
from adapters.reading import Behind, Reader, reading
from registry.aggregates import making_rules, rules
from registry.aggregates.household import COLLECTIVE
from registry.commands.addresses import CloseDoorplate
from registry.commands.cards_sites import CloseSite
from registry.commands.households import CloseHousehold
from registry.commands.places import CutCommunity
from registry.commands.relocation import MoveHousehold
from registry.commands.voiding import VoidHouseholdEntry
from registry.days import day_at
from registry.errors import Conflict, Refused, Rule
from registry.events.household import HouseholdChanged, HouseholdEstablished
from registry.projections import bodies, households, residences
from registry.projections.base import At
from registry.register import Authority, Submission
from registry.store import Receipt
from registry.values import CommunityId, DoorplateId, HouseholdId, PersonId, day_number

#: Door plates that pass in one submission; a run that was interrupted repeats at most one.
PLATES = 25
PATIENCE_S = 10.0
#: What needs to be known about residents, or about what a site holds, before it is decided.
CHECKED = (
    *(CloseDoorplate, CloseHousehold, CutCommunity, MoveHousehold, CloseSite),
    VoidHouseholdEntry,
)
#: Refusals of who came or left while a cut was under way: the next round looks again.
MOVED_MEANWHILE = frozenset(
    rule.code
    for rule in (
        *(rules.HouseholdsUnnamed, rules.ResidentsUnnamed),
        *(rules.NotAtDoorplate, rules.NotMember),
    )
)
#: Residents of a collective household that are looked at.
MOST = 100_000
#: How often what settled meanwhile is looked for again.
ROUNDS = 5


@dataclass(frozen=True)
class Cut:
    """What a cut has done: submissions sent and persons passed."""

    submissions: int
    persons: int


def occupied(
    command: object, engine: Engine, projector: Projector, now: int
) -> tuple[dict[UUID | str, int], tuple[Rule, ...]]:
    """What streams alone cannot tell: whether somebody lives in what is to be closed or moved.

    About what was asked, and how far the read models had come: the store turns a submission away
    where anything entered since names it. And the rules that stand in the way, which go with the
    submission: who has not the role or is not in charge is told that alone, and what is recorded
    already is answered as before.

    A door plate is withdrawn without households; it was frozen before, so nobody settles there
    any more, and an answer that is as new as the freeze stays right. A collective household lists
    no members on its stream: it closes without residents, moves with all those of the day of the
    move, and what made it collective is undone where nobody ever lived in it. What closes on an
    earlier day must have been empty since that day. A door plate passes to another community with
    all who are there. A production site closes with neither orders nor bodies.
    Source: GA 214 businesses 203 and 303; 户口登记条例 art. 5; 吉政办发〔2004〕53号.
    """
    if not isinstance(command, CHECKED):
        return {}, ()
    at = At(day_at(now), caught_up(projector))
    if isinstance(command, CutCommunity):
        with reading(engine) as reader:
            left = tuple(_left_behind(reader, command, at))
        return dict.fromkeys((*command.doorplates, *command.households), at.known), left
    found: list[Rule] = []
    asked: UUID | str | None = None
    with reading(engine) as reader:
        if isinstance(command, CloseDoorplate):
            asked = command.doorplate
            over = households.open_over(command.doorplate, *_since(command, at), at.known)
            if reader.connection.execute(over).first() is not None:
                found.append(rules.DoorplateOccupied(command.doorplate))
        elif isinstance(command, CloseSite):
            asked = command.site
            counts = [bodies.held(command.site, at), bodies.open_orders(command.site, at)]
            if any(reader.connection.execute(query).scalar_one() for query in counts):
                found.append(making_rules.SiteNotEmpty(command.site))
        elif isinstance(command, VoidHouseholdEntry):
            asked = command.household
            if _made_collective(reader, command, at) and _ever_lived_in(
                reader, command.household, at
            ):
                found.append(rules.ResidentsUnnamed(command.household))
        else:
            if isinstance(command, CloseHousehold):
                over = residences.of_household_over(
                    command.household, *_since(command, at), at.known
                )
                rows = reader.connection.execute(over.limit(1))
                residents = {UUID(bytes=row.person) for row in rows}
            else:
                residents = _residents(reader, command.household, _then(command, at))
            named = set(command.persons) if isinstance(command, MoveHousehold) else set()
            house = reader.household(command.household, at)
            if house is not None and house.collective:
                asked = command.household  # of a family's household its own stream tells
                if residents != named:
                    found.append(rules.ResidentsUnnamed(command.household))
                if isinstance(command, MoveHousehold):
                    found.extend(_came_later(reader, command, residents, at))
    return ({} if asked is None else {asked: at.known}), tuple(found)


def _left_behind(reader: Reader, command: CutCommunity, at: At) -> Iterator[Rule]:
    """Who is at door plates that are to pass, or in households there, and is not named.

    Who came after the day of a cut dated back was entered where the door plate was no more.
    """
    then = replace(at, valid_on=min(command.on, at.valid_on))
    until = day_number(at.valid_on + timedelta(days=1))
    named = set(command.households)
    for plate in command.doorplates:
        told = reader.doorplate(plate, then)
        if told is None or told.community == command.community:
            continue  # it is not there, or has passed already
        here = set(reader.households_at(plate, then))
        over = households.open_over(plate, then.day, until, at.known)
        for house in sorted(UUID(bytes=row[0]) for row in reader.connection.execute(over)):
            if house not in here:
                yield rules.EntryInTheWay(f"household {house} came after {then.valid_on}")
            elif house not in named:
                yield rules.HouseholdsUnnamed(house)
            elif (state := reader.household(house, then)) is not None and state.collective:
                residents = _residents(reader, house, then)
                if not residents <= set(command.persons):
                    yield rules.ResidentsUnnamed(house)
                later = residences.of_household_over(house, then.day, until, at.known)
                came = {UUID(bytes=row[0]) for row in reader.connection.execute(later)}
                for person in sorted(came - residents):
                    yield rules.EntryInTheWay(f"{person} came after {then.valid_on}")


def _made_collective(reader: Reader, command: VoidHouseholdEntry, at: At) -> bool:
    """Whether what a command undoes founded a collective household, or made one of a family's."""
    lines = [
        one
        for one in reader.timeline(command.household, at.known)
        if isinstance(one.event, (HouseholdEstablished, HouseholdChanged))
        and one.version <= command.version
    ]
    if not lines or lines[-1].version != command.version:
        return False
    types = [one.event.household_type for one in lines]
    return types[-1] == COLLECTIVE and types[-2:-1] != [COLLECTIVE]


def _ever_lived_in(reader: Reader, household: UUID, at: At) -> bool:
    """Whether somebody was registered in a household on any day."""
    until = day_number(at.valid_on + timedelta(days=1))
    over = residences.of_household_over(household, 0, until, at.known)
    return reader.connection.execute(over.limit(1)).first() is not None


def _then(command: MoveHousehold, at: At) -> At:
    """The day of a move, as known now."""
    return replace(at, valid_on=min(command.on or at.valid_on, at.valid_on))


def _came_later(
    reader: Reader, command: MoveHousehold, residents: set[UUID], at: At
) -> Iterator[Rule]:
    """Who came after the day of a move dated back was entered where the household was no more."""
    then = _then(command, at)
    house = reader.household(command.household, then)
    plate = reader.doorplate(command.doorplate, then)
    if house is None or plate is None or house.community == plate.community:
        return
    until = day_number(at.valid_on + timedelta(days=1))
    since = residences.of_household_over(command.household, then.day, until, at.known)
    for (person,) in reader.connection.execute(since):
        if UUID(bytes=person) not in residents:
            yield rules.EntryInTheWay(f"{UUID(bytes=person)} came after {then.valid_on}")
            return


def _since(command: CloseDoorplate | CloseHousehold, at: At) -> tuple[int, int]:
    """The days from a closing until today, which must be over before the second."""
    today = at.valid_on + timedelta(days=1)
    return day_number(min(command.on or at.valid_on, at.valid_on)), day_number(today)


def _residents(reader: Reader, household: UUID, at: At) -> set[UUID]:
    page = reader.residents_of_household(household, at, None, MOST)
    return {one.person for one in page.residents}


def caught_up(projector: Projector) -> int:
    """The log's last position, once the read models hold it."""
    head = projector.store.head()[0]
    if not projector.wait_for(head, PATIENCE_S):
        raise Behind(
            "the read models have not come as far as the log; ask again in a moment, and see that"
            " `registry serve` or `registry follow` runs"
        )
    return head


def cut(
    do: Callable[[Submission], Receipt],
    engine: Engine,
    projector: Projector,
    by: Authority,
    doorplates: Sequence[UUID],
    community: UUID,
    on: date,
    document: str,
    progress: Callable[[int], None] = lambda done: None,
    follow: Callable[[], object] = lambda: None,
) -> Cut:
    """Pass door plates and everybody registered there to another community (区划调整).

    An entry for each resident, some door plates a submission, its id derived from what it does: a
    run that was interrupted is simply started again. Households that settle while it runs are
    found in a further round. follow: brings the read models up to the log where nobody else does.
    Source: GA 214 business 400.
    """
    sent = persons = 0
    left = list(doorplates)
    for round_ in range(ROUNDS):
        follow()
        known = caught_up(projector)
        waiting: list[UUID] = []
        for start in range(0, len(left), PLATES):
            some = left[start : start + PLATES]
            with reading(engine) as reader:
                command = _command(reader, some, community, on, document, known)
            if command is None:
                progress(len(some))
                continue
            name = f"{document}/{community}/{on}/{round_}/{known}/" + ",".join(map(str, some))
            waiting.extend(some)
            progress(len(some))
            try:
                do(Submission(uuid5(community, name), by, command))
            except Conflict:
                if round_ == ROUNDS - 1:
                    raise
                continue
            except Refused as refused:
                named = {rule.code for rule in refused.rules}
                if round_ == ROUNDS - 1 or not named <= MOVED_MEANWHILE:
                    raise
                continue
            sent += 1
            persons += len(command.persons)
        left = waiting
        if not left:
            break
    return Cut(sent, persons)


def _command(
    reader: Reader, plates: Sequence[UUID], community: UUID, on: date, document: str, known: int
) -> CutCommunity | None:
    """What still has to pass at some door plates; None if nothing does."""
    at = At(on, known)
    households: list[HouseholdId] = []
    persons: list[PersonId] = []
    todo = False
    for plate in plates:
        told = reader.doorplate(plate, at)
        todo |= told is not None and told.community != community
        households.extend(HouseholdId(one) for one in reader.households_at(plate, at))
        for one in reader.occupants(plate, at):
            persons.append(PersonId(one.person))
            todo |= one.community != community
    if not todo:
        return None
    return CutCommunity(
        doorplates=tuple(DoorplateId(plate) for plate in plates),
        households=tuple(households),
        persons=tuple(persons),
        community=CommunityId(community),
        document=document,
        on=on,
    )
