"""A county lives at random, and every answer is the one that the auditor's pencil predicts."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import DataObject

from adapters.projector import Projector
from adapters.reading import reading
from registry.errors import SubmissionReused
from registry.register import Submission
from registry.store import Receipt
from tests.simulation import lesser
from tests.simulation.auditor import Auditor
from tests.simulation.county import FIRST_DAY, Chance, County
from tests.simulation.life import Life

DEEDS = (*Life.DEEDS, *lesser.DEEDS)


def audit(county: County, chance: Chance, questions: int) -> None:
    """Ask on random days, as known at random moments, and always for today and now."""
    auditor = Auditor(county)
    auditor.check(county.today, county.oracle.now)
    auditor.check_ledgers()
    projector = Projector(county.engine, county.store)
    projector.prepare()
    projector.catch_up()
    span = (county.today - FIRST_DAY).days
    for _ in range(questions):
        day = FIRST_DAY + timedelta(chance.number(-500, span))
        business = chance.number(0, county.oracle.now)
        auditor.check(day, business)
        with reading(county.engine) as reader:
            auditor.check_read_models(reader, day, business)


def live(county: County, chance: Chance, deeds: int) -> None:
    """Let a county live, with repetitions and rearranged batches in between."""
    life = Life(county, chance)
    for _ in range(deeds):
        match chance.number(1, 12):
            case 1:
                county.pass_days(chance.number(1, 200))
            case 2:
                repeat(county, chance)
            case 3:
                rearrange(county, chance)
            case _:
                chance.pick(DEEDS)(life)


def repeat(county: County, chance: Chance) -> None:
    """Send something again: what was recorded gets the same answer, and another body none."""
    if not county.history:
        return
    sent = chance.pick(county.history)
    if isinstance(sent.result, Receipt):
        head = county.store.head()
        assert county.send_all([sent.submission]) == [sent.result]
        other = chance.pick(county.history).submission
        if other.digest() != sent.submission.digest():
            stolen = Submission(sent.submission.id, county.by, other.command)
            (result,) = county.register.do_all([stolen])
            assert isinstance(result, SubmissionReused)
        assert county.store.head() == head


def rearrange(county: County, chance: Chance) -> None:
    """Send several old bodies again under new names, with repetitions among them, all at once."""
    batch = []
    for _ in range(chance.number(2, 6) if county.history else 0):
        sent = chance.pick(county.history)
        if chance.often():
            batch.append(sent.submission)
        else:
            batch.append(county.submission(sent.submission.command))
    results = county.send_all(batch)
    for submission, result in zip(batch, results, strict=True):
        if county.recorded.get(submission.id):
            assert isinstance(result, Receipt)


class Drawn(Chance):
    """Chance as Hypothesis deals it."""

    def __init__(self, data: DataObject) -> None:
        self.data = data

    def number(self, low: int, high: int) -> int:
        return self.data.draw(st.integers(low, high))


class CountyMachine(RuleBasedStateMachine):
    """Random histories on SQLite; a failing one is shrunk by Hypothesis."""

    template: Path

    @initialize()
    def settle(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name, "county.db")
        shutil.copy(self.template, path)
        self.county = County(f"sqlite:///{path}", seed=0)

    @rule(data=st.data(), deed=st.sampled_from(DEEDS))
    def do(self, data, deed):
        deed(Life(self.county, Drawn(data)))

    @rule(days=st.integers(1, 400))
    def wait(self, days):
        self.county.pass_days(days)

    @rule(data=st.data())
    def repeat(self, data):
        repeat(self.county, Drawn(data))

    @rule(data=st.data())
    def rearrange(self, data):
        rearrange(self.county, Drawn(data))

    @rule()
    def forget(self):
        self.county.register = self.county.open()

    @rule(data=st.data())
    def ask(self, data):
        audit(self.county, Drawn(data), 3)

    @invariant()
    def register_and_auditor_agree_on_today(self):
        if hasattr(self, "county"):
            Auditor(self.county).check(self.county.today, self.county.oracle.now)

    def teardown(self) -> None:
        if hasattr(self, "county"):
            audit(self.county, Chance(0), 10)
            self.county.close()
            self.folder.cleanup()


def machine(template: Path, examples: int, steps: int) -> None:
    """Run the state machine."""
    CountyMachine.template = template
    case = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    run_state_machine_as_test(CountyMachine, settings=case)


def test_any_history_is_answered_as_the_pencil_says(sqlite_template):
    machine(sqlite_template, examples=10, steps=30)


@pytest.mark.long
def test_ten_times_as_many_histories_are_answered_as_the_pencil_says(sqlite_template):
    machine(sqlite_template, examples=300, steps=80)


def decades(url: str, seed: int) -> None:
    """A life from a seed, audited from time to time."""
    county = County(url, seed)
    chance = Chance(seed)
    for _ in range(4):
        live(county, chance, 60)
        audit(county, chance, 8)
    county.close()


@pytest.mark.parametrize("seed", range(2))
def test_a_county_lives_for_decades(database_url, seed):
    decades(database_url, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 100))
def test_many_counties_live_for_decades(database_url, seed):
    decades(database_url, seed)
