"""Variances in real tanh networks, beside the linear regime and width to infinity.

The network has L tanh layers of width N and an affine output, Glorot's normalised weights, of variance 1/N at equal widths,
a fixed input whose entries have mean square 1, and an output gradient of variance 1. The linear regime claims
E|z^L|^2/N = 1 and E|dC/ds^0|^2/N = 1 at every depth (``variance.activation``, ``variance.backpropagated``).

*Width to infinity* (poole2016). Pre-activations are normal with variances q_0 = 1, q_{i+1} = E tanh(sqrt(q_i) x)^2, so
E z^2 goes to q_L and the gradient's variance to prod_{i<L} E tanh'(sqrt(q_i) x)^2 (``variance.jacobian_factor``).

*Exact at L = 1*, at any width: s^0 is N(0, 1), and dC/ds^0 = tanh'(s^0) * (W^1 G) with (W^1, G) independent of it.

*Verdicts.* |z^L|^2/N lies in [0, 1], so nothing has to be derived. The back-propagated variance gets none: no bound on the
fourth moment of its gradient is known here for L > 1.
Reference: glorot2010, section 4.2. Assumptions: Gaussian weights.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

from numerics import evidence
from numerics.ensembles import Inputs, Network, Weights, dense
from numerics.evaluate import function
from numerics.evidence import Evidence, judge
from numerics.evidence.kept import measured
from numerics.experiments.estimate import Estimate, drawn, mean, rates
from numerics.sampling.choice import cheapest
from numerics.sampling.passes import Pass, squared_norm

if TYPE_CHECKING:
    from torch import Tensor

WIDTHS = (16, 64, 256)
DEPTHS = (1, 2, 4, 8, 16, 32)
NETWORKS = 500  # for each estimate
JUDGED = 16  # the width of the networks that a verdict is about
PART = 0.5  # a verdict is to find this part of the gap between the claim and wide networks
LINEAR = Weights("normal", 1, "fan_average")  # Glorot's normalised variance


def network(width: int, depth: int, activation: str = "tanh") -> Network:
    """``depth`` layers with the activation and an affine output."""
    inputs = Inputs((width,), squared_length=width)
    return dense((width,) * (depth + 2), LINEAR, activation, last_activation=False, inputs=inputs)


@measured
def estimates(width: int, depth: int, activation: str = "tanh") -> tuple[Estimate, Estimate]:
    """E|z^L|^2/N and E|dC/ds^0|^2/N of real networks."""
    experiment = f"gap of the linear regime, {activation}, {width} wide, {depth} deep"
    forward, backward = drawn(network(width, depth, activation), NETWORKS, _both, experiment).T
    return mean(forward), mean(backward)


@cache
def claims(width: int, depth: int) -> tuple[float, float]:
    """What the linear regime says of the two, by its theorems."""
    given = {"widths": (width,) * (depth + 2), "weight_variances": (1 / width,) * (depth + 1)}
    forward = function("variance.activation")(**given, input_variance=1, layer=depth)
    return float(forward), float(function("variance.backpropagated")(**given, output_gradient_variance=1, layer=0))


@cache
def wide(depth: int) -> tuple[float, float]:
    """The two as the width grows."""
    if depth == 0:
        return 1.0, 1.0
    length, slopes = wide(depth - 1)
    factor = function("variance.jacobian_factor")(activation="tanh", preactivation_variance=length)
    return _mean_square(length), slopes * float(factor)


def _mean_square(variance: float) -> float:
    """E tanh(s)^2 for s ~ N(0, variance)."""
    from scipy.integrate import quad

    density = math.sqrt(2 / math.pi)
    return density * float(quad(lambda x: math.tanh(math.sqrt(variance) * x) ** 2 * math.exp(-x * x / 2), 0, 40)[0])


def linear(depth: int) -> Evidence:
    """Whether the linear regime's E|z^L|^2/N holds at width ``JUDGED``; found is ``PART`` of the gap of wide networks."""
    claim, _ = claims(JUDGED, depth)
    return verdict(depth, claim, PART * abs(claim - wide(depth)[0]))


@measured
def verdict(depth: int, claim: float, shift: float) -> Evidence:
    """Whether a claimed E|z^L|^2/N is that at width ``JUDGED``; an error of ``shift`` is found."""
    plan = evidence.plan_bounded(claim, 0.0, 1.0, shift=shift, **rates())
    real = network(JUDGED, depth)
    experiment = f"verdict on the linear regime, {depth} deep"
    sampled = cheapest(real).sample(
        real, plan.networks, experiment=experiment, measure=lambda seen: _both(seen)[:, 0], device="cpu"
    )
    return judge(plan, sampled)


def _both(seen: Pass) -> Tensor:
    """|z^L|^2/N and |dC/ds^0|^2/N, (B, 2)."""
    import torch

    rows = seen.activations[-2], seen.gradients[0]
    return torch.stack([squared_norm(row)[:, 0] / row.shape[2] for row in rows], dim=1)
