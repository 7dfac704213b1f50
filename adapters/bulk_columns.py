"""Makes and encodes whole columns of entries at a time, for households in which nothing is odd.

Nine rows of ten have nothing that anybody would have to look at. Their entries are written as text,
a field of all rows after the other, by the declaration of the event; every other household takes
the way through `registry.commands.importing`, entry by entry. Which way a row went cannot be told
from what is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from functools import cache
from hashlib import sha1, sha256, shake_256
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from registry.aggregates import SegmentPlan
from registry.commands.extract import COLLECTIVE, FIFTH, FREE, PERSONS, RELATIVES, Batch, House
from registry.commands.numbering import book_name
from registry.commands.people import KINDS, UNUSABLE, read_birth, read_date, reader
from registry.events.household import HouseholdImported
from registry.events.numbers import CodesRecorded, NumberRecorded
from registry.events.person import PersonImported
from registry.values import EPOCH, Line, Name
from registry.vocabulary import VOCABULARY, Kind

Mask = NDArray[np.bool_]
Texts = Any  # an Arrow array of strings, null where there is nothing
