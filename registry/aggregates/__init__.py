"""State, checks and `evolve` of everything that decisions are about."""

from registry.aggregates.address import Doorplate, Street
from registry.aggregates.application import Application
from registry.aggregates.base import Aggregate
from registry.aggregates.card import CardBody
from registry.aggregates.household import Household
from registry.aggregates.numbers import Number, NumberCase, SegmentPlan, SequenceBook
from registry.aggregates.papers import Certificate, Permit, Proof
from registry.aggregates.person import Life, Person
from registry.aggregates.places import Places
from registry.aggregates.readiness import Holder, Readiness

AGGREGATES: dict[str, type[Aggregate]] = {
    kind.KIND: kind
    for kind in (
        Person,
        Household,
        Street,
        Doorplate,
        Places,
        SegmentPlan,
        SequenceBook,
        Number,
        NumberCase,
        Permit,
        Certificate,
        Proof,
        Application,
        CardBody,
        Readiness,
        Holder,
    )
}

__all__ = [
    "AGGREGATES",
    "Aggregate",
    "Application",
    "CardBody",
    "Certificate",
    "Doorplate",
    "Holder",
    "Household",
    "Life",
    "Number",
    "NumberCase",
    "Permit",
    "Person",
    "Places",
    "Proof",
    "Readiness",
    "SegmentPlan",
    "SequenceBook",
    "Street",
]
