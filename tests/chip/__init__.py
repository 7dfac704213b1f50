"""What stands on a chip."""
