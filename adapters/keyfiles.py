"""Files of secrets: read by their owner alone.

A file of versions holds a key in each line, its version before it. A new key is a further line; the
older ones stay, since something was written under them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from adapters.files import OWNER_ONLY, write_whole
from registry.errors import Unavailable

VERSION = re.compile(r"([0-9]{1,5}) ((?:[0-9A-F]{2})+)")


def read_secret(path: Path, made_by: str) -> str:
    """The text of a file of secrets. Raises Unavailable if others could read it or it is missing.

    made_by: the command that makes one.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise Unavailable(f"there is no {path}; make one with `{made_by}`") from None
    except UnicodeDecodeError:
        raise Unavailable(f"{path} is no file of keys") from None
    if mode & 0o077:
        raise Unavailable(f"{path} can be read by others; `chmod 600 {path}`, and change the keys")
    return text


def read_versions(path: Path, made_by: str) -> dict[int, bytes]:
    """The keys of a file by their versions. Raises Unavailable where it is none."""
    found: dict[int, bytes] = {}
    for line in read_secret(path, made_by).splitlines():
        told = VERSION.fullmatch(line)
        if told is None or int(told[1]) in found:
            raise Unavailable(f"{path} is no file of keys: a line is no version and key")
        found[int(told[1])] = bytes.fromhex(told[2])
    return found


def write_versions(path: Path, keys: Mapping[int, bytes]) -> None:
    """Write keys by their versions."""
    lines = (f"{version} {key.hex().upper()}\n" for version, key in sorted(keys.items()))
    write_whole(path, "".join(lines).encode(), OWNER_ONLY)
