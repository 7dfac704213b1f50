"""The check rules (数据错误类型) as data: condition, wording in two languages, severity, source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property

from registry.checks.fields import FIELDS
from registry.checks.language import Condition, Record, Test, compiled, fields_of, parse
from registry.codes import Row, table
from registry.values import RegisterItem, RuleCode, Severity


class AtEntry(StrEnum):
    """What a command that would newly break a rule meets."""

    REFUSE = "refuse"
    ADVISE = "advise"
    NONE = "none"  # what one command cannot know, such as somebody else's number


@dataclass(frozen=True)
class CheckRule:
    """A check rule: when its condition holds of a record, the record is wrong.

    subject: what a record is about, a person or a household. scope: what has to be looked at, from
    one record to the whole province.
    """

    code: RuleCode
    name_zh: str
    name_en: str
    severity: Severity
    scope: str
    subject: str
    item: RegisterItem
    at_entry: AtEntry
    condition: Condition
    source: str

    @cached_property
    def fields(self) -> frozenset[str]:
        """The fields of a record that it asks for."""
        return frozenset(fields_of(self.condition))

    @cached_property
    def holds(self) -> Test:
        """Tells whether a record is wrong."""
        return compiled(self.condition)

    @property
    def searched(self) -> bool:
        """Whether it takes a search over everybody to tell who breaks it (疑似重户)."""
        return "person_twin" in self.fields

    @property
    def indicates(self) -> bool:
        """Whether it measures a share rather than finding faults (采集率)."""
        return self.severity is Severity.NOTICE


def read(rows: Iterable[Row]) -> dict[RuleCode, CheckRule]:
    """The rules of a table, columns as in register_check_rule.csv.

    Raises ValueError naming the rule whose row cannot be read.
    """
    found = {}
    for row in rows:
        try:
            rule = CheckRule(
                RuleCode(row["code"]),
                row["name_zh"],
                row["name_en"],
                Severity(row["severity"]),
                row["scope"],
                row["subject"],
                RegisterItem(row["item"]),
                AtEntry(row["at_entry"]),
                parse(row["expression"], FIELDS[row["subject"]]),
                row["source"],
            )
        except (KeyError, ValueError) as error:
            raise ValueError(f"check rule {row.get('code')}: {error}") from error
        found[rule.code] = rule
    return found


@cache
def check_rules() -> Mapping[RuleCode, CheckRule]:
    """Every check rule by its code, in the order of the table."""
    return read(table("register_check_rule"))


@cache
def rules_about(subject: str) -> tuple[CheckRule, ...]:
    """The rules about persons, or about households, in the order of the table."""
    return tuple(rule for rule in check_rules().values() if rule.subject == subject)


def broken(record: Record, rules: Iterable[CheckRule]) -> Iterator[CheckRule]:
    """The rules that a record breaks, in their order."""
    return (rule for rule in rules if rule.holds(record))
