"""The secure channel: recordings of real cards, and a host that shares no code with ours."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yubikit.core.smartcard import ApduError
from yubikit.core.smartcard.scp import KeyRef, Scp03KeyParams, ScpState, StaticKeys

from adapters.card import apdu
from adapters.card.apdu import Command
from adapters.card.channel import CardRefused, SessionBroken
from adapters.card.emulator.chip import Chip
from adapters.card.keys import MAKING, CardKeys, SoftwareKeys, diversification
from adapters.card.scp03 import Secured, SessionKeys, open_channel, session_keys
from registry.chip.files import TEXT

SERIAL = bytes.fromhex("0102030405060708")
KEYS = SoftwareKeys({1: bytes(range(16))})

# What went between a host and a card that is not ours, at level 33: version of the keys, the host's
# challenge, the card's greeting, the host's proof, then commands in the clear, secured, and the
# card's answer to the first. Facts of the wire, taken from osmocom/pysim,
# tests/unittests/test_globalplatform.py; keys are 000102…0f, 101112…1f, 202122…2f and their
# beginnings again for 24 and 32 bytes.
PLAIN = ("80e2910006bf3e035c015a00", "80f22002", "80ca006600", "80f220020a4f0212345c054f9f70c5")
PLAIN_ANSWER = "bf3e125a1089882119900000000000000000000005"
RECORDINGS = {
    16: (
        "30fdf38259a1e0de44",
        "000000000000000000003003703b1aca81e821f219081cdc01c26b372d000003",
        "84823300108c36f96bcc00724a4e13ad591d7da3f0",
        (
            "84e2910018267a85dfe4a98fca6fb0527e0dfecce4914e40401433c87f00",
            "84f2200208ac6a59024bed84cc",
            "84ca006608409912ad8fb7aed000",
            "84f22002185f3dafc3ac14c381536a488bf44e06d056df9d74dbd21e5a",
        ),
        "f3ba2b1013aa6224f5e1c138d71805c569e5439b47576260b75fc021b25097cb2e68f8a0144975b9",
    ),
    24: (
        "319b3f2eef0e8c9374",
        "00000000000000000000310370f6bb305a15bae1a68f79fb08212fbed7000002",
        "84823300109100bc22d58b45b86a26365ce39ff3cf",
        (
            "84e29100188f7f946c84f70d17994bc6e8791251bb1bb1bf02cf8de58900",
            "84f2200208d5d97754b6b3d2ba",
            "84ca006608516c82b8e30adbeb00",
            "84f2200218cc247f4761e6944277a4e0d6e32e44025b1e31537e2fc668",
        ),
        "c05176c1b6f72aae50c32cbee63b0e95998928fd4dfb2be9f27ffde8c8476f5909b4805cc4039599",
    ),
    32: (
        "3297b2055fe58599fd",
        "00000000000000000000320370a8439a22cedf045fa9f1903b2834f26e000002",
        "8482330010508a0fd959d2e547c6b33154a6be2057",
        (
            "84e29100187a5ef717eaf1e135ae92fe54429d0e465decda65f5fe5aea00",
            "84f2200208bcc5c17275545d93",
            "84ca00660804806aba9d543bb600",
            "84f2200218717222491556ec81a45f49ce48be33320024801a1c4cb0e0",
        ),
        "ea90dbfa648a67c5eb6abc57f8530b97d0cd5647c5e8732016b55203b078dd2ace7f8bc5d1c1cd99",
    ),
}


@dataclass
class Recording:
    """A card that was recorded: it says what it said, and remembers what it was told."""

    answers: list[bytes]
    told: list[str] = field(default_factory=list)

    def transmit(self, apdu: bytes) -> tuple[bytes, int]:
        """Give the next answer."""
        self.told.append(apdu.hex())
        return self.answers.pop(0), 0x9000


def recorded_keys(size: int) -> CardKeys:
    """The keys of the card that was recorded."""
    return CardKeys(*((bytes(range(at, at + 16)) * 2)[:size] for at in (0x00, 0x10, 0x20)))


@pytest.mark.parametrize("size", RECORDINGS)
def test_the_channel_says_and_reads_what_was_recorded_of_other_implementations(size):
    hello, greeting, proof, commands, answer = RECORDINGS[size]
    card = Recording([bytes.fromhex(greeting), b""])
    version, challenge = bytes.fromhex(hello)[0], bytes.fromhex(hello)[1:]
    secured = open_channel(card, version, lambda told: recorded_keys(size), challenge)
    assert card.told == [f"8050{version:02x}0008{challenge.hex()}00", proof]
    for number, (plain, wrapped) in enumerate(zip(PLAIN, commands, strict=True)):
        assert secured.wrap(Command.decode(bytes.fromhex(plain))).encode().hex() == wrapped
        if number == 0:
            assert secured.unwrap_answer(bytes.fromhex(answer), 0x9000).hex() == PLAIN_ANSWER


def test_a_host_that_shares_no_code_reads_and_writes_our_card():
    """yubikit knows SCP03 at level 33 with keys of 16 bytes."""
    chip = Chip.blank(SERIAL, KEYS)
    told = KEYS.card_keys(1, diversification(MAKING, SERIAL))

    def exchange(cla: int, ins: int, p1: int, p2: int, data: bytes = b"") -> bytes:
        answer, status = chip.transmit(Command(cla, ins, p1, p2, data, True).encode())
        if status != apdu.OK:
            raise ApduError(answer, status)
        return answer

    params = Scp03KeyParams(KeyRef(3, 1), StaticKeys(*told))
    state, cryptogram = ScpState.scp03_init(exchange, params)
    head = bytes([0x84, 0x82, 0x33, 0, 16])
    exchange(0x84, 0x82, 0x33, 0, cryptogram + state.mac(head + cryptogram))

    def secured(cla: int, ins: int, p1: int, p2: int, data: bytes = b"") -> bytes:
        data = state.encrypt(data)  # it encrypts nothing, too, where the recordings do not
        head = bytes([cla | 4, ins, p1, p2, len(data) + 8])
        answer = exchange(cla | 4, ins, p1, p2, data + state.mac(head + data))
        answer = state.unmac(answer, apdu.OK)
        return state.decrypt(answer) if answer else b""

    secured(0x00, 0xA4, 0, 0, TEXT.to_bytes(2, "big"))
    secured(0x00, 0xD6, 0, 3, b"from elsewhere")
    assert secured(0x00, 0xB0, 0, 0)[:17] == bytes(3) + b"from elsewhere"
    assert chip.memory.files[TEXT][3:17] == b"from elsewhere"


def ends() -> tuple[Secured, Secured]:
    """Both ends of an open channel."""
    keys = SessionKeys(bytes(16), bytes([1] * 16), bytes([2] * 16))
    return Secured(keys), Secured(keys)


commands = st.builds(
    Command,
    cla=st.sampled_from([apdu.ISO, apdu.GP]),
    ins=st.integers(0, 255),
    p1=st.integers(0, 255),
    p2=st.integers(0, 255),
    data=st.binary(max_size=apdu.PIECE),
    answers=st.booleans(),
)
exchanges = st.lists(st.tuples(commands, st.binary(max_size=apdu.PIECE)), min_size=1, max_size=5)


@given(exchanges)
def test_what_one_end_wraps_the_other_opens(exchanges):
    host, card = ends()
    for command, answer in exchanges:
        wire = host.wrap(command).encode()
        assert card.unwrap(Command.decode(wire)) == command
        assert len(wire) <= 261
        secured = card.wrap_answer(answer, apdu.OK)
        assert len(secured) <= 256
        assert host.unwrap_answer(secured, apdu.OK) == answer


@given(commands, st.data())
def test_a_command_that_was_touched_is_not_opened(command, data):
    host, card = ends()
    wire = bytearray(host.wrap(command).encode())
    wire = wire[:-1] if command.answers else wire
    at = data.draw(st.integers(0, len(wire) - 1))
    wire[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises((SessionBroken, ValueError)):  # a ValueError where the length is touched
        card.unwrap(Command.decode(bytes(wire)))


@given(commands, st.binary(max_size=apdu.PIECE), st.data())
def test_an_answer_that_was_touched_is_not_opened(command, answer, data):
    host, card = ends()
    card.unwrap(host.wrap(command))
    wire = bytearray(card.wrap_answer(answer, apdu.OK))
    wire[data.draw(st.integers(0, len(wire) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SessionBroken):
        host.unwrap_answer(bytes(wire), apdu.OK)


@given(commands, st.binary(max_size=apdu.PIECE))
def test_a_status_that_was_touched_is_not_believed(command, answer):
    host, card = ends()
    card.unwrap(host.wrap(command))
    with pytest.raises(SessionBroken):
        host.unwrap_answer(card.wrap_answer(answer, 0x6283), apdu.OK)


@given(st.lists(commands, min_size=2, max_size=2))
def test_no_command_is_left_out_repeated_or_sent_to_another_session(two):
    host, card = ends()
    first, second = (host.wrap(command) for command in two)
    with pytest.raises(SessionBroken):
        card.unwrap(second)
    host, card = ends()
    first = host.wrap(two[0])
    card.unwrap(first)
    with pytest.raises(SessionBroken):
        card.unwrap(first)
    other = Secured(SessionKeys(bytes(16), bytes([3] * 16), bytes([2] * 16)))
    with pytest.raises(SessionBroken):
        other.unwrap(first)


def test_a_card_that_does_not_know_its_keys_is_not_believed():
    chip = Chip.blank(SERIAL, SoftwareKeys({1: bytes(16)}))
    with pytest.raises(SessionBroken, match="does not know its keys"):
        open_channel(chip, 1, lambda told: KEYS.card_keys(1, told), bytes(8))


def test_a_card_does_not_believe_a_host_with_other_keys():
    chip = Chip.blank(SERIAL, KEYS)
    hello = Command(apdu.GP, apdu.INITIALIZE_UPDATE, 1, 0, bytes(8), True)
    assert chip.transmit(hello.encode())[1] == apdu.OK
    keys = SessionKeys(bytes(16), bytes(16), bytes(16))
    proof = Command(apdu.GP, apdu.EXTERNAL_AUTHENTICATE, 0x33, 0, bytes(8))
    assert chip.transmit(Secured(keys).sign(proof).encode()) == (b"", apdu.SECURE_MESSAGE_WRONG)


def test_a_card_does_not_believe_a_proof_that_is_only_authentic():
    """The keys are right, and the proof is that of another session."""
    chip = Chip.blank(SERIAL, KEYS)
    hello = Command(apdu.GP, apdu.INITIALIZE_UPDATE, 1, 0, bytes(8), True)
    greeting, _ = chip.transmit(hello.encode())
    told = KEYS.card_keys(1, diversification(MAKING, SERIAL))
    secured = Secured(session_keys(told, bytes(8) + greeting[13:21]))
    proof = Command(apdu.GP, apdu.EXTERNAL_AUTHENTICATE, 0x33, 0, bytes(8))
    assert chip.transmit(secured.sign(proof).encode()) == (b"", apdu.CRYPTOGRAM_WRONG)
    again = Command(apdu.GP, apdu.TELL_STATE, 0, 0, b"", True)
    assert chip.transmit(secured.wrap(again).encode()) == (b"", apdu.UNAUTHORISED)


def test_a_version_of_keys_that_the_card_does_not_have_is_refused():
    chip = Chip.blank(SERIAL, KEYS)
    with pytest.raises(CardRefused) as refused:
        open_channel(chip, 2, lambda told: KEYS.card_keys(1, told), bytes(8))
    assert refused.value.status == apdu.KEYS_UNKNOWN


def test_keys_are_never_shown():
    secret = SessionKeys(b"e" * 16, b"m" * 16, b"r" * 16)
    assert "eee" not in f"{secret!r}{Secured(secret)!r}{Chip.blank(SERIAL, KEYS).memory!r}"
