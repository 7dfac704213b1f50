"""Bringing batches into the log: in one trip where nobody else enters, else in two.

Whoever was the last to enter knows how the log stands: its end, and the versions of the streams
that were seen since nobody else entered. Then a batch is decided at once, and its rows are sent
together with the one condition that the end of the log is still what it was: the database looks at
nothing else. Where the condition fails, or anything else does, the batch is decided again on what
is found under the lock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from threading import Lock

from adapters.appending import Accepted, Found, Last, Wish, decide, redact
from adapters.drivers import Driver, is_away
from registry.events.redaction import PART_REDACTED
from registry.store import Append, Failed, Outcome

#: Streams whose versions are kept.
KNOWN_STREAMS = 200_000
#: So many batches in a row must have found nobody else's entries before it is taken for granted:
#: where several processes take turns, a trip in vain costs more than one that is saved.
TRUST = 3


class Standing:
    """How the log stands as long as nobody else enters."""

    def __init__(self) -> None:
        self._changing = Lock()
        self._last: Last | None = None
        self._since = 0  # every entry after this position is ours
        self._alone = 0  # how many batches in a row found nobody else's entries
        self._heads: OrderedDict[bytes, int] = OrderedDict()

    def known(self, wishes: Sequence[Wish]) -> Found | None:
        """What a look under the lock would find if nobody else entered; None: that is not known."""
        if self._last is None or self._alone < TRUST:
            return None
        found = Found(*self._last)
        entered: set[bytes] = set()
        for wish in wishes:
            # Who undoes what is kept, or writes as the library does, asks for more than versions.
            if type(wish.append) is not Append or wish.submission is None or redacts(wish):
                return None
            for key, _, version in wish.guards:
                head = self._heads.get(key)
                if head is not None:
                    found.heads[key] = head
                elif key not in entered and (version or key not in wish.keys):
                    return None  # of a new stream the first version can be written once only
            entered.update(wish.keys)
        return found

    def saw(self, last: Last) -> None:
        """Take in which entry was found to be the last under the lock."""
        with self._changing:
            if last == self._last:
                self._alone += 1
            else:
                self._last, self._since, self._alone = last, last[0], 0
                self._heads.clear()

    def went_on(self, last: Last, heads: Mapping[bytes, int]) -> None:
        """Take in what we have recorded, up to an entry, and where streams stand with it."""
        with self._changing:
            self._last = last
            self._heads.update(heads)
            self._trim()

    def fetched(self, position: int, heads: Mapping[bytes, int]) -> None:
        """Take in versions that were read after the log had come to a position."""
        with self._changing:
            if self._last is not None and position >= self._since:
                for key, version in heads.items():
                    # We may have gone on since: versions never go back.
                    self._heads[key] = max(version, self._heads.get(key, 0))
                self._trim()

    def _trim(self) -> None:
        while len(self._heads) > KNOWN_STREAMS:
            self._heads.popitem(last=False)

    def forget(self) -> None:
        """Take nothing for granted any more."""
        with self._changing:
            self._last, self._alone = None, 0
            self._heads.clear()


class Committer:
    """Brings batches into the log, one after the other.

    clock: microseconds UTC.
    """

    def __init__(self, driver: Driver, node: int, clock: Callable[[], int]) -> None:
        self.driver = driver
        self.node = node
        self.clock = clock
        self.standing = Standing()
        self._one = Lock()  # SQLite makes waiting writers poll; within a process none need to

    def append(self, batch: Sequence[Append]) -> tuple[list[Outcome], bool]:
        """Record a batch: an outcome for each, and whether what was recorded before was blanked."""
        wishes = [Wish(append) for append in batch]
        blanked: list[bool] = []
        with self._one:
            try:
                told = self._alone(wishes) or self._halved(wishes, blanked)
            except BaseException:
                self.standing.forget()
                raise
        return told, any(blanked)

    def _alone(self, wishes: Sequence[Wish]) -> list[Outcome] | None:
        """Record a batch all of which is recorded if nobody else has entered; None: nothing is."""
        found = self.standing.known(wishes) if wishes else None
        if found is None:
            return None
        last = found.position, found.recorded_at
        instant = self._instant(wishes, found)
        transaction = self.driver.begin()
        try:
            outcomes, accepted = decide(wishes, found, instant, transaction, self.driver.page)
            if len(accepted) == len(wishes) and transaction.send(accepted, self.node, last):
                self.standing.went_on(end_of(accepted, last), found.heads)
                return outcomes
        except Exception as error:
            self.standing.forget()
            if is_away(error):
                raise
        finally:
            transaction.close()
        return None

    def _halved(self, wishes: Sequence[Wish], blanked: list[bool]) -> list[Outcome]:
        try:
            return self._attempt(wishes, blanked)
        except Exception as error:
            if is_away(error):
                raise
            self.standing.forget()
            if len(wishes) == 1:
                return [Failed(error)]
        # Somebody's row is wrong: halves find whose, and the others are none the worse for it.
        middle = len(wishes) // 2
        return self._halved(wishes[:middle], blanked) + self._halved(wishes[middle:], blanked)

    def _attempt(self, wishes: Sequence[Wish], blanked: list[bool]) -> list[Outcome]:
        streams = {key for wish in wishes for key in wish.keys}
        streams.update(key for wish in wishes for key, _, _ in wish.guards)
        asked = {wish.submission for wish in wishes if wish.submission is not None}
        transaction = self.driver.begin()
        try:
            found = transaction.look(streams, asked)
            last = found.position, found.recorded_at
            self.standing.saw(last)
            instant = self._instant(wishes, found)
            outcomes, accepted = decide(wishes, found, instant, transaction, self.driver.page)
            if accepted:
                redacted = redact(accepted, transaction)
                transaction.write(accepted, self.node)
                blanked.append(redacted)
            heads = {stream: found.heads.get(stream, 0) for stream in streams}
            self.standing.went_on(end_of(accepted, last), heads)
            return outcomes
        finally:
            transaction.close()

    def _instant(self, wishes: Sequence[Wish], found: Found) -> int:
        """Now, but not before the last entry, nor before anything was decided.

        By which ledgers are dated; a clock may be put back.
        """
        decided = (wish.append.decided_at or 0 for wish in wishes)
        return max(self.clock(), found.recorded_at, *decided)


def end_of(accepted: Accepted, last: Last) -> Last:
    """The last entry once these are recorded, of which some may be answers alone."""
    for _, receipt in reversed(accepted):
        if receipt.count:
            return receipt.first + receipt.count - 1, receipt.recorded_at
    return last


def redacts(wish: Wish) -> bool:
    """Whether an append redacts something."""
    return any(entry.code == PART_REDACTED for entry in wish.append.entries)
