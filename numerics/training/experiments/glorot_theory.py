"""Sizes expected in the layers of deep nets at initialisation: in the linear regime, and for tanh as the width grows.

Result: standard deviations of activations, back-propagated gradients and weight gradients, the last two up to a factor that
all layers share; the theorems of ``theory.variance`` with the mean square of the inputs for Var x, as weights of mean 0 make
any input do. Width to infinity: the recursion of ``numerics.experiments.linear_regime``, example by example.

Reference: glorot2010, eqs 5 to 7; poole2016. Assumptions: those of the theorems, and at finite width the limit's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numerics.evaluate import function
from numerics.training.experiments.glorot_networks import weight_variances

NODES = 100  # of Gauss and Hermite: tanh(sqrt(V) x)^2 at V <= 2 to 1e-6, far below any standard error here

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Sizes:
    """activations: of z^1..z^d.  back, weights: of dC/ds^i and dC/dW^i, i = 0..d, in units of dC/ds^d."""

    activations: tuple[float, ...]
    back: tuple[float, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True)
class Expected:
    """wide: width to infinity, for tanh alone.  variances: the mean over examples of Var s^i, i = 0..d-1, of that limit."""

    name: str
    linear: Sizes
    wide: Sizes | None
    variances: tuple[float, ...]


def expected(name: str, widths: tuple[int, ...], lengths: Sequence[float]) -> Expected:
    """For the nets of a name of Table 1 and inputs of these mean squares, each over one example's features."""
    given = {"widths": widths, "weight_variances": weight_variances(name, widths)}
    linear = _linear(given, float(np.mean(lengths)))
    if not name.startswith("tanh"):
        return Expected(name, linear, None, ())
    wide, variances = _wide(given["widths"], given["weight_variances"], np.array(lengths))
    return Expected(name, linear, wide, variances)


def singular_value(found: Expected, name: str, widths: tuple[int, ...]) -> float:
    """The mean over the hidden layers' Jacobians dz^{i+1}/dz^i, i >= 1, of their mean singular value; tanh."""
    variances = weight_variances(name, widths)
    values = [
        function("variance.mean_singular_value")(scale=width * variance)
        * math.sqrt(function("variance.jacobian_factor")(activation="tanh", preactivation_variance=pre_activation))
        for width, variance, pre_activation in zip(widths[1:-2], variances[1:-1], found.variances[1:], strict=True)
    ]
    return float(np.mean(values))


def _linear(given: dict[str, tuple[float, ...]], length: float) -> Sizes:
    depth = len(given["widths"]) - 2
    q, g = {"input_variance": length}, {"output_gradient_variance": 1}
    activations = [function("variance.activation")(**given, **q, layer=i) for i in range(1, depth + 1)]
    back = [function("variance.backpropagated")(**given, **g, layer=i) for i in range(depth + 1)]
    weights = [function("variance.weight_gradient")(**given, **q, **g, layer=i) for i in range(depth + 1)]
    return Sizes(*(tuple(map(math.sqrt, each)) for each in (activations, back, weights)))


def _wide(widths: Sequence[float], variances: Sequence[float], lengths: Reals) -> tuple[Sizes, tuple[float, ...]]:
    """Example by example: forward by the mean of tanh^2, backward by the mean of tanh'^2."""
    lengths = np.quantile(lengths, np.linspace(0.005, 0.995, min(len(lengths), 100)))  # a hundred stand for all
    squares, pre = [lengths], []
    for below, variance in zip(widths[:-2], variances[:-1], strict=True):
        pre.append(below * variance * squares[-1])
        squares.append(_mean_square(pre[-1]))
    back = [np.ones_like(lengths)]
    for i in reversed(range(len(pre))):
        slopes = function("variance.jacobian_factor")(activation="tanh", preactivation_variance=pre[i])
        back.insert(0, widths[i + 2] * variances[i + 1] * slopes * back[0])
    weights = [float(np.mean(z * g)) for z, g in zip(squares, back, strict=True)]
    sizes = ([float(np.mean(each)) for each in column] for column in (squares[1:], back))
    roots = (tuple(map(math.sqrt, each)) for each in (*sizes, weights))
    return Sizes(*roots), tuple(float(np.mean(each)) for each in pre)


def _mean_square(variances: Reals) -> Reals:
    """E tanh(s)^2 for s ~ N(0, V), for each V."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    values: Reals = np.tanh(np.sqrt(variances)[:, None] * nodes) ** 2 @ weights / weights.sum()
    return values
