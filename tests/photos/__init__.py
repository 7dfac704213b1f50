"""Photographs for cards."""
