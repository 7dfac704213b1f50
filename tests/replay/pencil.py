"""An auditor with a pencil: every answer of the replay again, slowly, from entries alone.

It shares no code with `replay`. Which entries stand it decides one by one; of persons it keeps,
item by item, what is so and which entry said it; everything else it folds as the register does.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from registry.aggregates import AGGREGATES, Places
from registry.entry import Entry
from registry.vocabulary import ORDERS, VOCABULARY, Cause, Group, Kind, Order

#: What an entry that opens a record tells of a person.
ITEMS = (
    *("name", "sex", "birth_date", "nationality", "nature", "number", "name_as_found"),
    *("number_as_found", "birth_date_as_found", "mother", "father", "mother_name", "father_name"),
    *("guardian", "guardian_name", "education", "marital_status", "military_service", "height_cm"),
    *("birth_place", "native_place", "former_name", "occupation", "workplace", "other_address"),
    *("spouse", "spouse_name"),
)
GONE = ("out_kind", "left_on", "left_community", "destination", "certificate")

At = tuple[date, int]


class Said(NamedTuple):
    """What is so of an item, and the entry that said it."""

    value: Any
    entry: Entry


class Change(NamedTuple):
    """What became of a person between two points on both clocks."""

    person: UUID
    before: UUID | None
    after: UUID | None
    came_by: Cause | None
    went_by: Cause | None


class Pencil:
    """A log, read once; every question walks through it anew."""

    def __init__(self, log: Iterable[Entry]) -> None:
        self.log = list(log)
        self.streams: dict[UUID, list[Entry]] = defaultdict(list)
        self.kinds: dict[UUID, Kind] = {}
        for entry in self.log:
            self.streams[entry.stream].append(entry)
            self.kinds[entry.stream] = VOCABULARY[type(entry.event)].kind

    def of(self, kind: Kind) -> list[UUID]:
        """Every stream of a kind, in the order of its first entry."""
        return [stream for stream, its in self.kinds.items() if its is kind]

    # What stands.

    def stands(self, entry: Entry, known: int) -> bool:
        """Whether an entry stands as known at a position: no standing void names it."""
        for later in self.streams[entry.stream][entry.version :]:
            names = getattr(later.event, "voids", ())
            if later.position <= known and entry.version in names and self.stands(later, known):
                return False
        corrects = getattr(entry.event, "corrects", None)
        return corrects is None or self.stands(self.streams[entry.stream][corrects - 1], known)

    def history(self, stream: UUID, at: At) -> list[Entry]:
        """The entries that are folded at a point, in their order."""
        valid, known = at
        found = [
            one
            for one in self.streams[stream]
            if one.position <= known and one.effective_on <= valid
        ]
        if ORDERS[self.kinds[stream]] is not Order.EFFECTIVE:
            return found
        found = [
            one for one in found if self.stands(one, known) and not hasattr(one.event, "voids")
        ]
        return sorted(found, key=lambda one: (one.effective_on, one.version))

    # What is so.

    def state(self, stream: UUID, at: At) -> Any:
        """The state of anything at a point, by the register's own fold; None before it began."""
        return AGGREGATES[self.kinds[stream]].fold(self.history(stream, at))

    def person(self, stream: UUID, at: At) -> dict[str, Said]:
        """What is so of a person, item by item, with the entry that said it; empty if unknown."""
        return self.said(self.history(stream, at))

    def said(self, history: list[Entry]) -> dict[str, Said]:
        """What entries say of a person, the last one winning in each item."""
        items: dict[str, Said] = {}
        for entry in history:
            event, word = entry.event, VOCABULARY[type(entry.event)]
            if word.opens:
                items = {item: Said(getattr(event, item, None), entry) for item in ITEMS}
                items |= {item: Said(None, entry) for item in ("died_on", "kept", *GONE)}
                items["life"] = Said(0, entry)
            elif not items:
                continue  # nothing follows what has not begun
            for item, value in _told(entry):
                items[item] = Said(value, entry)
        return items

    def place(self, stream: UUID, at: At) -> UUID | None:
        """The community in whose population a person counts."""
        return place_of(self.person(stream, at))

    # The province.

    def tree(self, at: At) -> Places | None:
        """The tree of places as known at a point's position."""
        (stream,) = self.of(Kind.PLACES) or (None,)
        if stream is None:
            return None
        return Places.fold([one for one in self.streams[stream] if one.position <= at[1]])

    def path(self, community: UUID | None, at: At) -> set[UUID]:
        """A community with every division above it."""
        tree = self.tree(at)
        if community is None:
            return set()
        return {community} | {place for place, _ in (tree.above(community, at[0]) if tree else ())}

    def residents(self, at: At) -> Counter[UUID]:
        """How many people are registered in each community and division."""
        count: Counter[UUID] = Counter()
        for one in self.of(Kind.PERSON):
            count.update(self.path(self.place(one, at), at))
        return count

    def duplicates(self, at: At) -> dict[str, dict[UUID, int]]:
        """Numbers that several living people hold, each holder with the position that said so."""
        holders: dict[str, dict[UUID, int]] = defaultdict(dict)
        for one in self.of(Kind.PERSON):
            items = self.person(one, at)
            if items and items["life"].value == 0 and items["number"].value is not None:
                holders[items["number"].value][one] = items["number"].entry.position
        return {number: held for number, held in holders.items() if len(held) > 1}

    def duplicate_since(self, number: str, at: At) -> int:
        """The first position at which several living people held a number on the same day."""
        return next(k for k in range(at[1] + 1) if number in self.duplicates((at[0], k)))

    # Two points compared.

    def changes(self, a: At, b: At) -> Iterator[Change]:
        """Everybody whose place in the population differs, and by which causes."""
        for one in self.of(Kind.PERSON):
            before, after = self.place(one, a), self.place(one, b)
            if before != after:
                yield Change(one, before, after, *self._causes(one, a, b, before, after))

    def _causes(
        self, one: UUID, a: At, b: At, before: UUID | None, after: UUID | None
    ) -> tuple[Cause | None, Cause | None]:
        earlier = {entry.version for entry in self.history(one, a)}
        came = went = shifted = None
        history = self.history(one, b)
        for count, entry in enumerate(history, 1):
            was, now = (place_of(self.said(history[:end])) for end in (count - 1, count))
            if was is None and now is not None:
                came, shifted = entry, None
            elif was is not None and now is None:
                went = entry
            elif was != now:
                shifted = entry

        def cause(entry: Entry | None, undone: Cause) -> Cause:
            if entry is None or entry.version in earlier:
                return undone
            found = VOCABULARY[type(entry.event)].cause
            assert found is not None
            return found

        if after is None:
            return None, cause(went, Cause.VOIDED)
        if before is None:
            return cause(came, Cause.RESTORED), None
        if shifted is not None:
            return cause(shifted, Cause.VOIDED), cause(shifted, Cause.VOIDED)
        return cause(came, Cause.VOIDED), cause(went, Cause.VOIDED)

    def flows(self, a: At, b: At) -> tuple[Counter[tuple[UUID, Cause]], Counter[Any]]:
        """How many came to each place and how many left it, by cause."""
        came: Counter[tuple[UUID, Cause]] = Counter()
        went: Counter[tuple[UUID, Cause]] = Counter()
        causes = {change.person: change for change in self.changes(a, b)}
        for one in self.of(Kind.PERSON):
            before, after = self.place(one, a), self.place(one, b)
            old, new = self.path(before, a), self.path(after, b)
            change = causes.get(one)
            came_by = change.came_by if change else Cause.BOUNDARY
            went_by = change.went_by if change else Cause.BOUNDARY
            came.update((place, came_by) for place in new - old if came_by)
            went.update((place, went_by) for place in old - new if went_by)
        return came, went

    def rewritten(self, stream: UUID, a: At, b: At) -> dict[Group, str]:
        """The groups that another entry decides at b than at a, and how it came to."""
        old, new = self.history(stream, a), self.history(stream, b)
        if not self.said(old) or not self.said(new):
            return {}
        earlier = {entry.version for entry in old}
        found = {}
        for group in Group:
            was, now = (
                [one for one in begun(told) if group in VOCABULARY[type(one.event)].writes]
                for told in (old, new)
            )
            if (was[-1:] and was[-1].version) == (now[-1:] and now[-1].version):
                continue
            if now[-1].version in earlier:
                found[group] = "undone"
            else:
                found[group] = "corrected" if hasattr(now[-1].event, "corrects") else "changed"
        return found


def begun(history: list[Entry]) -> list[Entry]:
    """A history from the first entry that may open it."""
    for count, entry in enumerate(history):
        if VOCABULARY[type(entry.event)].opens:
            return history[count:]
    return []


def place_of(items: dict[str, Said]) -> UUID | None:
    """Where somebody is registered: who lives and has a place."""
    if not items or items["life"].value:
        return None
    place: UUID | None = items["community"].value
    return place


def _told(entry: Entry) -> Iterator[tuple[str, Any]]:
    """The items that an entry says something of, those of a whole record apart."""
    event = entry.event
    match type(event).__name__:
        case "DeathRegistered":
            yield from (("life", 1), ("died_on", event.effective_on))
        case "RecordDeleted":
            yield from (("life", 7), ("kept", event.kept))
        case "MovedOut":
            yield from (("household", None), ("community", None), ("out_kind", event.out_kind))
            yield from (("left_on", event.effective_on), ("left_community", event.community))
            yield from (("destination", event.destination), ("certificate", event.certificate))
        case "DetailsChanged" | "DetailsCorrected":
            yield from ((item, value) for item in ITEMS if (value := getattr(event, item, None)))
        case "MovedIn":
            yield from ((item, None) for item in GONE)
            yield from (("household", event.household), ("community", event.community))
        case _:
            told = (*ITEMS, "household", "community")
            yield from ((item, getattr(event, item)) for item in told if hasattr(event, item))
