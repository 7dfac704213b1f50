"""Random lawful histories: whatever a register could have recorded, in any order of days."""

from __future__ import annotations

from random import Random

from hypothesis import strategies as st

from tests.happenings.cards import change_application, change_body
from tests.happenings.checking import change_finding, check_person
from tests.happenings.homes import (
    COLLECTIVE,
    FAMILY,
    HEAD,
    OTHER,
    change_doorplate,
    change_household,
)
from tests.happenings.log import (
    CATEGORY,
    FIRST_DAY,
    NAMES,
    REAL,
    Log,
    Move,
    lately,
    number,
    pass_days,
    some,
)
from tests.happenings.papers import change_case, change_number, change_paper, keep_book
from tests.happenings.persons import (
    DEATH_CAUSE,
    DELETION_KIND,
    NATIONALITY,
    SCOPE,
    change_person,
    correct_person,
    enter_person,
    void_person,
)
from tests.happenings.places import COMMUNITY_KIND, found_places, move_boundary, rename_place

PERSON_MOVES: list[Move] = [
    *(pass_days, enter_person, enter_person),
    *(change_person, change_person, change_person, correct_person, void_person),
]
CARD_MOVES: list[Move] = [
    *(pass_days, move_boundary),
    *(change_application, change_application, change_application, change_body),
]
ALL_MOVES: list[Move] = [
    *PERSON_MOVES,
    *(change_household, change_household, change_doorplate, move_boundary, rename_place),
    *(change_number, change_case, change_paper, keep_book, change_finding, check_person),
    *(change_application, change_application, change_body),
]


def story(
    seed: int, moves: int, among: list[Move] = ALL_MOVES, salt: int = 0, people: int = 3
) -> Log:
    """A log of a small town, always the same one for a seed."""
    chance = Random(seed)
    log = Log(salt, people)
    found_places(log)
    for _ in range(moves):
        chance.choice(among)(chance, log)
    return log


@st.composite
def logs(draw: st.DrawFn, moves: list[Move] = ALL_MOVES, most: int = 120, salt: int = 0) -> Log:
    """Logs of a small town: people who come and go, are corrected, undone and restored."""
    # Drawn one by one, most moves would be the first of their lists, and histories all alike.
    seed = draw(st.integers(0, 2**32), label="seed")
    return story(seed, draw(st.integers(most // 4, most), label="moves"), moves, salt)


__all__ = [
    "CARD_MOVES",
    "CATEGORY",
    "COLLECTIVE",
    "COMMUNITY_KIND",
    "DEATH_CAUSE",
    "DELETION_KIND",
    "FAMILY",
    "FIRST_DAY",
    "HEAD",
    "NAMES",
    "NATIONALITY",
    "OTHER",
    "PERSON_MOVES",
    "REAL",
    "SCOPE",
    "Log",
    "Move",
    "enter_person",
    "found_places",
    "lately",
    "logs",
    "move_boundary",
    "number",
    "some",
    "story",
]
