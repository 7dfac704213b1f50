"""Who holds a number, and who is a member of a household, out of columns: several rows a stream."""

from __future__ import annotations

import numpy as np

from adapters.replaying.laying import Entries, dated, telling
from adapters.replaying.model import Rows
from adapters.replaying.stating import States
from adapters.replaying.wire import INTEGER, NULL, Cells, Characters, Identifiers, listed, words
from registry.projections import households, numbers
from registry.values import Relationship
from registry.vocabulary import VOCABULARY, Kind
from replay.columns.forms import Column


def grouped(entity: Column, key: Column, row: Column) -> tuple[Column, Column]:
    """The order in which the entries of each key of each stream lie together, and their chains."""
    order = np.lexsort((np.arange(len(row)), row, key, entity))
    new = (np.diff(entity[order], prepend=-1) != 0) | (np.diff(key[order], prepend=-1) != 0)
    return order, np.cumsum(new)


def latest(there: Column, chain: Column) -> Column:
    """For each entry the last one of its chain, up to itself, of which something is so; else -1."""
    number = np.arange(len(there))
    found = np.maximum.accumulate(np.where(there, number, -1))
    mine = (found >= 0) & (chain[found] == chain)
    return np.where(mine, found, -1)


def number_rows(states: States, known: int) -> Rows:
    """Who holds or held a number, and whether it was given or found."""
    block, model = states.block, numbers.NUMBERS
    by_name = {word.name: word for word in VOCABULARY.values() if word.kind is Kind.NUMBER}

    def said(name: str, field: str) -> Column:
        word = by_name[name]
        return states.said(word.code, next(one for one in word.fields if one.name == field))

    number, person = said("NumberGiven", "number"), said("NumberGiven", "person")
    rows = telling(states, model)
    order, chain = grouped(states.entity[rows], person[rows], rows)
    rows = rows[order]
    code = block.code[rows]
    given = code == by_name["NumberGiven"].code
    recorded = code == by_name["NumberRecorded"].code
    named = latest(given | recorded, chain)
    first = np.where(named >= 0, named, 0)
    how = np.where(latest(given, chain) >= 0, 0, 1)
    holding = (code != by_name["HoldingEnded"].code).astype("i8")
    values = [
        Cells(number[rows][first], Characters(18, packed=True)),
        Cells(how, words((numbers.GIVEN, numbers.RECORDED))),
        Cells(holding, INTEGER),
    ]
    told = Entries(chain, rows, named >= 0, values)
    key = Cells(person[rows], Identifiers(*states.halves("person")))
    return dated(states, model, told, [key], known)


def member_rows(states: States, known: int) -> Rows:
    """The members of households, and the relation of each to its head."""
    block, model = states.block, households.HOUSEHOLD_MEMBERS
    rows, keys, relations = [], [], []
    # Who left is told before who joined, and that before whose relation is another.
    for home in ("left", "members", "joined", "relations"):
        side = block.sparse[home]
        assert side.offsets is not None
        many = np.diff(side.offsets.astype("i8"))
        rows.append(np.repeat(side.rows.astype("i8"), many))
        named = "value" if home == "left" else "person"
        keys.append(side.parts[named].astype("i8"))
        relations.append(
            np.full(len(keys[-1]), NULL) if home == "left" else side.parts["relation"].astype("i8")
        )
    row, key, relation = (np.concatenate(one) for one in (rows, keys, relations))
    usable = ~states.odd[states.entity[row]]
    row, key, relation = row[usable], key[usable], relation[usable]
    order, chain = grouped(states.entity[row], key, row)
    row, key, relation = row[order], key[order], relation[order]
    last = np.append((np.diff(row) != 0) | (np.diff(chain) != 0), True)[: len(row)]
    told = Entries(
        chain[last],
        row[last],
        relation[last] != NULL,
        [Cells(relation[last], listed(Relationship))],
    )
    person = Cells(key[last], Identifiers(*states.halves("person")))
    return dated(states, model, told, [person], known)
