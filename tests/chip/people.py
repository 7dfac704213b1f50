"""Holders and texts for chips."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from registry.chip.text import Holder, is_no_text, units
from registry.values import CitizenNumber, DivisionCode, Nationality, Sex

WANG = Holder(
    name="王秀兰",
    sex=Sex.FEMALE,
    nationality=Nationality("01"),
    birth_date=date(1949, 12, 31),
    address="四川省绵竹市剑南镇南轩路12号",
    number=CitizenNumber("11010519491231002X"),
    authority="绵竹市公安局",
    valid_from=date(2005, 1, 12),
    valid_until=None,
)

characters = st.one_of(
    st.sampled_from("阿卜杜拉·艾合麦提王张李𠮷\ue000 12号"),
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")).filter(lambda c: not is_no_text(c)),
)
days = st.dates(date(1880, 1, 1), date(2999, 12, 31))


def texts(most: int) -> st.SearchStrategy[str]:
    """Texts of at most so many units, with nothing at their ends that a chip cannot keep."""
    lines = st.text(characters, min_size=1, max_size=most).map(lambda text: text.strip(" "))
    return lines.filter(lambda text: 1 <= units(text) <= most)


@st.composite
def numbers(draw: st.DrawFn) -> CitizenNumber:
    """Identity numbers."""
    county = draw(st.sampled_from(["510683", "110105", "220104"]))
    birth = draw(st.dates(date(1900, 1, 1), date(2010, 12, 31)))
    return CitizenNumber.compose(DivisionCode(county), birth, draw(st.integers(1, 999)))


holders = st.builds(
    Holder,
    name=texts(15),
    sex=st.sampled_from(Sex),
    nationality=st.sampled_from(Nationality.all()),
    birth_date=days,
    address=texts(35),
    number=numbers(),
    authority=texts(15),
    valid_from=days,
    valid_until=st.none() | days,
)
