"""Records that never change, declared by the hundred: their methods are not compiled one by one.

`dataclass(frozen=True)` compiles six methods for every class, whether it is used or not; for four
hundred events and commands that took a quarter of the time of a short program. Here one method
serves all.
"""

from __future__ import annotations

from dataclasses import MISSING, FrozenInstanceError, dataclass, fields
from typing import Any, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def frozen(cls: type[T]) -> type[T]:
    """A frozen dataclass whose fields are given by keyword; so must its bases be that have fields.

    Records of one class with equal fields are equal.
    """
    shape: type[T] = dataclass(init=False, repr=False, eq=False, kw_only=True)(cls)
    told = fields(shape)  # type: ignore[arg-type]  # which it is now
    assert all(one.default_factory is MISSING for one in told), f"{cls}: a default is one value"
    order = tuple(one.name for one in told)
    names = frozenset(order)
    silent = {one.name: one.default for one in told if one.default is not MISSING}

    def __init__(self: Any, **said: Any) -> None:
        held = self.__dict__
        held.update(silent)
        held.update(said)
        if held.keys() != names:
            raise TypeError(_unfit(cls.__name__, names, held))

    def __hash__(self: Any) -> int:
        held = self.__dict__
        return hash(tuple([held[name] for name in order]))

    for method in (__init__, __eq__, __hash__, __repr__, __setattr__, __delattr__):
        setattr(shape, method.__name__, method)
    return shape


def _unfit(name: str, names: frozenset[str], held: dict[str, Any]) -> str:
    """What is wrong with the fields that somebody gave."""
    missing, unknown = sorted(names - held.keys()), sorted(held.keys() - names)
    told = [f"lacks {', '.join(missing)}"] * bool(missing)
    told += [f"has no field {', '.join(unknown)}"] * bool(unknown)
    return f"{name} {' and '.join(told)}"


def __eq__(self: Any, other: object) -> bool:
    if other.__class__ is not self.__class__:
        return NotImplemented
    alike: bool = self.__dict__ == other.__dict__
    return alike


def __repr__(self: Any) -> str:
    told = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in fields(self))
    return f"{self.__class__.__qualname__}({told})"


def __setattr__(self: Any, name: str, value: Any) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def __delattr__(self: Any, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")
