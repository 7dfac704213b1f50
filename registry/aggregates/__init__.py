"""State, checks and `evolve` of everything that decisions are about."""

from registry.aggregates.address import Doorplate, Street
from registry.aggregates.application import Application
from registry.aggregates.base import Aggregate
from registry.aggregates.batches import Batches
from registry.aggregates.bins import Bin, TemporaryForm
from registry.aggregates.card import CardBody
from registry.aggregates.fees import CashBook, Fee, Relief, ReliefList
from registry.aggregates.findings import Findings
from registry.aggregates.household import Household
from registry.aggregates.letters import Letter
from registry.aggregates.numbers import Number, NumberCase, SegmentPlan, SequenceBook
from registry.aggregates.package import Package
from registry.aggregates.papers import Certificate, Permit, Proof
from registry.aggregates.person import Life, Person
from registry.aggregates.places import Places
from registry.aggregates.programme import Programme
from registry.aggregates.readiness import Holder, Readiness
from registry.aggregates.registration_case import RegistrationCase
from registry.aggregates.reports import Reports
from registry.aggregates.sites import Sites
from registry.aggregates.verification import Verification
from registry.aggregates.work_order import WorkOrder

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
        Programme,
        Letter,
        Reports,
        Package,
        Sites,
        WorkOrder,
        Bin,
        TemporaryForm,
        Findings,
        RegistrationCase,
        Batches,
        Verification,
        Fee,
        CashBook,
        ReliefList,
        Relief,
    )
}

__all__ = [
    "AGGREGATES",
    "Aggregate",
    "Application",
    "Batches",
    "Bin",
    "CardBody",
    "CashBook",
    "Certificate",
    "Doorplate",
    "Fee",
    "Findings",
    "Holder",
    "Household",
    "Letter",
    "Life",
    "Number",
    "NumberCase",
    "Package",
    "Permit",
    "Person",
    "Places",
    "Programme",
    "Proof",
    "Readiness",
    "RegistrationCase",
    "Relief",
    "ReliefList",
    "Reports",
    "SegmentPlan",
    "SequenceBook",
    "Sites",
    "Street",
    "TemporaryForm",
    "Verification",
    "WorkOrder",
]
