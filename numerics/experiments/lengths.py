"""The lengths M_j = |act^j|^2/n_j of rectifier networks, layer by layer: their means, and how much they fluctuate.

*Means* of M_1..M_d are plain averages over real networks, of any law of weights. Fluctuations have heavy tails: where the
reciprocal widths add up to 2, an average of M_d^2 needs e^40 networks. So E M_d^2 and the mean of the empirical variance
over layers are drawn under the law tilted by M_d^t, with exact weights (``numerics.sampling.tilting``,
``numerics.checks.lengths``); the relative variance of w M_d^2 is then about exp(5 (2 - t)^2 sum 1/n_j).

Reference: hanin2018start. Assumptions: M_0 = 1; for fluctuations normal weights of He's variance and no biases.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from numerics.checks.lengths import lengths, rectifier, weighted_variance
from numerics.ensembles import Weights
from numerics.evidence.kept import measured
from numerics.experiments.estimate import Estimate, drawn, mean
from numerics.sampling import tilting
from numerics.sampling.tilting import TiltedWalk

if TYPE_CHECKING:
    from torch import Tensor

NETWORKS = 300  # for each mean length
TILTED = 10_000  # for each estimate of fluctuations
TILT = 1.5  # t: at most a factor e^2.5 of relative variance where the reciprocal widths add up to 2


@measured
def mean_lengths(name: str, widths: tuple[int, ...], weights: Weights, bias: Weights | None) -> tuple[Estimate, ...]:
    """E M_1..E M_d; ``name``: of the initialisation, and of its streams."""
    real = rectifier(widths, weights, bias=bias)
    return tuple(mean(column) for column in drawn(real, NETWORKS, lengths, f"lengths, {name}").T)


@measured
def second_moment(widths: tuple[int, ...]) -> Estimate:
    """E M_d^2."""
    scale = 2 * math.log(widths[-1] / widths[0])  # M_d is n_0/n_d times the walk's |z|^2/|z^0|^2
    return _tilted(widths, "second moment", tilting.weighted_power(2, scale))


@measured
def layer_variance(widths: tuple[int, ...]) -> Estimate:
    """The mean of (1/d) sum M_j^2 - ((1/d) sum M_j)^2."""
    return _tilted(widths, "layer variance", weighted_variance(widths, TILT))


def _tilted(widths: tuple[int, ...], what: str, measure: Callable[[TiltedWalk], Tensor]) -> Estimate:
    experiment = f"{what} of lengths, {', '.join(map(str, widths))}"
    blocks = tilting.sample(rectifier(widths), TILTED, experiment=experiment, measure=measure, tilt=TILT)
    return mean(np.concatenate([block.numpy() for block in blocks]))
