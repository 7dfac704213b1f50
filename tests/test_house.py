"""The house checks itself: what is declared is explained, what is written is used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

import registry.events  # importing it fills the vocabulary
from adapters.cli import main
from registry.commands import COMMANDS
from registry.vocabulary import VOCABULARY

HOME = Path(__file__).parent.parent
PACKAGES = ("registry", "replay", "adapters")
BRACKETED_CHINESE = re.compile(r"[(（][^)）]*[\u3400-\u9fff][^)）]*[)）]")

#: Modules that nothing imports, and who starts them instead.
STARTED_BY = {
    "registry.codes.build_divisions": "by hand, when the package of divisions has a new edition",
    "adapters.postgres": "by tests, benchmarks and hand, where a private cluster is wanted",
    "adapters.province": "by benchmarks and by hand, where a province is wanted to try things on",
    "replay.province.kept": "by tests and measurements of a province that need no disk",
    "replay.columns.tables": "by whoever asks the sealed log with DuckDB, Polars or pandas",
}
#: Packages whose modules are found by their folder.
DISCOVERED = ("adapters.migrations",)

#: Modules longer than a screenful of screens, and why they are one thing all the same.
LONG = {
    "registry/aggregates/rules.py": "every rule of law that can stand in the way, a class each",
    "registry/events/person.py": "every fact about a person, in one list",
    "tests/adapters/test_bulk.py": "one extract, followed through every fate of a row",
    "tests/simulation/life.py": "every deed that a random county can do",
}
#: Tests are read one at a time; of them, only the folder's map has to fit on a screen.
LONGEST = 500

#: What stands at the top of the repository, locks apart.
TOP = {
    *(".ci", ".gitignore", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "Makefile", "README.md"),
    *("pyproject.toml", "tests", *PACKAGES),
}

#: Floors that know nothing but the standard library and each other.
PLAIN = (
    "values",
    "numbers",
    "coded",
    "cards",
    "chip",
    "codes",
    "frozen",
    "vocabulary",
    "events",
    "aggregates",
    "entry",
    "errors",
)

#: A gap where each word could be found, so that this file does not stand in its own way.
UNWANTED = {
    what: pattern.replace("~", "")
    for what, pattern in {
        "a promise": r"\b(TO~DO|FIX~ME|XX~X|HA~CK)\b|\bNotImplemented~Error",
        "a test that is not run": r"pytest\.(mark\.)?(sk~ip|xf~ail|importor~skip)",
        "a path of one machine": r"(?<![\w.})\]/-])/(ho~me|ro~ot|wo~rk|Us~ers|m~nt)/\w",
        "a package index": r"py~pi\.org|python~hosted\.org|npm~js\.(org|com)|deb\.deb~ian"
        r"|--(extra-)?index-u~rl|--find-li~nks",
    }.items()
}


@cache
def files() -> tuple[str, ...]:
    """Every file of the repository, the ones not yet added too."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=HOME,
        check=True,
        capture_output=True,
    )
    names = sorted(set(listing.stdout.decode().split("\0")) - {""})
    return tuple(name for name in names if (HOME / name).is_file())


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the product by its dotted name; a package is named like its `__init__`."""
    found = {}
    for name in files():
        if name.endswith(".py") and name.startswith(tuple(f"{package}/" for package in PACKAGES)):
            dotted = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            found[dotted] = ast.parse((HOME / name).read_text(encoding="utf-8"), name)
    return found


def imports(tree: ast.Module) -> Iterator[str]:
    """The dotted names that a module imports; of `from a import b` both a and a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"imports are absolute: line {node.lineno}"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def verbs(command: click.Command, path: tuple[str, ...]) -> Iterator[str]:
    """What one types to reach each command of the CLI."""
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from verbs(inner, (*path, name))
    elif not command.hidden:
        yield " ".join(path)


@pytest.mark.parametrize("shape", VOCABULARY, ids=lambda shape: shape.__name__)
def test_an_event_gives_its_chinese_term_and_its_source(shape):
    assert BRACKETED_CHINESE.search(shape.__doc__ or ""), "no Chinese term in brackets"
    assert "Source:" in shape.__doc__, "no source of law"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_gives_its_chinese_term(name):
    assert BRACKETED_CHINESE.search(COMMANDS[name].__doc__ or ""), "no Chinese term in brackets"


def test_the_vocabulary_and_the_commands_are_not_empty():
    assert VOCABULARY
    assert COMMANDS
    assert {shape.__module__ for shape in VOCABULARY} <= {
        f"{registry.events.__name__}.{name}" for name in registry.events.__all__
    }


def test_every_module_is_imported_by_another_or_started_by_somebody():
    scripts = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]["scripts"]
    used = {script.partition(":")[0] for script in scripts.values()} | STARTED_BY.keys()
    for name, tree in modules().items():
        used.update(taken for taken in imports(tree) if taken != name)
    used.update(name for name in modules() if name.startswith(DISCOVERED))
    # whoever imports a module imports the packages around it
    used.update(".".join(name.split(".")[:depth]) for name in [*used] for depth in (1, 2, 3, 4))
    assert sorted(modules().keys() - used) == []
    assert STARTED_BY.keys() <= modules().keys(), "no longer there"


@pytest.mark.parametrize("floor", PLAIN)
def test_a_low_floor_imports_the_standard_library_alone(floor):
    inside = f"registry.{floor}"
    trees = [
        tree
        for name, tree in modules().items()
        if (name == inside or name.startswith(f"{inside}.")) and name not in STARTED_BY
    ]
    assert trees, f"there is no {inside}"
    taken = {name.partition(".")[0] for tree in trees for name in imports(tree)}
    assert taken - {"registry"} <= sys.stdlib_module_names


def test_a_long_module_is_a_question_that_was_answered():
    sources = [name for name in files() if name.endswith(".py")]
    lines = {name: (HOME / name).read_text(encoding="utf-8").count("\n") for name in sources}
    assert {name for name in sources if lines[name] > LONGEST} == LONG.keys()


def test_every_verb_of_the_command_line_is_in_the_readme():
    readme = (HOME / "README.md").read_text(encoding="utf-8")
    unnamed = [verb for verb in verbs(main, ("registry",)) if verb not in readme]
    assert unnamed == []


@pytest.mark.parametrize("what", UNWANTED)
def test_no_file_holds(what):
    found = []
    for name in files():
        text = (HOME / name).read_bytes().decode("utf-8", errors="ignore")
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(UNWANTED[what], line):
                found.append(f"{name}:{number}: {line.strip()[:100]}")
    assert found == []


def test_nothing_else_stands_at_the_top():
    top = {name.partition("/")[0] for name in files()}
    locks = {name for name in top if re.fullmatch(r"requirements(-[a-z]+)?\.(in|txt)", name)}
    assert sorted(top - locks - TOP) == []


def test_every_lock_pins_each_package_with_its_hashes():
    locks = [name for name in files() if re.fullmatch(r"requirements(-[a-z]+)?\.txt", name)]
    assert len(locks) == 4
    for lock in locks:
        for pinned in re.split(r"\n(?=[a-z])", (HOME / lock).read_text()):
            assert re.match(r"[a-z0-9._-]+==\S+", pinned), f"{lock}: {pinned.splitlines()[0]}"
            assert "--hash=sha256:" in pinned, f"{lock}: {pinned.splitlines()[0]}"
