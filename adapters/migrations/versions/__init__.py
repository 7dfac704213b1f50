"""The revisions, each upon the one before."""
