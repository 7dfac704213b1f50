"""The demo's second act: an auditor seals the log, checks everything and takes a proof away.

Nothing here is made for the demo: the verbs are run as somebody would type them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile

from adapters.assembly import Settings
from adapters.demo import Story

#: Lines of an answer that are shown; the verbs themselves print everything.
SHOWN = 14
OFFICER = {
    "REGISTRY_OFFICER": "synthetic-auditor",
    "REGISTRY_OFFICE": "510600000000",
    "REGISTRY_ROLES": "auditor",
}


class Terminal:
    """Runs verbs of the command line on one register and prints what they say."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.folder = folder
        told = {
            "DATABASE": settings.database,
            "KEYS": settings.keys,
            "DURABILITY": settings.durability,
            "SEALED": "sealed",
            "TILES": "tiles",
            "SIGNING_KEY": "log.key",
            "NODE_NAME": settings.node_name,
            "CARD_KEYS": settings.card_keys,
            "CARD_SIGNING_KEY": settings.card_signing_key,
            "MEDIA_KEY": settings.media_key,
        }
        self.environment = {
            **{name: text for name, text in os.environ.items() if name[:9] != "REGISTRY_"},
            **{f"REGISTRY_{name}": text for name, text in told.items()},
            **OFFICER,
            "COLUMNS": "100",
        }

    def act_as(self, officer: str, office: str, role: str) -> None:
        """Let somebody else type."""
        told = {"OFFICER": officer, "OFFICE": office, "ROLES": role}
        self.environment |= {f"REGISTRY_{name}": text for name, text in told.items()}

    def run(self, *words: str, shown: int = SHOWN) -> None:
        """Run a verb; the demo ends with its exit code if that is not 0."""
        with self.meanwhile(*words, shown=shown, sign=""):
            pass

    @contextmanager
    def meanwhile(self, *words: str, shown: int = SHOWN, sign: str = " &") -> Iterator[None]:
        """Run a verb beside whatever a block does; what it says is printed when both are over."""
        line = f"  $ registry {' '.join(words)}"
        print(f"{line}{sign}", flush=True)
        with (
            TemporaryFile("w+", encoding="utf-8") as told,
            TemporaryFile("w+", encoding="utf-8") as wrong,
        ):
            running = subprocess.Popen(
                [Path(sys.executable).with_name("registry"), *words],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=wrong,
            )
            try:
                yield
                running.wait()
            except BaseException:
                running.terminate()
                running.wait()
                raise
            for file in (told, wrong):
                file.seek(0)
            if sign:
                print(f"{line}, which is done now:")
            show(told.read(), shown)
            if running.returncode:
                print(wrong.read(), file=sys.stderr)
                raise SystemExit(running.returncode)


def show(told: str, shown: int) -> None:
    """Print the first lines of an answer."""
    lines = [line for line in told.splitlines() if line.strip()]
    for line in lines[:shown]:
        print(f"    {line.expandtabs(14)}")
    if len(lines) > shown:
        print(f"    … {len(lines) - shown} lines more")


def audit(settings: Settings, folder: Path, story: Story) -> None:
    """Seal, audit, compare, ask who did it, prove."""
    terminal = Terminal(settings, folder)
    print("An auditor comes. What follows from the log is held against what the register answers:")
    terminal.run("seal")
    start, end = max(story.founded_on, date(story.until.year - 1, 1, 1)), story.until
    with terminal.meanwhile("audit", "--html", "audit.html", shown=30):
        terminal.run("diff", str(start), str(end))
        terminal.run("blame", str(story.mover), "community", "--purpose", "supervision")
        terminal.run("state-root")
        terminal.run("check", "unsettled", "--purpose", "supervision", shown=6)
        terminal.run("key", "new")
        terminal.run("publish")
        proof = ("--purpose", "supervision", "--output", "proof.json")
        terminal.run("prove", str(story.mover), *proof)
        terminal.run("verify", "proof.json", "--key", "log.pub")
