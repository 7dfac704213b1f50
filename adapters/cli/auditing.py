"""Verbs of an auditor: is everything right, now or as it was, and is it still."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import click

from adapters.cli.desk import Instant, microseconds_of
from adapters.cli.frame import (
    DAY,
    WRONG,
    answer,
    as_json,
    malformed,
    opened,
    progress,
    show_fields,
    show_table,
)
from adapters.cli.outputs import OUTPUT
from registry.days import day_at, moment_of

if TYPE_CHECKING:
    from adapters.assembly import Parts
    from adapters.verdicts import Audit
    from replay.columns.log import Log
    from replay.machines import Machines
    from replay.questions.comparing import RegisterDigest
    from replay.states.history import At

TABLE = OUTPUT


#: Entries from which on several processes are worth their start.
SHARED_FROM = 50_000

Clocks = tuple[date | None, datetime | date | None]


class Both(click.ParamType[Clocks]):
    """A point on both clocks: 2007-06-01, or 2007-06-01@2008-12-31T12:00 as known then."""

    name = "point"

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Clocks:
        """Read a point; a day alone is meant as it was known at its end."""
        if isinstance(value, tuple):
            return value
        if value == "now":
            return None, None
        day, _, known = value.partition("@")
        valid_on = DAY.convert(day, param, ctx)
        return valid_on, Instant().convert(known or day, param, ctx)


def point(
    parts: Parts,
    log: Log,
    valid_on: date | None,
    known_at: datetime | date | None,
    name: str | None = None,
) -> tuple[At, bool]:
    """A point of the log, and whether it is the present; raises Malformed for the future.

    name: of the argument that says both, where there is one.
    """
    from replay.states.history import At

    now = parts.register.clock()
    today, known = day_at(now), microseconds_of(known_at, now)
    if valid_on is not None and valid_on > today:
        raise malformed(name or "--valid-on", f"{valid_on} is yet to come", "future-day")
    if known is not None and known > now:
        raise malformed(name or "--known-at", "that instant is yet to come", "future-instant")
    position = log.head if known is None else min(log.position_at(known), log.head)
    return At(valid_on or today, position), known is None and valid_on in (None, today)


def read_log(parts: Parts) -> Log:
    """The log, read with a progress bar where it is not sealed."""
    from adapters.loading import log_of

    with progress() as bar:
        head, _ = parts.store.head()
        task = bar.add_task("reading the log", total=head)
        return log_of(parts, lambda position: bar.update(task, completed=position))


@contextmanager
def loaded() -> Iterator[tuple[Parts, Log]]:
    """The register and its log."""
    with opened() as parts:
        yield parts, read_log(parts)


@click.command()
@click.option("--valid-on", type=DAY, help="The day in the world; default: today.")
@click.option("--known-at", type=Instant(), help="As the register knew it then; default: now.")
@click.option("--signed-by", metavar="KEY", help="A public key, or a file of them, that sealed it.")
@click.option("--only", multiple=True, metavar="CHECK", help="Make this check; more than once.")
@click.option("--model", multiple=True, metavar="NAME", help="Compare this read model alone.")
@click.option("--cluster", metavar="ADDRESS", help="Replay on the workers of a Dask scheduler.")
@click.option("--html", type=TABLE, help="Write a report for people, which needs no network.")
@click.option("--csv", type=TABLE, help="Write the verdicts as CSV.")
@click.option("--parquet", type=TABLE, help="Write the verdicts as Parquet.")
@as_json
def audit(
    valid_on: date | None,
    known_at: datetime | date | None,
    signed_by: str | None,
    only: tuple[str, ...],
    model: tuple[str, ...],
    cluster: str | None,
    html: Path | None,
    csv: Path | None,
    parquet: Path | None,
) -> None:
    """Check everything (审计): bytes, numbers, histories, read models, and that counts close.

    With --valid-on or --known-at the register is judged as it was then. Nothing personal is shown.
    Exit code 1 if anything is wrong. Checks that look at columns take seconds in a province; store,
    sealed and read-models read every row once, and take minutes. --only names some, such as bytes,
    state, store, sealed; --model limits read-models. Those are held against the columns of the
    sealed log if `sealed` is checked too and holds; else, or where columns do not tell them, every
    stream is folded anew, a minute of one core for a million entries, and `registry watch --once`
    goes on where it was interrupted. With --cluster, workers that can read the sealed folder under
    the same name replay it, `tcp://host:8786`.

    \b
    registry audit --html audit.html
    registry audit --only bytes --only state
    registry audit --only sealed --only read-models --model residences
    registry audit --valid-on 2007-06-01 --known-at 2008-12-31
    """
    from adapters.auditing import audit as check
    from adapters.auditing import unreadable
    from adapters.cli.sealing import public_keys
    from replay.columns.faults import Damaged
    from replay.states.history import At

    keys = public_keys(signed_by)
    with opened() as parts:
        try:
            log = read_log(parts)
            at, now = point(parts, log, valid_on, known_at)
            with progress() as bar, workers_of(cluster) as machines:
                task = bar.add_task("audit", total=None)
                found = check(
                    parts,
                    log,
                    at,
                    now=now,
                    keys=keys,
                    only=only,
                    models=model,
                    machines=machines,
                    tell=lambda name, words: bar.reset(
                        task, total=None, description=f"{name}: {words}"
                    ),
                    progress=lambda share: bar.update(task, total=100, completed=100 * share),
                )
        except Damaged as damage:
            today = valid_on or day_at(parts.register.clock())
            found = unreadable(parts, At(today, 0), damage, keys)
    told = verdicts_told(found)
    rows = [{**one, "faults": "; ".join(one["faults"])} for one in told["verdicts"]]
    write_tables(rows, csv, parquet)
    if html is not None:
        from adapters.report import report

        html.write_text(report(found), encoding="utf-8")
    answer(told, lambda: show_audit(found))
    if not found.holds:
        raise click.exceptions.Exit(WRONG)


@contextmanager
def workers_of(address: str | None) -> Iterator[Machines | None]:
    """The workers of a scheduler, if one is named; raises Unavailable where nobody answers."""
    if address is None:
        yield None
        return
    import distributed

    from registry.errors import Unavailable
    from replay.machines import Cluster

    library: Any = distributed
    try:
        client = library.Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise Unavailable(f"no scheduler answers at {address}: {error}") from error
    with client:
        yield Cluster(client)


def verdicts_told(found: Audit) -> dict[str, Any]:
    """An audit for programs."""
    return {
        "valid_on": found.at.valid_on,
        "position": found.at.known,
        "known_at": moment_of(found.known_at).isoformat(timespec="seconds"),
        "head": found.head,
        "source": found.source,
        "holds": found.holds,
        "state_root": found.root,
        "counts": dict(found.counts),
        "verdicts": [{**asdict(one), "holds": one.holds} for one in found.verdicts],
        "seconds": round(found.seconds, 3),
    }


def show_audit(found: Audit) -> None:
    """Print an audit for a person."""
    heads = ["check", "verdict", "checked", "", "faults", "seconds"]
    rows = [
        [
            one.check,
            "holds" if one.holds else "WRONG",
            f"{one.checked:,}",
            one.unit,
            one.found or "",
            f"{one.seconds:.2f}",
        ]
        for one in found.verdicts
    ]
    show_table("audit", heads, rows)
    for one in found.verdicts:
        if one.ways:
            click.echo(f"{one.check}: {one.ways}")
        for fault in one.faults:
            click.echo(f"{one.check}: {fault}")
        if one.found > len(one.faults):
            click.echo(f"{one.check}: and {one.found - len(one.faults)} more")
    show_fields(
        {
            "valid on": found.at.valid_on,
            "position": f"{found.at.known} of {found.head}, read from the {found.source}",
            "state root": found.root,
            "verdict": "everything holds" if found.holds else "something is wrong",
        }
    )


def write_tables(rows: list[dict[str, Any]], csv: Path | None, parquet: Path | None) -> None:
    """Write rows as files, where they are asked for."""
    if csv is None and parquet is None:
        return
    import pyarrow as pa

    table = pa.Table.from_pylist(rows)
    if csv is not None:
        from pyarrow import csv as writer

        writer.write_csv(table, csv)
    if parquet is not None:
        from pyarrow import parquet as columns

        columns.write_table(table, parquet)


@click.command("state-root")
@click.option("--valid-on", type=DAY, help="The day in the world; default: today.")
@click.option("--known-at", type=Instant(), help="As the register knew it then; default: now.")
@click.option("--register", is_flag=True, help="Also the digest by which registers are compared.")
@click.option("--expect", metavar="HEX", help="What it has to be; exit code 1 if it is not.")
@as_json
def state_root(
    valid_on: date | None, known_at: datetime | date | None, register: bool, expect: str | None
) -> None:
    """Sum up the state that follows from the log in one string (状态根).

    The root is of this log's own columns; the register digest (--register) is the same for every
    register that holds the same, whatever its database and the order in which it was told.

    \b
    registry state-root --register
    registry state-root --expect 3f0c…
    """
    from replay.questions.digest import state_root as sum_up

    with loaded() as (parts, log):
        at, _ = point(parts, log, valid_on, known_at)
        root = sum_up(log, at)
        told: dict[str, Any] = {
            "valid_on": at.valid_on,
            "position": at.known,
            "state_root": str(root),
            "leaves": {kind.value: [one.hex() for one in its] for kind, its in root.leaves.items()},
        }
        if register:
            told["register_digest"] = str(digest_of(log, at))
    shown = {name: value for name, value in told.items() if name != "leaves"}
    answer(told, lambda: show_fields(shown))
    if expect is not None and expect.lower() not in (
        told["state_root"],
        told.get("register_digest"),
    ):
        click.echo(f"that is not {expect}", err=True)
        raise click.exceptions.Exit(WRONG)


def digest_of(log: Log, at: At) -> RegisterDigest:
    """The register digest; of a long log that is sealed to its end by several processes."""
    from replay.machines import Processes
    from replay.questions.comparing import digested, register_digest, register_digest_on
    from replay.sealed.reading import Folder, SealedLog

    with progress() as bar:
        task = bar.add_task("register digest", total=len(digested(log)))

        def advance() -> None:
            bar.advance(task)

        if (
            isinstance(log, SealedLog)
            and isinstance(log.files, Folder)
            and SHARED_FROM <= log.head == log.manifest.head
        ):
            return register_digest_on(Processes(), log.files.path, at, advance)
        return register_digest(log, at, advance)


@click.command()
@click.option(
    "--share",
    type=click.FloatRange(0.01, 1),
    default=0.1,
    show_default=True,
    help="Of one core, at most.",
)
@click.option("--once", is_flag=True, help="One round without rest; exit code 1 if it finds any.")
@as_json
def watch(share: float, once: bool) -> None:
    """Hold the read models against the log for ever (自检), gently, until Ctrl-C.

    What it finds stands in the meters that `registry serve` tells. A round that was interrupted
    goes on where it was.
    """
    from adapters.watching import Watch, known_divergences, sights

    with opened() as parts:
        clock = parts.register.clock
        watching = Watch(parts.engine, parts.store, clock, share=share)
        if not once:
            stop = Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop.set())
            click.echo("watching; Ctrl-C ends it", err=True)
            watching.run(stop)
        else:
            with progress() as bar:
                task = bar.add_task("ranges", total=None)
                watching.round(lambda piece: bar.update(task, description=piece.model, advance=1))
        with parts.engine.connect() as connection:
            seen = sights(connection, clock())
            wrong = [str(one) for one in known_divergences(connection)]
    heads = ["read model", "divergences", "position", "rows", "age s"]
    rows = [
        [one.model, one.divergences, one.position, one.rows, f"{one.age_s:.0f}"] for one in seen
    ]

    def text() -> None:
        show_table("self-audit", heads, rows)
        for one in wrong:
            click.echo(one)

    answer({"models": [asdict(one) for one in seen], "divergences": wrong}, text)
    if wrong:
        raise click.exceptions.Exit(WRONG)
