"""Keys: random, hashed, never stored."""

from __future__ import annotations

from serving.access import hash_key
from serving.keys import KEY_PREFIX


def test_hash_key_is_sha256_and_hides_the_key() -> None:
    assert hash_key("rgs_x") == hash_key("rgs_x") != hash_key("rgs_y")
    assert len(hash_key("rgs_x")) == 64
    assert KEY_PREFIX not in hash_key("rgs_x")
