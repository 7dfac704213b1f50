"""Where each card of the machine is: a file a card, in the folder of the place it lies in.

A card moves when its file is renamed and changes when its file is replaced, so that whoever is
killed leaves every card whole and in one place. Files are for the owner's eyes alone, since they
hold what a chip holds, its keys among it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from adapters.card.emulator.chip import Memory
from adapters.card.keys import KeyProvider
from registry.errors import NotFound

HOPPER, STACKER, REJECTS, OUTSIDE = "hopper", "stacker", "rejects", "outside"
TRAYS = (HOPPER, STACKER, REJECTS, OUTSIDE)
SUFFIX = ".card"


def head(number: int) -> str:
    """The place of the card that is in a reader, counted from 0."""
    return f"head-{number}"


def load(folder: Path, serials: Iterable[bytes], keys: KeyProvider, tray: str = HOPPER) -> None:
    """Put blank cards on the pile of a tray, in this order: the first is fed first."""
    pile = len(cards(folder, tray))
    for number, serial in enumerate(serials, pile + 1):
        place = make(folder, tray) / f"{number:06}-{serial.hex().upper()}{SUFFIX}"
        write(place, Memory.blank(serial, keys))


def cards(folder: Path, tray: str) -> list[Path]:
    """The cards that lie in a place, the lowest number first."""
    return sorted((folder / tray).glob(f"*{SUFFIX}"))


def look(folder: Path, tray: str) -> list[Memory]:
    """What the cards in a place remember, for tests and counts: nobody else may open a card."""
    return [read(card) for card in cards(folder, tray)]


def find(folder: Path, serial: bytes) -> Path:
    """The card of a serial, wherever it lies. Raises NotFound."""
    for card in folder.glob(f"*/*-{serial.hex().upper()}{SUFFIX}"):
        return card
    raise NotFound("card", f"…{serial.hex()[-4:]} in this machine")


def move(card: Path, folder: Path, tray: str) -> Path:
    """Move a card to another place."""
    return card.rename(make(folder, tray) / card.name)


def make(folder: Path, tray: str) -> Path:
    """The folder of a place."""
    place = folder / tray
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def read(card: Path) -> Memory:
    """What a card remembers."""
    return Memory.decode(card.read_bytes())


def write(card: Path, memory: Memory) -> None:
    """Keep what a card remembers: all of the old or all of the new, whoever is killed."""
    fresh = card.with_suffix(".new")
    with open(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        file.write(memory.encode())
    fresh.rename(card)
