"""The error tree.

RegistryError
├── Malformed      the words themselves are wrong; correct them          HTTP 422   exit 2
├── Refused        rules of law say no; `rules` lists them all           HTTP 409   exit 3
├── NotFound       nothing is registered under that identifier           HTTP 404   exit 4
├── Conflict       somebody else entered first; load again and retry     HTTP 409   exit 5
├── Forbidden      the officer may not do or see this                    HTTP 403   exit 7
└── Unavailable    a reader, medium or database is away; try later       HTTP 503   exit 6
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar


class RegistryError(Exception):
    """Whatever this register says no with."""

    code: ClassVar[str] = "registry-error"

    def __reduce__(self) -> tuple[object, ...]:
        """How it comes out of another process as it is, whatever it was made of."""
        return _made_again, (type(self), self.args, self.__dict__)


def _made_again(
    kind: type[RegistryError], args: tuple[object, ...], told: dict[str, object]
) -> RegistryError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(told)
    return error


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with what was sent.

    at: JSON pointer into the body, or the name of a parameter.
    """

    at: str
    code: str
    message: str


class Malformed(RegistryError):
    """The words themselves are wrong; correct them and send them again."""

    code = "malformed"

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{fault.at}: {fault.message}" for fault in self.faults))


class NotFound(RegistryError):
    """Nothing is registered under that identifier."""

    code = "not-found"

    def __init__(self, kind: str, identifier: object, on: date | None = None) -> None:
        """Say what is missing; on: the day that was asked for, on which it may not have been."""
        self.kind, self.identifier = kind, identifier
        told = f"no {kind} is registered under {identifier}"
        if on is not None:
            told += f" on {on}, as known at the instant asked for"
        check = "check the identifier" if on is None else "check the identifier and both clocks"
        super().__init__(f"{told}; {check}")


class Conflict(RegistryError):
    """Somebody else entered first; load again and retry."""

    code = "conflict"


class SubmissionReused(Conflict):
    """A submission id came again with another body; use a new id for a new submission."""

    code = "submission-reused"


class Forbidden(RegistryError):
    """The officer may not do or see this."""

    code = "forbidden"


class Unavailable(RegistryError):
    """A reader, medium or database is away; try later."""

    code = "unavailable"


class NewerProgram(Unavailable):
    """An entry was recorded by a newer program, whose words this one does not know; upgrade it."""

    code = "newer-program"


@dataclass(frozen=True)
class Rule:
    """A rule of law that stands in the way; subclasses are named for the fact.

    `code` is stable, `law` cites the article, `remedy` says what opens the way.
    """

    code: ClassVar[str]
    law: ClassVar[str]
    remedy: ClassVar[str]

    @property
    def message(self) -> str:
        """What the rule says of this case."""
        return (self.__doc__ or "").strip().splitlines()[0]


class Refused(RegistryError):
    """Rules of law say no; `rules` lists all of them in the order of the law."""

    code = "refused"

    def __init__(self, rules: Sequence[Rule]) -> None:
        assert rules
        self.rules = tuple(rules)
        super().__init__(
            "; ".join(f"{rule.message} [{rule.law}] {rule.remedy}" for rule in self.rules)
        )


def refuse_if(*stands: tuple[bool, Rule]) -> None:
    """Raise one refusal with every rule whose condition holds."""
    rules = [rule for condition, rule in stands if condition]
    if rules:
        raise Refused(rules)
