"""A signer for tests of bytes: a hash under a name, with no secret in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Stamp:
    """Stamps instead of signing."""

    key_id: bytes = b"stamp-01"
    algorithm: int = 200

    def sign(self, content: bytes) -> bytes:
        """The stamp on a content."""
        return hashlib.sha512(self.key_id + content).digest()


def genuine(algorithm: int, key_id: bytes, content: bytes, signature: bytes) -> bool:
    """Whether a stamp is one of the stamp named."""
    return signature == Stamp(key_id, algorithm).sign(content)
