"""A reader of chip text that shares no code with the register, after published structures."""

from __future__ import annotations

import struct

#: The structure of a resident's card: fifteen shorts, one, two and so on, as readers publish it.
RESIDENT = "<30s2s4s16s70s36s30s16s16s36s"


def resident(block: bytes) -> dict[str, str]:
    """The texts of a resident's card, by the names that readers use."""
    names = ("xm", "xbdm", "mzdm", "csrq", "dzmc", "gmsfhm", "qfjgmc", "yxqqsrq", "yxqjzrq", "ylqy")
    fields = struct.unpack(RESIDENT, block)
    return {
        name: "".join(chr(low | high << 8) for low, high in zip(raw[::2], raw[1::2], strict=True))
        for name, raw in zip(names, fields, strict=True)
    }


def joined(shorts: str) -> str:
    """A text of UTF-16 units, pairs of surrogates joined."""
    found, units = [], iter(shorts)
    for unit in units:
        if 0xD800 <= ord(unit) < 0xDC00:
            low = ord(next(units))
            assert 0xDC00 <= low < 0xE000
            found.append(chr(0x10000 + ((ord(unit) - 0xD800) << 10) + (low - 0xDC00)))
        else:
            assert not 0xDC00 <= ord(unit) < 0xE000
            found.append(unit)
    return "".join(found).rstrip(" ")
