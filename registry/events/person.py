"""What can happen to a person (人)."""

from __future__ import annotations

from datetime import date

from registry.frozen import frozen
from registry.values import (
    BirthKind,
    CertificateId,
    ChangeCategory,
    ChangeScope,
    CitizenNumber,
    CommunityId,
    DeathCause,
    DeletionKind,
    DivisionCode,
    Education,
    HouseholdId,
    HukouNature,
    MaritalStatus,
    MigrationReason,
    MilitaryService,
    Name,
    Nationality,
    OutKind,
    PaperNumber,
    PermitId,
    PersonId,
    Relationship,
    Sex,
    SupplementKind,
    Text,
)
from registry.vocabulary import (
    Cause,
    Group,
    Kind,
    OfDeclarant,
    OfFather,
    OfGuardian,
    OfMother,
    OfSpouse,
    Private,
    event,
)

ALL = frozenset(
    {
        Group.LIFE,
        Group.PLACE,
        Group.NAME,
        Group.SEX,
        Group.BIRTH,
        Group.NUMBER,
        Group.NATIONALITY,
        Group.NATURE,
        Group.PARENTS,
        Group.GUARDIAN,
        Group.DETAILS,
    }
)


@frozen
class Details:
    """Lesser items of the permanent-resident form (常住人口登记表); each is a group of its own."""

    education: Education | None = None
    marital_status: MaritalStatus | None = None
    military_service: MilitaryService | None = None
    height_cm: int | None = None
    birth_place: DivisionCode | None = None
    native_place: DivisionCode | None = None
    former_name: Private[Name | None] = None
    occupation: Private[Text | None] = None
    workplace: Private[Text | None] = None
    other_address: Private[Text | None] = None
    spouse: PersonId | None = None
    spouse_name: OfSpouse[Name | None] = None


@frozen
class Origins:
    """Who the parents and the guardian of a person are."""

    mother: PersonId | None = None
    father: PersonId | None = None
    guardian: PersonId | None = None
    mother_name: OfMother[Name | None] = None
    father_name: OfFather[Name | None] = None
    guardian_name: OfGuardian[Name | None] = None


@frozen
class Particulars(Details, Origins):
    """The main items with which somebody enters the register."""

    effective_on: date
    household: HouseholdId
    community: CommunityId
    sex: Sex
    birth_date: date
    nationality: Nationality
    nature: HukouNature | None = None
    name: Private[Name]
    number: Private[CitizenNumber | None]


@event(
    code=1,
    kind=Kind.PERSON,
    writes=ALL,
    business=100,
    enters="community",
    cause=Cause.IMPORTED,
    opens=True,
)
class PersonImported(Details, Origins):
    """A person was taken over from an older system (人口数据入库).

    Values that break a rule stand in the as-found fields as they came; a date known in part is
    yyyymm00 or yyyy0000 there.
    Source: GA 214 business 100; Sichuan scheme for replacement cards (川换证办[2004]4号).
    """

    effective_on: date
    household: HouseholdId
    community: CommunityId
    sex: Sex | None
    birth_date: date | None
    nationality: Nationality | None
    nature: HukouNature | None = None
    name: Private[Name | None]
    number: Private[CitizenNumber | None]
    name_as_found: Private[str | None] = None
    number_as_found: Private[str | None] = None
    birth_date_as_found: Private[str | None] = None
    source: str
    batch: str


@event(
    code=2,
    kind=Kind.PERSON,
    writes=ALL,
    business=101,
    enters="community",
    cause=Cause.BIRTH,
    opens=True,
)
class BirthRegistered(Particulars):
    """A child was registered (出生登记); also adopted, found, or born in an earlier year.

    Source: Household Registration Regulations (户口登记条例), art. 7.
    """

    birth_kind: BirthKind
    birth_certificate: Private[PaperNumber | None] = None
    substitute_proof: Private[Text | None] = None
    declarant: OfDeclarant[Name]
    declarant_relation: Relationship | None = None


@event(
    code=3,
    kind=Kind.PERSON,
    writes={Group.LIFE},
    business=102,
    leaves="community",
    cause=Cause.DEATH,
)
class DeathRegistered:
    """A person died (死亡注销).

    community is absent where the person died in transit, registered nowhere.
    Source: Household Registration Regulations (户口登记条例), art. 8.
    """

    effective_on: date
    death_cause: DeathCause
    household: HouseholdId | None
    community: CommunityId | None
    declarant: OfDeclarant[Name]


@event(
    code=4,
    kind=Kind.PERSON,
    writes={Group.PLACE},
    business=103,
    leaves="from_community",
    enters="community",
    cause=Cause.ADDRESS,
)
class AddressChanged:
    """A person moved without papers, or changed household at one address (住址变动).

    Businesses 103 and 104 are its two sides. Source: GA 214 change scopes 11 to 32.
    """

    effective_on: date
    from_household: HouseholdId
    from_community: CommunityId
    household: HouseholdId
    community: CommunityId
    scope: ChangeScope
    reason: MigrationReason | None = None
    declarant: OfDeclarant[Name]


@event(
    code=5,
    kind=Kind.PERSON,
    writes={Group.PLACE},
    business=106,
    leaves="community",
    cause=Cause.OUT,
)
class MovedOut:
    """A person left for another registration district, or was cancelled for another cause (迁出).

    certificate is absent for soldiers, emigrants and missing persons, who get none.
    Source: Household Registration Regulations (户口登记条例), art. 10 and 11.
    """

    effective_on: date
    household: HouseholdId
    community: CommunityId
    out_kind: OutKind
    destination: DivisionCode | None
    certificate: CertificateId | None
    permit: PermitId | None
    reason: MigrationReason | None = None
    declarant: OfDeclarant[Name]


@event(
    code=6,
    kind=Kind.PERSON,
    writes={Group.PLACE},
    business=105,
    enters="community",
    cause=Cause.IN,
)
class MovedIn:
    """A person known to this register settled again (迁入登记).

    Source: Household Registration Regulations (户口登记条例), art. 13.
    """

    effective_on: date
    household: HouseholdId
    community: CommunityId
    origin: DivisionCode | None
    certificate: CertificateId | None
    permit: PermitId | None
    reason: MigrationReason | None = None
    declarant: OfDeclarant[Name]


@event(
    code=7,
    kind=Kind.PERSON,
    writes=ALL,
    business=105,
    enters="community",
    cause=Cause.IN,
    opens=True,
)
class NewcomerRegistered(Particulars):
    """A person from outside this register settled here (迁入登记).

    The papers stand by number, since another register issued them.
    Source: Household Registration Regulations (户口登记条例), art. 13.
    """

    origin: DivisionCode | None
    certificate: CertificateId | None
    permit: PermitId | None
    certificate_number: Private[PaperNumber | None] = None
    reason: MigrationReason | None = None
    declarant: OfDeclarant[Name]


@event(
    code=8,
    kind=Kind.PERSON,
    writes=ALL,
    business=108,
    enters="community",
    cause=Cause.SUPPLEMENT,
    opens=True,
)
class RecordSupplemented(Particulars):
    """A resident whom the register had missed was entered (户籍补录).

    Source: GA 214 business 108.
    """

    supplement_kind: SupplementKind
    grounds: Private[Text]
    declarant: OfDeclarant[Name]
    approval: PaperNumber | None = None


@event(
    code=9,
    kind=Kind.PERSON,
    writes={Group.LIFE},
    business=109,
    leaves="community",
    cause=Cause.DELETION,
)
class RecordDeleted:
    """A record that should not be was ended, naming the one that is kept (户籍删除).

    Source: GA 214 business 109.
    """

    effective_on: date
    deletion_kind: DeletionKind
    kept: PersonId | None
    household: HouseholdId | None
    community: CommunityId | None
    grounds: Private[Text]
    approval: PaperNumber | None = None


@event(code=10, kind=Kind.PERSON, writes={Group.NAME}, business=107)
class NameChanged:
    """A person took another name (变更姓名).

    Source: Household Registration Regulations (户口登记条例), art. 18.
    """

    effective_on: date
    category: ChangeCategory
    name: Private[Name]
    declarant: OfDeclarant[Name]
    approval: PaperNumber | None = None


@event(code=11, kind=Kind.PERSON, writes={Group.NAME}, business=107)
class NameCorrected:
    """A name that had been written wrongly was put right (更正姓名).

    Source: Household Registration Regulations (户口登记条例), art. 17.
    """

    effective_on: date
    corrects: int
    category: ChangeCategory
    name: Private[Name]
    declarant: OfDeclarant[Name]
    approval: PaperNumber | None = None


@event(code=12, kind=Kind.PERSON, writes={Group.SEX}, business=107)
class SexChanged:
    """A person's sex changed (变更性别). Source: GA/T 2000.24-2014, category 31."""

    effective_on: date
    category: ChangeCategory
    sex: Sex
    declarant: OfDeclarant[Name]
    approval: PaperNumber | None = None


@event(code=13, kind=Kind.PERSON, writes={Group.SEX}, business=107)
class SexCorrected:
    """A sex that had been written wrongly was put right (更正性别).

    Source: GA/T 2000.24-2014, category 32.
    """

    effective_on: date
    corrects: int
    category: ChangeCategory
    sex: Sex
    declarant: OfDeclarant[Name]
    approval: PaperNumber | None = None


@event(code=14, kind=Kind.PERSON, writes={Group.BIRTH}, business=107)
class BirthDateCorrected:
    """A birth date that had been written wrongly was put right (更正出生日期).

    Source: GA/T 2000.24-2014, category 41.
    """

    effective_on: date
    corrects: int
    category: ChangeCategory
    birth_date: date
    declarant: OfDeclarant[Name]
    approval: PaperNumber | None = None


@event(code=15, kind=Kind.PERSON, writes={Group.NATIONALITY}, business=107)
class NationalityChanged:
    """A person chose the other parent's nationality (变更民族).

    Source: GA/T 2000.24-2014, category 51.
    """

    effective_on: date
    category: ChangeCategory
    nationality: Nationality
    declarant: OfDeclarant[Name]
    approval: PaperNumber | None = None


@event(code=16, kind=Kind.PERSON, writes={Group.NATIONALITY}, business=107)
class NationalityCorrected:
    """A nationality that had been written wrongly was put right (更正民族).

    Source: GA/T 2000.24-2014, category 52.
    """

    effective_on: date
    corrects: int
    category: ChangeCategory
    nationality: Nationality
    declarant: OfDeclarant[Name]
    approval: PaperNumber | None = None


@event(code=17, kind=Kind.PERSON, writes={Group.NUMBER}, business=107)
class NumberReassigned:
    """A person received a number, the first or another one (变更公民身份号码).

    The old number stays valid at its time. Source: GB 11643-1999; GA/T 2000.24-2014, 10 to 19.
    """

    effective_on: date
    category: ChangeCategory
    number: Private[CitizenNumber]
    declarant: OfDeclarant[Name]
    approval: PaperNumber | None = None


@event(code=18, kind=Kind.PERSON, writes={Group.DETAILS}, business=107)
class DetailsChanged(Details):
    """Lesser items changed; what is absent stays as it was (变更其他项目).

    Source: GA/T 2000.24-2014, category 91.
    """

    effective_on: date
    category: ChangeCategory
    declarant: OfDeclarant[Name]


@event(code=19, kind=Kind.PERSON, writes={Group.DETAILS}, business=107)
class DetailsCorrected(Details):
    """Lesser items that had been written wrongly were put right (更正其他项目).

    Source: GA/T 2000.24-2014, category 92.
    """

    effective_on: date
    corrects: int
    category: ChangeCategory
    declarant: OfDeclarant[Name]


@event(code=20, kind=Kind.PERSON, writes={Group.NATURE}, business=110)
class NatureChanged:
    """The nature of a person's registration changed (户别变更). Source: GA 214 business 110."""

    effective_on: date
    nature: HukouNature
    declarant: OfDeclarant[Name]
    approval: PaperNumber | None = None


@event(code=21, kind=Kind.PERSON, writes={Group.GUARDIAN}, business=107)
class GuardianNamed:
    """A guardian was named for a person, or none any more (监护人).

    Source: 公通字[1995]91号, permanent-resident form.
    """

    effective_on: date
    guardian: PersonId | None
    guardian_name: OfGuardian[Name | None]
    guardian_relation: Relationship | None = None
    declarant: OfDeclarant[Name]


@event(code=22, kind=Kind.PERSON, business=111, leaves="community", cause=Cause.VOIDED)
class RegistrationReversed:
    """Wrongly entered business that had brought a person in was undone (注销户口, 冲销).

    voids: versions of this stream that no longer stand. Source: GA 214 business 111.
    """

    effective_on: date
    voids: tuple[int, ...]
    community: CommunityId | None
    grounds: Private[Text]


@event(code=23, kind=Kind.PERSON, business=112, enters="community", cause=Cause.RESTORED)
class RegistrationRestored:
    """Wrongly entered business that had taken a person out was undone (恢复户口, 冲销).

    voids: versions of this stream that no longer stand. Source: GA 214 business 112.
    """

    effective_on: date
    voids: tuple[int, ...]
    community: CommunityId | None
    grounds: Private[Text]


@event(code=24, kind=Kind.PERSON, business=None, cause=Cause.VOIDED)
class EntriesVoided:
    """Entries with a wrong date or content were undone without moving anybody (冲销).

    voids: versions of this stream that no longer stand. Source: GA 214 reversal codes.
    """

    effective_on: date
    voids: tuple[int, ...]
    grounds: Private[Text]


@event(
    code=25,
    kind=Kind.PERSON,
    writes={Group.PLACE},
    business=400,
    leaves="from_community",
    enters="community",
    cause=Cause.BOUNDARY,
)
class ResidenceAdjusted:
    """A boundary drawn through a community put a resident into another one (区划调整).

    Source: GA 214 business 400.
    """

    effective_on: date
    household: HouseholdId
    from_community: CommunityId
    community: CommunityId
    document: str


@event(code=26, kind=Kind.PERSON, writes={Group.PARENTS}, business=107)
class ParentsCorrected:
    """Who the parents are was put right (更正父母). Source: GA/T 2000.24-2014, category 92."""

    effective_on: date
    corrects: int
    mother: PersonId | None
    father: PersonId | None
    mother_name: OfMother[Name | None]
    father_name: OfFather[Name | None]
    declarant: OfDeclarant[Name]


PersonEvent = (
    PersonImported
    | BirthRegistered
    | DeathRegistered
    | AddressChanged
    | MovedOut
    | MovedIn
    | NewcomerRegistered
    | RecordSupplemented
    | RecordDeleted
    | NameChanged
    | NameCorrected
    | SexChanged
    | SexCorrected
    | BirthDateCorrected
    | NationalityChanged
    | NationalityCorrected
    | NumberReassigned
    | DetailsChanged
    | DetailsCorrected
    | NatureChanged
    | GuardianNamed
    | RegistrationReversed
    | RegistrationRestored
    | EntriesVoided
    | ResidenceAdjusted
    | ParentsCorrected
)
