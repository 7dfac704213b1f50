"""The photograph on the chip: small enough, large enough, and still the same face."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from adapters.photos.drawing import drawn_head, drawn_photo
from adapters.photos.encoding import SIZE, chip_photo
from adapters.report.press import pdf
from registry.errors import Malformed


def decoded(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


@pytest.mark.parametrize("seed", range(4))
def test_a_photograph_fits_into_the_file_and_is_recognisable(seed):
    small = chip_photo(drawn_photo(seed))
    assert len(small) == 1024
    assert small[:4] == b"RIFF"
    assert decoded(small).size == SIZE == (102, 126)
    plain = np.asarray(drawn_head(seed).resize(SIZE, Image.Resampling.LANCZOS), np.float64)
    noise = ((plain - np.asarray(decoded(small), np.float64)) ** 2).mean()
    assert 10 * np.log10(255**2 / noise) > 27, "decibels between it and the photograph made small"


def test_it_is_the_best_quality_that_fits():
    small = chip_photo(drawn_photo(1))
    assert len(small.rstrip(b"\0")) > 990


def test_what_is_too_restless_for_so_few_bytes_is_refused():
    noise = np.random.default_rng(1).integers(0, 256, (441, 358, 3), dtype=np.uint8)
    written = io.BytesIO()
    Image.fromarray(noise).resize((102, 126), Image.Resampling.NEAREST).save(written, "PNG")
    with pytest.raises(Malformed, match="plain background"):
        chip_photo(written.getvalue())


@pytest.mark.parametrize("content", [b"", b"no picture", drawn_photo(1)[:3000]])
def test_what_is_no_picture_is_refused_also_where_pages_are_printed(content):
    assert pdf("<p>人口</p>").startswith(b"%PDF")
    with pytest.raises(Malformed, match="no picture"):
        chip_photo(content)
