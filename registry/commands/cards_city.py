"""The city looks at a sample of each package, and judges the whole by it (抽检)."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from registry.aggregates import Application, card_rules
from registry.card_terms import SamplePlan
from registry.commands.base import CITY, command
from registry.commands.cards_common import in_hand, refuse_sound
from registry.events.applications import (
    CitySampleOrAuditFailed,
    CitySampleOrAuditPassed,
    ReceivedByCity,
)
from registry.registrar import Registrar
from registry.values import ApplicationId, DrawId, PackageId, ProductionError, Text

GOOD = ProductionError("00")


def draw_sample(
    registrar: Registrar, found: Sequence[Application], package: PackageId | None
) -> Mapping[str, Any]:
    """Enter the receipt of data by the city, and which of them it looks at."""
    plan = registrar.setting.cards.sample or SamplePlan.on(registrar.today)
    draw, seed = DrawId(registrar.new_id()), registrar.new_id().int % 2**31
    sample = drawn([one.id for one in found], seed, plan)
    for one in found:
        registrar.enter(
            one.id,
            ReceivedByCity(
                effective_on=registrar.today,
                package=package,
                sampled=one.id in sample,
                draw=draw,
                size=len(found),
                permille=plan.permille,
                least=plan.least,
                accepts=plan.accepts,
                seed=seed,
            ),
        )
    return {"applications": len(found), "draw": draw, "seed": seed, "sample": sorted(sample)}


def drawn(ids: Collection[UUID], seed: int, plan: SamplePlan) -> frozenset[UUID]:
    """Which applications of a package the city looks at (抽检): the same ones for a seed, for ever.

    They are ranked by SHA-256 of the seed, eight bytes, and their identifier, sixteen; as many as
    the plan asks for are taken from the front.
    Source: Deyang plan of 2004 (德办发(2004)39号): full check or sample.
    """

    def rank(one: UUID) -> bytes:
        return hashlib.sha256(seed.to_bytes(8, "big") + one.bytes).digest()

    ranked = sorted(set(ids), key=rank)
    return frozenset(ranked[: plan.size_of(len(ranked))])


@dataclass(frozen=True, kw_only=True)
class Faulty:
    """An application whose data the city found wrong."""

    application: ApplicationId
    error: ProductionError
    grounds: Text | None = None


@command(CITY)
class JudgePackage:
    """Pass the data of a package, or send them back (地市审核).

    All that was drawn from together is judged together. More faults in the sample than the plan
    forgives return the whole package; a fault that was found outside it, or where all were looked
    at, returns its own application alone.
    Source: Deyang plan of 2004 (德办发(2004)39号): a failed sample returns the package.
    """

    applications: tuple[ApplicationId, ...]
    faulty: tuple[Faulty, ...] = ()

    def execute(self, registrar: Registrar) -> Mapping[str, Any]:
        """Enter what the city found of each."""
        today = registrar.today
        found = in_hand(registrar, self.applications)
        faults = {fault.application: fault for fault in self.faulty}
        for each in self.faulty:
            refuse_sound(registrar, each.error)
        foreign = [one for one in faults if one not in self.applications]
        registrar.refuse_if(*((True, card_rules.NotInPackage(one)) for one in foreign))
        refuse_parts(registrar, found)
        sampled = sum(one.sampled is True for one in found)
        seen = sum(one.sampled is True for one in found if one.id in faults)
        forgiven = max((one.accepts or 0 for one in found), default=0)
        returned = sampled < len(found) and seen > forgiven
        for one in found:
            fault = faults.get(one.id)
            if fault is None and not returned:
                registrar.enter(one.id, CitySampleOrAuditPassed(effective_on=today))
                continue
            registrar.enter(
                one.id,
                CitySampleOrAuditFailed(
                    effective_on=today,
                    error=fault.error if fault else GOOD,
                    grounds=fault.grounds if fault else None,
                ),
            )
        failed = len(found) if returned else len(faults)
        return {"passed": len(found) - failed, "failed": failed}


def refuse_parts(registrar: Registrar, found: Sequence[Application]) -> None:
    """Refuse to judge more than one draw at a time, or a part of one."""
    draws = {one.draw for one in found}
    whole = len(draws) <= 1 and all(one.size in {None, len(found)} for one in found)
    what = f"{len(found)} named, of draws of {sorted({one.size or 0 for one in found})}"
    registrar.refuse_if((not whole, card_rules.NotInPackage(what)))
