"""The verb that compiles what replay is compiled of."""

from __future__ import annotations

from time import perf_counter

import click

from adapters.cli.frame import answer, as_json, show_fields


@click.command("warm-up")
@as_json
def warm_up() -> None:
    """Compile the loops of replay once, so that the first question need not wait; safe to repeat.

    What is compiled is kept beside the program, for this kind of processor.

    \b
    registry warm-up
    """
    from replay.warming import warm_up

    start = perf_counter()
    done = {"kernels": warm_up(), "seconds": round(perf_counter() - start, 1)}
    answer(done, lambda: show_fields(done))
