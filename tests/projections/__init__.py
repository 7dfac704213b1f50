"""Read models: what their rows must be, whichever way they were made."""
