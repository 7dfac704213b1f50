"""A frozen record is what a frozen dataclass is; only the way to it is shorter."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, fields, is_dataclass, replace
from typing import Any
from uuid import UUID

import pytest

from registry.events.household import Member
from registry.frozen import frozen
from registry.values import PersonId, Relationship
from registry.vocabulary import VOCABULARY


@frozen
class Thing:
    """A record."""

    size: int
    name: str = "none"


@frozen
class Painted(Thing):
    """One with more fields than its base."""

    colour: str


@dataclass(frozen=True, kw_only=True)
class Plain:
    """The same by the standard library."""

    size: int
    name: str = "none"


def test_it_is_a_dataclass_to_whoever_asks() -> None:
    told = Painted(size=1, colour="red")
    assert is_dataclass(told)
    assert [field.name for field in fields(told)] == ["size", "name", "colour"]
    assert asdict(told) == {"size": 1, "name": "none", "colour": "red"}
    assert replace(told, size=2) == Painted(colour="red", size=2)
    assert repr(told) == "Painted(size=1, name='none', colour='red')"


def test_equal_fields_of_one_class_are_equal_and_have_one_hash() -> None:
    one, other = Thing(size=1, name="a"), Thing(name="a", size=1)
    assert one == other
    assert {one} == {other}
    assert hash(one) == hash(Plain(size=1, name="a"))
    assert one != Thing(size=2, name="a")
    plain: Any = Plain(size=1, name="a")
    assert one != plain
    assert Thing(size=1) != Painted(size=1, colour="red")


def test_nothing_of_it_changes() -> None:
    told = Thing(size=1)
    with pytest.raises(FrozenInstanceError, match="size"):
        told.size = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="size"):
        del told.size
    with pytest.raises(FrozenInstanceError, match="other"):
        told.other = 2  # type: ignore[attr-defined]
    assert told == Thing(size=1)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "Painted lacks colour, size"),
        ({"size": 1, "colour": "red", "shape": 2}, "Painted has no field shape"),
        ({"colour": "red", "shape": 2}, "Painted lacks size and has no field shape"),
    ],
)
def test_whoever_gives_other_fields_is_told_which(said: dict[str, Any], why: str) -> None:
    with pytest.raises(TypeError, match=f"^{why}$"):
        Painted(**said)
    with pytest.raises(TypeError):
        Painted(1, "none", "red")  # type: ignore[call-arg]


def test_it_travels_and_can_be_copied() -> None:
    told = Member(person=PersonId(UUID(int=1)), relation=Relationship("02"))
    assert pickle.loads(pickle.dumps(told)) == copy.deepcopy(told) == copy.copy(told) == told


def test_every_event_is_one() -> None:
    for shape in VOCABULARY:
        method: Any = shape.__setattr__
        assert method is Thing.__setattr__, shape
