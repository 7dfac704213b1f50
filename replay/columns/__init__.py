"""Entries as columns: how they lie in memory, how pieces of the log become whole entities."""
