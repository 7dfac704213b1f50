"""The one decorator that compiles a kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

F = TypeVar("F", bound=Callable[..., Any])

#: A value of a column as a signed integer of 64 bits: an unsigned one of 64 bits that meets a
#: signed one becomes a float.
integer = cast(Callable[[Any], int], np.int64)

#: Every kernel that was imported.
KERNELS: list[Any] = []


def kernel(function: F) -> F:
    """Compile a loop over arrays: without the interpreter's lock, kept on disk, bounds unchecked.

    Divisions follow numpy, so that a kernel has no exception to raise. With NUMBA_DISABLE_JIT=1
    in the environment the function stays plain Python, which a debugger can step through.
    """
    compiled = numba.njit(nogil=True, cache=True, boundscheck=False, error_model="numpy")(function)
    KERNELS.append(compiled)
    return cast(F, compiled)
