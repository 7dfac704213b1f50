"""What an extract numbers or names alike: households of a station, plates of a street, streets.

What an older system holds is recorded as it is, and told: of each number that several rows bear,
every one of them. What the register had before is not compared; `registry check repeated` does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from adapters.bulk_homes import Houses
from registry.aggregates import Places
from registry.commands.extract import DOORPLATES, HOUSEHOLDS, STREETS, Batch, Plate
from registry.commands.sorting import Sorted

HOUSEHOLD, PLATE, STREET = (
    "household-number-repeated",
    "plate-number-repeated",
    "street-name-repeated",
)


def note_repeated(
    found: Sorted,
    houses: Houses,
    plates: Sequence[Plate],
    where: NDArray[np.int64],
    places: Places,
    batch: Batch,
) -> None:
    """Remark every row that stands and bears a number or name with others.

    houses: all that stand; where: of each, its place among the plates. A household number is one's
    alone in the care of a police station, as stations are today; without one, in the community.
    """
    streets, own = [*found.streets.values()], [*found.plates.values()]
    for place in alike([(one.division.int, one.name) for one in streets]):
        found.found[STREETS][streets[place].row].append(STREET)
    for place in alike([(one.street.int, one.number, one.detail) for one in own]):
        found.found[DOORPLATES][own[place].row].append(PLATE)
    if not plates:
        return
    communities = {one.community for one in plates}
    station = {one: places.station_of(one, batch.today) or one for one in communities}
    codes = {one: code for code, one in enumerate(sorted(set(station.values()), key=str))}
    within = np.array([codes[station[one.community]] for one in plates], np.int64)
    for place in alike_houses(houses.numbers, within[where]):
        found.found[HOUSEHOLDS][int(houses.rows[place])].append(HOUSEHOLD)


def alike(borne: Sequence[Hashable]) -> Iterator[int]:
    """The places in a list of what others of it are, too."""
    if len(set(borne)) < len(borne):
        count = Counter(borne)
        yield from (place for place, one in enumerate(borne) if count[one] > 1)


def alike_houses(numbers: Sequence[str], within: NDArray[np.int64]) -> list[int]:
    """The places of households that bear a number with others; within: of each, what keeps it."""
    coded = pa.array(numbers, pa.string()).dictionary_encode()
    if len(coded.dictionary) == len(coded):
        return []
    keys = within * len(coded.dictionary) + np.asarray(coded.indices)
    inside = np.sort(keys)
    if (inside[1:] != inside[:-1]).all():
        return []
    _, place, count = np.unique(keys, return_inverse=True, return_counts=True)
    alike: list[int] = np.flatnonzero(count[place] > 1).tolist()
    return alike
