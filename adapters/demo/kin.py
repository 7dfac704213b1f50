"""How people of one household stand to its head (与户主关系), by parents and marriage."""

from __future__ import annotations

from collections.abc import Iterable

from adapters.demo.mirror import House, Resident
from registry.values import Relationship, Sex

HEAD = Relationship("02")
#: The code for a man and for a woman.
SPOUSE = Relationship("11"), Relationship("12")
CHILD = Relationship("20"), Relationship("30")
CHILD_IN_LAW = Relationship("28"), Relationship("38")
PARENT = Relationship("51"), Relationship("52")
PARENT_IN_LAW = {
    Sex.MALE: (Relationship("55"), Relationship("56")),  # of a man
    Sex.FEMALE: (Relationship("53"), Relationship("54")),
}
GRANDCHILD = Relationship("41"), Relationship("42")
DAUGHTERS_CHILD = Relationship("43"), Relationship("44")
GRANDPARENT = Relationship("61"), Relationship("62")
ELDER_SIBLING = Relationship("71"), Relationship("75")
YOUNGER_SIBLING = Relationship("73"), Relationship("77")
RELATIVE, UNRELATED = Relationship("97"), Relationship("99")


def stands_to(one: Resident, head: Resident) -> Relationship:
    """The relation of somebody to a head; a relative where it is none of the near ones."""
    which = one.sex - 1
    if one is head:
        return HEAD
    if one.spouse is head:
        return SPOUSE[which]
    parents = [parent for parent in (one.mother, one.father) if parent is not None]
    if head in parents or (head.spouse is not None and head.spouse in parents):
        return CHILD[which]
    if one in (head.mother, head.father):
        return PARENT[which]
    if one.spouse is not None and head in (one.spouse.mother, one.spouse.father):
        return CHILD_IN_LAW[which]
    if head.spouse is not None and one in (head.spouse.mother, head.spouse.father):
        return PARENT_IN_LAW[head.sex][which]
    for parent in parents:
        if head in (parent.mother, parent.father) or (
            head.spouse is not None and head.spouse in (parent.mother, parent.father)
        ):
            return (GRANDCHILD if parent.sex is Sex.MALE else DAUGHTERS_CHILD)[which]
    if any(one in (p.mother, p.father) for p in (head.mother, head.father) if p is not None):
        return GRANDPARENT[which]
    if parents and (one.mother is head.mother or one.father is head.father):
        return (ELDER_SIBLING if one.born < head.born else YOUNGER_SIBLING)[which]
    return RELATIVE


def heir_of(house: House, leaving: Iterable[Resident]) -> Resident | None:
    """Who heads a household when its head has left: the spouse, else the eldest."""
    gone = set(leaving)
    staying = [one for one in house.members if one not in gone]
    if house.head is None or house.head not in gone or not staying:
        return None
    if house.head.spouse in staying:
        return house.head.spouse
    return min(staying, key=lambda one: (one.born, one.key))


def relations_to(head: Resident, people: Iterable[Resident]) -> list[tuple[Resident, Relationship]]:
    """Everybody's relation to a head."""
    return [(one, stands_to(one, head)) for one in people]
