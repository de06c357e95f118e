"""What the linear regime costs: E f'(s)^2, which it takes to be 1, for every activation.

Reference: glorot2010, section 4.2.1.  Assumptions: a centred Gaussian pre-activation of the variance given.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from numerics.evaluate import value
from papers.tables.notes import resting_on
from papers.tables.record import Column, Table
from theory.jacobian import V
from theory.proof.domains import Names
from theory.proof.library import find

THEOREM = "variance.jacobian_factor"
VARIANCES = (Fraction(1, 3), Fraction(1))  # what standard and normalized weights make of inputs of variance 1
DIGITS = 15


def linear_regime_gap() -> Table:
    """E f'(s)^2 and its gap to 1, at both variances, for each activation."""
    (choice,) = find(THEOREM).choices
    assert isinstance(choice.domain, Names)
    columns, rows = [Column("activation")], [[name] for name in choice.domain.names]
    for variance in VARIANCES:
        group = (V, f" = {variance}")
        columns += [Column("factor", group, decimals=6), Column("gap", group, decimals=6)]
        for row, name in zip(rows, choice.domain.names, strict=True):
            factor = Decimal(value(THEOREM, digits=DIGITS, activation=name, preactivation_variance=variance))
            row += [factor, 1 - factor]
    return Table(
        "linear_regime_gap",
        (
            "What one layer's slopes do to the variance of a back-propagated gradient: the factor E f'(s)^2 for a centred "
            "Gaussian pre-activation s of variance ",
            V,
            ", and its gap to the 1 of the linear regime (1 minus the factor).",
        ),
        tuple(columns),
        tuple(map(tuple, rows)),
        (
            (V, " = 1/3 and ", V, " = 1: what standard and normalized weights make of inputs of variance 1 at equal widths. "
             "Leaky rectifiers have their usual slopes."),
            *resting_on([THEOREM]),
        ),
    )
