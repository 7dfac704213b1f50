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
from replay.checks.checking import check_register
from replay.checks.doubles import doubles
from replay.columns.forms import KeptSpaces
from replay.columns.layout import PARTITION_BITS
from replay.columns.log import Layer, LayeredLog
from replay.intake.rows import rehearse as rehearse_intake
from replay.jit import KERNELS
from replay.numbers import characters, check, unpack
from replay.questions.diff import diff
from replay.questions.duplicates import owners, told, traced
from replay.questions.orders import Wanted, waiting
from replay.questions.residents import residents_on
from replay.questions.whole import whole
from replay.sealed.rehearsal import rehearse
from replay.states.history import At
from replay.states.laying import Chains, laid_out, place
from replay.states.persons import EFFECT, person_states
from replay.states.standing import plain, rows


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
    check_register(log, at, doubles=doubles(log, at).pairs)
    residents_on(log, at)
    diff(log, at, at)
    block = log.block(Kind.PERSON, 0)
    nobody = plain(np.empty(0, "i8"))
    told(log, at, plain(np.ones(1, "i8")))
    owners(*rows(block)[:2], EFFECT, plain(np.empty(0, "u4")), np.empty(0, "i8"))
    traced(block, at, nobody, nobody)
    person_states(block, at)
    unpack(check(characters([b"110105194912310021"])).packed)
    rehearse()
    rehearse_intake()
    nothing = np.empty(0, "u1")
    laid_out(Chains(np.zeros(1, "i8"), nobody, nobody, nothing, nothing, nothing), 0, spans=True)
    place(np.empty(0, "i8"), nobody, nobody, plain(nothing), nothing)
    waiting(log, at, Wanted(2))
    return sum(1 for one in KERNELS if getattr(one, "signatures", True))
