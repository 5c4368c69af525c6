"""One call to the supervisor: XML-RPC over its Unix socket, with a time limit."""

from __future__ import annotations

import http.client
import socket
import xmlrpc.client
from pathlib import Path
from typing import Any

from regesta.stack.errors import ServiceFailed, StackError


class NotRunning(StackError):
    """A service that should be stopped does not run."""


def call(path: Path, seconds: float, method: str, *arguments: object) -> Any:
    """Call one method of the supervisor listening at a path and return its answer.

    Raises:
        NotRunning: Asked to stop what does not run.
        ServiceFailed: It refused, or does not answer.
    """
    with xmlrpc.client.ServerProxy("http://localhost/RPC2", transport=_UnixTransport(path, seconds)) as server:
        try:
            return getattr(server.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultString.startswith("NOT_RUNNING"):
                raise NotRunning(fault.faultString) from fault
            raise ServiceFailed(f"The supervisor refused {method}{arguments}: {fault.faultString}") from fault
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
            raise ServiceFailed(f"The supervisor does not answer at {path}: {error}") from error


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__()
        self._path, self._seconds = path, seconds

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _UnixConnection(self._path, self._seconds)
