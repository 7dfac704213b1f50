"""What is found about somebody, and how somebody is verified."""

from __future__ import annotations

from random import Random
from typing import Any

from registry.aggregates import Findings
from registry.events import findings, verification
from registry.values import (
    CommunityId,
    EvidenceSource,
    PersonId,
    PresenceClass,
    RegisterItem,
    RuleCode,
    Settlement,
    Severity,
    SourceSet,
)
from tests.happenings.log import Log, lately, some


def change_finding(chance: Random, log: Log) -> None:
    """A finding about somebody is raised or settled."""
    stream = log.id("finding", chance.randint(1, 2))
    key: dict[str, Any] = {
        "effective_on": log.today,
        "rule": RuleCode(chance.choice(["0405", "source/differs"])),
        "item": RegisterItem("sex"),
        "source": EvidenceSource(chance.choice(["register", "form"])),
    }
    known: Any = Findings.fold(log.streams.get(stream, []))
    subject = known.subject if known else some(chance, log, "person", log.people)
    if chance.random() < 0.6:
        where = CommunityId(some(chance, log, "community", 3))
        told: dict[str, Any] = {"severity": chance.choice(list(Severity)), "community": where}
        log.add(
            stream,
            findings.FindingRaised(
                **key,
                **told,
                person=PersonId(subject),
                household=None,
                found_on=lately(chance, log),
            ),
        )
    else:
        done: dict[str, Any] = {"settlement": Settlement("corrected"), "settled_on": log.today}
        log.add(stream, findings.FindingSettled(**key, **done))


def check_person(chance: Random, log: Log) -> None:
    """Somebody's papers are noted, compared, the home is visited, the person verified."""
    which = chance.randint(1, 2)
    stream = log.id("verification", which)
    person = PersonId(log.id("person", which))
    told: dict[str, Any] = {"effective_on": log.today, "person": person}
    where = CommunityId(some(chance, log, "community", 3))
    among = SourceSet("five")
    match chance.choice(["source", "source", "desk", "visit", "end"]):
        case "source":
            source = EvidenceSource(chance.choice(["form", "card"]))
            log.add(
                stream,
                verification.SourceRecorded(
                    **told, community=where, source=source, present=True, taken_on=log.today
                ),
            )
        case "desk":
            counts: dict[str, Any] = {
                "version": 1,
                "compared": 4,
                "differing": chance.randint(0, 2),
            }
            log.add(stream, verification.DeskChecked(**told, source_set=among, **counts))
        case "visit":
            log.add(
                stream,
                verification.PersonVisited(
                    **told,
                    community=where,
                    visited_on=log.today,
                    presence=PresenceClass("11"),
                    version=1,
                ),
            )
        case "end":
            log.add(
                stream, verification.VerificationCompleted(**told, source_set=among, document="文")
            )
