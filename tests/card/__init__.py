"""Cards with a chip."""
