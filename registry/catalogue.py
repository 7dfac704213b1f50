"""The catalogue: the vocabulary of events and the commands, as data and as Markdown."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, is_dataclass
from datetime import date
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from registry.codec import json_schema
from registry.commands import COMMANDS
from registry.values import Code
from registry.vocabulary import ORDERS, VOCABULARY, EventType, Field, fields_of


def catalogue() -> dict[str, list[dict[str, Any]]]:
    """Everything that can happen and everything that can be asked for, for programs."""
    return {
        "events": [describe_event(word) for word in words()],
        "commands": [describe_command(kind) for _, kind in sorted(COMMANDS.items())],
    }


def words() -> list[EventType]:
    """The vocabulary in the order of its codes."""
    return sorted(VOCABULARY.values(), key=lambda word: word.code)


def describe_event(word: EventType) -> dict[str, Any]:
    """One word of the vocabulary."""
    summary, source = explained(word.shape)
    return {
        "name": word.name,
        "code": word.code,
        "business": word.business,
        "kind": word.kind.value,
        "order": ORDERS[word.kind].value,
        "opens": word.opens,
        "writes": sorted(group.value for group in word.writes),
        "leaves": word.leaves,
        "enters": word.enters,
        "cause": word.cause.value if word.cause else None,
        "voids": word.voids,
        "corrects": word.corrects,
        "reaches": word.reaches,
        "summary": summary,
        "source": source,
        "fields": [describe_field(field) for field in word.fields],
        "private_parts": list(word.parts),
        "schema": json_schema(word),
    }


def describe_command(kind: type[Any]) -> dict[str, Any]:
    """One command, the roles that may send it, and its body."""
    summary, source = explained(kind)
    return {
        "name": kind.__name__,
        "roles": sorted(kind.ROLES),
        "summary": summary,
        "source": source,
        "fields": [describe_field(field) for field in fields_of(kind)],
    }


def describe_field(field: Field) -> dict[str, Any]:
    """One field: its type in words, whether it must be there, and whose private data it is."""
    found: dict[str, Any] = {
        "name": field.name,
        "type": type_name(field.type),
        "required": field.default is MISSING,
        "private": field.part,
    }
    if table := code_table(field.type):
        found["codes"] = table
    if parts := shapes_in(field.type):
        found["of"] = {
            shape.__name__: [describe_field(inner) for inner in fields_of(shape)] for shape in parts
        }
    return found


def explained(shape: type[Any]) -> tuple[str, str]:
    """What a docstring says, and the source of law that it cites."""
    text = " ".join((inspect.getdoc(shape) or "").split())
    summary, _, source = text.partition("Source: ")
    return summary.strip(), source.strip()


def type_name(kind: Any) -> str:
    """A type in words: `Name or none`, `list of Member`."""
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(type_name(one) for one in get_args(kind))
    if get_origin(kind) is tuple:
        return f"list of {type_name(get_args(kind)[0])}"
    if kind is NoneType:
        return "none"
    if kind is date:
        return "date"
    if kind is str:
        return "text"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return f"{kind.__name__} ({', '.join(str(one.value) for one in kind)})"
    return str(getattr(kind, "__name__", kind))


def leaves_of(kind: Any) -> Iterator[Any]:
    """The plain types inside a type."""
    if inner := get_args(kind):
        for one in inner:
            yield from leaves_of(one)
    else:
        yield kind


def code_table(kind: Any) -> str | None:
    """The table that a coded value is taken from."""
    for one in leaves_of(kind):
        if isinstance(one, type) and issubclass(one, Code):
            return one.TABLE
    return None


def shapes_in(kind: Any) -> list[type[Any]]:
    """The composed types inside a type, such as a member of a household."""
    return [one for one in leaves_of(kind) if isinstance(one, type) and is_dataclass(one)]


def markdown() -> str:
    """The catalogue for people: a heading, a sentence and a table for each entry."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    listed = catalogue()
    yield "# Catalogue"
    yield ""
    yield f"{len(listed['events'])} events and {len(listed['commands'])} commands."
    yield ""
    yield "## Events"
    for event in listed["events"]:
        yield from ("", f"### {event['code']} {event['name']}", "", event["summary"], "")
        facts = {
            "stream": f"{event['kind']}, may open it" if event["opens"] else event["kind"],
            "business": event["business"],
            "writes": ", ".join(event["writes"]),
            "counted as": event["cause"],
            "leaves": event["leaves"],
            "enters": event["enters"],
            "state reached": event["reaches"],
            "source": event["source"],
        }
        yield from _facts(facts)
        yield from _table(event["fields"], private=True)
    yield from ("", "## Commands")
    for command in listed["commands"]:
        yield from ("", f"### {command['name']}", "", command["summary"], "")
        roles = ", ".join(command["roles"])
        yield from _facts({"roles": roles, "source": command["source"]})
        yield from _table(command["fields"], private=False)


def _facts(facts: Mapping[str, object]) -> Iterator[str]:
    for name, value in facts.items():
        if value:
            yield f"- {name}: {value}"


def _table(fields: Iterable[Mapping[str, Any]], *, private: bool) -> Iterator[str]:
    heads = ["field", "type", "required", *(["private part"] if private else [])]
    yield ""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for field in fields:
        codes = f" (table {field['codes']})" if field.get("codes") else ""
        cells = [field["name"], field["type"] + codes, "yes" if field["required"] else ""]
        if private:
            cells.append(field["private"] or "")
        yield f"| {' | '.join(cells)} |"
        for shape, inner in field.get("of", {}).items():
            for one in inner:
                cells = [f"↳ {shape}.{one['name']}", one["type"], "yes" if one["required"] else ""]
                yield f"| {' | '.join([*cells, *([''] if private else [])])} |"
