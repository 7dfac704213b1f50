"""The one decorator that compiles a kernel."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import cached_property
from hashlib import blake2b
from types import CodeType, ModuleType
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core.caching import FunctionCache
from numba.core.runtime.nrt import rtsys

F = TypeVar("F", bound=Callable[..., Any])

#: A value of a column as a signed integer of 64 bits: an unsigned one of 64 bits that meets a
#: signed one becomes a float.
integer = cast(Callable[[Any], int], np.int64)

#: A place in a column, which is never negative: else it is looked at each time whether it counts
#: from the end.
nth = cast(Callable[[Any], int], np.uint64)

# What the library is made of stays for good: looking through it for cycles, at the last when the
# process ends, took a fifth of a short process (measured).
gc.freeze()

#: Every kernel that was imported.
KERNELS: list[Any] = []


def kernel(function: F) -> F:
    """Compile a loop over arrays: without the interpreter's lock, kept on disk, bounds unchecked.

    Divisions follow numpy, so that a kernel has no exception to raise. With NUMBA_DISABLE_JIT=1
    in the environment the function stays plain Python, which a debugger can step through.
    """
    compiled = numba.njit(nogil=True, boundscheck=False, error_model="numpy")(function)
    if hasattr(compiled, "_cache"):
        kept: Any = Kept
        compiled._cache = kept(function)
    KERNELS.append(compiled)
    return cast(F, compiled)


class Kept(FunctionCache):
    """Compiled code on disk, which is found again only if all that was compiled into it is alike.

    The library looks at the kernel's own file; but constants of other modules and the kernels that
    a kernel calls are compiled into it too.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Compiled code for some arguments, None if there is none yet.

        Before it looks the library brings in all that compiling needs, a third of a second of work;
        code that was compiled needs the runtime alone.
        """
        inherited: Any = super()
        rtsys.initialize(target_context)
        found = inherited._load_overload(sig, target_context)
        return found or inherited.load_overload(sig, target_context)

    @cached_property
    def _made_of(self) -> str:
        return made_of(self._py_func)

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        inherited: Any = super()
        return (*inherited._index_key(sig, codegen), self._made_of)


def made_of(function: Callable[..., Any]) -> str:
    """A digest of whatever a function names in its module, and of what that is made of."""
    told = blake2b(digest_size=16)
    for part in _parts(function, set()):
        told.update(part)
    return told.hexdigest()


def _parts(function: Any, seen: set[Any]) -> Iterator[bytes]:
    seen.add(function)
    code = function.__code__
    yield from _written(code)
    for name in sorted(code.co_names):
        value = function.__globals__.get(name)
        held = [value]
        if isinstance(value, ModuleType):
            held = [getattr(value, inner, None) for inner in sorted(code.co_names)]
        for one in held:
            called = getattr(one, "py_func", None)
            if isinstance(one, np.ndarray):
                yield name.encode() + one.tobytes()
            elif isinstance(one, int | float | str | tuple):
                yield f"{name} {one!r}".encode()
            elif called is not None and called not in seen:
                yield from _parts(called, seen)


def _written(code: CodeType) -> Iterator[bytes]:
    """What stands in the function itself, and in those that stand in it."""
    yield code.co_code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _written(constant)
        else:
            yield repr(constant).encode()
