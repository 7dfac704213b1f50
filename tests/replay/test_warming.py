"""After a warm-up no kernel is compiled again, whatever is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from click.testing import CliRunner

from adapters.cli import main

ASK = """
import json
from replay.warming import warm_up
from replay.jit import KERNELS

def compiled():
    return {f"{one.__module__}.{one.__name__}": len(one.signatures) for one in KERNELS}

assert warm_up()
before = compiled()

from datetime import date
from registry.vocabulary import Kind
from replay.checks.checking import check_register
from replay.questions.diff import diff
from replay.questions.duplicates import duplicates
from replay.states.history import At
from replay.columns.log import KeptLog
from replay.states.persons import person_states
from replay.questions.residents import residents_on
from replay.questions.whole import whole
from tests.replay.histories import town

entries = town(20041122, 1).entries
log, at = KeptLog(entries, 3), At(date(2059, 1, 1), entries[-1].position)
whole(log, at), duplicates(log, at), residents_on(log, at), diff(log, At(date(2004, 1, 1), 9), at)
check_register(log, at)
after = compiled()
print(json.dumps([name for name in after if name in before and after[name] != before[name]]))
"""


def test_no_kernel_is_compiled_for_a_question_after_a_warm_up():
    program = ASK
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        program = "print([])"  # nothing is compiled at all
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    assert json.loads(done.stdout) == []


FRESH = """
import sys
from replay.civil import day_since

assert day_since(1880, 1, 2) == 1
print("numba.cpython.charseq" in sys.modules)
"""


def test_a_fresh_process_takes_up_compiled_code_without_what_compiling_needs():
    for _ in range(2):  # the first may find nothing on the disk
        done = subprocess.run(
            [sys.executable, "-c", FRESH], capture_output=True, check=True, text=True
        )
    assert done.stdout.strip() == "False"


def test_the_verb_tells_how_many_kernels_there_are():
    answer = CliRunner().invoke(main, ["warm-up", "--json"])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.output)["kernels"] > 10
