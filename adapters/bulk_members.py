"""Persons put into their households, a column at a time.

What `registry.commands.sorting.sort_persons` says, for persons of whom no two have one key.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adapters.bulk_extract import Extract, Rows
from registry.commands.extract import (
    COLLECTIVE,
    HEADS,
    HOUSEHOLDS,
    PERSONS,
    RELATIONS,
    RELATIVES,
)
from registry.commands.sorting import Sorted


def all_different(keys: Any) -> bool:
    """Whether every key is there, and only once."""
    return pc.count_distinct(keys).as_py() == len(keys) and not pc.any(pc.equal(keys, "")).as_py()


def sort_members(extract: Extract, homes: Rows, found: Sorted) -> None:
    """Put persons into their households; a family has exactly one head.

    homes: of each person, the row of the household, or -1.
    """
    persons, houses = extract.tables[PERSONS], extract.size(HOUSEHOLDS)
    refused = found.refused[PERSONS]
    stand, family = np.zeros((2, houses + 1), np.bool_)  # the last for whoever has no household
    stand[list(found.houses)] = True
    family[[row for row, house in found.houses.items() if house.type != COLLECTIVE]] = True

    def within(codes: Any) -> Any:
        told = pc.is_in(persons["relation"], pa.array(sorted(codes), pa.large_string()))
        return np.asarray(told.combine_chunks())

    odd = ~within(RELATIONS) & family[homes]
    refused.update(dict.fromkeys(np.flatnonzero(odd).tolist(), "relation-unusable"))
    members = np.bincount(homes[~odd] + 1, minlength=houses + 1)[1:]
    heads = np.bincount(homes[within(HEADS)] + 1, minlength=houses + 1)[1:]
    for home in np.flatnonzero(family[:-1] & (members > 0) & (heads != 1)).tolist():
        found.refused[HOUSEHOLDS][home] = "two-heads" if heads[home] else "head-missing"
        del found.houses[home]
        stand[home] = False
    for home in np.flatnonzero(family[:-1] & (members == 0)).tolist():
        found.found[HOUSEHOLDS][home].append("without-members")
    for row in np.flatnonzero(~odd & ~stand[homes]).tolist():
        refused[row] = "household-refused" if homes[row] >= 0 else "household-unknown"
    found.homes = homes.tolist()
    found.relatives = relatives_outside(persons, np.array(list(refused), np.int64))


def relatives_outside(persons: pa.Table, refused: Rows) -> frozenset[str]:
    """Keys of relatives whose own rows do not stand in the extract."""
    columns = [persons[name] for name in RELATIVES if name in persons.column_names]
    if not columns:
        return frozenset()
    named = pc.unique(pa.chunked_array([part for one in columns for part in one.chunks]))
    rows = pc.index_in(named, persons["key"].combine_chunks())
    outside = pc.or_(pc.is_null(rows), pc.is_in(rows, pa.array(refused, rows.type)))
    return frozenset(named.filter(outside).to_pylist()) - {""}
