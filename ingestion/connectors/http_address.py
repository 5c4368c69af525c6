"""Which hosts and which network addresses a web source may reach.

A name says nothing about where it leads: whoever owns it can point it at our own network, and may do so between
the check and the connection. So a name is resolved once, what it resolved to is judged, and exactly that address
is connected to.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Iterable
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from time import monotonic
from typing import Any

import httpcore

from ingestion.errors import SourceRefused, SourceUnavailable

Resolve = Callable[[str, int], list[str]]
"""Takes host and port; returns the addresses of the host, or raises OSError."""
DEADLINE: ContextVar[float] = ContextVar("deadline")
"""When the fetch of this thread must be over, on the monotonic clock."""
_NAT64 = IPv6Network("64:ff9b::/96")
_DEFAULT_PORTS = (80, 443)


def matches(host: str, port: int, patterns: Iterable[str]) -> bool:
    """Whether a host is named by a pattern: `host` for the usual ports, `host:port` for exactly that one."""
    name = f"[{host}]" if ":" in host else host
    return any(
        pattern.lower() == f"{name}:{port}" or (port in _DEFAULT_PORTS and pattern.lower() in (name, host))
        for pattern in patterns
    )


def refusal(address: str, is_private_allowed: bool) -> str | None:
    """Return why an address may not be connected to, or None if it may.

    Addresses that carry an IPv4 address (mapped, 6to4, NAT64) are judged by that one. Link-local, multicast and
    unspecified addresses stay closed even to hosts that may be private: there lie metadata services.
    """
    judged = _effective(address)
    if judged.is_link_local or judged.is_multicast or judged.is_unspecified:
        return "link-local, multicast and unspecified addresses are never reached"
    if (judged.is_global and not judged.is_reserved) or is_private_allowed:
        return None
    return "it lies in a private or reserved network; REGESTA_HTTP_PRIVATE_HOSTS names hosts that may"


def _effective(address: str) -> IPv4Address | IPv6Address:
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv4Address):
        return parsed
    if parsed in _NAT64:
        return IPv4Address(int(parsed) & 0xFFFFFFFF)
    return parsed.ipv4_mapped or parsed.sixtofour or parsed


def resolve_host(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the system resolves it and in its order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class GuardedBackend(httpcore.SyncBackend):
    """Opens connections only where they may lead; every connection of a client goes through here.

    A host name stays what TLS verifies and the Host header says.
    """

    def __init__(self, private_hosts: Collection[str], resolve: Resolve = resolve_host) -> None:
        self.private_hosts = private_hosts
        self.resolve = resolve

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        """Resolve once, refuse if any address is out of bounds, connect to the first that answers."""
        problem: Exception = SourceUnavailable(f"the name {host} has no address")
        for address in self._addresses(host, port):
            try:
                limit = _remaining(timeout, httpcore.ConnectTimeout)
                return _Limited(super().connect_tcp(address, port, limit, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
        raise problem

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            addresses = self.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise SourceUnavailable(f"the name {host} cannot be resolved: {error}") from error
        is_private_allowed = matches(host, port, self.private_hosts)
        for address in addresses:
            reason = refusal(address, is_private_allowed)
            if reason:
                raise SourceRefused(f"{host} leads to {address}: {reason}")
        return addresses


class _Limited(httpcore.NetworkStream):
    """A connection on which no wait outlasts the fetch, however slowly the other side drips."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _remaining(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _remaining(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, *arguments: Any, **named: Any) -> httpcore.NetworkStream:
        return _Limited(self._stream.start_tls(*arguments, **named))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _remaining(timeout: float | None, expired: type[httpcore.TimeoutException]) -> float:
    left = DEADLINE.get() - monotonic()
    if left <= 0:
        raise expired("the whole exchange took too long")
    return left if timeout is None else min(timeout, left)
