"""A make-believe province on disk, sealed as a real one is: for benchmarks, and to try the auditor.

    python -m adapters.province FOLDER --entries 10000000 --seed 1

The same size and seed give the same bytes. Nobody in it exists.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from registry.vocabulary import Kind
from replay.columns.faults import Foreign
from replay.columns.heaps import trimmed
from replay.columns.layout import PARTITION_BITS, layout
from replay.columns.merging import merge, run_of
from replay.columns.pieces import Cuts, piece
from replay.columns.runs import Run, runs
from replay.province.making import EDITION, KINDS, Province, total
from replay.province.parts import join
from replay.sealed.reading import SealedLog
from replay.sealed.writing import LogWriter

#: What a folder tells of the province in it.
TRUTH = "truth.json"
#: Identifiers are handed over so many at a time.
IDS = 1 << 20


def default_folder() -> Path:
    """Where provinces are kept between benchmarks."""
    return Path(tempfile.gettempdir()) / "registry-province"


def province_at(
    entries: int,
    seed: int = 1,
    folder: Path | None = None,
    tell: Callable[[int], None] = lambda towns: None,
) -> Path:
    """The folder of a sealed province of about so many entries, made where it is not there yet.

    folder: where provinces are kept, that of `default_folder` unless given.
    """
    path = (folder or default_folder()) / f"{entries}-{seed}-{EDITION}"
    if not stands(path):
        shutil.rmtree(path, ignore_errors=True)
        write(Province.of(entries, seed), path, tell)
    return path


def stands(folder: Path) -> bool:
    """Whether a whole province lies in a folder that this program reads as it was written.

    Event types and optional fields that came later are in none, and change nothing about it.
    """
    if not (folder / TRUTH).exists():
        return False
    try:
        log = SealedLog(folder)
        for part in log.manifest.parts[:1]:
            log.columns(part)
    except Foreign:
        return False
    return True


def truth_of(folder: Path) -> Mapping[str, Any]:
    """What is so in the province of a folder on its last day, and how many entries there are."""
    told: Mapping[str, Any] = json.loads((folder / TRUTH).read_text(encoding="utf-8"))
    return told


def write(
    province: Province,
    folder: Path,
    tell: Callable[[int], None] = lambda towns: None,
    bits: int = PARTITION_BITS,
) -> None:
    """Seal a province in an empty folder; `tell` is told how many towns are written."""
    head = province.before + province.survey.entries
    with LogWriter(folder, bits=bits) as writer:
        hand_over(province, writer)
        for kind, run in runs(province.places, province.spaces).items():
            writer.add(kind, run)
        for kind, run in partitions(province, bits, tell):
            writer.add(kind, run)
        writer.commit(head, province.all_instants())
        writer.compact()
    told: dict[str, Any] = asdict(total(province.survey.told))
    told["entries"], told["head"] = province.survey.entries, head
    told["kinds"] = {kind.value: list(size) for kind, size in province.survey.by_kind().items()}
    (folder / TRUTH).write_text(json.dumps(told, indent=1), encoding="utf-8")


def hand_over(province: Province, writer: LogWriter) -> None:
    """Hand identifiers over, so that they have the same handles."""
    for space in province.spaces.counts:
        _name(province, writer, space)


def _name(province: Province, writer: LogWriter, space: str) -> None:
    end = province.spaces.count(space)
    for first in range(0, end, IDS):
        until = min(first + IDS, end)
        handles = writer.spaces.packed(space, *province.spaces.halves(space, first, until))
        assert handles[0] == first, f"the space {space} is not empty"
        assert handles[-1] == until - 1, f"identifiers come twice in the space {space}"


def partitions(
    province: Province, bits: int, tell: Callable[[int], None] = lambda towns: None
) -> Iterator[tuple[Kind, Run]]:
    """A province's runs, each of one whole partition of a kind."""
    held: dict[Kind, list[tuple[Run, Cuts]]] = defaultdict(list)
    first = dict.fromkeys(KINDS, 0)
    for number, made in enumerate(province.all_parts(), 1):
        for kind, part in made.items():
            run = join([part])
            held[kind].append((run, Cuts.of(run, bits)))
        for kind in KINDS:
            count = province.spaces.count(kind.value)
            end = made[kind].first + made[kind].entities if kind in made else first[kind]
            while first[kind] < count:
                size = min(1 << bits, count - first[kind])
                if first[kind] + size > (count if number == province.towns else end):
                    break
                found = [piece(run, cuts, first[kind], size) for run, cuts in held[kind]]
                merged = merge(
                    [one for one in found if one is not None], layout(kind), first[kind], size, str
                )
                yield kind, trimmed(run_of(merged))
                first[kind] += size
            held[kind] = [one for one in held[kind] if one[0].entities[-1] >= first[kind]]
        tell(number)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--entries", default=10_000_000, show_default=True, help="About how many.")
@click.option("--seed", default=1, show_default=True)
def main(folder: Path, entries: int, seed: int) -> None:
    """Seal a make-believe province in FOLDER, which must be empty."""
    start = perf_counter()
    province = Province.of(entries, seed)
    click.echo(f"{province.towns} towns, {os.cpu_count()} processors")
    write(province, folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    seconds = perf_counter() - start
    made = province.survey.entries
    click.echo(f"{made} entries, {size / made:.1f} bytes each, {made / seconds / 1e6:.2f} M/s")


if __name__ == "__main__":
    main()
