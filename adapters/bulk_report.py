"""What an import tells: what was accepted, found and refused, row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from adapters.bulk_counts import FATES, REPEATED, Reconciliation, Told
from adapters.files import EVERYBODY, write_whole
from registry.checks.rules import check_rules
from registry.commands.extract import PERSONS, REASONS, TABLES
from registry.values import RuleCode

SHOWN = 10  # rows of a kind that the printed report names


@dataclass
class Report:
    """The fate of every row of an extract; the same however often the load was interrupted."""

    source: str
    batch: str
    rows: dict[str, int]
    accepted: Counter[str] = field(default_factory=Counter)
    findings: list[Told] = field(default_factory=list)
    refused: list[Told] = field(default_factory=list)
    chunks: int = 0
    repeated: int = 0  # chunks that were recorded already
    entries: int = 0  # recorded by this run
    persons: int = 0  # recorded by this run
    seconds: float = 0.0
    counts: Reconciliation = field(default_factory=lambda: Reconciliation(False))
    checked: Mapping[str, Any] | None = None  # what all rules found afterwards, where asked for

    @property
    def found(self) -> Counter[str]:
        """How often each kind of finding was made."""
        return Counter(what for *_, what in self.findings)

    @property
    def reasons(self) -> Counter[str]:
        """How many rows were refused for each reason."""
        return Counter(what for *_, what in self.refused)

    @property
    def cases(self) -> int:
        """Number cases opened."""
        return self.accepted["cases"]

    @property
    def with_findings(self) -> int:
        """How many persons were accepted though something is wrong with their rows."""
        refused = {row for table, row, _, _ in self.refused if table == PERSONS}
        odd = {
            row for table, row, _, what in self.findings if table == PERSONS and what != REPEATED
        }
        return len(odd - refused)

    @property
    def persons_per_second(self) -> float:
        """The pace of this run."""
        return self.persons / self.seconds if self.seconds else 0.0

    def add(self, answer: Mapping[str, Any]) -> None:
        """Add what a chunk answered."""
        self.accepted.update(answer["accepted"])
        self.findings.extend(tuple(one) for one in answer["findings"])
        self.refused.extend(tuple(one) for one in answer["refused"])

    def totals(self) -> dict[str, Any]:
        """What does not depend on how often the load was interrupted."""
        return {
            "source": self.source,
            "batch": self.batch,
            "rows": self.rows,
            "accepted": dict(sorted(self.accepted.items())),
            "findings_by_kind": dict(sorted(self.found.items())),
            "refused_by_reason": dict(sorted(self.reasons.items())),
            "accepted_with_findings": self.with_findings,
            "reconciliation": {
                "declared": self.counts.total("declared") if self.counts.declared else None,
                "delivered": self.counts.total("delivered"),
                **{fate: self.counts.total(fate) for fate in FATES},
                "agrees": self.counts.agrees,
                "differences": [
                    {**group._asdict(), "declared": one.declared, "accepted": one.accepted}
                    for group, one in sorted(self.counts.differences.items())
                ],
                "table": self.counts.digest(),
            },
            "findings": self.findings,
            "refused": self.refused,
        }

    def json(self) -> bytes:
        """The whole report."""
        run = {
            "chunks": self.chunks,
            "chunks_already_recorded": self.repeated,
            "entries_recorded": self.entries,
            "persons_recorded": self.persons,
            "seconds": round(self.seconds, 3),
            "persons_per_second": round(self.persons_per_second, 1),
        }
        checks = {} if self.checked is None else {"checked": self.checked}
        told = {**self.totals(), **checks, "run": run}
        return msgspec.json.format(msgspec.json.encode(told)) + b"\n"

    def text(self) -> str:
        """The report for people; it names the first rows of each kind."""
        lines = [f"Import of batch {self.batch} from {self.source}", ""]
        for table in TABLES:
            rows, taken = self.rows[table], self.accepted[table]
            lines.append(f"  {table:<12}{taken:>12,} accepted of {rows:,}")
        lines.append(f"  {'numbers':<12}{self.accepted['numbers']:>12,} recorded")
        lines.append(f"  {'cases':<12}{self.cases:>12,} opened for numbers with two holders")
        lines += ["", *self.reconciled()]
        lines += ["", *listed("Findings (accepted, to be looked at)", self.findings)]
        lines += ["", *listed("Refused", self.refused)]
        if self.checked is not None:
            lines += ["", *checked(self.checked)]
        lines += ["", f"  {self.chunks} chunks, {self.repeated} of them recorded before;"]
        if self.persons:
            pace = f"{self.persons_per_second:,.0f} persons/s"
            lines.append(f"  this run: {self.persons:,} persons in {self.seconds:.1f} s, {pace}")
        else:
            lines.append("  this run: no persons were left to record")
        return "\n".join(lines) + "\n"

    def reconciled(self) -> list[str]:
        """How the counts of persons compare with those that the source declared."""
        counts = self.counts
        fates = ", ".join(f"{counts.total(fate):,} {fate}" for fate in FATES)
        lines = [f"  Persons: {counts.total('delivered'):,} delivered: {fates};"]
        lines.append(f"  {self.with_findings:,} of those accepted have findings.")
        if not counts.declared:
            return [*lines, "  The source declared no counts; nothing to reconcile."]
        different = sorted(counts.differences.items())
        total = counts.total("declared")
        if not different:
            return [*lines, f"  All {total:,} declared persons were accepted; the counts agree."]
        lines.append(f"  {total:,} were declared; {len(different):,} counts do not agree:")
        for group, one in different[:SHOWN]:
            where = f"unit {group.unit or '-'}, sex {group.sex}, born {group.birth_year}"
            lines.append(f"    {where}: {one.declared:,} declared, {one.accepted:,} accepted")
        if len(different) > SHOWN:
            lines.append(f"    and {len(different) - SHOWN:,} more; the table has them all")
        return lines

    def paths(self, beside: Path) -> tuple[Path, ...]:
        """Where its forms stand: for programs, for people, and the table of counts."""
        stem = beside.parent / f"{beside.name}.{self.batch}"
        forms = ("report.json", "report.txt", "counts.csv")
        return tuple(stem.with_name(f"{stem.name}.{form}") for form in forms)

    def write(self, beside: Path) -> tuple[Path, ...]:
        """Write all forms beside the extract, whole or not at all; says where.

        The last one is the table of counts by unit, sex and year of birth.
        """
        paths = self.paths(beside)
        bodies = (self.json(), self.text().encode(), self.counts.table())
        for path, body in zip(paths, bodies, strict=True):
            write_whole(path, body, EVERYBODY)
        return paths


def checked(told: Mapping[str, Any]) -> list[str]:
    """What the check rules, and a search for people registered twice, found in all of it."""
    rules = check_rules()
    lines = [f"  Held against all check rules: {told['raised']:,} findings raised,"]
    lines.append(
        f"  {told['cases']:,} cases of numbers opened, {told['doubles']:,} pairs of records"
    )
    lines.append(f"  that may be of one person, {told['doubles_opened']:,} cases of them opened:")
    for code, count in told["rules"].items():
        rule = rules[RuleCode(code)]
        lines.append(f"    {code} {rule.name_zh}, {rule.name_en}, {count:,}")
    return lines


def listed(title: str, remarks: list[Told]) -> list[str]:
    """Remarks by kind, the most frequent first."""
    lines = [f"  {title}: {len(remarks):,}"]
    by_kind: dict[str, list[Told]] = {}
    for one in remarks:
        by_kind.setdefault(one[3], []).append(one)
    for kind, rows in sorted(by_kind.items(), key=lambda item: (-len(item[1]), item[0])):
        why = f": {REASONS[kind]}" if kind in REASONS else ""
        lines.append(f"    {kind}{why}, {len(rows):,}")
        shown = [f"{table} row {row} ({key})" for table, row, key, _ in rows[:SHOWN]]
        more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
        lines.append(f"      {', '.join(shown)}{more}")
    return lines
