"""What an entity is at a point on both clocks, kind by kind, and whether it came so lawfully."""
