"""An address is appended to a chip in two steps, and after any interruption once (追加住址).

First the card takes address and seal for its next slot, which changes nothing that anybody reads;
then it is told to keep them. Whoever goes on after an interruption asks the card how far it came.
The session has to be one that appends: its keys can do nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from enum import StrEnum

from adapters.card.channel import CardFault
from adapters.card.session import Life, Session
from registry.chip.appended import ADDRESS_SIZE, SEAL_SIZE, SLOTS
from registry.chip.files import APPENDED, APPENDED_SIGNATURES


class Standing(StrEnum):
    """How far a card came with an address for one of its slots."""

    FREE = "free"  # nothing stands in the slot, it is the next one
    PREPARED = "prepared"  # so, and the card holds the address and its seal ready
    WRITTEN = "written"  # the address stands in the slot
    TAKEN = "taken"  # another address stands in the slot
    NOT_NEXT = "not-next"  # a slot before it is empty, or the card is not made


class SlotLost(CardFault):
    """The card has another address in a slot than the register thinks, or none before it."""

    code = "slot-lost"

    def __init__(self, slot: int, standing: Standing) -> None:
        self.slot, self.standing = slot, standing
        super().__init__(
            f"slot {slot} of the card is {standing}: register and card disagree; give this address"
            " up, and let the holder apply for a new card if no slot is left"
        )


def standing(session: Session, slot: int, address: bytes, seal: bytes) -> Standing:
    """How far the card came with an address, in slot 1 to 4.

    address: 70 bytes; seal: 128, by whichever key: an address stands where its bytes do.
    """
    assert 1 <= slot <= SLOTS
    state = session.state()
    if state.appended >= slot:
        there, _ = read(session, slot)
        return Standing.WRITTEN if there == address else Standing.TAKEN
    if state.life is not Life.DONE or state.appended < slot - 1:
        return Standing.NOT_NEXT
    ready = hashlib.sha256(address + seal).digest()
    return Standing.PREPARED if state.prepared == ready else Standing.FREE


def append(
    session: Session,
    slot: int,
    address: bytes,
    seal: bytes,
    prewritten: Callable[[], None] = lambda: None,
) -> bool:
    """Append an address, or see that it stands; whether it stood already.

    prewritten: called between the two steps, to record that the first is done.
    Raises SlotLost where something else stands in the slot, CardFault, ReaderFault; then nothing is
    known but what the card tells to the next session.
    """
    found = standing(session, slot, address, seal)
    if found is Standing.WRITTEN:
        return True
    if found in (Standing.TAKEN, Standing.NOT_NEXT):
        raise SlotLost(slot, found)
    if found is Standing.FREE:
        session.prepare(slot, address, seal)
    prewritten()
    session.confirm(slot)
    if read(session, slot) != (address, seal):
        raise SlotLost(slot, Standing.TAKEN)
    return False


def read(session: Session, slot: int) -> tuple[bytes, bytes]:
    """What stands in a slot: address and seal, zeros where nothing does."""
    at = slot - 1
    return (
        session.read(APPENDED, at * ADDRESS_SIZE, ADDRESS_SIZE),
        session.read(APPENDED_SIGNATURES, at * SEAL_SIZE, SEAL_SIZE),
    )
