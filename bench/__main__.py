"""`python -m bench [NAME …]`: run the named benchmarks, or all of them."""

from __future__ import annotations

import argparse
import importlib
import sys

NAMES = ("edit", "demo", "dedup", "pii", "incremental", "ingest", "cache", "search", "routing", "answers", "serving")


def main() -> int:
    """Run benchmarks one after another and return 1 when a bar does not hold."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], default=list(NAMES), metavar="NAME")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    holds = [importlib.import_module(f"bench.{name}").run(arguments.repeats) for name in arguments.names]
    return 0 if all(holds) else 1


if __name__ == "__main__":
    sys.exit(main())
