"""When variances are kept, and in which sense 2/(n_in + n_out) is the compromise.

Reference: glorot2010, equations 8 to 12.  The conditions hold under the hypotheses of
`variance.forward_step` and `variance.backward_step`; the compromise is arithmetic of two positive widths a = n_in and
b = n_out and one weight variance u > 0, under which the two variances are multiplied by a u and b u.
"""

from __future__ import annotations

import sympy as sp

from theory.networks import dense
from theory.probability.integrals import (
    add_square,
    common_denominator,
    divide_by,
    mean_at_most,
    triangle_inequality,
)
from theory.proof.domains import Integers, Reals
from theory.proof.library import theorem
from theory.proof.rules import algebra, by_theorem
from theory.proof.theorem import Chain, Proof
from theory.symbols import g, i, n, q, v
from theory.variance import BACKWARD, FORWARD, backward_step, forward_step


@theorem("variance.forward_condition", source="glorot2010, eqs 8 and 10", setting=dense)
def forward_condition(p: Proof) -> Chain:
    """Layer i keeps the forward variance if and only if n_i Var W^i = 1, i = 0..d."""
    p.assume(*FORWARD)
    return p.calc(
        sp.Eq(q[i + 1], q[i]),
        *("<=>", sp.Eq(n[i] * v[i] * q[i], q[i]), by_theorem(forward_step)),
        *("<=>", sp.Eq(n[i] * v[i], 1), divide_by(q[i])),
    )


@theorem("variance.backward_condition", source="glorot2010, eqs 9 and 11", setting=dense)
def backward_condition(p: Proof) -> Chain:
    """Going down to layer i keeps the gradient's variance if and only if n_{i+2} Var W^{i+1} = 1, i = 0..d-1.

    So W^0 is under no backward condition: no gradient at a pre-activation passes through it.
    """
    p.assume(*BACKWARD)
    return p.calc(
        sp.Eq(g[i], g[i + 1]),
        *("<=>", sp.Eq(n[i + 2] * v[i + 1] * g[i + 1], g[i + 1]), by_theorem(backward_step)),
        *("<=>", sp.Eq(n[i + 2] * v[i + 1], 1), divide_by(g[i + 1])),
    )


@theorem("variance.compromise", source="glorot2010, eq. 12")
def compromise(p: Proof) -> Chain:
    """The larger of the two errors |a u - 1|, |b u - 1| is least at u = 2/(a + b), where their mean factor is 1.

    The criterion matters: the sum of the squared *logarithms* of the two factors is least at u = 1/sqrt(a b), the
    geometric mean of 1/a and 1/b.  Both conditions hold together only for a = b, where the two answers agree.
    """
    a, b = sp.symbols("a b", positive=True, integer=True)
    u = sp.Symbol("u", positive=True)
    p.let(a, Integers(1))
    p.let(b, Integers(1))
    p.let(u, Reals(0, open_low=True))
    forward, backward = sp.Abs(a * u - 1), sp.Abs(b * u - 1)
    best, geometric = 2 / (a + b), 1 / sp.sqrt(a * b)
    largest = sp.Max(forward, backward)
    spread = sp.Abs(a - b) / (a + b)
    p.calc((a * best + b * best) / 2, "=", 1, algebra)
    p.calc(sp.Max(sp.Abs(a * best - 1), sp.Abs(b * best - 1)), "=", spread, common_denominator)
    logs = sp.log(a * u) ** 2 + sp.log(b * u) ** 2
    floor = (sp.log(a) - sp.log(b)) ** 2 / 2
    excess = sp.sqrt(2) * (sp.log(a) + sp.log(b) + 2 * sp.log(u)) / 2
    p.calc(floor, "<=", floor + excess**2, add_square(excess), "=", logs, algebra)
    p.calc(logs.subs(u, geometric), "=", floor, algebra)
    return p.calc(
        spread,
        *("=", sp.Abs(b * (a * u - 1) - a * (b * u - 1)) / (a + b), algebra),
        *("<=", (b * forward + a * backward) / (a + b), triangle_inequality),
        *("<=", largest, mean_at_most(largest)),
    )
