"""A photograph made small for the chip, once (机读照片): 102 by 126 pixels in 1,024 bytes.

What was encoded is a fact that is kept and never made again: another edition of the library gives
other bytes, and the signature on the card is about these.
"""

from __future__ import annotations

import io
from typing import Final

from PIL import Image

from adapters.photos.measuring import FORMATS
from registry.chip.files import FILES, malformed

SIZE: Final = (102, 126)
#: The library's slowest search, for the best picture in so few bytes.
EFFORT: Final = 6
#: Below this quality nobody would be recognised; heads before white come to 30 and more.
WORST: Final = 10


def chip_photo(content: bytes) -> bytes:
    """Encode a photograph as WebP in the best quality that fits, zeros after it.

    Raises Malformed where the worst that is of use does not fit, or it is no picture.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            small = image.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
    except OSError as error:
        raise malformed("photo", "unreadable", "is no picture; check it first") from error
    file = FILES["photo"]
    best, low, high = b"", WORST, 100
    while low <= high:
        quality = (low + high) // 2
        tried = _webp(small, quality)
        if len(tried) <= file.size:
            best, low = tried, quality + 1
        else:
            high = quality - 1
    if not best:
        told = f"does not fit into {file.size} bytes; take it again before a plain background"
        raise malformed("photo", "too-long", told)
    return file.filled(best)


def _webp(image: Image.Image, quality: int) -> bytes:
    written = io.BytesIO()
    image.save(written, "WEBP", quality=quality, method=EFFORT)
    return written.getvalue()
