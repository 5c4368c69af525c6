"""Which network addresses may be reached."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.connectors.http_address import matches, refusal

PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "192.0.2.1", "240.0.0.1", "255.255.255.255",
    "::1", "fc00::1", "fd12::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::",
    "64:ff9b::10.0.0.1", "2001:db8::1",
]  # fmt: skip
NEVER = [
    "169.254.169.254", "fe80::1", "fe80::1%eth0", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "::ffff:169.254.169.254",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_need_permission(address: str) -> None:
    assert "private" in str(refusal(address, False))
    assert refusal(address, True) is None


@pytest.mark.parametrize("address", NEVER)
def test_metadata_and_multicast_are_never_reached(address: str) -> None:
    assert refusal(address, False)
    assert refusal(address, True)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open(address: str) -> None:
    assert refusal(address, False) is None


INTERNAL = [IPv4Network(net) for net in ("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                                         "192.168.0.0/16", "100.64.0.0/10", "224.0.0.0/4", "240.0.0.0/4")]  # fmt: skip


@given(st.sampled_from(INTERNAL).flatmap(lambda net: st.integers(int(net[0]), int(net[-1]))), st.integers(0, 3))
def test_no_internal_address_passes_in_any_disguise(number: int, disguise: int) -> None:
    address = IPv4Address(number)
    forms = (
        address,
        IPv6Address(f"::ffff:{address}"),
        IPv6Address(f"64:ff9b::{address}"),
        IPv6Address(0x2002 << 112 | number << 80),
    )
    assert refusal(str(forms[disguise]), False)


def test_a_host_is_allowed_on_the_usual_ports_or_the_one_named() -> None:
    assert matches("a.example", 443, ["A.example"])
    assert not matches("a.example", 8080, ["a.example"])
    assert matches("a.example", 8080, ["a.example:8080"])
    assert not matches("a.example", 80, ["a.example:8080"])
    assert not matches("b.a.example", 443, ["a.example"])
    assert matches("::1", 8080, ["[::1]:8080"])
