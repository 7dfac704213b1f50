"""Every fact the register can hold, one module an aggregate; importing it fills the vocabulary."""

from registry.events import address, household, numbers, papers, person, places

__all__ = ["address", "household", "numbers", "papers", "person", "places"]
