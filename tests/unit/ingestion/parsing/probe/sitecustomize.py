"""Python runs this at the start of every process that finds it: a child of a pool then parses as the test wants.

A document is a command; the answer's text is JSON of what the command saw.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import ingestion.parsing
from ingestion.errors import Unparseable
from ingestion.items import Element, Parsed

KEPT: list[bytearray] = []
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3)"


def connect(family: str, *address: str) -> str:
    """Try to reach a server; return how it went."""
    try:
        if family == "unix":
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(address[0])
        else:
            socket.create_connection((address[0], int(address[1])), timeout=3).close()
    except OSError as error:
        return type(error).__name__
    return "connected"


def grandchild(path: str) -> None:
    """Start a program that outlives every limit, tell its number, wait for it."""
    program = subprocess.Popen(["sleep", "600"])
    Path(path).write_text(str(program.pid))
    program.wait()


def spin() -> None:
    """Use the processor for ever."""
    while True:
        pass


def keep(mebibytes: str) -> None:
    """Hold on to memory after the document is done."""
    KEPT.append(bytearray(int(mebibytes) * 2**20))


def write(mebibytes: str) -> None:
    """Write a large temporary file."""
    (Path(os.environ["TMPDIR"]) / "large").write_bytes(bytes(int(mebibytes) * 2**20))


def fail(kind: str) -> None:
    """Fail as a parser might."""
    if kind == "import":
        raise ImportError("no module named missing")
    try:
        raise MemoryError
    except MemoryError as error:
        raise Unparseable("corrupt", "the library said MemoryError") from error


COMMANDS: dict[str, Any] = {
    "abort": os.abort,
    "connect": connect,
    "connect-program": lambda *address: subprocess.run([sys.executable, "-c", CONNECT, *address]).returncode,
    "die": lambda: (sys.stderr.write("the heap is on fire\n"), sys.stderr.flush(), os._exit(3)),
    "environment": lambda: dict(os.environ),
    "fail": fail,
    "files": lambda: os.listdir(os.environ["TMPDIR"]),
    "grandchild": grandchild,
    "keep": keep,
    "pid": os.getpid,
    "print": lambda: os.write(1, b"\x00\x00\x00\x00\x00\x00\x00\x01{"),
    "segfault": lambda: ctypes.string_at(0),
    "sleep": lambda seconds: time.sleep(float(seconds)),
    "spin": spin,
    "status": lambda: Path("/proc/self/status").read_text(),
    "surrogate": lambda: None,
    "text": lambda count: "x" * int(count),
    "write": write,
    "zero": lambda: None,
}


def parse(data: bytes, media_type: str) -> Parsed:
    """Do what the document says."""
    command, *arguments = data.decode().split()
    seen = COMMANDS[command](*arguments)
    text = {"surrogate": "\ud800", "zero": "a\x00b \\u0000 \\\x00"}.get(command) or json.dumps(seen)
    return Parsed((Element("text", text),), title=media_type)


ingestion.parsing.parse = parse
