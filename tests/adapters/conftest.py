"""A terminal before a register of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.terminal import Terminal


@pytest.fixture
def terminal(tmp_path: Path, sqlite_url: str) -> Terminal:
    """A terminal before a fresh register."""
    found = Terminal(tmp_path, sqlite_url)
    found("migrate")
    return found
