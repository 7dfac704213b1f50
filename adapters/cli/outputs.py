"""Files that a verb writes its answer to, looked at before the work begins and not after it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click


class Output(click.ParamType[Path]):
    """A file to be written; what is there already is replaced."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Take a file that can be written: its folder is there, and lets us."""
        path = Path(value)
        if path.is_dir():
            self.fail(f"{path} is a folder; name a file", param, ctx)
        if not path.parent.is_dir():
            self.fail(f"there is no folder {path.parent}; make it first", param, ctx)
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            self.fail(f"{path} may not be written here; name another file", param, ctx)
        return path


OUTPUT = Output()
