"""What happens to applications for cards and to card bodies."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from registry.aggregates import Application
from registry.aggregates.application import FOLLOWS
from registry.events import applications, cards
from registry.values import AcceptanceNumber, CommunityId, Digest, OfficeCode, PersonId
from registry.vocabulary import VOCABULARY, EventType, Kind
from tests.everything import one_of
from tests.happenings.log import Log, some


def change_application(chance: Random, log: Log) -> None:
    """An application for a card is accepted, or takes any step that it may take."""
    which = chance.randint(1, 4)
    stream = log.id("application", which)
    if stream not in log.streams:
        number = AcceptanceNumber.compose(OfficeCode("510104001000"), log.today, which)
        accepted = told_of(chance, log, ACCEPTED)
        log.add(stream, replace(accepted, acceptance_number=number))
        return
    state: Any = Application.fold(log.streams[stream])
    steps = [word for word in APPLYING if word.reaches in FOLLOWS[state.state]]
    if steps:
        log.add(stream, told_of(chance, log, chance.choice(steps)))


def change_body(chance: Random, log: Log) -> None:
    """A card body comes into stock, or takes any step of its own."""
    stream = log.id("card", chance.randint(1, 2))
    received = VOCABULARY[cards.BlankReceived]
    known = stream in log.streams
    log.add(stream, told_of(chance, log, chance.choice(WRITING) if known else received))


def told_of(chance: Random, log: Log, word: EventType) -> Any:
    """An event of a type, told as simply as can be, of today and of somebody in the log."""
    told = dict(EXAMPLES[word.shape].__dict__, effective_on=log.today)
    if "person" in told:
        told["person"] = PersonId(some(chance, log, "person", log.people))
    if "community" in told:
        told["community"] = CommunityId(some(chance, log, "community", 3))
    if "attempt" in told:
        told["attempt"] = chance.choice([1, 1, 2])
    if word.kind is Kind.CARD:
        told |= {name: chance.choice(CHOICES[name]) for name in told.keys() & CHOICES.keys()}
    return word.shape(**told)


#: What befalls applications for cards and card bodies; each is told by `told_of`.
CARD_WORDS = [
    word
    for word in sorted(VOCABULARY.values(), key=lambda word: word.code)
    if word.kind in (Kind.APPLICATION, Kind.CARD)
]
ACCEPTED = VOCABULARY[applications.ApplicationAccepted]
APPLYING = [word for word in CARD_WORDS if word.reaches and not word.opens]
WRITING = [word for word in CARD_WORDS if word.kind is Kind.CARD and not word.opens]
#: What may be told of a body in each of some fields, so that it sometimes fits what went before.
CHOICES: dict[str, list[Any]] = {
    "site": [OfficeCode("510000900000"), OfficeCode("510700900000")],
    "destination": [OfficeCode("510700900000"), OfficeCode("510000900000")],
    "digest": [Digest("a" * 64), Digest("b" * 64)],
    "image": [Digest("c" * 64), Digest("c" * 64), Digest("d" * 64)],
    "slot": [1, 1, 2, 3],
    "burnt": [False, True],
}
#: Found once, since nothing is searched for while a test draws its data.
EXAMPLES = {word.shape: one_of(word) for word in CARD_WORDS}
