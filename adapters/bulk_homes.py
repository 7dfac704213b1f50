"""Households as columns, on their way from the plan of an import to whoever enters them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.commands.extract import House, Plate, uuid_of
from registry.values import (
    CommunityId,
    DoorplateId,
    HouseholdNumber,
    HouseholdType,
    PlateNumber,
    StreetId,
)

Ids = NDArray[np.uint8]  # u1[n, 16]
NOBODY = StreetId(uuid_of(0))


@dataclass(frozen=True)
class Houses:
    """Households that stand, a column each; of a door plate what an entry tells of it.

    days: proleptic ordinals, the first on which the household can be there. sizes: how many
    members follow one another in the columns of persons.
    """

    rows: NDArray[np.int64]
    keys: Sequence[str]
    numbers: Sequence[str]
    types: Sequence[str]
    days: NDArray[np.int64]
    sizes: NDArray[np.int64]
    doorplates: Ids
    communities: Ids

    def __len__(self) -> int:
        return len(self.rows)

    def only(self, chosen: NDArray[np.bool_]) -> Houses:
        """Some of them."""
        some: list[Any] = [
            column[chosen] if isinstance(column, np.ndarray) else list(compress(column, chosen))
            for column in vars(self).values()
        ]
        return Houses(*some)

    def one_by_one(self) -> Iterator[House]:
        """Each as an object."""
        for row, key, number, kind, day, _, plate, place in zip(*vars(self).values(), strict=True):
            # Of the door plate nobody asks for more.
            where = Plate(
                -1,
                "",
                DoorplateId(uuid_of(int.from_bytes(plate.tobytes(), "big"))),
                NOBODY,
                PlateNumber("-"),
                None,
                CommunityId(uuid_of(int.from_bytes(place.tobytes(), "big"))),
                date.min,
                0,
            )
            yield House(
                int(row),
                key,
                str.__new__(HouseholdNumber, number),
                HouseholdType(kind),
                where,
                date.fromordinal(int(day)),
            )


def ids_of(streams: Sequence[Any]) -> Ids:
    """UUIDs as rows of bytes."""
    return np.frombuffer(b"".join([one.bytes for one in streams]), np.uint8).reshape(-1, 16)
