"""Processes that are really killed, and what must be there afterwards."""
