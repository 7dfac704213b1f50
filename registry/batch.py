"""Submissions that are decided and recorded together, and what has come of each so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from registry.errors import Fault, Malformed, RegistryError, SubmissionReused
from registry.registrar import Registrar, Submission
from registry.store import Receipt


@dataclass
class Run:
    """One submission on its way through a batch."""

    submission: Submission
    digest: bytes
    registrar: Registrar | None = None
    answer: bytes = b"{}"
    result: Receipt | RegistryError | None = None
    ids: list[UUID] = field(default_factory=list)
    now: int = 0  # the instant at which it was decided
    decided: bool = False  # whether it went through, and has not had its turn

    def stands(self, now: int) -> bool:
        """Whether it would be decided just as it was while its batch was gathered."""
        return (
            self.decided
            and self.now == now
            and self.registrar is not None
            and self.registrar.current()
        )


class Batch:
    """Submissions that are decided together.

    todo: those without a result, each submission once.
    """

    def __init__(self, submissions: Sequence[Submission]) -> None:
        self.runs = [_run_of(submission) for submission in submissions]
        self._first: dict[UUID, Run] = {}
        for run in self.runs:
            self._first.setdefault(run.submission.id, run)
        self.todo = [run for run in self._first.values() if run.result is None]

    @property
    def accepted(self) -> list[Run]:
        """Those of them that are decided and to be recorded."""
        return [run for run in self.todo if run.result is None]

    def told(self) -> list[Receipt | RegistryError]:
        """What came of each submission, in order."""
        return [self._told(run) for run in self.runs]

    def _told(self, run: Run) -> Receipt | RegistryError:
        first = self._first[run.submission.id]
        same = run.digest == first.digest and run.submission.by == first.submission.by
        if run is not first and not same:
            return SubmissionReused(f"submission {run.submission.id} came with another body")
        assert first.result is not None
        return first.result


def _run_of(submission: Submission) -> Run:
    try:
        return Run(submission, submission.digest())
    except Exception as error:
        why = "JSON has no word for something in it, such as half of a character"
        refused = Malformed([Fault("", "not-json", f"{why}; correct it and send it again")])
        refused.__cause__ = error
        return Run(submission, b"", result=refused)
