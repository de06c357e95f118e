"""The networks of glorot2010's experiments, under the names of its Table 1, and the images that they train on.

A name is an activation, with "N" for the normalised initialisation (eq. 16); without it the weights follow the standard one,
U(-1/sqrt(n), 1/sqrt(n)) (eq. 1). Both are uniform; their variances are those of ``variance.standard_weight`` and
``variance.normalized_weight``. Minibatches of Shapeset come from its endless stream, those of other sets are drawn with
replacement.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from numerics.ensembles import Inputs, Network, Weights, dense
from numerics.evaluate import function
from numerics.sampling import streams
from numerics.training import data
from numerics.training.data import Part, shapeset
from numerics.training.loop import Batches, minibatches

NAMES = ("softsign", "softsign N", "tanh", "tanh N", "sigmoid")  # the rows of Table 1
LAWS = {"": Weights("uniform", 1 / 3, "fan_in"), "N": Weights("uniform", 1, "fan_average")}
SHAPES = {"shapeset": (1024, 9), "mnist": (784, 10)}  # features and classes
CPU = torch.device("cpu")


def network(name: str, widths: tuple[int, ...]) -> Network:
    """Of a name of Table 1 and widths from the inputs to the classes; the output is affine."""
    activation, _, normalised = name.partition(" ")
    return dense(widths, LAWS[normalised], activation, last_activation=False, inputs=Inputs((widths[0],)))


def weight_variances(name: str, widths: tuple[int, ...]) -> tuple[float, ...]:
    """Var W^i of every layer, by the theorems on the two initialisations."""
    if name.endswith(" N"):
        normalised = function("variance.normalized_weight")
        return tuple(float(normalised(n_in=below, n_out=above)) for below, above in pairwise(widths))
    return tuple(float(function("variance.standard_weight")(n=below)) for below in widths[:-1])


def widths(name: str, width: int, depth: int) -> tuple[int, ...]:
    """Of a network with ``depth`` hidden layers for a data set."""
    features, classes = SHAPES[name]
    return (features, *(width,) * depth, classes)


def examples(name: str, part: Part, count: int, device: torch.device = CPU) -> tuple[Tensor, Tensor, str]:
    """The first inputs (count, features) of a part, their labels (count,), and what the data are, in words."""
    images = _loaded(name, part)
    inputs, labels = (torch.from_numpy(rows[:count].copy()).to(device) for rows in (images.inputs, images.labels))
    return inputs, labels, f"the first {len(labels)} of {images.described}"


def batches(name: str, size: int, seed: str, device: torch.device = CPU) -> tuple[Batches, str]:
    """The minibatches of a seed, and where they are from, in words."""
    if name == "shapeset":
        between = shapeset.endless("train", seed)

        def batch(step: int) -> tuple[Tensor, Tensor]:
            inputs, labels = between(step * size, (step + 1) * size)
            return torch.from_numpy(inputs).to(device), torch.from_numpy(labels).to(device)

        return batch, f"the endless stream ('shapeset', 'train', '{seed}')"
    images = _loaded(name, "train")
    inputs, labels = (torch.from_numpy(rows).to(device) for rows in (images.inputs, images.labels))
    return minibatches(inputs, labels, size, seed, _stream), f"minibatches of {images.described}"


def _stream(*key: Any) -> torch.Generator:
    return streams.generator(CPU, *key)


@cache
def _loaded(name: str, part: Part) -> data.Images:
    return data.load(name, part)
