"""The backward walk of real rectifier networks, beside the one whose masks are fair coins: here nothing is lost.

The network has L rectifier layers of width N at gain 1 and an affine output; Z = |dC/ds^0|^2/|dC/ds^L|^2. The masks that the
gradient meets are those of the forward pass, which depend on the weights it meets too. If they were fair coins, then
given that no layer is dead E ln Z and Var ln Z would be L times ``random_walk.relu_log_mean`` and ``relu_log_variance``.

*Verdicts*, both under the condition that no layer is dead: of the mean, by that variance, which the theorem
``random_walk.fair_coin_masks`` grants to the real network; and of the whole law of ln Z, against the ``radial`` sampler,
which draws coins, with nothing granted.
Reference: sussillo2014, section 3; hanin2018which. Assumptions: Gaussian weights.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from numerics import evidence
from numerics.ensembles import Network, Weights, dense
from numerics.evaluate import function
from numerics.evidence import Evidence, judge
from numerics.evidence.kept import measured
from numerics.experiments.estimate import Estimate, drawn, mean, rates, variance
from numerics.sampling import radial
from numerics.sampling.choice import cheapest
from numerics.sampling.passes import Pass, squared_norm

if TYPE_CHECKING:
    from torch import Tensor

WIDTHS = (4, 16, 64)
DEPTHS = (1, 4, 16)
NETWORKS = 20_000  # for each estimate, dead ones included
SHIFT = 0.15  # of the mean, in standard deviations of ln Z: what a verdict is to find
DISTANCE = 0.1  # of two distribution functions: what a verdict is to find
LIVE = "no dead layer"


def network(width: int, depth: int) -> Network:
    """``depth`` rectifier layers and an affine output."""
    return dense((width,) * (depth + 2), Weights("normal", 1, "fan_in"), "relu", last_activation=False)


def claims(width: int, depth: int) -> tuple[float, float]:
    """E ln Z and Var ln Z with fair coins."""
    return tuple(depth * float(function(f"random_walk.relu_log_{m}")(N=width)) for m in ("mean", "variance"))  # type: ignore[return-value]


@measured
def estimates(width: int, depth: int) -> tuple[Estimate, Estimate]:
    """E ln Z and Var ln Z of real networks without a dead layer."""
    values = drawn(network(width, depth), NETWORKS, _log_walk, f"gap of coins, {width} wide, {depth} deep")
    return mean(values), variance(values)


def same_mean(width: int, depth: int) -> Evidence:
    """Whether real networks have the mean of ln Z that coins have."""
    return verdict(width, depth, *claims(width, depth))


@measured
def verdict(width: int, depth: int, expected: float, spread: float) -> Evidence:
    """Whether the mean of ln Z is the ``expected`` one, if its variance is at most ``spread``."""
    plan = evidence.plan(expected, spread, shift=SHIFT * math.sqrt(spread), condition=LIVE, **rates())
    return judge(plan, _real(width, depth, plan.budget, "mean"))


@measured
def same_law(width: int, depth: int) -> Evidence:
    """Whether real networks have the law of ln Z that coins have."""
    plan = evidence.plan_same_law(distance=DISTANCE, condition=LIVE, **rates())
    coins = radial.sample(
        network(width, depth), plan.budget, experiment=f"coins, {width} wide, {depth} deep", measure=_log_coins
    )
    return judge(plan, evidence.paired(_real(width, depth, plan.budget, "law"), coins))


def _real(width: int, depth: int, networks: int, what: str) -> Any:
    """Blocks of ln Z of real networks."""
    real = network(width, depth)
    experiment = f"verdict on coins, {what}, {width} wide, {depth} deep"
    return cheapest(real).sample(real, networks, experiment=experiment, measure=_log_walk, device="cpu")


def _log_walk(seen: Pass) -> Tensor:
    """ln Z, NaN where a layer is dead: there dC/ds^0 = 0."""
    below, above = (squared_norm(seen.gradients[layer])[:, 0] for layer in (0, -1))
    return (below / above).log().masked_fill(below == 0, math.nan)


def _log_coins(walk: radial.Walk) -> Tensor:
    """ln Z, NaN where a layer is dead."""
    lengths = walk.backward[:, 0]
    return lengths.masked_fill(lengths.isinf(), math.nan)
