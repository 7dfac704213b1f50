"""Opaque tokens: a place in the log leaves the register only sealed.

Whoever holds one can give it back and do nothing else with it, so that a place may one day be
something other than one number.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from uuid import UUID

import msgspec

SEAL_BYTES = 9
LONGEST = 400

_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder().decode


class Seal:
    """Seals values into tokens and reads them back; the key derives from the province's secret."""

    def __init__(self, namespace: UUID) -> None:
        key = hmac.digest(namespace.bytes, b"tokens", hashlib.sha256)
        self._mac = hmac.new(key, digestmod=hashlib.sha256)

    def token(self, purpose: str, value: Any) -> str:
        """A token of a value, good for one purpose."""
        body = _ENCODE(value)
        return urlsafe_b64encode(self._seal(purpose, body) + body).rstrip(b"=").decode()

    def value(self, purpose: str, token: str) -> Any:
        """The value of a token; raises ValueError if it was not made here for this purpose."""
        if len(token) <= LONGEST and token.isascii():
            try:
                raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
            except ValueError:
                raw = b""
            seal, body = raw[:SEAL_BYTES], raw[SEAL_BYTES:]
            if body and hmac.compare_digest(seal, self._seal(purpose, body)):
                return _DECODE(body)
        raise ValueError("this is no token of this register; give one back as it was received")

    def _seal(self, purpose: str, body: bytes) -> bytes:
        mac = self._mac.copy()
        mac.update(purpose.encode() + b"\0" + body)
        return mac.digest()[:SEAL_BYTES]
