"""The files that a run makes, and which of them are up to date: a second run without changes makes none of them again.

*Up to date.* A manifest in the folder has the key that its outputs were made under, and the SHA-256 of each of their
files. The key is the hash of every source and template of Initium, of the committed evidence, and of the versions of what
computes and draws. An output is made again if the key has changed, if a file that it reads is another, or if one of its
own is missing or is not what was written. The manifest is written after every output: an interrupted run goes on where
it stopped.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from papers.files import write_text

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("theory", "numerics", "papers")
KINDS = (".py", ".tex", ".html", ".css", ".js", ".jsonl")  # of files that outputs depend on
MADE = ("build", "printed")  # folders of papers/ that hold outputs
MAKING = ("sympy", "python-flint", "mpmath", "numpy", "scipy", "torch", "matplotlib", "jinja2")
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Output:
    """name: in the manifest.  make: writes its files into a folder and gives their paths.  reads: files it is made from."""

    name: str
    make: Callable[[Path], Sequence[Path]]
    reads: tuple[Path, ...] = ()


class Outputs:
    """The outputs in a folder; ``add`` makes what is not up to date, ``made`` counts what was."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.made = folder, 0
        self._known = _manifest(folder)

    def add(self, output: Output) -> list[Path]:
        """The files of an output, made where it is not up to date."""
        read = {str(path): _digest(path) for path in output.reads}
        known = self._known.get(output.name)
        if known is not None and known["read"] == read and known["written"] == self._written(known["written"]):
            return [self.folder / name for name in known["written"]]
        paths = list(output.make(self.folder))
        self.made += 1
        written = self._written(path.relative_to(self.folder).as_posix() for path in paths)
        self._known[output.name] = {"read": read, "written": written}
        write_text(self.folder / MANIFEST, json.dumps({"key": key(), "outputs": self._known}, indent=1) + "\n")
        return paths

    def _written(self, names: Iterable[str]) -> dict[str, str]:
        return {name: _digest(self.folder / name) for name in names}


@cache
def key() -> str:
    """SHA-256 of all that outputs depend on, as it was when first asked for."""
    content = hashlib.sha256(repr([platform.python_version(), *map(version, MAKING)]).encode())
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            name = path.relative_to(ROOT)
            if path.suffix in KINDS and path.is_file() and not (room == "papers" and name.parts[1] in MADE):
                content.update(f"{name.as_posix()} {path.stat().st_size}\n".encode() + path.read_bytes())
    return content.hexdigest()


def _manifest(folder: Path) -> dict[str, dict[str, dict[str, str]]]:
    """The outputs that a folder's manifest lists under today's key; none where there is no such manifest."""
    try:
        found: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return dict(found["outputs"]) if found["key"] == key() else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _digest(path: Path) -> str:
    """SHA-256 of a file, empty where there is none."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
