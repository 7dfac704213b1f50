"""A register that is going to be killed: serves a queue and tells what it has acknowledged.

One message a submission goes out when it is sent and when its receipt has come, so that whoever
reads knows what was promised at the moment of death.
"""

from __future__ import annotations

import random
from concurrent.futures import Future
from datetime import date
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Event, Thread
from uuid import UUID

from adapters.assembly import Settings, assemble
from adapters.projector import Projector
from adapters.queue import CommandQueue
from registry.commands.details import ChangeDetails
from registry.commands.relocation import ChangeAddress, Mover
from registry.register import Authority, Command, Submission
from registry.store import Receipt
from registry.values import HouseholdId, Name, Officer, PersonId, Relationship, Sex
from tests.crash.town import OFFICE, ROLES, people, supplement

CLIENTS = 12
WHO = Name("王大")


def serve_until_killed(url: str, seed: int, told: Connection) -> None:
    """Serve until killed."""
    parts = assemble(Settings(database=url, durability="full"))
    chance = random.Random(seed)
    projector = Projector(parts.engine, parts.store, batch=37)
    projector.prepare()
    Thread(target=projector.follow, args=(Event(),), daemon=True).start()
    queue = CommandQueue(parts.register, recorded=lambda position: projector.wake.set())
    by = Authority(Officer("Li"), OFFICE, ROLES)
    known = people(parts.engine)
    done: SimpleQueue[tuple[Submission, Future[Receipt]]] = SimpleQueue()

    def send(number: int) -> None:
        name = UUID(bytes=random.Random(f"{seed}/{number}").randbytes(16), version=4)
        submission = Submission(name, by, command(chance, known, number))
        told.send(("sent", name))
        future = queue.submit(submission)
        future.add_done_callback(lambda answered: done.put((submission, answered)))

    for number in range(CLIENTS):
        send(number)
    while True:
        number += 1
        submission, future = done.get()
        error = future.exception()
        if error is None:
            receipt = future.result()
            told.send(("done", submission.id, receipt.first, receipt.count))
        else:
            told.send(("refused", submission.id))
        send(number)


def command(
    chance: random.Random, known: list[tuple[PersonId, HouseholdId]], number: int
) -> Command:
    """A newcomer's household, a detail, or a move between households: one stream, or many."""
    match chance.randrange(3) if len(known) > 1 else 0:
        case 0:
            return supplement(number, Sex(1 + number % 2), date(1970, 1, 1 + chance.randrange(28)))
        case 1:
            person, _ = chance.choice(known)
            height = 150 + chance.randrange(50)
            return ChangeDetails(person=person, height_cm=height, declarant=WHO)
    (person, _), (_, home) = chance.sample(known, 2)
    mover = Mover(person=person, relation=Relationship("99"))
    return ChangeAddress(movers=(mover,), household=home, declarant=WHO)
