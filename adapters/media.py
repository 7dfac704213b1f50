"""What cannot stand in an event: photographs, prints, scans, kept by their digests (多媒体).

Events name a photograph by the SHA-256 of its bytes; here are the bytes. They are encrypted with a
key of the person whom they show, and that key with one of this node, which stands in a file beside
the database: neither a copy of the database nor one of the file shows anybody. Destroying a
person's key is the deletion.

Whoever reads says why, and the query log has the line before the bytes are given out.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    and_,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)

from adapters.database import writing
from adapters.keyfiles import read_versions, write_versions
from adapters.querylog import ANSWERED, NOTHING, QueryLog, Question
from registry.errors import NotFound, Unavailable
from registry.projections.base import Id, Words
from registry.values import Digest, MediaType

#: Of PostgreSQL's advisory locks: one process at a time gives somebody a key.
LOCK: Final = 0x7265_6706
KEY_SIZE: Final = 32
NONCE_SIZE: Final = 12
MADE_BY: Final = "registry key photos"
#: Keys of persons that are wrapped anew in one transaction.
WRAPPED_AT_ONCE: Final = 1_000

METADATA = MetaData()
media = Table(
    "media",
    METADATA,
    Column("subject", Id, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("type", Words, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("subject", "digest"),
)
media_keys = Table(
    "media_keys",
    METADATA,
    Column("subject", Id, primary_key=True),
    Column("version", Integer, nullable=False),  # of the node's key
    Column("wrapped", LargeBinary, nullable=False),
)


@dataclass(frozen=True)
class NodeKeys:
    """The keys of this node, by their versions; the newest wraps what is new."""

    keys: Mapping[int, bytes] = field(repr=False)

    @property
    def newest(self) -> int:
        """The version that wraps now."""
        return max(self.keys)

    def wrap(self, subject: UUID, key: bytes) -> bytes:
        """A person's key, as it may be kept."""
        return _seal(self.keys[self.newest], key, subject.bytes)

    def unwrap(self, subject: UUID, version: int, wrapped: bytes) -> bytes:
        """A person's key. Raises Unavailable where this node has not the key for it."""
        if version not in self.keys:
            raise Unavailable(f"the node's key of version {version} is not at hand")
        return _open(self.keys[version], wrapped, subject.bytes)


def open_node_keys(path: Path) -> NodeKeys:
    """The node's keys of a file. Raises Unavailable where there is none, or others can read it."""
    keys = read_versions(path, MADE_BY)
    if not keys or any(len(key) != KEY_SIZE for key in keys.values()):
        raise Unavailable(f"{path} is no file of keys of {KEY_SIZE} bytes")
    return NodeKeys(keys)


def new_node_key(path: Path) -> int:
    """Make a key that wraps from now on, and tell its version."""
    held = dict(open_node_keys(path).keys) if path.exists() else {}
    version = max(held, default=0) + 1
    write_versions(path, {**held, version: os.urandom(KEY_SIZE)})
    return version


class Media:
    """Keeps bytes that show somebody, and gives them out to who says why."""

    def __init__(self, engine: Engine, keys: NodeKeys) -> None:
        """Make the tables where there are none; whoever comes later only looks, and never waits."""
        self._engine, self._keys = engine, keys
        if not all(map(inspect(engine).has_table, METADATA.tables)):
            with writing(engine) as connection:
                _lock(connection, 0)
                METADATA.create_all(connection)

    def keep(self, subject: UUID, *contents: tuple[bytes, MediaType]) -> tuple[Digest, ...]:
        """Keep what shows a person, all or nothing; what is there already is not kept twice."""
        with writing(self._engine) as connection:
            _lock(connection, int.from_bytes(subject.bytes[-4:], "big", signed=True))
            key = self._key(connection, subject) or self._give_key(connection, subject)
            return tuple(
                self._keep(connection, subject, key, content, kind) for content, kind in contents
            )

    def read(
        self, subject: UUID, digests: Sequence[Digest], log: QueryLog, question: Question
    ) -> tuple[bytes, ...]:
        """Give out what shows a person, once the query log has a line of who asked and why.

        Raises NotFound where something is not kept, or the person's key is destroyed.
        """
        key, sealed = self._sealed(subject, digests)
        missing = key is None or any(digest not in sealed for digest in digests)
        told = replace(question, subjects=(subject,), fields="photographs and prints")
        outcome = NOTHING if missing else ANSWERED
        log.note(replace(told, outcome=outcome, rows=0 if missing else len(digests)))
        return self._opened(subject, digests, key, sealed)

    def opened(self, subject: UUID, digest: Digest) -> tuple[bytes, MediaType]:
        """What shows a person, and of which kind it is, for whoever tells the query log himself.

        Raises NotFound as `read` does.
        """
        (content,) = self._opened(subject, [digest], *self._sealed(subject, [digest]))
        return content, self.digests(subject)[digest]

    def _sealed(
        self, subject: UUID, digests: Sequence[Digest]
    ) -> tuple[bytes | None, Mapping[str, bytes]]:
        """A person's key, and what is kept under it of some digests."""
        query = select(media.c.digest, media.c.sealed).where(
            media.c.subject == subject.bytes,
            media.c.digest.in_([bytes.fromhex(digest) for digest in digests]),
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
            key = self._key(connection, subject)
        return key, {bytes(row.digest).hex(): bytes(row.sealed) for row in rows}

    def _opened(
        self,
        subject: UUID,
        digests: Sequence[Digest],
        key: bytes | None,
        sealed: Mapping[str, bytes],
    ) -> tuple[bytes, ...]:
        missing = [digest for digest in digests if key is None or digest not in sealed]
        if key is None or missing:
            raise NotFound("photograph or print", missing[0])
        found = tuple(_open(key, sealed[one], _about(subject, one)) for one in digests)
        for digest, content in zip(digests, found, strict=True):
            assert hashlib.sha256(content).hexdigest() == digest, "what is kept is what was brought"
        return found

    def reader(
        self, log: QueryLog, question: Question
    ) -> Callable[[UUID, Sequence[Digest]], tuple[bytes, ...]]:
        """Reading on one errand, such as a run of production; each look has its line in the log."""
        return lambda subject, digests: self.read(subject, digests, log, question)

    def digests(self, subject: UUID) -> dict[Digest, MediaType]:
        """What is kept of a person, by its digest."""
        query = select(media.c.digest, media.c.type).where(media.c.subject == subject.bytes)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return {Digest(bytes(row.digest).hex()): MediaType(row.type) for row in rows}

    def wrap_anew(self) -> int:
        """Wrap the keys of all persons with the newest key of the node; tell how many it were.

        What is kept is not touched. It goes on where it was interrupted, and what another process
        has wrapped with an older key meanwhile is done when it is called again.
        """
        newest, done = self._keys.newest, 0
        older = (
            select(media_keys)
            .where(media_keys.c.version != newest)
            .order_by(media_keys.c.subject)
            .limit(WRAPPED_AT_ONCE)
        )
        while True:
            with writing(self._engine) as connection:
                rows = connection.execute(older).all()
                for row in rows:
                    subject, wrapped = UUID(bytes=bytes(row.subject)), bytes(row.wrapped)
                    key = self._keys.unwrap(subject, row.version, wrapped)
                    told = {"version": newest, "wrapped": self._keys.wrap(subject, key)}
                    same = and_(
                        media_keys.c.subject == row.subject, media_keys.c.wrapped == wrapped
                    )
                    connection.execute(update(media_keys).where(same).values(told))
            done += len(rows)
            if len(rows) < WRAPPED_AT_ONCE:
                return done

    def wrapped_by(self) -> dict[int, int]:
        """How many persons' keys each version of the node's key wraps; other versions may go."""
        query = select(media_keys.c.version, func.count()).group_by(media_keys.c.version)
        with self._engine.connect() as connection:
            return {version: persons for version, persons in sorted(connection.execute(query))}

    def forget(self, subject: UUID) -> int:
        """Destroy a person's key and whatever was kept with it; tell how many things it was.

        A backup from before still holds the wrapped key: who restores one forgets again.
        """
        with writing(self._engine) as connection:
            _lock(connection, int.from_bytes(subject.bytes[-4:], "big", signed=True))
            connection.execute(delete(media_keys).where(media_keys.c.subject == subject.bytes))
            gone = connection.execute(delete(media).where(media.c.subject == subject.bytes))
            return gone.rowcount

    def _key(self, connection: Connection, subject: UUID) -> bytes | None:
        held = connection.execute(
            select(media_keys.c.version, media_keys.c.wrapped).where(
                media_keys.c.subject == subject.bytes
            )
        ).first()
        if held is None:
            return None
        return self._keys.unwrap(subject, held.version, bytes(held.wrapped))

    def _give_key(self, connection: Connection, subject: UUID) -> bytes:
        key = os.urandom(KEY_SIZE)
        row = {
            "subject": subject.bytes,
            "version": self._keys.newest,
            "wrapped": self._keys.wrap(subject, key),
        }
        connection.execute(insert(media_keys), row)
        return key

    def _keep(
        self, connection: Connection, subject: UUID, key: bytes, content: bytes, kind: MediaType
    ) -> Digest:
        digest = Digest(hashlib.sha256(content).hexdigest())
        held = select(media.c.size).where(_named(subject, digest))
        if connection.execute(held).first() is None:
            row = {
                "subject": subject.bytes,
                "digest": bytes.fromhex(digest),
                "type": kind.value,
                "size": len(content),
                "sealed": _seal(key, content, _about(subject, digest)),
            }
            connection.execute(insert(media), row)
        return digest


def _named(subject: UUID, digest: Digest) -> ColumnElement[bool]:
    return and_(media.c.subject == subject.bytes, media.c.digest == bytes.fromhex(digest))


def _about(subject: UUID, digest: Digest) -> bytes:
    """What is bound to the bytes, so that none can be put in the place of another."""
    return subject.bytes + bytes.fromhex(digest)


def _seal(key: bytes, content: bytes, about: bytes) -> bytes:
    nonce = os.urandom(NONCE_SIZE)
    return nonce + AESGCM(key).encrypt(nonce, content, about)


def _open(key: bytes, sealed: bytes, about: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], about)
    except InvalidTag:
        raise Unavailable(
            "what is kept does not fit its key: it was changed, or is not ours"
        ) from None


def _lock(connection: Connection, whose: int) -> None:
    """Let one process at a time give somebody a key, or make tables; SQLite does by itself."""
    if connection.dialect.name == "postgresql":
        lock = text("select pg_advisory_xact_lock(:lock, :whose)")
        connection.execute(lock, {"lock": LOCK, "whose": whose})
