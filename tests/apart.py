"""Processes that tests may kill, forked from one that has loaded what they need."""

from __future__ import annotations

from multiprocessing import get_context

APART = get_context("forkserver")
APART.set_forkserver_preload(
    [
        "tests.adapters.extracts",
        "tests.crash.child",
        "tests.crash.publisher",
        "tests.crash.sealing",
    ]
)
