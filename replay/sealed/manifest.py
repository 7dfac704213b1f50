"""What a sealed log consists of: its files by their roots, chained to what it was, signed.

A manifest is one line of canonical JSON: the parts, and a link that commits to them and to the link
before. The link is what is signed; all links stand, a line each, in the chain.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from blake3 import blake3

from replay.columns.faults import Damaged, Flaw, Foreign
from replay.sealed.files import put, sync

if TYPE_CHECKING:  # whoever checks no signature need not wait for the library
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

#: Names of files in the folder of a sealed log.
MANIFEST, CHAIN, LOCK = "manifest.json", "chain.ndjson", "lock"
#: What the first link names as the one before it.
NOTHING = ""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a sealed log.

    what: run, ids or instants. of: the kind of a run, the space of identifiers. since, until: it
    holds what was recorded after the one position and up to the other. first: the first handle of
    identifiers. base: the partition of which a run holds all rows up to `until`; -1 if it is a run
    of what was added to any partitions.
    """

    file: str
    what: str
    of: str
    root: str
    size: int
    rows: int
    since: int
    until: int
    first: int = 0
    base: int = -1

    def ending(self, until: int) -> Part:
        """The same file, of which it is known now up to where it holds the log."""
        return msgspec.structs.replace(self, until=until)


class Link(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is signed of a manifest.

    number: from 1. before: the digest of the link before. parts: the digest of the list of parts.
    head: the last position sealed; instant: when it was recorded. entries: rows of all kinds.
    vocabulary: the edition under which the columns were laid out. redacted: positions of the
    redactions for which partitions were written anew with this link.
    """

    number: int
    before: str
    parts: str
    head: int
    instant: int
    entries: int
    bits: int
    vocabulary: str
    redacted: tuple[int, ...] = ()

    @property
    def digest(self) -> str:
        """What the next link names."""
        return digest(self)


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A link and its signature, Ed25519 over its canonical JSON; empty if nobody signs."""

    link: Link
    key: str
    signature: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed log at one moment."""

    signed: Signed
    parts: tuple[Part, ...]

    @property
    def link(self) -> Link:
        """What is signed of it."""
        return self.signed.link

    @property
    def head(self) -> int:
        """The last position sealed."""
        return self.link.head

    def counts(self) -> dict[str, int]:
        """How many identifiers each space has."""
        return counts(self.parts)


def counts(parts: Iterable[Part]) -> dict[str, int]:
    """How many identifiers each space has in the files of a log."""
    found: dict[str, int] = {}
    for part in parts:
        if part.what == "ids":
            found[part.of] = max(found.get(part.of, 0), part.first + part.rows)
    return found


def canonical(told: Any) -> bytes:
    """The canonical JSON of a part of a manifest: fields in declared order, no white space."""
    return msgspec.json.encode(told)


def digest(told: Any) -> str:
    """The BLAKE3 hash of its canonical JSON."""
    return blake3(canonical(told)).hexdigest()


def signed(link: Link, key: Ed25519PrivateKey | None) -> Signed:
    """Sign a link."""
    if key is None:
        return Signed(link=link, key="", signature="")
    public = key.public_key().public_bytes_raw().hex()
    return Signed(link=link, key=public, signature=key.sign(canonical(link)).hex())


def read(raw: bytes, name: str = MANIFEST) -> Manifest:
    """A manifest from its bytes; raises Damaged or Foreign if they are none, byte for byte."""
    manifest: Manifest = _decode(raw, Manifest, name)
    if digest(manifest.parts) != manifest.link.parts:
        raise Damaged([Flaw(name, "its link commits to other parts")])
    return manifest


def read_chain(raw: bytes, name: str = CHAIN) -> list[Signed]:
    """The links of a chain, checked to follow each other; raises Damaged."""
    links: list[Signed] = []
    for number, line in enumerate(raw.splitlines(keepends=True), 1):
        one = _decode(line, Signed, f"{name}, line {number}")
        before = links[-1].link.digest if links else NOTHING
        if one.link.number != number or one.link.before != before:
            raise Damaged([Flaw(name, f"line {number} does not follow the one before it")])
        links.append(one)
    return links


def _decode(raw: bytes, shape: Any, name: str) -> Any:
    try:
        told = msgspec.json.decode(raw, type=shape)
    except msgspec.ValidationError as error:
        raise Foreign(f"{name} is not of a sealed log, or of a later edition: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Damaged([Flaw(name, f"it cannot be read: {error}")]) from error
    if line(told) != raw:
        raise Damaged([Flaw(name, "it is not as it was written")])
    return told


def line(told: Manifest | Signed) -> bytes:
    """How a manifest or a link of the chain stands in its file."""
    return canonical(told) + b"\n"


def publish(folder: Path, manifest: Manifest) -> None:
    """Let a manifest stand, durably: the files that it names are in the folder and synced.

    The chain is told first; what it says beyond the manifest that stands does not count.
    """
    sync(folder)
    with FileIO(folder / CHAIN, "ab") as file:
        put(file, line(manifest.signed))
        os.fsync(file.fileno())
    beside = folder / f"{MANIFEST}.new"
    with FileIO(beside, "wb") as file:
        put(file, line(manifest))
        os.fsync(file.fileno())
    beside.replace(folder / MANIFEST)
    sync(folder)


def cut_chain(folder: Path, number: int) -> None:
    """Take back what was being written to the chain when a writer fell."""
    path = folder / CHAIN
    size = sum(map(len, path.read_bytes().splitlines(keepends=True)[:number]))
    os.truncate(path, size)


def check_signatures(
    links: Sequence[Signed], keys: Collection[Ed25519PublicKey] = (), name: str = CHAIN
) -> None:
    """Make sure that links are signed with one of some keys, or, without any, with that they name.

    Raises Damaged.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey as Public

    wanted = [key.public_bytes_raw().hex() for key in keys]
    for one in links:
        what = f"link {one.link.number}"
        if wanted and one.key not in wanted:
            raise Damaged([Flaw(name, f"{what} is not signed with the key {' or '.join(wanted)}")])
        if not one.key and not one.signature:
            continue
        try:
            public = Public.from_public_bytes(_bytes(one.key))
            public.verify(_bytes(one.signature), canonical(one.link))
        except (InvalidSignature, ValueError):
            raise Damaged([Flaw(name, f"the signature of {what} is not of it")]) from None


def _bytes(text: str) -> bytes:
    """What hexadecimal digits say, which must be written as we write them."""
    raw = bytes.fromhex(text)
    if raw.hex() != text:
        raise ValueError("these digits are not as they were written")
    return raw
