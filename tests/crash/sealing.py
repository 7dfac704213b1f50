"""A process that seals and is going to be killed; what it needs is loaded before it is started."""

from __future__ import annotations

from multiprocessing.connection import Connection

import adapters.replaying
from adapters.database import open_database
from adapters.eventstore import Recorder
from adapters.projector import Projector
from adapters.sealing import Job, seal
from registry.codec import Codec
from replay.columns.forms import KeptSpaces
from replay.intake.rows import Intake
from replay.sealed.reading import SealedLog
from tests.replay.test_intake import batch, names

# Kernels are compiled or fetched here, once, and not by everybody who is started from here.
WARM = Intake(KeptSpaces(), Codec())
WARM.add(batch(names(["王一", "王二"])))
WARM.runs()


#: Read models that are rebuilt, of two kinds of stream.
REBUILT = ("residences", "household_members")


def seal_until_killed(job: Job, told: Connection) -> None:
    """Seal, saying when it begins and how far it is."""
    told.send(0)
    seal(job, lambda done, of: told.send(done))
    told.send(-1)


def rebuild_until_killed(job: Job, told: Connection) -> None:
    """Fill read models from the sealed log, a few persons or households at a time."""
    adapters.replaying.CHUNK = 2
    engine = open_database(job.database, durability="full")
    projector = Projector(engine, Recorder(engine, node=1))
    log = SealedLog(job.folder)
    told.send(0)
    adapters.replaying.rebuild_sealed(projector, log, *REBUILT, progress=told.send)
    told.send(-1)
