"""What of the inputs' squares tells classes apart, and what varies from example to example; and what depth leaves of it.

*Inputs.* With the error e of guessing the classes' frequencies, told = |E e x|^2/E|x|^2, varies = 1 - |E x|^2/E|x|^2.

*Depth.* The tangent kernel of two inputs of correlation c, over that of one input with itself, is in wide rectifier networks
of He's initialisation the mean over d = 1..D + 1 of what layer d contributes,

    T(c) = mean of  c_(d-1) q_d ... q_D,     c_0 = c, c_d as in ``shattering.relu_correlation``, q_d twice the coactivation

(``shattering.coactivation``) of correlation c_(d-1); the last, d = D + 1, is the output layer's. A difference in c between
two pairs of inputs shrinks to T'(c) of it, so D layers leave told T'(varying from 1 - varies), and 1 - c_D of what varies.
Reference: jacot2018, cho2009.
Assumptions: width to infinity; all layers contribute alike, as hidden ones do at equal widths.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from numerics.evaluate import function
from numerics.evidence.kept import measured

if TYPE_CHECKING:
    from torch import Tensor

STEP = 1e-4  # of the central difference T': its error is of the order of STEP^2 T''' and of 1e-15/STEP


@dataclass(frozen=True)
class Shares:
    """Of squares, between 0 and 1."""

    told: float
    varies: float


@measured
def shares_of(data: str, count: int, classes: int) -> Shares:
    """Those of so many training examples; kept, so that predictions need no data once they were made."""
    from numerics.training.experiments.pictures import examples

    inputs, labels, _, _ = examples(data, "train", count)
    return shares(inputs, labels, classes)


def shares(inputs: Tensor, labels: Tensor, classes: int) -> Shares:
    """Those of inputs (n, features) and labels (n,)."""
    import torch

    error = torch.nn.functional.one_hot(labels, classes).to(inputs.dtype)
    error -= error.mean(0)
    together, squares = error.T @ inputs / len(inputs), inputs.square().sum(1).mean()
    return Shares(float(together.square().sum() / squares), float(1 - inputs.mean(0).square().sum() / squares))


def below_rectifiers(given: Shares, depth: int) -> Shares:
    """What so many rectifier layers leave of the shares of the inputs."""
    common = 1 - given.varies
    (above, _), (below, _) = (_tangent(end, depth) for end in (common + STEP, common - STEP))
    return Shares(given.told * (above - below) / (2 * STEP), 1 - _tangent(common, depth)[1])


def _tangent(correlation: float, depth: int) -> tuple[float, float]:
    """T of the module's docstring, and c_D."""
    layers = function("shattering.relu_correlation")(depth=np.arange(1, depth + 1), correlation=correlation)
    climbing = np.array([correlation, *layers])
    slopes = 2 * np.asarray(function("shattering.coactivation")(correlation=climbing[:-1]))
    back = np.cumprod(slopes[::-1])[::-1]
    return float(np.mean([*(climbing[:-1] * back), climbing[-1]])), float(climbing[-1])
