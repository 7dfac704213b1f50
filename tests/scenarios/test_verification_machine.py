"""One person's verification through random steps, against a clerk who keeps it on paper.

The clerk knows no code of the register: he holds the words of papers and register against each
other by their meaning, and remembers what an officer examined and confirmed.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from registry.aggregates import Findings
from registry.commands.details import ChangeDetails
from registry.commands.findings import RaiseFinding, SettleFinding
from registry.commands.particulars import CorrectName
from registry.commands.verification import CheckAtDesk, RecordSource, RecordVisit, VerifyPerson
from registry.values import (
    ChangeCategory,
    EvidenceSource,
    Name,
    PaperNumber,
    PresenceClass,
    RegisterItem,
    RuleCode,
    Settlement,
    Severity,
    Text,
)
from registry.vocabulary import Kind
from tests.scenarios.machines import InTown, drive
from tests.scenarios.moulds import Mould
from tests.scenarios.test_verification import form_of, says, wang_s
from tests.scenarios.town import DECLARANT, Town

PAPERS = ("form", "booklet", "card", "sequence")
#: Words and what they mean; each paper has some of the items.
NAMES: dict[str, str | None] = {"王建国": "A", " 王建 国": "A", "王建华": "B", "王健": "C"}
HEIGHTS: dict[str, str | None] = {"170": "170", "170cm": "170", "171": "171", "": None}
HAS = {"form": ("name", "height"), "booklet": ("name", "height"), "card": ("name",)}
MEANING: dict[str, dict[str, str | None]] = {"name": NAMES, "height": HEIGHTS}
#: Errors stand in the way of verification, warnings do not.
WEIGHT = {"name": Severity.ERROR, "height": Severity.WARNING, "sex": Severity.ERROR}
#: Papers that everybody has.
NEEDED = {"form": Severity.ERROR, "booklet": Severity.WARNING}


def card_of(town: Town) -> dict[str, str]:
    """A card without a fault."""
    return wang_s(town, address=form_of(town)["address"])


def line_of(town: Town) -> dict[str, str]:
    """A line of the sequence register without a fault."""
    right = wang_s(town)
    return {item: right[item] for item in ("name", "sex", "birth_date", "number")}


#: What each paper says where the clerk does not look: always the right thing.
RIGHT = {"form": form_of, "booklet": form_of, "card": card_of, "sequence": line_of}
papers = st.sampled_from(PAPERS)
names, heights = st.sampled_from(sorted(NAMES)), st.sampled_from(sorted(HEIGHTS))
Key = tuple[str, str, str]  # rule, item, source


def items_of(paper: str) -> tuple[str, ...]:
    """What the clerk reads in a paper."""
    return HAS.get(paper, ("name",))


class Clerk(InTown):
    """The register and the clerk's sheets, who must say the same."""

    def __init__(self) -> None:
        super().__init__()
        self.registered: dict[str, str | None] = {"name": "王建国", "height": None}
        self.papers: dict[str, dict[str, str] | None] = {}
        self.open: dict[Key, Severity] = {}
        self.said: dict[Key, tuple[str | None, str | None]] = {}
        self.confirmed: dict[Key, tuple[str | None, str | None]] = {}
        self.checked = self.visited = False
        self.verified = 0

    # what the clerk does

    def raise_(self, key: Key, said: tuple[str | None, str | None]) -> None:
        """Write a difference down, unless it stands or was confirmed as it is."""
        if key in self.open or self.confirmed.get(key) == said:
            return
        self.open[key] = WEIGHT.get(key[1]) or NEEDED[key[2]]
        self.said[key] = said
        self.confirmed.pop(key, None)

    def strike(self, key: Key) -> None:
        """Strike a difference out."""
        self.open.pop(key, None)

    def differs(self, item: str, text: str | None) -> bool:
        """Whether a word means something else than the registered one."""
        ours = self.registered[item]
        meaning = MEANING[item]
        return meaning.get(ours or "") != meaning.get(text or "")

    def changed(self) -> None:
        """The record is another one: what was checked and confirmed is old."""
        self.checked = self.visited = False

    # steps

    @rule(paper=papers, present=st.booleans(), name=names, height=heights)
    def one_paper_is_noted(self, paper: str, present: bool, name: str, height: str) -> None:
        self.a_paper_is_noted(paper, present, name, height)

    def a_paper_is_noted(self, paper: str, present: bool, name: str, height: str) -> None:
        told = {"name": name, "height": height}
        items = {item: told[item] for item in items_of(paper) if told[item]}
        right = RIGHT[paper](self.town)
        self.town.do(
            RecordSource(
                person=self.town.wang,
                source=EvidenceSource(paper),
                present=present,
                items=says(**{**right, **items}) if present else (),
            )
        )
        self.papers[paper] = items if present else None
        self.checked = False

    @rule(told=st.tuples(*[st.tuples(names, heights)] * len(PAPERS)))
    def every_paper_is_noted(self, told: tuple[tuple[str, str], ...]) -> None:
        for paper, (name, height) in zip(PAPERS, told, strict=True):
            self.a_paper_is_noted(paper, True, name, height)

    @rule()
    def the_papers_are_compared(self) -> None:
        check = CheckAtDesk(person=self.town.wang)
        if self.papers.keys() != set(PAPERS):
            assert self.town.refused(check) == ["source-missing"]
            return
        self.town.do(check)
        for paper, items in self.papers.items():
            lacks = ("source/absent", "record", paper)
            if items is None and paper in NEEDED:
                self.raise_(lacks, (None, None))
            else:
                self.strike(lacks)
            for item in ("name", "height"):
                key = ("source/differs", item, paper)
                has = items is not None and item in items_of(paper)
                text = items.get(item) if items else None
                if has and self.differs(item, text):
                    self.raise_(key, (self.registered[item], text))
                else:
                    self.strike(key)
        self.checked = True

    @rule(name=st.sampled_from(["王建国", "王建华"]))
    def the_name_is_corrected(self, name: str) -> None:
        if name == self.registered["name"]:
            return
        self.town.do(
            CorrectName(
                person=self.town.wang,
                corrects=1,
                category=ChangeCategory("22"),
                name=Name(name),
                approval=PaperNumber("A1"),
                declarant=DECLARANT,
            )
        )
        self.registered["name"] = name
        self.changed()

    @rule(height=st.sampled_from([170, 171]))
    def the_height_changes(self, height: int) -> None:
        if str(height) == self.registered["height"]:
            return
        self.town.do(ChangeDetails(person=self.town.wang, height_cm=height, declarant=DECLARANT))
        self.registered["height"] = str(height)
        self.changed()

    @rule(name=st.one_of(st.none(), names), at_home=st.booleans())
    def the_home_is_visited(self, name: str | None, at_home: bool) -> None:
        differing = () if name is None else says(name=name)
        self.town.do(
            RecordVisit(
                person=self.town.wang,
                presence=PresenceClass("11" if at_home else "13"),
                differing=differing,
            )
        )
        key = ("source/differs", "name", "person")
        if name is not None and self.differs("name", name):
            self.raise_(key, (self.registered["name"], name))
        else:
            self.strike(key)
        away = ("visit/presence", "presence", "person")
        if at_home:
            self.strike(away)
        elif away not in self.open and away not in self.confirmed:
            self.open[away] = Severity.ERROR
        self.visited = True

    @rule()
    def an_error_is_raised(self) -> None:
        self.town.do(
            RaiseFinding(person=self.town.wang, rule=RuleCode("0405"), item=RegisterItem("sex"))
        )
        self.raise_(("0405", "sex", "register"), (None, None))

    @rule(which=st.integers(0, 20), how=st.sampled_from(["confirmed", "corrected"]))
    def something_is_settled(self, which: int, how: str) -> None:
        if not self.open:
            return
        key = sorted(self.open)[which % len(self.open)]
        self.town.do(
            SettleFinding(
                person=self.town.wang,
                rule=RuleCode(key[0]),
                item=RegisterItem(key[1]),
                source=EvidenceSource(key[2]),
                settlement=Settlement(how),
                grounds=Text("查实"),
            )
        )
        del self.open[key]
        if how == "confirmed":
            self.confirmed[key] = self.said.get(key, (None, None))

    @rule()
    def the_person_is_verified(self) -> None:
        verify = VerifyPerson(person=self.town.wang)
        errors = [key for key, weight in self.open.items() if weight is Severity.ERROR]
        expected = {
            *(() if self.checked else ("not-checked-at-desk",)),
            *(() if self.visited else ("not-visited",)),
            *(("findings-open",) if errors else ()),
        }
        if expected:
            assert set(self.town.refused(verify)) == expected
            return
        self.town.do(verify)
        self.verified += 1

    # what must always hold

    def ledger(self) -> Findings | None:
        return self.town.look(Findings, self.town.named(Kind.FINDING, str(self.town.wang)))

    def register_open(self) -> set[Key]:
        known = self.ledger()
        return {(str(a), str(b), str(c)) for a, b, c in known.open} if known else set()

    @invariant()
    def both_have_the_same_open(self) -> None:
        assert self.register_open() == self.open.keys()

    @invariant()
    def the_person_s_stream_says_how_often_it_was_verified(self) -> None:
        assert self.town.events(self.town.wang).count("PersonVerified") == self.verified


def test_no_order_of_checks_visits_and_corrections_leads_astray(mould: Mould, tmp_path: Path):
    drive(Clerk, mould, tmp_path, examples=20, steps=25)


@pytest.mark.long
def test_no_order_of_many_steps_leads_astray(mould: Mould, tmp_path: Path):
    drive(Clerk, mould, tmp_path, examples=400, steps=40)
