"""A worker's memory is bounded, and what is used stays."""

from __future__ import annotations

from serving.caching.memory import Memory


def test_what_was_not_used_for_longest_is_forgotten() -> None:
    memory: Memory[int] = Memory(2)
    memory.put("a", 1)
    memory.put("b", 2)
    assert memory.get("a") == 1
    memory.put("c", 3)
    assert [memory.get(key) for key in "abc"] == [1, None, 3]
    memory.put("a", 4)
    memory.put("d", 5)
    assert [memory.get(key) for key in "acd"] == [4, None, 5]
