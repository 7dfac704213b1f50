"""Randomness in blocks: one generator, asked for thousands of numbers at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

T = TypeVar("T")

BLOCK = 8192


class Dice:
    """Single draws from one numpy generator, at a tenth of what a single draw costs there."""

    def __init__(self, generator: np.random.Generator) -> None:
        self.generator = generator
        self._drawn: list[float] = []

    def roll(self) -> float:
        """A number from 0 up to 1."""
        if not self._drawn:
            self._drawn = self.generator.random(BLOCK).tolist()
        return self._drawn.pop()

    def chance(self, probability: float) -> bool:
        """Whether something of that probability happens."""
        return self.roll() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both possible."""
        return low + int(self.roll() * (high - low + 1))

    def pick(self, choices: Sequence[T]) -> T:
        """One of several, each as likely."""
        return choices[int(self.roll() * len(choices))]

    def weigh(self, choices: Sequence[tuple[T, float]]) -> T:
        """One of several by weight; the weights need not sum to one."""
        left = self.roll() * sum(weight for _, weight in choices)
        for choice, weight in choices:
            left -= weight
            if left < 0:
                return choice
        return choices[-1][0]

    def events(self, mean: float) -> int:
        """How often something happens that is expected `mean` times (Poisson)."""
        return int(self.generator.poisson(mean))
