"""The option that says why: a reason of nothing but blanks is none."""

from __future__ import annotations

import typer


def said(reason: str) -> str:
    """Return a reason without surrounding blanks.

    Raises:
        typer.BadParameter: Nothing is left of it.
    """
    reason = " ".join(reason.replace("\0", "").split())
    if not reason:
        raise typer.BadParameter("Say why, in a few words.")
    return reason
