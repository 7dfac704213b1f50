"""Names for people who do not exist: common ones, rare characters (生僻字), and dots (·)."""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate
from typing import Final

from adapters.demo.dice import Dice
from registry.values import Name, Nationality, Sex

HAN: Final = Nationality("01")

#: Surnames in the order of their frequency, with rough shares.
SURNAMES: Final[tuple[tuple[str, float], ...]] = (
    *((name, 7.0) for name in "王李张刘"),
    *((name, 4.5) for name in "陈杨黄赵周吴"),
    *((name, 2.0) for name in "徐孙朱马胡郭林何高罗郑梁谢宋唐许邓冯韩曹"),
    *((name, 1.0) for name in "曾彭肖蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石"),
    *(
        (name, 0.4)
        for name in "戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严覃武戚"
    ),
    *((name, 0.1) for name in ["欧阳", "司马", "上官", "诸葛", "夏侯", "尉迟", "皇甫", "端木"]),
    *(
        (name, 0.02)
        for name in ["亓", "逄", "昝", "厍", "乜", "仉", "郄", "郗", "夔", "𠅤", "㚥", "禤"]
    ),
)
SHARES: Final = tuple(accumulate(share for _, share in SURNAMES))
MALE: Final = (
    "伟强磊军勇杰涛超明刚平辉鹏华飞斌波建国志文海龙云山林松柏成德忠义仁智信永福寿庆祥泰富贵根生"
)
FEMALE: Final = (
    "芳娜敏静秀丽艳娟霞燕玲桂英兰珍凤洁梅琳素云莲真雪荣爱妹香月莺媛红春菊蓉琴芬茜秋莎婷玉萍"
)
#: What children of the one-child years and after are called, boys and girls.
MODERN: Final = {
    Sex.MALE: (
        "子轩",
        "浩宇",
        "浩然",
        "宇轩",
        "博文",
        "俊杰",
        "天宇",
        "一鸣",
        "梓豪",
        "奕辰",
        "皓轩",
    ),
    Sex.FEMALE: (
        "欣怡",
        "梓涵",
        "诗涵",
        "雨桐",
        "可馨",
        "佳怡",
        "思雨",
        "梦琪",
        "一诺",
        "语嫣",
        "紫萱",
    ),
}
#: Characters that are hard to type: rare, recent in Unicode, or beyond its first plane.
RARE: Final = (
    *(
        "堃",
        "喆",
        "昇",
        "犇",
        "淼",
        "焱",
        "垚",
        "龑",
        "翀",
        "赟",
        "頔",
        "禛",
        "祎",
        "玥",
        "甯",
        "珺",
    ),
    *(
        "㛃",
        "㼆",
        "䶮",
        "䴖",
        "䢼",
        "䲢",
        "𬭎",
        "𬍛",
        "𫖯",
        "𫍯",
        "𬱟",
        "𫘝",
        "𠮷",
        "𡋾",
        "𤩽",
        "𨱏",
    ),
)
#: Shares of people whose given name has a rare character, and whose nationality is not Han.
RARE_SHARE: Final = 0.006

KOREAN: Final = tuple("金朴李崔郑姜安韩玄全")
KOREAN_GIVEN: Final = (
    "哲洙",
    "英姬",
    "成浩",
    "顺子",
    "美兰",
    "东日",
    "贞淑",
    "光哲",
    "银珠",
    "京花",
)
TIBETAN: Final = (
    *("扎西·顿珠", "卓玛·央金", "次仁·旺堆", "格桑·梅朵", "洛桑·益西", "白玛·拉姆", "达娃·卓嘎"),
    *("索朗·多吉", "尼玛·曲珍", "旦增·罗布"),
)
UYGHUR: Final = (
    *("阿卜杜拉·艾合麦提", "古丽娜尔·买买提", "吐尔逊·依明", "阿依古丽·托合提", "艾力·居来提"),
    *("热依汗古丽·阿不都热合曼", "买买提江·吾布力卡斯木", "帕提古丽·卡德尔"),
)
YI: Final = ("吉克·阿依", "沙马·木呷", "阿苦·日古", "曲比·史洛", "马海·阿呷莫", "阿的·什布")


class Namer:
    """Gives names; the same dice give the same names."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice

    def nationality(self, northern: bool) -> Nationality:
        """A nationality (民族), as mixed as in the two provinces."""
        shares = (("01", 91.0), ("10", 5.0), ("11", 3.0), ("02", 0.6), ("03", 0.3), ("05", 0.1))
        if not northern:
            shares = (("01", 98.2), ("04", 0.6), ("07", 0.6), ("33", 0.3), ("03", 0.2), ("05", 0.1))
        return Nationality(self.dice.weigh(shares))

    def surname(self) -> str:
        """A surname by its frequency."""
        return SURNAMES[bisect(SHARES, self.dice.roll() * SHARES[-1])][0]

    def name(
        self, sex: Sex, birth_year: int, nationality: Nationality, surname: str | None = None
    ) -> Name:
        """A whole name; surname: the father's, where there is one to inherit."""
        match str(nationality):
            case "10":
                return Name(self.dice.pick(KOREAN) + self.dice.pick(KOREAN_GIVEN))
            case "04":
                return Name(self.dice.pick(TIBETAN))
            case "05":
                return Name(self.dice.pick(UYGHUR))
            case "07":
                return Name(self.dice.pick(YI))
        return Name((surname or self.surname()) + self.given(sex, birth_year))

    def given(self, sex: Sex, birth_year: int) -> str:
        """A given name of the time."""
        dice = self.dice
        letters = MALE if sex is Sex.MALE else FEMALE
        if dice.chance(RARE_SHARE):
            return dice.pick(RARE) if dice.chance(0.5) else dice.pick(letters) + dice.pick(RARE)
        if birth_year >= 1995 and dice.chance(0.4):
            return dice.pick(MODERN[sex])
        single = dice.chance(0.3 if 1965 <= birth_year < 2000 else 0.12)
        return dice.pick(letters) if single else dice.pick(letters) + dice.pick(letters)


def surname_of(name: Name) -> str | None:
    """The surname that a child inherits; None where the name has no such part."""
    if "·" in name:
        return None
    return name[:2] if len(name) > 3 else name[:1]


def another_given_name(dice: Dice, name: Name, sex: Sex) -> Name:
    """The same surname with another character, often a rare one."""
    letters = RARE if dice.chance(0.3) else MALE if sex is Sex.MALE else FEMALE
    new = name[:-1] + dice.pick(letters)
    return Name(new if new != name else new + "子")
