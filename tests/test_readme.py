"""The tour in the README works as it is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).parent.parent
BLOCK = re.compile(r"^```sh tour(?P<refused> refused)?\n(?P<lines>.*?)^```$", re.S | re.M)


def test_the_tour_works_as_printed(tmp_path):
    blocks = [*BLOCK.finditer((HOME / "README.md").read_text(encoding="utf-8"))]
    assert len(blocks) == 9
    script = ["set -euo pipefail"]
    for block in blocks:
        end = " || [ $? -eq 3 ]" if block["refused"] else ""
        script.append(block["lines"].rstrip() + end)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    told = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert told.returncode == 0, told.stderr
    assert "head-missing" in told.stderr
    assert "everything holds" in told.stdout
    assert "Proven: these are versions 1 to 1" in told.stdout
    assert told.stdout.count("everything agrees") == 3, "tree, kept string, backup"
    assert "nothing in it was changed" in told.stdout
