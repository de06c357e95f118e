"""Claims of Glorot and Bengio (2010)."""

from __future__ import annotations

from papers.claims.claim import Claim
import sympy as sp
from papers.claims.formulas import formula
from theory.networks import G, df, next_width, w, y
from theory.symbols import d, g, i, k, m, n, r, v
PAPER="glorot2010"
NETWORKS = tuple({n: (2, 3, 5, 7), v: (sp.Rational(1,2), sp.Rational(1,3), sp.Rational(1,7)), g: (1, 1, 1), d: 2, i: at} for at in range(3))
CLAIMS: tuple[Claim, ...] = (
    Claim("G-02", PAPER, "text", "x", formula("variance.backpropagation"), df(y[k]) * sp.Sum(w[k, m] * G[m], (m, 1, next_width))),
    Claim("G-06", PAPER, "text", "x", formula("variance.backpropagated", at=NETWORKS), g[d] * sp.Product(n[r + 1] * v[r], (r, i, d))),
)
