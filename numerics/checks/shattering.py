"""Checks of ``shattering.*``: what two jointly normal pre-activations do, and the covariance of partial sums.

The inputs of a network are independent standard normal numbers, x; s = x_1 and s' = rho x_1 + sqrt(1 - rho^2) x_2
have correlation rho. Variances: of events p(1 - p); of 2 max(s, 0) max(s', 0) from the arc-cosine kernel of
degree 2, E max(s, 0)^2 max(s', 0)^2 = (3 sin t cos t + (pi - t)(1 + 2 cos^2 t))/(2 pi), cos t = rho (cho2009); of
the product of two sums of aN and bN of N entries of variance 1/N: a b + min(a, b)^2 (Isserlis).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from torch import Tensor

from numerics.checks.check import Check, event_variance, mean_check
from numerics.ensembles import Dense
from numerics.sampling.direct import Pass


def checks() -> tuple[Check, ...]:
    """The checks of this subject."""
    return (_coactivation(Fraction(3, 5)), _relu_step(Fraction(3, 5)), _batch(4), _brownian(8, 3, 6))


def _check(
    theorem: str,
    parameters: Mapping[str, Any],
    inputs: int,
    function: Callable[[Tensor], Tensor],
    quantity: str,
    variance: Callable[[float], float],
) -> Check:
    """The mean of a function of independent standard normal numbers, in double precision."""

    def measure(seen: Pass) -> Tensor:
        return function(seen.activations[0].double())

    return mean_check(f"shattering.{theorem}", parameters, quantity, Dense((inputs, 1), (1.0,)), measure, variance)


def _pair(normal: Tensor, rho: Fraction) -> tuple[Tensor, Tensor]:
    first = normal[:, 0]
    return first, float(rho) * first + math.sqrt(1 - rho**2) * normal[:, 1]


def _coactivation(rho: Fraction) -> Check:
    def both(normal: Tensor) -> Tensor:
        first, second = _pair(normal, rho)
        return ((first > 0) & (second > 0)).double()

    return _check("coactivation", {"correlation": rho}, 2, both, "s > 0 and s' > 0", event_variance)


def _relu_step(rho: Fraction) -> Check:
    def product(normal: Tensor) -> Tensor:
        first, second = _pair(normal, rho)
        return 2 * first.clamp(min=0) * second.clamp(min=0)

    def variance(mean: float) -> float:
        angle = math.acos(rho)
        kernel = 3 * math.sin(angle) * math.cos(angle) + (math.pi - angle) * (1 + 2 * math.cos(angle) ** 2)
        return 4 * kernel / (2 * math.pi) - mean**2

    return _check("relu_step", {"correlation": rho}, 2, product, "2 max(s, 0) max(s', 0)", variance)


def _batch(size: int) -> Check:
    def both(normal: Tensor) -> Tensor:
        centred = normal - normal.mean(1, keepdim=True)
        return ((centred[:, 0] > 0) & (centred[:, 1] > 0)).double()

    return _check("normalized_coactivation", {"batch": size}, size, both, "x_1 and x_2 above the mean", event_variance)


def _brownian(width: int, fewer: int, more: int) -> Check:
    shares = Fraction(fewer, width), Fraction(more, width)

    def product(normal: Tensor) -> Tensor:
        return normal[:, :fewer].sum(1) * normal[:, :more].sum(1) / width

    def variance(mean: float) -> float:
        return float(shares[0] * shares[1]) + mean**2

    parameters = dict(zip(("s", "t"), shares, strict=True))
    return _check("brownian_covariance", parameters, width, product, "partial sums of normal slopes", variance)
