"""How fast numbers are judged: a kernel against two packages and against plain numpy."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from registry.codes import STILL, divisions
from registry.values import CitizenNumber, check_character, explain_number
from replay.numbers import Characters, characters, check, right
from tests.bench.figures import alternate, report

SIZE = 1_000_000
SMALL = 5_000  # as many as python-stdnum judges in a blink
FEW = 50  # id-validator reads through its whole table for each


def main() -> None:
    """Print one line for each peer, after all sides have given the same answers."""
    from id_validator import validator
    from stdnum.cn import ric

    texts = made(SMALL, accepted_by_all(ric.is_valid, validator.is_valid))
    few = texts[:FEW]
    ours = [not explain_number(text) for text in texts]
    assert any(ours[:FEW]), "no right numbers"
    assert not all(ours[:FEW]), "no wrong numbers"
    assert ours == [bool(ric.is_valid(text)) for text in texts]
    assert ours[:FEW] == [bool(validator.is_valid(text)) for text in few]
    laid_out = characters(text.encode() for text in texts)
    assert right(check(laid_out).faults).tolist() == ours
    assert by_numpy(laid_out).tolist() == ours

    many = np.tile(laid_out, (SIZE // SMALL, 1))
    mine = rate(lambda: check(many), SIZE)
    stdnum = rate(lambda: [ric.is_valid(text) for text in texts], SMALL)
    id_validator = rate(lambda: [validator.is_valid(text) for text in few], FEW)
    report("numbers-check", SIZE, mine / 1e6, "M/s", "python-stdnum", mine / stdnum, 500)
    report("numbers-check", SIZE, mine / 1e6, "M/s", "id-validator", mine / id_validator, 10_000)
    pair = alternate(lambda: check(many), lambda: by_numpy(many))
    report("numbers-check", SIZE, SIZE / pair.ours.median / 1e6, "M/s", "numpy", pair.ratio, 5)

    sound = [text for text, good in zip(texts, ours, strict=True) if good]
    pair = alternate(
        lambda: [CitizenNumber(text) for text in sound],
        lambda: [ric.is_valid(text) for text in sound],
    )
    each = pair.ours.median / len(sound) * 1e6
    report("numbers-one", len(sound), each, "us", "python-stdnum", pair.ratio, 10)


def rate(side: Callable[[], object], size: int) -> float:
    """How many a second, the best of three runs after one that is not counted."""
    side()
    seconds = []
    for _ in range(3):
        start = perf_counter()
        side()
        seconds.append(perf_counter() - start)
    return size / min(seconds)


def accepted_by_all(*peers: Callable[[str], object]) -> list[str]:
    """Some counties of every list, of which the packages think as we do: all can be asked."""
    old = [
        code
        for code, listings in divisions().listings.items()
        if divisions().may_number(code)
        and any(one.first_year == 1980 and one.last_year == STILL for one in listings)
    ]
    sample = {code: f"{code}19960301001" for code in old[::25]}
    return [
        code
        for code, digits in sample.items()
        if all(judge(digits + check_character(digits)) for judge in peers)
    ]


def made(size: int, counties: Sequence[str]) -> list[str]:
    """Numbers of people born 1985 to 2003, of which one in eight has a fault that all look for."""
    chance = random.Random(11643)
    texts = []
    for _ in range(size):
        birth = f"{date(1985, 1, 1) + timedelta(chance.randrange(6900)):%Y%m%d}"
        fault = chance.randrange(24)
        if fault == 0:
            birth = birth[:4] + chance.choice(("0230", "1301", "0001", "0431", "0700"))
        address = "990101" if fault == 1 else chance.choice(counties)
        digits = f"{address}{birth}{chance.randrange(1, 1000):03}"
        last = check_character(digits)
        texts.append(
            digits + (chance.choice("0123456789".replace(last, "")) if fault == 2 else last)
        )
    return texts


def by_numpy(text: Characters) -> NDArray[np.bool_]:
    """Judge a layout in whole-array steps, as one would without a compiler."""
    digits = text[:, :17].astype(np.int64) - 48
    sound = ((digits >= 0) & (digits <= 9)).all(axis=1)

    def read(first: int, end: int) -> NDArray[np.int64]:
        return digits[:, first:end] @ (10 ** np.arange(end - first - 1, -1, -1))

    listed = np.zeros(1_000_000, np.bool_)
    listed[[int(code) for code in divisions().listings]] = True
    sound &= listed[np.clip(read(0, 6), 0, 999_999)]
    year, month, day = read(6, 10), read(10, 12), read(12, 14)
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    longest = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    days = longest[np.clip(month, 0, 12)] + (leap & (month == 2))
    sound &= (year >= 1800) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= days)
    sound &= read(14, 17) > 0
    weights = np.array([pow(2, 17 - place, 11) for place in range(17)])
    last = np.frombuffer(b"10X98765432", np.uint8)[digits @ weights % 11]
    return np.asarray(sound & (last == text[:, 17]))


if __name__ == "__main__":
    main()
