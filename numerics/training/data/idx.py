"""IDX files: arrays of bytes with their shape in front, plain or in gzip.

    0, 0, 8 (unsigned bytes), d; d sizes, each 4 bytes, the highest first; the bytes, the last index running fastest.

Reference: the format of MNIST (lecun1998gradient). Of its element types only unsigned bytes are read; data sets of images
have no other. A file that is shorter or longer than it says is refused.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from numerics.training.data.images import NoData

UNSIGNED_BYTES = 8
WORD = 4  # bytes of a size


def parsed(content: bytes, shape: tuple[int | None, ...], name: str) -> NDArray[np.uint8]:
    """The array in an IDX file's content; ``shape`` is what it must have, None where any size will do.

    Raises NoData, naming the file as ``name``, for anything else than one whole array of that shape.
    """
    start = 4 + WORD * len(shape)
    if content[:3] != bytes((0, 0, UNSIGNED_BYTES)) or len(content) < 4:
        raise NoData(f"{name} does not begin as an IDX file of bytes does; get it anew.")
    if content[3] != len(shape):
        raise NoData(f"{name} has {content[3]} dimensions where {len(shape)} belong; get the right file.")
    if len(content) < start:
        raise NoData(f"{name} ends within its header, after {len(content)} bytes; get it anew.")
    sizes = tuple(int.from_bytes(content[at : at + WORD], "big") for at in range(4, start, WORD))
    if any(wanted not in (None, size) for wanted, size in zip(shape, sizes, strict=True)):
        wanted = " x ".join("any" if size is None else str(size) for size in shape)
        raise NoData(f"{name} has shape {' x '.join(map(str, sizes))} where {wanted} belongs; get the right file.")
    if len(content) - start != math.prod(sizes):
        state = "is cut short" if len(content) - start < math.prod(sizes) else "is too long"
        counts = f"{len(content) - start} bytes where its shape asks for {math.prod(sizes)}"
        raise NoData(f"{name} {state}: {counts}; get it anew.")
    return np.frombuffer(content, np.uint8, offset=start).reshape(sizes)
