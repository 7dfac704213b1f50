"""Keys of cards: each card's own, derived from master keys that no card holds (卡片密钥).

A master key has a version, and a card remembers the version under which it was written, so that a
master key can be changed while older cards are about. What derives for one card tells nothing about
another's. Software keeps the master keys in a file here; a hardware module would take the same
place behind `KeyProvider`. Keys are never shown, neither in logs nor in what Python prints.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode

from adapters.keyfiles import read_versions, write_versions
from registry.chip.image import SERIAL_SIZE
from registry.errors import Unavailable

#: What a card's keys are for, as the first two bytes of what they derive from: writing a card
#: when it is made, or appending an address, which is all that a county can do.
MAKING: Final = b"\x00\x01"
APPENDING: Final = b"\x00\x02"

#: Versions that the secure channel can name, and the sizes of AES keys.
VERSIONS: Final = range(1, 128)
SIZES: Final = (16, 24, 32)
MADE_BY: Final = "registry key cards"


class CardKeys(NamedTuple):
    """The three keys of a card: for secrecy, for authenticity, for keys on their way to it."""

    enc: bytes
    mac: bytes
    dek: bytes

    def __repr__(self) -> str:
        """Show nothing."""
        return "CardKeys(...)"


class KeyProvider(Protocol):
    """Whoever holds the master keys and derives a card's from them."""

    @property
    def newest(self) -> int:
        """The version under which cards are written now."""

    def card_keys(self, version: int, diversification: bytes) -> CardKeys:
        """The keys of a card, for ten bytes that name it.

        Raises Unavailable where there is no master key of that version.
        """


def diversification(profile: bytes, serial: bytes) -> bytes:
    """What a card's keys derive from: what they are for, and the serial of its chip."""
    assert len(profile) == 2
    assert len(serial) == SERIAL_SIZE
    return profile + serial


@dataclass(frozen=True)
class SoftwareKeys:
    """Master keys by version, in this process's memory."""

    masters: Mapping[int, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be a set of master keys."""
        for version, master in self.masters.items():
            if version not in VERSIONS or len(master) not in SIZES:
                raise ValueError(f"master key {version} has no possible version or size")
        if not self.masters:
            raise ValueError("there is no master key")

    @property
    def newest(self) -> int:
        """The highest version."""
        return max(self.masters)

    def card_keys(self, version: int, diversification: bytes) -> CardKeys:
        """Derive a card's keys, as long as the master key is."""
        master = self.masters.get(version)
        if master is None:
            raise Unavailable(f"there is no master key of version {version}; ask who keeps them")
        return CardKeys(
            *(derived(master, use, diversification) for use in (b"ENC", b"MAC", b"DEK"))
        )


def derived(master: bytes, use: bytes, context: bytes) -> bytes:
    """Derive a key from another, of the same size.

    Source: NIST SP 800-108, counter mode, AES-CMAC: counter of one byte before label, nought and
    context, and after them the length in bits in two bytes.
    """
    return KBKDFCMAC(
        algorithm=AES,
        mode=Mode.CounterMode,
        length=len(master),
        rlen=1,
        llen=2,
        location=CounterLocation.BeforeFixed,
        label=use,
        context=context,
        fixed=None,
    ).derive(master)


def open_keys(path: Path) -> SoftwareKeys:
    """The master keys of a file of versions.

    Raises Unavailable where there is none, or others could read it.
    """
    masters = read_versions(path, MADE_BY)
    try:
        return SoftwareKeys(masters)
    except ValueError as error:
        raise Unavailable(f"{path} is no file of master keys: {error}") from error


def new_master(path: Path) -> int:
    """Make a master key of the next version in a file, and tell the version.

    The keys before it stay, since cards were written under them.
    """
    masters = dict(open_keys(path).masters) if path.exists() else {}
    version = max(masters, default=0) + 1
    if version not in VERSIONS:
        raise Unavailable(f"{path} holds as many versions as a card can tell apart")
    write_versions(path, {**masters, version: os.urandom(SIZES[0])})
    return version
