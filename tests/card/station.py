"""A station that is going to be killed: the real verb, which says when it begins to make cards."""

from __future__ import annotations

from adapters.card.line import Line
from adapters.cli import main

run = Line.run


def tell(line: Line, *told: object) -> object:
    """Run a line, and say so first."""
    print("ready", flush=True)
    return run(line, *told)  # type: ignore[arg-type]  # as it was called


Line.run = tell  # type: ignore[method-assign,assignment]  # this process is a test's

if __name__ == "__main__":
    main()
