"""Two towns under real division codes: places, stations, streets and ranges of sequence codes.

Mianzhu's Xiaode (孝德镇) with a corner of its neighbour in Jingyang, in Deyang; and a street office
of Changchun's Chaoyang. Communities, streets, stations and everybody in them are made up.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from adapters.demo.dice import Dice
from adapters.demo.mirror import Community, Plate, Township
from registry.commands.places import AllotSegment, EstablishCommunity, EstablishDivision
from registry.register import Authority, Command, Register, Submission
from registry.values import (
    CommunityId,
    CommunityKind,
    DivisionCode,
    DivisionId,
    Level,
    OfficeCode,
    Officer,
    Text,
)

#: Days on which the tree of places and the ranges of codes begin.
ESTABLISHED = date(1996, 12, 26)
ANCIENT = date(1900, 1, 1)
#: Ranges of sequence codes: a station's and the county bureau's own.
STATION_CODES, BUREAU_CODES = (1, 400), (800, 990)

DIVISIONS = (
    (Level.PROVINCE, "510000", "四川省", None),
    (Level.CITY, "510600", "德阳市", "510000"),
    (Level.COUNTY, "510603", "旌阳区", "510600"),
    (Level.COUNTY, "510683", "绵竹市", "510600"),
    (Level.COUNTY, "510626", "罗江县", "510600"),
    (Level.COUNTY, "510681", "广汉市", "510600"),
    (Level.PROVINCE, "220000", "吉林省", None),
    (Level.CITY, "220100", "长春市", "220000"),
    (Level.COUNTY, "220104", "朝阳区", "220100"),
)
#: Township, its county, and its share of the people.
TOWNSHIPS = (("孝德镇", "510683", 0.68), ("孝泉镇", "510603", 0.10), ("红旗街道", "220104", 0.22))
MAIN, NEIGHBOUR, NORTH = range(3)
VILLAGES = (
    "红岩",
    "清泉",
    "金桥",
    "麒麟",
    "大乘",
    "年画",
    "茶店",
    "龙安",
    "新华",
    "高兴",
    "春溢",
    "两河",
)
QUARTERS = (
    "永昌",
    "繁荣",
    "桂林",
    "惠民",
    "延安",
    "建设",
    "文化",
    "和平",
    "光明",
    "团结",
    "向阳",
    "新民",
)
STREETS = (
    "人民",
    "解放",
    "建设",
    "长江",
    "迎宾",
    "桃李",
    "文化",
    "新开",
    "工农",
    "和平",
    "学府",
    "南湖",
)
PEOPLE_IN_COMMUNITY = 2_400
HOUSEHOLDS_AT_PLATE = 1.4


@dataclass(repr=False)
class Town:
    """The places that a register was told of."""

    register: Register
    submissions: Callable[[], UUID]
    townships: list[Township] = field(default_factory=list)
    communities: list[Community] = field(default_factory=list)
    plates: list[Plate] = field(default_factory=list)
    streets: dict[str, Community] = field(default_factory=dict)  # key and name of each

    @property
    def administrator(self) -> Authority:
        """Who keeps the tree of places."""
        roles = frozenset({"administrator"})
        return Authority(Officer("synthetic-administrator"), OfficeCode("510000000000"), roles)

    def do(self, command: Command, by: Authority) -> dict[str, Any]:
        """Enter something whose answer is needed at once."""
        receipt = self.register.do(Submission(self.submissions(), by, command))
        answer: dict[str, Any] = json.loads(receipt.answer)
        return answer


def submission_ids(dice: Dice) -> Callable[[], UUID]:
    """Names for submissions, the same for the same seed."""
    space = UUID(bytes=dice.generator.bytes(16), version=4)
    count = iter(range(2**62))
    return lambda: uuid5(space, str(next(count)))


def found_town(register: Register, dice: Dice, people: int) -> Town:
    """Enter divisions, townships, communities and sequence codes; lay out streets and plates."""
    town = Town(register, submission_ids(dice))
    ids = _divisions(town)
    for name, code, share in TOWNSHIPS:
        township = _township(town, name, code, ids)
        count = max(
            2 if name == TOWNSHIPS[MAIN][0] else 1, round(people * share / PEOPLE_IN_COMMUNITY)
        )
        for index in range(count):
            community = _community(town, township, index)
            households = people * share / count / 3.06
            _lay_out(town, community, dice, max(4, round(households / HOUSEHOLDS_AT_PLATE)))
    return town


def _divisions(town: Town) -> dict[str, DivisionId]:
    ids: dict[str, DivisionId] = {}
    for level, code, name, parent in DIVISIONS:
        command = EstablishDivision(
            level=level,
            division_code=DivisionCode(code),
            division_name=Text(name),
            parent=ids[parent] if parent else None,
            on=ESTABLISHED,
        )
        ids[code] = DivisionId(UUID(town.do(command, town.administrator)["division"]))
    return ids


def _township(town: Town, name: str, code: str, ids: dict[str, DivisionId]) -> Township:
    made = town.do(
        EstablishDivision(
            level=Level.TOWNSHIP, division_name=Text(name), parent=ids[code], on=ESTABLISHED
        ),
        town.administrator,
    )
    station, bureau = OfficeCode(f"{code}001000"), OfficeCode(f"{code}000000")
    for office, (first, last) in ((station, STATION_CODES), (bureau, BUREAU_CODES)):
        town.do(
            AllotSegment(
                address_code=DivisionCode(code),
                station=office,
                first=first,
                last=last,
                valid_from=ANCIENT,
            ),
            town.administrator,
        )
    northern = code.startswith("22")
    township = Township(
        name, code, DivisionId(UUID(made["division"])), ids[code], station, bureau, northern
    )
    town.townships.append(township)
    return township


def _community(town: Town, township: Township, index: int) -> Community:
    rural = not township.northern and index % 3 != 0
    stem = (VILLAGES if rural else QUARTERS)[index % 12]
    number = "" if index < 12 else f"第{index // 12 + 1}"
    name = f"{stem}{number}{'村' if rural else '社区'}"
    made = town.do(
        EstablishCommunity(
            community_name=Text(name),
            community_kind=CommunityKind("33" if rural else "31"),
            parent=township.division,
            on=ESTABLISHED,
        ),
        town.administrator,
    )
    community = Community(CommunityId(UUID(made["community"])), name, township, rural)
    town.communities.append(community)
    return community


def _lay_out(town: Town, community: Community, dice: Dice, plates: int) -> None:
    """Streets and door plates, as the older system knew them; they come with the import."""
    area = "D" if not community.township.northern else "C"
    where = f"{area}{len(town.communities):02}"
    streets = [f"{where}-S{number}" for number in range(1, 2 + plates // 60)]
    for street in streets:
        town.streets[street] = community
    for number in range(1, plates + 1):
        street = dice.pick(streets)
        plate = Plate(f"{where}-P{number:04}", street, f"{number}号", community)
        community.plates.append(plate)
        town.plates.append(plate)


def street_name(key: str, community: Community) -> str:
    """The name of a street by its key."""
    number = int(key.rpartition("S")[2])
    stem = STREETS[(number + len(community.name) + int(key[1:3])) % len(STREETS)]
    kind = "村道" if community.rural else ("路" if number % 2 else "街")
    return f"{stem}{kind}{'' if number < 3 else number}"
