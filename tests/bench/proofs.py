"""How fast the log becomes a published tree, and how long a proof takes."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from uuid import UUID

from adapters.assembly import Settings, assemble
from adapters.proving import prove, verify
from adapters.publishing import LogLeaves, publish
from adapters.signing import new_key, open_signer
from adapters.tiles import TileFolder
from registry.store import Append, Receipt
from replay.proof.merkle import Tree
from tests.adapters.published import made
from tests.bench.figures import alternate, report

HASHES = 500_000
ENTRIES = 100_000
PERSONS = 100
#: What the `state` half of an entry about a person has, in the middle.
STATE = b'{"effective_on":"2007-06-01","%s":""}\n' % (b"x" * 310)


def main() -> None:
    """Print how fast a tree grows, how fast a log is published, and what a proof takes."""
    hashes = [os.urandom(32) for _ in range(HASHES)]
    pair = alternate(lambda: Tree().add(hashes), lambda: bare(hashes), rounds=3)
    rate = HASHES / pair.ours.median / 1e6
    report("proofs-grow", HASHES, rate, "M/s", "bare-sha256", pair.ratio, 0.7)
    with TemporaryDirectory() as folder:
        of_a_store(Path(folder))


def bare(hashes: list[bytes]) -> None:
    """As many hashes as a tree needs, over as many bytes, and nothing else."""
    last = hashes[0]
    for one in hashes:
        sha256(b"\x01" + last + one).digest()


def of_a_store(folder: Path) -> None:
    """Publish what a database holds, against only reading it; then prove persons, one by one."""
    parts = assemble(Settings(database=f"sqlite:///{folder / 'registry.db'}"), create=True)
    entries = [replace(made("", position), state=STATE, origin=1) for position in range(1, 5001)]
    for first in range(0, ENTRIES, len(entries)):
        batch = [
            replace(one, originator_id=UUID(int=first + number // 5))
            for number, one in enumerate(entries)
        ]
        (receipt,) = parts.store.append([Append(None, "Li", "-", b"", b"", batch, {})])
        assert isinstance(receipt, Receipt), receipt
    key, place = folder / "keys.key", folder / "tiles"
    new_key(key, "register")
    signer, leaves = open_signer(key), LogLeaves(parts.engine)

    def publish_all() -> None:
        shutil.rmtree(place, ignore_errors=True)
        signer.memory.unlink(missing_ok=True)
        publish(leaves, "register", TileFolder(place), signer)

    def read_all() -> None:
        for after in range(0, ENTRIES, 5_000):
            parts.store.page(after, 5_000)

    pair = alternate(publish_all, read_all, rounds=3)
    rate = ENTRIES / pair.ours.median / 1e3
    report("proofs-publish", ENTRIES, rate, "k/s", "reading-pages", pair.ratio, 0.5)

    note = TileFolder(place).checkpoint()
    assert note is not None
    streams = [parts.store.page(5 * number * 199, 5) for number in range(PERSONS)]
    start = perf_counter()
    files = [
        prove(one, leaves.names, note, signer.public, TileFolder(place).reader(ENTRIES)).render()
        for one in streams
    ]
    proven = perf_counter()
    assert all(not verify(file.encode(), signer.public).flaws for file in files)
    verified = perf_counter()
    each, checked = (proven - start) / PERSONS * 1e3, (verified - proven) / PERSONS * 1e3
    report("proofs-prove", PERSONS, each, "ms", "verifying", checked / each, 0.1)
    parts.engine.dispose()
