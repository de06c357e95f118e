"""Moments of heavy-tailed products by exponential tilting of the radial law, with exact weights.

The problem. Z = |z^{d+1}|^2/|z^0|^2 is a product of independent ratios R_i. An average of Z^p over n networks has the
relative variance (rho - 1)/n with rho = E Z^{2p}/(E Z^p)^2, which grows exponentially with depth/width: at width 10,
depth 50, He's rectifiers and p = 2, an error of 1 % needs 7e28 networks.

The remedy. Under the law P_t with density Z^t/M(t), M(t) = E[Z^t; Z > 0] = prod_i M_i(t), with respect to the plain
law, ratios are independent still, each tilted as in ``ratios``; no layer dies. With the weight w = M(t) Z^-t

    E_t[w f(Z)] = E[f(Z); Z > 0],        E_t[(w Z^p)^2] = M(t) M(2p - t),

so w Z^p estimates E Z^p (p > 0, where a dead network adds nothing) with rho_t = M(t) M(2p - t)/M(p)^2, which is near
1 where t is near p. M(t) is computed by ``ratios``: summed over K, in logarithms, from the definition of the law and
not from any theorem that is checked.

What such a check tests. At t = p the value w Z^p is M(p) in every network: sampling adds nothing to the summation,
and it is refused. Else the claim is held against M(t) and, through p - t, the sampled law: |p - t| is how much of
the check is sampling. Choose the smallest t whose ``networks_needed`` can be drawn.

Assumptions: those of ``radial``, and slopes 0, 1 or -1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from numerics.ensembles import Network
from numerics.sampling import blocks, radial, ratios
from numerics.sampling.radial import block_size


@dataclass(frozen=True)
class TiltedWalk:
    """A block of B networks of the tilted law.

    ``forward[:, i]`` is ln |z^i|^2/|z^0|^2, (B, d+2) float64; ``log_weights``, (B,), is ln w.
    """

    forward: Tensor
    log_weights: Tensor
    tilt: float


@dataclass(frozen=True)
class Tilted:
    """This module at one ``tilt``, with the functions that all samplers have."""

    tilt: Fraction

    @property
    def __name__(self) -> str:
        return f"tilting by {self.tilt}"

    def block_size(self, network: Network) -> int:
        """Networks in a block."""
        return block_size(network)

    def sample(self, network: Network, networks: int, **about: Any) -> Iterator[Tensor]:
        """As ``sample`` below; ``about`` is what all samplers ask for."""
        return sample(network, networks, tilt=float(self.tilt), **about)


def refusal(network: Network) -> str:
    """Why the network cannot be tilted; empty where it can."""
    reason = radial.refusal(network)
    if reason or all(ratio.conjugate for ratio, _ in radial.prepare(network, "cpu").forward):
        return reason
    return (
        "tilting needs slopes 0, 1 or -1: for others a power of the ratio, a sum of two gamma variables, has no closed "
        "law; use the radial sampler as it is."
    )


def sample(
    network: Network,
    networks: int,
    *,
    experiment: str,
    measure: Callable[[TiltedWalk], Tensor],
    tilt: float,
    device: str = "auto",
    first: int = 0,
) -> Iterator[Tensor]:
    """The measured values of the networks of an experiment, as ``blocks.measured`` gives them."""
    drawn = _drawer(network, tilt, experiment, device)
    yield from blocks.measured(drawn, block_size(network), networks, measure, first=first, device="cpu")


def draw(network: Network, block: int, *, experiment: str, tilt: float, device: str = "auto") -> TiltedWalk:
    """The tilted walk of block ``block`` (>= 0) alone: ``radial.block_size(network)`` networks.

    Raises ValueError with the ``refusal``, and for a tilt that is not positive and finite.
    """
    blocks.require("", block)
    return _drawer(network, tilt, experiment, device)(block)


def _drawer(network: Network, tilt: float, experiment: str, device: str) -> Callable[[int], TiltedWalk]:
    _positive("the tilt", tilt)
    normaliser, steps = log_moment(network, tilt), radial.prepare(network, device)

    def drawn(block: int) -> TiltedWalk:
        lengths = torch.from_numpy(steps.draw("tilted", steps.forward, (experiment, block), tilt))
        return TiltedWalk(lengths, normaliser - tilt * lengths[:, -1], tilt)

    return drawn


def weighted_power(power: float, log_scale: float = 0.0) -> Callable[[TiltedWalk], Tensor]:
    """The measure w Z^power e^-log_scale, whose mean is E Z^power e^-log_scale; scale it where it would overflow.

    The measure raises ValueError where the walk's tilt is the power.
    """
    _positive("the power", power)

    def measure(walk: TiltedWalk) -> Tensor:
        _require_other(power, walk.tilt)
        return (walk.log_weights + power * walk.forward[:, -1] - log_scale).exp()

    return measure


def log_moment(network: Network, power: float) -> float:
    """ln E[Z^power; Z > 0], infinite where the moment is; raises ValueError with the ``refusal``."""
    if reason := refusal(network):
        raise ValueError(reason)
    runs = radial.prepare(network, "cpu").forward
    return math.fsum(layers * ratios.log_moment(ratio, power) for ratio, layers in runs)


def relative_variance(network: Network, power: float, tilt: float = 0.0) -> float:
    """Var(w Z^power)/(E Z^power)^2 = rho_t - 1 of the module's docstring, for the plain law at ``tilt`` 0.

    Infinite beyond float64. Raises ValueError with the ``refusal``, for a power that is not positive, a negative
    tilt, and a tilt equal to the power.
    """
    _positive("the power", power)
    _require_other(power, tilt)
    own = log_moment(network, _positive("the tilt", tilt)) if tilt else 0.0  # plainly w = 1, dead networks included
    try:
        return math.expm1(own + log_moment(network, 2 * power - tilt) - 2 * log_moment(network, power))
    except OverflowError:
        return math.inf


def networks_needed(network: Network, power: float, fraction: float, tilt: float = 0.0) -> float:
    """Networks whose average of w Z^power has the relative standard error ``fraction``; raises as above."""
    return relative_variance(network, power, tilt) / _positive("the fraction", fraction) ** 2


def _require_other(power: float, tilt: float) -> None:
    if power == tilt:
        raise ValueError(
            f"at the tilt {tilt!r} = power every network gives the same value, and sampling would test nothing; choose "
            "another tilt."
        )


def _positive(name: str, value: float) -> float:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a finite number > 0, not {value!r}.")
    return value
