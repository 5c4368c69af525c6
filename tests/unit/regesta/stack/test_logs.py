"""Reading logs: the end of long ones, and new lines across a rotation."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from regesta.stack.errors import StackError
from regesta.stack.logs import follow, log_files, tail
from regesta.stack.settings import StackSettings


@pytest.mark.parametrize("lines", [0, 1, 3, 2000, 5000])
def test_tail_gives_the_last_lines(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "x.log"
    written = [f"line {number} 로그 {'x' * 40}" for number in range(3000)]
    path.write_text("\n".join(written) + "\n")
    assert tail(path, lines) == (written[-lines:] if lines else [])


def test_an_unknown_service_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"no service posgres.*postgres, s3, airflow-api-server"):
        log_files(StackSettings(_env_file=None, home=tmp_path), "posgres")


def test_following_survives_a_rotation(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("old\n")
    lines = follow({"x": path}, pause=0.01)

    def write() -> None:
        with path.open("a") as file:
            file.write("new\n")
        path.rename(tmp_path / "x.log.1")
        path.write_text("newer\n")

    import threading

    timer = threading.Timer(0.1, write)
    timer.start()
    assert list(islice(lines, 2)) == [("x", "new"), ("x", "newer")]
    timer.join()
