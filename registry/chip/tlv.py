"""Tagged values (TLV): a byte that names a value, a byte that counts it, the value.

What is signed is written so, since bytes without names in a row could be read in two ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from registry.chip.files import malformed

#: More than this a length of one byte does not count in the form of ISO/IEC 7816-4.
LONGEST = 127


def written(values: Iterable[tuple[int, bytes]]) -> bytes:
    """Write values in the order given.

    >>> written([(1, b"\\x02"), (16, b"ab")]).hex()
    '01010210026162'
    """
    found = bytearray()
    for tag, value in values:
        assert 0 < tag < 256, tag
        assert len(value) <= LONGEST, tag
        found += bytes((tag, len(value))) + value
    return bytes(found)


def read(content: bytes, at: str) -> Mapping[int, bytes]:
    """Read values up to the zeros at the end; `at` names the file for whoever has to look.

    Raises Malformed where a value is cut off, a tag comes twice, or something follows the zeros.
    """
    found: dict[int, bytes] = {}
    place = 0
    while place < len(content) and content[place]:
        tag, length = content[place], content[place + 1] if place + 1 < len(content) else 256
        value = content[place + 2 : place + 2 + length]
        if len(value) != length or length > LONGEST or tag in found:
            raise malformed(at, "tlv", f"the value with tag {tag:02X} is cut off or comes twice")
        found[tag] = value
        place += 2 + length
    if any(content[place:]):
        raise malformed(at, "tlv", "something follows the last value")
    return found
