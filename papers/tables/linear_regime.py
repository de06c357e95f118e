"""What the linear regime costs: E f'(s)^2, which it takes to be 1, for every activation.

Reference: glorot2010, section 4.2.1.  Assumptions: a centred Gaussian pre-activation of the variance given.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import sympy as sp

from numerics.evaluate import value
from papers.table import Cell, Column, Table
from papers.tables.glorot import at_equal_sizes, weight_variances
from papers.tables.notes import DIGITS, exact, resting_on
from theory.jacobian import V, s
from theory.networks import df
from theory.probability.expectation import E
from theory.proof.domains import Names
from theory.proof.library import find

THEOREM = "variance.jacobian_factor"
INITIALISATIONS = ("standard", "normalized")  # which give inputs of variance 1 these first pre-activations


def linear_regime_gap() -> Table:
    """E f'(s)^2 and its gap to 1, at both variances, for each activation."""
    (choice,) = find(THEOREM).choices
    assert isinstance(choice.domain, Names)
    columns = [Column("activation")]
    rows: list[list[Cell]] = [[name] for name in choice.domain.names]
    for initialisation in INITIALISATIONS:
        variance = at_equal_sizes(weight_variances()[initialisation])
        group = (f"{initialisation}, ", V, f" = {variance}")
        columns += [Column("factor", group, decimals=6), Column("gap", group, decimals=6)]
        for row, name in zip(rows, choice.domain.names, strict=True):
            point = {"activation": name, "preactivation_variance": Fraction(int(variance.p), int(variance.q))}
            factor = Decimal(value(THEOREM, digits=DIGITS, **point))
            row += [exact(factor, THEOREM), exact(1 - factor, THEOREM)]
    return Table(
        "linear_regime_gap",
        (
            *(
                "By which factor ",
                E(df(s) ** 2),
                " one layer's slopes multiply the variance of a back-propagated ",
            ),
            *(
                "gradient, for a centred Gaussian pre-activation ",
                s,
                " of variance ",
                V,
                ", and its gap to the 1 of the ",
            ),
            "linear regime (1 minus the factor).",
        ),
        tuple(columns),
        tuple(map(tuple, rows)),
        (
            (
                V,
                " is what each initialisation makes of inputs of variance 1 at equal widths: ",
                sp.Symbol("n"),
                " times its weight variance. Leaky rectifiers have their usual slopes.",
            ),
            *resting_on([THEOREM]),
        ),
    )
