"""What an import found in rows that it accepted, put on the ledgers of whom they are about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from registry.codes import table
from registry.commands.extract import HOUSEHOLDS, PERSONS, Batch, Remark
from registry.commands.findings import REGISTER, findings_name
from registry.entry import Entry
from registry.events.findings import FindingRaised
from registry.values import (
    BatchId,
    CommunityId,
    HouseholdId,
    PersonId,
    RegisterItem,
    RuleCode,
    Severity,
)
from registry.vocabulary import Kind

#: The name of a batch's own stream, beside those of the tables' rows.
BATCHES = "batches"
SUBJECTS = (HOUSEHOLDS, PERSONS)
WORST_FIRST = tuple(Severity)


@dataclass(frozen=True)
class Told:
    """What a remark of an import means as a finding; column: where its value stands, if in one."""

    rule: RuleCode
    item: RegisterItem
    severity: Severity
    column: str


@cache
def told_by() -> dict[str, Told]:
    """The remarks that are put on ledgers.

    A relative who is unknown is not: a later piece of the extract may bring that person.
    """
    return {
        row["code"]: Told(
            RuleCode(row["rule"]),
            RegisterItem(row["item"]),
            Severity(row["severity"]),
            row["column"],
        )
        for row in table("import_findings")
        if row["ledger"] == "1"
    }


def batch_id(batch: Batch) -> BatchId:
    """The stream of a batch: the same wherever it is imported."""
    return BatchId(batch.stream(BATCHES, batch.name))


@dataclass(frozen=True)
class Found:
    """A remark about a row that stands, where its subject is registered, and the text as found."""

    remark: Remark
    community: CommunityId
    text: str


def enter_findings(batch: Batch, found: Iterable[Found]) -> list[Entry]:
    """The ledgers of persons and households that are new.

    Remarks that mean one finding, such as two faults of one number, are one; the worst counts.
    """
    ledgers: dict[UUID, dict[tuple[str, str], FindingRaised]] = {}
    for one in found:
        table_name, _, key, what = one.remark
        told = told_by().get(what)
        if told is None or table_name not in SUBJECTS:
            continue
        subject = batch.stream(table_name, key)
        ledger = ledgers.setdefault(subject, {})
        before = ledger.get((told.rule, told.item))
        severity = told.severity
        if before is not None:
            severity = min(severity, before.severity, key=WORST_FIRST.index)
        ledger[told.rule, told.item] = FindingRaised(
            effective_on=batch.today,
            rule=told.rule,
            severity=severity,
            person=PersonId(subject) if table_name == PERSONS else None,
            household=HouseholdId(subject) if table_name == HOUSEHOLDS else None,
            item=told.item,
            source=REGISTER,
            community=one.community,
            found_on=batch.today,
            batch=batch_id(batch),
            as_found=one.text or None,
        )
    return [
        Entry(batch.named(Kind.FINDING, findings_name(subject)), version, event, batch.today)
        for subject, ledger in ledgers.items()
        for version, event in enumerate((ledger[key] for key in sorted(ledger)), 1)
    ]
