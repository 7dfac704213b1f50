"""Proof files: what the register recorded about somebody, checkable without the register.

A file holds a signed checkpoint and, for each entry of one stream, the parts of its leaf, its index
in the tree and the hashes from there to the root. It needs no database to be checked, only the
public key of the log.

The leaf of an entry is six lines: the name of the node that recorded it, the stream's UUID, the
version, the code of the event type, the instant of recording there (microseconds UTC), and the
`state` half as it is stored, byte for byte. The private half is not in it; `state` carries a
salted digest of each of its parts.

What a file proves: these entries stand in the log that the checkpoint speaks of, in this order,
and they are the first n of the stream, none left out between them. What it cannot prove: that there
is no later one. A Merkle tree shows what is in it, never what is not.

What published hashes tell: nothing. A leaf with a private part cannot even be guessed, because the
digest in it is salted. One without (a boundary change, a household's entry) could be confirmed by
who knows the identifier of its stream, which are not public, and tries the instants of a day.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import UUID

from replay.proof.merkle import BrokenProof, ReadTile, check_inclusion, inclusion_path, leaf_hash
from replay.proof.notes import Checkpoint, PublicKey, base64, labels, open_checkpoint, unbase64

if TYPE_CHECKING:
    from registry.store import StoredEntry

FORMAT = "registry-proof@v1"
#: The part of a private half that speaks of the person whose stream it stands on.
SUBJECT = "subject"
_FILE = {"format": str, "checkpoint": str, "key": str, "stream": str, "entries": list}
_ENTRY = {
    **{"index": int, "origin": str, "version": int, "code": int, "recorded_at": int},
    **{"state": str, "path": list},
}


@dataclass(frozen=True)
class Proven:
    """An entry with its way to the root.

    private: the parts of the private half that go with it, as they are stored, by their names.
    """

    index: int
    origin: str
    version: int
    code: int
    recorded_at: int
    state: str
    path: tuple[bytes, ...]
    private: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Proof:
    """What a proof file says, believed or not."""

    checkpoint: str
    key: str
    stream: str
    entries: tuple[Proven, ...]

    def render(self) -> str:
        """The file."""
        body = {
            "format": FORMAT,
            "checkpoint": self.checkpoint,
            "key": self.key,
            "stream": self.stream,
            "entries": [
                {
                    **{name: getattr(one, name) for name in _ENTRY if name != "path"},
                    **({"private": dict(one.private)} if one.private else {}),
                    "path": [base64(step) for step in one.path],
                }
                for one in self.entries
            ],
        }
        return json.dumps(body, ensure_ascii=False, indent=1) + "\n"


@dataclass(frozen=True)
class Flaw:
    """Where a proof is broken, and why."""

    where: str
    message: str


@dataclass(frozen=True)
class Verdict:
    """What is left of a proof after it was checked; it holds if there are no flaws."""

    proof: Proof
    checkpoint: Checkpoint
    signers: tuple[PublicKey, ...]
    flaws: tuple[Flaw, ...]


def leaf(
    origin: str, stream: str, version: int, code: int, recorded_at: int, state: bytes
) -> bytes:
    """The leaf of an entry."""
    return b"%s\n%s\n%d\n%d\n%d\n%s" % (
        origin.encode(),
        stream.encode(),
        version,
        code,
        recorded_at,
        state,
    )


def leaf_of(origin: str, entry: StoredEntry) -> bytes:
    """The leaf of a stored entry; origin: the name of the node that recorded it first."""
    assert entry.code is not None, f"entry {entry.position} is not of this register"
    return leaf(
        origin,
        str(entry.originator_id),
        entry.originator_version,
        entry.code,
        entry.origin_at,
        entry.state,
    )


def prove(
    entries: Sequence[StoredEntry],
    names: Mapping[int, str],
    note: bytes,
    keys: Sequence[PublicKey],
    read: ReadTile,
    *,
    private: bool = False,
) -> Proof:
    """The proof of a stream's entries under a checkpoint.

    names: of nodes by their numbers. private: with the parts that speak of the stream's subject.
    Raises BrokenProof if the tiles do not lead where the checkpoint says.
    """
    checkpoint, signers = open_checkpoint(note, keys)
    proven = []
    for entry in entries:
        index = entry.position - 1
        origin = names[entry.origin]
        path = inclusion_path(index, checkpoint.size, read)
        hashed = leaf_hash(leaf_of(origin, entry))
        try:
            check_inclusion(index, checkpoint.size, hashed, path, checkpoint.root)
        except BrokenProof as error:
            raise BrokenProof(f"leaf {index}: {error}") from error
        assert entry.code is not None, "it has a leaf"
        proven.append(
            Proven(
                index=index,
                origin=origin,
                version=entry.originator_version,
                code=entry.code,
                recorded_at=entry.origin_at,
                state=entry.state.decode(),
                path=tuple(path),
                private=_own_part(entry.private) if private else {},
            )
        )
    stream = str(entries[0].originator_id)
    return Proof(note.decode(), signers[-1].label, stream, tuple(proven))


def _own_part(private: bytes) -> dict[str, str]:
    """The subject's part of a private half, as it is stored; nothing if it was blanked."""
    import msgspec

    if not private:
        return {}
    part = msgspec.json.decode(private, type=dict[str, msgspec.Raw]).get(SUBJECT)
    text = "null" if part is None else bytes(part).decode()
    return {} if text == "null" else {SUBJECT: text}


def verify(file: bytes, keys: Sequence[PublicKey]) -> Verdict:
    """Check a proof file with the public keys of the log.

    Raises BrokenProof if it cannot even be read or its checkpoint is not to be believed.
    """
    proof = read_proof(file)
    try:
        checkpoint, signers = open_checkpoint(proof.checkpoint.encode(), keys)
    except BrokenProof as error:
        raise BrokenProof(f"the checkpoint: {error}") from error
    return Verdict(proof, checkpoint, signers, tuple(_flaws(proof, checkpoint)))


def _flaws(proof: Proof, checkpoint: Checkpoint) -> Iterator[Flaw]:
    if proof.key not in labels(proof.checkpoint.encode()):
        yield Flaw("key", f"the checkpoint is not signed by {proof.key}")
    if not proof.entries:
        yield Flaw("entries", "there are none")
    last = -1
    for number, one in enumerate(proof.entries, 1):
        where = f"version {one.version} (leaf {one.index})"
        if one.version != number:
            yield Flaw(where, f"version {number} should stand here; each from 1 on is in a proof")
        if one.index <= last:
            yield Flaw(where, f"stands before leaf {last}, though it was recorded after it")
        last = one.index
        content = leaf(
            one.origin, proof.stream, one.version, one.code, one.recorded_at, one.state.encode()
        )
        try:
            check_inclusion(
                one.index, checkpoint.size, leaf_hash(content), one.path, checkpoint.root
            )
        except BrokenProof as error:
            yield Flaw(where, str(error))
            continue
        stated = json.loads(one.state).get("parts", {})
        for part, body in one.private.items():
            if sha256(body.encode()).hexdigest() != stated.get(part):
                yield Flaw(where, f"the private part {part!r} is not the one that was recorded")


def read_proof(file: bytes) -> Proof:
    """What a proof file says; raises BrokenProof."""
    try:
        body = json.loads(file.decode(), object_pairs_hook=_unambiguous)
        _check_fields(body, _FILE, "the file")
        if body["format"] != FORMAT:
            raise ValueError(f"its format is {body['format']!r}, not {FORMAT}")
        if str(UUID(body["stream"])) != body["stream"]:
            raise ValueError("its stream is not written as an identifier is")
        entries = [_read_entry(one, number) for number, one in enumerate(body["entries"], 1)]
        proof = Proof(body["checkpoint"], body["key"], body["stream"], tuple(entries))
        proof.render().encode()  # what is no text in UTF-8 is found here
    except ValueError as error:
        raise BrokenProof(f"this is no proof file of a register: {error}") from error
    except RecursionError as error:
        raise BrokenProof("this is no proof file of a register: it is nested too deep") from error
    return proof


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field stands there twice")
    return found


def _check_fields(
    body: Any, wanted: Mapping[str, type], where: str, optional: Sequence[str] = ()
) -> None:
    if type(body) is not dict or body.keys() - set(optional) != wanted.keys():
        raise ValueError(f"{where} has other fields than {', '.join([*wanted, *optional])}")
    for name, kind in wanted.items():
        if type(body[name]) is not kind:
            raise ValueError(f"{name} of {where} is not of the kind {kind.__name__}")


def _read_entry(body: Any, number: int) -> Proven:
    where = f"entry {number}"
    _check_fields(body, _ENTRY, where, ["private"])
    private = body.get("private", {})
    if type(private) is not dict or not all(type(part) is str for part in private.values()):
        raise ValueError(f"private of {where} does not give a text for each part")
    if "\n" in body["origin"]:
        raise ValueError(f"origin of {where} has more than one line")
    try:
        path = tuple(unbase64(step) for step in body["path"])
    except (ValueError, TypeError) as error:
        raise ValueError(f"path of {where} is not a list of hashes in Base64") from error
    fields = {name: body[name] for name in _ENTRY if name != "path"}
    return Proven(**fields, path=path, private=private)
