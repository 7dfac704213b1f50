"""The bytes of a chip, made again from the register as it was when the card was signed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from adapters.card.derive import Derivation
from adapters.card.signatures import Signers
from registry.aggregates import Application, Doorplate
from registry.chip.files import PHOTO, PRINTS
from registry.chip.text import Holder
from registry.commands.addresses import ChangeDoorplate, RenameStreet
from registry.commands.cards_audit import FailCountyAudit
from registry.commands.cards_capture import TakeFingerprints
from registry.commands.migration import MoveOut
from registry.commands.particulars import ChangeName, CorrectName
from registry.commands.places import RenameDivision
from registry.commands.relocation import MoveHousehold
from registry.entry import EVERYTHING
from registry.errors import Malformed, NotFound, Unavailable
from registry.events.applications import FingerPrint
from registry.values import (
    ChangeCategory,
    FingerPosition,
    Name,
    OutKind,
    PaperNumber,
    PlateNumber,
    ProductionError,
    ProductionType,
    Sex,
    Text,
)
from registry.vocabulary import Kind
from tests.card.writing import (
    ALBUM,
    CHIP,
    FACE,
    FINGER,
    KEYS,
    OTHER,
    OTHER_FACE,
    PRINT,
    SMALL,
    capture,
    made,
    ordered,
    sign,
    signed,
)
from tests.scenarios.cards import (
    AUDITOR,
    BY_UNIT,
    STATION,
    accepted,
    on_line,
    ready,
    serial,
)
from tests.scenarios.town import DECLARANT, HAN, PLACES, TODAY, Town


def derivation(town: Town, signers: Signers = KEYS) -> Derivation:
    """What stands on chips, from the store as it is now."""

    def pictures(person, digests):
        asked.append((person, tuple(digests)))
        return [ALBUM[digest] for digest in digests]

    asked: list[object] = []
    made = Derivation(town.register.store, PLACES, pictures, signers)
    made.asked = asked  # type: ignore[attr-defined]
    return made


def change_everything(town: Town) -> None:
    """All that a card says is changed and corrected, back to the day of the first entry."""
    said = {"person": town.wang, "declarant": DECLARANT, "approval": PaperNumber("A1")}
    town.do(CorrectName(corrects=1, category=ChangeCategory("22"), name=Name("汪建国"), **said))
    town.do(RenameStreet(street=town.road, street_name=Text("avenue"), on=date(2001, 1, 1)))
    town.do(
        ChangeDoorplate(doorplate=town.gate, plate_number=PlateNumber("99号"), on=date(2006, 1, 1))
    )
    town.do(
        RenameDivision(
            division=town.jingyang,
            division_name=Text("other"),
            document="文",
            on=date(2000, 1, 1),
        )
    )
    town.today += timedelta(30)
    town.do(ChangeName(category=ChangeCategory("21"), name=Name("王新"), **said))
    town.do(MoveHousehold(household=town.home, doorplate=town.mill, declarant=DECLARANT))


def test_a_card_says_what_the_register_said_when_it_was_signed(town: Town):
    one = signed(town)
    wang, plate = town.person(town.wang), town.see(Doorplate, town.gate)
    told = derivation(town).told(one)
    assert told.holder == Holder(
        name="王建国",
        sex=Sex.MALE,
        nationality=HAN,
        birth_date=date(1970, 3, 5),
        address=f"sichuanjingyangroad{plate.plate_number}",
        number=wang.number,
        authority="德阳市公安局旌阳区分局",
        valid_from=TODAY,
        valid_until=TODAY.replace(year=2027),
    )
    assert (told.person, told.signed_on, told.photo, told.prints) == (town.wang, TODAY, FACE, ())


def test_what_is_changed_or_corrected_later_leaves_the_card_as_it_was_signed(town: Town):
    one = signed(town)
    application = town.see(Application, one)
    before = derivation(town)
    first = before.image(application, CHIP)
    change_everything(town)
    town.today += timedelta(400)
    for later in (before, derivation(town)):
        assert later.told(one).holder.name == "王建国"
        assert later.image(application, CHIP) == first


def test_what_was_corrected_before_the_signature_is_on_the_card(town: Town):
    said = {"person": town.wang, "declarant": DECLARANT, "approval": PaperNumber("A1")}
    town.do(CorrectName(corrects=1, category=ChangeCategory("22"), name=Name("汪建国"), **said))
    town.do(RenameStreet(street=town.road, street_name=Text("avenue"), on=date(2001, 1, 1)))
    one = signed(town)
    told = derivation(town).told(one)
    assert told.holder.name == "汪建国"
    assert told.holder.address.startswith("sichuanjingyangavenue")


def test_an_application_that_is_signed_again_says_what_the_last_signature_says(town: Town):
    one = signed(town)
    first = derivation(town).told(one)
    back = FailCountyAudit(application=one, error=ProductionError("10"), grounds=Text("照片"))
    town.do(back, AUDITOR)
    capture(town, one, OTHER_FACE)
    change_everything(town)
    sign(town, one)
    again = derivation(town).told(one)
    assert (again.holder.name, again.photo) == ("王新", OTHER_FACE)
    assert again.holder.address.startswith("sichuanotheravenue")
    assert derivation(town).told(one, known=first.known) == first
    assert derivation(town).told(one, known=again.known - 1) == first


def test_fingerprints_are_on_cards_of_their_time(town: Town):
    town.today = date(2013, 1, 7)
    ready(town)
    one = accepted(town)
    finger = FingerPrint(finger=FingerPosition.all()[0], template=FINGER)
    town.do(TakeFingerprints(application=one, prints=(finger,)), STATION)
    capture(town, one)
    sign(town, one)
    past = derivation(town)
    image = past.image(town.see(Application, one), CHIP)
    assert image.files[PHOTO] == SMALL.ljust(1024, b"\0")
    assert image.files[PRINTS] == PRINT.ljust(1024, b"\0")
    assert past.asked == [(town.wang, (FACE, FINGER))]  # type: ignore[attr-defined]


def test_the_card_of_a_soldier_says_where_the_home_was_before_the_service(town: Town):
    ready(town)
    left = MoveOut(
        persons=(town.zhao,), out_kind=OutKind("3"), declarant=DECLARANT, on=date(2007, 5, 30)
    )
    town.do(left)
    unit = {"production_type": ProductionType("4"), "unit_package": PaperNumber("BD-1")}
    one = accepted(town, "zhao", BY_UNIT, **unit)
    capture(town, one)
    sign(town, one)
    plate = town.see(Doorplate, town.mill)
    told = derivation(town).told(one)
    assert told.holder.address == f"sichuanjingyangroad{plate.plate_number}"


def test_a_card_that_was_made_years_ago_is_made_again_to_the_byte(town: Town):
    one = signed(town)
    ordered(town, one)
    old, new = KEYS.held
    body = made(town, one, derivation(town), old)
    change_everything(town)
    town.today += timedelta(2000)
    found = derivation(town).compare(body)
    assert found.agrees
    assert found.personalised
    assert (found.body, found.application, found.attempt) == (body, one, 1)
    only_new = derivation(town, Signers([new]))
    with pytest.raises(Unavailable, match="not at hand"):
        only_new.compare(body)


def test_a_photograph_that_was_exchanged_shows(town: Town, monkeypatch):
    one = signed(town)
    ordered(town, one)
    body = made(town, one, derivation(town), KEYS.newest)
    monkeypatch.setitem(ALBUM, FACE, OTHER)
    found = derivation(town).compare(body)
    assert not found.agrees
    assert found.recorded != found.derived


def test_what_is_not_signed_or_not_written_has_no_bytes(town: Town):
    ready(town)
    one = accepted(town)
    capture(town, one)
    with pytest.raises(NotFound, match="signed application"):
        derivation(town).told(one)
    on_line(town, 1)
    with pytest.raises(NotFound, match="set aside"):
        derivation(town).compare(town.named(Kind.CARD, serial(1)))


def test_what_the_register_does_not_know_any_more_is_named(town: Town):
    one = signed(town)
    past = derivation(town)
    person = past._entries(town.wang, EVERYTHING)[0]
    blanked = replace(person.event, name=None)
    entries = Derivation._entries

    def redacted(stream, known):
        found = entries(past, stream, known)
        return [found[0]._replace(event=blanked)] if stream == town.wang else found

    past._entries = redacted  # type: ignore[method-assign]
    with pytest.raises(Malformed, match="name: was not known"):
        past.told(one)
