"""What happens to persons: they come, change, are corrected, and what was wrong is undone."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from registry.aggregates import Person
from registry.events import person
from registry.history import standing
from registry.values import (
    CertificateId,
    ChangeScope,
    CommunityId,
    DeathCause,
    DeletionKind,
    HouseholdId,
    Nationality,
    OutKind,
    PersonId,
    Sex,
    Text,
)
from tests.happenings.log import CATEGORY, NAMES, REAL, Log, lately, number, some

SCOPE = ChangeScope(next(iter(ChangeScope.rows()))[0])
DEATH_CAUSE = DeathCause(next(iter(DeathCause.rows()))[0])
DELETION_KIND = DeletionKind(next(iter(DeletionKind.rows()))[0])
NATIONALITY = Nationality("01")


def enter_person(chance: Random, log: Log) -> None:
    """A person comes into the register."""
    stream = some(chance, log, "person", log.people)
    common: dict[str, Any] = {
        "effective_on": lately(chance, log),
        "household": HouseholdId(some(chance, log, "household", 3)),
        "community": CommunityId(some(chance, log, "community", 3)),
        "sex": chance.choice(list(Sex)),
        "birth_date": date(1990, 1, 1),
        "nationality": NATIONALITY,
        "name": chance.choice(NAMES),
        "number": chance.choice([None, number(11), number(12)]),
        "mother_name": chance.choice([None, *NAMES]),
    }
    if chance.random() < 0.5:
        log.add(stream, person.PersonImported(**common, source="old", batch="1"))
    else:
        extra: dict[str, Any] = {"origin": None, "certificate": None, "permit": None}
        log.add(stream, person.NewcomerRegistered(**common, **extra, declarant=NAMES[0]))


def change_person(chance: Random, log: Log) -> None:
    """Something happens to a person, on the day or reported late."""
    stream = some(chance, log, "person", log.people)
    day = lately(chance, log)
    state: Any = Person.fold(
        [one for one in standing(log.streams.get(stream, [])) if one.effective_on <= day]
    )
    if state is None:
        return
    told: dict[str, Any] = {"effective_on": day, "declarant": NAMES[1]}
    grounds: dict[str, Any] = {"effective_on": day, "grounds": Text("理由")}
    where: dict[str, Any] = {"household": state.household, "community": state.community}
    to: dict[str, Any] = {
        "household": HouseholdId(some(chance, log, "household", 3)),
        "community": CommunityId(some(chance, log, "community", 3)),
    }
    certificate = CertificateId(some(chance, log, "certificate", 3))
    kept = PersonId(log.id("person", 9))
    came: dict[str, Any]
    can = ["name", "details", "death", "delete"]
    can += ["in", "in"] if state.community is None else ["address", "address", "out", "out"]
    match chance.choice(can):
        case "address":
            came = {"from_household": state.household, "from_community": state.community}
            log.add(stream, person.AddressChanged(**told, **came, **to, scope=SCOPE))
        case "out":
            kind = chance.choice([OutKind("2"), OutKind("3")])
            paper = certificate if kind == "2" else None
            log.add(
                stream,
                person.MovedOut(
                    **told, **where, out_kind=kind, destination=REAL, certificate=paper, permit=None
                ),
            )
        case "in":
            came = {"origin": None, "certificate": state.certificate, "permit": None}
            log.add(stream, person.MovedIn(**told, **to, **came))
        case "death":
            log.add(stream, person.DeathRegistered(**told, **where, death_cause=DEATH_CAUSE))
        case "delete":
            log.add(
                stream,
                person.RecordDeleted(**grounds, **where, deletion_kind=DELETION_KIND, kept=kept),
            )
        case "name":
            name = chance.choice(NAMES)
            log.add(stream, person.NameChanged(**told, category=CATEGORY, name=name))
        case "details":
            height = chance.randint(50, 190)
            log.add(stream, person.DetailsChanged(**told, category=CATEGORY, height_cm=height))


def correct_person(chance: Random, log: Log) -> None:
    """A value is put right, from the day it was wrong."""
    stream = some(chance, log, "person", log.people)
    history = log.streams.get(stream)
    if not history:
        return
    wrong = chance.choice(history)
    told: dict[str, Any] = {
        "effective_on": wrong.effective_on,
        "corrects": wrong.version,
        "category": CATEGORY,
        "declarant": NAMES[0],
    }
    if chance.random() < 0.5:
        log.add(stream, person.NameCorrected(**told, name=chance.choice(NAMES)))
    else:
        log.add(stream, person.SexCorrected(**told, sex=chance.choice(list(Sex))))


def void_person(chance: Random, log: Log) -> None:
    """Entries of a person are undone; also entries that had undone others."""
    stream = some(chance, log, "person", log.people)
    history = log.streams.get(stream)
    if not history:
        return
    # Younger entries are more often undone: nothing depends on them yet.
    wrong = {chance.choice(history[-3:]) for _ in range(chance.choice([1, 1, 2]))}
    day = min(one.effective_on for one in wrong)
    told: dict[str, Any] = {
        "effective_on": day,
        "voids": tuple(sorted(one.version for one in wrong)),
        "grounds": Text("误录"),
    }
    match chance.choice(["void", "reverse", "restore"]):
        case "void":
            log.add(stream, person.EntriesVoided(**told))
        case "reverse":
            log.add(stream, person.RegistrationReversed(**told, community=None))
        case "restore":
            log.add(stream, person.RegistrationRestored(**told, community=None))
