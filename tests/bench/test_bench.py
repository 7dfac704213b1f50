"""What the benchmarks stand on: fair turns, one line a figure, and who decides the exit status."""

from __future__ import annotations

from tests.bench.__main__ import benchmarks, run
from tests.bench.figures import Pair, Times, alternate, report


def test_both_sides_run_equally_often_and_take_turns_at_beginning():
    calls: list[str] = []
    pair = alternate(lambda: calls.append("ours"), lambda: calls.append("peer"), rounds=3)
    assert calls == ["ours", "peer", "ours", "peer", "peer", "ours", "ours", "peer"]
    assert len(pair.ours.rounds) == len(pair.peer.rounds) == 3


def test_the_ratio_compares_within_a_round():
    pair = Pair(Times((1.0, 10.0, 2.0)), Times((3.0, 30.0, 4.0)))
    assert (pair.ratio, pair.ours.best, pair.ours.median) == (3.0, 1.0, 2.0)


def test_a_figure_is_one_line(capsys):
    assert report("replay-state", 1_000_000, 152.5, "M/s", "pandas", ratio=2.0, target=1.5)
    assert not report("check", 10, 0.25, "us", "stdnum", ratio=0.9, target=1.0)
    assert capsys.readouterr().out.splitlines() == [
        "bench: replay-state size=1000000 value=152.5 unit=M/s peer=pandas ratio=2 target=1.5 ok",
        "bench: check size=10 value=0.25 unit=us peer=stdnum ratio=0.9 target=1 short",
    ]


def test_a_broken_benchmark_fails_the_run_and_lets_the_others_finish(capsys):
    ran: list[str] = []

    def broken() -> None:
        raise AssertionError("the sums differ")

    assert run([], {"broken": broken, "sound": lambda: ran.append("sound")}) == 1
    assert ran == ["sound"]
    assert "the sums differ" in capsys.readouterr().err


def test_a_short_figure_fails_nothing(capsys):
    known = {"short": lambda: report("short", 1, 1.0, "s", "peer", ratio=0.5, target=1.0)}
    assert run(["short"], known) == 0
    assert run(["absent"], known) == 2
    assert "there are: short" in capsys.readouterr().err


def test_the_helpers_are_no_benchmarks():
    assert not {"disk", "figures", "__main__", "test_bench"} & benchmarks().keys()
