"""The examples of an experiment: the first of a data set's part, or independent normal numbers of the same shape.

*normal* stands for data without structure: entries are independent and normal, and the labels are drawn apart from them, so
nothing can be learnt from them.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from numerics.sampling import streams
from numerics.training import data
from numerics.training.data import Part

NORMAL = "normal"
SIDE, CLASSES = 28, 10  # of normal pictures: those of MNIST


@cache
def examples(name: str, part: Part, count: int) -> tuple[Tensor, Tensor, tuple[int, ...], str]:
    """Inputs (count, features), labels (count,), the shape of one input, and what the data are, in words.

    Raises UnknownData, and NoData where the set is not at hand; ValueError for more examples than it has.
    """
    if name == NORMAL:
        stream = streams.generator(torch.device("cpu"), f"normal pictures, {part}")
        inputs = torch.randn((count, SIDE * SIDE), generator=stream)
        return inputs, torch.randint(CLASSES, (count,), generator=stream), (1, SIDE, SIDE), "independent normal pixels"
    found = data.load(name, part)
    if count > len(found):
        raise ValueError(f"{found.described} has no {count} inputs; ask for at most {len(found)}.")
    inputs, labels = (torch.from_numpy(rows[:count].copy()) for rows in (found.inputs, found.labels))
    return inputs, labels, found.shape, found.described


def centred(inputs: Tensor) -> Tensor:
    """Each pixel less its mean over the examples, then each example of squared length ``features``; a blank one stays 0."""
    less = inputs - inputs.mean(dim=0)
    sizes = less.square().mean(dim=1, keepdim=True).sqrt()
    return less / torch.where(sizes > 0, sizes, 1.0)
