"""In which form an answer is wanted: what `Accept` says, held against what can be made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from adapters.http.errors import NotAcceptable

JSON = "application/json"
CSV, HTML, PDF = "text/csv", "text/html", "application/pdf"
#: How the name of a file in each of these forms ends.
SUFFIXES = {CSV: "csv", HTML: "html", PDF: "pdf"}
_QUALITY = re.compile(r"q=(0(\.[0-9]{0,3})?|1(\.0{0,3})?)", re.IGNORECASE)


def chosen(accept: str | None, offers: Sequence[str]) -> str:
    """The offer that is wanted most; the first one where nothing is said, or all is alike.

    Raises NotAcceptable where none is wanted at all.
    Source: RFC 9110, 12.5.1: of ranges that fit, the most exact one counts.

    >>> chosen("text/*;q=0.5, application/pdf", [JSON, CSV, PDF])
    'application/pdf'
    """
    if accept is None or not accept.strip():
        return offers[0]
    ranges = list(_ranges(accept))

    def quality(offer: str) -> float:
        kind = offer.partition("/")[0]
        for fitting in (offer, f"{kind}/*", "*/*"):
            found = [quality for name, quality in ranges if name == fitting]
            if found:
                return found[-1]
        return 0.0

    best = max(offers, key=quality)
    if not quality(best):
        raise NotAcceptable(offers)
    return best


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(","):
        name, *parameters = (one.strip() for one in part.split(";"))
        quality = 1.0
        for one in parameters:
            if found := _QUALITY.fullmatch(one.replace(" ", "")):
                quality = float(found[1])
        yield name.lower(), quality
