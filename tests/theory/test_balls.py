"""Enclosures contain the true value, at every precision, and say so when they cannot be had."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
import sympy as sp
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from theory.proof.balls import NotEnclosed, ball, decide_at, enclose, precision
from theory.proof.interpret import UnknownNode
from theory.proof.nodes import DominatedIntegral, log1pmx

x, y, a = sp.symbols("x y a", real=True)
positive = st.fractions(Fraction(1, 50), 50, max_denominator=60)


@given(positive, st.integers(5, 60))
def test_integrals_over_the_line_contain_the_gaussian_integral(rate: Fraction, digits: int) -> None:
    scale = sp.exp(1 / (4 * a))  # a y^2 >= |y| - 1/(4a)
    integral = DominatedIntegral(sp.exp(-a * y**2), (y, -sp.oo, sp.oo), scale, 1)
    value = enclose(integral, {a: rate}, digits)
    assert value.overlaps(enclose(sp.sqrt(sp.pi / a), {a: rate}, digits + 10))
    assert value.rad() < arb(10) ** -digits * abs(value)


@given(positive)
def test_a_majorant_that_is_too_small_is_noticed(rate: Fraction) -> None:
    lying = DominatedIntegral(sp.exp(-a * y**2), (y, -sp.oo, sp.oo), sp.Rational(1, 1000), 1)
    with pytest.raises(NotEnclosed, match="larger than its majorant"):
        enclose(lying, {a: rate}, 10)


def test_a_singularity_on_the_range_is_refused() -> None:
    with pytest.raises(NotEnclosed):
        enclose(DominatedIntegral(sp.exp(-y) / (y - 1), (y, 0, sp.oo), 1, 1), {}, 10)


def test_branch_cuts_do_not_mislead_the_integrator() -> None:
    value = enclose(sp.Integral(sp.sqrt(x), (x, 1, 4)), {}, 20)
    assert value.overlaps(arb(14) / 3)


def test_the_cut_of_the_incomplete_gamma_function_does_not_mislead_the_integrator() -> None:
    """The cut ends at the end of the range; with its end removed by x = y^2 the two forms overlap at every precision."""
    plain = sp.Integral(sp.exp(-x) * sp.lowergamma(a, x / 2), (x, 0, 4))
    smooth = sp.Integral(2 * y * sp.exp(-(y**2)) * sp.sqrt(sp.pi) * sp.erf(y / sp.sqrt(2)), (y, 0, 2))
    for bits in (60, 100, 162):
        assert ball(plain, {a: Fraction(1, 2)}, bits).overlaps(ball(smooth, {}, bits))


@given(st.fractions(Fraction(-9, 10), 20, max_denominator=10**9), st.integers(5, 200))
def test_log1pmx_is_what_it_says(w: Fraction, digits: int) -> None:
    if w != 0:
        direct = enclose(sp.log(1 + x) - x, {x: w}, digits)
        assert enclose(log1pmx(x), {x: w}, digits).overlaps(direct)


@given(st.fractions(Fraction(1, 10), 30, max_denominator=50), st.integers(10, 60))
def test_special_functions_agree_with_mpmath(at: Fraction, digits: int) -> None:
    bits = int(3.4 * digits) + 30
    with mpmath.workdps(digits + 10), precision(bits):
        point = mpmath.mpf(at.numerator) / at.denominator
        pairs = {
            sp.polygamma(0, x): mpmath.digamma(point),
            sp.polygamma(1, x): mpmath.psi(1, point),
            sp.gamma(x): mpmath.gamma(point),
            sp.lowergamma(x, 2): mpmath.gammainc(point, 0, 2),
            sp.erf(x): mpmath.erf(point),
        }
        for expr, expected in pairs.items():
            ours = ball(expr, {x: at}, bits)
            other = arb(mpmath.nstr(expected, digits + 8))
            assert abs(ours - other) < arb(10) ** -digits * (1 + abs(ours))


def test_comparisons_of_inexact_balls_are_undecided_rather_than_guessed() -> None:
    assert decide_at(sp.Eq(sp.sqrt(x) ** 2 + sp.pi, sp.pi + 2, evaluate=False), {x: 2}) is None
    assert decide_at(sp.Gt(sp.pi, 3, evaluate=False), {}) is True
    assert decide_at(sp.Eq(x, 3, evaluate=False), {x: 2}) is False


def test_an_unknown_node_is_an_error() -> None:
    with pytest.raises(UnknownNode, match="besselj"):
        enclose(sp.besselj(0, x), {x: 1}, 10)
    with pytest.raises(UnknownNode, match="symbol without a value"):
        enclose(x + a, {x: 1}, 10)
