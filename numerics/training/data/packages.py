"""Files out of published packages, brought by the clients that are on the machine anyway.

    npm pack NAME@VERSION            a .tgz
    pip download NAME==VERSION       a wheel
    apt-get download NAME            a .deb, unpacked by dpkg-deb

Where a client gets its packages from is its own configuration. It is run without a shell, in a folder that is thrown away;
of what it brings only the named files are read, and nothing is run.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Literal

from numerics.training.data.images import NoData

PATIENCE = 900.0  # seconds for one client: some 30 MB over a slow line
LONGEST = 200  # characters of a client's complaint that are repeated
OTHERWISE = "or put the files into a folder and name it with --path."


@dataclass(frozen=True)
class Package:
    """A published package.  inside: the folder in it where the files are; names: theirs, there.

    apt-get brings the version that its release has; files are known by their checksums, whatever the version.
    """

    client: Literal["npm", "pip", "apt-get"]
    name: str
    version: str
    inside: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.client} package {self.name} {self.version}"


def brought(package: Package) -> dict[str, bytes]:
    """The content of a package's files by their names, from its registry.

    Raises NoData if the client is not on the machine or fails, or if what it brings is damaged or lacks a file.
    """
    unpack = {"npm": _npm, "pip": _pip, "apt-get": _apt}[package.client]
    try:
        with tempfile.TemporaryDirectory(prefix="initium-") as folder:
            return unpack(package, [f"{package.inside}/{name}" for name in package.names], Path(folder))
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError) as damage:
        state = f"what {package.client} brought of {package.name} is damaged ({damage})"
        raise NoData(f"{state}; try again, {OTHERWISE}") from None
    except KeyError as lacking:
        raise NoData(f"the {package} is not as expected ({lacking.args[0]}); {OTHERWISE.removeprefix('or ')}") from None


def installed(package: Package) -> dict[str, Path]:
    """Where a package's files are, by their names, if it is installed on this machine; empty if it is not."""
    members = {f"{package.inside}/{name}": name for name in package.names}
    if package.client == "pip":
        try:
            locate = distribution(package.name).locate_file
        except PackageNotFoundError:
            return {}
        return {name: path for member, name in members.items() if (path := Path(str(locate(member)))).is_file()}
    if package.client == "apt-get" and (dpkg := shutil.which("dpkg-query")):
        listed = subprocess.run([dpkg, "--listfiles", package.name], capture_output=True, text=True, check=False).stdout
        paths = {line.lstrip("/"): Path(line) for line in listed.splitlines()}
        return {name: paths[member] for member, name in members.items() if member in paths and paths[member].is_file()}
    return {}


def _npm(package: Package, members: list[str], folder: Path) -> dict[str, bytes]:
    _run(package, "npm", ["pack", "--ignore-scripts", f"{package.name}@{package.version}"], folder)
    with tarfile.open(_only(folder, "*.tgz")) as archive:
        files = {member: archive.extractfile(member) for member in members}
        return {Path(member).name: file.read() for member, file in files.items() if file}


def _pip(package: Package, members: list[str], folder: Path) -> dict[str, bytes]:
    download = ["-m", "pip", "download", "--disable-pip-version-check", "--dest", "."]
    wanted = ["--no-deps", "--only-binary=:all:", f"{package.name}=={package.version}"]
    _run(package, sys.executable, download + wanted, folder)
    with zipfile.ZipFile(_only(folder, "*.whl")) as archive:
        return {Path(member).name: archive.read(member) for member in members}


def _apt(package: Package, members: list[str], folder: Path) -> dict[str, bytes]:
    _run(package, "apt-get", ["download", package.name], folder)
    _run(package, "dpkg-deb", ["-x", _only(folder, "*.deb").name, "unpacked"], folder)
    lacking = [member for member in members if not (folder / "unpacked" / member).is_file()]
    if lacking:
        raise KeyError(lacking[0])
    return {Path(member).name: (folder / "unpacked" / member).read_bytes() for member in members}


def _run(package: Package, program: str, words: list[str], folder: Path) -> None:
    """Run a client in a folder; raises NoData with its last word if it fails."""
    path = shutil.which(program)
    if path is None:
        raise NoData(f"{package.name} comes through {program}, which is not on this machine; install it, {OTHERWISE}")
    quiet: Any = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "check": False}
    try:
        done = subprocess.run([path, *words], cwd=folder, timeout=PATIENCE, **quiet)
    except subprocess.TimeoutExpired:
        late = f"{package.client} did not bring {package.name} within {PATIENCE:.0f} s"
        raise NoData(f"{late}; try again, {OTHERWISE}") from None
    if done.returncode:
        complaint = (done.stderr.strip().splitlines() or ["no reason given"])[-1][:LONGEST]
        raise NoData(f"{package.client} could not bring {package.name} ({complaint}); see that it can, {OTHERWISE}")


def _only(folder: Path, pattern: str) -> Path:
    """The one file of that kind in a folder; raises FileNotFoundError if there is none."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise FileNotFoundError(f"{len(found)} files {pattern}")
    return found[0]
