"""Verbs that run: the server, the projector, and whatever moves the whole register."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import click

from adapters.cli.frame import (
    DAY,
    WRONG,
    answer,
    as_json,
    malformed,
    opened,
    progress,
    settings,
    show_fields,
    stopped,
)
from adapters.cli.submitting import acting, authority

if TYPE_CHECKING:
    from rich.progress import Progress, Task, TaskID

    from adapters.projector import Projector

#: Entries from which on several processes are worth their start.
SHARED_FROM = 50_000


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes; on SQLite only one.",
)
def serve(host: str, port: int, workers: int) -> None:
    """Serve commands and queries over HTTP and keep the read models up, until Ctrl-C.

    \b
    registry serve --port 8000        # then open http://127.0.0.1:8000/docs
    """
    from adapters.http.server import serve as run

    chosen = settings()
    if workers > 1 and chosen.database.startswith("sqlite"):
        raise malformed("--workers", "SQLite is served by one process; use PostgreSQL for more")
    with opened():
        pass  # whatever is wrong with the database is said here, before any process starts

    def started(bound: int) -> None:
        place = f"[{host}]" if ":" in host else host
        click.echo(f"serving http://{place}:{bound}/docs until Ctrl-C", err=True)

    with suppress(KeyboardInterrupt):  # Ctrl-C is how it ends; what was queued is answered
        run(chosen, host, port, workers, started=started)


@contextmanager
def until_told() -> Iterator[Event]:
    """An event that Ctrl-C and a request to terminate set, so that work ends between batches."""
    stop = Event()
    before = {
        one: signal.signal(one, lambda *_: stop.set()) for one in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@click.command()
@click.option("--once", is_flag=True, help="Stop when the read models are up to the log.")
@click.option(
    "--drop-former",
    is_flag=True,
    help="Then drop tables of former editions; no older program may answer from them any more.",
)
@as_json
def follow(once: bool, drop_former: bool) -> None:
    """Keep the read models up to the log, until Ctrl-C.

    One process follows at a time; others wait for their turn. `registry serve` follows by itself.
    Whoever follows drops the tables of former editions a day after nobody else did, since what is
    blanked would stand in them for ever; --once does not, --drop-former does it at once.
    """
    from adapters.http.server import follow_log, seal_log
    from adapters.projector import Projector
    from adapters.rebuilding import finish_all
    from registry.errors import Unavailable

    with opened() as parts, until_told() as stop:
        projector = Projector(parts.engine, parts.store)
        projector.prepare()
        head, _ = parts.store.head()
        finish_all(projector)
        if once or drop_former:
            with progress() as bar:
                task = bar.add_task("entries", total=head, completed=projector.position())
                while not stop.is_set() and projector.step(head):
                    bar.update(task, completed=projector.position())
        if drop_former and (left := projector.forget_former()):
            names = ", ".join(f"{one.name}_{one.edition}{one.copy}" for one in left)
            raise Unavailable(
                f"{names} are ahead of this program's tables, or somebody is reading them; stop"
                " older programs, then run `registry follow --once --drop-former` again"
            )
        if once:
            reached = {"position": projector.position(), "lag": projector.lag()}
            if stop.is_set() and reached["lag"]:
                stopped(
                    click.get_current_context(),
                    f"stopped at entry {reached['position']:,} of {head:,}; the same line again"
                    " goes on from there",
                )
            answer(reached, lambda: show_fields(reached))
            return
        click.echo(f"following from position {projector.position()}; Ctrl-C ends it", err=True)
        sealer = Thread(target=seal_log, args=(parts, stop), name="sealer")
        sealer.start()
        follow_log(projector, parts.register.clock, stop)
        sealer.join()


@click.command()
@click.argument("name")
@click.option(
    "--from-sealed", is_flag=True, help="By columns, many times as fast, where that is built."
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    help="Processes that fold a long log; as many as there are processors unless told.",
)
@as_json
def rebuild(name: str, from_sealed: bool, processes: int | None) -> None:
    """Fill the read model NAME, or `all` of them, anew from the log while the old one answers.

    All are filled in one pass over the log, and stand on the disk twice meanwhile; a long log is
    folded by several processes. With --from-sealed those that have the most rows of a province
    (persons, households, numbers, applications, card bodies and what is counted of them) are filled
    from the columns of the sealed log, and with `all` the others as before. Started again after a
    crash, with the same options, it goes on where it stopped.
    """
    from adapters.projector import Projector
    from adapters.rebuilding import passes
    from adapters.rebuilding import rebuild as fill
    from registry.projections import PROJECTIONS

    columnar: tuple[str, ...] = ()
    if from_sealed:
        from adapters.replaying import REPLAYED as columnar  # compilers come with it
    if name != "all" and name not in PROJECTIONS:
        raise malformed(
            "NAME", f"no read model is called {name}; take all, {', '.join(PROJECTIONS)}"
        )
    if from_sealed and name not in ("all", *columnar):
        raise malformed("NAME", f"from the sealed log only {', '.join(columnar)} are filled")
    names = list(PROJECTIONS) if name == "all" else [name]
    with opened() as parts, progress() as bar:
        projector = Projector(parts.engine, parts.store)
        projector.prepare()
        long = parts.store.head()[0] >= SHARED_FROM
        hands = processes or (os.cpu_count() or 1 if long else 1)
        left = [one for one in names if one not in columnar]
        if from_sealed:
            replayed = [one for one in names if one in columnar]
            task = bar.add_task(f"{name}: entities", total=None)
            folder = Path(parts.settings.sealed)
            _from_columns(projector, replayed, folder, partial(_advance, bar, task), hands)
        for some in passes(left) if from_sealed else [left]:
            task = bar.add_task(f"{name}: streams", total=None)
            fill(projector, *some, progress=partial(_advance, bar, task), processes=hands)
        stand = projector.positions()
    done = {one: stand[one] for one in names}
    answer({"positions": done}, lambda: show_fields(done))


def _from_columns(
    projector: Projector,
    names: Sequence[str],
    folder: Path,
    tell: Callable[[int], None],
    at_once: int,
) -> None:
    """Fill read models from the sealed log."""
    from adapters.replaying import rebuild_sealed
    from adapters.sealing import belongs, sealed_head
    from registry.errors import Unavailable
    from replay.sealed.reading import SealedLog

    if not sealed_head(folder):
        raise Unavailable(f"nothing is sealed yet in {folder}; run `registry seal`")
    belongs(folder, projector.store)
    log = SealedLog(folder, guarded=True)
    rebuild_sealed(projector, log, *names, progress=tell, at_once=at_once)


def _advance(bar: Progress, task: TaskID, done: int) -> None:
    bar.update(task, completed=done)


@click.command("import")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--source", required=True, help="Name of the system that the extract comes from.")
@click.option("--batch", required=True, help="Name of this extract; the same one goes on.")
@click.option("--baseline", type=DAY, required=True, help="Day that the extract vouches for.")
@click.option(
    "--mapping",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A description in TOML of files and columns that have other names than ours.",
)
@click.option("--check", is_flag=True, help="Then hold all of it against the check rules.")
@acting
@as_json
def import_(
    folder: Path,
    source: str,
    batch: str,
    baseline: date,
    mapping: Path | None,
    check: bool,
    officer: str,
    office: str,
    roles: str,
    area: str | None,
) -> None:
    """Load an extract of persons, households and door plates from CSV or Parquet files in FOLDER.

    Stopped by Ctrl-C or a crash and started again by the same line, it goes on where it stopped and
    enters nothing twice. After Ctrl-C the exit code is 130.
    Every row is accepted, accepted with findings, or refused with its reason; a report and the
    counts by unit, sex and year of birth stand beside the extract. Where persons were refused, or
    the counts are not those declared in declared.csv, the exit code is 1. With --check everything
    that came is then held against every check rule and searched for people registered twice, also
    against those who were here before; what is found belongs to this batch and to its report.

    \b
    registry import extract/ --source deyang-2003 --batch 2004-06 --baseline 2004-06-01
    """
    import json

    from adapters.bulk import Importer
    from adapters.cli.auditing import read_log
    from adapters.ids import salts
    from registry.commands.extract import Batch
    from registry.days import day_at

    by = authority(officer, office, roles, area)
    with opened() as parts, progress() as bar:
        task = bar.add_task("beginning", total=None)

        def advance(done: int, of: int) -> None:
            bar.update(task, completed=done, total=of)

        def stage(name: str) -> None:
            bar.update(task, description=name)

        clock = parts.register.clock
        taken = folder.resolve(), source, batch, baseline, by
        try:
            with Importer(parts.store, parts.setting, clock=clock, salt=salts) as importer:
                report = importer.load(*taken, advance, mapping, stage)
        except KeyboardInterrupt:  # what was under way is recorded, or will be the next time
            bar.stop()
            stopped(
                click.get_current_context(),
                f"stopped at {_told(bar.tasks[0])}\n"
                "nothing is lost: the same line again goes on from here",
            )
        if check:
            from adapters.raising import check_batch

            told = Batch(source, batch, baseline, day_at(clock()), parts.setting.namespace)
            report.checked = check_batch(parts, read_log(parts), told, by)
            report.write(folder.resolve())
    beside = [str(path) for path in report.paths(folder.resolve())]

    def show() -> None:
        click.echo(report.text())
        click.echo("\n".join(["  all of this, every row of it:", *(f"    {it}" for it in beside)]))

    answer({**json.loads(report.json()), "files": beside}, show)
    if report.refused or (report.counts.declared and not report.counts.agrees):
        raise click.exceptions.Exit(WRONG)


def _told(task: Task) -> str:
    """What an import was doing."""
    done = f", {task.completed:,.0f} of {task.total:,.0f} recorded" if task.total else ""
    return f"{task.description}{done}"


FORMATS = ("ndjson", "arrow")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--format", "form", type=click.Choice(FORMATS), default="ndjson", show_default=True)
@click.option("--rows", type=click.IntRange(1), default=100_000, help="Entries in one file.")
@as_json
def export(folder: Path, form: str, rows: int) -> None:
    """Write the log into FOLDER by position, without names, numbers and other private data.

    Files are written whole and named by their positions; started again, it goes on with the
    first one that is missing.
    """
    from adapters.exporting import export as write

    folder.mkdir(parents=True, exist_ok=True)
    with opened() as parts, progress() as bar:
        head, _ = parts.store.head()
        task = bar.add_task("entries", total=head)
        files = write(
            parts.store, folder, form, rows, lambda done: bar.update(task, completed=done)
        )
    done: dict[str, Any] = {"position": head, "written": [str(file) for file in files]}
    answer(done, lambda: show_fields({"position": head, "files written": len(files)}))
