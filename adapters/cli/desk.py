"""Reading at the command line: who asks and why, on which day, as known when; and the log of it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from adapters.cli.frame import DAY, answer, malformed, opened
from adapters.cli.submitting import acting, authority
from registry.days import day_at, end_of, instant_of
from registry.errors import Forbidden, NotFound
from registry.values import CitizenNumber, Code, masked

if TYPE_CHECKING:
    from adapters.assembly import Parts
    from adapters.http.sight import Sight
    from adapters.querylog import QueryLog, Question
    from adapters.reading import Reader
    from registry.aggregates import Person
    from registry.projections import At
    from registry.register import Authority

#: Fields that hold a number as it came.
_AS_FOUND = "number_as_found"


class Instant(click.ParamType[datetime | date]):
    """An instant, 2007-06-01T12:30, at UTC+08:00 unless it says otherwise; or a date, its end."""

    name = "instant"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime | date:
        """Read an instant or a date."""
        if isinstance(value, date):
            return value
        with suppress(ValueError):
            return date.fromisoformat(value)
        with suppress(ValueError):
            return datetime.fromisoformat(value)
        self.fail(
            f"{value!r} is no instant; write 2007-06-01, which means the end of that day,"
            " or 2007-06-01T12:30",
            param,
            ctx,
        )


def microseconds_of(moment: datetime | date | None, now: int) -> int | None:
    """An instant; of today the end is not known yet, and what is known of it is meant."""
    if moment is None or isinstance(moment, datetime):
        return None if moment is None else instant_of(moment)
    return now if moment == day_at(now) else end_of(moment)


@dataclass(frozen=True)
class Desk:
    """A reader, and on whose behalf it is used."""

    parts: Parts
    reader: Reader
    at: At
    who: Authority | None  # None: nothing personal is asked for
    purpose: str
    case: str | None
    clear: bool

    @property
    def by(self) -> Authority:
        """Who asks."""
        assert self.who is not None, "a verb that reads personal data asks who reads"
        return self.who

    def need(self, *roles: str) -> None:
        """Turn away who has none of the roles."""
        if self.by.roles.isdisjoint(roles):
            raise Forbidden(f"this is for {', '.join(sorted(roles))}; ask somebody in that role")

    @cached_property
    def sight(self) -> Sight:
        """What the officer may see."""
        from adapters.http.sight import Atlas, Sight

        return Sight(self.by, self.reader, self.at, Atlas(self.parts.setting.places))

    def guard_place(self, question: str, community: UUID | None, subject: UUID) -> None:
        """Turn away who asks about another area, and log it."""
        self._guard(question, self.sight.sees_place(community), subject)

    def guard_person(self, question: str, person: Person | None, subject: UUID) -> None:
        """Turn away who asks about a person of another area, and log it."""
        seen = person is not None and self.sight.sees_person(person)
        self._guard(question, seen or self.by.area is None, subject)

    def _guard(self, question: str, seen: bool, subject: UUID) -> None:
        if not seen:
            self.log(question, "refused", subjects=[subject])
            raise Forbidden("that belongs to another area; ask the office there")

    def missing(self, question: str, kind: str, identifier: UUID) -> NotFound:
        """Nothing is there; that somebody asked is logged all the same."""
        self.log(question, "nothing", subjects=[identifier])
        return NotFound(kind, identifier, self.at.valid_on)

    def log(self, question: str, outcome: str, **more: Any) -> None:
        """Write one line of the query log and wait until it is durable."""
        log = query_log(self.parts)
        number = more.pop("number", None)
        digest = None if number is None else log.number_digest(number)
        try:
            log.note(self.asked(question, outcome=outcome, number_digest=digest, **more))
        finally:
            log.close()

    def asked(self, question: str, **more: Any) -> Question:
        """A line of the query log as it is to be written: who asks, why, at which point."""
        from adapters.querylog import Question

        return Question(
            officer=self.by.officer,
            office=self.by.office,
            terminal=f"command line at {socket.gethostname()}",
            purpose=self.purpose,
            case_number=self.case,
            question=question,
            valid_on=self.at.day,
            known=self.at.known,
            **more,
        )

    def tell(
        self,
        question: str,
        value: Any,
        text: Callable[[], None],
        *,
        subjects: Iterable[UUID],
        fields: Iterable[str],
        rows: int = 1,
        **more: Any,
    ) -> None:
        """Log what will be shown, then show it."""
        self.log(
            question,
            "answered" if rows else "nothing",
            subjects=list(subjects),
            fields=",".join(fields),
            rows=rows,
            **more,
        )
        answer(value, text)

    def shown(self, value: Any) -> Any:
        """A value as it may be shown: numbers masked unless they are asked for in clear."""
        if is_dataclass(value) and not isinstance(value, type):
            value = asdict(value)
        match value:
            case CitizenNumber():
                return str(value) if self.clear else value.masked
            case dict():
                return {
                    key: masked(inner)
                    if key == _AS_FOUND and inner and not self.clear
                    else self.shown(inner)
                    for key, inner in value.items()
                    if inner is not None
                }
            case list() | tuple():
                return [self.shown(inner) for inner in value]
        return value


def query_log(parts: Parts) -> QueryLog:
    """The query log of this register; whoever opens it closes it."""
    from adapters.querylog import QueryLog, secret_of

    return QueryLog(
        parts.settings.query_log_url,
        secret_of(parts.setting.namespace),
        parts.register.clock,
        durability=parts.settings.durability,
    )


def asking(*, personal: bool = True) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a verb a desk: the point on both clocks, and for personal data who asks and why."""

    def wrap(function: Callable[..., None]) -> Callable[..., None]:
        @wraps(function)
        def verb(
            *,
            valid_on: date | None,
            known_at: datetime | date | None,
            officer: str = "",
            office: str = "",
            roles: str = "",
            area: str | None = None,
            purpose: str = "",
            case: str | None = None,
            in_clear: bool = False,
            **given: Any,
        ) -> None:
            from adapters.reading import reading, resolve

            by = None
            if personal:
                by = authority(officer, office, roles, area)
                purpose, case = reason(purpose, case)
            with opened() as parts, reading(parts.engine) as reader:
                now = parts.register.clock()
                known = microseconds_of(known_at, now)
                at = resolve(reader.connection, parts.store, now, valid_on, known)
                behind = parts.store.head()[0] - at.known
                if known_at is None and behind:
                    click.echo(
                        f"The read models lack {behind} of the log's entries;"
                        " `registry follow` keeps them up.",
                        err=True,
                    )
                function(Desk(parts, reader, at, by, purpose, case, in_clear), **given)

        for option in reversed(_options(personal)):
            option(verb)
        return verb

    return wrap


def reason(purpose: str, case: str | None) -> tuple[str, str | None]:
    """Why somebody asks; raises Malformed unless it is a reason that the register knows."""
    from adapters.purposes import PURPOSES

    if purpose not in PURPOSES:
        raise malformed(
            "--purpose",
            f"say why you ask, it is logged; one of {', '.join(PURPOSES)}",
            "missing" if not purpose else "unknown-code",
        )
    if PURPOSES[purpose].needs_case and not case:
        raise malformed("--case", f"the purpose {purpose} names the case that it is for", "missing")
    return purpose, case


def _options(personal: bool) -> list[Callable[[Any], Any]]:
    clocks = [
        click.option("--valid-on", type=DAY, help="The day in the world; default: today."),
        click.option(
            "--known-at",
            type=Instant(),
            help="As the register knew it then; a date means its end. Default: now.",
        ),
    ]
    if not personal:
        return clocks
    return [
        *clocks,
        click.option(
            "--purpose", envvar="REGISTRY_PURPOSE", default="", help="Why you ask; it is logged."
        ),
        click.option("--case", metavar="NUMBER", help="Number of the case that you work on."),
        click.option("--in-clear", is_flag=True, help="Show identity numbers whole."),
        acting,
    ]


def labelled(value: Any) -> str:
    """A value for people: a code with its meaning."""
    if isinstance(value, Code):
        with suppress(ValueError):  # recorded before the table lost it
            return f"{value} {type(value)(value).name_zh}"
    return str(value)
