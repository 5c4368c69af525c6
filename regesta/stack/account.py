"""The unprivileged user Postgres runs as when we are root, and what that user can reach."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from regesta.stack.errors import StackError


class Identity(TypedDict, total=False):
    """The arguments with which `subprocess` starts a child as somebody else; none of them: as us."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """An operating system user."""

    name: str
    uid: int
    gid: int

    def identity(self) -> Identity:
        """Return `subprocess` arguments that drop every privilege."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def succeeds(self, *argv: str | Path) -> bool:
        """Say whether a child with this user's rights runs a program to a good end.

        Asking the kernel this way also sees what mode bits do not tell: ACLs, noexec and id-mapped mounts.
        """
        try:
            done = subprocess.run(argv, cwd="/", env={}, capture_output=True, timeout=20, **self.identity())
        except (OSError, subprocess.TimeoutExpired):
            return False
        return done.returncode == 0

    def can_write(self, folder: Path) -> bool:
        """Say whether this user can enter and fill a folder, all its parents considered."""
        return self.succeeds("/bin/sh", "-c", 'cd "$1" && test -w .', "sh", folder)


def unprivileged(name: str | None) -> Account | None:
    """Return whom Postgres should run as: nobody else for an ordinary user, `name` or a usual one for root.

    Raises:
        StackError: We are root and there is no such user.
    """
    if os.geteuid() != 0:
        return None
    for candidate in [name] if name else ["postgres", "nobody"]:
        try:
            entry = pwd.getpwnam(candidate)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise StackError(
        f"Postgres refuses to run as root and there is no ordinary user {name or 'postgres or nobody'}: "
        "set REGESTA_POSTGRES_USER to one that exists."
    )
