"""Stored rows in bulk, as a database gives them, into columns without an object between."""
