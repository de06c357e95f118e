"""Shattered gradients: idealised, in wide networks, and sampled in real ones, against depth and the weight of the branches.

Reference: balduzzi2017, theorems 1 to 3 and corollary 1; the samples are those of ``numerics.experiments.architectures``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

import sympy as sp

from numerics.evaluate import function, value
from papers.table import Cell, Column, Number, Table
from papers.tables.gaps import WIDE
from papers.tables.notes import DIGITS, exact, resting_on, sampled, theorem
from theory.symbols import L, N

DEPTHS = (2, 4, 8, 16, 32)
BETAS = (Fraction(1, 10), Fraction(3, 10), Fraction(1))
PLAIN, SKIPPED, GATED, NORMALIZED = (
    f"shattering.{name}_correlation" for name in ("feedforward", "resnet", "highway", "normalized_resnet")
)
REAL, LINEAR = "shattering.relu_gradient_correlation", "shattering.looks_linear_gradient"
ORTHOGONAL = 0  # the correlation of the inputs
beta, x = sp.symbols("beta x")

Row = tuple[Cell, ...]


def gradient_correlations(*, depths: Sequence[int] = DEPTHS, betas: Sequence[Fraction | Decimal | int] = BETAS) -> Table:
    """The table for some depths and some weights of the branches."""
    from numerics.experiments import architectures as real

    blocks: dict[str, Iterator[Row]] = {
        "Feed-forward networks": _feedforward(depths),
        "Residual networks": _per_weight(_residual, depths, betas),
        "Residual networks with batch normalisation": _per_weight(_normalized, depths, betas),
        "Highway networks of skip √(1 - 1/L)": _highway(depths),
        "Mirrored weights (looks linear)": iter([("", "any", "", Number(Decimal(1), theorem(LINEAR)), "")]),
    }
    return Table(
        "shattering",
        (
            "Correlation of two inputs' gradients over ", L, " rectifier layers with He's weights: for typical datapoints, "
            "as the width grows, and in real networks, with standard errors.",
        ),
        (
            Column(beta, decimals=2),
            Column(L, decimals=0),
            Column("typical", significant=3),
            Column(WIDE, significant=3),
            Column((N, f" = {real.WIDTH}"), "real"),
        ),
        tuple(row for name, rows in blocks.items() for row in [(name, "", "", "", ""), *rows]),
        (
            (
                "Layers: ", sp.Max(x, 0), " times weights, behind skip connections ", beta, " times it plus ", x,
                "; with batch normalisation ", L - 1, " of them, of ", sp.Max(sp.Function("BN")(x), 0), ", and batches of "
                f"{real.BATCH}. Highway networks have the branch ", sp.sqrt(1 / L), ". The correlation sees the quotient of "
                "branch and skip alone, so residual networks were drawn with both over ", sp.sqrt(1 + beta**2), ".",
            ),
            (
                "Real: uncorrelated normal inputs, real masks, ", f"{real.NETWORKS} networks ({real.NETWORKS // 10} with "
                "batches, all pairs of each). No theorem has the value of wide networks with skip connections. Networks of "
                "mirrored weights have one gradient at all inputs, exactly and at every width.",
            ),
            *resting_on([PLAIN, SKIPPED, NORMALIZED, GATED, REAL, LINEAR]),
        ),
        long=True,
    )  # fmt: skip


def _feedforward(depths: Sequence[int]) -> Iterator[Row]:
    from numerics.experiments import architectures as real

    for depth in depths:
        wide = _value(REAL, depth=depth, correlation=ORTHOGONAL)
        yield "", Decimal(depth), _value(PLAIN, depth=depth), wide, sampled(real.layered, depth, 0.0, 1.0)


def _per_weight(
    row: Callable[[int, Fraction], Row], depths: Sequence[int], betas: Sequence[Fraction | Decimal | int]
) -> Iterator[Row]:
    for weight in betas:
        yield from (row(depth, Fraction(weight)) for depth in depths)


def _residual(depth: int, weight: Fraction) -> Row:
    from numerics.experiments import architectures as real

    length = math.hypot(1, weight)
    found = sampled(real.layered, depth, 1 / length, float(weight) / length)
    return _decimal(weight), Decimal(depth), _value(SKIPPED, depth=depth, alpha=1, beta=weight), "", found


def _normalized(depth: int, weight: Fraction) -> Row:
    from numerics.experiments import architectures as real

    found = sampled(real.normalized, depth, float(weight)) if depth > 1 else ""  # which has no layer at all
    return _decimal(weight), Decimal(depth), _value(NORMALIZED, depth=depth, beta=weight), "", found


def _highway(depths: Sequence[int]) -> Iterator[Row]:
    from numerics.experiments import architectures as real

    for depth in depths:
        skip, branch = math.sqrt(1 - 1 / depth), math.sqrt(1 / depth)
        claim = exact(float(function(GATED)(depth=depth, gamma1=skip)), GATED)
        yield "", Decimal(depth), claim, "", sampled(real.layered, depth, skip, branch)


def _value(name: str, **parameters: Fraction | int) -> Number:
    return exact(value(name, digits=DIGITS, **parameters), name)


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)
