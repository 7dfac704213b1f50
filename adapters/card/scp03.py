"""The secure channel SCP03, both ends of it: secrecy and authenticity of commands and answers.

Mode S8, security level 33: commands and answers are encrypted and authenticated, and each is bound
to all commands before it, so that none can be left out, repeated or sent to another card. Keys of
16, 24 or 32 bytes. A status word that tells an error comes without authentication: it is believed
in so far as the session ends with it.
Source: GlobalPlatform Card Specification 2.2, Amendment D (GPC_SPE_014).
"""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB
from cryptography.hazmat.primitives.cmac import CMAC

from adapters.card import apdu
from adapters.card.apdu import Command
from adapters.card.channel import CardChannel, CardRefused, SessionBroken
from adapters.card.keys import CardKeys

LEVEL: Final = 0x33
CHALLENGE: Final = 8
MAC: Final = 8
BLOCK: Final = 16
#: What a card says of itself before its challenge: ten bytes that its keys derive from, then the
#: version of the keys, 03 for this protocol and its options: challenges are random.
DIVERSIFICATION: Final = 10
PROTOCOL: Final = 3
OPTIONS: Final = 0x60

CARD_CRYPTOGRAM, HOST_CRYPTOGRAM, FOR_ENC, FOR_MAC, FOR_RMAC = 0, 1, 4, 6, 7


class SessionKeys(NamedTuple):
    """The keys of a session: for encryption, for commands and for answers."""

    enc: bytes
    mac: bytes
    rmac: bytes

    def __repr__(self) -> str:
        """Show nothing."""
        return "SessionKeys(...)"


class Secured:
    """One end of an open channel; the host's and the card's count and chain alike."""

    def __init__(self, keys: SessionKeys) -> None:
        self._keys = keys
        self._chain = bytes(BLOCK)
        self._counter = 0

    def wrap(self, command: Command) -> Command:
        """Secure a command of the host; its class tells so."""
        self._counter += 1
        data = self._encrypt(command.data, 0x00) if command.data else b""
        return self.sign(command._replace(data=data))

    def sign(self, command: Command) -> Command:
        """Authenticate a command and leave its data as it is."""
        command = command._replace(cla=command.cla | apdu.SECURED)
        return command._replace(data=command.data + self._chained(command.header, command.data))

    def unwrap(self, command: Command) -> Command:
        """Open a secured command on the card. Raises SessionBroken where it is not genuine."""
        self._counter += 1
        command = self.verify(command)
        return command._replace(data=self._decrypt(command.data, 0x00) if command.data else b"")

    def verify(self, command: Command) -> Command:
        """Take its authentication off a command. Raises SessionBroken where it is wrong."""
        data, mac = command.data[:-MAC], command.data[-MAC:]
        if not command.cla & apdu.SECURED or not compare_digest(
            self._chained(command.header, data), mac
        ):
            raise SessionBroken("a command is not authentic")
        return command._replace(cla=command.cla & ~apdu.SECURED, data=data)

    def wrap_answer(self, data: bytes, status: int) -> bytes:
        """Secure what the card answers to the last command; status: one that is no error."""
        data = self._encrypt(data, 0x80) if data else b""
        return data + self._answer_mac(data, status)

    def unwrap_answer(self, data: bytes, status: int) -> bytes:
        """Open an answer at the host. Raises SessionBroken where it is not genuine."""
        data, mac = data[:-MAC], data[-MAC:]
        if not compare_digest(self._answer_mac(data, status), mac):
            raise SessionBroken("an answer of the card is not authentic")
        return self._decrypt(data, 0x80) if data else b""

    def _chained(self, header: bytes, data: bytes) -> bytes:
        told = header + bytes([len(data) + MAC]) + data
        self._chain = cmac(self._keys.mac, self._chain + told)
        return self._chain[:MAC]

    def _answer_mac(self, data: bytes, status: int) -> bytes:
        return cmac(self._keys.rmac, self._chain + data + status.to_bytes(2, "big"))[:MAC]

    def _cipher(self, direction: int) -> Cipher[CBC]:
        count = bytes([direction]) + self._counter.to_bytes(BLOCK - 1, "big")
        start = Cipher(AES(self._keys.enc), ECB()).encryptor().update(count)
        return Cipher(AES(self._keys.enc), CBC(start))

    def _encrypt(self, data: bytes, direction: int) -> bytes:
        padded = data + b"\x80"
        padded += bytes(-len(padded) % BLOCK)
        return self._cipher(direction).encryptor().update(padded)

    def _decrypt(self, data: bytes, direction: int) -> bytes:
        if len(data) % BLOCK:
            raise SessionBroken("what came is not encrypted")
        padded = self._cipher(direction).decryptor().update(data)
        plain = padded.rstrip(b"\0")
        if plain[-1:] != b"\x80" or len(padded) - len(plain) >= BLOCK:
            raise SessionBroken("what came is not padded")
        return plain[:-1]


def cmac(key: bytes, message: bytes) -> bytes:
    """AES-CMAC, 16 bytes (RFC 4493)."""
    made = CMAC(AES(key))
    made.update(message)
    return made.finalize()


def derive(key: bytes, purpose: int, context: bytes, size: int) -> bytes:
    """Derive a key or a cryptogram of a size in bytes from a card's key and both challenges."""
    head = bytes(11) + bytes([purpose, 0]) + (size * 8).to_bytes(2, "big")
    numbers = range(1, -(-size // BLOCK) + 1)
    blocks = b"".join(cmac(key, head + bytes([number]) + context) for number in numbers)
    return blocks[:size]


def session_keys(keys: CardKeys, context: bytes) -> SessionKeys:
    """The keys of a session; context: the host's challenge, then the card's."""
    return SessionKeys(
        derive(keys.enc, FOR_ENC, context, len(keys.enc)),
        derive(keys.mac, FOR_MAC, context, len(keys.mac)),
        derive(keys.mac, FOR_RMAC, context, len(keys.mac)),
    )


def open_channel(
    channel: CardChannel,
    version: int,
    keys_of: Callable[[bytes], CardKeys],
    challenge: bytes,
) -> Secured:
    """Authenticate both sides; the host's end of the channel.

    version: byte that names the keys on the card; keys_of: the card's keys from the ten bytes that
    it says they derive from; challenge: eight bytes that were never used before.
    Raises CardRefused where the card refuses, SessionBroken where it does not know the keys.
    """
    assert len(challenge) == CHALLENGE
    hello = Command(apdu.GP, apdu.INITIALIZE_UPDATE, version, 0, challenge, True)
    answer, status = channel.transmit(hello.encode())
    if status != apdu.OK:
        raise CardRefused("open a session", status)
    head = DIVERSIFICATION + 3
    diversification, told = answer[:DIVERSIFICATION], answer[DIVERSIFICATION:head]
    random, cryptogram = answer[head : head + CHALLENGE], answer[head + CHALLENGE :][:MAC]
    if len(cryptogram) != MAC or told[0] != version or told[1] != PROTOCOL:
        raise SessionBroken("the card does not speak this protocol under these keys")
    context = challenge + random
    keys = session_keys(keys_of(diversification), context)
    if not compare_digest(derive(keys.mac, CARD_CRYPTOGRAM, context, MAC), cryptogram):
        raise SessionBroken("the card does not know its keys")
    secured = Secured(keys)
    proof = derive(keys.mac, HOST_CRYPTOGRAM, context, MAC)
    proven = Command(apdu.GP, apdu.EXTERNAL_AUTHENTICATE, LEVEL, 0, proof)
    _, status = channel.transmit(secured.sign(proven).encode())
    if status != apdu.OK:
        raise CardRefused("believe the host", status)
    return secured
