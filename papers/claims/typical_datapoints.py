"""Gaps behind the theorems on "typical datapoints": the networks that are looked at, and what is claimed for them.

Rectifier networks of infinite width by a theorem; finite ones, with or without batch normalisation, by sampling.
Reference: balduzzi2017.
"""

from __future__ import annotations

import sympy as sp

from numerics.evaluate import value
from papers.claims.gaps import by_theorem, joined
from papers.claims.idealisations import Gap
from papers.claims.sampled_gaps import cosines, feedforward, normalized, skipping, squares


def _correlation(depth: int, weight: sp.Rational) -> sp.Rational:
    """That of theorem 3, as a fraction of six digits."""
    return sp.Rational(value("shattering.normalized_resnet_correlation", 6, depth=depth, beta=weight))


_wide = by_theorem(
    "the gradient correlation of wide rectifier networks, orthogonal inputs,",
    "shattering.relu_gradient_correlation",
    lambda place: sp.Rational(1, 2 ** place["depth"]),
    [{"depth": depth, "correlation": 0} for depth in (1, 5, 24, 50)],
)
PLAIN = feedforward(100, 5, 0.07)
feedforward_gap = joined(_wide, cosines(PLAIN))
UNSCALED = skipping(100, 5, 1.0, 1.0, sp.Rational(3, 4) ** 5, 0.08)
SCALED = skipping(100, 5, 0.5**0.5, 0.5**0.5, sp.Rational(3, 4) ** 5, 0.08)
HIGHWAY = skipping(50, 5, 0.8**0.5, 0.2**0.5, sp.Rational(9, 10) ** 5, 0.04)  # gamma_1^2 = 1 - 1/L


def normalized_cosines(*places: tuple[int, sp.Rational, int, float]) -> Gap:
    """The gap of theorem 3 at (depth, beta, width, shift), with batches of 16."""
    nets = (normalized(width, depth, float(w), 16, _correlation(depth, w), shift) for depth, w, width, shift in places)
    return cosines(*nets)()


def ten_layers() -> Gap:
    """The correlation of theorem 3 at beta = 1, L = 10."""
    return normalized_cosines((10, sp.S.One, 32, 0.12))


def hundred_layers() -> Gap:
    """The correlations of theorem 3 at L = 100 and beta = 0.1, 1."""
    return normalized_cosines((100, sp.Rational(1, 10), 16, 0.09), (100, sp.S.One, 16, 0.12))


def ten_layers_square() -> Gap:
    """The variance of theorem 3 at beta = 1, L = 10."""
    return squares(normalized(32, 10, 1, 16, _correlation(10, sp.S.One), 0.12), sp.Integer(10), 2000)()
