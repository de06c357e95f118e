"""A part of a data set, ready to train on, that says exactly what it is.

*Scaling.* Grey levels p = 0..255 become 2p/255 - 1, in [-1, 1]; nothing is centred or whitened. Shapeset's greys are in
[-1, 1] from the start. Speech features have mean 0 and variance 1 in each coordinate over the training part.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Part = Literal["train", "valid", "test"]
PARTS: tuple[Part, ...] = get_args(Part)
Inputs = NDArray[np.float32]
Labels = NDArray[np.int64]
SHORT = 12  # hexadecimal digits of a digest where people read it: 48 bits tell any few data sets apart


class NoData(Exception):
    """A data set is not at hand, or is damaged; the message is one sentence that says what to do."""


@dataclass(frozen=True, eq=False)
class Images:
    """A part of a data set.  inputs: (n, features) float32, scaled as the module says.  labels: (n,) int64 in 0..classes-1.

    shape: of one input, as in (channels, height, width).  digest: SHA-256 of both arrays.  source: the exact file, package
    and version.  substitute_for: the data set that it stands in for, if any.
    """

    name: str
    part: Part
    inputs: Inputs
    labels: Labels
    classes: int
    shape: tuple[int, ...]
    digest: str
    source: str
    substitute_for: str = ""

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def pictures(self) -> Inputs:
        """The inputs in their own shape, (n, *shape)."""
        return self.inputs.reshape(len(self), *self.shape)

    @property
    def described(self) -> str:
        """What a result must say of its data: name, part, digest, and whether it is a substitute."""
        substitute = f", a substitute for {self.substitute_for}" if self.substitute_for else ""
        return f"{self.name} ({self.part}, {len(self)} inputs, sha256 {self.digest[:SHORT]}{substitute})"


def images(
    name: str,
    part: Part,
    inputs: NDArray[np.generic],
    labels: NDArray[np.generic],
    *,
    classes: int,
    source: str,
    substitute_for: str = "",
) -> Images:
    """The record of inputs (n, *shape), already scaled, and labels (n,).

    Raises NoData if there are none, as many of one as of the other, or a label beyond the classes.
    """
    if not len(inputs) or len(inputs) != len(labels):
        raise NoData(f"{name} ({part}) has {len(inputs)} inputs and {len(labels)} labels; get the files anew.")
    shape = inputs.shape[1:]
    flat = np.ascontiguousarray(inputs.reshape(len(inputs), -1), dtype="<f4")
    numbers = np.ascontiguousarray(labels, dtype="<i8")
    if numbers.min() < 0 or numbers.max() >= classes:
        raise NoData(f"{name} ({part}) has a label outside 0..{classes - 1}; get the files anew.")
    return Images(name, part, flat, numbers, classes, shape, _digest(flat, numbers), source, substitute_for)


def from_bytes(levels: NDArray[np.uint8]) -> Inputs:
    """Grey levels 0..255 as numbers in [-1, 1]."""
    return levels.astype(np.float32) * np.float32(2 / 255) - np.float32(1)


def _digest(*arrays: NDArray[np.generic]) -> str:
    """SHA-256 of arrays with their types and shapes."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype.str} {array.shape}\n".encode())
        found.update(array.data)
    return found.hexdigest()
