"""Documents in a folder of this machine, or of a share mounted on it."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from unicodedata import normalize

from ingestion.connectors.protocol import Fetched, Listed
from ingestion.errors import SourceRefused, SourceUnavailable

SCHEME = "file://"
_DROPPINGS = ("~$*", "*~", "#*#", "*.swp", "*.tmp", "*.part", "*.crdownload", "thumbs.db", "desktop.ini", "icon\r")
"""What editors, browsers and file managers leave behind, in lower case."""


def folder_uri(path: Path) -> str:
    """Return the address of an absolute path, in the composed Unicode form macOS does not use on disk.

    Names that are no Unicode get backslash escapes: they can be listed and reported, not read.
    """
    name = path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return SCHEME + normalize("NFC", name)


class FolderConnector:
    """One folder with everything below it.

    Symbolic links to folders are not followed, links to files only where they stay inside: what is inside is
    listed under its own name anyway, and what is outside was not meant.
    """

    removals_are_explicit = False

    def __init__(self, uri: str, max_bytes: int) -> None:
        self.root = Path(uri.removeprefix(SCHEME))
        self.max_bytes = max_bytes

    def list(self) -> Sequence[Listed]:
        """Return every file; a folder below that cannot be opened makes the listing fail, not shrink."""
        try:
            found = {entry.uri: entry for entry in self._walk(self.root, self.root.resolve(strict=True))}
        except OSError as error:
            raise SourceUnavailable(
                f"Cannot list {self.root}: {error.strerror or error}. Check that it is mounted on the machine the "
                "workers run on, and that they may read it."
            ) from error
        return tuple(found[uri] for uri in sorted(found))

    def _walk(self, folder: Path, root: Path) -> Iterator[Listed]:
        """Yield the files below; of two names that differ in Unicode form only, the composed one comes last."""
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: normalize("NFC", entry.name) == entry.name)
        for entry in entries:
            path = Path(entry.path)
            if entry.name.startswith(".") or _is_dropping(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(path, root)
            elif _is_file_inside(path, root):
                yield _listed(path)

    def read(self, uri: str) -> Fetched:
        """Return the bytes of one file."""
        try:
            path = self._locate(uri).resolve(strict=True)
            if not path.is_relative_to(self.root.resolve(strict=True)):
                raise SourceRefused("the file has become a link that leads out of the folder")
            # Not blocking: what was a file when it was listed may be a pipe by now.
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise SourceRefused("it is no regular file")
                data = file.read(self.max_bytes + 1)
        except OSError as error:
            raise SourceUnavailable(f"the file cannot be read: {error.strerror or error}") from error
        if len(data) > self.max_bytes:
            raise SourceRefused(f"it is larger than {self.max_bytes} bytes")
        return Fetched(data)

    def _locate(self, uri: str) -> Path:
        """Return the file of an address, also where the disk spells its name in another Unicode form."""
        prefix = folder_uri(self.root) + "/"
        names = uri.removeprefix(prefix).split("/")
        if not uri.startswith(prefix) or ".." in names:
            raise SourceRefused(f"it lies outside of {self.root}")
        path = self.root
        for name in names:
            exact = path / name
            path = exact if os.path.lexists(exact) else next(
                (other for other in sorted(path.iterdir()) if normalize("NFC", other.name) == name), exact
            )  # fmt: skip
        return path


def _listed(path: Path) -> Listed:
    """Size and time to the nanosecond tell states apart.

    The time does not order them: a file restored from a backup is newer than what it replaces.
    """
    info = path.stat()
    return Listed(folder_uri(path), f"{info.st_size}-{info.st_mtime_ns}", info.st_size, None)


def _is_file_inside(path: Path, root: Path) -> bool:
    """Whether it is a regular file; of a link, one that stays below `root` (a link in a circle is none)."""
    return os.path.isfile(path) and (not path.is_symlink() or path.resolve().is_relative_to(root))


def _is_dropping(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name.lower(), pattern) for pattern in _DROPPINGS)
