"""The steps that the pencil names, as the commands and officers that take them in a town."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from registry.commands.cards_acceptance import (
    ArchiveApplication,
    VoidApplication,
)
from registry.commands.cards_audit import (
    CheckNumbers,
    FailCountyAudit,
    FailProvinceCheck,
    HoldApplication,
    PassCountyAudit,
    SignCards,
)
from registry.commands.cards_bodies import (
    BindBlank,
    ConfirmBodyVoid,
    ProposeBodyVoid,
    RecordPersonalised,
    SpoilBody,
)
from registry.commands.cards_capture import CompleteCapture
from registry.commands.cards_city import Faulty, JudgePackage
from registry.commands.cards_common import Tier
from registry.commands.cards_handover import HandOutCard, RemindHolders
from registry.commands.cards_held import (
    ConfirmDestruction,
    ProposeDestruction,
    ReportFound,
    ReportLoss,
    SurrenderCard,
)
from registry.commands.cards_making import (
    ExtractForPackage,
    OrderProduction,
    RedoCards,
    RejectProduced,
    ReturnOrder,
)
from registry.commands.cards_transport import (
    DispatchCards,
    PassInspection,
    ReceiveCards,
    ReceiveData,
    RejectCard,
    SendData,
    SortCards,
)
from registry.register import Authority
from registry.values import (
    Officer,
    PaperNumber,
    ProductionError,
    ReceivedQuality,
    SpoilCause,
    SurrenderReason,
)
from tests.scenarios.cards import (
    AUDITOR,
    BELOW,
    BIN,
    CENTRE,
    CHIP_PHOTO,
    CITY,
    FIRST,
    IMAGE,
    OFFICERS,
    PHOTO,
    PROVINCE,
    SIGNER,
    SITE,
    STATION,
    handing,
    on_line,
    serial,
)
from tests.scenarios.cards_pencil import (
    Body,
    Case,
    Pencil,
)
from tests.scenarios.town import (
    DECLARANT,
    GROUNDS,
    Town,
)

PHOTO_BAD, CHIP_BAD = ProductionError("20"), ReceivedQuality("10")
PROCESS = SpoilCause.PROCESS
BINNED: dict[str, Any] = {"quality": CHIP_BAD, "cause": PROCESS, "reject_bin": BIN}
EITHER = Authority(Officer("两职员"), STATION.office, frozenset({"station", "county"}))


class Steps(Pencil):
    """A clerk with a town, who sends for each step the command that takes it."""

    town: Town

    @property
    def today(self) -> date:
        """The day in the town."""
        return self.town.today

    def more_blanks(self) -> None:
        first = len(self.bodies) + 1
        on_line(self.town, *range(first, first + 3))
        self.bodies |= {number: Body(number) for number in range(first, first + 3)}

    def command(self, step: str, cases: Sequence[Case]) -> Any:
        """The command of a step, and of a step that one application takes, of the first."""
        case = cases[0]
        one, body = case.id, case.body
        several: dict[str, Any] = {"applications": tuple(each.id for each in cases)}
        verb, _, where = step.rpartition(" ")
        tier = Tier(where) if where in set(Tier) else None
        if tier is not None:
            tiered: dict[str, Any] = {"tier": tier, **several}
            match verb:
                case "send":
                    return SendData(**tiered)
                case "receive":
                    return ReceiveData(**tiered)
                case "cards":
                    return ReceiveCards(**tiered)
                case "good":
                    return PassInspection(**tiered)
                case "sort":
                    return SortCards(**tiered)
                case "send down":
                    return DispatchCards(**tiered, destination=OFFICERS[BELOW[tier]].office)
                case "send straight":
                    return DispatchCards(**tiered, destination=AUDITOR.office)
                case "bad":
                    return RejectCard(tier=tier, application=one, **BINNED)
        fault: dict[str, Any] = {"application": one, "error": PHOTO_BAD}
        number = serial(body or 999)
        body_version = self.bodies[body].proposed if body else None
        drawn: dict[str, Any] = {"applications": tuple(each.id for each in case.draw or (case,))}
        commands: dict[str, Callable[[], Any]] = {
            "capture": lambda: CompleteCapture(
                application=one, photo=PHOTO, photo_size=17_000, chip_photo=CHIP_PHOTO
            ),
            "void": lambda: VoidApplication(application=one, grounds=GROUNDS),
            "hold": lambda: HoldApplication(application=one),
            "audit": lambda: PassCountyAudit(**several),
            "fail audit": lambda: FailCountyAudit(**fault),
            "sign": lambda: SignCards(**several),
            "judge good": lambda: JudgePackage(**drawn),
            "judge bad": lambda: JudgePackage(**drawn, faulty=(Faulty(**fault),)),
            "extract": lambda: ExtractForPackage(**several),
            "check": lambda: CheckNumbers(**several),
            "fail check": lambda: FailProvinceCheck(**fault),
            "order": lambda: OrderProduction(**several, site=SITE),
            "return": lambda: ReturnOrder(**fault),
            "return site": lambda: ReturnOrder(**fault, at_the_site=True),
            "bind": lambda: BindBlank(
                application=one, serial=serial(self.free()), image=IMAGE, key_version=1
            ),
            "write": lambda: RecordPersonalised(serial=number, image=IMAGE),
            "spoil": lambda: SpoilBody(serial=number, cause=PROCESS, reject_bin=BIN),
            "give up": lambda: ProposeBodyVoid(serial=number, cause=PROCESS, grounds=GROUNDS),
            "confirm giving up": lambda: ConfirmBodyVoid(
                serial=number, version=body_version[0] if body_version else 1
            ),
            "reject produced": lambda: RejectProduced(application=one, **BINNED),
            "redo": lambda: RedoCards(**several, cause=PROCESS),
            "remind": lambda: RemindHolders(**several),
            "hand out": lambda: self.handing(case),
            "lose": lambda: ReportLoss(application=one, declarant=DECLARANT),
            "found": lambda: ReportFound(application=one, declarant=DECLARANT),
            "surrender": lambda: SurrenderCard(
                application=one, surrender_reason=SurrenderReason("1")
            ),
            "propose": lambda: ProposeDestruction(application=one, grounds=GROUNDS),
            "confirm": lambda: ConfirmDestruction(
                application=one,
                version=case.proposed[0] if case.proposed else 1,
                protocol=PaperNumber("X-1"),
            ),
            "archive": lambda: ArchiveApplication(application=one),
        }
        return commands[step]()

    def handing(self, case: Case) -> HandOutCard:
        """A card for all that its holder has, and for a card that nobody has heard of."""
        old = {"took_in": (FIRST,), "taken_into": BIN} if self.unknown_old(case) else {}
        return handing(self.town, case.id, surrendered=tuple(self.held(case)), **old)

    def free(self) -> int:
        """The first blank on the line."""
        for number, body in self.bodies.items():
            if body.state == "on_line":
                return number
        self.more_blanks()
        return self.free()

    def officer(self, step: str, second: bool) -> Authority:
        where = step.rpartition(" ")[2]
        if where in set(Tier):
            return OFFICERS[Tier(where)]
        if step in {"hold", "audit", "fail audit", "sign"}:
            return SIGNER if second else AUDITOR
        if step.startswith("judge") or step == "extract":
            return CITY
        if step in {"check", "fail check", "order", "return", "redo"}:
            return PROVINCE
        if step in {"bind", "write", "spoil", "give up", "return site", "reject produced"}:
            return CENTRE
        if step == "confirm giving up":
            return PROVINCE if second else replace(PROVINCE, officer=CENTRE.officer)
        return EITHER if second else STATION
