"""Checks of ``shattering.*`` (balduzzi2017): rectifiers that two inputs meet, and gradients under fixed patterns.

*One layer of real rectifiers.* Its pre-activations of two inputs are normal with the inputs' correlation, independent
between units. Variances: of events p(1 - p); of 2 max(s, 0) max(s', 0) from the arc-cosine kernel of degree 2,
E max(s, 0)^2 max(s', 0)^2 = (3 sin t cos t + (pi - t)(1 + 2 cos^2 t))/(2 pi), cos t = rho (cho2009); of the mean over U
units one U-th. Of the product of two sums of aN and bN of N entries of variance 1/N: ab + min(a, b)^2 (Isserlis).

*Typical datapoints* are drawn as they are defined (``Gates``): fixed patterns, half of the N units active for either input,
a quarter for both. A module takes the gradients g, h at its output to

    g' = e g + b m * (W^T g),    h' = e h + b m' * (W^T h),    entries of W of variance v = 2/N.

Given g and h, the rows of W^T meet them as independent normal pairs. With c = <g, h>, E c' = (e^2 + b^2/2) c, and as
|c|, |m * g| and the like are at most |g||h| or |g|,

    E c'^2  <= (e^2 + b^2/2)^2 c^2 + (4 e^2 b^2 v + b^4 N v^2/2) |g|^2 |h|^2,
    E |g'|^4 <= ((e^2 + b^2)^2 + 4 e^2 b^2 v + b^4 N v^2) |g|^4,

and E |g|^2 |h|^2 <= E |g|^4 by Cauchy and Schwarz, since g and h have one law. At the output c = |g|^2 with N normal
entries of variance 1: E |g|^4 = N(N + 2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

from torch import Tensor

from numerics.checks.check import Check, derived, event_variance, mean_check
from numerics.ensembles import Activation, Affine, BatchNorm, Gates, Inputs, Network, Residual, Weights, dense
from numerics.sampling.choice import cheapest
from numerics.sampling.passes import Pass, gram, squared_norm

HE = Weights("normal", 2, "fan_in")
UNITS = 16  # whose mean is taken: independent, since the inputs are fixed
WIDTH = 64  # of gated networks: wide enough that inner products have light tails, narrow enough to be cheap

WORDS = {"variance": "|g|^2/N", "covariance": "<g, h>/N", "correlation": "<g, h>/N over the derived variance"}

Module = tuple[float, float]  # e, b


def checks() -> tuple[Check, ...]:
    """The checks of this subject; between them, each constant of a formula matters somewhere."""
    half, third, most, twice, large = Fraction(1, 2), Fraction(1, 3), Fraction(4, 5), Fraction(2), Fraction(20)
    return (
        *map(_coactivation, (Fraction(3, 5), Fraction(-4, 5))),
        *map(_relu_step, (Fraction(3, 5), Fraction(-1, 2), Fraction(1))),
        *map(_batch, (4, 12)),
        _brownian(8, 3, 6),
        _brownian(8, 6, 3),
        _feedforward("feedforward_variance", 3, "variance"),
        *(_feedforward("feedforward_correlation", depth, "correlation") for depth in (1, 3)),
        *(_resnet(depth, alpha, beta) for depth, alpha, beta in ((3, most, half), (3, third, twice))),
        *(_resnet_correlation(depth, beta) for depth, beta in ((3, half), (4, twice))),
        *(_highway(depth, gamma) for depth, gamma in ((3, third), (4, most), (5, Fraction(7, 10)))),
        *(
            _normalized(q, depth, beta)
            for q in WORDS
            for depth, beta in ((4, half), (4, twice), (4, large), (1, twice))
        ),
    )


# --- one layer -------------------------------------------------------------------------------------


def _rectifiers(rho: Fraction) -> Network:
    """Pre-activations of variance 1 and correlation rho."""
    return dense((2, UNITS), Weights(), inputs=Inputs((2,), 2, float(rho)))


def _coactivation(rho: Fraction) -> Check:
    def both(seen: Pass) -> Tensor:
        return (seen.pre_activations[0] > 0).all(1).double().mean(1)

    about = ({"correlation": rho}, f"share of {UNITS} units active for both inputs", _rectifiers(rho), both)
    return mean_check("shattering.coactivation", *about, lambda mean: event_variance(mean) / UNITS)


def _relu_step(rho: Fraction) -> Check:
    def product(seen: Pass) -> Tensor:
        return 2 * seen.pre_activations[0].double().clamp(min=0).prod(1).mean(1)

    def variance(mean: float) -> float:
        angle = math.acos(rho)
        kernel = 3 * math.sin(angle) * math.cos(angle) + (math.pi - angle) * (1 + 2 * math.cos(angle) ** 2)
        return (4 * kernel / (2 * math.pi) - mean**2) / UNITS

    about = ({"correlation": rho}, f"mean of 2 max(s, 0) max(s', 0) over {UNITS} units", _rectifiers(rho), product)
    return mean_check("shattering.relu_step", *about, variance)


def _batch(size: int) -> Check:
    """Orthogonal inputs, whose pre-activations are independent; the scale does not change a sign."""

    def both(seen: Pass) -> Tensor:
        return (seen.values[-1][:, :2] > 0).all(1).double().mean(1)

    network = Network(Inputs((size,), size), (Affine(UNITS, Weights()), BatchNorm()))
    about = ({"batch": size}, f"share of {UNITS} units active for the first two inputs", network, both)
    return mean_check("shattering.normalized_coactivation", *about, lambda mean: event_variance(mean) / UNITS)


def _brownian(width: int, first: int, second: int) -> Check:
    shares = Fraction(first, width), Fraction(second, width)

    def product(seen: Pass) -> Tensor:
        normal = seen.values[0][:, 0].double()
        return normal[:, :first].sum(1) * normal[:, :second].sum(1) / width

    def variance(mean: float) -> float:
        return float(shares[0] * shares[1]) + mean**2

    network = dense((width, 1), Weights(), inputs=Inputs((width,), squared_length=width, random=True))
    parameters = dict(zip(("s", "t"), shares, strict=True))
    return mean_check(
        "shattering.brownian_covariance", parameters, "partial sums of normal slopes", network, product, variance
    )


# --- typical datapoints ----------------------------------------------------------------------------


def _gated(modules: Sequence[Module]) -> Network:
    """x -> e x + b W (patterns * x), one module after the other; the identity if there is none."""
    body = (Gates(), Affine(WIDTH, HE))
    layers = tuple(Residual(body, skip, branch) for skip, branch in modules)
    return Network(Inputs((WIDTH,), 2), layers or (Activation("linear"),))


def _moments(modules: Sequence[Module]) -> tuple[float, float]:
    """Bounds on E |g|^4/N^2 and E <g, h>^2/N^2 at the inputs, by the recursion of the module's docstring."""
    variance = 2 / WIDTH
    fourth = inner = (WIDTH + 2) / WIDTH
    for skip, branch in reversed(modules):
        e, b = skip**2, branch**2
        inner = (e + b / 2) ** 2 * inner + (4 * e * b * variance + b**2 * WIDTH * variance**2 / 2) * fourth
        fourth *= (e + b) ** 2 + 4 * e * b * variance + b**2 * WIDTH * variance**2
    return fourth, inner


def _gradients(
    theorem: str, parameters: Mapping[str, Any], modules: Sequence[Module], quantity: str, scale: Callable[[], float]
) -> Check:
    """<g, g>/N, or <g, h>/N, at the inputs, divided by ``scale``: for a correlation, the derived variance."""
    network, (fourth, inner) = _gated(modules), _moments(modules)

    def measure(seen: Pass) -> Tensor:
        if quantity == "variance":
            return squared_norm(seen.slopes[0])[:, 0] / WIDTH / scale()
        return gram(seen.slopes[0])[:, 0, 1] / WIDTH / scale()

    def variance(mean: float) -> float:
        return (fourth if quantity == "variance" else inner) / scale() ** 2 - mean**2

    about = (parameters, f"{WORDS[quantity]}, N = {WIDTH}, fixed patterns", network, measure, variance)
    return mean_check(f"shattering.{theorem}", *about, sampler=cheapest(network))


def _feedforward(theorem: str, depth: int, quantity: str) -> Check:
    return _gradients(theorem, {"depth": depth}, [(0.0, 1.0)] * depth, quantity, lambda: 1.0)


def _resnet(depth: int, alpha: Fraction, beta: Fraction) -> Check:
    parameters = {"depth": depth, "alpha": alpha, "beta": beta}
    modules = [(float(alpha), float(alpha * beta))] * depth
    return _gradients("resnet_variance", parameters, modules, "variance", lambda: 1.0)


def _resnet_correlation(depth: int, beta: Fraction) -> Check:
    parameters = {"depth": depth, "alpha": Fraction(1), "beta": beta}
    modules = [(1.0, float(beta))] * depth
    variance = _derived("resnet_variance", parameters)
    return _gradients("resnet_correlation", parameters, modules, "correlation", variance)


def _highway(depth: int, gamma: Fraction) -> Check:
    """The variance is 1, since the squares of skip and branch add to 1."""
    modules = [(float(gamma), math.sqrt(1 - gamma**2))] * depth
    return _gradients("highway_correlation", {"depth": depth, "gamma1": gamma}, modules, "correlation", lambda: 1.0)


def _normalized(quantity: str, depth: int, beta: Fraction) -> Check:
    """Layer r divides by the expected deviation of its input, whose variance is 1 at the first layer."""
    parameters = {"depth": depth, "beta": beta}
    modules = [(1.0, float(beta) / math.sqrt(beta**2 * (r - 1) + 1)) for r in range(1, depth)]
    scale = _derived("normalized_resnet_variance", parameters) if quantity == "correlation" else lambda: 1.0
    return _gradients(f"normalized_resnet_{quantity}", parameters, modules, quantity, scale)


def _derived(theorem: str, parameters: Mapping[str, Any]) -> Callable[[], float]:
    """A theorem's value, derived when it is first asked for."""
    return cache(lambda: derived(f"shattering.{theorem}", **parameters))
