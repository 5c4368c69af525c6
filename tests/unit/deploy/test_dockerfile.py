"""The image: what it is built from exists, and nothing else can get into it."""

import re
from fnmatch import fnmatch

from corpus.settings import ROOT

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
IGNORED, *LINES = [
    line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line and not line.startswith("#")
]
ALLOWED = [line.removeprefix("!").rstrip("/") for line in LINES if line.startswith("!")]


def sources() -> set[str]:
    copies = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return {source for copy in copies for source in copy.split()[:-1]}


def test_everything_copied_exists_and_is_not_ignored() -> None:
    assert sources()
    for source in sources():
        assert list(ROOT.glob(source)), source
        assert any(source == allowed or fnmatch(source, allowed) for allowed in ALLOWED), source


def test_only_what_is_named_gets_in() -> None:
    assert IGNORED == "*"
    assert set(ALLOWED) <= {"requirements/*.txt"} | sources()


def test_it_does_not_run_as_root() -> None:
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)[-1] == "50000"


def test_packages_are_installed_from_locks_only() -> None:
    for installation in re.findall(r"pip (?:sync|install) (.+)", DOCKERFILE):
        assert "--require-hashes" in installation or "--no-deps" in installation, installation
