"""One of several processes that race for the codes of a book.

python -m tests.races.child URL PLATE
"""

from __future__ import annotations

import json
import sys
from datetime import date
from uuid import UUID, uuid4

from adapters.assembly import Settings, assemble
from registry.errors import Refused
from registry.register import Authority, Submission
from registry.values import DoorplateId, Officer, Sex
from tests.crash.town import OFFICE, ROLES, supplement

TURNS = 4


def main(url: str, plate: str) -> None:
    """Say that all is ready, wait for a line, send, and print what came of each."""
    parts = assemble(Settings(database=url, durability="off"))
    by = Authority(Officer("Li"), OFFICE, ROLES)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(TURNS):
        command = supplement(number, Sex.MALE, date(1975, 5, 5), DoorplateId(UUID(plate)))
        try:
            receipt = parts.register.do(Submission(uuid4(), by, command))
            print(json.loads(receipt.answer)["number"], flush=True)
        except Refused as refused:
            print(*(rule.code for rule in refused.rules), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
