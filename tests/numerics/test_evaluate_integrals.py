"""Integrals and long sums of the array and mpmath arithmetics, against closed forms in ball arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from numerics.evaluate.arrays import BLOCK, ROWS
from numerics.evaluate.floats import Floats
from numerics.evaluate.mpmath_backend import digits_of
from numerics.evaluate.quadrature import NotComputed, line
from numerics.evaluate.sharing import evaluate
from numerics.evaluate.torch_backend import Torch
from theory.proof.balls import enclose, precision
from theory.proof.nodes import DominatedIntegral

BACKENDS = [Floats(), Torch()]
BITS = 300  # of the balls: their own width is far below any error looked for

x, t = sp.symbols("x t", real=True)
m, k = sp.symbols("m k", integer=True)

# Quadrature errs by AGREEMENT**2 = 1e-16; these integrands' values by at most 16 roundings (their exponents,
# where the integrand still counts, are below 8 and known to a rounding); twenty-odd units in all are below
# 1e-14.
INTEGRAL = 1e-14
a = sp.Symbol("a", positive=True)
INTEGRALS = [
    (DominatedIntegral(sp.exp(-a * t**2), (t, -sp.oo, sp.oo), sp.exp(1 / a), 1), sp.sqrt(sp.pi / a)),
    (DominatedIntegral(1 / sp.cosh(a * t), (t, -sp.oo, sp.oo), 2, a), sp.pi / a),
    (DominatedIntegral(sp.exp(-a * t), (t, 0, sp.oo), 1, a), 1 / a),
    (DominatedIntegral(sp.exp(a * t), (t, -sp.oo, 1), sp.exp(2 * a), a), sp.exp(a) / a),
    (DominatedIntegral(t * sp.exp(-a * t), (t, a, sp.oo), 4 / a, a / 2), sp.exp(-(a**2)) * (1 + 1 / a**2)),
    (sp.Integral(sp.log(t), (t, 0, a)), a * (sp.log(a) - 1)),
    (sp.Integral(sp.sqrt(4 - t**2), (t, -2, 2)), 2 * sp.pi),
    (
        sp.Sum(sp.Integral(k * t**k, (t, 0, a)), (k, 1, 5)),
        sum(i * a ** (i + 1) / (i + 1) for i in range(1, 6)),
    ),
]


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: b.name)
@pytest.mark.parametrize(("integral", "closed"), INTEGRALS)
@given(points=st.lists(st.integers(8, 160).map(lambda v: Fraction(v, 64)), min_size=1, max_size=3))
@settings(max_examples=20, deadline=None)
def test_integrals_equal_their_closed_forms(backend, integral, closed, points):
    with backend.working():
        values = evaluate(integral, {a: backend.array(np.array([float(p) for p in points]))}, backend)
    for value, point in zip(np.broadcast_to(backend.concrete(values), len(points)), points, strict=True):
        size = enclose(abs(closed) + (1 if isinstance(integral.args[0], sp.log) else 0), {a: point}, 20)
        assert abs(arb(float(value)) - enclose(closed + 0 * a, {a: point}, 20)) < INTEGRAL * size


@pytest.mark.parametrize(("integral", "closed"), INTEGRALS[:7])
def test_mpmath_integrals_agree_to_twenty_digits(integral, closed):
    point = {a: Fraction(5, 4)}
    with precision(BITS):
        found = arb(mp.nstr(digits_of(integral, point, 20), 30))
        assert abs(found - enclose(closed, point, 25)) < arb(10) ** -20 * abs(found)


def test_blocks_do_not_change_an_integral_or_a_sum():
    points = np.linspace(1, 4, 2 * ROWS + 3)
    backend = Floats()
    integral = DominatedIntegral(sp.exp(-a * t**2), (t, -sp.oo, sp.oo), 2, 1)
    together = evaluate(integral, {a: points}, backend)
    alone = [evaluate(integral, {a: np.asarray(point)}, backend) for point in points]
    np.testing.assert_allclose(together, alone, rtol=INTEGRAL)
    terms = BLOCK + 3
    harmonic = evaluate(
        sp.Sum(a / k, (k, 1, m)), {a: np.array([1.0, 2.0]), m: np.asarray(float(terms))}, backend
    )
    # pairwise sums of positive terms err by at most log2(terms) + 8 roundings, block by block
    np.testing.assert_allclose(
        harmonic, np.array([1, 2]) * math.fsum(1 / i for i in range(1, terms + 1)), rtol=30 * 2.0**-52
    )


def test_an_inner_variable_hides_an_outer_one_of_the_same_name():
    expr = sp.exp(x) + sp.exp(x) ** 2 * sp.Integral(sp.exp(x), (x, 0, 1))
    value = evaluate(expr, {x: np.asarray(2.0)}, Floats())
    assert value == pytest.approx(np.exp(2) + np.exp(4) * (np.e - 1), rel=INTEGRAL)


def test_an_integral_that_does_not_settle_is_an_error():
    with pytest.raises(NotComputed, match="did not settle"):
        line(lambda nodes: np.where(nodes > 1 / 3, np.exp(-(nodes**2)), 0.0), 8.0, Floats())


def test_an_integrand_lost_to_overflow_is_an_error_unless_negligible():
    backend = Floats()
    with backend.working():
        far_out = DominatedIntegral(
            sp.exp(-sp.exp(t)) * sp.exp(-(t**2)) * sp.exp(sp.exp(t)), (t, -sp.oo, sp.oo), 2, 1
        )
        found = evaluate(far_out, {}, backend)
        assert found == pytest.approx(np.sqrt(np.pi), rel=INTEGRAL)
        with pytest.raises(NotComputed, match="not finite"):
            evaluate(
                DominatedIntegral(sp.exp(-(t**2)) / (t * sp.exp(0 * x) + 0), (t, -sp.oo, sp.oo), 1, 1),
                {},
                backend,
            )
