"""Private folders in places everybody may write to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from regesta.stack.errors import StackError


def make_private(folder: Path, uid: int, gid: int) -> None:
    """Make a folder only one user can enter; refuse one that is there and somebody else's.

    Under /tmp and /var/tmp anybody could have made the name first, to read or to swap what we put there.
    """
    try:
        folder.mkdir(mode=0o700)
        os.chown(folder, uid, gid)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o077:
            raise StackError(
                f"{folder} exists and is not a private folder of the user it should belong to: remove it, "
                "or choose another REGESTA_HOME."
            ) from None
