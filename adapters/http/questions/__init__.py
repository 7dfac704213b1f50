"""The questions; importing them declares their routes."""

from __future__ import annotations

from adapters.http.questions import addresses, cards, households, numbers, persons, places, watching

__all__ = ["addresses", "cards", "households", "numbers", "persons", "places", "watching"]
