"""Reports of the statistics: computed at a stated position, kept, filed, printed (统计报表)."""
