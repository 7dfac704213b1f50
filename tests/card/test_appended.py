"""Appending an address: two steps, every interruption, and the signature beside it."""

from __future__ import annotations

import msgspec
import pytest

from adapters.card.appended import SlotLost, Standing, append, read, standing
from adapters.card.channel import CardFault, CardRefused, OutcomeUnknown
from adapters.card.emulator.chip import Chip, Memory
from adapters.card.keys import APPENDING, MAKING
from adapters.card.session import Session, open_session
from registry.chip.appended import SLOTS, encode, refuse_unsealed_slot, slot_seal
from tests.card.blanks import KEYS, SERIAL, CutWire, image_for, made
from tests.chip.stamp import Stamp, genuine

ADDRESSES = [encode(f"四川省德阳市旌阳区长江路{number}号") for number in range(1, SLOTS + 1)]


def seal(slot: int, serial: bytes = SERIAL) -> bytes:
    """The county's seal on the address of a slot."""
    return slot_seal(serial, slot, ADDRESSES[slot - 1], Stamp())


def county(memory: Memory) -> tuple[Chip, Session]:
    """A made card in a county's writer."""
    chip = Chip(memory)
    return chip, open_session(chip, KEYS, SERIAL, use=APPENDING)


def card(*slots: int) -> Memory:
    """A made card with addresses in its first slots."""
    memory = made(image_for())
    for slot in slots:
        chip, session = county(memory)
        assert not append(session, slot, ADDRESSES[slot - 1], seal(slot))
        memory = chip.memory
    return memory


def test_addresses_stand_in_their_slots_each_under_its_own_seal():
    chip, session = county(card(1, 2, 3, 4))
    for slot, address in enumerate(ADDRESSES, 1):
        there, sealed = read(session, slot)
        assert there == address
        refuse_unsealed_slot(SERIAL, slot, there, sealed, genuine)
    assert chip.memory.files == image_for().files


def test_an_address_that_stands_is_not_written_again():
    chip, session = county(card(1))
    before = chip.memory
    assert append(session, 1, ADDRESSES[0], seal(1))
    assert chip.memory is before


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("slot", [1, 3])
def test_wherever_power_fails_an_address_is_appended_once(late, slot):
    start = card(*range(1, slot))
    whole = CutWire(Chip(start), at=1000)
    told: list[str] = []

    def note() -> None:
        told.append("prewritten")

    append(
        open_session(whole, KEYS, SERIAL, use=APPENDING),
        slot,
        ADDRESSES[slot - 1],
        seal(slot),
        note,
    )
    for at in range(len(whole.sent)):
        chip = Chip(start)
        wire = CutWire(chip, at, late)
        with pytest.raises(OutcomeUnknown):
            append(
                open_session(wire, KEYS, SERIAL, use=APPENDING),
                slot,
                ADDRESSES[slot - 1],
                seal(slot),
            )
        held = len(chip.memory.addresses)
        chip, again = county(chip.memory)
        assert append(again, slot, ADDRESSES[slot - 1], seal(slot)) == (held == slot)
        assert [one[:70] for one in chip.memory.addresses] == ADDRESSES[:slot]
        assert chip.memory.prepared is None
    assert told == ["prewritten"]


def test_how_far_a_card_came_is_told():
    _, session = county(card(1))
    assert standing(session, 1, ADDRESSES[0], seal(1)) is Standing.WRITTEN
    assert standing(session, 1, ADDRESSES[3], seal(1)) is Standing.TAKEN
    assert standing(session, 2, ADDRESSES[1], seal(2)) is Standing.FREE
    assert standing(session, 3, ADDRESSES[2], seal(3)) is Standing.NOT_NEXT
    session.prepare(2, ADDRESSES[3], seal(2))
    assert standing(session, 2, ADDRESSES[1], seal(2)) is Standing.FREE, "another's is overwritten"
    session.prepare(2, ADDRESSES[1], seal(2))
    assert standing(session, 2, ADDRESSES[1], seal(2)) is Standing.PREPARED
    assert not append(session, 2, ADDRESSES[1], seal(2))


@pytest.mark.parametrize(("slot", "address"), [(1, 3), (3, 2)])
def test_where_register_and_card_disagree_nothing_is_written(slot, address):
    chip, session = county(card(1))
    before = chip.memory
    with pytest.raises(SlotLost) as lost:
        append(session, slot, ADDRESSES[address], seal(slot))
    assert lost.value.slot == slot
    assert isinstance(lost.value, CardFault)
    assert chip.memory is before


def test_an_address_that_reads_otherwise_than_it_was_written_is_lost():
    class Worn(Chip):
        def _change(self, **to: object) -> None:
            super()._change(**to)
            kept = tuple(one[:-1] + b"?" for one in self.memory.addresses)
            self.memory = msgspec.structs.replace(self.memory, addresses=kept)

    session = open_session(Worn(card()), KEYS, SERIAL, use=APPENDING)
    with pytest.raises(SlotLost):
        append(session, 1, ADDRESSES[0], seal(1))


def test_nothing_is_appended_under_the_keys_of_the_centre():
    chip = Chip(card())
    with pytest.raises(CardRefused):
        append(open_session(chip, KEYS, SERIAL, use=MAKING), 1, ADDRESSES[0], seal(1))
    assert not chip.memory.addresses
