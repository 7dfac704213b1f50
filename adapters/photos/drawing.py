"""Drawn heads: photographs of nobody, for demonstrations and tests.

The same seed draws the same head. The proportions are those that GA 461 asks for, so that a drawn
head passes every check.
"""

from __future__ import annotations

import io
import random
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from adapters.photos.measuring import HEIGHT, PERSON_BELOW, WIDTH
from registry.photo_rules import rules

DPI: Final = (350, 350)
QUALITY: Final = 70
#: Drawn so many times as large and made small again, so that edges are smooth.
SCALE: Final = 3
GRAIN: Final = 5.0  # standard deviation of a sensor's noise, in levels

Colour = tuple[int, int, int]
SKINS: Final = ((238, 204, 176), (228, 188, 158), (214, 170, 138), (243, 214, 190))
HAIRS: Final = ((28, 24, 22), (40, 32, 28), (20, 20, 24), (90, 88, 86))
COATS: Final = ((40, 52, 96), (70, 40, 40), (36, 80, 60), (60, 60, 66), (96, 48, 84))
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def drawn_photo(seed: int) -> bytes:
    """A drawn head as a file that passes: JPEG, 358 by 441 at 350 dpi, 14 to 20 kilobytes."""
    (size,) = (rule for rule in rules() if rule.name == "bytes")
    head = drawn_head(seed)
    for quality in (QUALITY, *range(QUALITY + 2, 96, 2), *range(QUALITY - 2, 40, -2)):
        written = saved(head, quality)
        if size.holds(len(written)):
            return written
    raise AssertionError(f"head {seed} fits into no quality")


def saved(image: Image.Image, quality: int = QUALITY) -> bytes:
    """A picture as a camera saves it."""
    written = io.BytesIO()
    image.save(written, "JPEG", quality=quality, dpi=DPI)
    return written.getvalue()


def drawn_head(seed: int) -> Image.Image:
    """Draw a head with shoulders before white."""
    drawn = _Head(seed).drawn()
    levels = np.asarray(drawn.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)).astype(np.int16)
    person = (levels.min(axis=2) < PERSON_BELOW)[..., None]
    grain = np.random.default_rng(seed).normal(0, GRAIN, (HEIGHT, WIDTH, 1))
    grained = np.where(person, (levels + grain).clip(0, 255), 255)
    return Image.fromarray(grained.astype(np.uint8))


class _Head:
    """A head's measures in pixels of the photograph, and how it is put on paper."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        self.skin, self.hair, self.coat = map(chance.choice, (SKINS, HAIRS, COATS))
        self.middle = WIDTH / 2 + chance.uniform(-3, 3)
        self.top = chance.uniform(10, 17)
        self.eyes = chance.uniform(214, 224)
        self.width = chance.uniform(198, 210)
        self.chin = self.eyes + chance.uniform(112, 122)
        self.apart = chance.uniform(42, 47)
        self.fringe = chance.uniform(0, 14)
        self.mouth = self.eyes + chance.uniform(68, 74)
        self.lips = chance.uniform(30, 38)
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), WHITE)
        self.pen = ImageDraw.Draw(self.image)

    def drawn(self) -> Image.Image:
        """The whole, from back to front."""
        self._shoulders()
        self._skull()
        for side in (-1, 1):
            self._eye(side)
        self._nose_and_mouth()
        return self.image

    def _shoulders(self) -> None:
        x, neck = self.middle, _mixed(self.skin, BLACK, 0.12)
        self._box(x - 165, self.chin + 42, x + 165, HEIGHT + 80, self.coat, round_by=80)
        self._box(x - 48, self.chin - 40, x + 48, self.chin + 52, neck)
        self._shape([(x - 48, self.chin + 40), (x + 48, self.chin + 40), (x, self.chin + 88)], neck)

    def _skull(self) -> None:
        x, top, half = self.middle, self.top, self.width / 2
        self._oval(x, (top + self.eyes) / 2 + 26, half + 10, (self.eyes - top) / 2 + 26, self.hair)
        face = (top + 34 + self.chin) / 2
        self._oval(x, face + 8, half, (self.chin - top - 34) / 2, self.skin)
        self._oval(x, face + 46, half - 14, self.chin - face - 44, self.skin)
        for side in (-1, 1):
            ear = _mixed(self.skin, BLACK, 0.08)
            self._oval(x + side * half, self.eyes + 8, 9, 24, ear)
        self._oval(x, top + 85, half + 6, 85, self.hair, half=True)
        self._box(x - half + 6, top + 84, x + half - 6, top + 86 + self.fringe, self.hair)

    def _eye(self, side: int) -> None:
        x, y = self.middle + side * self.apart, self.eyes
        self._oval(x, y - 2, 27, 15, _mixed(self.skin, (90, 50, 30), 0.28))
        self._line([(x - 24, y - 24 - 2 * side), (x + 24, y - 24 + 2 * side)], self.hair, 9)
        self._oval(x, y, 18, 8, (250, 250, 248))
        self._oval(x, y, 8, 8, (36, 26, 20))
        self._oval(x + 2, y - 2, 2, 2, WHITE)
        self._line([(x - 19, y - 4), (x - 8, y - 10), (x + 8, y - 10), (x + 19, y - 4)], BLACK, 4)
        self._oval(x, y + 34, 22, 14, _mixed(self.skin, WHITE, 0.25))

    def _nose_and_mouth(self) -> None:
        x, y = self.middle, self.eyes
        bridge = [(x - 7, y - 16), (x + 7, y - 16), (x + 15, y + 42), (x - 15, y + 42)]
        self._shape(bridge, _mixed(self.skin, WHITE, 0.3))
        for side in (-1, 1):
            self._oval(x + side * 11, y + 44, 8, 5, _mixed(self.skin, (80, 30, 20), 0.45))
        self._oval(x, self.mouth, self.lips, 8, (168, 84, 80))
        self._line([(x - 32, self.mouth), (x + 32, self.mouth)], (96, 40, 40), 3)

    def _oval(
        self, x: float, y: float, across: float, down: float, fill: Colour, half: bool = False
    ) -> None:
        box = [(x - across) * SCALE, (y - down) * SCALE, (x + across) * SCALE, (y + down) * SCALE]
        if half:
            self.pen.pieslice(box, 180, 360, fill=fill)
        else:
            self.pen.ellipse(box, fill=fill)

    def _box(
        self, left: float, top: float, right: float, bottom: float, fill: Colour, round_by: int = 0
    ) -> None:
        box = [one * SCALE for one in (left, top, right, bottom)]
        self.pen.rounded_rectangle(box, radius=round_by * SCALE, fill=fill)

    def _shape(self, corners: list[tuple[float, float]], fill: Colour) -> None:
        self.pen.polygon([(x * SCALE, y * SCALE) for x, y in corners], fill=fill)

    def _line(self, points: list[tuple[float, float]], fill: Colour, width: int) -> None:
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.pen.line(scaled, fill=fill, width=width * SCALE, joint="curve")


def _mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
