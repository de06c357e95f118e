"""The networks of the walk's checks, what is measured in them, and its derived variance.

Derived variances, for independent ratios (a theorem for Gaussian weights) whose ln z has mean m, variance t and
fourth central moment u: Var ln Z = D t and Var (ln Z - D m)^2 = D u + 3D(D - 1) t^2 - (D t)^2. A ratio at slope a
is z = R S/N with S chi-square (N degrees) and a^2 <= R <= 1 independent of it, since R depends on the direction
and the coins alone; ln R has a range of 2|ln a|, so that t <= psi'(N/2) + (ln a)^2 (popoviciu1935). For
orthogonal weights z = R itself, so t is the rectifier's less psi'(N/2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.checks.check import derived
from numerics.checks.moments import log_ratio_fourth_moment
from numerics.ensembles import Activation, Network, Weights, dense
from numerics.sampling.choice import cheapest
from numerics.sampling.passes import Pass, squared_norm

Measure = Callable[[Pass], Tensor]
Variance = Callable[[], float]  # computed when asked for: it may judge proofs


def network(
    activation: str,
    width: int,
    depth: int,
    gain: float = 1.0,
    slope: Fraction | None = None,
    law: str = "normal",
) -> Network:
    """A network with ``depth`` ratios; slope 0 of a leaky rectifier is the rectifier."""
    if slope == 0:
        activation, slope = "relu", None
    weights, leak = Weights(law, gain**2, "fan_in"), None if slope is None else float(slope)
    return dense((width,) * (depth + 2), weights, activation, slope=leak, last_activation=False)


def condition(network: Network) -> str:
    return "no dead layer" if Activation("relu") in network.layers else ""


def about(network: Network, measure: Measure) -> dict[str, Any]:
    """What every claim says of its networks."""
    return {
        "network": network, "measure": measure, "condition": condition(network), "sampler": cheapest(network),
    }  # fmt: skip


def ratio(seen: Pass, above: int, below: int = 0) -> Tensor:
    """|delta^below|^2/|delta^above|^2, NaN where a layer is dead: there delta^0 = 0."""
    squares = [squared_norm(seen.gradients[layer])[:, 0] for layer in (0, below, above)]
    return torch.where(squares[0] > 0, squares[1] / squares[2], math.nan)


def log_walk(seen: Pass) -> Tensor:
    return ratio(seen, -1).log()


def at_most(values: Tensor, bound: Fraction) -> Tensor:
    """1 where a value is at most the bound, 0 where it is not, NaN where there is none."""
    return torch.where(values.isnan(), math.nan, (values <= float(bound)).double())


def product(depth: int) -> str:
    return f"|delta^0|^2/|delta^{depth}|^2"


# --- derived variances -------------------------------------------------------------------------------------


def log_variance(activation: str, width: int) -> Variance:
    """Var ln z of a linear or a live rectifier layer, by its theorem."""
    return lambda: derived(f"random_walk.{activation}_log_variance", N=width)


def leaky_bound(width: int, slope: Fraction) -> Variance:
    """The bound of the module's docstring on Var ln z of a leaky layer, slope > 0."""
    return lambda: log_variance("linear", width)() + math.log(slope) ** 2


def orthogonal_variance(width: int) -> Variance:
    """Var ln z of a live rectifier layer with orthogonal weights."""
    return lambda: log_variance("relu", width)() - log_variance("linear", width)()


def squared_walk_variance(activation: str, width: int, depth: int) -> float:
    """Var (ln Z - E ln Z)^2 of a linear or a live rectifier walk."""
    mean, variance = (derived(f"random_walk.{activation}_log_{m}", N=width) for m in ("mean", "variance"))
    fourth = log_ratio_fourth_moment(activation, width, mean)
    return depth * fourth + (3 * depth * (depth - 1) - depth**2) * variance**2
