"""Verbs that ask who set a value and which entries make a difference; each read is logged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from adapters.cli.auditing import Both, Clocks, point
from adapters.cli.desk import Desk, asking, labelled
from adapters.cli.frame import ID, as_json, show_fields, show_table
from registry.days import moment_of
from registry.errors import NotFound
from registry.vocabulary import Kind, word_of

if TYPE_CHECKING:
    from replay.questions.blame import Fallen, Setting

#: Roles that may ask who set a value.
AUDITORS = ("station", "county", "auditor")


@click.command()
@click.argument("identifier", metavar="PERSON", type=ID)
@click.argument("field")
@asking()
@as_json
def blame(desk: Desk, identifier: UUID, field: str) -> None:
    """Tell who set a field of a person (归责): entry, officer, papers, and what it replaced.

    Values that were undone or corrected are told with the entry that did so.

    \b
    registry blame 01890a5d-ac96-774b-bcce-b302099a8057 sex --purpose supervision
    """
    from adapters.loading import log_around
    from replay.questions.blame import blame as find
    from replay.states.history import At

    desk.need(*AUDITORS)
    log = log_around(desk.parts, identifier)
    if not log.history(Kind.PERSON, identifier):
        raise desk.missing("blame", "person", identifier)
    desk.guard_person("blame", desk.reader.person(identifier, desk.at), identifier)
    try:
        found = find(log, Kind.PERSON, identifier, field, At(desk.at.valid_on, desk.at.known))
    except NotFound:  # by then nothing was recorded
        raise desk.missing("blame", "person", identifier) from None
    told = {
        "person": identifier,
        "field": found.field,
        "value": desk.shown(found.value),
        "set_by": set_told(desk, found.set_by),
        "replaced": set_told(desk, found.replaced),
        "undone": [fallen_told(desk, one) for one in found.undone],
        "corrected": [fallen_told(desk, one) for one in found.corrected],
        "cases": list(found.cases),
    }

    def text() -> None:
        show_fields({field: labelled(desk.shown(found.value)) if found.value is not None else "-"})
        heads = ["", "value", "version", "event", "effective", "recorded", "officer", "office"]
        rows = [
            [what, *row_of(desk, one.value, one.entry)]
            for what, one in (("set by", found.set_by), ("replaced", found.replaced))
            if one is not None
        ]
        for what, fallen in (("undone", found.undone), ("corrected", found.corrected)):
            rows += [[what, *row_of(desk, one.value, one.entry)] for one in fallen]
        show_table("blame", heads, rows)
        if found.set_by is not None:
            show_fields(dict(desk.shown(dict(found.set_by.grounds))))
        for case in found.cases:
            click.echo(f"case {case}")

    desk.tell("blame", told, text, subjects=[identifier], fields=[field])


def entry_told(entry: Any) -> dict[str, Any]:
    """The envelope of an entry."""
    return {
        "version": entry.version,
        "position": entry.position,
        "event": word_of(entry.event).name,
        "business": word_of(entry.event).business,
        "effective_on": entry.effective_on,
        "recorded_at": moment_of(entry.recorded_at).isoformat(timespec="seconds"),
        "officer": entry.officer,
        "office": entry.office,
        "submission": entry.submission,
    }


def set_told(desk: Desk, setting: Setting | None) -> dict[str, Any] | None:
    """A value with its entry and papers, for programs."""
    if setting is None:
        return None
    return {
        "value": desk.shown(setting.value),
        "entry": entry_told(setting.entry),
        "grounds": desk.shown(dict(setting.grounds)),
    }


def fallen_told(desk: Desk, fallen: Fallen) -> dict[str, Any]:
    """A value that does not stand, with its entry and the one that undid it, for programs."""
    return {
        "value": desk.shown(fallen.value),
        "entry": entry_told(fallen.entry),
        "by": entry_told(fallen.by),
    }


def row_of(desk: Desk, value: Any, entry: Any) -> list[Any]:
    """A value and its entry as a row."""
    told = entry_told(entry)
    names = ("version", "event", "effective_on", "recorded_at", "officer", "office")
    shown = "" if value is None else labelled(desk.shown(value))
    return [shown, *(told[name] for name in names)]


@click.command()
@click.argument("identifier", metavar="PERSON", type=ID)
@click.argument("before", metavar="A", type=Both())
@asking()
@as_json
def explain(desk: Desk, identifier: UUID, before: Clocks) -> None:
    """Show the entries that make a person differ from point A to --valid-on and --known-at.

    \b
    registry explain 01890a5d-ac96-774b-bcce-b302099a8057 2007-01-01 --purpose supervision
    """
    from adapters.loading import log_around
    from replay.questions.diff import explained
    from replay.states.history import At

    desk.need(*AUDITORS)
    log = log_around(desk.parts, identifier)
    if not log.history(Kind.PERSON, identifier):
        raise desk.missing("explain", "person", identifier)
    desk.guard_person("explain", desk.reader.person(identifier, desk.at), identifier)
    a, _ = point(desk.parts, log, *before, "A")
    lines = explained(log, Kind.PERSON, identifier, a, At(desk.at.valid_on, desk.at.known))
    told = [
        {
            **entry_told(line.entry),
            "stands": line.stands,
            "voided_by": None if line.voided_by is None else line.voided_by.version,
        }
        for line in lines
    ]
    heads = ["version", "position", "event", "effective", "recorded", "officer", ""]
    rows = [
        [
            *(one[name] for name in ("version", "position", "event", "effective_on")),
            one["recorded_at"],
            one["officer"],
            "" if one["stands"] else f"undone by {one['voided_by']}",
        ]
        for one in told
    ]
    desk.tell(
        "explain",
        told,
        lambda: show_table("entries", heads, rows),
        subjects=[identifier],
        fields=["timeline"],
        rows=len(told),
    )
