"""What is done with a card: the register says what was intended, the chip what was done."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from adapters.card.channel import OutcomeUnknown
from adapters.card.emulator.chip import Memory, PowerLost
from adapters.card.personalise import Maker, Outcome
from adapters.card.session import Life
from registry.aggregates.card import BodyState
from registry.chip.files import PHOTO
from registry.commands.cards_blanks import ReceiveTransfer, TransferBlanks
from registry.commands.cards_bodies import BindBlank, ConfirmBodyVoid, ProposeBodyVoid
from registry.values import Digest, PaperNumber, SpoilCause, Text
from tests.card.rig import ORDER, SIGNER, Fault, Rack, Rig, blank, written
from tests.scenarios.cards import CENTRE, PROVINCE, on_line, serial, state, stocked
from tests.scenarios.test_cards_bodies import SECOND_SITE, THERE
from tests.scenarios.town import Town

Bring = Callable[..., None]


@pytest.fixture
def rig(town: Town) -> Rig:
    """Two cards to be made, four blanks, one reader."""
    return Rig(town, people=2, blanks=4)


def attend(maker: Maker, rack: Rack, **told: bool) -> Outcome:
    """Let a reader do what is to be done with its card."""
    wire = rack.connect(0)
    assert wire is not None
    try:
        return maker.attend(wire, **told)
    finally:
        wire.close()


def begun(rig: Rig, number: int) -> None:
    """A station bound a blank to the first application and was killed at once."""
    with rig.maker() as maker:
        run = maker.journal.run
    application = rig.applications[0]
    bind = BindBlank(
        application=application,
        serial=serial(number),
        image=Digest(rig.image(application, number).digest.hex()),
        key_version=1,
        work_order=ORDER,
        run=run,
        signing_key=PaperNumber(SIGNER.key_id.hex()),
    )
    rig.town.do(bind, CENTRE)


def present(rig: Rig, number: int) -> Rack:
    """Put a blank of the hopper into the reader."""
    (rack,) = rig.racks
    rack.chip = next(chip for chip in rig.tray.hopper if chip.memory.serial == key(number))
    rig.tray.hopper.remove(rack.chip)
    return rack


def key(number: int) -> bytes:
    """The serial of the n-th chip as it tells it."""
    return bytes.fromhex(serial(number))


def test_a_blank_is_set_aside_before_its_first_byte_is_written(rig: Rig):
    rack = present(rig, 1)
    seen: list[list[str]] = []

    def look(apdu: bytes) -> None:
        assert rack.chip is not None
        if rack.chip.memory.life is Life.OPEN and not seen:
            seen.append(rig.events(1))

    rack.fault = look
    with rig.maker() as maker:
        assert attend(maker, rack) is Outcome.MADE
    assert seen == [["BlankReceived", "BlankIssued", "BlankBound"]]
    assert rig.events(1)[-1] == "CardPersonalised"
    assert state(rig.town, rig.applications[0]) == "31"
    assert rack.chip is not None
    assert rack.chip.memory.life is Life.DONE


@pytest.mark.parametrize("started", [False, True])
def test_what_was_begun_is_written_anew_from_the_beginning(rig: Rig, started: bool):
    begun(rig, 1)
    rack = present(rig, 1)
    assert rack.chip is not None
    if started:  # with an image of another attempt, half of it
        image = rig.image(rig.applications[1], 1)
        some = dict(list(image.files.items())[:2])
        written(rack.chip, image)
        rack.chip.memory = type(rack.chip.memory)(
            serial=key(1), keys=rack.chip.memory.keys, life=Life.OPEN, files=some
        )
    with rig.maker() as maker:
        assert attend(maker, rack) is Outcome.MADE
    assert rack.chip.memory.state.digest == rig.image(rig.applications[0], 1).digest


def test_a_closed_card_that_nobody_recorded_is_read_back_and_recorded(rig: Rig):
    begun(rig, 1)
    rack = present(rig, 1)
    assert rack.chip is not None
    written(rack.chip, rig.image(rig.applications[0], 1))
    before = rack.chip.memory
    with rig.maker() as maker:
        assert attend(maker, rack) is Outcome.RECOVERED
    assert rack.chip.memory is before, "nothing is written to it"
    body = rig.town.timeline(rig.body(1).id)
    assert body[-1].event.recovered


def test_a_closed_card_with_other_data_raises_the_alarm(rig: Rig):
    begun(rig, 1)
    rack = present(rig, 1)
    assert rack.chip is not None
    written(rack.chip, rig.image(rig.applications[1], 1))
    with rig.maker() as maker:
        assert attend(maker, rack) is Outcome.CONTRADICTS
    assert rig.body(1).state is BodyState.SPOILED
    assert rig.incidents() == ["contradicts"]


def test_a_card_in_place_of_one_that_was_lost_is_not_written_to(rig: Rig):
    rack = present(rig, 1)
    with rig.maker() as maker:
        rack.fault = tear_after(20)
        with pytest.raises(OutcomeUnknown):
            attend(maker, rack)
        assert maker.expected == key(1)
        rack = present(rig, 2)
        rack.fault = lambda apdu: None
        assert attend(maker, rack) is Outcome.SPOILED
        assert rack.chip is not None
        assert rack.chip.memory.life is Life.BLANK
        assert maker.journal.missing() == [rig.body(1).id]
    assert rig.incidents() == ["wrong"]


def test_a_card_that_was_made_and_recorded_goes_onto_the_stack(rig: Rig):
    rack = present(rig, 1)
    with rig.maker() as maker:
        attend(maker, rack)
    with rig.maker() as maker:
        assert attend(maker, rack) is Outcome.STACKED
    assert rig.events(1).count("CardPersonalised") == 1


def test_a_card_that_the_register_does_not_know_goes_into_the_reject_bin(rig: Rig):
    (rack,) = rig.racks
    rack.chip = blank(99)
    with rig.maker() as maker:
        assert attend(maker, rack) is Outcome.REJECTED
    assert rack.chip.memory.life is Life.BLANK
    assert rig.incidents() == ["foreign"]


def test_a_blank_that_was_written_to_before_it_was_issued_is_spoiled(rig: Rig):
    rack = present(rig, 1)
    assert rack.chip is not None
    written(rack.chip, rig.image(rig.applications[1], 1))
    with rig.maker() as maker:
        assert attend(maker, rack) is Outcome.SPOILED
    assert rig.events(1) == ["BlankReceived", "BlankIssued", "BodySpoiled"]


@pytest.mark.parametrize("bring", [stocked, on_line], ids=["of the stock", "of no order"])
def test_a_blank_that_is_not_of_the_order_is_not_written_to(rig: Rig, bring: Bring):
    bring(rig.town, 50)
    (rack,) = rig.racks
    rack.chip = blank(50)
    with rig.maker() as maker:
        assert attend(maker, rack) is Outcome.SPOILED
    assert rack.chip.memory.life is Life.BLANK
    assert rig.incidents() == ["foreign"]


def test_a_blank_of_another_site_is_told_of_and_left_on_that_site_s_books(rig: Rig):
    stocked(rig.town, 9)
    both: dict[str, Any] = {"serials": (serial(9),)}
    rig.town.do(TransferBlanks(**both, destination=SECOND_SITE), CENTRE)
    rig.town.do(ReceiveTransfer(**both, site=SECOND_SITE), THERE)
    (rack,) = rig.racks
    rack.chip = blank(9)
    with rig.maker() as maker:
        assert attend(maker, rack) is Outcome.REJECTED
    assert rack.chip.memory.life is Life.BLANK
    assert (rig.body(9).state, rig.incidents()) == (BodyState.IN_STOCK, ["foreign"])


def test_a_body_whose_image_has_changed_since_is_spoiled(rig: Rig):
    begun(rig, 1)
    rack = present(rig, 1)
    rig.images.authority = "德阳市公安局"
    with rig.maker() as maker:
        assert attend(maker, rack) is Outcome.SPOILED
    assert rack.chip is not None
    assert rack.chip.memory.life is Life.BLANK
    assert rig.town.timeline(rig.body(1).id)[-1].event.cause is SpoilCause.DATA


def test_a_card_that_reads_otherwise_than_it_was_written_is_spoiled(rig: Rig):
    rack = present(rig, 1)

    def decay(apdu: bytes) -> None:
        chip = rack.chip
        if chip is not None and chip.memory.life is Life.DONE:
            files = {**chip.memory.files, PHOTO: bytes(1024)}
            chip.memory = Memory(
                serial=chip.memory.serial, keys=chip.memory.keys, life=Life.DONE, files=files
            )

    rack.fault = decay
    with rig.maker() as maker:
        assert attend(maker, rack) is Outcome.SPOILED
    assert rig.events(1)[-1] == "BodySpoiled"
    assert state(rig.town, rig.applications[0]) == "24"


def test_a_body_that_was_given_up_and_turns_up_goes_into_the_reject_bin(rig: Rig):
    begun(rig, 1)
    propose = ProposeBodyVoid(serial=serial(1), cause=SpoilCause.CUSTODY, grounds=Text("遗失"))
    version = rig.town.do(propose, CENTRE)["version"]
    rig.town.do(ConfirmBodyVoid(serial=serial(1), version=version), PROVINCE)
    rack = present(rig, 1)
    with rig.maker() as maker:
        assert maker.journal.missing() == []
        assert attend(maker, rack) is Outcome.SPOILED
    assert rig.events(1)[-1] == "BodyFound"


# --- faults -----------------------------------------------------------------------------------


def tear_after(commands: int, rack: Rack | None = None) -> Fault:
    """Power fails at the n-th command; with a reader, once its card has done it."""
    left = [commands]

    def fault(apdu: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            if rack is not None and rack.chip is not None:
                rack.chip.transmit(apdu)
            raise PowerLost

    return fault


def status(word: int, times: int, after: int = 3) -> Fault:
    """Some commands are answered with an error, after a few that are not."""
    left = [after, times]

    def fault(apdu: bytes) -> tuple[bytes, int] | None:
        left[0] -= 1
        if left[0] < 0 < left[1]:
            left[1] -= 1
            left[0] = after
            return b"", word
        return None

    return fault


@pytest.mark.parametrize("late", [False, True], ids=["undone", "done"])
def test_a_card_is_the_same_wherever_its_power_failed(town: Town, late: bool):
    rig = Rig(town, people=1, blanks=1)
    rack, commands, outcome = present(rig, 1), 0, None
    assert rack.chip is not None
    while outcome is None:
        rack.fault = tear_after(commands, rack if late else None)
        commands += 1
        with rig.maker() as maker, suppress(OutcomeUnknown):
            outcome = attend(maker, rack)
    assert commands > 20, "every command up to the closing of the card was torn once"
    assert outcome.good
    assert rack.chip.memory.state.digest == rig.image(rig.applications[0], 1).digest
    assert rig.events(1)[2:] == ["BlankBound", "CardPersonalised"]


def test_a_card_that_is_lost_again_and_again_is_spoiled(rig: Rig):
    rack = present(rig, 1)
    with rig.maker() as maker:
        for _ in range(maker.patience.losses):
            rack.fault = tear_after(12)
            with pytest.raises(OutcomeUnknown):
                attend(maker, rack)
        rack.fault = lambda apdu: None
        assert attend(maker, rack) is Outcome.SPOILED


@pytest.mark.parametrize("word", [0x6982, 0x6985, 0x6988])
def test_a_session_that_fails_is_tried_once_more(rig: Rig, word: int):
    rack = present(rig, 1)
    rack.fault = status(word, times=1)
    with rig.maker() as maker:
        assert attend(maker, rack) is Outcome.AGAIN
        assert attend(maker, rack) is Outcome.MADE


def test_a_session_that_fails_twice_spoils_the_card_and_its_data_take_the_next(rig: Rig):
    rack = present(rig, 1)
    rack.fault = status(0x6985, times=9, after=12)
    with rig.maker() as maker:
        assert attend(maker, rack) is Outcome.AGAIN
        assert attend(maker, rack) is Outcome.SPOILED
        rack.fault = lambda apdu: None
        rack = present(rig, 2)
        assert attend(maker, rack) is Outcome.MADE
    assert rig.body(1).application == rig.body(2).application == rig.applications[0]


@pytest.mark.parametrize("word", [0x6581, 0x6A84])
def test_a_memory_that_fails_spoils_the_card_at_once(rig: Rig, word: int):
    rack = present(rig, 1)
    rack.fault = status(word, times=1, after=12)
    with rig.maker() as maker:
        assert attend(maker, rack) is Outcome.SPOILED
    spoiled = rig.town.timeline(rig.body(1).id)[-1].event
    assert spoiled.cause is SpoilCause.MATERIAL
