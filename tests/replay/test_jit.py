"""Compiled code is taken from the disk only if nothing that went into it has changed."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from replay.jit import made_of

OTHER = ModuleType("other")
LIMIT, TABLE = 3, np.arange(4)


def inner(value: int) -> int:
    """A kernel that another one calls."""
    return value + LIMIT


called: Any = SimpleNamespace(py_func=inner)


def outer(value: int) -> Any:
    """A kernel with constants of its own module and of another one."""
    return called(value) + TABLE[0] + OTHER.BOUND


@pytest.mark.parametrize(
    ("where", "name", "value"),
    [
        (None, "LIMIT", 4),
        (None, "TABLE", np.arange(5)),
        (OTHER, "BOUND", 8),
    ],
)
def test_a_constant_that_was_compiled_in_makes_the_code_another(monkeypatch, where, name, value):
    monkeypatch.setattr(OTHER, "BOUND", 7, raising=False)
    before = made_of(outer)
    assert before == made_of(outer)
    if where is None:
        monkeypatch.setitem(globals(), name, value)
    else:
        monkeypatch.setattr(where, name, value)
    assert made_of(outer) != before


def test_a_kernel_that_is_called_is_part_of_the_code(monkeypatch):
    monkeypatch.setattr(OTHER, "BOUND", 7, raising=False)
    before = made_of(outer)
    monkeypatch.setattr(called, "py_func", lambda value: value - 1)
    assert made_of(outer) != before
