"""What a command sees of the register while it is decided, and who sends it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, Protocol, TypeVar
from uuid import UUID, uuid5

from registry.aggregates import AGGREGATES, Aggregate, Places, rules
from registry.aggregates.places import places_told
from registry.card_terms import CardSetting
from registry.checks.entry import BreaksCheckRule, review
from registry.codec import canonical
from registry.days import day_at
from registry.entry import UNRECORDED, Entry
from registry.errors import NewerProgram, NotFound, Refused, Rule
from registry.history import effective, standing, voided_versions
from registry.memory import History
from registry.values import OfficeCode, Officer
from registry.vocabulary import ORDERS, VOCABULARY, Kind, Order

A = TypeVar("A", bound=Aggregate)

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
    """A command, who sends it, and the name by which it is known when it comes again.

    asked: what read models were asked about before, and how far these had come; it is a conflict if
    anything entered since names it. found: the rules that by them stand in the way, told with those
    that deciding finds; no part of what the submission is known by.
    """

    id: UUID
    by: Authority
    command: Command
    asked: Mapping[UUID | str, int] = field(default_factory=dict)
    found: tuple[Rule, ...] = ()

    def digest(self) -> bytes:
        """SHA-256 of the canonical body; fields that came later are in it once they say something.

        So it is the same for ever, and so is what a client is told who sends it again.
        """
        command: Any = self.command
        name = type(command).__name__.encode()
        if later := getattr(command, "LATER", None):
            said = {one.name: getattr(command, one.name) for one in fields(command)}
            command = {at: it for at, it in said.items() if at not in later or it != later[at]}
        return hashlib.sha256(name + b"\n" + canonical(command)).digest()


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


#: Fields of a state that tell where it stands, the first that has a value.
PLACES_OF = ("community", "left_community", "division")
#: What is told to an officer with an area who puts a division under no other one.
NO_AREA = "a province is founded by an officer for whom no area is set"
#: The papers of a mover from elsewhere (迁移证, 准迁证).
MOVE_PAPERS = frozenset({"certificate", "permit"})


@dataclass(frozen=True)
class Setting:
    """What a register is told by whoever starts it."""

    namespace: UUID  # secret of the province; names of numbers, books and papers derive from it
    places: UUID  # the stream of the tree of places
    reversal_days: int | None = None  # business older than this is not undone; None: no limit
    cards: CardSetting = field(default_factory=CardSetting)  # gates, inspections
    # What a mover from elsewhere must hand in, of certificate and permit; of the other one that the
    # law asks for the officer is reminded.
    papers: frozenset[str] = frozenset({"certificate"})


#: Kinds of which entries may be dated back, undone and corrected.
_EFFECTIVE = frozenset(
    shape for kind, shape in AGGREGATES.items() if ORDERS[Kind(kind)] is Order.EFFECTIVE
)


def told_of(entry: Entry) -> str:
    """An entry as rules name it: which version of whose stream, what it is and of which day."""
    word = VOCABULARY[type(entry.event)]
    day = entry.effective_on
    return f"version {entry.version} of {word.kind} {entry.stream}, {word.name} of {day}"


class _Touched:
    """A stream that a command has asked for: its history, the version it had, what was noted."""

    __slots__ = ("after", "history", "noted", "stream", "version")

    def __init__(self, stream: UUID, history: History) -> None:
        self.stream = stream
        self.history = history
        self.version = len(history.entries)
        self.noted: list[Entry] = []
        self.after: Any = None  # the state with what was noted, once settled by carrying on


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
        self._touched: dict[UUID, _Touched] = {}
        self._written: list[_Touched] = []
        self._order: list[Entry] = []
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
        one = self._touch(stream)
        return one.history.entries + one.noted if one.noted else one.history.entries

    def _touch(self, stream: UUID) -> _Touched:
        one = self._touched.get(stream)
        if one is None:
            history = self._histories.get(stream)
            if history is None:
                raise Missing([stream])
            if history.unread:
                raise NewerProgram(history.unread)
            one = self._touched[stream] = _Touched(stream, history)
        return one

    def prefetch(self, streams: Collection[UUID]) -> None:
        """Ask for several streams at once."""
        missing = [stream for stream in streams if stream not in self._histories]
        if missing:
            raise Missing(missing)

    def find(self, kind: type[A], stream: UUID, on: date | None = None) -> A | None:
        """The state of a stream on a day as known now; None where nothing is known of it."""
        one = self._touch(stream)
        first = one.history.entries or one.noted
        if first and VOCABULARY[type(first[0].event)].kind is not kind.KIND:
            raise NotFound(kind.KIND, stream)
        effective_order = kind in _EFFECTIVE
        if one.noted:
            entries = one.history.entries + one.noted
            return kind.fold(effective(entries, on) if effective_order else entries)
        return one.history.state_on(kind, on) if effective_order else one.history.folded(kind)

    def load(self, kind: type[A], stream: UUID, on: date | None = None) -> A:
        """The state of a stream on a day as known now.

        Raises NotFound if there is no such stream; a day before its first entry is refused, which
        nobody of another area is told: it says since when somebody is registered.
        """
        state = self.find(kind, stream, on)
        if state is not None:
            return state
        if not self.entries(stream):
            raise NotFound(kind.KIND, stream)
        self.refuse_elsewhere(self.find(kind, stream))
        raise Refused([*self._rules, rules.NotKnownYet(stream)])

    def places(self) -> Places:
        """The tree of places."""
        return self.find(Places, self._setting.places) or Places(id=self._setting.places)

    def refuse_if(self, *stands: tuple[bool, Rule]) -> None:
        """Note every rule whose condition holds; they are raised together."""
        for condition, rule in stands:
            if condition:
                self._rules.append(rule)

    def stop_if_refused(self) -> None:
        """Raise what has been noted; for where going on makes no sense.

        Who is not in charge of somebody is told that, and by no other rule anything of him.
        """
        if self._rules:
            outside = [rule for rule in self._rules if isinstance(rule, rules.OutsideArea)]
            raise Refused(list(dict.fromkeys(outside or self._rules)))

    def refuse_elsewhere(self, state: Any) -> None:
        """Refuse at once what concerns somebody or something of another area.

        For what is decided by looking at entries, which nobody else is to learn of.
        """
        found = (getattr(state, name, None) for name in PLACES_OF)
        place = next((one for one in found if one is not None), None)
        if not self.in_area(place):
            self._rules.append(rules.OutsideArea(place))
            self.stop_if_refused()

    def notice(self, code: str, law: str, message: str) -> None:
        """Tell the officer something that does not stand in the way."""
        self.notices.append(Notice(code, law, message))

    def enter(self, stream: UUID, event: Any) -> Entry:
        """Note an event on a stream, to be recorded with everything else of this command."""
        one = self._touch(stream)
        version = len(one.history.entries) + len(one.noted) + 1
        # Whole but for its position, since a later submission of the batch may name it.
        by = self._submission.by
        entry = Entry(
            stream,
            version,
            event,
            event.effective_on,
            UNRECORDED,
            self.now,
            by.officer,
            by.office,
            self._submission.id,
        )
        if not one.noted:
            self._written.append(one)
        one.noted.append(entry)
        self._order.append(entry)
        return entry

    def settle(self) -> None:
        """Check everything noted against the state before it and every later day after it."""
        self._rules.extend(self._submission.found)
        for one in self._written:
            self._rules.extend(self._faults(one))
        self._check_area()
        self.stop_if_refused()
        self._review()
        self.stop_if_refused()

    def _review(self) -> None:
        """Hold what is entered against the check rules: errors refuse, warnings are advice."""
        written = ((one.stream, one.noted) for one in self._written)
        for rule, refused in review(self, written, self.today):
            words = f"{rule.code} {rule.name_zh}, {rule.name_en}"
            if refused:
                self._rules.append(BreaksCheckRule(words))
            else:
                self.notice(f"check-{rule.code}", rule.source, words)

    def before(self, kind: type[A], stream: UUID) -> A | None:
        """The state of a stream as it was before this command."""
        history = self._histories[stream]
        return history.state_on(kind, None) if history.entries else None

    def after(self, kind: type[A], stream: UUID) -> A | None:
        """The state of a stream with what this command enters, carried on where that will do."""
        one = self._touch(stream)
        if not one.noted:
            return self.find(kind, stream)
        if one.after is not None:
            return one.after  # type: ignore[no-any-return]  # a stream holds one kind
        return kind.fold(effective(one.history.entries + one.noted))

    def loaded(self, stream: UUID) -> bool:
        """Whether this command has asked for a stream."""
        return stream in self._touched

    def current(self) -> bool:
        """Whether every history that was read is at hand still, and has not gone on since."""
        return all(
            self._histories.get(stream) is one.history and len(one.history.entries) == one.version
            for stream, one in self._touched.items()
        )

    def record(self, position: int) -> int:
        """Let the histories go on by what was noted, for whoever is decided next.

        position: from which on what was noted is numbered until it is recorded. Returns the next.
        """
        self._order = [
            Entry._make((*entry[:4], number, *entry[5:]))
            for number, entry in enumerate(self._order, position)
        ]
        alone = len(self._written) == 1
        for one in self._written:
            one.noted = [entry for entry in self._order if alone or entry.stream == one.stream]
            one.history.extend(one.noted, one.after)
        return position + len(self._order)

    def _faults(self, one: _Touched) -> Iterable[Rule]:
        history, noted = one.history, one.noted
        word = VOCABULARY[type(noted[0].event)]
        kind = AGGREGATES[word.kind]
        effective_order = kind in _EFFECTIVE
        if effective_order:
            for entry in noted:
                if entry.effective_on > self.today:
                    yield rules.NotYet(entry.effective_on)
        if not effective_order or history.continued_by(kind, noted):
            state = history.folded(kind)
            for entry in noted:
                broken = [*kind.check(state, entry.event)]
                yield from broken
                if broken:
                    return  # what would come of it is nothing that `evolve` must know
                state = kind.after(state, entry.event, one.stream)
            one.after = state
            return
        before, after = history.entries, history.entries + noted
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
                yield rules.EntryInTheWay(f"{told_of(entry)}: {rule.message}")

    def _check_area(self) -> None:
        """Every person entered upon must stand in the officer's area.

        Who brings a person in answers for the target, who takes one out for the origin; an entry
        that moves nobody is a matter of the place where the person is registered.
        """
        for entry in self._order if self.authority.area is not None else ():
            word = VOCABULARY[type(entry.event)]
            if word.kind is Kind.PLACES:
                self._check_tree(entry)
                continue
            community = self._place_of(entry, word.kind, word.enters, word.leaves)
            if not self.in_area(community):
                self._rules.append(rules.OutsideArea(community))

    def _check_tree(self, entry: Entry) -> None:
        """What an entry changes of the tree, and what it puts it under, must lie in the area.

        So must a code that it gives.

        As the tree was before the command, today or, of what is dated ahead, on its day.
        """
        tree = self._histories[entry.stream].folded(Places) or Places(id=entry.stream)
        day, area = max(self.today, entry.effective_on), self.authority.area or ()
        for place in places_told(entry.event):
            if place is None:
                self._rules.append(rules.OutsideArea(NO_AREA))
            elif tree.fact(place, day) is None:  # nothing is learnt of what is not there
                self._rules.append(rules.DivisionUnknown(place))
            elif not any(fact.code in area for _, fact in tree.above(place, day)):
                self._rules.append(rules.OutsideArea(place))
        code = getattr(entry.event, "division_code", None)
        if code is not None and not self.code_in_area(code):
            bears = tree.fact(entry.event.division, day)
            if bears is None or bears.code != code:  # a new name leaves the code as it is
                self._rules.append(rules.OutsideArea(code))

    def in_area(self, community: UUID | None) -> bool:
        """Whether a community belongs to the officer's area today; nowhere is in every area."""
        area = self.authority.area
        if area is None or community is None:
            return True
        return any(fact.code in area for _, fact in self.places().above(community, self.today))

    def code_in_area(self, code: str) -> bool:
        """Whether what bears a division's code, or comes to bear it, is the officer's affair."""
        area = self.authority.area
        return area is None or code.startswith(tuple(_stem(one) for one in area))

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
        found = [getattr(state, name, None) for name in PLACES_OF]
        return next((place for place in found if place is not None), None)

    @property
    def noted(self) -> list[Entry]:
        """Entries to be recorded, in the order in which they were noted."""
        return self._order

    @property
    def guards(self) -> dict[UUID, int]:
        """Streams that were read, and the version each one had."""
        return {stream: one.version for stream, one in self._touched.items()}


def _stem(code: str) -> str:
    """The digits that a division's code shares with the codes of all divisions under it."""
    if code.endswith("0000"):
        return code[:2]
    return code[:4] if code.endswith("00") else code


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
