"""The format of sealed files is frozen, and what is written anew holds no more than is needed."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.vocabulary import Kind
from replay.columns.faults import Damaged, Foreign, Missing
from replay.columns.forms import KeptSpaces
from replay.columns.heaps import trimmed
from replay.columns.layout import COLD
from replay.columns.log import KeptLog
from replay.columns.merging import merge, merge_runs
from replay.columns.narrow import Widened, narrowed, taken
from replay.columns.pieces import Cuts, piece, sealed
from replay.columns.runs import Texts, entries, runs
from replay.columns.soundness import unsound
from replay.sealed.files import HEADER, ColumnFile, check, write
from replay.sealed.indexes import instants_of
from replay.sealed.reading import SealedLog
from replay.sealed.segments import Segment, _named, timeless, write_run
from replay.sealed.writing import LogWriter
from tests.replay.histories import town
from tests.replay.test_columns import logs
from tests.replay.test_sealed import ordered

TOWN = ordered(town(4, 2).entries)
COLUMNS = {
    "day": np.array([1, 2, 3], "u2"),
    "empty": np.empty(0, "i8"),
    "wide": np.arange(300_000, dtype="u8"),
}
ABOUT = {"what": "test"}
#: A file of these columns may never look otherwise: older logs are read by newer programs.
FROZEN = "3b0c78f66aaa3910da1348c8816a2756c23e321c61dfd5a22880cdb36f83c159"


def opened(path):
    return ColumnFile(path.name, memoryview(path.read_bytes()))


def instants_among(told):
    """The instants of positions, from what was recorded."""
    known = {one.position: one.recorded_at for one in told}
    return lambda positions: np.array([known[one] for one in positions.tolist()], "i8")


def test_the_bytes_of_a_file_of_columns_are_frozen(tmp_path):
    path = tmp_path / "some.columns"
    written = write(path, ABOUT, COLUMNS)
    raw = path.read_bytes()
    assert written.size == len(raw)
    assert raw[64:70] == b"\1\0\2\0\3\0"
    assert raw[128:144] == bytes(8) + (1).to_bytes(8, "little")
    assert (
        b'{"about":{"what":"test"},"columns":[["day","u2",64,3],["wide","u8",128,300000]]}' in raw
    )
    assert written.root == FROZEN


def test_columns_lie_in_their_file_and_are_only_read(tmp_path):
    write(tmp_path / "some.columns", ABOUT, COLUMNS)
    held = opened(tmp_path / "some.columns")
    for name, column in COLUMNS.items():
        read = held.column(name, column.dtype.str[1:])
        assert np.array_equal(read, column)
        assert not read.flags.writeable
    with pytest.raises(Foreign, match="column day holds u2, this program reads u4 there"):
        held.column("day", "u4")


def test_a_wrong_leaf_is_named(tmp_path):
    path = tmp_path / "some.columns"
    root = write(path, ABOUT, COLUMNS).root
    raw = bytearray(path.read_bytes())
    raw[128 + 2 * 2**20 + 5] ^= 1
    (flaw,) = check(path.name, memoryview(bytes(raw)), root)
    assert str(flaw) == "some.columns, column wide, leaf 2: its hash is another"
    assert "root" in str(check(path.name, memoryview(path.read_bytes()), "00")[0])


def test_a_file_of_a_later_format_is_not_read(tmp_path):
    path = tmp_path / "some.columns"
    write(path, ABOUT, COLUMNS)
    raw = bytearray(path.read_bytes())
    raw[8] += 1
    with pytest.raises(Foreign, match="format 2"):
        ColumnFile("some.columns", memoryview(bytes(raw)))
    with pytest.raises(Damaged, match="cut off"):
        ColumnFile("some.columns", memoryview(HEADER))
    with pytest.raises(Foreign):
        ColumnFile("some.columns", memoryview(io.BytesIO(b"").getvalue()))


@given(log=logs(most=16))
@settings(deadline=None, max_examples=15)
def test_any_stretch_of_a_segment_is_a_run(log, tmp_path_factory):
    folder = tmp_path_factory.mktemp("segments")
    spaces = KeptSpaces()
    for kind, run in runs(log, spaces).items():
        write_run(folder / kind, run, 2)
        held = Segment(opened(folder / kind), instants_among(log))
        assert entries(held.run, spaces) == entries(run, spaces)
        for first in range(0, spaces.count(kind.value), 3):
            part = held.piece(first, 3)
            whole = [
                one
                for one in entries(run, spaces)
                if first <= spaces.handles(kind.value, [one.stream])[0] < first + 3
            ]
            assert ([] if part is None else entries(part, spaces)) == whole


def test_where_a_dense_column_stands_is_counted_from_the_cut_before():
    spaces = KeptSpaces()
    run = runs(TOWN, spaces)[Kind.PERSON]
    with pytest.MonkeyPatch.context() as patch:
        for stride in (1, 7, 256):
            patch.setattr("replay.columns.pieces.STRIDE", stride)
            cuts = Cuts.of(run, 5)
            found = [piece(run, cuts, handle, 1) for handle in range(spaces.count("person"))]
            told = [one for part in found if part for one in entries(part, spaces)]
            assert told == entries(run, spaces)


def test_a_run_written_anew_keeps_each_text_once_and_none_without_a_row():
    spaces = KeptSpaces()
    half = len(TOWN) // 2
    parts = [runs(TOWN[:half], spaces), runs(TOWN[half:], spaces)]
    for kind in parts[0].keys() & parts[1].keys():
        merged = merge_runs([part[kind] for part in parts], str)
        said = merged.texts.take(range(len(merged.texts)))
        run = trimmed(replace(merged, texts=Texts.of([*said, "nobody says this"])))
        assert entries(run, spaces) == entries(runs(TOWN, spaces)[kind], spaces)
        kept = run.texts.take(range(len(run.texts)))
        assert len(kept) == len({*kept})
        assert {*kept} == {*said}


def test_a_gap_between_runs_names_the_stream_and_the_version():
    spaces = KeptSpaces()
    lost = next(one for one in TOWN if one.version == 2)
    mine = [one for one in TOWN if one.stream == lost.stream]
    assert len(mine) > 2
    parts = [runs([mine[0]], spaces), runs(mine[2:], spaces)]
    ((kind, first),) = parts[0].items()
    (second,) = parts[1].values()
    with pytest.raises(Missing, match=f"{kind} number 0 has no version 2: "):
        merge([first, second], first.layout, 0, 1, lambda handle: f"number {handle}")
    with pytest.raises(Missing, match="has no version 1"):
        merge([second], first.layout, 0, 1, str)


def test_runs_on_top_of_each_other_stay_few(tmp_path):
    log = TOWN
    with LogWriter(tmp_path, bits=16) as writer:
        for begin in range(0, len(log), 5):
            some = log[begin : begin + 5]
            writer.append(runs(some, writer.spaces), some[-1].position)
        for kind in Kind:
            mine = [one for one in writer.parts if (one.what, one.of) == ("run", kind.value)]
            assert len(mine) <= 2 + len(log).bit_length()
        # what is merged goes with the manifest after next
        assert len([*tmp_path.glob("*.columns")]) < 2 * len(writer.parts)
    held = SealedLog(tmp_path)
    told = [
        one for kind in Kind for part in held.partitions(kind) for one in _told(held, kind, part)
    ]
    assert sorted(told, key=lambda one: one.position) == log


def _told(held, kind, partition):
    return entries(held.block(kind, partition), held.spaces)


def test_instants_are_kept_where_they_change():
    spaces = KeptSpaces()
    same = [one._replace(recorded_at=(one.position - 1) // 3) for one in TOWN[:9]]
    position, at = instants_of(runs(same, spaces).values(), 0, 9)
    assert position.tolist() == [1, 4, 7]
    assert at.tolist() == [0, 1, 2]
    assert not sealed(at).flags.writeable


SPACES = [*(kind.value for kind in Kind), "community"]


def change(column, place, value):
    """A column with another value somewhere."""
    changed = column.copy()
    changed[place] = value
    return changed


def within(columns, name, made):
    return {**columns, name: made(columns[name])}


def longer(column):
    return np.append(column, column[-1:])


def wrong_side(part, made):
    return lambda side: replace(side, **{part: made(getattr(side, part))})


BREAKS = {
    "entities": lambda run: replace(run, entities=run.entities[::-1].copy()),
    "starts": lambda run: replace(run, starts=change(run.starts, 1, 10**6)),
    "first_version": lambda run: replace(run, first_version=longer(run.first_version)),
    "code": lambda run: replace(run, code=change(run.code, 0, 1023)),
    "position": lambda run: replace(run, position=longer(run.position)),
    "dense.enters": lambda run: replace(run, dense=within(run.dense, "enters", longer)),
    "dense.household": lambda run: replace(
        run, dense=within(run.dense, "household", lambda one: change(one, 0, 10**6))
    ),
    "dense.number": lambda run: replace(
        run, dense=within(run.dense, "number", lambda one: change(one, 0, -(10**6)))
    ),
    "sparse.voids.rows": lambda run: replace(
        run, sparse=within(run.sparse, "voids", wrong_side("rows", lambda one: one + 10**6))
    ),
    "sparse.voids.offsets": lambda run: replace(
        run, sparse=within(run.sparse, "voids", wrong_side("offsets", longer))
    ),
    "cold.officer": lambda run: replace(
        run, cold=within(run.cold, "officer", lambda one: change(one, 0, 10**6))
    ),
    "cold.origin": lambda run: replace(run, cold=within(run.cold, "origin", longer)),
    "texts.offsets": lambda run: replace(
        run, texts=Texts(change(run.texts.offsets, 1, 10**6), run.texts.data)
    ),
}


@pytest.mark.parametrize("column", BREAKS)
def test_a_run_that_does_not_hang_together_is_not_read(column):
    spaces = KeptSpaces()
    run = runs(TOWN, spaces)[Kind.PERSON]
    cuts = Cuts.of(run, 16)
    counts = {space: spaces.count(space) for space in SPACES}
    assert list(unsound(run, cuts, counts)) == []
    assert column in {name for name, _ in unsound(BREAKS[column](run), cuts, counts)}


def test_cuts_that_tell_another_place_are_found():
    run = runs(TOWN, KeptSpaces())[Kind.PERSON]
    cuts = Cuts.of(run, 16)
    wrong = Cuts(cuts.places, within(cuts.dense, "enters", lambda one: one + 1))
    assert [name for name, _ in unsound(run, wrong, dict.fromkeys(SPACES, 10**6))] == [
        "cuts.enters"
    ]


def test_a_forged_segment_is_refused_though_its_hashes_are_right(tmp_path):
    run = runs(TOWN, KeptSpaces())[Kind.PERSON]
    forged = replace(run, cold=within(run.cold, "submission_low", longer))
    write_run(tmp_path / "forged.columns", forged, 16)
    with pytest.raises(Damaged, match=r"column cold\.submission_low: it has"):
        Segment(opened(tmp_path / "forged.columns"))
    write(tmp_path / "wide.columns", about_of(run, {"officer": (0, 9, "")}), named(run, {}))
    with pytest.raises(Foreign, match=r"column cold\.officer is Narrow"):
        Segment(opened(tmp_path / "wide.columns"))


def about_of(run, narrow):
    told = {name: (0, 0, "") for name in COLD} | narrow
    return {"what": "run", "kind": run.layout.kind.value, "bits": 16, "stored": [], "narrow": told}


def named(run, cold):
    return dict(_named(run, Cuts.of(run, 16), cold))


def test_a_segment_with_a_wide_envelope_is_still_read(tmp_path):
    spaces = KeptSpaces()
    run = runs(TOWN, spaces)[Kind.PERSON]
    about = about_of(run, {})
    del about["narrow"]
    write(tmp_path / "old.columns", about, named(run, run.cold))
    assert entries(Segment(opened(tmp_path / "old.columns")).run, spaces) == entries(run, spaces)


@given(st.data(), st.sampled_from(sorted({*COLD.values()})), st.sampled_from(["", "position"]))
@settings(deadline=None)
def test_a_narrow_column_is_as_it_was(data, dtype, told):
    limits = np.iinfo(dtype)
    values = st.integers(int(limits.min), int(limits.max))
    near = st.integers(0, 300).map(lambda one: int(limits.max) - one)
    given = data.draw(st.lists(values, max_size=9) | st.lists(near, max_size=9))
    column, size = np.array(given, dtype), len(given)
    position = np.arange(7, 7 + size, dtype="u4")
    narrow, raw = narrowed(column, told, position)
    spread = max(given, default=0) - min(given, default=0)
    assert told or len(raw) == size * (-(-spread.bit_length() // 8))
    held = Widened({"one": (narrow, raw, dtype)}, position, timeless)
    assert held["one"].dtype == column.dtype
    assert np.array_equal(held["one"], column)
    first = data.draw(st.integers(0, size))
    last = data.draw(st.integers(first, size))
    part = held.stretch(first, last)
    assert np.array_equal(part["one"], column[first:last])
    some = np.array(
        data.draw(st.lists(st.integers(0, last - first - 1)) if last > first else st.just([])), "i8"
    )
    assert np.array_equal(taken(part, "one", some), column[first:last][some])


def test_when_a_row_was_recorded_stands_in_the_instants_alone(tmp_path):
    log = [one._replace(recorded_at=one.position // 2 * 10) for one in TOWN[:60]]
    with LogWriter(tmp_path) as writer:
        for begin, end in ((0, 49), (49, 58), (58, 60)):
            writer.append(runs(log[begin:end], writer.spaces), end)
        assert sum(part.what == "instants" for part in writer.parts) > 1
        for again in range(2):
            held = SealedLog(tmp_path)
            found = [
                one
                for kind in Kind
                for part in held.partitions(kind)
                for one in _told(held, kind, part)
            ]
            assert sorted(found, key=lambda one: one.position) == log, again
            names = {name for part in held.manifest.parts for name in held.columns(part).places}
            assert "cold.recorded_at" not in names
            writer.compact()


def test_the_last_position_by_an_instant_is_exact_across_files(tmp_path):
    log = [one._replace(recorded_at=one.position // 2 * 10) for one in TOWN[:60]]
    with LogWriter(tmp_path) as writer:
        for begin, end in ((0, 49), (49, 58), (58, 60)):
            some = log[begin:end]
            writer.append(runs(some, writer.spaces), end)
        assert sum(part.what == "instants" for part in writer.parts) > 1
    held, kept = SealedLog(tmp_path), KeptLog(log)
    for instant in range(-5, 320, 5):
        assert held.position_at(instant) == kept.position_at(instant), instant
