"""Questions about what is checked, of nobody in particular: the rules, and one number by itself."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.http.asking import Answer, Ask, question
from adapters.http.questions.cards import UNITS
from adapters.http.sight import PLACES
from registry.checks.rules import check_rules as rules
from registry.codes import table
from registry.days import day_at
from registry.numbers import explain_number
from registry.values import Text


@dataclass(frozen=True, kw_only=True)
class AsWritten:
    """What stands in the place of an identity number."""

    text: Text


@question("/check-rules", roles=PLACES | UNITS, personal=False, clocks=False)
def check_rules(ask: Ask) -> Answer:
    """The check rules (核对规则): code, severity, what a command meets, condition, source."""
    written = {row["code"]: row["expression"] for row in table("register_check_rule")}
    told = [
        {
            "code": rule.code,
            "severity": rule.severity.value,
            "scope": rule.scope,
            "subject": rule.subject,
            "item": rule.item,
            "at_entry": rule.at_entry.value,
            "name_zh": rule.name_zh,
            "name_en": rule.name_en,
            "holds_if": written[rule.code],
            "source": rule.source,
        }
        for rule in rules().values()
    ]
    return Answer({"rules": told}, rows=len(told))


@question(
    "/queries/number-faults", roles=PLACES | UNITS, personal=False, clocks=False, body=AsWritten
)
def number_faults(ask: Ask) -> Answer:
    """What is wrong with the text of an identity number (错号检测); the register is not asked.

    faults: none where it has the form of a number, its date and its check character fit.
    """
    found = explain_number(ask.body.text, day_at(ask.services.now))
    told = [{"code": one.code, "severity": one.severity, "message": one.message} for one in found]
    return Answer({"faults": told}, rows=len(told))
