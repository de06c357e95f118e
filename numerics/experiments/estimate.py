"""Estimates with standard errors, to be read and drawn; no verdict rests on them.

Result. For independent pairs (X_j, Y_j) of means (x, y) the quotient r = mean X/mean Y has, to first order in 1/n, the
variance Var(X - (x/y) Y)/(n y^2) (the delta method: stuart1994, section 10.6).
Assumption: finite fourth moments; where tails are heavy an error bar is itself a rough estimate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from numerics.ensembles import Network
from numerics.evidence import RUN_ALPHA, ErrorBudget
from numerics.sampling.choice import cheapest
from numerics.sampling.passes import Pass
from numerics.statistics import moments

if TYPE_CHECKING:
    from torch import Tensor

BETA = 1e-3  # the chance that a claim wrong by a check's shift passes it
VERDICTS = 64  # declared: at most so many are given, each at RUN_ALPHA/VERDICTS


@dataclass(frozen=True)
class Estimate:
    """A ``value`` and its standard ``error``."""

    value: float
    error: float


def rates() -> dict[str, Any]:
    """The error rates of one verdict: the false-alarm rate of a run, divided evenly."""
    return {"alpha": ErrorBudget(VERDICTS, RUN_ALPHA).take(), "beta": BETA}


def drawn(network: Network, networks: int, measure: Callable[[Pass], Tensor], experiment: str) -> NDArray[np.float64]:
    """What is measured of that many networks, a row each, by the cheapest sampler; rows with a NaN are left out."""
    blocks = cheapest(network).sample(network, networks, experiment=experiment, measure=measure, device="cpu")
    values = np.concatenate([block.numpy() for block in blocks])
    kept: NDArray[np.float64] = values[~np.isnan(values).reshape(len(values), -1).any(axis=1)]
    return kept


def mean(values: NDArray[np.float64]) -> Estimate:
    """The mean of a vector."""
    found = moments(values)
    return Estimate(found.mean, found.standard_error)


def variance(values: NDArray[np.float64]) -> Estimate:
    """The variance of a vector."""
    found = moments(values)
    return Estimate(found.variance, math.sqrt(max(found.variance_of_variance, 0.0)))


def ratio(values: NDArray[np.float64]) -> Estimate:
    """The mean of the first column over the mean of the second, of shape (n, 2)."""
    above, below = map(float, values.mean(axis=0))
    residual = moments(values[:, 0] - above / below * values[:, 1])
    return Estimate(above / below, residual.standard_error / abs(below))
