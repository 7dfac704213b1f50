"""Run the benchmarks, all of them or those named: python -m tests.bench [NAME ...]"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pkgutil import iter_modules

import tests.bench


def benchmarks() -> dict[str, Callable[[], object]]:
    """The `main` of every module here that has one, by the module's name."""
    found = {}
    for module in iter_modules(tests.bench.__path__):
        if module.name == "__main__" or module.name.startswith("test_"):
            continue
        main = getattr(import_module(f"tests.bench.{module.name}"), "main", None)
        if main is not None:
            found[module.name] = main
    return found


def run(names: Sequence[str], known: Mapping[str, Callable[[], object]]) -> int:
    """Run benchmarks; the exit status is 1 if one broke, which a short figure is not."""
    unknown = sorted(set(names) - known.keys())
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    broken = []
    for name in names or known:
        print(f"== {name}", flush=True)
        try:
            known[name]()
        except Exception:  # the others are still worth their time
            traceback.print_exc()
            broken.append(name)
    if broken:
        print(f"broken: {', '.join(broken)}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], benchmarks()))
