"""Every kernel compiled once, ahead of the first question: its code stays on disk.

A kernel is compiled for the kinds of array it is given, whatever they hold; so a log in which
nothing was recorded will do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import numpy as np

from registry.vocabulary import Kind
from replay.diff import diff
from replay.duplicates import repeated, traced
from replay.forms import KeptSpaces
from replay.history import At
from replay.intake import rehearse as rehearse_intake
from replay.jit import KERNELS
from replay.layout import PARTITION_BITS
from replay.log import Layer, LayeredLog
from replay.numbers import characters, check, unpack
from replay.persons import person_states
from replay.rehearsal import rehearse
from replay.residents import residents_on
from replay.standing import elements, plain
from replay.stays import stays
from replay.whole import whole


class EmptyLog(LayeredLog):
    """A log in which something of every kind is named, and nothing was recorded."""

    bits = PARTITION_BITS
    head = 0

    def __init__(self) -> None:
        self.spaces = KeptSpaces()
        for space in (*(kind.value for kind in Kind), "community"):
            self.spaces.handles(space, [UUID(int=0)])

    def layers(self, kind: Kind, partition: int) -> Sequence[Layer]:
        """No runs."""
        return ()

    def position_at(self, instant: int) -> int:
        """No position."""
        return 0


def warm_up() -> int:
    """Compile every kernel of replay, or load it where that was done; returns how many."""
    log, at = EmptyLog(), At(date(2004, 6, 1), 0)
    whole(log, at)
    residents_on(log, at)
    diff(log, at, at)
    block = log.block(Kind.PERSON, 0)
    nobody = plain(np.empty(0, "i8"))
    traced(block, at, nobody, nobody)
    elements(block, "nature", plain(np.empty(1, "u4")))
    repeated([])
    person_states(block, at)
    unpack(check(characters([b"110105194912310021"])).packed)
    rehearse()
    rehearse_intake()
    stays(block)
    return sum(1 for one in KERNELS if getattr(one, "signatures", True))
