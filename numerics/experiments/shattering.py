"""The correlation of two inputs' gradients in real He networks, beside 2^-L and its value as the width grows.

The network has L rectifier layers of width N, weights of variance 2/N and an affine output; one normal gradient G enters at
the output for both inputs. With g_c = dC/ds^0 for input c, the correlation is E<g_1, g_2>/E|g_1|^2. Its masks are real.

*Exact at L = 1.* g_c = a_c * (W^1 G), and (W^1, G) are independent of the masks a_c, which see jointly normal
pre-activations at every width: the correlation is that of a wide network, at any width.

*Verdicts.* X = <g_1, g_2>/N has E X = correlation, as E|g_1|^2 = N (``shattering.feedforward_variance``, which real networks
obey: ``random_walk.fair_coin_masks``). By Cauchy-Schwarz E X^2 <= E|g_1|^4/N^2, and since each of the L ratios is
(2/N) chi^2_K, K ~ Bin(N, 1/2), with a second moment of (4/N^2) E[K^2 + 2K] = 1 + 5/N, and E|G|^4/N^2 = 1 + 2/N,

    Var X <= (1 + 5/N)^L (1 + 2/N).

Reference: balduzzi2017, theorem 1b; yang2019. Assumptions: Gaussian weights, two fixed inputs of one length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numerics import evidence
from numerics.ensembles import Inputs, Network, Weights, dense
from numerics.evaluate import function
from numerics.evidence import Evidence, judge
from numerics.evidence.kept import measured
from numerics.experiments.estimate import Estimate, drawn, rates, ratio
from numerics.sampling.choice import cheapest
from numerics.sampling.passes import Pass, gram

if TYPE_CHECKING:
    from torch import Tensor

WIDTHS = (16, 64, 256)
DEPTHS = (1, 2, 4, 8, 16)  # at 32 the squared length of a gradient at width 16 varies by 75 times its mean
CORRELATIONS = (0.0, 0.5)
NETWORKS = 2000  # for each estimate
JUDGED = 64  # the width of the networks that a verdict is about
BUDGET = 120_000  # networks of a verdict: some seconds
PART = 0.9  # a verdict is to find this part of the gap between the claim and wide networks, leaving room for 1/N


def network(width: int, depth: int, correlation: float) -> Network:
    """``depth`` rectifier layers and an affine output, with two inputs."""
    inputs = Inputs((width,), count=2, correlation=correlation)
    return dense((width,) * (depth + 2), Weights("normal", 2, "fan_in"), "relu", last_activation=False, inputs=inputs)


@measured
def estimate(width: int, depth: int, correlation: float) -> Estimate:
    """The gradient correlation of real networks."""
    experiment = f"gap of shattering, {width} wide, {depth} deep, {correlation}"
    return ratio(drawn(network(width, depth, correlation), NETWORKS, _products, experiment))


def wide(depth: int, correlation: float) -> float:
    """The gradient correlation as the width grows."""
    return float(function("shattering.relu_gradient_correlation")(depth=depth, correlation=correlation))


def typical(depth: int, correlation: float) -> Evidence:
    """Whether 2^-depth, the claim for typical datapoints, is the gradient correlation at width ``JUDGED``.

    The check finds ``PART`` of the gap that wide networks have, or a tenth of the claim where that is more.
    """
    claim = 2.0**-depth
    return verdict(depth, correlation, claim, max(PART * abs(wide(depth, correlation) - claim), claim / 10))


@measured
def verdict(depth: int, correlation: float, claim: float, shift: float) -> Evidence:
    """Whether a claimed gradient correlation is that at width ``JUDGED``; an error of ``shift`` is found."""
    spread = (1 + 5 / JUDGED) ** depth * (1 + 2 / JUDGED)
    real = network(JUDGED, depth, correlation)
    plan = evidence.plan(claim, spread, shift=shift, budget=BUDGET, **rates())
    experiment = f"verdict on 2^-L, {depth} deep, {correlation}"
    sampler = cheapest(real)
    return judge(plan, sampler.sample(real, plan.networks, experiment=experiment, measure=_product, device="cpu"))


def _products(seen: Pass) -> Tensor:
    """<g_1, g_2> and the mean of |g_1|^2 and |g_2|^2, (B, 2)."""
    import torch

    products = gram(seen.gradients[0])
    return torch.stack([products[:, 0, 1], (products[:, 0, 0] + products[:, 1, 1]) / 2], dim=1)


def _product(seen: Pass) -> Tensor:
    """<g_1, g_2>/N, (B,)."""
    return gram(seen.gradients[0])[:, 0, 1] / seen.gradients[0].shape[2]
