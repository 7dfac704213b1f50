"""Many writers at once, for the same thing."""
