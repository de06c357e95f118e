"""A file of sealed JSON Lines: what was appended survives any interruption, and any change is named.

*Interruption.* A line is appended by one process at a time and synchronised before the program goes on. Whatever ends the
process, at most the end of the last line is missing: a last line without its end is not read, and is written over.

*Seals.* Each line ends with the SHA-256 of the seal before it and of its own text. A line that was edited, moved or removed
breaks the chain there, and is named. Lines cut off at the end are lines not yet written. The seal has no secret: it
shows accidents and edits; it is no signature.

Assumption: POSIX file locks, which end with their process.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

Line = dict[str, Any]

START = b'{"kind":"'  # of every line


class NotRecorded(Exception):
    """A record cannot be read, written or resumed; the message is one sentence."""


class Journal:
    """An open journal, made by ``opened``: the ``lines`` it had, and ``append``."""

    def __init__(self, path: Path, file: int, lines: list[Line], seal: str) -> None:
        self.path, self.lines = path, lines
        self._file, self._seal = file, seal

    def append(self, kind: str, **content: Any) -> None:
        """Seal and write one line, and return only when the disk has it; raises NotRecorded if it refuses."""
        text = json.dumps({"kind": kind, **content}, separators=(",", ":"), allow_nan=False).encode()
        self._seal = _seal(self._seal, text)
        line = memoryview(text[:-1] + _ending(self._seal))
        with _in_one_sentence("write", self.path):
            while line:
                line = line[os.write(self._file, line) :]
            os.fsync(self._file)


def lines(path: Path) -> list[Line]:
    """The whole lines of a journal; raises NotRecorded if it cannot be read, is none, or was changed."""
    with _in_one_sentence("read", path), _descriptor(path, os.O_RDONLY) as file:
        return _parsed(path, _content(file))[0]


@contextmanager
def opened(path: Path) -> Iterator[Journal]:
    """A journal to append to, made where there is none, and locked until the block ends.

    Raises NotRecorded where the file cannot be written, is no journal, was changed, or is in use.
    """
    with _descriptor(path, os.O_RDWR | os.O_CREAT) as file:
        with _in_one_sentence("write", path):
            _lock(path, file)
            known, end, seal = _parsed(path, _content(file))
            os.ftruncate(file, end)
            os.lseek(file, end, os.SEEK_SET)
        yield Journal(path, file, known, seal)


# --- reading --------------------------------------------------------------------------------------


def _parsed(path: Path, content: bytes) -> tuple[list[Line], int, str]:
    """The whole lines, their length in bytes, and the last seal."""
    found: list[Line] = []
    end, seal = 0, ""
    for number, line in enumerate(BytesIO(content), start=1):
        fields = _fields(line)
        if fields is None and end + len(line) == len(content) and (found or START.startswith(line[: len(START)])):
            break  # the end of the last line was never written
        if number == 1 and not (fields and "seal" in fields):
            raise NotRecorded(f"{path} is not a record of sampled checks; choose another file.")
        text = line[: -len(_ending(""))] + b"}"
        seal = _seal(seal, text)
        if fields is None or line != text[:-1] + _ending(seal):
            raise NotRecorded(
                f"line {number} of {path} was changed by hand, or one before it was moved or removed; restore the file "
                "or use a new one."
            )
        found.append(fields)
        end += len(line)
    return found, end, seal


def _fields(line: bytes) -> Line | None:
    """The fields of a line, None if its end is missing or it has none."""
    try:
        fields = json.loads(line) if line.endswith(b"\n") else None
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _seal(before: str, text: bytes) -> str:
    return hashlib.sha256(before.encode() + text).hexdigest()


def _ending(seal: str) -> bytes:
    """The end of a line; of the same length for every seal, and for none."""
    return f',"seal":"{seal:64}"}}\n'.encode()


# --- files ----------------------------------------------------------------------------------------


@contextmanager
def _descriptor(path: Path, flags: int) -> Iterator[int]:
    with _in_one_sentence("write" if flags & os.O_CREAT else "read", path):
        file = os.open(path, flags, 0o666)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise NotRecorded(f"{path} is not a regular file, but a record is read back; choose another file.")
        yield file
    finally:
        os.close(file)


def _content(file: int) -> bytes:
    with open(file, "rb", closefd=False) as reader:
        return reader.read()


def _lock(path: Path, file: int) -> None:
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise NotRecorded(f"{path} is in use by another run; wait for its end or use another file.") from None


@contextmanager
def _in_one_sentence(verb: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as refusal:
        reason = refusal.strerror or str(refusal)
        sentence = (
            f"cannot {verb} {path}: {reason}; nothing written before is lost: repair that and repeat the command."
        )
        raise NotRecorded(sentence) from refusal
