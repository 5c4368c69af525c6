"""Imported by the server that test processes are forked from, so that each of them need not load everything again."""

from __future__ import annotations

from tests.faults.step_runner import warm

warm()
