"""The schema of the event store, revision by revision; `adapters.schema` applies them."""
