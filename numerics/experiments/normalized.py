"""Gradients of real residual networks with batch normalisation, beside those that divide by the expected deviation.

x^{i+1} = x^i + beta W^i max(BN(x^i), 0), i = 1..L-1, of width N, weights of variance 2/N, k random inputs of variance 1 and
one gradient G at the output, the same for all of them. BN takes each unit less its mean over the k inputs, over its
deviation, and gradients go through both. The theorem (``shattering.normalized_resnet_correlation``) divides by sqrt(E x^2)
instead, subtracts nothing, and has typical datapoints.

*The sum rule.* Normalisation does not see a shift of all inputs, so what it sends back sums to 0 over the inputs; the skip
connection passes the sum on. Hence sum_c g_c = k G exactly, for g_c = dC/dx^1_c, at every width, depth and batch size.
With V and C the mean of |g_c|^2 and of <g_c, g_c'>, c != c', over |G|^2,

    V + (k - 1) C = k,        so that V >= 1 >= C in every network, and C/V = (k - V)/((k - 1) V).

The idealised covariance grows like sqrt(L): no real network has it. As k grows C goes to 1 and C/V to 1/V.
Reference: balduzzi2017, theorem 3; ioffe2015. Assumptions: Gaussian weights, independent normal inputs.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from numerics.ensembles import Inputs, Network, residual
from numerics.evaluate import function
from numerics.evidence.kept import measured
from numerics.experiments.estimate import Estimate, drawn, mean, ratio
from numerics.sampling.passes import Pass, gram, squared_norm

if TYPE_CHECKING:
    from torch import Tensor

WIDTHS = (16, 64, 256)
BATCHES = (4, 16, 64)
WIDTH, BATCH = 64, 16  # the one while the other varies
SHAPES = (*((width, BATCH) for width in WIDTHS), *((WIDTH, batch) for batch in BATCHES if batch != BATCH))
DEPTHS = (2, 4, 8, 16, 32)  # L, of L - 1 modules
BETA = 1.0
NETWORKS = 50  # for each estimate; each has k(k - 1)/2 pairs of inputs


def network(width: int, batch: int, depth: int) -> Network:
    """``depth - 1`` residual modules with batch normalisation."""
    inputs = Inputs((width,), count=batch, squared_length=width, random=True)
    return residual(width, (BETA,) * (depth - 1), "preactivation", batch_norm=True, inputs=inputs)


@cache
def claims(depth: int) -> tuple[float, float]:
    """The idealised correlation and variance."""
    correlation, variance = (
        float(function(f"shattering.normalized_resnet_{what}")(depth=depth, beta=BETA))
        for what in ("correlation", "variance")
    )
    return correlation, variance


@measured
def correlation(width: int, batch: int, depth: int) -> Estimate:
    """The correlation of gradients in real networks, all pairs of a batch together."""
    return ratio(network_moments(width, batch, depth))


@measured
def variance(width: int, batch: int, depth: int) -> Estimate:
    """V in real networks."""
    return mean(network_moments(width, batch, depth)[:, 1])


@measured
def network_moments(width: int, batch: int, depth: int) -> NDArray[np.float64]:
    """C and V of each network."""
    experiment = f"gap of batch normalisation, {width} wide, {depth} deep, {batch} inputs"
    return drawn(network(width, batch, depth), NETWORKS, _moments, experiment)


def _moments(seen: Pass) -> Tensor:
    """C and V, (B, 2)."""
    import torch

    products = gram(seen.slopes[0])
    batch = products.shape[1]
    squares = products.diagonal(dim1=1, dim2=2).sum(1)
    others = products.sum((1, 2)) - squares
    moments = torch.stack([others / (batch * (batch - 1)), squares / batch], dim=1)
    return moments / squared_norm(seen.slopes[-1])[:, :1]
