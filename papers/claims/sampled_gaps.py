"""Gaps that are sampled: gradients of real networks at initialisation, width and batch finite, masks their own.

The correlation C(i, j)/C of two inputs' gradients is a quotient of two means.  What is tested is the mean over networks of
their cosine, which tends to it as the width grows and lies in [-1/(k - 1), 1] when averaged over the pairs of k inputs: so
the test's error rates hold without a derived variance.  The cost is the sum over the inputs of one normal output gradient;
batch normalisation is that of the batch, and its gradient too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sympy as sp

from numerics.ensembles import Inputs, Network, Weights, dense, residual
from numerics.evidence import Evidence
from numerics.evidence.kept import measured
from numerics.experiments.estimate import Estimate, drawn, mean
from papers.claims.claim import Point
from papers.claims.idealisations import Gap

if TYPE_CHECKING:
    from torch import Tensor

    from numerics.evidence import MeanPlan
    from numerics.sampling.passes import Pass

HE = Weights("normal", 2, "fan_in")
ALPHA = BETA = 1e-4  # of a gap where there is none, and of one of the stated shift that stays unseen
ROUNDING = 1e-9  # of a cosine in float64
RATES = f"error rates {ALPHA:g}"


@dataclass(frozen=True)
class Sampled:
    """A network of a given name, the correlation claimed for it, and the smallest gap that the test must find."""

    name: str
    network: Network
    ideal: sp.Expr
    shift: float


def inputs(width: int, count: int = 2) -> Inputs:
    """Orthogonal directions on average, entries of variance 1."""
    return Inputs((width,), count, squared_length=width, random=True)


def feedforward(width: int, depth: int, shift: float) -> Sampled:
    """A rectifier network and the 2^-L of typical datapoints."""
    network = dense((width,) * (depth + 1), HE, "relu", inputs=inputs(width))
    return Sampled(f"{depth} rectifier layers of {width} units", network, sp.Integer(2) ** -depth, shift)


def skipping(width: int, depth: int, skip: float, scale: float, ideal: sp.Expr, shift: float) -> Sampled:
    """A network x -> skip x + scale W max(x, 0) without normalisation."""
    network = residual(width, (scale,) * depth, "preactivation", skip=skip, inputs=inputs(width))
    return Sampled(
        f"{depth} layers of {width} units with skip {skip:.3g} and branch {scale:.3g}", network, ideal, shift
    )


def normalized(width: int, depth: int, beta: float, batch: int, ideal: sp.Expr, shift: float) -> Sampled:
    """A residual network with batch normalisation; the first of the L layers is the input, as in the theorem."""
    scales = (beta,) * (depth - 1)
    network = residual(width, scales, "preactivation", batch_norm=True, inputs=inputs(width, batch))
    return Sampled(f"L = {depth}, beta = {beta:g}, {width} units, a batch of {batch}", network, ideal, shift)


def cosines(*networks: Sampled) -> Callable[[], Gap]:
    """The gap between claimed correlations and mean cosines of gradients at the networks' inputs."""

    def found() -> Gap:
        said, points = zip(*(_cosine(sampled) for sampled in networks), strict=True)
        return Gap(f"the sampled mean cosine of two gradients is {'; '.join(said)} ({RATES})", points)

    return found


def _cosine(sampled: Sampled) -> tuple[str, Point]:
    from numerics.evidence import plan_bounded

    ideal, others = float(sampled.ideal), sampled.network.inputs.count - 1
    low, high = -1 / others - ROUNDING, 1 + ROUNDING
    return judged(sampled, plan_bounded(ideal, low, high, shift=sampled.shift, alpha=ALPHA, beta=BETA), mean_cosine)


def judged(sampled: Sampled, plan: MeanPlan, measure: Callable[[Pass], Tensor]) -> tuple[str, Point]:
    """What the test of a plan finds, in words and as a point."""
    seen = _evidence(sampled.name, sampled.network, plan, measure)
    shown = f"{seen.estimate:.3f} +- {seen.standard_error:.1g}"
    told = {
        "refuted": f"{shown} and not {plan.mean:.3g}",
        "agrees": f"{shown}, within {plan.shift:g} of {plan.mean:.3g}",
        "undecided": f"not decided: {seen.reason}",
    }[seen.verdict]
    return f"{told}, {sampled.name}", Point(sampled.name, f"{plan.mean:.6g}", shown)


@measured
def _evidence(name: str, network: Network, plan: MeanPlan, measure: Callable[[Pass], Tensor]) -> Evidence:
    from numerics.evidence import judge
    from numerics.sampling.choice import cheapest

    named = {"experiment": f"gap: {name}", "measure": measure, "device": "cpu"}
    return judge(plan, cheapest(network).sample(network, plan.networks, **named))


def mean_cosine(seen: Pass) -> Tensor:
    """The cosine of the gradients at two inputs, averaged over all pairs: (B,) float64; two zero gradients have cosine 0."""
    from numerics.sampling.passes import gram

    products = gram(seen.slopes[0])
    lengths = products.diagonal(dim1=1, dim2=2).clamp(min=1e-300).sqrt()
    all_pairs = products / (lengths[:, :, None] * lengths[:, None, :])
    count = products.shape[1]
    different = all_pairs.sum(dim=(1, 2)) - all_pairs.diagonal(dim1=1, dim2=2).sum(dim=1)
    mean: Tensor = different / (count * (count - 1))
    return mean


def mean_square(seen: Pass) -> Tensor:
    """The mean square of the entries of the gradient at the first input: (B,) float64."""
    from numerics.sampling.passes import squared_norm

    mean: Tensor = squared_norm(seen.slopes[0])[:, 0] / seen.slopes[0][0, 0].numel()
    return mean


def feedforward_square(sampled: Sampled, shift: float) -> Callable[[], Gap]:
    """The gap between variance 1 and the mean square of the gradient in a rectifier network.

    Its variance is (1 + 2/N) (1 + 5/N)^L - 1 for L square layers: a normal output gradient, and in every layer
    N squares of variance (2/N)^2 5/4 each by fair coins (`random_walk.fair_coin_masks`).
    """

    def found() -> Gap:
        from numerics.evidence import plan

        width, depth = sampled.network.inputs.size, len(tuple(sampled.network.matrices()))
        variance = (1 + 2 / width) * (1 + 5 / width) ** depth - 1
        said, point = judged(sampled, plan(1, variance, shift=shift, alpha=ALPHA, beta=BETA), mean_square)
        return Gap(f"the sampled mean square of a gradient's entries is {said} ({RATES})", (point,))

    return found


def squares(sampled: Sampled, ideal: sp.Expr, networks: int) -> Callable[[], Gap]:
    """The gap between a claimed variance of the gradient and the sampled mean square of its entries.

    No variance is derived for these heavy tails: an estimate with its sample standard error, without error rates.
    """

    def found() -> Gap:
        found = _estimated(sampled.name, sampled.network, networks)
        point = Point(sampled.name, f"{float(ideal):.6g}", f"{found.value:.3f} +- {found.error:.3f}")
        told = f"estimated from {networks} networks as {point.derived} against {point.printed}, {point.where}"
        return Gap(f"the mean square of a gradient's entries is {told}", (point,))

    return found


@measured
def _estimated(name: str, network: Network, networks: int) -> Estimate:
    return mean(drawn(network, networks, mean_square, f"squares: {name}"))
