"""Photographs against GA 461: drawn heads pass, and each fault is told by its own rule."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter

from adapters.photos.checking import check
from adapters.photos.drawing import DPI, drawn_head, drawn_photo, saved
from adapters.photos.measuring import measure
from registry.photo_rules import Report, judge, rules
from registry.values import PhotoVerdict

HEAD = drawn_head(1)
WHITE = (255, 255, 255)


def names(report: Report) -> tuple[set[str], set[str]]:
    """The rules of the faults, and of the warnings."""
    return (
        {one.rule.name for one in report.faults},
        {one.rule.name for one in report.warnings},
    )


def of(image: Image.Image, quality: int = 70) -> tuple[set[str], set[str]]:
    return names(check(saved(image, quality)))


@pytest.mark.parametrize("seed", range(6))
def test_a_drawn_head_passes_every_check(seed):
    report = check(drawn_photo(seed))
    assert [one.told("en") for one in (*report.faults, *report.warnings)] == []
    assert report.verdict is PhotoVerdict.PASSED
    assert len(report.findings) == len(rules())


def test_the_same_seed_draws_the_same_head():
    assert drawn_photo(7) == drawn_photo(7)
    assert drawn_photo(7) != drawn_photo(8)


def moved(x: int, y: int) -> Image.Image:
    """The head, moved to the right and down over white."""
    found = Image.new("RGB", HEAD.size, WHITE)
    found.paste(HEAD, (x, y))
    return found


def scaled(factor: float) -> Image.Image:
    """The head, smaller or larger, its middle and its lower edge where they were."""
    wide, high = (round(one * factor) for one in HEAD.size)
    found = Image.new("RGB", HEAD.size, WHITE)
    found.paste(HEAD.resize((wide, high)), ((HEAD.width - wide) // 2, HEAD.height - high))
    return found


def framed() -> Image.Image:
    found = HEAD.copy()
    ImageDraw.Draw(found).rectangle([0, 0, 357, 440], outline=(0, 0, 0), width=2)
    return found


def shadowed() -> Image.Image:
    """A shadow on the screen to the right of the head."""
    shade = Image.new("L", HEAD.size, 255)
    ImageDraw.Draw(shade).rectangle([320, 60, 357, 250], fill=200)
    return ImageChops.multiply(HEAD, Image.merge("RGB", [shade.filter(ImageFilter.BoxBlur(9))] * 3))


def tinted(colour: tuple[int, int, int]) -> Image.Image:
    return ImageChops.multiply(HEAD, Image.new("RGB", HEAD.size, colour))


FAULTS: dict[str, tuple[Callable[[], Image.Image], str]] = {
    "a narrow crop": (lambda: HEAD.crop((0, 0, 350, 441)), "width"),
    "a short crop": (lambda: HEAD.crop((0, 0, 358, 440)), "height"),
    "a head too high": (lambda: moved(0, -12), "hair_top"),
    "a head too low": (lambda: moved(0, 12), "hair_top"),
    "a head beside the middle": (lambda: moved(24, 0), "head_offset"),
    "a head too small": (lambda: scaled(0.8), "head_width"),
    "a frame": (framed, "border_spread"),
    "a shadow": (shadowed, "border_spread"),
    "a grey screen": (lambda: tinted((222, 222, 222)), "border_level"),
    "a blue screen": (lambda: tinted((235, 244, 255)), "border_tint"),
    "a blurred picture": (lambda: HEAD.filter(ImageFilter.GaussianBlur(4)), "sharpness"),
    "a flat picture": (
        lambda: Image.blend(HEAD, Image.new("RGB", HEAD.size, WHITE), 0.65),
        "contrast",
    ),
    "an underexposed face": (
        lambda: ImageEnhance.Brightness(HEAD).enhance(0.28),
        "face_level",
    ),
    "nobody at all": (lambda: Image.new("RGB", HEAD.size, WHITE), "contrast"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_is_told_by_its_rule(what):
    image, rule = FAULTS[what]
    faults, _ = of(image())
    assert rule in faults


@pytest.mark.parametrize(
    ("what", "only"),
    [
        ("a head too high", {"hair_top"}),
        ("a head too low", {"hair_top"}),
        ("a shadow", {"border_spread", "border_level"}),
        ("a blue screen", {"border_tint"}),
        ("a narrow crop", {"width"}),
    ],
)
def test_one_fault_raises_one_alarm(what, only):
    image, _ = FAULTS[what]
    quality = next(q for q in range(60, 96) if 14_000 <= len(saved(image(), q)) <= 20_480)
    assert of(image(), quality)[0] == only


def written(image: Image.Image, kind: str, **how: object) -> bytes:
    into = io.BytesIO()
    image.save(into, kind, **how)
    return into.getvalue()


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (written(HEAD, "PNG", dpi=DPI), "jpeg"),
        (written(HEAD.convert("L"), "JPEG", quality=80, dpi=DPI), "colour"),
        (written(HEAD.convert("CMYK"), "JPEG", quality=70, dpi=DPI), "colour"),
        (written(HEAD, "JPEG", quality=70, dpi=(300, 300)), "dpi"),
        (written(HEAD, "JPEG", quality=70), "dpi"),
        (written(HEAD, "JPEG", quality=30, dpi=DPI), "bytes"),
        (written(HEAD, "JPEG", quality=95, dpi=DPI), "bytes"),
        (saved(HEAD)[:6000], "readable"),
        (b"no picture", "readable"),
        (b"", "readable"),
    ],
)
def test_the_form_of_the_file_is_held_against_the_rules(content, rule):
    report = check(content)
    assert rule in names(report)[0]
    assert report.verdict is None


def test_a_picture_that_would_fill_the_memory_is_not_unpacked():
    bomb = written(Image.new("1", (9_000, 9_000)), "PNG")
    assert names(check(bomb))[0] >= {"readable"}
    assert measure(bomb)["width"] == 9_000


def test_a_file_that_another_program_would_have_to_unpack_is_not_opened():
    page = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 358 441\n%%EndComments\nshowpage\n"
    assert measure(page) == {"bytes": len(page), "readable": 0}


def test_a_face_that_is_not_found_only_warns():
    faceless = HEAD.copy()
    skin = HEAD.getpixel((179, 150))
    ImageDraw.Draw(faceless).rectangle([105, 180, 255, 310], fill=skin)
    noise = np.random.default_rng(1).normal(0, 5, (441, 358, 1))
    grained = (np.asarray(faceless) + noise * (np.asarray(faceless) < 250)).clip(0, 255)
    image = Image.fromarray(grained.astype(np.uint8))
    quality = next(q for q in range(50, 96) if 14_000 <= len(saved(image, q)) <= 20_480)
    report = check(saved(image, quality))
    assert names(report) == (set(), {"faces"})
    assert report.verdict is PhotoVerdict.WARNED


def test_a_tilted_head_warns():
    tilted = HEAD.rotate(8, Image.Resampling.BICUBIC, center=(179, 220), fillcolor=WHITE)
    assert "tilt" in of(tilted)[1]


def test_eyes_too_low_warn_even_where_the_outline_is_right():
    measures = {**measure(drawn_photo(1)), "eye_line": 206.0}
    assert names(judge(measures)) == (set(), {"eye_line"})


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_photographer_is_told_what_was_found_what_is_asked_and_what_to_do(language):
    (finding,) = check(saved(moved(0, 12), 72)).faults
    told = finding.told(language)
    assert "27" in told
    assert "7-21 px" in told
    assert (finding.rule.advice_zh if language == "zh" else finding.rule.advice_en) in told
    lost = next(one for one in judge({"readable": 1}).findings if one.measured is None)
    assert ("无法测量" if language == "zh" else "could not be measured") in lost.told(language)


@given(
    value=st.floats(-1e6, 1e6),
    rule=st.sampled_from(rules()),
)
def test_a_limit_is_part_of_what_is_allowed(value, rule):
    low = float("-inf") if rule.low is None else rule.low
    high = float("inf") if rule.high is None else rule.high
    assert rule.holds(value) == (min(max(value, low), high) == value)
    assert all(rule.holds(one) for one in (rule.low, rule.high) if one is not None)


@given(content=st.binary(max_size=400) | st.integers(0, 14_000).map(lambda n: saved(HEAD)[:n]))
def test_whatever_is_sent_gets_a_report(content):
    assert check(content).verdict is None


def test_every_rule_is_measured_and_tells_both_languages_and_its_source():
    assert measure(drawn_photo(2)).keys() == {rule.name for rule in rules()}
    for rule in rules():
        assert all((rule.name_zh, rule.name_en, rule.advice_zh, rule.advice_en, rule.source))
    soft = {rule.name for rule in rules() if not rule.hard}
    assert soft == {"faces", "eyes", "eye_line", "tilt"}
