"""Checks of ``probability.*``: the squared norm S of k standard normal inputs is chi-square with k degrees.

Variances: Var h(S) = E h(S)^2 - (E h(S))^2, where the square of exp(-sS) is exp(-2sS), that of S^-s is S^-2s,
Var ln S is psi'(k/2), and E S^p and E (ln S)^4 are in ``numerics.checks.moments``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import torch
from scipy.special import polygamma
from torch import Tensor

from numerics.checks.check import Check, derived, event_variance, mean_check
from numerics.checks.moments import chi_square_power, log_fourth_moment
from numerics.ensembles import Inputs, Weights, dense
from numerics.sampling.passes import Pass, squared_norm


def checks() -> tuple[Check, ...]:
    """The checks of this subject; between them, each constant of a formula matters somewhere."""
    return (
        _transform("gaussian_transform", 1, {"s": Fraction(1, 2)}),
        _transform("gaussian_transform", 1, {"s": Fraction(12)}),
        _transform("chi_square_transform", 3, {"k": 3, "s": Fraction(1, 2)}),
        _transform("chi_square_transform", 5, {"k": 5, "s": Fraction(1, 2)}),
        _transform("chi_square_density", 4, {"k": 4, "s": Fraction(1, 3)}),
        _transform("chi_square_density", 8, {"k": 8, "s": Fraction(1, 3)}),
        *map(_log_mean, (4, 2)),
        *map(_log_square, (4, 2, 12)),
        _cdf(3, Fraction(3)),
        _cdf(12, Fraction(8)),
        _power(3, Fraction(1, 5)),
        _power(37, Fraction(5, 14)),
    )


def _check(
    theorem: str,
    parameters: Mapping[str, Any],
    degrees: int,
    function: Callable[[Tensor], Tensor],
    quantity: str,
    variance: Callable[[float], float],
) -> Check:
    """``function`` of S, whose variance is a function of its mean."""

    def measure(seen: Pass) -> Tensor:
        return function(squared_norm(seen.activations[0])[:, 0])

    network = dense((degrees, 1), Weights(), inputs=Inputs((degrees,), squared_length=degrees, random=True))
    return mean_check(f"probability.{theorem}", parameters, f"{quantity}, S = |x|^2", network, measure, variance)


def _transform(theorem: str, degrees: int, at: Mapping[str, Any]) -> Check:
    rate = at["s"]

    def variance(mean: float) -> float:
        return derived(f"probability.{theorem}", **{**at, "s": 2 * rate}) - mean**2

    return _check(theorem, at, degrees, lambda squares: (-float(rate) * squares).exp(), "exp(-s S)", variance)


def _log_mean(degrees: int) -> Check:
    def variance(mean: float) -> float:
        return float(polygamma(1, degrees / 2))

    return _check("chi_square_log_mean", {"k": degrees}, degrees, torch.log, "ln S", variance)


def _log_square(degrees: int) -> Check:
    def variance(mean: float) -> float:
        return log_fourth_moment(degrees, 0.0) - mean**2

    parameters = {"k": degrees}
    return _check(
        "chi_square_log_square", parameters, degrees, lambda squares: squares.log() ** 2, "(ln S)^2", variance
    )


def _cdf(degrees: int, level: Fraction) -> Check:
    def below(squares: Tensor) -> Tensor:
        return (squares <= float(level)).double()

    parameters = {"k": degrees, "level": level}
    return _check("chi_square_cdf", parameters, degrees, below, "S <= level", event_variance)


def _power(degrees: int, power: Fraction) -> Check:
    def variance(mean: float) -> float:
        return chi_square_power(degrees, -2 * float(power)) - mean**2

    parameters = {"k": degrees, "s": power}
    return _check("chi_square_power", parameters, degrees, lambda squares: squares ** -float(power), "S^-s", variance)
