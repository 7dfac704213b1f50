"""Number cases of the make-believe town: told to the parties, listed one day, decided the next."""

from __future__ import annotations

from uuid import uuid5

from adapters.demo.entering import approval
from adapters.demo.life import Answer, Business, Life, Plan, Step
from adapters.demo.mirror import Resident
from registry.commands.cases import (
    DecideNumberCase,
    ListNumberChange,
    NotifyParty,
    NumberChange,
    OpenNumberCase,
    ProposeKeeper,
)
from registry.commands.numbering import case_name
from registry.register import Authority
from registry.values import (
    CaseId,
    CitizenNumber,
    Digest,
    KeeperReason,
    NumberFaultKind,
    Text,
)
from registry.vocabulary import Kind

EARLIER = KeeperReason("30")


def clear_fault(life: Life, one: Resident, kind: str) -> Plan:
    """The case of a wrong or missing number is opened, and what a new one touches is listed."""
    if one.slot < 0:
        return []
    if not life.mirror.idle(one):
        return _again(life, lambda life: clear_fault(life, one, kind))
    life.mirror.touch(one, one.house)
    by = one.township.officer("county", life.dice)
    fault = NumberFaultKind.MISSING if kind == "missing" else NumberFaultKind.WRONG
    case = _case(life, fault, str(one.id))

    def listed(answer: Answer) -> None:
        digest = Digest(answer["digest"])
        life.later(1, lambda life: _cleared(life, one, kind, case, digest))

    opening = OpenNumberCase(person=one.id)
    listing = ListNumberChange(case=case, changed=(one.id,))
    return [Step(opening, by, "cases opened", _nothing), Step(listing, by, "cases listed", listed)]


def _cleared(life: Life, one: Resident, kind: str, case: CaseId, listed: Digest) -> Plan:
    """The new number is decided, and with it the finding is settled (差错处理)."""
    if one.slot < 0:
        return []
    if not life.mirror.idle(one):
        return _again(life, lambda life: clear_fault(life, one, kind))
    by = one.township.officer("county", life.dice)
    return _decide(life, case, None, one, listed, by, "number faults cleared")


def settle_case(life: Life, keeper: Resident, other: Resident) -> Plan:
    """Both holders of a number are told, the earlier is proposed to keep it, and a list is made."""
    if keeper.slot < 0 or other.slot < 0 or keeper.number is None:
        return []
    if not (life.mirror.idle(keeper) and life.mirror.idle(other)):
        return _again(life, lambda life: settle_case(life, keeper, other))
    case = _case(life, NumberFaultKind.DUPLICATE, keeper.number)
    life.mirror.touch(keeper, keeper.house)
    life.mirror.touch(other, other.house)
    by = other.township.officer("county", life.dice)
    told = [
        NotifyParty(case=case, person=one.id, document=life.paper("TZ", other.township))
        for one in (keeper, other)
    ]
    proposed = ProposeKeeper(
        case=case, keeper=keeper.id, reason=EARLIER, grounds=Text("先编者保留")
    )

    def listed(answer: Answer) -> None:
        digest = Digest(answer["digest"])
        life.later(1, lambda life: _settled(life, keeper, other, by, case, digest))

    return [
        *(Step(one, by, "parties told", _nothing) for one in told),
        Step(proposed, by, "keepers proposed", _nothing),
        Step(ListNumberChange(case=case, changed=(other.id,)), by, "cases listed", listed),
    ]


def _settled(
    life: Life, keeper: Resident, other: Resident, proposer: Authority, case: CaseId, listed: Digest
) -> Plan:
    """Another officer than the proposer decides on the list: the later holder gives it up."""
    if keeper.slot < 0 or other.slot < 0:
        return []
    if not (life.mirror.idle(keeper) and life.mirror.idle(other)):
        return _again(life, lambda life: settle_case(life, keeper, other))
    by = proposer
    while by.officer == proposer.officer:
        by = other.township.officer("county", life.dice)
    life.mirror.touch(keeper, keeper.house)
    plan = _decide(life, case, keeper, other, listed, by, "cases closed")
    (step,) = plan
    given = step.then

    def closed(answer: Answer) -> None:
        given(answer)
        keeper.in_case = other.in_case = False

    step.then = closed
    return plan


def _decide(
    life: Life,
    case: CaseId,
    keeper: Resident | None,
    one: Resident,
    listed: Digest,
    by: Authority,
    cause: str,
) -> Plan:
    """The decision by which somebody gets another number, or the first."""
    life.mirror.touch(one, one.house)
    change = NumberChange(
        person=one.id,
        station=one.township.bureau,
        proof=life.paper("ZM", one.township),
        declarant=life.declarant(one),
    )
    decision = DecideNumberCase(
        case=case,
        keeper=None if keeper is None else keeper.id,
        changes=(change,),
        touched=listed,
        document=approval(life, one),
        grounds=Text("经核查"),
    )

    def decided(answer: Answer) -> None:
        one.version += 1
        one.number = CitizenNumber(answer["numbers"][str(one.id)])
        one.renumbered, one.last = True, life.today

    return [Step(decision, by, cause, decided)]


def _again(life: Life, business: Business) -> Plan:
    """Somebody is busy today: some days later."""
    life.later(5, business)
    return []


def _case(life: Life, fault: NumberFaultKind, name: str) -> CaseId:
    space = life.town.register.setting.namespace
    return CaseId(uuid5(space, f"{Kind.CASE}/{case_name(fault, name)}"))


def _nothing(answer: Answer) -> None:
    """Nothing follows."""
