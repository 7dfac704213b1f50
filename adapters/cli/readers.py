"""Verbs about readers of cards: which there are, what a station lacks, whether it makes cards."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from adapters.cli.frame import WRONG, Verbs, answer, as_json, show_fields, show_table, wants_json


@click.group(cls=Verbs)
def reader() -> None:
    """List, look at and try readers of cards (读写器).

    Cards are of an open profile: SCP03 and ECDSA on P-256. They are not the police's chips, whose
    algorithms and keys are not public, and no reader here reads or writes one of those.
    """


@reader.command("list")
@as_json
def list_readers() -> None:
    """List the readers that the PC/SC service knows, and whether there is a card in each."""
    from adapters.card.reader import Reader, readers

    found = []
    for name in readers():
        with Reader(name) as one:
            found.append({"reader": name, "card": one.wait_for_card(0)})
    rows: list[list[Any]] = [[one["reader"], "yes" if one["card"] else "no"] for one in found]
    answer(found, lambda: show_table("readers", ["reader", "card"], rows))


@reader.command("status")
@as_json
def status() -> None:
    """Tell what this station has for cards, and what it lacks; exit code 1 if it lacks something.

    What the emulated machine needs is told too; a line with real readers does without it.
    """
    from adapters.card.emulator import daemon
    from adapters.card.reader import readers
    from registry.errors import Unavailable

    told: dict[str, Any] = {"pcscd": daemon.find_pcscd()}
    try:
        told["readers"] = readers()
        told["service"] = "answers"
    except Unavailable as error:
        told["service"] = str(error)
    lacks = daemon.missing()
    try:
        told["machine"] = "a network of its own" if daemon.isolation() else "ports that are open"
    except Unavailable as error:
        lacks.append(str(error))
    told["driver"] = str(daemon.DRIVER) if daemon.DRIVER.exists() else None
    answer({**told, "lacks": lacks}, lambda: show_fields({**told, "lacks": "; ".join(lacks)}))
    if lacks:
        click.get_current_context().exit(WRONG)


@reader.command("self-test")
@click.option("--readers", type=click.IntRange(1, 16), default=2, show_default=True)
@as_json
def self_test(readers: int) -> None:
    """Make a make-believe card in each reader of an emulated machine; exit code 1 if that fails.

    Everything that a real card passes is passed: pyscard, pcscd, a driver, the secure channel,
    being torn out and finished, being taken for another, an address appended.
    """
    from adapters.card.selftest import Step
    from adapters.card.selftest import self_test as run

    steps: list[Step] = []
    for step in run(readers):
        steps.append(step)
        if not wants_json():
            mark = "failed" if step.fault else "ok"
            click.echo(f"{mark:6} {step.seconds * 1000:6.0f} ms  {step.name}")
            if step.fault:
                click.echo(f"       {step.fault}", err=True)
    if wants_json():
        answer([asdict(step) for step in steps])
    if any(step.fault for step in steps):
        click.get_current_context().exit(WRONG)
