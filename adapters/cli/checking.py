"""Checks: identity numbers on their way in, the store, and the log of who asked what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import IO, Any

import click

from adapters.cli.frame import (
    DAY,
    WRONG,
    Verbs,
    answer,
    as_json,
    malformed,
    opened,
    progress,
    show_table,
)

#: From here on numbers are judged by a compiled kernel, whose start takes about a second.
MANY = 20_000
#: Lines of a file that are judged together.
LOT = 1_000_000


@click.group(cls=Verbs)
def check() -> None:
    """Check identity numbers, the store, or the query log."""


@check.command("number")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default="-")
@click.option("--column", help="Column of a CSV or Parquet file; else each line is a number.")
@click.option("--today", type=DAY, default=None, help="A birth after this day is a fault.")
@click.option("--show", type=click.IntRange(0), default=20, help="Faulty numbers to list.")
@as_json
def check_number(file: Path, column: str | None, today: date | None, show: int) -> None:
    """Explain what is wrong with identity numbers (公民身份号码), one a line.

    They are read from FILE or standard input, never from the command line, and shown masked.
    Exit code 1 if a number is wrong.

    \b
    registry check number numbers.txt
    registry check number persons.parquet --column number --json
    """
    checked, faults = 0, Counter[str]()
    wrong: list[dict[str, Any]] = []
    found_wrong = 0
    for first, texts in lots(file, column):
        checked += len(texts)
        for row, codes in judged(texts, today):
            found_wrong += any(severity(code) == "error" for code in codes)
            faults.update(codes)
            if len(wrong) < show:
                wrong.append(explained(first + row, texts[row], today))
    answered = {"checked": checked, "wrong": found_wrong, "faults": dict(faults), "listed": wrong}
    answer(answered, lambda: show_numbers(answered, show))
    if found_wrong:
        raise click.exceptions.Exit(WRONG)


def severity(code: str) -> str:
    """How bad a fault is: error or warning."""
    from registry.numbers import FAULTS

    return FAULTS[code]


def lots(file: Path, column: str | None) -> Iterator[tuple[int, list[str]]]:
    """The numbers of a file in lots, each with the line or row of its first."""
    if column is None:
        with click.open_file(str(file), "rb") as lines:
            yield from _lots_of_lines(lines)
        return
    import pyarrow.dataset as ds

    if str(file) == "-":
        raise malformed("--column", "a column is read from a CSV or Parquet file, name it")
    kind = "parquet" if file.suffix == ".parquet" else "csv"
    names = ds.dataset(file, format=kind).schema.names
    if column not in names:
        raise malformed("--column", f"{file} has no column {column!r}; it has {', '.join(names)}")
    import pyarrow as pa

    options: dict[str, Any] = {}
    if kind == "csv":
        from pyarrow import csv

        convert = csv.ConvertOptions(column_types={column: pa.string()})
        options["format"] = ds.CsvFileFormat(convert_options=convert)
    else:
        options["format"] = "parquet"
    first = 1
    for batch in ds.dataset(file, **options).to_batches(columns=[column], batch_size=LOT):
        texts = [text or "" for text in batch.column(0).to_pylist()]
        if texts:
            yield first, texts
        first += len(texts)


def _lots_of_lines(lines: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    first, texts = 1, []
    for line in lines:
        texts.append(line.rstrip(b"\r\n").decode("utf-8", "replace"))
        if len(texts) == LOT:
            yield first, texts
            first, texts = first + LOT, []
    if texts:
        yield first, texts


def judged(texts: list[str], today: date | None) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The rows whose number has a fault, with the codes of its faults."""
    if len(texts) < MANY:
        from registry.numbers import explain_number

        for row, text in enumerate(texts):
            if faults := explain_number(text, today):
                yield row, tuple(fault.code for fault in faults)
        return
    from replay.numbers import characters, fault_codes
    from replay.numbers import check as check_all

    flags = check_all(characters(text.encode() for text in texts), today).faults
    for row in flags.nonzero()[0].tolist():
        yield row, fault_codes(int(flags[row]))


def explained(line: int, text: str, today: date | None) -> dict[str, Any]:
    """One faulty number, masked, with its faults in words."""
    from registry.numbers import explain_number, masked

    faults = [
        {"code": fault.code, "severity": fault.severity, "message": fault.message}
        for fault in explain_number(text, today)
    ]
    return {"line": line, "number": masked(text), "faults": faults}


def show_numbers(answered: dict[str, Any], show: int) -> None:
    """Print what a check found."""
    for one in answered["listed"]:
        for fault in one["faults"]:
            words = f"{fault['severity']} {fault['code']}: {fault['message']}"
            click.echo(f"line {one['line']}: {one['number']}: {words}")
    click.echo(f"{answered['checked']} checked, {answered['wrong']} wrong")
    if sum(answered["faults"].values()) > len(answered["listed"]) and answered["wrong"] > show:
        rows = [[code, count] for code, count in sorted(answered["faults"].items())]
        show_table("faults", ["fault", "numbers"], rows)


@check.command("store")
@as_json
def check_store() -> None:
    """Hold the store against its own rules, entry by entry.

    Positions dense, instants never decreasing, versions 1 to n in each stream, days and digests
    of private parts as the stored bytes say, submissions complete, read models not ahead of the
    log. Exit code 1 if anything is wrong.
    """
    from adapters.auditing import seen_of
    from adapters.invariants import inspect_store

    with opened() as parts, progress() as bar:
        head, _ = parts.store.head()
        task = bar.add_task("entries", total=head)
        seen = seen_of(parts, lambda position: bar.update(task, completed=position))
        audited = inspect_store(parts.engine, parts.store, seen)
    faults = [
        {"rule": fault.rule, "where": fault.where, "message": fault.message}
        for fault in audited.faults
    ]
    found = {"entries": audited.entries, "streams": audited.streams, "faults": faults}

    def text() -> None:
        for fault in faults:
            click.echo(f"{fault['rule']}: {fault['where']}: {fault['message']}")
        click.echo(
            f"{audited.entries} entries in {audited.streams} streams: "
            + (f"{len(faults)} faults" if faults else "everything holds")
        )

    answer(found, text)
    if faults:
        raise click.exceptions.Exit(WRONG)


@check.command("queries")
@click.option("--anchor", help="LINE:DIGEST that an earlier run printed and somebody kept.")
@as_json
def check_queries(anchor: str | None) -> None:
    """Hold the query log (查询日志) against its own chain, line by line.

    Each line carries a digest over itself and the one before it, so a line that was changed or
    taken out is found. That the end was cut off shows only against an anchor kept elsewhere: the
    last line and its digest, which every run prints. Exit code 1 if anything is wrong.

    \b
    registry check queries --json
    registry check queries --anchor 120:9f86d081884c7d65...
    """
    from adapters.cli.desk import query_log

    kept = None if anchor is None else _anchor(anchor)
    with opened() as parts:
        log = query_log(parts)
        try:
            broken = log.verify()
            last = log.anchor()
            held = None if kept is None else log.anchor(kept[0])
        finally:
            log.close()
    faults = []
    if broken is not None:
        faults.append(f"line {broken} is not as it was written, or is missing")
    if kept is not None and held is None:
        faults.append(f"line {kept[0]} of the anchor is missing: the end of the log was cut off")
    elif kept is not None and held != kept:
        faults.append(f"line {kept[0]} has not the digest of the anchor: the log is another one")
    shown = None if last is None else f"{last[0]}:{last[1]}"
    count = 0 if last is None else last[0]

    def text() -> None:
        for fault in faults:
            click.echo(fault)
        click.echo(f"{count} lines: " + (f"{len(faults)} faults" if faults else "the chain holds"))
        if shown is not None:
            click.echo(f"anchor to keep elsewhere: {shown}")

    answer({"lines": count, "anchor": shown, "faults": faults}, text)
    if faults:
        raise click.exceptions.Exit(WRONG)


def _anchor(told: str) -> tuple[int, str]:
    line, _, digest = told.partition(":")
    if not line.isdigit() or len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise malformed("anchor", "expected LINE:DIGEST with 64 hexadecimal digits, as printed")
    return int(line), digest
