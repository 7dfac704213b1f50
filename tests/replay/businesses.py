"""What happens in a small town: a function a business, which tells whether it was recorded."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from registry.aggregates import Life
from registry.events import household, numbers, papers, person
from registry.history import standing, voided_versions
from registry.values import (
    CertificateId,
    CommunityId,
    DoorplateId,
    HouseholdId,
    HouseholdNumber,
    PaperNumber,
    PersonId,
    Sex,
    Text,
)
from tests.replay.town import (
    ABROAD,
    BIRTH_KIND,
    NATIONALITIES,
    NATURES,
    REASON,
    SUPPLEMENT_KIND,
    TRANSIT,
    Fact,
    Town,
    founded,
    given,
    joining,
    keep,
    leaving,
    particulars,
    recorded,
)
from tests.strategies import (
    CATEGORY,
    DEATH_CAUSE,
    DELETION_KIND,
    FAMILY,
    HEAD,
    NAMES,
    OTHER,
    REAL,
    SCOPE,
)


def import_family(town: Town) -> bool:
    """A household is taken over with two people, one of whose numbers somebody has already."""
    day = town.today
    batch: dict[str, Any] = {"source": "old", "batch": "1"}
    stream, community = town.new("household"), town.community()
    people = [town.new("person"), town.new("person")]
    facts: list[Fact] = [
        (
            stream,
            household.HouseholdImported(
                effective_on=day,
                household_number=HouseholdNumber(f"{town.made:09}"),
                household_type=FAMILY,
                doorplate=DoorplateId(town.id("doorplate", 1)),
                community=community,
                members=(
                    household.Member(person=PersonId(people[0]), relation=HEAD),
                    household.Member(person=PersonId(people[1]), relation=OTHER),
                ),
                head=PersonId(people[0]),
                **batch,
            ),
        )
    ]
    for which, one in enumerate(people):
        birth = date(1950 + town.chance.randint(0, 60), 1 + which, 3)
        held = [told for told in map(town.person, town.residents(day)) if told.number]
        twice = bool(which) and bool(held)
        number = town.chance.choice(held).number if twice else town.number(birth)
        told = particulars(town, stream, community, day)
        found = town.chance.random() < 0.2
        event = person.PersonImported(
            **told,
            birth_date=None if found else birth,
            birth_date_as_found=f"{birth.year}0000" if found else None,
            name=town.chance.choice(NAMES),
            number=number,
            **batch,
        )
        facts.append((one, event))
        facts += recorded(town, number, one, [told.id for told in held if told.number == number])
    if not town.together(*facts):
        return False
    town.households.append(stream)
    town.persons += people
    return True


def register_birth(town: Town) -> bool:
    """A child is registered, weeks after it was born."""
    birth = town.day(90)
    parent = town.someone(birth)
    if parent is None:
        return False
    where, child = town.person(parent, birth), town.new("person")
    number = town.number(birth)
    event = person.BirthRegistered(
        **particulars(town, where.household, where.community, birth),
        birth_date=birth,
        name=town.chance.choice(NAMES),
        number=number,
        mother=PersonId(parent),
        birth_kind=BIRTH_KIND,
        declarant=NAMES[0],
    )
    facts = [(child, event), *joining(town, where.household, child, birth)]
    return keep(town, child, town.together(*facts, *given(town, number, child, birth)))


def register_newcomer(town: Town) -> bool:
    """Somebody from outside settles in a household of one's own, or a missed one is entered."""
    day, who = town.day(), town.new("person")
    stream, community, fact = founded(town, day, who)
    birth = date(1990, 5, 1 + town.chance.randint(0, 20))
    number = town.number(birth)
    told = {
        **particulars(town, stream, community, day),
        "birth_date": birth,
        "name": town.chance.choice(NAMES),
        "number": number,
        "declarant": NAMES[0],
    }
    event: Any
    if town.chance.random() < 0.5:
        event = person.NewcomerRegistered(**told, origin=REAL, certificate=None, permit=None)
    else:
        event = person.RecordSupplemented(
            **told, supplement_kind=SUPPLEMENT_KIND, grounds=Text("漏登")
        )
    if not town.together(fact, (who, event), *recorded(town, number, who, [])):
        return False
    town.households.append(stream)
    return keep(town, who, True)


def split(town: Town) -> bool:
    """Somebody leaves a household and founds another."""
    day = town.day()
    who = town.someone(day)
    if who is None:
        return False
    was = town.person(who, day)
    stream, community, fact = founded(town, day, who, was.household)
    event = person.AddressChanged(
        effective_on=day,
        from_household=was.household,
        from_community=was.community,
        household=HouseholdId(stream),
        community=CommunityId(community),
        scope=SCOPE,
        declarant=NAMES[1],
    )
    done = town.together(fact, *leaving(town, was.household, who, day), (who, event))
    if done:
        town.households.append(stream)
    return done


def change_address(town: Town) -> bool:
    """Somebody moves to another household."""
    day = town.day()
    who = town.someone(day)
    if who is None:
        return False
    was = town.person(who, day)
    others = [
        one
        for one in town.households
        if one != was.household and (told := town.household(one, day)) and told.closed_on is None
    ]
    if not others:
        return False
    where = town.chance.choice(others)
    event = person.AddressChanged(
        effective_on=day,
        from_household=was.household,
        from_community=was.community,
        household=HouseholdId(where),
        community=town.household(where, day).community,
        scope=SCOPE,
        declarant=NAMES[1],
    )
    return town.together(
        *leaving(town, was.household, who, day), *joining(town, where, who, day), (who, event)
    )


def move_out(town: Town) -> bool:
    """Somebody leaves for another district, or for abroad."""
    day = town.day()
    who = town.someone(day)
    if who is None:
        return False
    was, kind = town.person(who, day), town.chance.choice([TRANSIT, TRANSIT, ABROAD])
    paper = CertificateId(town.new("certificate")) if kind == TRANSIT else None
    event = person.MovedOut(
        effective_on=day,
        household=was.household,
        community=was.community,
        out_kind=kind,
        destination=REAL,
        certificate=paper,
        permit=None,
        reason=REASON,
        declarant=NAMES[1],
    )
    facts = [*leaving(town, was.household, who, day), (who, event)]
    if paper is not None:
        issued = papers.CertificateIssued(
            effective_on=town.today,
            issued_on=day,
            certificate_number=PaperNumber(f"{town.made:08}"),
            persons=(PersonId(who),),
            community=was.community,
            destination=REAL,
            valid_days=30,
        )
        facts.append((paper, issued))
    return town.together(*facts)


def move_in(town: Town) -> bool:
    """Somebody on the move settles again."""
    day = town.day(20)
    away = [
        one
        for one in town.persons
        if (told := town.person(one, day)) and told.life is Life.LIVING and not told.resident
    ]
    open_now = [one for one in town.households if town.household(one, day) is not None]
    if not away or not open_now:
        return False
    who, where = town.chance.choice(away), town.chance.choice(open_now)
    event = person.MovedIn(
        effective_on=day,
        household=HouseholdId(where),
        community=town.household(where, day).community,
        origin=REAL,
        certificate=town.person(who, day).certificate,
        permit=None,
        declarant=NAMES[1],
    )
    facts = [*joining(town, where, who, day), (who, event)]
    if event.certificate is not None:
        used = papers.CertificateConsumed(effective_on=town.today, person=PersonId(who))
        facts.append((event.certificate, used))
    return town.together(*facts)


def register_death(town: Town) -> bool:
    """A death is registered late, sometimes after the dead was renamed."""
    day = town.today - timedelta(town.chance.choice([0, 30, 100, 400]))
    who = town.someone(day)
    if who is None:
        return False
    was = town.person(who, day)
    event = person.DeathRegistered(
        effective_on=day,
        death_cause=DEATH_CAUSE,
        household=was.household,
        community=was.community,
        declarant=NAMES[1],
    )
    return town.together(*leaving(town, was.household, who, day), (who, event))


def delete_record(town: Town) -> bool:
    """A record that should not be is ended."""
    day = town.today
    who = town.someone(day)
    if who is None:
        return False
    was = town.person(who, day)
    event = person.RecordDeleted(
        effective_on=day,
        deletion_kind=DELETION_KIND,
        kept=PersonId(town.chance.choice(town.persons)),
        household=was.household,
        community=was.community,
        grounds=Text("重户"),
    )
    ended = []
    if was.number and town.number_id(was.number) in town.streams:
        gone = numbers.HoldingEnded(effective_on=day, person=PersonId(who), business=109)
        ended = [(town.number_id(was.number), gone)]
    return town.together(*leaving(town, was.household, who, day), (who, event), *ended)


def change_person(town: Town) -> bool:
    """Somebody takes a name, a nationality or another number, or lesser items change."""
    day = town.day()
    who = town.someone(day)
    if who is None:
        return False
    told: dict[str, Any] = {"effective_on": day, "category": CATEGORY, "declarant": NAMES[2]}
    name = town.chance.choice(NAMES)
    match town.chance.choice(["name", "nation", "number", "height", "nature", "guardian", "sex"]):
        case "name":
            return town.together((who, person.NameChanged(**told, name=name)))
        case "nation":
            to = town.chance.choice(NATIONALITIES)
            return town.together((who, person.NationalityChanged(**told, nationality=to)))
        case "sex":
            other = town.chance.choice(list(Sex))
            return town.together((who, person.SexChanged(**told, sex=other)))
        case "height":
            height = town.chance.randint(50, 190)
            more: dict[str, Any] = {"spouse_name": town.chance.choice([None, name])}
            return town.together((who, person.DetailsChanged(**told, height_cm=height, **more)))
        case "nature":
            to_nature = town.chance.choice(NATURES)
            event = person.NatureChanged(effective_on=day, nature=to_nature, declarant=name)
            return town.together((who, event))
        case "guardian":
            named = person.GuardianNamed(
                effective_on=day, guardian=None, guardian_name=name, declarant=name
            )
            return town.together((who, named))
        case _:
            return reassign(town, who)


def reassign(town: Town, who: UUID) -> bool:
    """Somebody is given another number, and ends to hold the old one."""
    was = town.person(who)
    if was is None or was.number is None or town.number_id(was.number) not in town.streams:
        return False
    birth = was.birth_date or date(1970, 1, 1)
    number = town.number(birth)
    event = person.NumberReassigned(
        effective_on=town.today, category=CATEGORY, number=number, declarant=NAMES[0]
    )
    ended = numbers.HoldingEnded(effective_on=town.today, person=PersonId(who), business=107)
    old = (town.number_id(was.number), ended)
    return town.together(old, *given(town, number, who, birth), (who, event))


def correct_person(town: Town) -> bool:
    """A value that was wrong is put right from the day on which it was written."""
    if not town.persons:
        return False
    who = town.chance.choice(town.persons)
    wrong = town.chance.choice(standing(town.streams[who]) or town.streams[who])
    told: dict[str, Any] = {
        "effective_on": wrong.effective_on,
        "corrects": wrong.version,
        "category": CATEGORY,
        "declarant": NAMES[0],
    }
    event: Any
    match town.chance.choice(["name", "sex", "birth", "nation", "parents", "height"]):
        case "name":
            event = person.NameCorrected(**told, name=town.chance.choice(NAMES))
        case "sex":
            event = person.SexCorrected(**told, sex=town.chance.choice(list(Sex)))
        case "birth":
            day = date(town.chance.randint(1949, 2018), 2, 28)
            event = person.BirthDateCorrected(**told, birth_date=day)
        case "nation":
            event = person.NationalityCorrected(**told, nationality=NATIONALITIES[1])
        case "height":
            event = person.DetailsCorrected(**told, height_cm=town.chance.randint(50, 190))
        case _:
            mother = PersonId(town.chance.choice(town.persons))
            del told["category"]
            event = person.ParentsCorrected(
                **told, mother=mother, father=None, mother_name=None, father_name=NAMES[2]
            )
    return town.together((who, event))


def undo(town: Town) -> bool:
    """Somebody's last entry, whatever it was, is undone; also one that had undone others."""
    if not town.persons:
        return False
    who = town.chance.choice(town.persons)
    entries = town.streams[who]
    fallen = voided_versions(entries)
    last = next((one for one in reversed(entries) if one.version not in fallen), None)
    if last is None:
        return False
    told: dict[str, Any] = {
        "effective_on": last.effective_on,
        "voids": (last.version,),
        "grounds": Text("误录"),
    }
    was = town.person(who)
    here = was.community if was is not None else None
    event: Any
    match last.event:
        case person.DeathRegistered() | person.MovedOut() | person.RecordDeleted():
            event = person.RegistrationRestored(**told, community=last.event.community)
        case person.RegistrationReversed():
            event = person.RegistrationRestored(**told, community=last.event.community)
        case _ if last.version == 1 or isinstance(last.event, person.MovedIn):
            event = person.RegistrationReversed(**told, community=here)
        case _:
            event = person.EntriesVoided(**told)
    return town.together((who, event))


def reverse_registration(town: Town) -> bool:
    """All that was ever entered about somebody is undone, and the number is no longer held."""
    who = town.someone(town.today)
    if who is None:
        return False
    entries, was = town.streams[who], town.person(who)
    fallen = voided_versions(entries)
    event = person.RegistrationReversed(
        effective_on=entries[0].effective_on,
        voids=tuple(one.version for one in entries if one.version not in fallen),
        community=was.community,
        grounds=Text("误录"),
    )
    return town.together((who, event))


def restore_registration(town: Town) -> bool:
    """What had been undone is restored: the void itself is voided."""
    undone = [one for one in town.persons if town.person(one) is None]
    if not undone:
        return False
    who = town.chance.choice(undone)
    entries = town.streams[who]
    fallen = voided_versions(entries)
    last = next(
        one
        for one in reversed(entries)
        if one.version not in fallen and hasattr(one.event, "voids")
    )
    event = person.RegistrationRestored(
        effective_on=last.effective_on,
        voids=(last.version,),
        community=None,
        grounds=Text("恢复"),
    )
    return town.together((who, event))
