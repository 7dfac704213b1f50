"""Files that are found whole or not at all, whoever is killed and however many write them."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex

OWNER_ONLY, EVERYBODY = 0o600, 0o644


def write_whole(path: Path, content: bytes, mode: int) -> None:
    """Write a file beside its place, synced, and put it there: of several at once the last stays.

    Each writer has a name of its own until then, so none takes away what another is writing.
    """
    beside = path.with_name(f"{path.name}.{token_hex(4)}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
