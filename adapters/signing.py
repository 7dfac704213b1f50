"""Keys that the log is signed with: a file that its owner alone reads, public halves beside it.

Every line of the file is a key; a checkpoint is signed with all of them. So a key is changed in
three steps: a new one is made, readers are given its public half, the old line is taken out.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.files import EVERYBODY, OWNER_ONLY, write_whole
from adapters.keyfiles import read_secret
from registry.errors import Unavailable
from replay.proof.notes import KEY_BYTES, Checkpoint, PublicKey, SigningKey, sign


@dataclass(frozen=True)
class Signer:
    """Signs checkpoints, and remembers the last one, which it will never contradict.

    What it remembers lies beside the keys: it outlives the folder of tiles and the database.
    """

    path: Path
    keys: Sequence[SigningKey]

    @property
    def public(self) -> list[PublicKey]:
        """The public halves."""
        return [key.public for key in self.keys]

    @property
    def memory(self) -> Path:
        """Where the last checkpoint is remembered."""
        return self.path.with_suffix(".signed")

    def last(self) -> bytes | None:
        """The last checkpoint signed with this file."""
        return self.memory.read_bytes() if self.memory.exists() else None

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """Sign a checkpoint; it is remembered before anybody can see it."""
        note = sign(checkpoint.text, self.keys).encode()
        write_whole(self.memory, note, EVERYBODY)
        return note


def open_signer(path: Path) -> Signer:
    """The keys of a file; raises Unavailable if there are none or others could read them."""
    lines = read_secret(path, "registry key new").split()
    try:
        keys = [SigningKey.read(line) for line in lines]
    except ValueError as error:
        raise Unavailable(f"{path} is no file of keys: {error}") from error
    if not keys:
        raise Unavailable(f"{path} holds no key; make one with `registry key new`")
    return Signer(path, keys)


def new_key(path: Path, name: str) -> PublicKey:
    """Make a key, add it to a file, and its public half to the file beside that one."""
    key = SigningKey(name, os.urandom(KEY_BYTES))
    held = open_signer(path).keys if path.exists() else ()
    if other := {one.name for one in held} - {name}:
        raise ValueError(f"{path} holds keys of {', '.join(other)}; a log has a file of its own")
    public = public_path(path)
    known = public.read_text(encoding="utf-8") if public.exists() else ""
    lines = "".join(f"{one.secret}\n" for one in (*held, key))
    write_whole(path, lines.encode(), OWNER_ONLY)
    write_whole(public, f"{known}{key.public}\n".encode(), EVERYBODY)
    return key.public


def public_path(path: Path) -> Path:
    """Where the public halves of a key file stand, those of keys taken out too."""
    return path.with_suffix(".pub")


def known_keys(path: Path) -> list[PublicKey]:
    """The public halves beside a key file, for who checks and does not sign."""
    public = public_path(path)
    if not public.exists():
        raise Unavailable(f"there is no {public}; make a key with `registry key new`")
    try:
        return read_public(str(public))
    except ValueError as error:
        raise Unavailable(f"{public}: {error}") from error


def read_public(text: str) -> list[PublicKey]:
    """Public keys as somebody was given them: the text of one, or the name of a file of them."""
    if not Path(text).is_file():
        return [PublicKey.read(text)]
    if not (lines := Path(text).read_text(encoding="utf-8").split()):
        raise ValueError(f"{text} holds no public key")
    return [PublicKey.read(line) for line in lines]
