"""The chapters of the document: questions and commands about one thing stand together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Topic:
    """A chapter: its heading, what it is about, and the modules whose routes stand in it."""

    name: str
    words: str
    modules: frozenset[str]


TOPICS = (
    Topic(
        "Persons 人",
        "Particulars, residences and histories; births, deaths, changes, corrections, reversals.",
        frozenset({"persons", "vital", "particulars", "details", "undoing", "voiding"})
        | {"redaction"},
    ),
    Topic(
        "Households and moves 户, 迁移",
        "Households and their members; moves with papers and without; forms and booklets.",
        frozenset({"households", "relocation", "migration", "papers"}),
    ),
    Topic(
        "Places and addresses 区划, 门楼牌",
        "The tree of divisions and communities, streets, door plates; residents and counts.",
        frozenset({"places", "addresses"}),
    ),
    Topic(
        "Numbers 公民身份号码",
        "Who holds a number and held it; cases about shared, wrong and missing numbers.",
        frozenset({"numbers", "cases"}),
    ),
    Topic(
        "Clean books 清理核对",
        "Imports, findings and their work lists, five sources and the person, registrations that do"
        " not fit.",
        frozenset({"checking", "cleaning", "findings", "checks", "verification", "registrations"})
        | {"registration_cases"},
    ),
    Topic(
        "Cards: applications 办证受理",
        "From the form to the signature and the order; photographs; temporary cards.",
        frozenset({"cards", "cards_acceptance", "cards_capture", "cards_gates", "cards_audit"})
        | {"cards_city", "cards_temporary", "photographs"},
    ),
    Topic(
        "Cards: making and handing out 制证发证",
        "Packages, sites, blanks and bodies, work orders, transport, hand-over, losses, bins.",
        frozenset({"cards_making", "cards_packages", "cards_bodies", "cards_blanks"})
        | {"cards_sites", "cards_transport", "cards_handover", "cards_held", "cards_appending"}
        | {"cards_bins", "work_orders", "packages", "material", "bins"},
    ),
    Topic(
        "Fees 工本费",
        "What is charged and waived, cash-books, lists of reliefs.",
        frozenset({"fees", "relief_lists"}),
    ),
    Topic(
        "The exchange of cards 换证工作",
        "Programmes and their phases, the trial, preparations of counties, task letters.",
        frozenset({"campaigns", "programme", "preparing", "letters"}),
    ),
    Topic(
        "Reports 统计报表",
        "Computed at a stated position and filed for good; as JSON, CSV, HTML or PDF.",
        frozenset({"reports"}),
    ),
    Topic(
        "Oversight 监督", "Who asked what about whom, and who did what.", frozenset({"watching"})
    ),
)
#: Several commands in one request.
MANY = Topic("Many at once 批量", "Several commands, each a submission of its own.", frozenset())
#: What stands at the end, under the tags that the routes have themselves.
OTHERS = (
    MANY,
    Topic("feed", "What was recorded, page by page, for downstream services.", frozenset()),
    Topic("public", "What everybody may know.", frozenset()),
    Topic("health", "Whether the service is well, and how it does.", frozenset()),
)


@cache
def topic_of(module: str) -> str:
    """The heading under which the routes of a module stand; its own name where none has it."""
    name = module.rpartition(".")[2]
    return next((one.name for one in TOPICS if name in one.modules), name)


def tags() -> list[dict[str, Any]]:
    """The headings in order, as a document tells them."""
    return [{"name": one.name, "description": one.words} for one in (*TOPICS, *OTHERS)]
