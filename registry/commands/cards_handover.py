"""Cards come to their holders, and old ones back by the same act (领证)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry.aggregates import Application, Person, card_rules
from registry.aggregates.application import Temporary
from registry.aggregates.person import Life
from registry.commands.base import COUNTY, STATION, command
from registry.commands.cards_bins import bin_id, take_in
from registry.commands.cards_common import (
    applications_of,
    body_id,
    enter_all,
    in_hand,
    person_of,
    told,
)
from registry.commands.cards_fitness import disputed, ended, outdated
from registry.commands.cards_gates import is_child
from registry.commands.cards_transport import refuse_uninspected
from registry.deadlines import card_due
from registry.events.issuance import (
    CardHandedOut,
    CardRedone,
    CardSurrendered,
    CollectionReminderPrinted,
)
from registry.events.temporary import TemporaryCardRefused, TemporaryCardSurrendered
from registry.limits import limit
from registry.registrar import Registrar
from registry.values import (
    ApplicationId,
    CardKind,
    ChipSerial,
    CitizenNumber,
    CollectionMethod,
    HandoverCategory,
    HandoverCheck,
    Name,
    PaperNumber,
    PersonId,
    SurrenderReason,
)

AT_THE_OFFICE = CollectionMethod("10")
BY_COUNTY, BY_STATION = HandoverCategory("2"), HandoverCategory("3")
#: States of a card that a county has in hand, so that it hands out itself.
AT_COUNTY = frozenset({"80", "81", "84"})
EXCHANGED = SurrenderReason("5")


@command(STATION)
class RemindHolders:
    """Note that holders were reminded to collect their cards (打印催领通知单).

    Source: 二代证受理状态 92.
    """

    applications: tuple[ApplicationId, ...]

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the reminder of each."""
        found = in_hand(registrar, self.applications)
        refuse_uninspected(registrar, found)
        event = CollectionReminderPrinted(effective_on=registrar.today)
        enter_all(registrar, self.applications, event)
        return told(found)


@command(STATION, COUNTY)
class HandOutCard:
    """Hand a card out, and take the old ones and any temporary one in by the same act (领证).

    serial: as it was read from the chip at the counter. checks: what was looked at; reading the
    chip needs no mention. surrendered: the applications of all cards that the holder has, which are
    handed back now; a lost one is reported first. took_in, taken_into: kinds of old cards that the
    register does not know, and the number of the bin that they went into. collector,
    collector_name, collector_number: who came for the holder, if the holder did not.
    Source: 居民身份证法 art. 7, 11; GA 214.7-2004.
    """

    application: ApplicationId
    serial: ChipSerial | None = None
    checks: tuple[HandoverCheck, ...] = ()
    collection: CollectionMethod | None = None
    surrendered: tuple[ApplicationId, ...] = ()
    took_in: tuple[CardKind, ...] = ()
    taken_into: PaperNumber | None = None
    collector: PersonId | None = None
    collector_name: Name | None = None
    collector_number: CitizenNumber | None = None

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter the hand-over, and what it does to the cards held before."""
        today = registrar.today
        (one,) = in_hand(registrar, (self.application,))
        person = person_of(registrar, one.person)
        refuse_uninspected(registrar, [one])
        refuse_elsewhere(registrar, one)
        registrar.refuse_if(
            *((True, rule) for rule in ended(person, one.person)),
            *((True, rule) for rule in disputed(registrar, person, one.acceptance_number)),
            *((True, rule) for rule in outdated(registrar, person, one)),
        )
        checks = self._checked(registrar, one)
        name, number = self._collected_by(registrar, one, person)
        others = [each for each in applications_of(registrar, one.person) if each.id != one.id]
        self._refuse_kept(registrar, one, others)
        note_late(registrar, one)
        into = None if self.taken_into is None else bin_id(registrar, self.taken_into)
        registrar.enter(
            one.id,
            CardHandedOut(
                effective_on=today,
                handover=BY_COUNTY if one.state in AT_COUNTY else BY_STATION,
                collection=self.collection or one.collection or AT_THE_OFFICE,
                chip_read=None if self.serial is None else one.body,
                checks=checks,
                surrendered=tuple(dict.fromkeys(self.surrendered)),
                took_in=self.took_in,
                taken_into=into,
                collector=self.collector,
                collector_name=name,
                collector_number=number,
            ),
        )
        for kind in self.took_in:
            assert into is not None, "refused without a bin"
            take_in(registrar, into, one.person, kind, EXCHANGED, one.id)
        settle_old(registrar, one, others)
        return {"application": one.id, "taken_in": [*self.surrendered]}

    def _checked(self, registrar: Registrar, one: Application) -> tuple[HandoverCheck, ...]:
        """What was looked at, in one order; refused where something set is missing."""
        chip = {HandoverCheck.CHIP} if self.serial is not None else set()
        done = ({*self.checks} - {HandoverCheck.CHIP}) | chip
        needed = registrar.setting.cards.checks
        if one.body is None:
            needed = needed - {HandoverCheck.CHIP}
        missing = ", ".join(sorted(needed - done))
        registrar.refuse_if(
            (bool(missing), card_rules.ChecksMissing(f"{one.acceptance_number}: {missing}"))
        )
        if self.serial is not None:
            other = body_id(registrar, self.serial) != one.body
            registrar.refuse_if((other, card_rules.BodyIsForAnother(one.acceptance_number)))
        return tuple(check for check in HandoverCheck if check in done)

    def _collected_by(
        self, registrar: Registrar, one: Application, holder: Person
    ) -> tuple[Name | None, CitizenNumber | None]:
        """Name and number of who came for the holder, after the register where it knows them."""
        name, number = self.collector_name, self.collector_number
        if self.collector is not None:
            known = registrar.load(Person, self.collector)
            fit = (
                known.life is Life.LIVING
                and self.collector != one.person
                and name in {None, known.name}
                and number in {None, known.number}
            )
            registrar.refuse_if((not fit, card_rules.CollectorUnfit(one.acceptance_number)))
            name, number = known.name, known.number
        child = holder.birth_date is not None and is_child(holder.birth_date, registrar.today)
        half = (name is None) != (number is None)
        alone = child and self.collector is None and name is None
        registrar.refuse_if((half or alone, card_rules.CollectorUnnamed(one.acceptance_number)))
        return name, number

    def _refuse_kept(
        self, registrar: Registrar, one: Application, others: Sequence[Application]
    ) -> None:
        """Refuse to leave an old card with its holder, or to take back one that is not there."""
        have = {each.id: each for each in others if has_card(each)}
        kept = [each for each in have.values() if each.id not in self.surrendered]
        foreign = [each for each in self.surrendered if each not in have]
        needed = one.apply_reason is not None and one.apply_reason.takes_old_card
        back = self.surrendered or self.took_in or any(map(accounted_for, others))
        registrar.refuse_if(
            *((True, card_rules.OldCardKept(each.acceptance_number)) for each in kept),
            *((True, card_rules.NotHeld(each)) for each in foreign),
            (needed and not back, card_rules.OldCardKept(one.acceptance_number)),
            (
                bool(self.took_in) != (self.taken_into is not None),
                card_rules.BinUnnamed(one.acceptance_number),
            ),
        )
        registrar.stop_if_refused()


def has_card(one: Application) -> bool:
    """Whether a card, or a temporary one, is in its holder's hand as far as is known."""
    return one.state == "93" or one.temporary is Temporary.ISSUED


def accounted_for(one: Application) -> bool:
    """Whether the card of an earlier application was made, and its holder has it no more.

    It was lost, handed back or destroyed, so that nothing is left to be handed back.
    """
    gone = one.state in {"94", "95", "96", "98"} or one.replaced_by is not None
    return gone and one.produced_on is not None and not one.given_up


def settle_old(registrar: Registrar, one: Application, others: Sequence[Application]) -> None:
    """Enter what a hand-over does to the cards and the pending applications before it."""
    today = registrar.today
    for old in others:
        if old.state == "93":
            event: Any = CardSurrendered(
                effective_on=today, surrender_reason=EXCHANGED, replaced_by=one.id
            )
        elif old.state == "94":
            event = CardRedone(effective_on=today, attempt=None, replaced_by=one.id)
        elif old.temporary is Temporary.ISSUED:
            event = TemporaryCardSurrendered(effective_on=today, surrender_reason=EXCHANGED)
        elif old.temporary is Temporary.APPLIED:
            event = TemporaryCardRefused(effective_on=today, collected=one.id)
        else:
            continue
        registrar.enter(old.id, event)


def refuse_elsewhere(registrar: Registrar, one: Application) -> None:
    """Refuse to hand out at one tier what lies at the other."""
    tier = COUNTY if one.state in AT_COUNTY else STATION
    away = tier not in registrar.authority.roles
    registrar.refuse_if((away, card_rules.CardElsewhere(f"{one.acceptance_number}: {tier}")))


def note_late(registrar: Registrar, one: Application) -> None:
    """Tell the officer of a card that comes after its time."""
    due = card_due(one.applied_on, one.extension)
    if registrar.today > due:
        law = limit("card_issue", one.applied_on).document
        registrar.notice("card-handed-out-late", law, f"the card was due on {due}")
