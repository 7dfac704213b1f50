"""Who is asking: bearer tokens (JWT) and the public keys that they are checked with.

A token names an officer, an office, roles and an area. The register keeps public keys only, as a
JSON Web Key Set; private keys lie in a file beside it, with whoever issues tokens.
"""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from adapters.files import EVERYBODY, OWNER_ONLY, write_whole
from adapters.ids import ids
from registry.errors import RegistryError, Unavailable
from registry.register import Authority
from registry.values import DivisionCode, OfficeCode, Officer

AUDIENCE = "registry"
ALGORITHMS = {"OKP": "EdDSA", "EC": "ES256"}
SECOND = 1_000_000
DAY = 24 * 60 * 60
LONGEST_TOKEN = 4096
#: Verified tokens kept, since checking a signature takes as long as answering a question.
REMEMBERED = 10_000
#: How often the key file is looked at, in microseconds: a key taken out stops working so soon.
LOOK_EVERY = 2 * SECOND
#: Roles beside those that commands name.
READER, AUDITOR, STATISTICS = "reader", "auditor", "statistics"
FEED, LOG_AUDITOR = "feed", "log-auditor"


class Unauthorized(RegistryError):
    """Nobody knows who is asking; send a valid token."""

    code = "unauthorized"


def private_path(keys: Path) -> Path:
    """Where the private keys of a key file lie."""
    return keys.with_name(f"{keys.stem}.private.json")


def new_keys(path: str | Path) -> str:
    """Make an Ed25519 key, add its public half to a key file, and return its name.

    The private half goes into a file beside it that only its owner reads; tokens are issued with
    the newest one.
    """
    path = Path(path)
    key = Ed25519PrivateKey.generate()
    name = os.urandom(8).hex()
    public = _key_set(path)
    private = _key_set(private_path(path))
    mark = {"kid": name, "alg": "EdDSA", "use": "sig"}
    public["keys"].append(OKPAlgorithm.to_jwk(key.public_key(), as_dict=True) | mark)
    private["keys"].append(OKPAlgorithm.to_jwk(key, as_dict=True) | mark)
    _write(private_path(path), private, OWNER_ONLY)
    _write(path, public, EVERYBODY)
    return name


def issue(
    path: str | Path,
    *,
    officer: str,
    office: str,
    roles: Iterable[str],
    area: Iterable[str] | None = None,
    now: int,
    days: float = 1,
) -> str:
    """Issue a token with the newest private key beside a key file.

    area: codes of the divisions whose people the officer may see and register; None: everywhere.
    now: microseconds UTC.
    """
    keys = _key_set(private_path(Path(path)))["keys"]
    if not keys:
        raise Unavailable(f"no private key lies beside {path}; make one with `registry keys`")
    key = jwt.PyJWK.from_dict(keys[-1])
    claims: dict[str, Any] = {
        "aud": AUDIENCE,
        "sub": Officer(officer),
        "office": OfficeCode(office),
        "roles": sorted(set(roles)),
        "area": None if area is None else [DivisionCode(code) for code in area],
        "iat": now // SECOND,
        "exp": now // SECOND + int(days * DAY),
        "jti": str(ids(lambda: now)()),
    }
    return jwt.encode(
        claims, key.key, algorithm=ALGORITHMS[str(key.key_type)], headers={"kid": key.key_id}
    )


@dataclass(frozen=True)
class _Known:
    authority: Authority
    until: int
    since: int


class KeyRing:
    """Checks tokens by the public keys of a file, which is read again when it changes."""

    def __init__(self, path: str | Path, clock: Callable[[], int]) -> None:
        self._path = Path(path)
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._stamp: tuple[int, int] | None = None
        self._looked = 0
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._refresh(clock())

    def authority(self, header: str | None) -> Authority:
        """Who an Authorization header names; raises Unauthorized."""
        if not header:
            raise Unauthorized("send the header `Authorization: Bearer <token>`")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthorized("the scheme is Bearer; send `Authorization: Bearer <token>`")
        now = self._clock()
        if now - self._looked >= LOOK_EVERY:
            self._refresh(now)
        known = self._known.get(token)
        if known is None:
            known = self._check(token)
            self._known[token] = known
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        if not known.since <= now // SECOND < known.until:
            raise Unauthorized("the token has expired or is not valid yet; ask for a new one")
        return known.authority

    def _check(self, token: str) -> _Known:
        if len(token) > LONGEST_TOKEN:
            raise Unauthorized(f"a token has at most {LONGEST_TOKEN} characters")
        try:
            key = self._keys.get(str(jwt.get_unverified_header(token).get("kid")))
            if key is None:
                raise Unauthorized("the token was signed with a key that is not known here")
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[ALGORITHMS[str(key.key_type)]],
                audience=AUDIENCE,
                # Times are compared with the register's own clock, each time the token comes.
                options={
                    "require": ["exp", "sub"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            return _read_claims(claims)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
            raise Unauthorized(f"the token is not valid: {error}") from error

    def _refresh(self, now: int) -> None:
        self._looked = now
        try:
            state = self._path.stat()
        except FileNotFoundError:
            self._keys, self._stamp = {}, None
            self._known.clear()
            return
        stamp = (state.st_mtime_ns, state.st_ino)
        if stamp == self._stamp:
            return
        try:
            told = json.loads(self._path.read_text(encoding="utf-8"))["keys"]
            keys = [jwt.PyJWK.from_dict(key) for key in told]
        except (ValueError, TypeError, KeyError, jwt.PyJWTError) as error:
            raise Unavailable(f"{self._path} is not a JSON Web Key Set: {error}") from error
        self._keys = {str(key.key_id): key for key in keys if key.key_type in ALGORITHMS}
        self._stamp = stamp
        self._known.clear()


def _read_claims(claims: dict[str, Any]) -> _Known:
    roles, area = claims["roles"], claims["area"]
    if not isinstance(roles, list) or not isinstance(area, list | None):
        raise ValueError("roles is a list, area a list or null")
    authority = Authority(
        Officer(claims["sub"]),
        OfficeCode(claims["office"]),
        frozenset(str(role) for role in roles),
        None if area is None else tuple(DivisionCode(code) for code in area),
    )
    return _Known(authority, int(claims["exp"]), int(claims.get("nbf", 0)))


def _key_set(path: Path) -> dict[str, list[dict[str, Any]]]:
    if not path.exists():
        return {"keys": []}
    read: dict[str, list[dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))
    return read


def _write(path: Path, value: object, mode: int) -> None:
    write_whole(path, json.dumps(value, indent=1).encode() + b"\n", mode)
