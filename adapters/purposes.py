"""Why somebody reads personal data (查询事由): each read states one, and the query log keeps it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from adapters.shapes import fault
from registry.errors import Fault
from registry.values import Text


@dataclass(frozen=True)
class Purpose:
    """A purpose: its Chinese name, what it is for, and whether a case must be named."""

    name_zh: str
    words: str
    needs_case: bool = False


PURPOSES: Mapping[str, Purpose] = {
    "registration": Purpose("办理户口业务", "business that somebody asked a station for"),
    "certificate": Purpose("出具户籍证明", "a certificate about a registration"),
    "identity-card": Purpose("办理居民身份证", "an application for an identity card"),
    "number-case": Purpose("重错号处理", "clearing a number that is wrong or held twice", True),
    "own-request": Purpose("本人查询", "the person asks about himself"),
    "criminal-case": Purpose("刑事案件", "a criminal investigation", True),
    "administrative-case": Purpose("行政案件", "an administrative case", True),
    "court-request": Purpose("司法协助", "a court or procurator asks", True),
    "rescue": Purpose("救助寻亲", "finding the kin of somebody lost, ill or dead"),
    "supervision": Purpose("监督检查", "checking how the register is kept and read"),
    "verification": Purpose("信息核查", "another authority checks what it was told", True),
}
CASE_LENGTH = 100
_HEADER = re.compile(r"\s*([a-z-]{1,40})\s*(?:;\s*case=(.*\S))?\s*", re.ASCII)


def read_purpose(text: str, at: str, faults: list[Fault]) -> tuple[str, str | None] | None:
    """A purpose and its case, as `criminal-case; case=A2007-12`.

    A case number beyond ASCII is percent-encoded UTF-8.
    """
    found = _HEADER.fullmatch(text)
    if found is None or (purpose := PURPOSES.get(found[1])) is None:
        faults.append(fault(at, "unknown-code", f"one of {', '.join(PURPOSES)}"))
        return None
    case = found[2]
    if case is None:
        if purpose.needs_case:
            told = f"{found[1]} names its case: `{found[1]}; case=NUMBER`"
            faults.append(fault(at, "missing", told))
            return None
        return found[1], None
    try:
        number = str(Text(unquote(case, errors="strict")))
        if len(number) > CASE_LENGTH:
            raise ValueError(f"a case number has at most {CASE_LENGTH} characters")
    except ValueError as error:
        faults.append(fault(at, "invalid", f"the case number: {error}"))
        return None
    return found[1], number
