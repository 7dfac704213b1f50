"""The one definition of what a stream's history is at (valid, known), shared by every reader.

The history of an entity at valid day V and known position K is its entries up to K that no standing
entry up to K voids and whose effective day is at most V, in the order (effective day, version).
Ledgers are folded in version order over all their entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from registry.entry import Entry
from registry.vocabulary import VOCABULARY


def voided_versions(entries: Sequence[Entry]) -> frozenset[int]:
    """Versions that do not stand, given all entries known, in version order.

    A later entry decides about earlier ones, so voids are resolved from the newest to the oldest;
    a correction falls with the version that it corrects.
    """
    fallen: set[int] = set()
    voiding = [entry for entry in entries if VOCABULARY[type(entry.event)].voids]
    for entry in reversed(voiding):
        if entry.version not in fallen:
            fallen.update(entry.event.voids)
    if fallen:
        for entry in entries:
            if VOCABULARY[type(entry.event)].corrects and entry.event.corrects in fallen:
                fallen.add(entry.version)
    return frozenset(fallen)


def standing(entries: Sequence[Entry], known: int | None = None) -> list[Entry]:
    """Entries known at a position that nothing voids, in the order (effective day, version)."""
    if known is not None:
        entries = [entry for entry in entries if entry.position <= known]
    ordered, last, plain = True, date.min, True
    for entry in entries:
        word = VOCABULARY[type(entry.event)]
        if word.voids:
            plain = False
            break
        if entry.effective_on < last:
            ordered = False
        last = entry.effective_on
    if not plain:
        fallen = voided_versions(entries)
        entries = [
            entry
            for entry in entries
            if entry.version not in fallen and not VOCABULARY[type(entry.event)].voids
        ]
        ordered = False
    if ordered:
        return list(entries)
    return sorted(entries, key=lambda entry: (entry.effective_on, entry.version))


def effective(
    entries: Sequence[Entry], valid_on: date | None = None, known: int | None = None
) -> list[Entry]:
    """The history at (valid, known): what `evolve` is folded over."""
    history = standing(entries, known)
    if valid_on is None:
        return history
    return [entry for entry in history if entry.effective_on <= valid_on]
