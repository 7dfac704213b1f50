"""What can be measured of a photograph: its form, its background, the outline before it.

Faces and eyes are looked for, not at: how many there are and where. A measure that cannot be taken
is left out, since one number wrong should not raise five alarms.
"""

from __future__ import annotations

import io
import math
import warnings
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from registry.photo_rules import Measures

#: The form that geometry is told for, in pixels.
WIDTH: Final = 358
HEIGHT: Final = 441
#: The eyes are at least so far above the lower edge, so that the head lies above it.
EYE_LINE: Final = 207
#: How wide the strips are that show the background: along the sides down to the shoulders, and
#: along the upper edge beside the head.
STRIP: Final = 6
SIDE: Final = 260
CORNER: Final = 60
#: What is darker belongs to the person.
PERSON_BELOW: Final = 235
#: So many pixels in a row are hair and no speck.
SPECK: Final = 4
#: More pixels than this are not looked at, whatever the file says it holds.
MOST_PIXELS: Final = 40_000_000

#: Forms of files that are opened, to say what they are: none that another program would unpack.
FORMATS: Final = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")

#: Detectors keep notes of the picture they look at.
ONE_AT_A_TIME: Final = Lock()

Grey = NDArray[np.uint8]


def measure(content: bytes) -> Measures:
    """Take every measure of a file that can be taken, by the names of the table photo_rules."""
    found: dict[str, float] = {"bytes": len(content), "readable": 0}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a file that is odd is told of by its measures
            image = Image.open(io.BytesIO(content), formats=FORMATS)
            found |= _form(image)
            if image.width * image.height > MOST_PIXELS:
                return found
            image.load()
            rgb = np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return found
    found["readable"] = 1
    if (image.width, image.height) == (WIDTH, HEIGHT):
        found |= _picture(rgb)
    return found


def _form(image: ImageFile.ImageFile) -> dict[str, float]:
    dpi = image.info.get("dpi", (0, 0))
    across, down = (round(float(one)) for one in dpi)
    return {
        "jpeg": image.format == "JPEG",
        "colour": {"RGB": 24, "L": 8, "CMYK": 32}.get(image.mode, 0),
        "width": image.width,
        "height": image.height,
        "dpi": across if across == down else 0,
    }


def _picture(rgb: NDArray[np.uint8]) -> dict[str, float]:
    grey = np.asarray(Image.fromarray(rgb).convert("L"))
    return {**_background(rgb, grey), **_light(grey), **_outline(grey), **_face(grey)}


def _background(rgb: NDArray[np.uint8], grey: Grey) -> dict[str, float]:
    """How white the strips along the edges are, how even, of what tint."""
    upper = (np.s_[:STRIP, :CORNER], np.s_[:STRIP, -CORNER:])
    places = (*upper, np.s_[STRIP:SIDE, :STRIP], np.s_[STRIP:SIDE, -STRIP:])
    strip = np.concatenate([grey[place].ravel() for place in places])
    colours = np.concatenate([rgb[place].reshape(-1, 3) for place in places]).mean(axis=0)
    return {
        "border_level": float(strip.mean()),
        "border_spread": float(strip.std()),
        "border_tint": float(colours.max() - colours.min()),
    }


def _light(grey: Grey) -> dict[str, float]:
    """How far dark and light lie apart, how bright the middle is, how sharp the edges are."""
    dark, light = np.percentile(grey, [1, 99])
    middle = grey[HEIGHT // 3 : 2 * HEIGHT // 3, WIDTH // 3 : 2 * WIDTH // 3]
    levels = grey.astype(np.int32)
    edges = (
        levels[:-2, 1:-1] + levels[2:, 1:-1] + levels[1:-1, :-2] + levels[1:-1, 2:]
    ) - 4 * levels[1:-1, 1:-1]
    return {
        "contrast": float(light - dark),
        "face_level": float(np.median(middle)),
        "sharpness": float(edges.var()),
    }


def _outline(grey: Grey) -> dict[str, float]:
    """Where the hair begins, how wide the head is above the eyes, how far beside the middle."""
    person = grey < PERSON_BELOW
    rows = np.flatnonzero(person.sum(axis=1) >= SPECK)
    if not rows.size:
        return {}
    top = int(rows[0])
    head = person[top : HEIGHT - EYE_LINE]
    columns = np.flatnonzero(head.sum(axis=0) >= SPECK)
    if not columns.size:
        return {"hair_top": top}
    left, right = int(columns[0]), int(columns[-1]) + 1
    return {
        "hair_top": top,
        "head_width": right - left,
        "head_offset": (left + right - WIDTH) / 2,
    }


def _face(grey: Grey) -> dict[str, float]:
    """How many faces and eyes there are, how high the eyes, how tilted the line through them."""
    with ONE_AT_A_TIME:
        return _looked_for(grey)


def _looked_for(grey: Grey) -> dict[str, float]:
    least = WIDTH // 3
    faces = _detector("haarcascade_frontalface_default").detectMultiScale(
        grey, scaleFactor=1.05, minNeighbors=5, minSize=(least, least)
    )
    found: dict[str, float] = {"faces": len(faces)}
    if len(faces) != 1:
        return found
    x, y, width, height = (int(one) for one in faces[0])
    upper = np.ascontiguousarray(grey[y : y + height * 3 // 5, x : x + width])
    eyes = _detector("haarcascade_eye").detectMultiScale(
        upper, scaleFactor=1.05, minNeighbors=5, minSize=(width // 9, width // 9)
    )
    found["eyes"] = len(eyes)
    if len(eyes) == 2:
        (ax, ay), (bx, by) = sorted(
            (float(ex + ew / 2), float(y + ey + eh / 2)) for ex, ey, ew, eh in eyes
        )
        found["eye_line"] = HEIGHT - (ay + by) / 2
        found["tilt"] = math.degrees(math.atan2(by - ay, bx - ax))
    return found


@cache
def _detector(name: str) -> Any:
    """A detector that the library brings along; loading it takes longer than using it."""
    import cv2

    cv2.setNumThreads(1)  # a photograph is small, and many are looked at side by side
    path = Path(cv2.__file__).parent / "data" / f"{name}.xml"
    detector = cv2.CascadeClassifier(str(path))
    assert not detector.empty(), f"{path} is no detector"
    return detector
