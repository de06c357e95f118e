"""The mean singular value of a large square random matrix: 8 sqrt(scale)/(3 pi), where scale = n Var W.

The limit law is cited, its mean derived: for independent entries with mean 0 and variance scale/n the singular
values follow, as n grows, the quarter-circle law with density sqrt(4 scale - t^2)/(pi scale) on [0, 2 sqrt(scale)].
Means converge with the law because the mean square E |W|^2/n = scale is the same at every width; the cited law has
that mean square too, and the proof shows it.
Reference: marchenko1967 (the square case); glorot2010, section 4.2.1 (averages measured with the slopes of tanh).
Assumptions: independent entries with one law, mean 0 and finite variance; no activation between the layers.
"""

from __future__ import annotations

import sympy as sp

from theory.probability.expectation import E
from theory.probability.gaussian import primitive
from theory.proof.domains import Reals
from theory.proof.library import theorem
from theory.proof.rules import cite
from theory.proof.theorem import Chain, Parameter, Proof
from theory.symbols import k

scale = sp.Symbol("v", positive=True)  # n Var W
n = sp.Symbol("n", integer=True, positive=True)  # the width
t = sp.Symbol("t", nonnegative=True)  # a singular value
sigma = sp.IndexedBase("sigma")  # sigma[k], the k-th singular value of the n by n matrix

mean_of_sample = sp.Limit(E(sp.Sum(sigma[k], (k, 1, n)) / n), n, sp.oo)
_edge = 2 * sp.sqrt(scale)


def law_moment(power: int) -> sp.Integral:
    """The moment of a given order of the quarter-circle law of mean square `scale`."""
    return sp.Integral(t**power * sp.sqrt(4 * scale - t**2) / (sp.pi * scale), (t, 0, _edge))


quarter_circle = cite("quarter-circle law", "marchenko1967", mean_of_sample, law_moment(1))

# primitives of t^power times the density; sqrt(4 scale - t^2) vanishes at the upper end
_mean_primitive = -((4 * scale - t**2) ** sp.Rational(3, 2)) / (3 * sp.pi * scale)
_arcsine = sp.asin(t / _edge)
_mass_primitive = (t * sp.sqrt(4 * scale - t**2) / 2 + 2 * scale * _arcsine) / (sp.pi * scale)
_square_primitive = (t * (t**2 - 2 * scale) * sp.sqrt(4 * scale - t**2) / 4 + 2 * scale**2 * _arcsine) / (sp.pi * scale)


@theorem(
    "variance.mean_singular_value",
    source="glorot2010, section 4.2.1; marchenko1967",
    parameters=(Parameter("scale", Reals(0, open_low=True), scale),),
)
def mean_singular_value(p: Proof) -> Chain:
    """The limit, width to infinity, of the mean singular value of a square matrix with n Var W = scale."""
    p.calc(law_moment(0), "=", 1, primitive(_mass_primitive, t))
    p.calc(law_moment(2), "=", scale, primitive(_square_primitive, t))
    return p.calc(
        mean_of_sample,
        *("=", law_moment(1), quarter_circle),
        *("=", 8 * sp.sqrt(scale) / (3 * sp.pi), primitive(_mean_primitive, t)),
    )
