"""Load, decide, record: the one way in which anything enters the register.

A batch of submissions is decided in order on histories held in memory and recorded in one
transaction; `execute` is pure, so a command is run again where a stream was not at hand or somebody
else entered first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from threading import Lock
from uuid import UUID

from registry.aggregates import Places
from registry.batch import Batch, Run
from registry.codec import Codec, canonical
from registry.days import dawn_of
from registry.entry import PROVISIONAL, Entry
from registry.errors import (
    Conflict,
    Forbidden,
    NewerProgram,
    RegistryError,
    SubmissionReused,
    Unavailable,
)
from registry.events.redaction import PartRedacted
from registry.memory import History
from registry.registrar import (
    Authority,
    Command,
    Missing,
    Notice,
    Registrar,
    Setting,
    Submission,
)
from registry.store import (
    Append,
    EntryStore,
    Failed,
    Outcome,
    Overtaken,
    Raced,
    Receipt,
    Repeated,
)

#: How often a command is decided anew after others entered first.
ATTEMPTS = 50
#: Streams whose histories are kept in memory between batches.
CACHED_STREAMS = 100_000


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
        self._newest: int | None = None  # the last instant of the store that it knows of
        self._deciding = Lock()  # threads may share a register; its memory decides for one batch

    def do(self, submission: Submission) -> Receipt:
        """Record one submission; raises the error that stands in its way."""
        (result,) = self.do_all([submission])
        if isinstance(result, RegistryError):
            raise result
        return result

    def do_all(self, batch: Sequence[Submission]) -> list[Receipt | RegistryError]:
        """Decide a batch in order and record it in one transaction; a loser fails alone."""
        one = Batch(batch)
        with self._deciding:
            try:
                self._complete(one)
            except BaseException:
                self._cache.clear()  # it may hold what was decided and not recorded
                raise
        return one.told()

    def history(self, stream: UUID) -> list[Entry]:
        """Every entry of a stream as it stands in the store."""
        return [self.codec.entry(stored) for stored in self.store.streams([stream])[stream]]

    def warm(self) -> None:
        """Have at hand what hardly any command does without: the tree of places."""
        with self._deciding:
            self._fetch([self.setting.places])
            self._cache[self.setting.places].folded(Places)

    def forget(self, streams: Collection[UUID]) -> None:
        """Forget histories, of which another process has blanked something."""
        with self._deciding:
            for stream in streams:
                self._cache.pop(stream, None)

    def _complete(self, batch: Batch) -> None:
        """Decide and record until everybody has a result."""
        for _ in range(ATTEMPTS):
            if not batch.todo:
                break
            self._decide(batch)
            self._take_in(batch, self._append(batch))
        for run in batch.todo:
            run.result = Conflict("others keep entering first; load again and retry")

    def _decide(self, batch: Batch) -> None:
        runs = batch.todo
        while len(self._cache) > CACHED_STREAMS:
            self._cache.popitem(last=False)
        now = self._now()
        fresh = self._named(batch)  # streams that are as new as this batch
        provisional = PROVISIONAL
        gathered = looked = False
        for index, run in enumerate(runs):
            while True:
                try:
                    if not run.stands(now):
                        self._run(run, now)
                except Missing as missing:
                    if gathered or index == len(runs) - 1:
                        self._fetch(missing.streams)
                        fresh |= missing.streams
                    else:
                        fresh |= self._gather(runs[index:], now)
                        gathered = True
                    continue
                except RegistryError as error:
                    # Another process may have entered since: a refusal needs today's date, which
                    # is looked for once a batch, and fresh histories.
                    if not looked:
                        looked = True
                        if (later := self._later(now)) is not None:
                            now = later
                            continue
                    guards = run.registrar.guards if run.registrar else {}
                    stale = {stream: guards[stream] for stream in guards.keys() - fresh}
                    fresh |= stale.keys()
                    if moved := self._moved(stale):
                        self._fetch(moved)
                        continue
                    run.result = error
                except Exception as error:
                    # A mistake of ours in one command is no reason to lose the others.
                    run.result = Unavailable(f"this submission cannot be decided: {error!r}")
                    run.result.__cause__ = error
                else:
                    assert run.registrar is not None
                    run.decided = False
                    provisional = run.registrar.record(provisional)
                    fresh.update(entry.stream for entry in run.registrar.noted)
                break
        if refused := [run for run in runs if run.result is not None]:
            self._answer_repetitions(refused)

    def _now(self) -> int:
        """The clock's instant, but never before what is recorded, as the store gives instants.

        So what is dated by its recording has that day, also where a clock was turned back.
        """
        if self._newest is None:
            _, self._newest = self.store.head()
        return max(self.clock(), self._newest)

    def _later(self, now: int) -> int | None:
        """Now, where another process has recorded something of a later day; else None."""
        _, self._newest = self.store.head()
        return self._newest if now < dawn_of(self._newest) else None

    def _named(self, batch: Batch) -> set[UUID]:
        """Fetch the streams that commands name in so many words, before any is tried in vain."""
        named = {
            value
            for run in batch.todo
            for value in vars(run.submission.command).values()
            if isinstance(value, UUID) and value not in self._cache
        }
        if named:
            self._fetch(named)
        return named

    def _moved(self, heads: Mapping[UUID, int]) -> Collection[UUID]:
        """Those streams that no longer have the version they are thought to have."""
        if not heads:
            return ()
        (outcome,) = self.store.append([Append(None, "", "", b"", b"{}", (), heads)])
        match outcome:
            case Receipt():
                return ()
            case Raced(streams):
                return streams
            case _:
                return heads.keys()

    def _answer_repetitions(self, refused: Sequence[Run]) -> None:
        """A refusal of something already recorded is a repetition, and gets the first answer."""
        recorded = self.store.submissions([run.submission.id for run in refused])
        for run in refused:
            if run.submission.id in recorded:
                run.result = _repetition(run, recorded[run.submission.id])

    def _run(self, run: Run, now: int) -> None:
        def nth(number: int) -> UUID:
            while len(run.ids) < number:
                run.ids.append(self._ids())
            return run.ids[number - 1]

        run.registrar, run.decided = None, False
        run.now = now
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
        run.decided = True

    def _gather(self, runs: Sequence[Run], now: int) -> set[UUID]:
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
            try:
                history = History([self.codec.entry(one) for one in stored])
            except NewerProgram as newer:  # is told to whoever needs this stream, to nobody else
                history = History([], str(newer))
            self._cache[stream] = history

    def _append(self, batch: Batch) -> list[Outcome]:
        appends = self._appends(batch)
        return self.store.append(appends) if appends else []

    def _appends(self, batch: Batch) -> list[Append]:
        """What a batch wishes to record."""
        runs = batch.accepted
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
                    frozenset(writers[stream] for stream in guards if stream in writers)
                    if writers
                    else frozenset(),
                    run.now,
                    run.submission.asked,
                )
            )
            if len(runs) > 1:
                writers.update((entry.stream, run.submission.id) for entry in run.registrar.noted)
        return appends

    def _take_in(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        """Take in what was recorded; whoever has to be decided anew is left without a result."""
        refused = [run for run in batch.todo if run.result is not None]
        unrecorded: set[UUID] = set()
        for run, outcome in zip(batch.accepted, outcomes, strict=True):
            assert run.registrar is not None
            match outcome:
                case Receipt(recorded_at=instant):
                    self._keep(run.registrar, outcome)
                    self._newest = max(instant, self._newest or 0)
                    run.result = outcome
                    continue
                case Raced():
                    self._forget(run.registrar)
                    if outcome.at is not None:
                        self._newest = max(outcome.at, self._newest or 0)
                    for stream in outcome.streams:
                        self._cache.pop(stream, None)
                case Repeated():
                    self._forget(run.registrar)
                    run.result = _repetition(run, outcome)
                case Overtaken():
                    self._forget(run.registrar)
                    run.result = Conflict(
                        "somebody was entered there while it was decided; nothing is recorded,"
                        " look again and send it again"
                    )
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
        batch.todo = [run for run in batch.todo if run.result is None]

    def _keep(self, registrar: Registrar, receipt: Receipt) -> None:
        for offset, entry in enumerate(registrar.noted):
            if type(entry.event) is PartRedacted:
                self._cache.pop(entry.event.entry_of, None)  # which knows what is blanked now
            history = self._cache.get(entry.stream)
            if history is not None and len(history.entries) >= entry.version:
                position = receipt.first + offset
                history.entries[entry.version - 1] = Entry(
                    *entry[:4],
                    position,
                    receipt.recorded_at,
                    *entry[6:9],
                    self.store.node,
                    position,
                )

    def _forget(self, registrar: Registrar) -> None:
        for stream in registrar.guards:
            self._cache.pop(stream, None)


def _repetition(run: Run, repeated: Repeated) -> Receipt | RegistryError:
    if (repeated.digest, repeated.officer) != (run.digest, run.submission.by.officer):
        return SubmissionReused(
            f"submission {run.submission.id} is recorded with another body or officer;"
            " use a new id for a new submission"
        )
    return repeated.receipt


__all__ = [
    "Authority",
    "Command",
    "Missing",
    "Notice",
    "Register",
    "Registrar",
    "Setting",
    "Submission",
]
