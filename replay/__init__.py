"""The past as columns: questions that read the whole history, answered by compiled loops."""
