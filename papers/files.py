"""Files written whole or not at all: what an interrupted run leaves behind is complete."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from papers.arguments import NotHad

READABLE = 0o644  # a temporary file is private; what replaces the target is to be read by anyone


def require_writable(folder: Path) -> None:
    """Make a folder where it is missing; raises NotHad where nothing can be written into it."""
    with _in_one_sentence(folder):
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()


def write_whole(path: Path, fill: Callable[[BinaryIO], object]) -> Path:
    """Let `fill` write into a temporary file of the same folder, then put that in the place of `path`.

    The folder is made where it is missing.  Raises NotHad where the disk or the folder refuses.
    """
    with _in_one_sentence(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(handle, "wb") as file:
                fill(file)
            os.chmod(temporary, READABLE)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    return path


def write_text(path: Path, text: str) -> Path:
    """A whole text file in UTF-8 with Unix line ends; raises as `write_whole` does."""
    return write_whole(path, lambda file: file.write(text.encode()))


@contextmanager
def _in_one_sentence(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as refusal:
        reason = refusal.strerror or str(refusal)
        raise NotHad(f"cannot write {path}: {reason}; make room there or choose another folder") from refusal
