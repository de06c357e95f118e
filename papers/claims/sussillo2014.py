"""Claims of Sussillo and Abbott (2014)."""

from __future__ import annotations

import sympy as sp

from papers.claims.accuracy import accuracy
from papers.claims.claim import Claim
from theory.proof.library import find
from theory.random_walk.series import J, C, coefficient
from theory.symbols import N

PAPER = "sussillo2014"
def series(order: int = 2):
    return find("random_walk.relu_gain_series").value().subs(J, order).doit().replace(lambda e: isinstance(e, sp.Indexed), lambda e: sp.Rational(*coefficient(int(e.indices[0])).as_integer_ratio()))
CLAIMS: tuple[Claim, ...] = (
    Claim("S-07", PAPER, "second-hand", "x", accuracy("random_walk.relu_gain", expansion=series),  sp.sqrt(2) * sp.exp(sp.Rational(6, 5) / (sp.Max(N, 6) - sp.Rational(12, 5)))),
)
