"""What may happen in a random lawful history, one module a subject."""
