"""The log on disk: segments, a signed chain of manifests, an archive in one file."""
