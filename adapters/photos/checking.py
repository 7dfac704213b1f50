"""A photograph is measured and held against the rules of GA 461."""

from __future__ import annotations

from adapters.photos.measuring import measure
from registry.photo_rules import Report, judge


def check(content: bytes) -> Report:
    """Hold a file against every rule."""
    return judge(measure(content))
