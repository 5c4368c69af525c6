"""Benchmarks: each prints a table and, as its last line, one JSON object; exit status 1 when a bar does not hold."""
