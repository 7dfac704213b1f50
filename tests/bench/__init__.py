"""Benchmarks: a module each, with a `main()`; `python -m tests.bench` runs them."""
