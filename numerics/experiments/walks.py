"""The walk of the log-norm of a gradient, layer by layer, in single networks.

The network has L layers of width N with weights of variance g^2/N, rectifiers or none, and an affine output; the walk is
ln |dC/ds^(L-l)|^2/|dC/ds^L|^2 for l = 0..L, with the masks of the forward pass. ``random_walk.walk_mean`` and
``walk_variance`` are its mean and variance after l layers, given that no layer is dead.

Reference: sussillo2014, sections 3 and 4. Assumptions: Gaussian weights.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from numerics.ensembles import Network, Weights, dense
from numerics.evidence.kept import measured
from numerics.experiments.estimate import drawn
from numerics.sampling.passes import Pass, squared_norm

if TYPE_CHECKING:
    from torch import Tensor

DECIMALS = 3  # of a logarithm that is there to be drawn


def network(width: int, depth: int, gain: float, activation: str) -> Network:
    """``depth`` layers with the activation, "relu" or "linear", and an affine output."""
    weights = Weights("normal", gain**2, "fan_in")
    return dense((width,) * (depth + 2), weights, activation, last_activation=False)


@measured
def walks(width: int, depth: int, gain: float, activation: str, networks: int) -> NDArray[np.float64]:
    """The walks of so many networks, less those with a dead layer: (networks, depth + 1), to ``DECIMALS`` decimals."""
    experiment = f"walks, {activation}, {width} wide, {depth} deep, gain {gain:.6g}"
    return drawn(network(width, depth, gain, activation), networks, _walk, experiment).round(DECIMALS)


def _walk(seen: Pass) -> Tensor:
    """The walk from the last layer down, (B, L + 1); NaN where a layer is dead: there all gradients below vanish."""
    import torch

    squares = torch.stack([squared_norm(gradient)[:, 0] for gradient in reversed(seen.gradients)], dim=1)
    return (squares / squares[:, :1]).log().masked_fill(squares[:, -1:] == 0, math.nan)
