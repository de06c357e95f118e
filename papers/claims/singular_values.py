"""What decides the claims about the singular values of a layer's Jacobian.

Reference: glorot2010; goodman1963 (the determinant of a normal matrix).
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement
from math import log, prod

import sympy as sp

from numerics.evaluate import value
from papers.claims.claim import Point
from papers.claims.idealisations import Gap
from papers.claims.points import text
from papers.claims.properties import Decision, smallest_failing

WIDTH = 100  # of the normal matrix whose determinant is taken


def behind_tanh() -> Gap:
    """By Jensen the mean singular value is at most the root of the mean square, n Var W E f'(s)^2."""
    points = []
    for scale in (Fraction(1), Fraction(1, 3)):
        ideal = value("variance.mean_singular_value", 3, scale=scale)
        slope = float(value("variance.jacobian_factor", activation="tanh", preactivation_variance=scale))
        points.append(Point(f"n Var W = {scale}", ideal, f"at most {(float(scale) * slope) ** 0.5:.3f}"))
    shown = " and ".join(f"{point.derived} at {point.where}" for point in points)
    return Gap(f"behind unit-variance inputs the slopes of tanh leave {shown}", tuple(points), "linear regime")


def _three(diagonal: tuple[int, ...]) -> tuple[Fraction, Fraction, Fraction]:
    """Mean singular value, volume ratio and variance ratio of a diagonal matrix."""
    size = len(diagonal)
    return Fraction(sum(diagonal), size), Fraction(prod(diagonal)), Fraction(sum(entry**2 for entry in diagonal), size)


def one_number(printed: sp.Basic) -> Decision:
    """Whether the three are one number for all diagonal matrices, smallest first."""
    matrices = [*((one,) for one in (1, 2, 3)), *combinations_with_replacement((1, 2, 3), 2)]
    variances = smallest_failing(matrices, lambda diagonal: _three(diagonal)[0] == _three(diagonal)[2])
    volumes = smallest_failing(matrices, lambda diagonal: _three(diagonal)[0] == _three(diagonal)[1])
    failing = [diagonal for diagonal in (variances, volumes) if diagonal is not None]
    named = [f"J = diag({', '.join(map(str, diagonal))})" for diagonal in failing]
    sides = [list(map(text, _three(diagonal))) for diagonal in failing]
    points = tuple(
        Point(name, mean, f"volumes {volume}, variances {variance}")
        for name, (mean, volume, variance) in zip(named, sides, strict=True)
    )
    theorems = ("variance.mean_singular_value", "probability.chi_square_log_mean")
    because = "volumes grow by the product of the singular values, variances by the mean of their squares"
    return Decision(
        not failing, because, theorems, None, " and ".join(named), points=points, evidence=(_determinant(),)
    )


def _determinant() -> str:
    """What the three are for a normal matrix: |det W|^2 is a product of chi-square variables of 1..n degrees over n^n."""
    logs = [Fraction(value("probability.chi_square_log_mean", k=size)) for size in range(1, WIDTH + 1)]
    volume = (float(sum(logs)) - WIDTH * log(WIDTH)) / 2
    mean = value("variance.mean_singular_value", 3, scale=1)
    return (
        f"for normal W of width {WIDTH} with n Var W = 1 the volume ratio is about e^({volume:.0f}) (goodman1963), the mean "
        f"singular value {mean} (in the limit of width), the ratio of variances 1"
    )
