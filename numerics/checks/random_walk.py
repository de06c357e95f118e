"""Checks of ``random_walk.*`` (sussillo2014) in real networks: real masks, real backward pass.

The network has equal widths N, a fixed unit input and weight matrices W^0..W^D. Its ratios are
z_i = |delta^i|^2/|delta^(i+1)|^2, i = 0..D-1, and Z = |delta^0|^2/|delta^D|^2 is their product. The masks in
delta^i are those of the forward pass, which depend on the matrices that the backward pass meets: that they
may be taken as fair coins is sampled too. Where a rectifier layer is dead, delta^0 = 0; such networks are NaN,
and counted.

A gain is checked in a network that uses it: with weights of variance g^2/N the mean of ln Z is 0, and D layers
whose gain is wrong by the factor 1 + r shift it by 2 D ln(1 + r). The networks, and the derived variances of what is
measured, are in ``numerics.checks.walks``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from numerics.checks import walks
from numerics.checks.check import (
    Check,
    Claim,
    IndependenceClaim,
    LawClaim,
    MeanClaim,
    derived,
    event_variance,
    mean_check,
)
from numerics.checks.moments import ratio_power
from numerics.checks.walks import Measure, Variance
from numerics.ensembles import Network
from numerics.evaluate import function
from numerics.evidence import relative
from numerics.sampling.passes import Pass, squared_norm

BOTTOM = "|delta^0|^2/|delta^1|^2"


def checks() -> tuple[Check, ...]:
    """The checks of this subject, where the value is far from 0 and where each constant of a formula matters."""
    return (*_of_one_layer(), *_of_walks(), *_of_gains())


def _of_one_layer() -> tuple[Check, ...]:
    eighth, quarter, half, wide = Fraction(1, 8), Fraction(1, 4), Fraction(1, 2), Fraction(3, 5)
    high = Fraction(489, 2000)  # of one unit, z^-2s has a mean below 1/4 alone
    return (
        _transform("ratio_transform", {"N": 3, "slope": quarter}, Fraction(2)),
        _transform("ratio_transform", {"N": 20, "slope": wide}, Fraction(8)),
        *(_transform("active_transform", {"N": width}, Fraction(s)) for width, s in ((3, 2), (1, 12), (20, 6))),
        *(_log_mean("linear", width, 8, walks.log_variance("linear", width)) for width in (2, 3)),
        _log_variance("linear", 5),
        *(_log_mean("relu", n, depth, walks.log_variance("relu", n)) for n, depth in ((4, 3), (1, 1), (37, 3))),
        *(_log_variance("relu", width, ratios) for width, ratios in ((4, 3), (1, 1), (37, 3))),
        _log_mean("leaky", 4, 4, walks.leaky_bound(4, quarter), slope=quarter),
        _log_mean("leaky", 5, 4, walks.leaky_bound(5, Fraction(1)), slope=Fraction(1)),
        _log_mean("leaky", 37, 4, walks.leaky_bound(37, wide), slope=wide),
        _dead_probability(2),
        _ratio_cdf("linear", 3, Fraction(1)),
        _ratio_cdf("linear", 37, Fraction(6, 7)),
        *(_ratio_cdf("relu", width, level) for width, level in ((3, half), (1, Fraction(6, 7)), (37, Fraction(6, 7)))),
        *(_ratio_law(activation, width) for activation, width in (("linear", 4), ("relu", 4), ("relu", 37))),
        _power("ratio_power", {"N": 3, "activation": "relu"}, Fraction(1, 5)),
        *(_power("ratio_power", {"N": 1, "activation": "relu"}, s) for s in (eighth, high)),
        _power("ratio_power", {"N": 37, "activation": "relu"}, Fraction(1, 7)),
    )


def _of_walks() -> tuple[Check, ...]:
    low, high, below = Fraction(6, 7), Fraction(15, 7), Fraction(-8, 7)
    return (
        _walk_mean("linear", 2, 5, Fraction(2)),
        _walk_mean("linear", 5, 1, Fraction(6, 7)),
        _walk_mean("relu", 4, 3, Fraction(3)),
        _walk_mean("relu", 1, 1, Fraction(5, 2)),
        _walk_variance("linear", 3, 4, Fraction(6, 5)),
        *(_walk_variance("relu", width, depth, Fraction(3, 2)) for width, depth in ((4, 3), (1, 1), (37, 2))),
        _power("walk_power", {"N": 3, "depth": 3, "activation": "linear"}, Fraction(1, 6)),
        _power("walk_power", {"N": 37, "depth": 5, "activation": "linear"}, Fraction(5, 14)),
        _independent_ratios("linear", 3, 5),
        _independent_ratios("relu", 4, 5),
        _walk_cdf("linear", 3, 3, Fraction(1), Fraction(0)),
        _walk_cdf("linear", 2, 1, low, below),
        *(_walk_cdf("linear", n, 2, low, level) for n, level in ((5, below), (7, below), (2, Fraction(12)))),
        _walk_cdf("linear", 2, 12, high, Fraction(9)),
        _walk_cdf("relu", 4, 3, Fraction(1), Fraction(-4)),
        _walk_cdf("relu", 1, 1, low, below),
        _walk_cdf("relu", 5, 2, low, Fraction(-3)),
        _walk_cdf("relu", 5, 2, high, Fraction(12)),
        _walk_cdf("relu", 5, 8, low, Fraction(-14)),
        _walk_cdf("relu", 16, 4, low, Fraction(-5)),
        _walk_cdf("relu", 2, 5, high, Fraction(1, 7)),
    )


def _of_gains() -> tuple[Check, ...]:
    half, none, wide = Fraction(1, 2), Fraction(0), Fraction(5, 7)
    return (
        *(_gain("linear_gain", "linear", width, 4, walks.log_variance("linear", width)) for width in (3, 1, 37)),
        *(
            _gain("relu_gain", "relu", n, depth, walks.log_variance("relu", n))
            for n, depth in ((4, 4), (12, 4), (1, 1))
        ),
        *(
            _gain("leaky_relu_gain", "relu", n, depth, walks.log_variance("relu", n), slope=none)
            for n, depth in ((3, 3), (1, 1), (37, 3))
        ),
        *(
            _gain("leaky_relu_gain", "leaky_relu", n, 4, walks.leaky_bound(n, slope), slope=slope)
            for n, slope in ((4, half), (1, Fraction(2, 7)), (37, wide))
        ),
        *(
            _gain("orthogonal_relu_gain", "relu", n, depth, walks.orthogonal_variance(n), law="orthogonal")
            for n, depth in ((4, 3), (1, 1), (2, 2), (37, 3))
        ),
    )


def _mean_check(
    theorem: str,
    parameters: Mapping[str, Any],
    quantity: str,
    network: Network,
    measure: Measure,
    variance: Callable[[float], float],
) -> Check:
    return mean_check(
        f"random_walk.{theorem}", parameters, quantity, variance=variance, **walks.about(network, measure)
    )


# --- one layer ---------------------------------------------------------------------------------------------


def _transform(theorem: str, at: Mapping[str, Any], rate: Fraction) -> Check:
    """exp(-s z) of the bottom ratio of two; its square is exp(-2s z)."""
    slope = at.get("slope")
    above = 1 if at["N"] == 1 else 2  # of networks of single units, every further layer would lose half
    network = walks.network("relu" if slope is None else "leaky_relu", at["N"], above, slope=slope)

    def variance(mean: float) -> float:
        return derived(f"random_walk.{theorem}", **at, s=2 * rate) - mean**2

    def measure(seen: Pass) -> Tensor:
        return (-float(rate) * walks.ratio(seen, 1)).exp()

    return _mean_check(theorem, {**at, "s": rate}, f"exp(-s z), z = {BOTTOM}", network, measure, variance)


def _dead_probability(width: int) -> Check:
    def dead(seen: Pass) -> Tensor:
        return (squared_norm(seen.activations[1])[:, 0] == 0).double()

    parameters, network = {"N": width}, walks.network("relu", width, 1)
    return mean_check("random_walk.dead_probability", parameters, "z^1 = 0", network, dead, event_variance)


def _ratio_cdf(activation: str, width: int, bound: Fraction) -> Check:
    def below(seen: Pass) -> Tensor:
        return walks.at_most(walks.ratio(seen, 1), bound)

    parameters = {"N": width, "ratio": bound, "activation": activation}
    network = walks.network(activation, width, 2)
    return _mean_check("ratio_cdf", parameters, f"{BOTTOM} <= ratio", network, below, event_variance)


def _cdf(activation: str, width: int) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """The derived distribution function of the ratio of one layer."""
    evaluated = function("random_walk.ratio_cdf", "numpy")
    return lambda ratios: evaluated(N=width, ratio=ratios, activation=activation)


def _ratio_law(activation: str, width: int) -> Check:
    """The whole law of the bottom ratio of two."""
    network = walks.network(activation, width, 2)

    def claim(value: float, detect: float) -> Claim:
        about = walks.about(network, lambda seen: walks.ratio(seen, 1))
        return LawClaim(cdf=_cdf(activation, width), distance=detect, **about)

    parameters = {"N": width, "activation": activation}
    return Check("random_walk.ratio_cdf", parameters, f"the law of {BOTTOM}", claim, of_function=True)


def _independent_ratios(activation: str, width: int, depth: int) -> Check:
    """The hypothesis of the walk's theorems: what makes products of ratios accessible where they have heavy tails."""
    network = walks.network(activation, width, depth)

    def ratios(seen: Pass) -> Tensor:
        return torch.stack([walks.ratio(seen, below + 1, below) for below in range(depth)], dim=1)

    def claim(value: float, detect: float) -> Claim:
        about = walks.about(network, ratios)
        return IndependenceClaim(cdf=_cdf(activation, width), distance=detect, factors=depth, **about)

    parameters = {"N": width, "depth": depth, "activation": activation}
    return Check("random_walk.walk_cdf", parameters, f"independence of the {depth} ratios", claim, of_function=True)


def _power(theorem: str, at: Mapping[str, Any], power: Fraction) -> Check:
    """z^-s, whose square is z^-2s, for the lowest ratios."""
    depth = at.get("depth", 1)

    def variance(mean: float) -> float:
        return ratio_power(at["activation"], at["N"], -2 * float(power)) ** depth - mean**2

    def measure(seen: Pass) -> Tensor:
        return walks.ratio(seen, depth).pow(-float(power))

    above = 0 if at["N"] == 1 else 1  # of networks of single units, a further layer would lose half
    network = walks.network(at["activation"], at["N"], depth + above)
    return _mean_check(theorem, {**at, "s": power}, f"({walks.product(depth)})^-s", network, measure, variance)


# --- logarithms --------------------------------------------------------------------------------------------


def _log_mean(activation: str, width: int, depth: int, variance: Variance, slope: Fraction | None = None) -> Check:
    network = walks.network(activation if slope is None else "leaky_relu", width, depth, slope=slope)
    return _mean_check(
        f"{activation}_log_mean",
        _with_slope(width, slope),
        f"(ln {walks.product(depth)})/{depth}",
        network,
        lambda seen: walks.log_walk(seen) / depth,
        lambda mean: variance() / depth,
    )


def _with_slope(width: int, slope: Fraction | None) -> dict[str, Any]:
    return {"N": width} if slope is None else {"N": width, "slope": slope}


def _walk_mean(activation: str, width: int, depth: int, gain: Fraction) -> Check:
    return _mean_check(
        "walk_mean",
        {"N": width, "depth": depth, "gain": gain, "activation": activation},
        f"ln {walks.product(depth)}",
        walks.network(activation, width, depth, float(gain)),
        walks.log_walk,
        lambda mean: depth * walks.log_variance(activation, width)(),
    )


def _walk_cdf(activation: str, width: int, depth: int, gain: Fraction, level: Fraction) -> Check:
    return _mean_check(
        "walk_cdf",
        {"N": width, "depth": depth, "gain": gain, "activation": activation, "log_ratio": level},
        f"ln {walks.product(depth)} <= log_ratio",
        walks.network(activation, width, depth, float(gain)),
        lambda seen: walks.at_most(walks.log_walk(seen), level),
        event_variance,
    )


def _log_variance(activation: str, width: int, ratios: int = 3) -> Check:
    """The squared distance of ln z from its derived mean, averaged over independent ratios."""
    network = walks.network(activation, width, ratios)
    mean = cache(lambda: derived(f"random_walk.{activation}_log_mean", N=width))

    def measure(seen: Pass) -> Tensor:
        logs = [walks.ratio(seen, below + 1, below).log() for below in range(ratios)]
        return (torch.stack(logs) - mean()).square().mean(0)

    def claim(value: float, detect: float) -> Claim:
        variance = walks.squared_walk_variance(activation, width, 1) / ratios
        shift = relative(value, detect)
        return MeanClaim(mean=value, variance=variance, shift=shift, **walks.about(network, measure))

    quantity = f"(ln z - mean)^2 over the {ratios} ratios z"
    return Check(f"random_walk.{activation}_log_variance", {"N": width}, quantity, claim)


def _walk_variance(activation: str, width: int, depth: int, gain: Fraction) -> Check:
    """The squared distance of ln Z from its derived mean."""
    parameters = {"N": width, "depth": depth, "gain": gain, "activation": activation}
    network = walks.network(activation, width, depth, float(gain))

    mean = cache(lambda: derived("random_walk.walk_mean", **parameters))

    def measure(seen: Pass) -> Tensor:
        return (walks.log_walk(seen) - mean()).square()

    def claim(value: float, detect: float) -> Claim:
        variance = walks.squared_walk_variance(activation, width, depth)
        shift = relative(value, detect)
        return MeanClaim(mean=value, variance=variance, shift=shift, **walks.about(network, measure))

    return Check("random_walk.walk_variance", parameters, f"(ln {walks.product(depth)} - mean)^2", claim)


def _gain(
    theorem: str,
    activation: str,
    width: int,
    depth: int,
    variance: Variance,
    slope: Fraction | None = None,
    law: str = "normal",
) -> Check:
    """A network of the derived gain is drawn. Believe another gain, and ln Z has the mean 2 D ln(derived/other) in it."""
    parameters = _with_slope(width, slope)

    @cache
    def drawn() -> tuple[float, dict[str, Any]]:
        gain = derived(f"random_walk.{theorem}", **parameters)
        return gain, walks.about(walks.network(activation, width, depth, gain, slope, law), walks.log_walk)

    def claim(believed: float, detect: float) -> Claim:
        gain, about = drawn()
        mean, shift = 2 * depth * math.log(gain / believed), 2 * depth * math.log1p(detect)
        return MeanClaim(mean=mean, variance=depth * variance(), shift=shift, **about)

    quantity = f"ln {walks.product(depth)} at the derived gain"
    return Check(f"random_walk.{theorem}", parameters, quantity, claim)
