"""CIFAR-10: 60,000 colour images of 32 x 32 in ten classes (krizhevsky2009), from one's own copy of the binary version.

A record is a label byte and then 3072 grey levels: the red ones row by row, then green, then blue. Each of the six files has
10,000. The batches 1 to 4 train, the fifth validates, the test batch tests. (The other version is Python's pickles, which
can run code and so are not read.)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from numerics.training.data.images import Images, NoData, Part, from_bytes, images
from numerics.training.data.store import Found, Source

SHAPE, CLASSES = (3, 32, 32), 10
RECORDS = 10_000  # of a file
BATCHES = {
    "train": tuple(f"data_batch_{k}.bin" for k in range(1, 5)),
    "valid": ("data_batch_5.bin",),
    "test": ("test_batch.bin",),
}

SOURCE = Source(
    name="cifar10",
    how="download its binary version from its authors' page at the University of Toronto and unpack it",
    files={name: "" for names in BATCHES.values() for name in names},
)


def read(found: Found, part: Part) -> Images:
    """A part of CIFAR-10; raises NoData for a file of another form."""
    records = np.concatenate([parsed(found.content(name), RECORDS, name) for name in BATCHES[part]])
    pixels, labels = records[:, 1:].reshape(-1, *SHAPE), records[:, 0].astype(np.int64)
    words = f"{', '.join(BATCHES[part])} of one's own copy"
    return images("cifar10", part, from_bytes(pixels), labels, classes=CLASSES, source=words)


def parsed(content: bytes, records: int, name: str) -> NDArray[np.uint8]:
    """A file's records, (records, 1 + 3072) bytes; raises NoData if it has another length or a label above 9."""
    size = 1 + int(np.prod(SHAPE))
    if len(content) != records * size:
        wanted = f"{records} records of {size}"
        raise NoData(f"{name} has {len(content)} bytes where {wanted} belong; get CIFAR-10's binary version anew.")
    found = np.frombuffer(content, np.uint8).reshape(records, size)
    if found[:, 0].max() >= CLASSES:
        raise NoData(f"{name} has a label above {CLASSES - 1}; get CIFAR-10's binary version anew.")
    return found
