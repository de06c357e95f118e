"""Checks of ``variance.*`` (glorot2010): linear networks, weight laws, and the slopes of activations.

A squared norm divided by its number of entries has as mean the second moment of one entry, since the entries
of a layer have one law; that is their variance, since all laws drawn here are symmetric. The variance of the
measured quantity is exact (``numerics.checks.moments``), but for slopes: as f'^2 <= L^2, its variance is at
most L^2 m - m^2, m = E f'^2, and the average over U independent pre-activations has one U-th of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import torch
from torch import Tensor

from numerics.checks.check import Check, mean_check
from numerics.checks.moments import fourth_norm, mean_square_variance, weight_moments
from numerics.ensembles import ACTIVATIONS, Activation, Inputs, Network, Weights, dense
from numerics.ensembles.layers import SLOPED
from numerics.sampling import activations
from numerics.sampling.passes import Pass, squared_norm
from theory.activations import ACTIVATIONS as DERIVED

WIDTHS = (6, 4, 8, 5)
VARIANCES = (Fraction(1, 5), Fraction(1, 3), Fraction(1, 7))  # no layer keeps a variance, no two are alike
INPUT, GRADIENT = Fraction(3, 2), Fraction(5, 4)
WEIGHTS = (8, 8)  # the matrix whose 64 weights are averaged
SLOPES = 16  # pre-activations of one network: independent, as the input is fixed and the columns are


def checks() -> tuple[Check, ...]:
    """The checks of this subject."""
    return (
        *(_activation(law, layer) for law, layer in (("normal", 3), ("uniform", 2), ("sign", 3))),
        *(_backpropagated(law, layer) for law, layer in (("normal", 0), ("uniform", 1), ("sign", 0))),
        *(_weight_gradient(law, layer) for law, layer in (("normal", 1), ("uniform", 0), ("sign", 2))),
        _uniform_weight("variance.standard_weight", {"n": 6}, 1 / math.sqrt(6)),
        _uniform_weight("variance.normalized_weight", {"n_in": 3, "n_out": 5}, math.sqrt(6 / (3 + 5))),
        *(_fourth_moment(law) for law in ("normal", "uniform", "truncated", "sign")),
        *(_jacobian_factor(name, Fraction(2), slope) for name, slope in SLOPE_OF.items()),
        *(_jacobian_factor(name, Fraction(2), slope) for name in SLOPED for slope in (Fraction(0), Fraction(3))),
        *(_jacobian_factor(name, Fraction(12), None) for name in SATURATING),
    )


# --- linear networks ---------------------------------------------------------------------------------------


def _linear(law: str) -> Network:
    inputs = Inputs((WIDTHS[0],), squared_length=float(WIDTHS[0] * INPUT), random=True)
    weights = [Weights(law, float(variance)) for variance in VARIANCES]
    return dense(WIDTHS, weights, inputs=inputs, output_gradient_variance=float(GRADIENT))


def _layers(law: str, layer: int) -> dict[str, tuple[list[int], list[Fraction], str, Fraction]]:
    """The chains of layers that lead to z^layer and back to delta^layer, as ``fourth_norm`` reads them."""
    forward = list(WIDTHS[: layer + 1]), list(VARIANCES[:layer]), law, INPUT
    backward = list(WIDTHS[:layer:-1]), list(VARIANCES[:layer:-1]), law, GRADIENT
    return {"forward": forward, "backward": backward}


def _activation(law: str, layer: int) -> Check:
    parameters = {"widths": WIDTHS, "weight_variances": VARIANCES, "input_variance": INPUT, "layer": layer}
    variance = float(mean_square_variance(*_layers(law, layer)["forward"]))

    def measure(seen: Pass) -> Tensor:
        return squared_norm(seen.activations[layer])[:, 0] / WIDTHS[layer]

    quantity = f"|z^{layer}|^2/{WIDTHS[layer]}, {law} weights"
    return mean_check("variance.activation", parameters, quantity, _linear(law), measure, lambda _: variance)


def _backpropagated(law: str, layer: int) -> Check:
    parameters = {
        "widths": WIDTHS,
        "weight_variances": VARIANCES,
        "output_gradient_variance": GRADIENT,
        "layer": layer,
    }
    units = WIDTHS[layer + 1]
    variance = float(mean_square_variance(*_layers(law, layer)["backward"]))

    def measure(seen: Pass) -> Tensor:
        return squared_norm(seen.gradients[layer])[:, 0] / units

    quantity = f"|dC/ds^{layer}|^2/{units}, {law} weights"
    return mean_check("variance.backpropagated", parameters, quantity, _linear(law), measure, lambda _: variance)


def _weight_gradient(law: str, layer: int) -> Check:
    """|dC/dW|^2 = |z|^2 |delta|^2, whose factors are independent: they have no weight in common."""
    parameters = {
        "widths": WIDTHS,
        "weight_variances": VARIANCES,
        "input_variance": INPUT,
        "output_gradient_variance": GRADIENT,
        "layer": layer,
    }
    entries = WIDTHS[layer] * WIDTHS[layer + 1]
    square = float(math.prod(fourth_norm(*chain) for chain in _layers(law, layer).values())) / entries**2

    def measure(seen: Pass) -> Tensor:
        gradient = seen.activations[layer].unsqueeze(3) * seen.gradients[layer].unsqueeze(2)
        return squared_norm(gradient)[:, 0] / entries

    quantity = f"|dC/dW^{layer}|^2/{entries}, {law} weights"
    return mean_check(
        "variance.weight_gradient",
        parameters,
        quantity,
        _linear(law),
        measure,
        lambda mean: square - mean**2,
    )


# --- weights -----------------------------------------------------------------------------------------------


def _unit_weights(law: str) -> Network:
    return dense(WEIGHTS, Weights(law))


def _uniform_weight(theorem: str, parameters: dict[str, int], half_width: float) -> Check:
    """Weights on [-c, c], c = ``half_width``: the sampler's, on [-sqrt 3, sqrt 3], times c/sqrt 3."""
    scale = half_width / math.sqrt(3)
    _, second, fourth, *_ = weight_moments("uniform")
    variance = scale**4 * (fourth - second**2) / math.prod(WEIGHTS)

    def measure(seen: Pass) -> Tensor:
        return (scale * seen.weights[0].double().flatten(1)).square().mean(1)

    quantity = f"mean square of {math.prod(WEIGHTS)} weights"
    return mean_check(theorem, parameters, quantity, _unit_weights("uniform"), measure, lambda _: variance)


def _fourth_moment(law: str) -> Check:
    """w^4 over the derived (E w^2)^2."""
    _, second, fourth, _, eighth = weight_moments(law)
    variance = (eighth - fourth**2) / second**4 / math.prod(WEIGHTS)

    def measure(seen: Pass) -> Tensor:
        return seen.weights[0].double().flatten(1).pow(4).mean(1)

    quantity = f"mean fourth power of {math.prod(WEIGHTS)} weights of mean square 1"
    parameters = {"law": law}
    return mean_check("variance.fourth_moment", parameters, quantity, _unit_weights(law), measure, lambda _: variance)


# --- slopes ------------------------------------------------------------------------------------------------

SATURATING = ("tanh", "sigmoid", "softsign", "silu", "elu", "mish", "hardtanh")  # the width of the bend matters
SLOPE_OF = {name: Fraction(1, 3) if name in SLOPED else None for name in ACTIVATIONS}


def _jacobian_factor(name: str, variance: Fraction, slope: Fraction | None) -> Check:
    parameters = {"activation": name, "preactivation_variance": variance}
    if slope is not None:
        parameters["slope"] = slope
    network, measure, bound = squared_slopes(name, variance, slope)
    quantity = f"mean of f'(s)^2 over {SLOPES} normal s, f of torch"
    return mean_check("variance.jacobian_factor", parameters, quantity, network, measure, bound)


def normal_layer(variance: Fraction) -> Network:
    """``SLOPES`` independent N(0, variance) pre-activations."""
    return dense((2, SLOPES), Weights("normal", float(variance)))  # |x| = 1


def squared_slopes(
    name: str, variance: Fraction, slope: Fraction | None
) -> tuple[Network, Callable[[Pass], Tensor], Callable[[float], float]]:
    """A network, the mean of f'(s)^2 in it, and the bound on the variance as a function of the mean.

    f'(s)^2 by torch's own function and its automatic derivative, summed over the values of f.
    """
    activation = Activation(name, float(slope) if slope is not None else None)
    square = lipschitz(name, slope) ** 2

    def measure(seen: Pass) -> Tensor:
        s = seen.pre_activations[0].double().requires_grad_()
        values = activations.apply(activation, s).split(SLOPES, dim=2)
        slopes = [torch.autograd.grad(f.sum(), s, retain_graph=True)[0] for f in values]
        return torch.stack(slopes).square().sum(0)[:, 0].mean(1)

    return normal_layer(variance), measure, lambda mean: max(0.0, square * mean - mean**2) / SLOPES


def lipschitz(name: str, slope: Fraction | None) -> float:
    """The bound on |f'| of an activation."""
    bound = DERIVED[name].lipschitz
    return float(bound.subs({symbol: slope for symbol in bound.free_symbols}))
