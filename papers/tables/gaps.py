"""What the idealisations cost: idealised theorems beside real networks, over widths and depths.

Reference: those of ``numerics.experiments``, which samples. An estimate has its standard error and is to be read; a verdict
has the error rates that its table's notes state.
"""

from __future__ import annotations

from decimal import Decimal

import sympy as sp

from papers.table import Cell, Column, Table
from papers.tables.notes import computed, exact, resting_on, sampled
from theory.probability.expectation import E, Var
from theory.symbols import L, N, rho

WIDE: Cell = (N, " to ", sp.oo)
_log_z = sp.log(sp.Symbol("Z"))
_k = sp.Symbol("k")


def shattering_gap() -> Table:
    """2^-L and its value in wide networks, beside real He networks."""
    from numerics.experiments import shattering as gap

    IDEAL, REAL = "shattering.feedforward_correlation", "shattering.relu_gradient_correlation"

    columns = [
        Column(rho, decimals=1),
        Column(L, decimals=0),
        Column(2**-L, significant=2),
        Column(WIDE, decimals=4),
    ]
    columns += [Column((N, f" = {width}"), "real") for width in gap.WIDTHS]
    rows = [
        [Decimal(repr(rho)), Decimal(depth), exact(2.0**-depth, IDEAL), exact(gap.wide(depth, rho), REAL)]
        + [sampled(gap.estimate, width, depth, rho) for width in gap.WIDTHS]
        + [gap.typical(depth, rho).verdict]
        for rho in gap.CORRELATIONS
        for depth in gap.DEPTHS
    ]
    return Table(
        "shattering_gap",
        (
            *("Correlation of two inputs' gradients over ", L, " rectifier layers with He's weights: ", 2**-L),
            *(" for typical datapoints, the value for width ", WIDE, f", and {gap.NETWORKS} real networks of each width "),
            "with standard errors. The inputs have the correlation ",
            *(rho, "."),
        ),
        (*columns, Column(2**-L, "verdict on")),
        tuple(map(tuple, rows)),
        (
            (
                "The verdict is on ", 2**-L, " in networks of width ", f"{gap.JUDGED}, which it is to tell from values "
                f"that differ by {gap.PART:.0%} of the gap to wide networks, or by a tenth of itself; undecided where "
                f"that takes more than {gap.BUDGET} networks. {_rates()}",
            ),
            *resting_on([IDEAL, REAL]),
        ),
    )  # fmt: skip


def tanh_gap() -> Table:
    """The linear regime's variances, beside real tanh networks."""
    from numerics.experiments import linear_regime as gap

    columns = [Column("variance"), Column(L, decimals=0), Column("linear", decimals=0), Column(WIDE, decimals=4)]
    columns += [Column((N, f" = {width}"), "real") for width in gap.WIDTHS]
    theorems = "variance.activation", "variance.backpropagated"
    rows = [
        [what, Decimal(depth), exact(gap.claims(gap.WIDTHS[0], depth)[at], theorems[at])]
        + [exact(gap.wide(depth)[at], "variance.jacobian_factor") if at else computed(gap.wide(depth)[at], gap.wide)]
        + [sampled(gap.estimates, width, depth, part=at) for width in gap.WIDTHS]
        + [gap.linear(depth).verdict if at == 0 else "none"]
        for at, what in enumerate(("forward", "backward"))
        for depth in gap.DEPTHS
    ]
    return Table(
        "tanh_gap",
        (
            *("The linear regime, which takes variances to be kept, beside real tanh networks with ", L, " layers of "),
            *(
                "equal widths, Glorot's normalised weights and inputs of variance 1: the mean square of the activations of "
            ),
            *(
                "the last layer, and that of the gradient in the first pre-activations for output gradients of variance 1; "
            ),
            f"{gap.NETWORKS} networks of each width, with standard errors.",
        ),
        (*columns, Column("linear", "verdict on")),
        tuple(map(tuple, rows)),
        (
            f"The verdict is on the linear regime in networks of width {gap.JUDGED}, which it is to tell from values that "
            f"differ by {gap.PART:.0%} of the gap to wide networks. {_rates()} Backward no bound on the noise is "
            "derived, so no verdict is given.",
            *resting_on(["variance.activation", "variance.backpropagated", "variance.jacobian_factor"]),
        ),
    )


def coin_gap() -> Table:
    """The walk with fair-coin masks, beside real rectifier networks."""
    from numerics.experiments import coins as gap

    theorems = "random_walk.relu_log_mean", "random_walk.relu_log_variance"
    columns = [Column(N, decimals=0), Column(L, decimals=0)]
    for quantity in (E(_log_z), Var(_log_z)):
        columns += [Column("coins", quantity, decimals=3), Column("real", quantity)]
    columns += [Column("mean", "verdict on coins"), Column("law", "verdict on coins")]
    rows = []
    for width in gap.WIDTHS:
        for depth in gap.DEPTHS:
            row: list[Cell] = [Decimal(width), Decimal(depth)]
            for at, (claim, name) in enumerate(zip(gap.claims(width, depth), theorems, strict=True)):
                row += [exact(claim, name), sampled(gap.estimates, width, depth, part=at)]
            rows.append([*row, gap.same_mean(width, depth).verdict, gap.same_law(width, depth).verdict])
    return Table(
        "coin_gap",
        (
            *("The squared-norm ratio ", sp.Symbol("Z"), " of the gradient over ", L, " rectifier layers of width ", N),
            *(
                " at gain 1, given that no layer is dead: as if masks were fair coins, and in real networks, which have "
            ),
            f"those of the forward pass ({gap.NETWORKS} networks each, with standard errors). Here nothing is lost.",
        ),
        tuple(columns),
        tuple(map(tuple, rows)),
        (
            f"The verdict on the mean is to find a shift of {gap.SHIFT} standard deviations; that on the law, from two "
            f"samples, a distance of {gap.DISTANCE} between the distribution functions. {_rates()}",
            *resting_on([*theorems, "random_walk.fair_coin_masks"]),
        ),
    )


def normalisation_gap() -> Table:
    """Normalisation by the expected deviation, beside real batch normalisation."""
    from numerics.experiments import normalized as gap

    columns = [Column(N, decimals=0), Column(_k, decimals=0), Column(L, decimals=0)]
    theorems = [f"shattering.normalized_resnet_{quantity}" for quantity in ("correlation", "variance")]
    for quantity in ("correlation", "variance"):
        columns += [Column("ideal", quantity, decimals=3), Column("real", quantity)]
    rows = []
    for width, batch in gap.SHAPES:
        for depth in gap.DEPTHS:
            row: list[Cell] = [Decimal(width), Decimal(batch), Decimal(depth)]
            for name, claim, measure in zip(theorems, gap.claims(depth), (gap.correlation, gap.variance), strict=True):
                row += [exact(claim, name), sampled(measure, width, batch, depth)]
            rows.append(row)
    return Table(
        "normalisation_gap",
        (
            *("Correlation and variance of inputs' gradients over ", L - 1, " residual layers with batch normalisation, "),
            *(sp.Symbol("beta"), f" = {gap.BETA:g}: ideal, dividing by the expected deviation, typical datapoints; and "),
            *(f"{gap.NETWORKS} real networks of width ", N, " with batches of ", _k, " inputs, with standard errors. The "),
            "variance is in units of the output gradient's square, which is the same for all inputs.",
        ),
        tuple(columns),
        tuple(map(tuple, rows)),
        (
            (
                "Real gradients go through the batch's mean and deviation, so over a batch they always sum to ", _k,
                " times the output gradient: with the latter's square as the unit their variance is at least 1 and their "
                "covariance at most 1, whereas the ideal covariance grows without bound. No sampled verdict is needed.",
            ),
            *resting_on(theorems),
        ),
    )  # fmt: skip


def _rates() -> str:
    from numerics.experiments.estimate import rates

    alpha, beta = rates().values()
    return f"A true claim is refuted with probability at most {alpha:.1e}, such an error missed with at most {beta:g}."
