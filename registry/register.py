"""Load, decide, record: the one way in which anything enters the register.

A batch of submissions is decided in order on histories held in memory and recorded in one
transaction; `execute` is pure, so a command is run again where a stream was not at hand or somebody
else entered first.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Any, Protocol, TypeVar
from uuid import UUID, uuid5

from registry.aggregates import AGGREGATES, Aggregate, Places, rules
from registry.codec import Codec, canonical
from registry.days import day_at
from registry.entry import UNRECORDED, Entry
from registry.errors import (
    Conflict,
    Forbidden,
    NotFound,
    Refused,
    RegistryError,
    Rule,
    SubmissionReused,
    Unavailable,
)
from registry.history import effective, standing, voided_versions
from registry.store import Append, EntryStore, Failed, Raced, Receipt, Repeated
from registry.values import OfficeCode, Officer
from registry.vocabulary import ORDERS, VOCABULARY, Kind, Order

A = TypeVar("A", bound=Aggregate)

#: How often a command is decided anew after others entered first.
ATTEMPTS = 50
#: Streams whose histories are kept in memory between batches.
CACHED_STREAMS = 100_000

#: Kinds of stream that stand in an officer's area by themselves.
PLACED = frozenset({Kind.PERSON, Kind.HOUSEHOLD, Kind.DOORPLATE, Kind.STREET, Kind.PERMIT})


@dataclass(frozen=True)
class Authority:
    """Who acts, for which office, in which roles, and where.

    area: codes of the divisions whose people the officer may register; None: everywhere.
    """

    officer: Officer
    office: OfficeCode
    roles: frozenset[str]
    area: tuple[str, ...] | None = None


class Command(Protocol):
    """A command is its data and one pure method; its class's ROLES name who may send it."""

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter events and return what the submitter is told."""
        ...


@dataclass(frozen=True)
class Submission:
    """A command, who sends it, and the name by which it is known when it comes again."""

    id: UUID
    by: Authority
    command: Command

    def digest(self) -> bytes:
        """SHA-256 of the canonical body."""
        name = type(self.command).__name__.encode()
        return hashlib.sha256(name + b"\n" + canonical(self.command)).digest()


@dataclass(frozen=True)
class Notice:
    """Something lawful that the officer should know, such as a deadline that was missed."""

    code: str
    law: str
    message: str


class Missing(Exception):
    """Streams that a command needs are not at hand; never seen outside this module."""

    def __init__(self, streams: Iterable[UUID]) -> None:
        self.streams = frozenset(streams)


class History:
    """The entries of one stream, in version order, and the state they fold to in that order.

    `plain` tells that version order is also the order of effective days and that nothing is voided
    or corrected, as in most streams: then the state is carried on instead of folded anew.
    """

    __slots__ = ("_state", "_upto", "entries", "last_day", "plain")

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self.plain = True
        self.last_day = date.min
        self._state: Any = None
        self._upto = 0

    def folded(self, kind: type[A]) -> A | None:
        """The state after all entries in version order, folded once and carried on."""
        for entry in self.entries[self._upto :]:
            word = VOCABULARY[type(entry.event)]
            if word.voids or word.corrects or entry.effective_on < self.last_day:
                self.plain = False
            self.last_day = max(self.last_day, entry.effective_on)
            self._state = kind.evolve(self._state, entry.event, entry.stream)
        self._upto = len(self.entries)
        return self._state  # type: ignore[no-any-return]  # a stream holds one kind

    def state_on(self, kind: type[A], on: date | None) -> A | None:
        """The state on a day, by the one order of effective history."""
        state = self.folded(kind)
        if self.plain and (on is None or on >= self.last_day):
            return state
        return kind.fold(effective(self.entries, on))

    def continued_by(self, kind: type[A], noted: Sequence[Entry]) -> bool:
        """Whether entries come after everything that stands, and undo or correct nothing."""
        self.folded(kind)
        last = self.last_day
        for entry in noted:
            word = VOCABULARY[type(entry.event)]
            if word.voids or word.corrects or entry.effective_on < last:
                return False
            last = entry.effective_on
        return self.plain


@dataclass(frozen=True)
class Setting:
    """What a register is told by whoever starts it."""

    namespace: UUID  # secret of the province; names of numbers, books and papers derive from it
    places: UUID  # the stream of the tree of places
    reversal_days: int | None = None  # business older than this is not undone; None: no limit


class Registrar:
    """What a command sees of the register while it is decided."""

    def __init__(
        self,
        histories: MutableMapping[UUID, History],
        submission: Submission,
        now: int,
        setting: Setting,
        ids: Callable[[int], UUID],
    ) -> None:
        self._histories = histories
        self._submission = submission
        self._setting = setting
        self._ids = ids
        self._made = 0
        self._noted: dict[UUID, list[Entry]] = {}
        self._order: list[Entry] = []
        self._loaded: dict[UUID, int] = {}
        self._rules: list[Rule] = []
        self.notices: list[Notice] = []
        self.now = now
        self.today = day_at(now)

    @property
    def authority(self) -> Authority:
        """Who acts."""
        return self._submission.by

    @property
    def setting(self) -> Setting:
        """What the register was told at its start."""
        return self._setting

    def new_id(self) -> UUID:
        """A fresh identifier that says nothing; the same one when the command is run again."""
        self._made += 1
        made = self._ids(self._made)
        self._histories.setdefault(made, History([]))  # nothing can stand there yet
        return made

    def named(self, kind: Kind, name: str) -> UUID:
        """The identifier that a number, book or paper has by its name."""
        return uuid5(self._setting.namespace, f"{kind}/{name}")

    def entries(self, stream: UUID) -> list[Entry]:
        """Every entry of a stream, in version order, those of this command included."""
        history = self._histories.get(stream)
        if history is None:
            raise Missing([stream])
        self._loaded.setdefault(stream, len(history.entries))
        noted = self._noted.get(stream)
        return history.entries + noted if noted else history.entries

    def prefetch(self, streams: Collection[UUID]) -> None:
        """Ask for several streams at once."""
        missing = [stream for stream in streams if stream not in self._histories]
        if missing:
            raise Missing(missing)

    def find(self, kind: type[A], stream: UUID, on: date | None = None) -> A | None:
        """The state of a stream on a day as known now; None where nothing is known of it."""
        entries = self.entries(stream)
        if entries and VOCABULARY[type(entries[0].event)].kind is not kind.KIND:
            raise NotFound(kind.KIND, stream)
        effective_order = ORDERS[kind.KIND] is Order.EFFECTIVE
        if stream in self._noted:
            return kind.fold(effective(entries, on) if effective_order else entries)
        history = self._histories[stream]
        return history.state_on(kind, on) if effective_order else history.folded(kind)

    def load(self, kind: type[A], stream: UUID, on: date | None = None) -> A:
        """The state of a stream on a day as known now.

        Raises NotFound if there is no such stream; a day before its first entry is refused.
        """
        state = self.find(kind, stream, on)
        if state is not None:
            return state
        if not self.entries(stream):
            raise NotFound(kind.KIND, stream)
        raise Refused([*self._rules, rules.NotKnownYet(stream)])

    def places(self) -> Places:
        """The tree of places."""
        return self.find(Places, self._setting.places) or Places(id=self._setting.places)

    def refuse_if(self, *stands: tuple[bool, Rule]) -> None:
        """Note every rule whose condition holds; they are raised together."""
        self._rules.extend(rule for condition, rule in stands if condition)

    def stop_if_refused(self) -> None:
        """Raise what has been noted; for where going on makes no sense."""
        if self._rules:
            raise Refused(list(dict.fromkeys(self._rules)))

    def notice(self, code: str, law: str, message: str) -> None:
        """Tell the officer something that does not stand in the way."""
        self.notices.append(Notice(code, law, message))

    def enter(self, stream: UUID, event: Any) -> Entry:
        """Note an event on a stream, to be recorded with everything else of this command."""
        version = len(self.entries(stream)) + 1
        # Whole but for its position, since a later submission of the batch may name it.
        by = self._submission.by
        entry = Entry(
            stream,
            version,
            event,
            event.effective_on,
            recorded_at=self.now,
            officer=by.officer,
            office=by.office,
            submission=self._submission.id,
        )
        self._noted.setdefault(stream, []).append(entry)
        self._order.append(entry)
        return entry

    def settle(self) -> None:
        """Check everything noted against the state before it and every later day after it."""
        for stream, noted in self._noted.items():
            self._rules.extend(self._faults(stream, noted))
        self._check_area()
        self.stop_if_refused()

    def _faults(self, stream: UUID, noted: list[Entry]) -> Iterable[Rule]:
        word = VOCABULARY[type(noted[0].event)]
        kind = AGGREGATES[word.kind]
        history = self._histories[stream]
        effective_order = ORDERS[word.kind] is Order.EFFECTIVE
        if effective_order:
            for entry in noted:
                if entry.effective_on > self.today:
                    yield rules.NotYet(entry.effective_on)
        if not effective_order or history.continued_by(kind, noted):
            state = history.folded(kind)
            for entry in noted:
                yield from kind.check(state, entry.event)
                state = kind.after(state, entry.event, stream)
            return
        before, after = self._histories[stream].entries, self.entries(stream)
        yield from _check_named_versions(after, noted)
        new = {entry.version for entry in noted}
        found = kind.faults(standing(after))
        if not found:
            return
        old = {(entry.version, rule) for entry, rule in kind.faults(standing(before))}
        for entry, rule in found:
            if entry.version in new:
                yield rule
            elif (entry.version, rule) not in old:
                what = VOCABULARY[type(entry.event)].name
                yield rules.EntryInTheWay(
                    f"version {entry.version}, {what} of {entry.effective_on}: {rule.message}"
                )

    def _check_area(self) -> None:
        """Every person entered upon must stand in the officer's area.

        Who brings a person in answers for the target, who takes one out for the origin; an entry
        that moves nobody is a matter of the place where the person is registered.
        """
        for entry in self._order if self.authority.area is not None else ():
            word = VOCABULARY[type(entry.event)]
            community = self._place_of(entry, word.kind, word.enters, word.leaves)
            if not self.in_area(community):
                self._rules.append(rules.OutsideArea(community))

    def in_area(self, community: UUID | None) -> bool:
        """Whether a community belongs to the officer's area today; nowhere is in every area."""
        area = self.authority.area
        if area is None or community is None:
            return True
        return any(fact.code in area for _, fact in self.places().above(community, self.today))

    def _place_of(
        self, entry: Entry, kind: Kind, enters: str | None, leaves: str | None
    ) -> UUID | None:
        for name in (enters, leaves):
            if name and (community := getattr(entry.event, name)):
                return community  # type: ignore[no-any-return]  # declared as a community
        persons = any(VOCABULARY[type(one.event)].kind is Kind.PERSON for one in self._order)
        if kind not in PLACED or (persons and kind is not Kind.PERSON):
            return None
        shape = AGGREGATES[kind]
        history = self._histories[entry.stream]
        state = history.state_on(shape, None) if history.entries else shape.fold([entry])
        found = [getattr(state, name, None) for name in ("community", "left_community", "division")]
        return next((place for place in found if place is not None), None)

    @property
    def noted(self) -> list[Entry]:
        """Entries to be recorded, in the order in which they were noted."""
        return self._order

    @property
    def guards(self) -> dict[UUID, int]:
        """Streams that were read, and the version each one had."""
        return self._loaded


def _check_named_versions(entries: Sequence[Entry], noted: Sequence[Entry]) -> Iterable[Rule]:
    """A correction or void must name a standing version, and take over its day."""
    by_version = {entry.version: entry for entry in entries}
    for entry in noted:
        word = VOCABULARY[type(entry.event)]
        if not (word.corrects or word.voids):
            continue
        fallen = voided_versions(entries[: entry.version - 1])
        named = [entry.event.corrects] if word.corrects else entry.event.voids
        for version in named:
            target = by_version.get(version)
            if target is None or version in fallen or version >= entry.version:
                yield (rules.NothingToCorrect if word.corrects else rules.NothingToVoid)(version)
            elif word.corrects and (
                not word.writes <= VOCABULARY[type(target.event)].writes
                or target.effective_on != entry.effective_on
            ):
                yield rules.NothingToCorrect(version)


@dataclass
class _Run:
    """One submission on its way through a batch."""

    submission: Submission
    digest: bytes
    registrar: Registrar | None = None
    answer: bytes = b"{}"
    result: Receipt | RegistryError | None = None
    ids: list[UUID] = field(default_factory=list)


class Register:
    """The register: loads, decides, records."""

    def __init__(
        self,
        store: EntryStore,
        setting: Setting,
        *,
        clock: Callable[[], int],
        ids: Callable[[], UUID],
        salt: Callable[[], bytes],
        codec: Codec | None = None,
    ) -> None:
        self.store = store
        self.setting = setting
        self.clock = clock
        self.codec = codec or Codec()
        self._ids = ids
        self._salt = salt
        self._cache: OrderedDict[UUID, History] = OrderedDict()
        self._deciding = Lock()  # threads may share a register; its memory decides for one batch

    def do(self, submission: Submission) -> Receipt:
        """Record one submission; raises the error that stands in its way."""
        (result,) = self.do_all([submission])
        if isinstance(result, RegistryError):
            raise result
        return result

    def do_all(self, batch: Sequence[Submission]) -> list[Receipt | RegistryError]:
        """Decide a batch in order and record it in one transaction; a loser fails alone."""
        runs = [_Run(submission, submission.digest()) for submission in batch]
        first: dict[UUID, _Run] = {}
        for run in runs:
            first.setdefault(run.submission.id, run)
        todo = list(first.values())
        with self._deciding:
            try:
                for _ in range(ATTEMPTS):
                    if not todo:
                        break
                    self._decide(todo)
                    self._record(todo)
                    todo = [run for run in todo if run.result is None]
            except Exception:
                self._cache.clear()  # it may hold what was decided and not recorded
                raise
        for run in todo:
            run.result = Conflict("others keep entering first; load again and retry")
        return [self._told(run, first[run.submission.id]) for run in runs]

    def history(self, stream: UUID) -> list[Entry]:
        """Every entry of a stream as it stands in the store."""
        return [self.codec.entry(stored) for stored in self.store.streams([stream])[stream]]

    @staticmethod
    def _told(run: _Run, first: _Run) -> Receipt | RegistryError:
        if run is not first and run.digest != first.digest:
            return SubmissionReused(f"submission {run.submission.id} came with another body")
        assert first.result is not None
        return first.result

    def _decide(self, runs: Sequence[_Run]) -> None:
        now = self.clock()
        fresh: set[UUID] = set()  # streams that are as new as this batch
        gathered = False
        for index, run in enumerate(runs):
            while True:
                try:
                    self._run(run, now)
                except Missing as missing:
                    if gathered:
                        self._fetch(missing.streams)
                        fresh |= missing.streams
                    else:
                        fresh |= self._gather(runs[index:], now)
                        gathered = True
                    continue
                except RegistryError as error:
                    # Another process may have entered since: a refusal needs fresh histories.
                    stale = run.registrar.guards.keys() - fresh if run.registrar else set()
                    if stale:
                        self._fetch(stale)
                        fresh |= stale
                        continue
                    run.result = error
                except Exception as error:
                    # A mistake of ours in one command is no reason to lose the others.
                    run.result = Unavailable(f"this submission cannot be decided: {error!r}")
                    run.result.__cause__ = error
                else:
                    assert run.registrar is not None
                    for entry in run.registrar.noted:
                        self._cache[entry.stream].entries.append(entry)
                        fresh.add(entry.stream)
                break
        self._answer_repetitions([run for run in runs if run.result is not None])

    def _answer_repetitions(self, refused: Sequence[_Run]) -> None:
        """A refusal of something already recorded is a repetition, and gets the first answer."""
        if not refused:
            return
        recorded = self.store.submissions([run.submission.id for run in refused])
        for run in refused:
            if run.submission.id in recorded:
                run.result = _repetition(run, recorded[run.submission.id])

    def _run(self, run: _Run, now: int) -> None:
        def nth(number: int) -> UUID:
            while len(run.ids) < number:
                run.ids.append(self._ids())
            return run.ids[number - 1]

        run.registrar = None
        command = run.submission.command
        roles: frozenset[str] = type(command).ROLES  # type: ignore[attr-defined]  # by @command
        if roles.isdisjoint(run.submission.by.roles):
            raise Forbidden(
                f"{type(command).__name__} is for {', '.join(sorted(roles))};"
                " ask an officer in that role"
            )
        registrar = run.registrar = Registrar(self._cache, run.submission, now, self.setting, nth)
        answer = dict(command.execute(registrar))
        registrar.settle()
        if registrar.notices:
            answer["notices"] = registrar.notices
        run.answer = canonical(answer)

    def _gather(self, runs: Sequence[_Run], now: int) -> set[UUID]:
        """Fetch what a batch asks for, one select a round; only who missed something runs again."""
        gathered: set[UUID] = set()
        waiting = list(runs)
        while waiting:
            wanted: set[UUID] = set()
            short = []
            for run in waiting:
                try:
                    self._run(run, now)
                except Missing as missing:
                    wanted |= missing.streams
                    short.append(run)
                except Exception:
                    continue  # its turn to be decided will come, and the error with it
            if wanted:
                self._fetch(wanted)
            gathered |= wanted
            waiting = short
        return gathered

    def _fetch(self, streams: Collection[UUID]) -> None:
        for stream, stored in self.store.streams(streams).items():
            self._cache[stream] = History([self.codec.entry(one) for one in stored])

    def _record(self, decided: Sequence[_Run]) -> None:
        """Append what was accepted; whoever has to be decided anew is left without a result."""
        runs = [run for run in decided if run.result is None]
        refused = [run for run in decided if run.result is not None]
        appends = []
        writers: dict[UUID, UUID] = {}  # who of this batch wrote a stream last
        for run in runs:
            assert run.registrar is not None
            by = run.submission.by
            guards = run.registrar.guards
            appends.append(
                Append(
                    run.submission.id,
                    by.officer,
                    by.office,
                    run.digest,
                    run.answer,
                    [self.codec.stored(entry, self._salt) for entry in run.registrar.noted],
                    guards,
                    frozenset(writers[stream] for stream in guards if stream in writers),
                )
            )
            writers.update((entry.stream, run.submission.id) for entry in run.registrar.noted)
        outcomes = self.store.append(appends) if appends else []
        unrecorded: set[UUID] = set()
        for run, outcome in zip(runs, outcomes, strict=True):
            assert run.registrar is not None
            match outcome:
                case Receipt():
                    self._keep(run.registrar, outcome)
                    run.result = outcome
                    continue
                case Raced():
                    self._forget(run.registrar)
                    for stream in outcome.streams:
                        self._cache.pop(stream, None)
                case Repeated():
                    self._forget(run.registrar)
                    run.result = _repetition(run, outcome)
                case Failed(error):
                    self._forget(run.registrar)
                    failure = Unavailable(f"the database refused this submission: {error}")
                    failure.__cause__ = error
                    run.result = failure
            unrecorded.update(entry.stream for entry in run.registrar.noted)
        for run in refused:
            # What stood in its way has not been recorded after all.
            guards = run.registrar.guards if run.registrar is not None else {}
            if isinstance(run.result, RegistryError) and not unrecorded.isdisjoint(guards):
                run.result = None
        while len(self._cache) > CACHED_STREAMS:
            self._cache.popitem(last=False)

    def _keep(self, registrar: Registrar, receipt: Receipt) -> None:
        for offset, entry in enumerate(registrar.noted):
            history = self._cache.get(entry.stream)
            if history is not None and len(history.entries) >= entry.version:
                position = receipt.first + offset
                history.entries[entry.version - 1] = entry._replace(
                    position=position,
                    recorded_at=receipt.recorded_at,
                    origin=self.store.node,
                    origin_seq=position,
                )

    def _forget(self, registrar: Registrar) -> None:
        for stream in registrar.guards:
            self._cache.pop(stream, None)


def _repetition(run: _Run, repeated: Repeated) -> Receipt | RegistryError:
    if repeated.digest != run.digest:
        return SubmissionReused(
            f"submission {run.submission.id} is recorded with another body;"
            " use a new id for a new submission"
        )
    return repeated.receipt


__all__ = [
    "UNRECORDED",
    "Authority",
    "Command",
    "Missing",
    "Notice",
    "Register",
    "Registrar",
    "Setting",
    "Submission",
]
