"""What a line knows of its work order and tells the register: its journal is the event store.

Threads of several readers share it. Every step that it is told of is recorded durably, through the
one queue of the register, before the call returns: so a card is set aside before the first byte is
written to it, and is made before it leaves the reader. Whatever is not recorded has not happened.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from threading import Condition
from typing import Any, Final, TypeVar
from uuid import UUID, uuid5

from adapters.queue import CommandQueue
from registry.aggregates import Application, CardBody, WorkOrder, making_rules, order_rules
from registry.aggregates.base import Aggregate
from registry.aggregates.card import BodyState
from registry.commands.cards_bodies import (
    BindBlank,
    RecordPersonalised,
    ReportBodyFound,
    SpoilBody,
)
from registry.commands.work_orders import BeginRun, EndRun, ReportIncident
from registry.days import day_at
from registry.errors import (
    Conflict,
    NotFound,
    Refused,
    RegistryError,
    SubmissionReused,
    Unavailable,
)
from registry.events.cards import BlankBound
from registry.limits import limit
from registry.register import Authority, Command, Register, Submission
from registry.values import (
    ApplicationId,
    CardId,
    ChipSerial,
    Digest,
    IncidentKind,
    PaperNumber,
    RunEnd,
    SpoilCause,
    Text,
)
from registry.vocabulary import Kind

A = TypeVar("A", bound=Aggregate)

#: How often a step is sent to the register that gives no answer.
SENT: Final = 5
#: Streams read at once.
STREAMS: Final = 2_000
#: Why a card is held.
EXHAUSTED: Final = "three bodies were used up; find out why, then RedoCards"
OUTSIDE: Final = "its body is none of this order; settle that body first"
#: The state of an application whose card is ordered.
ORDERED: Final = "24"


class Fenced(Conflict):
    """Another station took the work order over; this one stops and binds nothing more."""

    code = "fenced"


@dataclass(frozen=True)
class Job:
    """A card to be made: one attempt of one application, and how many bodies it has used up."""

    application: Application
    bodies: int

    @property
    def id(self) -> ApplicationId:
        """The application."""
        return self.application.id


@dataclass(frozen=True)
class Held:
    """A card that is not made until a supervisor has looked at it, and why."""

    job: Job
    why: str


@dataclass(frozen=True)
class Known:
    """What the register knows of the body in a reader.

    ours: it was issued to this work order. bound: with what it was set aside, if it was.
    """

    body: CardBody
    ours: bool
    bound: BlankBound | None

    @property
    def state(self) -> BodyState:
        """Where the body stands in its life."""
        return self.body.state


class Journal:
    """A work order as one line has it in hand.

    office: of the production site. holds: whether this station still has the lease on the order.
    """

    def __init__(
        self,
        queue: CommandQueue,
        by: Authority,
        work_order: PaperNumber,
        line: PaperNumber,
        reject_bin: PaperNumber,
        ids: Callable[[], UUID],
        holds: Callable[[], bool] = lambda: True,
    ) -> None:
        self.queue, self.by = queue, by
        self.work_order, self.line, self.reject_bin = work_order, line, reject_bin
        self.run = 0
        self.total = self.made = 0
        self.held: list[Held] = []
        self._register: Register = queue.register
        self._ids, self._holds = ids, holds
        self._pending: deque[Job] = deque()
        self._begun: dict[CardId, Job] = {}  # bodies that are set aside and not settled
        self._claimed: set[bytes] = set()
        self._changed = Condition()

    # --- the order ------------------------------------------------------------------------------

    def begin(self) -> None:
        """Take the order in hand: from here on no other station can bind for it.

        Raises NotFound where there is no such order, Refused where it is closed or of another site.
        """
        order = self._find(WorkOrder, self._named(Kind.WORK_ORDER, self.work_order))
        if order is None:
            raise NotFound(Kind.WORK_ORDER, self.work_order)
        if order.generation == 1:
            raise Refused([making_rules.NoChip(self.work_order)])
        told = self._do(BeginRun(work_order=self.work_order, line=self.line))
        self.run = told["run"]
        self.total = order.ordered
        most = limit("card_bodies", self.today).amount
        bodies = {one.id: one for one in self._load(CardBody, order.bodies)}
        ready = []
        for one in self._load(Application, order.applications):
            job = Job(one, one.bodies)
            body = bodies.get(one.body) if one.body is not None else None
            if one.state != ORDERED or one.work_order != self.work_order:
                self.made += one.produced_on is not None
            elif body is not None and body.state is BodyState.BOUND:
                self._begun[body.id] = job
            elif body is None and one.body is not None:
                self.held.append(Held(job, OUTSIDE))
            elif one.bodies >= most:
                self.held.append(Held(job, EXHAUSTED))
            else:
                ready.append(job)
        # The order in which they are listed decides within a class of priority.
        ready.sort(key=lambda job: job.application.priority or "")
        self._pending.extend(ready)

    def end(self, end: RunEnd) -> None:
        """Let the order go."""
        self._do(EndRun(work_order=self.work_order, run=self.run, end=end))

    @property
    def today(self) -> date:
        """The register's day."""
        return day_at(self._register.clock())

    @property
    def left(self) -> int:
        """How many cards nobody has begun."""
        return len(self._pending)

    def missing(self) -> list[CardId]:
        """Bodies that were set aside and of which nobody has the card in a reader now."""
        with self._changed:
            return list(self._begun)

    # --- jobs -----------------------------------------------------------------------------------

    def draw(self) -> Job | None:
        """The next card to be made, if there is one; raises Fenced once the lease is lost."""
        with self._changed:
            if not self._holds():
                raise Fenced(f"another station took work order {self.work_order} over")
            return self._pending.popleft() if self._pending else None

    def give_back(self, job: Job) -> None:
        """Nothing was set aside for a job that was drawn: it is the next again."""
        with self._changed:
            self._pending.appendleft(job)

    def hold(self, job: Job, why: RegistryError) -> None:
        """Put a job aside for a supervisor."""
        with self._changed:
            self.held.append(Held(job, str(why)))

    # --- cards ----------------------------------------------------------------------------------

    @contextmanager
    def claimed(self, serial: bytes, patience_s: float) -> Iterator[None]:
        """Have a card for one reader alone; another that still thinks it has it, lets go first.

        Raises Unavailable where it does not: two chips answer to one serial.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: serial not in self._claimed, patience_s):
                told = f"two readers see a card that ends in {serial.hex()[-4:].upper()}"
                raise Unavailable(f"{told}: stop the line and look at both")
            self._claimed.add(serial)
        try:
            yield
        finally:
            with self._changed:
                self._claimed.discard(serial)
                self._changed.notify_all()

    def known(self, serial: bytes) -> Known | None:
        """What the register knows of a card now; None if it is none of its cards."""
        entries = self._register.history(self._body(serial))
        body = CardBody.fold(entries)
        if body is None:
            return None
        bound = [one.event for one in entries if isinstance(one.event, BlankBound)]
        ours = body.work_order == self.work_order
        return Known(body, ours, bound[-1] if bound else None)

    def is_made(self, body: CardBody) -> bool:
        """Whether a written body is the card that its application has at the site still."""
        assert body.application is not None, "it is written"
        one = self._find(Application, body.application)
        return one is not None and one.body == body.id and one.state == "31"

    def application(self, bound: BlankBound) -> Application:
        """The application for which a body is set aside."""
        found = self._find(Application, bound.application)
        assert found is not None, "a body was bound to it"
        return found

    def bind(self, job: Job, serial: bytes, image: bytes, keys: int, signing_key: bytes) -> None:
        """Set a body aside for a job, durably. Raises Refused where the law says no, Fenced."""
        bind = BindBlank(
            application=job.id,
            serial=serial_of(serial),
            image=Digest(image.hex()),
            key_version=keys,
            work_order=self.work_order,
            run=self.run,
            signing_key=PaperNumber(signing_key.hex()),
        )
        try:
            self._do(bind)
        except Refused as refused:
            over = [
                rule
                for rule in refused.rules
                if isinstance(rule, order_rules.RunIsOver | order_rules.OrderIsClosed)
            ]
            if over:
                raise Fenced(over[0].message) from refused
            raise
        with self._changed:
            self._begun[self._body(serial)] = replace(job, bodies=job.bodies + 1)

    def personalise(self, serial: bytes, bound: BlankBound, *, recovered: bool) -> None:
        """Record that a card was written and read back whole."""
        self._do(
            RecordPersonalised(
                serial=serial_of(serial),
                image=bound.image,
                recovered=recovered,
                signing_key=bound.signing_key,
            )
        )
        with self._changed:
            self._begun.pop(self._body(serial), None)
            self.made += 1

    def spoil(self, serial: bytes, cause: SpoilCause, grounds: str) -> None:
        """Record that a body goes into the reject bin; its job takes the next, or is held."""
        self._do(
            SpoilBody(
                serial=serial_of(serial),
                cause=cause,
                reject_bin=self.reject_bin,
                grounds=Text(grounds),
            )
        )
        most = limit("card_bodies", self.today).amount
        with self._changed:
            job = self._begun.pop(self._body(serial), None)
            if job is not None and job.bodies < most:
                self._pending.appendleft(job)
            elif job is not None:
                self.held.append(Held(job, EXHAUSTED))

    def found(self, serial: bytes) -> None:
        """Record that a body that was given up turned up, and goes into the reject bin."""
        self._do(ReportBodyFound(serial=serial_of(serial), reject_bin=self.reject_bin))

    def report(self, incident: IncidentKind, reader: int, serial: bytes | None) -> None:
        """Record an incident; reader: its place on the line, from 1."""
        self._do(
            ReportIncident(
                work_order=self.work_order,
                run=self.run,
                incident=incident,
                reader=reader,
                serial=None if serial is None else serial_of(serial),
            )
        )

    # --- the register ---------------------------------------------------------------------------

    def _do(self, command: Command) -> dict[str, Any]:
        """Record a step and wait until it is durable; what has no answer is sent again."""
        submission = Submission(self._ids(), self.by, command)
        for sent in range(1, SENT + 1):
            try:
                receipt = self.queue.submit(submission).result()
            except SubmissionReused:
                raise
            except (Unavailable, Conflict):
                if sent == SENT:
                    raise
            else:
                told: dict[str, Any] = json.loads(receipt.answer)
                return told
        raise AssertionError("the last one returns or raises")

    def _named(self, kind: Kind, name: str) -> UUID:
        return uuid5(self._register.setting.namespace, f"{kind}/{name}")

    def _body(self, serial: bytes) -> CardId:
        return CardId(self._named(Kind.CARD, serial_of(serial)))

    def _find(self, kind: type[A], stream: UUID) -> A | None:
        return kind.fold(self._register.history(stream))

    def _load(self, kind: type[A], streams: Collection[UUID]) -> Iterator[A]:
        """Many streams as they stand in the store, in this order."""
        asked, entry = list(streams), self._register.codec.entry
        for first in range(0, len(asked), STREAMS):
            some = asked[first : first + STREAMS]
            stored = self._register.store.streams(some)
            for stream in some:
                state = kind.fold(map(entry, stored[stream]))
                assert state is not None, f"the order names {stream}, which has no entry"
                yield state


def serial_of(serial: bytes) -> ChipSerial:
    """A chip's serial as the register writes it."""
    return ChipSerial(serial.hex().upper())
