"""Making, keeping and filing of reports: what was filed is there for ever, bit by bit (上报).

The figures are kept by their digest before the filing is recorded; a filing that is refused leaves
figures that nobody names, which hurt nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Connection, Engine, LargeBinary, MetaData, Table, select, text
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import SQLAlchemyError

from adapters import positions
from adapters.database import writing
from adapters.reading import Behind, Reader, reading
from adapters.statistics.asking import Asked
from adapters.statistics.figures import Figures
from adapters.statistics.forms import faults, make, period
from adapters.statistics.printing import Stamp
from registry.aggregates import programme_rules
from registry.commands.reports import FileReport
from registry.days import day_at, moment_of
from registry.entry import EVERYTHING
from registry.errors import Fault, Malformed, NotFound, Refused
from registry.projections import At, filings
from registry.register import Authority, Submission
from registry.store import EntryStore, Receipt
from registry.values import Digest, DivisionId, ReportForm, day_of

#: Of PostgreSQL's advisory locks: one process makes the table.
LOCK: Final = 0x7265_6708

METADATA = MetaData()
figures_kept = Table(
    "report_figures",
    METADATA,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)


@dataclass(frozen=True)
class Made:
    """A report as it was computed: its figures, and up to which entry they count.

    known: the position; known_at: the instant of its entry, which names it in what is recorded.
    wrong: where its accounts do not close.
    """

    figures: Figures
    known: int
    known_at: int
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Filing:
    """A report that was filed."""

    report: UUID
    version: int
    form: str
    division: UUID
    first: date
    last: date
    figures: Digest
    filed_at: int
    officer: str
    office: str


def make_report(
    reader: Reader,
    store: EntryStore,
    form: ReportForm,
    division: UUID,
    first: date,
    last: date | None,
    at: At,
) -> Made:
    """Compute a report of a division and period from the entries up to a position.

    at: today, and that position. It is moved to the last entry of its instant, since an instant is
    how it is named for good. Raises NotFound, and Malformed where the form has no such period, or
    where it has not begun.
    """
    begin, end = period(form, first, last)
    if begin > at.valid_on:
        raise Malformed([Fault("first", "future-instant", f"{begin} is yet to come")])
    known_at = store.page(at.known - 1, 1)[0].recorded_at if at.known else 0
    known = store.position_at(known_at) if at.known else 0
    if known > positions.position(reader.connection):
        raise Behind("the read models have not come that far; ask again in a moment")
    place = reader.place(division, At(min(end, at.valid_on), known))
    if place is None:
        raise NotFound("place", division)

    def kept(form: ReportForm, division: UUID, day: date, known: int) -> Figures | None:
        told = filed(reader, division, known, form)
        one = next((one for one in told if one.first == one.last == day), None)
        return None if one is None else as_filed(reader, store, one)

    asked = Asked(reader, store, place, begin, end, known, at.valid_on, kept)
    figures = make(form, asked)
    return Made(figures, known, known_at, tuple(faults(figures)))


def file_report(
    engine: Engine,
    do: Callable[[Submission], Receipt],
    by: Authority,
    made: Made,
    submission: UUID,
) -> Receipt:
    """Keep the figures of a report and file them; refused where its accounts do not close."""
    if made.wrong:
        raise Refused([programme_rules.ReportDoesNotClose(each) for each in made.wrong])
    keep(engine, made.figures)
    return do(Submission(submission, by, filing_of(made)))


def filing_of(made: Made) -> FileReport:
    """The command that files a report."""
    figures = made.figures
    return FileReport(
        form=figures.form,
        division=DivisionId(figures.division),
        first=figures.first,
        last=figures.last,
        known_at=moment_of(made.known_at).isoformat(timespec="microseconds"),
        figures=figures.digest,
        size=len(figures.canonical()),
        rows=len(figures.rows),
    )


def keep(engine: Engine, figures: Figures) -> Digest:
    """Keep figures under their digest; what is there already is not kept twice."""
    content = figures.canonical()
    digest = hashlib.sha256(content).digest()
    insert = postgres_insert if engine.dialect.name == "postgresql" else sqlite_insert
    with writing(engine) as connection:
        _prepare(connection)
        connection.execute(
            insert(figures_kept).values(digest=digest, content=content).on_conflict_do_nothing()
        )
    return Digest(digest.hex())


def _prepare(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    METADATA.create_all(connection)


def verify(engine: Engine, store: EntryStore, today: date, command: FileReport) -> None:
    """Compute what somebody asks to file anew, at the instant that is stated, and keep it.

    Raises Refused where other figures come of it, or where they do not close.
    """
    at = At(today, store.position_at(command.instant))
    with reading(engine) as reader:
        made = make_report(
            *(reader, store, command.form, command.division),
            *(command.first, command.last, at),
        )
    if filing_of(made) != command:
        raise Refused([programme_rules.ReportUnknown(made.figures.digest)])
    if made.wrong:
        raise Refused([programme_rules.ReportDoesNotClose(each) for each in made.wrong])
    keep(engine, made.figures)


def read(connection: Connection, digest: Digest) -> Figures:
    """The figures of a digest, held against it. Raises NotFound."""
    query = select(figures_kept.c.content).where(figures_kept.c.digest == bytes.fromhex(digest))
    try:
        content = connection.execute(query).scalar()
    except SQLAlchemyError as error:
        raise NotFound("report", digest) from error  # nothing was ever kept
    if content is None:
        raise NotFound("report", digest)
    assert hashlib.sha256(content).hexdigest() == digest, f"the figures {digest} were changed"
    return Figures.read(bytes(content))


def as_filed(reader: Reader, store: EntryStore, one: Filing) -> Figures:
    """The figures of a report that was filed; where they are not kept, they are computed again.

    An archive, or a register that was restored from its log, keeps none; the entries up to the
    stated instant give the same bytes, or else there is nothing to show. Raises NotFound.
    """
    try:
        return read(reader.connection, one.figures)
    except NotFound:
        reader.connection.rollback()  # a table that is not there has ended the transaction
        at = At(day_at(one.filed_at), store.position_at(stamp_of(reader, one).known_at))
        made = make_report(
            *(reader, store, ReportForm(one.form), one.division),
            *(one.first, one.last, at),
        )
        if made.figures.digest != one.figures:
            raise
        return made.figures


def filed(
    reader: Reader, division: UUID, known: int, form: ReportForm | None = None
) -> list[Filing]:
    """What was filed for a division, the newest first."""
    query = filings.of_division(division, known, None if form is None else str(form))
    return [_filing(row) for row in reader.connection.execute(query)]


def filed_version(reader: Reader, report: UUID, known: int, version: int | None = None) -> Filing:
    """One version of a report that was filed, the last one unless another is asked for."""
    for row in reader.connection.execute(filings.of_report(report, known)):
        if version is None or row.version == version:
            return _filing(row)
    raise NotFound("report", report if version is None else f"{report}, version {version}")


def stamp_of(reader: Reader, one: Filing) -> Stamp:
    """What stands under a report that was filed."""
    event = reader.timeline(one.report, EVERYTHING)[one.version - 1].event
    return Stamp(event.known_at, one.version, one.filed_at, one.officer, one.office)


def _filing(row: Any) -> Filing:
    return Filing(
        report=UUID(bytes=row.report),
        version=row.version,
        form=row.form,
        division=UUID(bytes=row.division),
        first=day_of(row.first),
        last=day_of(row.last),
        figures=Digest(row.figures),
        filed_at=row.filed_at,
        officer=row.officer,
        office=row.office,
    )
