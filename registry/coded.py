"""Coded values (代码项): each a code that one of the tables in `registry/codes` lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from enum import IntEnum, StrEnum
from typing import Any, ClassVar, Self

from registry.codes import Row, table
from registry.numbers import Sex


class Code(str):
    """A coded value: one of the codes that a table of `registry/codes` lists.

    Each code is made once and shared, so that a million rows cost a million look-ups and no more.
    """

    TABLE: ClassVar[str]
    WHERE: ClassVar[Mapping[str, str]]  # columns and values that choose rows of the table
    made: ClassVar[dict[str, Any]]  # empty until the first code is asked for
    row_of: ClassVar[dict[str, Row]]

    def __init_subclass__(cls, table: str, **where: str) -> None:
        """Name a kind's table and choose its rows."""
        cls.TABLE, cls.WHERE = table, where
        cls.made, cls.row_of = {}, {}

    def __new__(cls, text: str) -> Self:
        """Refuse a code that the table does not list."""
        known: Self | None = cls.made.get(text)
        return known if known is not None else cls.load(text)

    @classmethod
    def load(cls, text: str) -> Self:
        """Read the table on first use, then give the code."""
        if not cls.made:
            cls.row_of = dict(cls.rows())
            cls.made = {code: str.__new__(cls, code) for code in cls.row_of}
        if text not in cls.made:
            raise ValueError(f"{text!r} is no code of the table {cls.TABLE}")
        made: Self = cls.made[text]
        return made

    @classmethod
    def rows(cls) -> Iterator[tuple[str, Row]]:
        """Give each code with its row."""
        for row in table(cls.TABLE):
            if cls.WHERE.items() <= row.items():
                yield row["code"], row

    @classmethod
    def all(cls) -> tuple[Self, ...]:
        """Return every code in the order of the table."""
        return tuple(cls(code) for code, _ in cls.rows())

    @property
    def row(self) -> Row:
        """What the table says about the code."""
        if not self.row_of:
            type(self).load(str(self))  # a code read back from the store has loaded no table
        return self.row_of[self]

    @property
    def name_zh(self) -> str:
        """The name that forms and screens print."""
        return self.row["name_zh"]

    @property
    def needs_approval(self) -> bool:
        """Whether what the code stands for needs an approval (审批), as its table says."""
        return self.row.get("needs_approval_default") == "1"


class Nationality(Code, table="nationality"):
    """Nationality (民族), GB/T 3304-1991, with 97 not identified and 98 naturalised."""


class Relationship(Code, table="family_relationship"):
    """Relationship to the head of household (与户主关系), GB/T 4761."""

    @property
    def is_head(self) -> bool:
        """Whether the code means the head of household (户主)."""
        return self.row["is_head"] == "1"

    @property
    def implied_sex(self) -> Sex | None:
        """The sex that the word implies, if it does: a daughter is female."""
        return Sex(int(self.row["implied_sex"])) if self.row["implied_sex"] else None

    @property
    def implies_ever_married(self) -> bool:
        """Whether the word implies a marriage: a daughter-in-law has been married."""
        return self.row["implies_ever_married"] == "1"


class HouseholdType(Code, table="household_type"):
    """Kind of household (户类型), 公通字[1995]91号: 1 family, 2 collective."""


class HukouNature(Code, table="hukou_nature"):
    """Nature of the registration (户别), GA 214: agricultural, non-agricultural and others."""

    @property
    def counted(self) -> str | None:
        """`town` or `country`, as people are counted (非农业人口); None: it does not tell."""
        return self.row["counted"] or None


class MaritalStatus(Code, table="marital_status"):
    """Marital status (婚姻状况), GB/T 2261.2-2003."""


class Education(Code, table="education_2006"):
    """Education (文化程度), GB/T 4658 of 1984 and, from 2007-03-01, of 2006; codes of both."""

    FORMER = "education_1984"
    CHANGED_ON = date(2007, 3, 1)

    @classmethod
    def rows(cls) -> Iterator[tuple[str, Row]]:
        """Give the codes of both editions; one of both has the row of the newer."""
        both = {row["code"]: row for name in (cls.FORMER, cls.TABLE) for row in table(name)}
        yield from sorted(both.items())

    def name_on(self, day: date) -> str | None:
        """Return what the code meant on a day, if the edition then in force had it."""
        edition = self.FORMER if day < self.CHANGED_ON else self.TABLE
        return next((row["name_zh"] for row in table(edition) if row["code"] == self), None)


class MilitaryService(Code, table="military_service"):
    """Military service (兵役状况)."""


class BloodType(Code, table="blood_type"):
    """Blood type (血型)."""


class MigrationReason(Code, table="migration_reason_2014"):
    """Reason of a migration (迁移原因): four digits in 2004, prefix and base; three from 2014."""

    FORMER = "migration_reason_2004"

    @classmethod
    def rows(cls) -> Iterator[tuple[str, Row]]:
        """Give the codes of 2004, whole, and those of 2014."""
        for row in table(cls.FORMER):
            for prefix in row["prefixes"].split("|"):
                yield prefix + row["base"], row
        for row in table(cls.TABLE):
            yield row["code"], row

    @property
    def sensitive(self) -> bool:
        """Whether only the station that handles the person may see the reason."""
        return self.row.get("sensitive") == "1"

    @property
    def papers(self) -> frozenset[str]:
        """What an arrival for this reason hands in: certificate, permit, both, or other papers."""
        return frozenset(self.row["papers"].split("|")) - {""}


class DeathCause(Code, table="registration_subcategory", business="102"):
    """Cause of a death as the police record it (死亡注销类别): a short list, codes 02xx."""


class BirthKind(Code, table="registration_subcategory", business="101"):
    """Kind of a birth registration (出生登记类别): on time, adopted, in arrears."""


class SupplementKind(Code, table="registration_subcategory", business="108"):
    """Kind of a supplement (户籍补录类别)."""


class DeletionKind(Code, table="registration_subcategory", business="109"):
    """Kind of a deletion (户籍删除类别)."""


class ReversalReason(Code, table="registration_subcategory", business="111"):
    """Which registration was wrong, so that a reversal (冲销) voids it."""


class RestorationReason(Code, table="registration_subcategory", business="112"):
    """Which cancellation was wrong, so that a restoration (恢复户口) voids it."""


class ChangeCategory(Code, table="change_correction_category"):
    """Category of a change or correction (变更更正类别), GA/T 2000.24-2014."""


class ChangeScope(Code, table="change_scope"):
    """How far a move goes (变动范围), from within a committee to abroad."""


class CancellationCategory(Code, table="cancellation_category"):
    """Category of a cancellation (注销类别), GA/T 2000.25-2014."""


class PersonStatus(Code, table="person_status"):
    """State of a person in the register (人员状态)."""


class PresenceClass(Code, table="person_presence_class"):
    """What a visit found: registered and present, absent, or present only (人类别)."""


class RegistrationOutcome(Code, table="registration_outcome"):
    """How a case about a registration ended (户口登记差错处理结果)."""


class RedactionGround(Code, table="redaction_grounds"):
    """Why a private part of an entry may be blanked (删除个人信息的情形)."""


class SeparationStatus(Code, table="separation_status"):
    """State of a record of living apart from the registration (人户分离状态)."""


class UnsettledReason(Code, table="unsettled_reason"):
    """Why somebody is registered nowhere (未落户原因)."""


class UrbanRural(Code, table="urban_rural_attribute"):
    """Class of a community for statistics of town and country (城乡分类代码)."""


class CommunityKind(Code, table="community_type", group="committee"):
    """Kind of a community (居民委员会, 村民委员会)."""

    @property
    def arrival_limit(self) -> str:
        """The period within which an arrival is declared there, by its name in legal_limits."""
        return self.row["arrival_limit"]


class TownshipKind(Code, table="community_type", group="township"):
    """Kind of a township (乡, 镇, 街道)."""


class StreetNumberKind(Code, table="address_record_codes", group="street_number_kind"):
    """Which house numbers of a street a range means (门牌号类型)."""


class IdentityDocument(Code, table="identity_document_type"):
    """Kind of a paper by which somebody is identified (常用证件代码), GA/T 517."""


class OutKind(Code, table="person_status"):
    """As what a person who leaves is kept (迁出去向): moved, soldier, emigrant, missing."""

    @classmethod
    def rows(cls) -> Iterator[tuple[str, Row]]:
        """Give the states of those who left alive."""
        yield from ((code, row) for code, row in super().rows() if code in {"2", "3", "4", "6"})

    @property
    def military(self) -> bool:
        """Whether cards come to such a person through the unit (现役军人)."""
        return self.row["channel"] == "military"


class Level(IntEnum):
    """Tier of a division (行政级别): province, city, county, township."""

    PROVINCE = 1
    CITY = 2
    COUNTY = 3
    TOWNSHIP = 4


class NumberFaultKind(StrEnum):
    """What is wrong with a number in the register (重号, 错号, 漏编)."""

    DUPLICATE = "duplicate"
    WRONG = "wrong"
    MISSING = "missing"


class DuplicateResolution(Code, table="duplicate_resolution"):
    """How a number with two holders was cleared (重号处理方式)."""


class KeeperReason(Code, table="keeper_reason"):
    """Why one of several holders keeps a number (重号处理依据)."""


class PlateState(Code, table="address_record_codes", group="doorplate_state"):
    """State of a door plate (门楼牌状态)."""


class PlateFreeze(Code, table="address_record_codes", group="doorplate_freeze"):
    """Whether a frozen door plate still takes in households (冻结标志)."""


class ApprovalKind(Code, table="approval_codes", group="approval_kind"):
    """What an approval is asked for (审批类别)."""


class ApprovalResult(Code, table="approval_codes", group="approval_result"):
    """What came of an approval (审批结果)."""


class PersonLock(Code, table="approval_codes", group="person_lock"):
    """Why a person's records are locked (锁定标志)."""


class RegistrationBusiness(Code, table="registration_business"):
    """Business of the register (业务内容), GA 214: 101 birth, 102 death and so on."""


class AssignmentOperation(Code, table="number_assignment_status", group="operation"):
    """How a number came into its book (操作类别): assigned, or typed in from a paper."""


class RegisterItem(Code, table="register_items"):
    """An item of a person's registration (登记项目), and which papers have it.

    Source: 公通字[1995]91号, form and booklet; 居民身份证法 art. 3, card.
    """


class EvidenceSource(Code, table="evidence_sources"):
    """What an item is held against (核对来源): the papers, the register, the person."""


class SourceSet(Code, table="source_sets"):
    """Which sources are held against each other for one person (五源核对), the register among them.

    Source: 德办发(2004)39号, Deyang, five; 吉政办发〔2004〕53号, Jilin, four.
    """

    @property
    def sources(self) -> tuple[EvidenceSource, ...]:
        """The sources, in the order of the document."""
        return tuple(map(EvidenceSource, self.row["sources"].split()))

    @property
    def divisions(self) -> tuple[str, ...]:
        """Codes of the divisions where it holds; none: wherever no other does."""
        return tuple(self.row["divisions"].split())


class Settlement(Code, table="settlements"):
    """How a finding was settled (差错处理结果)."""

    @property
    def by_hand(self) -> bool:
        """Whether it is an officer's decision, and not what a later check or entry shows."""
        return self.row["by_hand"] == "1"


class Severity(StrEnum):
    """How much a finding weighs (差错级别): an error stands in the way of a card."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"
