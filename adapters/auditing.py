"""The audit (审计): everything that can be checked about a register, each check with its verdict.

Nothing personal stands in an audit: counts, positions, and identifiers of streams that are wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date
from functools import cached_property
from pathlib import Path
from secrets import token_bytes
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from adapters.divergences import name_of, words_of
from adapters.invariants import Seen, inspect_store, look
from adapters.loading import sealed_folder
from adapters.matching import as_stored, snapshot
from adapters.models_held import PROCESSES, SHARED_FROM, compared
from adapters.picturing import BLANK, pictures
from adapters.reading import failure
from adapters.sealed_matching import differences, differences_by_sums
from adapters.verdicts import LISTED, Audit, Found
from adapters.walking import Walked, walk
from registry.errors import Fault, Malformed, RegistryError, Unavailable
from registry.projections import PROJECTIONS, residences
from registry.projections import At as Point
from registry.vocabulary import ORDERS, Kind, Order
from replay.columns.faults import Damaged
from replay.columns.forms import NONE, Column
from replay.questions.diff import diff
from replay.questions.findings import Whole, faulty
from replay.questions.lawful import lawful
from replay.questions.members import apart
from replay.questions.population import WRONG_NUMBER, Census
from replay.questions.residents import residents_of_communities
from replay.questions.whole import whole, whole_on
from replay.sealed.archive import verify_archive
from replay.sealed.reading import Folder, SealedLog, verify
from replay.states.entities import states_at
from replay.states.history import At
from replay.states.households import OPEN
from replay.states.persons import LIVING
from replay.states.state import states

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from adapters.assembly import Parts
    from replay.columns.log import Log
    from replay.machines import Machines

#: Before the first entry: nobody is known.
NOTHING = At(date(1880, 1, 1), 0)


#: Told before each check: its name and its words.
Tell = Callable[[str, str], None]
#: Told by checks that take long how much of them is done, from 0 to 1.
Progress = Callable[[float], None]


def nothing(share: float) -> None:
    """Tell nobody."""


class Auditor:
    """Checks a register at a point; what several checks need is worked out once."""

    def __init__(
        self,
        parts: Parts,
        log: Log,
        at: At,
        now: bool,
        keys: Collection[Ed25519PublicKey],
        machines: Machines | None = None,
        progress: Progress = nothing,
        models: Collection[str] = (),
    ) -> None:
        self.parts, self.log, self.at, self.now, self.keys = parts, log, at, now, keys
        self.machines = machines
        self.progress = progress
        self.models = tuple(models or PROJECTIONS)  # read models that are compared
        self.secret = token_bytes(32)  # what sums of rows hang on in this audit
        self.sound = False  # the sealed log was found to be the store's

    @cached_property
    def whole(self) -> Whole:
        """Everything that one pass over the log says."""
        if self.machines is None:
            return whole(self.log, self.at)
        return whole_on(self.machines, sealed_whole(self.log), self.at)

    def checks(self) -> Iterator[tuple[str, str, Callable[[], Found]]]:
        """Every check: its name, what it makes sure of, and how.

        The bytes come first. Columns are read before what takes long, in which a sealer would
        write the files anew; whether they are the store's is known before read models are held
        against them.
        """
        if isinstance(self.log, SealedLog):
            yield "bytes", "every byte of the sealed log is as it was sealed", self.bytes
        yield "state", "the state that follows from the log, summed up in one root", self.state
        yield "numbers", "a number has one living holder, or an open case", self.numbers
        yield "lives", "every history is lawful, entry after entry", self.lives
        yield "ledgers", "every application, card and number took only lawful steps", self.ledgers
        yield "homes", "who is registered lives in an open household of the place", self.homes
        yield "members", "households list those who are registered in them", self.members
        yield "closing", "at every place, start and flows give the end", self.closing
        yield "population", "read models count the residents that the log has", self.population
        yield "store", "positions, instants, versions and digests of the store agree", self.store
        if self.now and isinstance(self.log, SealedLog):
            yield "sealed", "the sealed log holds the store's entries byte for byte", self.sealed
        if self.now:
            yield "read-models", "every stored row follows from the log", self.read_models

    def bytes(self) -> Found:
        """Hash the sealed files."""
        sound: set[str] = set()
        told = sealed_bytes(self.parts, self.keys, sound)
        if not told.found and isinstance(self.log, SealedLog):
            self.log.believe(sound)  # not what was sealed anew before or after they were hashed
        return told

    @cached_property
    def seen(self) -> Seen:
        """What is seen of the store's entries, and of a long store what they add up to."""
        head, _ = self.parts.store.head()
        return seen_of(self.parts, lambda reached: self.progress(reached / head), self.secret)

    def store(self) -> Found:
        """Walk through the store."""
        told = inspect_store(self.parts.engine, self.parts.store, self.seen)
        found = Found(told.entries, "entries")
        found.note(f"{one.rule}: {one.where}: {one.message}" for one in told.faults)
        return found

    def sealed(self) -> Found:
        """Hold every sealed entry against the store's."""
        assert isinstance(self.log, SealedLog), "asked for above"
        found, parts = Found(0, "entries"), self.parts
        told = (
            differences_by_sums(
                self.log, parts.engine, parts.store, self.seen, self.secret, PROCESSES
            )
            if isinstance(self.seen, Walked)
            else differences(self.log, parts.engine, parts.store)
        )
        for one in told:
            found.checked += one.entries
            found.note(one.faults)
            found.found += one.found - len(one.faults)
        self.sound = not found.found
        return found

    def state(self) -> Found:
        """Replay the log and sum up the state."""
        return Found(sum(self.whole.entries.values()), "entries", digest=str(self.whole.root))

    def numbers(self) -> Found:
        """Look for numbers that several hold."""
        cases = [case for _, case in states_at(self.log, Kind.CASE, self.at) if case.open]
        found = Found(self.whole.census.counts["living"], "living persons")
        for one in self.whole.duplicates:
            holders = set(self.log.spaces.ids("person", list(one.holders)))
            if not any(holders <= case.parties for case in cases):
                found.note([f"held by {len(holders)} since position {one.since}, in no open case"])
        return found

    def lives(self) -> Found:
        """Hold every history against the rules, of streets too, which are few."""
        found = self._faulty(one for one in self.whole.faults if ORDERS[one] is Order.EFFECTIVE)
        if self.log.count(Kind.STREET):
            told = lawful(self.log, Kind.STREET, self.at)
            found.checked += len(told)
            self._note(found, Kind.STREET, faulty(0, told))
        return found

    def ledgers(self) -> Found:
        """Hold applications, card bodies and numbers against their rules."""
        return self._faulty(one for one in self.whole.faults if ORDERS[one] is Order.LEDGER)

    def _faulty(self, kinds: Iterable[Kind]) -> Found:
        found = Found(0, "streams")
        for kind in kinds:
            found.checked += self.log.count(kind)
            self._note(found, kind, self.whole.faults[kind])
        return found

    def _note(self, found: Found, kind: Kind, faults: Column) -> None:
        listed = faults[:LISTED].tolist()
        streams = self.log.spaces.ids(kind.value, [handle for handle, _, _ in listed])
        found.note(
            f"{kind.value} {stream}: version {version} breaks a rule"
            for stream, (_, version, _) in zip(streams, listed, strict=True)
        )
        found.found += len(faults) - len(listed)

    def homes(self) -> Found:
        """Compare residents with their households."""
        people = states(self.log, Kind.PERSON, self.at)
        houses = states(self.log, Kind.HOUSEHOLD, self.at)
        resident = (people["life"] == LIVING) & (people["community"] != NONE)
        home = people["household"]
        inside = resident & (home < len(houses))
        wrong = resident & ~inside
        chosen = houses[home[inside]] if len(houses) else houses
        apart = (chosen["life"] != OPEN) | (chosen["community"] != people["community"][inside])
        wrong[np.flatnonzero(inside)[apart]] = True
        found = Found(int(resident.sum()), "residents")
        who = np.flatnonzero(wrong)
        listed = self.log.spaces.ids("person", who[:LISTED].tolist())
        found.note(f"person {one}: the household is closed or elsewhere" for one in listed)
        found.found = len(who)
        return found

    def members(self) -> Found:
        """Hold the lists of households against the homes of persons."""
        told = apart(self.log, self.at)
        found = Found(told.members, "members")
        for people, words in (
            (told.listed, "listed by a household, not registered in it"),
            (told.unlisted, "registered in a household that does not list them"),
        ):
            listed = self.log.spaces.ids("person", people[:LISTED].tolist())
            found.note(f"person {one}: {words}" for one in listed)
            found.found += len(people) - len(listed)
        return found

    def closing(self) -> Found:
        """Close the account of every place, from nothing to the point."""
        balances = diff(self.log, NOTHING, self.at).balances
        found = Found(len(balances), "places")
        found.note(
            f"place {one.place}: {one.start} + {sum(one.came.values())}"
            f" - {sum(one.went.values())} is not {one.end}"
            for one in balances
            if not one.closes
        )
        return found

    def population(self) -> Found:
        """Compare residents of every community with what the read model counts."""
        communities = self.log.spaces.ids("community", range(self.log.spaces.count("community")))
        counted = residents_of_communities(self.log, self.at).tolist()
        told = zip(communities, counted, strict=True)
        mine = {one.bytes: count for one, count in told if count}
        theirs = residents_stored(self.parts.engine, Point(self.at.valid_on, self.at.known))
        found = Found(sum(mine.values()), "residents")
        found.note(
            f"{words_of(one, 'community')}: {mine.get(one, 0)} in the log,"
            f" {theirs.get(one, 0)} in the table"
            for one in sorted(mine.keys() | theirs.keys())
            if mine.get(one, 0) != theirs.get(one, 0)
        )
        return found

    def read_models(self) -> Found:
        """Compare every row of every read model that is asked for."""
        sound = self.log if self.sound and isinstance(self.log, SealedLog) else None
        return compared(self.parts, self.log, self.models, sound, self.progress)


def audit(
    parts: Parts,
    log: Log,
    at: At,
    *,
    now: bool = True,
    keys: Collection[Ed25519PublicKey] = (),
    only: Collection[str] = (),
    machines: Machines | None = None,
    tell: Tell = lambda name, words: None,
    progress: Progress = nothing,
    models: Collection[str] = (),
) -> Audit:
    """Check everything at a point.

    now: the point is the present, read models are compared too. keys: one of them has to have
    signed what is sealed; none: signatures need only be of whom they name. only: the checks that
    are made; empty: all. machines: who replays a log that is sealed to its end; None: this process.
    models: the read models that are compared; empty: all.
    Raises Malformed where a check of `only` cannot be made, or there is no such read model.
    """
    if strange := sorted({*models} - PROJECTIONS.keys()):
        names = ", ".join(PROJECTIONS)
        raise Malformed([Fault("--model", "no-model", f"there are {names}, no {strange[0]}")])
    auditor, start = Auditor(parts, log, at, now, keys, machines, progress, models), perf_counter()
    offered = [*auditor.checks()]
    if strange := sorted({*only} - {name for name, _, _ in offered}):
        names = ", ".join(name for name, _, _ in offered)
        raise Malformed([Fault("--only", "no-check", f"here there are {names}, no {strange[0]}")])
    if machines is not None:
        sealed_whole(log)  # else it would be said after hours of other checks
    verdicts, drawn = [], BLANK
    for name, words, check in offered:
        if only and name not in only:
            continue
        tell(name, words)
        began = perf_counter()
        told = check()
        seconds = perf_counter() - began
        verdicts.append(told.verdict(name, words, seconds))
        if name == "bytes" and told.found:
            break  # nothing that such files say is worth anything
        if name == "closing":
            drawn = pictures(log, at, instant_of(parts, at.known), auditor.whole)
    replayed = "whole" in vars(auditor)
    return Audit(
        at,
        instant_of(parts, at.known),
        log.head,
        "sealed log" if isinstance(log, SealedLog) else "store",
        tuple(verdicts),
        counts_of(auditor.whole.census) if replayed else {},
        drawn,
        str(auditor.whole.root) if replayed else "",
        perf_counter() - start,
    )


def seen_of(
    parts: Parts,
    progress: Callable[[int], None] = lambda position: None,
    key: bytes = b"",
) -> Seen:
    """What is seen of the store's entries; of a long store by several processes, as Walked.

    progress: told the position reached. key: what the sums of rows hang on; without one, no matter.
    """
    head, _ = parts.store.head()
    if head < SHARED_FROM:
        return look(parts.store, progress)
    return walk(parts.settings.database, head, key, progress, PROCESSES)


def sealed_whole(log: Log) -> Path:
    """The folder of a log that is sealed to its end, where other machines read it too.

    Raises Unavailable if it is not.
    """
    if not isinstance(log, SealedLog) or not isinstance(log.files, Folder):
        raise Unavailable("other machines read the sealed log in a folder; run `registry seal`")
    if log.head != log.manifest.head:
        waiting = log.head - log.manifest.head
        raise Unavailable(f"{waiting} entries are not sealed yet; run `registry seal`")
    return log.files.path


def sealed_bytes(
    parts: Parts, keys: Collection[Ed25519PublicKey], sound: set[str] | None = None
) -> Found:
    """Hash every byte of the sealed log; sound: gains the roots of the files that are."""
    found = Found(0, "bytes")

    def read(count: int) -> None:
        found.checked += count

    if parts.settings.archive:
        flaws = verify_archive(Path(parts.settings.archive), keys, read, sound)
    else:
        folder = sealed_folder(parts.settings)
        assert folder is not None, "what is sealed lies in a folder or in an archive"
        flaws = verify(Folder(folder), keys, read, sound)
    found.note(map(str, flaws))
    return found


def unreadable(parts: Parts, at: At, damage: Damaged, keys: Collection[Ed25519PublicKey]) -> Audit:
    """The audit of a sealed log that is so damaged that it cannot be opened."""
    start = perf_counter()
    try:
        told = sealed_bytes(parts, keys)
    except RegistryError:
        told = Found(0, "bytes")
    if not told.found:
        told.note(map(str, damage.flaws))
    seconds = perf_counter() - start
    words = "every byte of the sealed log is as it was sealed"
    verdict = told.verdict("bytes", words, seconds)
    head, _ = parts.store.head()
    return Audit(at, 0, head, "sealed log", (verdict,), {}, BLANK, "", seconds)


def residents_stored(engine: Engine, at: Point) -> Counter[bytes]:
    """How many residents of each community a table counts, whatever stands for one in it."""
    found: Counter[bytes] = Counter()
    try:
        with snapshot(engine) as connection:
            for key, count in connection.execute(as_stored(residences.counts(at).subquery())):
                found[name_of(key)] += count
    except SQLAlchemyError as error:
        raise failure(error) from error
    return found


def counts_of(told: Census) -> dict[str, int]:
    """What a census counts, and whose number is wrong."""
    return {**told.counts, "wrong_numbers": len(told.odd[WRONG_NUMBER])}


def instant_of(parts: Parts, position: int) -> int:
    """When a position was recorded, microseconds UTC; 0 for none."""
    page = parts.store.page(position - 1, 1, position) if position else []
    return page[0].recorded_at if page else 0
