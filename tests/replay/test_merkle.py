"""The tree: published vectors, the RFC's definitions as an oracle, and every bit that may flip."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.proof.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    WIDTH,
    BrokenProof,
    ReadTile,
    Tile,
    Tree,
    check_consistency,
    check_inclusion,
    consistency_proof,
    edge_widths,
    grown,
    inclusion_path,
    leaf_hash,
)
from tests.replay import naive_tree as naive

#: The tree of eight leaves with which implementations of Certificate Transparency are tested.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
#: Index, size and path; the older size, the newer one and the proof.
PATHS = [
    (0, 1, []),
    (
        *(0, 8),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        *(5, 8),
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        *(1, 5),
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
PROOFS = [
    (1, 1, []),
    (
        *(1, 8),
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        *(6, 8),
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        *(2, 5),
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]

sizes = st.one_of(
    st.integers(1, 80), st.integers(WIDTH - 3, WIDTH + 3), st.integers(WIDTH * 3, WIDTH * 3 + 9)
)


def leaves_of(size: int) -> list[bytes]:
    return [b"leaf %d" % number for number in range(size)]


def hashed(leaves: Sequence[bytes]) -> list[bytes]:
    return [leaf_hash(leaf) for leaf in leaves]


class Tiles(dict[tuple[int, int], bytes]):
    """Tiles in memory; one that is read wider than it is gives itself away."""

    def keep(self, tiles: Sequence[Tile]) -> None:
        for tile in tiles:
            self[tile.level, tile.number] = tile.hashes

    def read(self, level: int, number: int, width: int) -> bytes:
        found = self[level, number]
        assert width * HASH_BYTES <= len(found)
        return found[: width * HASH_BYTES]


def tiles_of(leaves: Sequence[bytes]) -> tuple[Tree, ReadTile]:
    """A tree and its tiles."""
    tree, tiles = Tree(), Tiles()
    tiles.keep(tree.add(hashed(leaves)))
    tiles.keep([*tree.partial()])
    return tree, tiles.read


def flipped(raw: bytes):
    """Bytes with each bit flipped in turn."""
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def test_the_published_roots_come_out():
    assert ROOTS[0] == EMPTY_ROOT
    for size, root in enumerate(ROOTS):
        tree = Tree()
        tree.add(hashed(LEAVES[:size]))
        assert tree.root() == root == naive.root(LEAVES[:size])


@pytest.mark.parametrize(("index", "size", "path"), PATHS)
def test_the_published_paths_come_out_and_lead_to_the_root(index, size, path):
    _, read = tiles_of(LEAVES[:size])
    found = inclusion_path(index, size, read)
    assert [step.hex() for step in found] == path
    check_inclusion(index, size, leaf_hash(LEAVES[index]), found, ROOTS[size])


@pytest.mark.parametrize(("old", "new", "proof"), PROOFS)
def test_the_published_proofs_of_growth_come_out_and_hold(old, new, proof):
    _, read = tiles_of(LEAVES[:new])
    found = consistency_proof(old, new, read)
    assert [step.hex() for step in found] == proof
    check_consistency(old, new, ROOTS[old], ROOTS[new], found)


@given(sizes, st.data())
@settings(deadline=None, max_examples=60)
def test_paths_and_proofs_are_those_of_the_definition_and_hold(size, data):
    leaves = leaves_of(size)
    tree, read = tiles_of(leaves)
    root = naive.root(leaves)
    assert tree.root() == root
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(index, size, read)
    assert path == naive.path(index, leaves)
    check_inclusion(index, size, leaf_hash(leaves[index]), path, root)
    old = data.draw(st.integers(1, size))
    proof = consistency_proof(old, size, read)
    assert proof == naive.proof(old, leaves)
    check_consistency(old, size, naive.root(leaves[:old]), root, proof)


def test_every_small_tree_proves_every_leaf_and_every_beginning():
    for size in range(1, 34):
        leaves = leaves_of(size)
        _, read = tiles_of(leaves)
        root = naive.root(leaves)
        for index in range(size):
            path = inclusion_path(index, size, read)
            check_inclusion(index, size, leaf_hash(leaves[index]), path, root)
        for old in range(size + 1):
            proof = consistency_proof(old, size, read)
            check_consistency(old, size, naive.root(leaves[:old]), root, proof)


@given(st.integers(0, 3 * WIDTH), st.lists(st.integers(0, 2 * WIDTH), max_size=4))
@settings(deadline=None, max_examples=40)
def test_a_tree_grows_to_the_same_tiles_in_whatever_steps_and_after_a_restart(first, steps):
    leaves = hashed(leaves_of(first + sum(steps)))
    tree, tiles = Tree(), Tiles()
    tiles.keep(tree.add(leaves[:first]))
    for step in steps:
        tiles.keep([*tree.partial()])
        tree = grown(tree.size, tiles.read)
        tiles.keep(tree.add(leaves[tree.size : tree.size + step]))
    tiles.keep([*tree.partial()])
    whole = Tree()
    once = Tiles()
    once.keep(whole.add(leaves))
    once.keep([*whole.partial()])
    assert (tree.root(), tiles) == (whole.root(), once)


def test_a_tree_of_seventy_thousand_has_the_tiles_of_the_specification():
    tree = Tree()
    full = tree.add([sha256(b"%d" % number).digest() for number in range(70_000)])
    assert [sum(tile.level == level for tile in full) for level in (0, 1, 2)] == [273, 1, 0]
    assert {tile.width for tile in full} == {WIDTH}
    partial = [(tile.level, tile.number, tile.width) for tile in tree.partial()]
    assert partial == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert edge_widths(256) == [0, 1]


@pytest.mark.parametrize(("index", "size"), [(0, 1), (4, 7), (6, 7), (7, 8), (11, 13)])
def test_a_flipped_bit_anywhere_in_an_inclusion_proof_is_refused(index, size):
    leaves = leaves_of(size)
    _, read = tiles_of(leaves)
    root, path = naive.root(leaves), inclusion_path(index, size, read)
    leaf = leaf_hash(leaves[index])
    check_inclusion(index, size, leaf, path, root)
    broken = [(index, size, other, path, root) for other in flipped(leaf)]
    broken += [(index, size, leaf, path, other) for other in flipped(root)]
    broken += [(index ^ 1 << bit, size, leaf, path, root) for bit in range(40)]
    broken += [(-index - 1, size, leaf, path, root)]
    for place, step in enumerate(path):
        for other in flipped(step):
            steps = [*path[:place], other, *path[place + 1 :]]
            broken.append((index, size, leaf, steps, root))
        broken.append((index, size, leaf, [*path[:place], *path[place + 1 :]], root))
        broken.append((index, size, leaf, [*path[:place], step, *path[place:]], root))
    broken += [(index, size, leaf, [*path, root], root), (index, size, leaf[:-1], path, root)]
    for one in broken:
        with pytest.raises(BrokenProof):
            check_inclusion(*one)


def test_a_proof_of_another_length_says_so():
    leaves = leaves_of(7)
    _, read = tiles_of(leaves)
    root, path = naive.root(leaves), inclusion_path(3, 7, read)
    leaf, short = leaf_hash(leaves[3]), b"no hash"
    for steps, words in (([*path, root], "too long"), (path[:-1], "too short")):
        with pytest.raises(BrokenProof, match=words):
            check_inclusion(3, 7, leaf, steps, root)
    before, proof = naive.root(leaves[:3]), consistency_proof(3, 7, read)
    for steps, words in (([*proof, root], "too long"), (proof[:-1], "too short"), ([], "empty")):
        with pytest.raises(BrokenProof, match=words):
            check_consistency(3, 7, before, root, steps)
    with pytest.raises(BrokenProof, match="32 bytes"):
        check_inclusion(0, 1, short, [], short)
    with pytest.raises(BrokenProof, match="32 bytes"):
        check_consistency(1, 1, short, short, [])


@given(sizes, st.integers(0, 700), st.data())
@settings(deadline=None, max_examples=60)
def test_a_path_is_refused_for_every_size_and_index_whose_path_is_another(size, other, data):
    leaves = leaves_of(size)
    _, read = tiles_of(leaves)
    index = data.draw(st.integers(0, size - 1))
    path, root = inclusion_path(index, size, read), naive.root(leaves)
    for claimed in {other, index ^ 1, index + size} - {index}:
        with pytest.raises(BrokenProof):
            check_inclusion(claimed, size, leaf_hash(leaves[index]), path, root)


@pytest.mark.parametrize(("old", "new"), [(1, 2), (3, 7), (4, 7), (6, 8), (7, 13), (8, 8)])
def test_a_flipped_bit_anywhere_in_a_proof_of_growth_is_refused(old, new):
    leaves = leaves_of(new)
    _, read = tiles_of(leaves)
    before, after = naive.root(leaves[:old]), naive.root(leaves)
    proof = consistency_proof(old, new, read)
    check_consistency(old, new, before, after, proof)
    broken = [(old, new, other, after, proof) for other in flipped(before)]
    broken += [(old, new, before, other, proof) for other in flipped(after)]
    broken += [(old, new, before, after, [*proof, after])]
    for place, step in enumerate(proof):
        for other in flipped(step):
            steps = [*proof[:place], other, *proof[place + 1 :]]
            broken.append((old, new, before, after, steps))
        broken.append((old, new, before, after, [*proof[:place], *proof[place + 1 :]]))
    if old < new:
        broken += [(new, old, before, after, proof), (0, new, before, after, proof)]
        broken += [(new, new, before, after, proof), (old, old, before, after, proof)]
    for one in broken:
        with pytest.raises(BrokenProof):
            check_consistency(*one)


def test_two_trees_that_part_have_no_proof_of_growth():
    mine, theirs = leaves_of(9), [*leaves_of(4), b"another", *leaves_of(9)[5:]]
    _, read = tiles_of(theirs)
    with pytest.raises(BrokenProof, match="older root"):
        check_consistency(
            5, 9, naive.root(mine[:5]), naive.root(theirs), consistency_proof(5, 9, read)
        )
    with pytest.raises(BrokenProof, match="two roots"):
        check_consistency(9, 9, naive.root(mine), naive.root(theirs), [])


def test_a_tree_without_leaves_begins_every_tree_and_has_one_root():
    check_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    check_consistency(0, 8, EMPTY_ROOT, ROOTS[8], [])
    for old_root, new, new_root in ((ROOTS[1], 8, ROOTS[8]), (EMPTY_ROOT, 0, ROOTS[1])):
        with pytest.raises(BrokenProof):
            check_consistency(0, new, old_root, new_root, [])
