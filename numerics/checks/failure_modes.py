"""Checks of ``failure_modes.*`` (hanin2018start): lengths in real rectifier networks, dead layers, logarithms.

Every symmetric law is meant, so laws of several kurtoses are drawn. Means of lengths and of their squares have heavy tails:
small depths are drawn as they are, deep narrow networks from the tilted law of their lengths
(``numerics.sampling.tilting``), whose moments are summed, not taken from the theorems. The networks, and the derived
variances, are in ``numerics.checks.lengths``.

``resnet_mean_length`` is sampled for modules of mean 0, where it holds at every width. For modules that end in a rectifier
it is a limit, width to infinity: from the second module on no network has this value.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import Any

import torch
from torch import Tensor

from numerics.checks import lengths
from numerics.checks.check import Check, derived, event_variance, mean_check
from numerics.checks.moments import log_ratio_fourth_moment
from numerics.ensembles import Inputs, Network, Weights, dense, residual
from numerics.sampling import tilting
from numerics.sampling.choice import cheapest
from numerics.sampling.laws import CUT_VARIANCE
from numerics.sampling.passes import Pass, squared_norm
from numerics.sampling.tilting import Tilted
from theory.failure_modes.initialisations import INITIALISATIONS

Widths = tuple[int, ...]
NORMAL, UNIFORM, SIGN = Weights(), Weights("uniform"), Weights("sign")
DEEP = (10,) * 51  # a plain average of M_50^2 over 7e28 networks errs by one per cent
FANS = {"he": (2.0, "fan_in"), "glorot": (1.0, "fan_average"), "lecun": (1.0, "fan_in"), "torch": (1 / 3, "fan_in")}


def checks() -> tuple[Check, ...]:
    """The checks of this subject, where each constant of a formula matters somewhere."""
    return (*_of_means(), *_of_second_moments(), *_of_logarithms(), *_of_layers())


def _of_means() -> tuple[Check, ...]:
    half, grows = Fraction(1, 2), Fraction(3, 2)
    return (
        _mean_length("normal", (3, 12, 10), grows, Fraction(0), Fraction(2)),
        _mean_length("sign", (3, 8, 9), grows, Fraction(1), Fraction(0)),
        _mean_length("uniform", (4, 16, 20, 15), Fraction(3, 4), half, Fraction(2)),
        _residual((Fraction(3, 2), Fraction(1)), 16, 12),
        _residual((Fraction(2),), 24, 16),
    )


def _of_second_moments() -> tuple[Check, ...]:
    none, one, two = Fraction(0), Fraction(1), Fraction(2)
    half = Weights("sparse", density=0.5)
    return (
        _second_moment_step(1, 2, SIGN, one, none, NORMAL),
        _second_moment_step(3, 4, SIGN, none, Fraction(5, 2), SIGN),
        _second_moment_step(3, 16, UNIFORM, two, Fraction(3, 2), SIGN),
        _second_moment_step(2, 32, half, Fraction(3, 2), one, UNIFORM),
        second_moment((3, 32, 40)),
        _deep_second_moment(DEEP, Fraction(9, 5)),
        _layer_variance((3, 40, 60, 50)),
        _module_second_moment(Fraction(1, 2), 2, 24),
        _module_second_moment(Fraction(2), 24, 12),
        _deep_layer_variance((10, 8, 12, 10, 9, 11, 10), Fraction(3, 2)),
    )


def _of_logarithms() -> tuple[Check, ...]:
    narrow, wide = ((5, 4, 3, 4), (2, 1), (3, 2, 3)), (3, 8, 9, 8, 9, 8, 9)  # wide: ln 2 is large against its mean
    return (*map(_log_mean, (*narrow, wide)), *map(_log_variance, narrow))


def _of_layers() -> tuple[Check, ...]:
    return (
        _dead_layer((4, 2, 1, 3)),
        _dead_layer((2, 2, 3)),
        _dead_layer((3, 1)),
        *(_truncated(cut) for cut in (Fraction(4, 5), Fraction(2))),
        *(_length_factor(init, 3, 8) for init in INITIALISATIONS),
    )


def _check(theorem: str, parameters: dict[str, Any], quantity: str, network: Network, *what: Any, **about: Any) -> Check:
    """``mean_check`` in this subject, by the cheapest sampler if no other is named."""
    about = {"sampler": cheapest(network), **about}
    return mean_check(f"failure_modes.{theorem}", parameters, quantity, network, *what, **about)


# --- means -------------------------------------------------------------------------------------------------


def _mean_length(law: str, widths: Widths, scale: Fraction, bias_variance: Fraction, input_length: Fraction) -> Check:
    numbers = {"scale": scale, "bias_variance": bias_variance, "input_length": input_length}
    inputs = Inputs((widths[0],), squared_length=float(widths[0] * input_length))
    bias = Weights(law, float(bias_variance)) if bias_variance else None
    network = lengths.rectifier(widths, Weights(law, float(2 * scale), "fan_in"), inputs=inputs, bias=bias)
    variance = lengths.length_variance(widths, scale, bias_variance, input_length)
    quantity = f"M_{len(widths) - 1}, {law} weights"
    return _check(
        "mean_length", {"widths": widths, **numbers}, quantity, network, lengths.last_length, lambda _: variance
    )


def _modules(theorem: str, parameters: dict[str, Any], scales: tuple[Fraction, ...], sizes: Widths, power: int) -> Check:
    """A power of |z_d|^2/|z_0|^2 over modules of mean 0, of the sizes (width, hidden units)."""
    width, hidden = sizes
    moments = lengths.module_moments(width, hidden, scales)

    def growth(seen: Pass) -> Tensor:
        return (squared_norm(seen.values[-1])[:, 0] / squared_norm(seen.values[0])[:, 0]) ** power

    quantity = f"|z_{len(scales)}|^{2 * power}/|z_0|^{2 * power}, width {width}, {hidden} hidden units"
    network = residual(width, tuple(map(float, scales)), "linear", hidden=hidden)
    return _check(theorem, parameters, quantity, network, growth, lambda mean: moments[2 * power] - mean**2)


def _residual(scales: tuple[Fraction, ...], *sizes: int) -> Check:
    return _modules("resnet_mean_length", {"scales": scales, "module": "linear"}, scales, sizes, 1)


# --- second moments ----------------------------------------------------------------------------------------


def _second_moment_step(
    incoming: int, width: int, weights: Weights, length: Fraction, bias_variance: Fraction, bias: Weights
) -> Check:
    """Above entries of one size, |act|_4^4/n^2 is length^2/n."""
    parameters = {
        "width_in": incoming,
        "width_out": width,
        "kurtosis": _kurtosis(weights),
        "length": length,
        "bias_variance": bias_variance,
        "bias_kurtosis": _kurtosis(bias),
        "fourth_power": length**2 / incoming,
    }
    drawn = Weights(weights.law, 2, "fan_in", weights.density)
    biases = Weights(bias.law, float(bias_variance))
    square, fourth = lengths.flat_layer_moments(incoming, width, length, drawn, biases)[2::2]
    return _check(
        "second_moment_step",
        parameters,
        f"M_1^2, {weights.law} weights, {bias.law} biases",
        lengths.flat_layer(incoming, width, length, drawn, biases),
        lambda seen: lengths.last_length(seen).square(),
        lambda _: fourth - square**2,
    )


def _kurtosis(weights: Weights) -> Fraction:
    """Exactly, as a parameter; of a law of ``numerics.checks.lengths.law_moments``."""
    return Fraction(lengths.law_moments(weights)[4]).limit_denominator(100)


def second_moment(widths: Widths) -> Check:
    """M_d^2 of real networks, which deep narrow ones put out of reach."""
    square, fourth = (math.prod(lengths.ratio_moments(width)[p] for width in widths[1:]) for p in (2, 4))
    return _check(
        "second_moment",
        {"widths": widths},
        f"M_{len(widths) - 1}^2",
        lengths.rectifier(widths),
        lambda seen: lengths.last_length(seen).square(),
        lambda _: fourth - square**2,
        hint="use the structural check from the tilted law of the lengths",
    )


def _deep_second_moment(widths: Widths, tilt: Fraction) -> Check:
    """M_d^2, weighted, under the tilted law; widths that begin and end alike, so that M_d is |act^d|^2/|act^0|^2."""
    network = lengths.rectifier(widths)

    def variance(_: float) -> float:
        return tilting.relative_variance(network, 2, float(tilt)) * math.exp(2 * tilting.log_moment(network, 2))

    quantity = f"M_{len(widths) - 1}^2 from the law tilted by {tilt}"
    measure = tilting.weighted_power(2)
    return _check("second_moment", {"widths": widths}, quantity, network, measure, variance, sampler=Tilted(tilt))


def _layer_variance(widths: Widths) -> Check:
    """The empirical variance over the layers of real networks."""
    return _check(
        "layer_variance",
        {"widths": widths},
        "the variance of M_1, ..., M_d",
        lengths.rectifier(widths),
        lambda seen: lengths.lengths(seen).var(1, unbiased=False),
        lambda mean: lengths.weighted_variance_square(widths) - mean**2,
    )


def _deep_layer_variance(widths: Widths, tilt: Fraction) -> Check:
    """The empirical variance over the layers, weighted, under the tilted law."""
    return _check(
        "layer_variance",
        {"widths": widths},
        f"the variance of M_1, ..., M_d from the law tilted by {tilt}",
        lengths.rectifier(widths),
        lengths.weighted_variance(widths, float(tilt)),
        lambda mean: lengths.weighted_variance_square(widths, float(tilt)) - mean**2,
        sampler=Tilted(tilt),
    )


def _module_second_moment(scale: Fraction, *sizes: int) -> Check:
    parameters = {"scale": scale, "width": sizes[0], "hidden": sizes[1]}
    return _modules("linear_module_second_moment", parameters, (scale,), sizes, 2)


# --- logarithms --------------------------------------------------------------------------------------------


def _log_length(seen: Pass) -> Tensor:
    """ln M_d, NaN where a layer is dead."""
    length = lengths.last_length(seen)
    return torch.where(length > 0, length, math.nan).log()


def _log_mean(widths: Widths) -> Check:
    return _check(
        "log_length_mean",
        {"widths": widths},
        f"ln M_{len(widths) - 1}",
        lengths.rectifier(widths),
        _log_length,
        lambda _: math.fsum(derived("random_walk.relu_log_variance", N=width) for width in widths[1:]),
        "no dead layer",
    )


def _log_variance(widths: Widths) -> Check:
    """The squared distance of ln M_d from its derived mean, by that of z, half of M_j/M_(j-1), in each layer."""
    mean = cache(lambda: derived("failure_modes.log_length_mean", widths=widths))

    def variance(_: float) -> float:
        means, variances = (
            [derived(f"random_walk.relu_log_{moment}", N=width) for width in widths[1:]]
            for moment in ("mean", "variance")
        )
        fourths = [log_ratio_fourth_moment("relu", *pair) for pair in zip(widths[1:], means, strict=True)]
        total, squares = math.fsum(variances), math.fsum(v * v for v in variances)
        return math.fsum(fourths) + 3 * (total**2 - squares) - total**2

    return _check(
        "log_length_variance",
        {"widths": widths},
        f"(ln M_{len(widths) - 1} - mean)^2",
        lengths.rectifier(widths),
        lambda seen: (_log_length(seen) - mean()).square(),
        variance,
        "no dead layer",
    )


# --- single layers -----------------------------------------------------------------------------------------


def _dead_layer(widths: Widths) -> Check:
    def dead(seen: Pass) -> Tensor:
        return (lengths.last_length(seen) == 0).double()

    quantity = f"act^{len(widths) - 1} = 0"
    network = lengths.rectifier(widths)
    return _check("dead_layer_probability", {"widths": widths}, quantity, network, dead, event_variance)


def _truncated(cut: Fraction) -> Check:
    """By parts E [x^4; |x| < c] = 3 E [x^2; |x| < c] - 2 c^3 phi(c), so given |x| < c it is 3 v - c^2 (1 - v)."""

    def square(seen: Pass) -> Tensor:
        x = seen.values[0][:, 0, 0].double()
        return torch.where(x.abs() < float(cut), x.square(), math.nan)

    def variance(mean: float) -> float:
        return 3 * mean - float(cut) ** 2 * (1 - mean) - mean**2

    network = dense((1, 1), NORMAL, inputs=Inputs((1,), random=True))
    return _check("truncated_normal_variance", {"cut": cut}, "x^2, x normal", network, square, variance, "|x| < cut")


def _length_factor(init: str, fan_in: int, fan_out: int) -> Check:
    """M_1 of a layer without biases; laws of kurtosis at most 3, so that E M_1^2 is at most (1 + 5/n) (E M_1)^2."""
    name, _, law = init.replace("linear", "uniform").partition("_")
    amount, per = FANS[name]
    kept = CUT_VARIANCE if law == "truncated" else 1.0  # the sampler divides by it: a normal law cut at 2 is left
    return _check(
        "length_factor",
        {"init": init, "fan_in": fan_in, "fan_out": fan_out},
        "M_1",
        lengths.rectifier((fan_in, fan_out), Weights(law, amount * kept, per)),
        lengths.last_length,
        lambda mean: 5 / fan_out * mean**2,
    )
