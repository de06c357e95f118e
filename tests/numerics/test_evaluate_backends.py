"""NumPy, torch and mpmath against ball arithmetic, on expressions drawn from the whole table of nodes.

The tolerance is computed, not chosen: `Roundings` evaluates the same tree in balls and widens every
intermediate result by the error bound stated for its node, so the ball it returns contains whatever floating
point with those bounds can give.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import torch
from flint import acb, arb
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mpmath import mp
from sympy.codegen.cfunctions import expm1, log1p

from numerics.evaluate import log1pmx as accurate
from numerics.evaluate.floats import Floats
from numerics.evaluate.mpmath_backend import Digits, digits_of
from numerics.evaluate.sharing import evaluate, require_known
from numerics.evaluate.torch_backend import Torch
from theory.proof.balls import Balls, precision
from theory.proof.interpret import UnknownNode, interpret
from theory.proof.nodes import acospi, log1pmx

BACKENDS = [Floats(), Torch()]
BITS = 300  # of the balls themselves: their own width is far below any rounding of float64

# Units in the last place by which one node may err.  Elementary functions: NumPy states 4 and libm and SLEEF
# less; Cephes states peak relative errors of up to 1e-14 (45 units) for the incomplete gamma functions, less
# for the others; what torch makes from log-gamma errs by |log-gamma| < 10 units at the arguments drawn here
# (at most 30 for the binomials).
ELEMENTARY, CEPHES, INCOMPLETE = 4, 16, 64
UNITS = {
    log1pmx: accurate.ULPS,
    **dict.fromkeys((sp.erf, sp.erfc, sp.polygamma, sp.loggamma), CEPHES),
    **dict.fromkeys((sp.gamma, sp.lowergamma, sp.uppergamma, sp.binomial), INCOMPLETE),
}
ABOUT_ZERO = (sp.polygamma, sp.loggamma)  # these have zeros, about which the error is one of 1 + |value|

x, y, t = sp.symbols("x y t", real=True)
m, j, k = sp.symbols("m j k", integer=True)


class Roundings(Balls):
    """Balls that contain every result of floating point within the stated error bounds."""

    def __init__(self) -> None:
        super().__init__()
        self.functions = {node: self._rounded(node, f) for node, f in self.functions.items()}
        for constant in map(type, (sp.pi, sp.E, sp.EulerGamma)):
            self.forms[constant] = self._rounded_constant(self.forms[constant])

    @staticmethod
    def _rounded_constant(form):
        return lambda *args: _widened(form(*args), abs(form(*args)), 1 / 2)

    @staticmethod
    def _rounded(node, function):
        def rounded(*args: acb) -> acb:
            value = function(*args)
            if node is sp.Add:  # n - 1 additions in any order, each off by half a unit of a partial sum
                return _widened(value, sum(abs(x) for x in args), len(args) / 2)
            if node is sp.Mul:
                return _widened(value, abs(value), len(args) / 2)
            if node in (sp.re, sp.im, sp.Abs, sp.Max, sp.Min):
                return value
            return _widened(value, abs(value) + (node in ABOUT_ZERO), UNITS.get(node, ELEMENTARY))

        return rounded

    def number(self, q):
        value = super().number(q)
        return value if Fraction(float(q)) == Fraction(q.p, q.q) else _widened(value, abs(value), 1 / 2)


def _widened(value, size, units):
    """A ball that also contains what lies within so many units, 2^-52 of `size` each; both parts of a complex
    one.
    """
    radius = (arb(size) * units * arb(2) ** -52 * (1 + arb(2) ** -20)).upper()
    return value + (acb(arb(0, radius), arb(0, radius)) if value.imag != 0 else arb(0, radius))


def lies_in(value: float, expr: sp.Expr, env: dict) -> bool:
    with precision(BITS):
        ball = interpret(expr, env, Roundings()).real
        assert ball.is_finite(), "the stated bounds allow anything here, so the test would be vacuous"
        assert ball.rad() < arb("1e-6") * (1 + abs(ball.mid()))
        return ball.contains(arb(float(value)))


def tame(e: sp.Expr) -> sp.Expr:
    """A value in (1/4, 5/4], where every function of the table is finite and of moderate slope."""
    return sp.Rational(1, 4) + 1 / (1 + e**2)


HALF = sp.Rational(1, 2)
UNARY = [
    *(
        sp.exp,
        expm1,
        sp.log,
        log1p,
        log1pmx,
        sp.sin,
        sp.cos,
        sp.atan,
        sp.tanh,
        sp.cosh,
        sp.sinh,
        sp.erf,
        sp.erfc,
    ),
    *(sp.gamma, sp.loggamma, sp.sqrt),
    lambda e: log1pmx(-e / 2),
    lambda e: acospi(e / 2),
    lambda e: sp.polygamma(0, e),
    lambda e: sp.polygamma(2, e),
    lambda e: sp.Abs(e - sp.Rational(2, 3)),
    lambda e: e**-2,
    lambda e: e**sp.pi,
    lambda e: sp.re(sp.exp(sp.I * e), evaluate=False),
    lambda e: sp.im(sp.exp(sp.I * e), evaluate=False),
]
BINARY = [
    *(sp.Add, sp.Mul, sp.Pow, sp.lowergamma, sp.uppergamma),
    lambda e, f: sp.Max(x * e, y * f),
    lambda e, f: sp.Min(x * e, y * f),
    lambda e, f: sp.Piecewise((e, x < HALF), (f, True)),
    lambda e, f: sp.Piecewise((e, sp.And(x > HALF, y < 1)), (f, True)),
    lambda e, f: sp.Sum(sp.binomial(m, k) * e**k * f ** (m - k), (k, 0, m)),
    lambda e, f: sp.Sum(e / k + f, (j, 1, k), (k, 1, m)),
    lambda e, f: sp.Product(1 + e * f / k**2, (k, 1, m)),
]
LEAVES = st.one_of(
    st.sampled_from([x, y, sp.pi, sp.E, sp.EulerGamma, m / sp.Integer(7)]),
    st.fractions(min_value=Fraction(1, 8), max_value=2, max_denominator=50).map(lambda q: sp.Rational(q)),
)


def grow(inner):
    return st.one_of(
        st.tuples(st.sampled_from(UNARY), inner).map(lambda p: p[0](tame(p[1]))),
        st.tuples(st.sampled_from(BINARY), inner, inner).map(lambda p: p[0](tame(p[1]), tame(p[2]))),
    )


EXPRESSIONS = st.recursive(LEAVES, grow, max_leaves=5)
POINTS = st.tuples(
    st.fractions(min_value=Fraction(1, 8), max_value=2, max_denominator=64).filter(
        lambda q: (q * 1024) % 1 == 0
    ),
    st.integers(1, 128).map(lambda v: Fraction(v, 64)),  # dyadic: float64 has these values exactly
    st.integers(0, 12),
)


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: b.name)
@given(expr=EXPRESSIONS, points=st.lists(POINTS, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_arrays_err_by_no_more_than_the_stated_roundings(backend, expr, points):
    columns = [backend.array(np.array([float(v) for v in column])) for column in zip(*points, strict=True)]
    with backend.working():
        values = evaluate(expr, dict(zip((x, y, m), columns, strict=True)), backend)
    values = np.broadcast_to(backend.concrete(values), (len(points),))
    for value, point in zip(values, points, strict=True):
        assert lies_in(value, expr, dict(zip((x, y, m), point, strict=True)))


@given(expr=EXPRESSIONS, point=POINTS)
@settings(max_examples=40, deadline=None)
def test_mpmath_gives_the_digits_asked_for(expr, point):
    env = dict(zip((x, y, m), point, strict=True))
    digits = 25
    found = digits_of(expr, env, digits)
    with precision(BITS):
        true = interpret(expr, env, Balls()).real
        with mp.workdps(60):
            error = abs(arb(mp.nstr(mp.re(found), 50)) - true)
        # two precisions agreed to 10^-digits; the finer one is better by as many digits again
        assert error <= abs(true) * arb(10) ** -digits


@pytest.mark.parametrize("backend", [Floats(), Torch(), Digits()], ids=lambda b: b.name)
def test_every_backend_knows_exactly_the_nodes_the_balls_know(backend):
    assert set(backend.functions) == set(Balls().functions)
    assert set(backend.forms) == set(Balls().forms)


@pytest.mark.parametrize("backend", [Floats(), Torch(), Digits()], ids=lambda b: b.name)
@pytest.mark.parametrize(
    "unknown", [sp.besselj(0, x), sp.Float("0.1") * x, sp.Integral(sp.exp(-(t**2)), (t, 0, sp.oo))]
)
def test_an_unknown_node_is_an_error_before_evaluation(backend, unknown):
    with pytest.raises(UnknownNode):
        require_known(1 + sp.exp(unknown), backend)


@given(numerator=st.integers(-(2**53) + 1, 2**60), exponent=st.integers(-53, 20))
@settings(max_examples=300, deadline=None)
@example(
    numerator=-(2**52), exponent=0
)  # -1/2 and 1, where the series is longest and the difference loses most
@example(numerator=2**53, exponent=0)
@example(numerator=-(2**52) - 1, exponent=0)
@example(numerator=2**53 + 2, exponent=0)
def test_log1pmx_errs_by_at_most_the_stated_units(numerator, exponent):
    point = float(numerator) * 2.0 ** (-53 - exponent)
    if not point > -1 or point == 0:
        return
    with precision(1200):
        true = interpret(log1pmx(x), {x: Fraction(point)}, Balls()).real
        for xp, argument in ((np, np.array([point])), (torch, torch.tensor([point], dtype=torch.float64))):
            found = float(accurate.log1pmx(argument, xp)[0])
            assert abs(arb(found) - true) <= accurate.ULPS * arb(2) ** -52 * abs(true)


def test_limits_and_indices_may_be_arrays():
    n = sp.IndexedBase("n")
    env = {n: (2, 3, 5, 7).__getitem__, m: np.array([-1.0, 0.0, 3.0, 1.0])}
    product = evaluate(sp.Product(n[k], (k, 0, m)), env, Floats())
    assert product.tolist() == [1, 2, 210, 6]
    looked_up = evaluate(n[m], {**env, m: np.array([3.0, 0.0])}, Floats())
    assert looked_up.tolist() == [7, 2]


def test_a_branch_is_evaluated_only_where_it_applies():
    pole = sp.Piecewise((1, sp.Eq(x, 0)), (sp.sin(x) / x, True))
    values = torch.tensor([0.0, 1.0], dtype=torch.float64, requires_grad=True)
    result = evaluate(pole, {x: values}, Torch())
    result.sum().backward()
    assert result.tolist() == [1.0, np.sin(1.0)]
    assert torch.isfinite(values.grad).all()  # a value computed under a mask would have left 0 * nan here


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: b.name)
def test_incomplete_gamma_functions_refuse_an_order_that_is_not_positive(backend):
    with pytest.raises(UnknownNode, match="positive order"):
        evaluate(sp.uppergamma(x, 1), {x: backend.array(np.array([-0.5]))}, backend)


def test_torch_refuses_complex_arguments_it_has_no_function_for():
    with pytest.raises(UnknownNode, match="complex"):
        evaluate(sp.loggamma(1 + sp.I * x), {x: Torch().array(np.array([1.0]))}, Torch())
