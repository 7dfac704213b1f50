"""What a search over the whole register nominates, looked at again by commands and recorded.

A search in columns says who breaks a rule, or who may be registered twice. What becomes a finding
or a case is decided by a command, on what the register knows by then.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from adapters.answers import id_or_none
from adapters.ids import ids
from adapters.reading import reading, resolve
from registry.aggregates import Household, Person, Places
from registry.commands.checks import CheckRecords
from registry.commands.extract import Batch
from registry.commands.import_findings import batch_id
from registry.commands.registration_cases import SuspectDouble
from registry.errors import Refused
from registry.history import effective
from registry.projections import findings
from registry.register import Authority, Submission
from registry.registrar import PLACES_OF
from registry.values import BatchId, HouseholdId, PersonId, Text
from registry.vocabulary import Kind

if TYPE_CHECKING:
    from adapters.assembly import Parts
    from registry.checks.rules import CheckRule
    from replay.checks.checking import Broken, Checked
    from replay.checks.doubles import Candidates
    from replay.columns.log import Log

#: Persons and households that one submission holds against the rules.
LOT = 200
#: Whom a search found and a command decided about: how many, of how many.
Advance = Callable[[int, int], None]


def nobody_told(done: int, of: int) -> None:
    """Tell nobody how far it is."""


def places_at(parts: Parts, found: Checked) -> Places:
    """The tree of places as known at the point of a check."""
    entries = parts.register.history(parts.setting.places)
    known = [one for one in entries if one.position <= found.setting.at.known]
    return Places.fold(known) or Places(id=parts.setting.places)


def faulty(broken: Broken, wanted: Callable[[CheckRule], bool]) -> list[int]:
    """The handles of those who break one of some rules that a command can judge."""
    bits = sum(
        1 << place
        for place, rule in enumerate(broken.rules)
        if wanted(rule) and not (rule.indicates or rule.searched)
    )
    handles: list[int] = broken.handles[broken.flags & np.uint64(bits) != 0].tolist()
    return handles


def found_before(
    parts: Parts, log: Log, kind: Kind, wanted: Callable[[str], bool] = lambda rule: True
) -> dict[int, UUID | None]:
    """The handles of those of whom a finding of a check is open, as far as read models know.

    Whoever keeps the rules by now is to be looked at again, too, so that the finding is settled.
    Each with the community where it was found. wanted: chooses by the code of the rule.
    """
    with reading(parts.engine) as reader:
        at = resolve(reader.connection, parts.store, parts.register.clock(), None, None)
        query = findings.open_by_check(at, persons=kind is Kind.PERSON)
        rows = reader.connection.execute(query).all()
    places = {row.subject: row.community for row in rows if wanted(row.rule)}
    handles = ((log.spaces.find(kind.value, UUID(bytes=one)), places[one]) for one in places)
    return {one: id_or_none(place) for one, place in handles if one is not None}


def inside(
    parts: Parts,
    log: Log,
    found: Checked,
    broken: Broken,
    handles: Sequence[int],
    by: Authority,
    before: Mapping[int, UUID | None] | None = None,
) -> list[int]:
    """Those of some handles who are registered in an officer's area, or were to the last.

    before: where those were found of whom nothing stands any more.
    """
    if by.area is None:
        return list(handles)
    tree, day, area = places_at(parts, found), found.setting.at.valid_on, by.area

    def ours(community: UUID) -> bool:
        return any(fact.code in area for _, fact in tree.above(community, day))

    communities = log.spaces.ids("community", range(log.spaces.count("community")))
    covered = np.array([*map(ours, communities), False])
    held = found.setting.community if broken.subject == "person" else found.setting.housed
    some = np.array(handles, "u4")
    place = np.minimum(held[some], len(communities))
    here: set[int] = set(some[covered[place]].tolist())
    for handle in some[place == len(communities)].tolist():
        last = _last_place(parts, log, broken.subject, handle) or (before or {}).get(handle)
        if last is None or ours(last):  # nowhere is in every area
            here.add(handle)
    return [one for one in handles if one in here]


def _last_place(parts: Parts, log: Log, subject: str, handle: int) -> UUID | None:
    """Where somebody, or a household, was registered last, as commands know it."""
    (stream,) = log.spaces.ids(subject, [handle])
    kind: type[Person] | type[Household] = Person if subject == "person" else Household
    state = kind.fold(effective(parts.register.history(stream)))
    places = (getattr(state, name, None) for name in PLACES_OF)
    return next((one for one in places if one is not None), None)


def check_again(
    parts: Parts,
    log: Log,
    by: Authority,
    people: Sequence[int],
    houses: Sequence[int],
    batch: BatchId | None = None,
    tell: Advance = nobody_told,
) -> dict[str, int]:
    """Have persons and households, by handle, held against the rules by commands, lot by lot.

    batch: the delivery whose report the findings belong to.
    """
    new_id, of = ids(parts.register.clock), len(people) + len(houses)
    told, done = {"raised": 0, "settled": 0, "cases": 0}, 0
    for space, handles in ((Kind.PERSON, people), (Kind.HOUSEHOLD, houses)):
        for first in range(0, len(handles), LOT):
            lot = log.spaces.ids(space.value, handles[first : first + LOT])
            command = CheckRecords(
                persons=tuple(map(PersonId, lot)) if space is Kind.PERSON else (),
                households=tuple(map(HouseholdId, lot)) if space is Kind.HOUSEHOLD else (),
                batch=batch,
            )
            answered = json.loads(parts.register.do(Submission(new_id(), by, command)).answer)
            told = {name: count + answered[name] for name, count in told.items()}
            done += len(lot)
            tell(done, of)
    return told


def suspect(
    parts: Parts,
    log: Log,
    found: Candidates,
    chosen: Sequence[int],
    by: Authority,
    tell: Advance = nobody_told,
) -> dict[str, int]:
    """Open a case for each pair; one that has a case, or is of another area, is left."""
    new_id = ids(parts.register.clock)
    told = {"opened": 0, "left": 0}
    for done, place in enumerate(chosen, 1):
        one, other = log.spaces.ids("person", found.pairs[place].tolist())
        # A likeness in sound is known to the search alone, and is what it tells the officer.
        grounds = Text(f"{found.points[place]}: {' '.join(found.told(place))}")
        command = SuspectDouble(one=PersonId(one), other=PersonId(other), grounds=grounds)
        try:
            parts.register.do(Submission(new_id(), by, command))
            told["opened"] += 1
        except Refused:
            told["left"] += 1
        tell(done, len(chosen))
    return told


def check_batch(
    parts: Parts, log: Log, batch: Batch, by: Authority, tell: Advance = nobody_told
) -> dict[str, Any]:
    """Hold what a delivery brought against every rule, search it for doubles, and record it.

    Tells how many of its records break each rule, and what was raised and opened.
    """
    from replay.checks.checking import check_register
    from replay.checks.doubles import doubles
    from replay.checks.origins import came_with
    from replay.states.history import At

    at = At(batch.today, log.head)
    pairs = doubles(log, at)
    found = check_register(log, at, doubles=pairs.pairs)
    broken: Counter[str] = Counter()
    ours = []
    for one, kind in ((found.persons, Kind.PERSON), (found.households, Kind.HOUSEHOLD)):
        came = came_with(log, kind, batch.source, batch.name)
        kept = came[one.handles]
        here = replace(one, handles=one.handles[kept], flags=one.flags[kept])
        broken.update({str(rule.code): len(here.of(rule)) for rule in one.rules})
        ours.append(inside(parts, log, found, one, faulty(here, lambda rule: True), by))
    came = came_with(log, Kind.PERSON, batch.source, batch.name)
    chosen = np.flatnonzero(came[pairs.pairs].any(axis=1)).tolist()
    told = check_again(parts, log, by, ours[0], ours[1], batch_id(batch), tell)
    opened = suspect(parts, log, pairs, chosen, by, tell)
    return {
        "rules": {code: count for code, count in sorted(broken.items()) if count},
        **told,
        "doubles": len(chosen),
        "doubles_opened": opened["opened"],
    }
