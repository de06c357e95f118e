"""The series of the rectifier gain: two derivations agree, the exact gain is approached, wrong terms are refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.proof.balls import ball, enclose, precision
from theory.proof.domains import OutOfDomain
from theory.proof.judges import Verdict, judge_enclosure
from theory.proof.rules import Context
from theory.random_walk.gains import relu_gain
from theory.random_walk.series import (
    HIGHEST_ORDER,
    C,
    coefficient,
    coefficient_by_moments,
    exponent_coefficient,
    polynomial_coefficient,
    relu_gain_series,
)
from theory.symbols import N


def series_value(width: int, order: int, digits: int = 30) -> arb:
    _, values = relu_gain_series.bind({"N": width, "order": order})
    return enclose(relu_gain_series.derivation().statement.right, relu_gain_series.environment(values), digits)


def exactly(value: Fraction | int) -> arb:
    return ball(sp.Rational(value), {}, 200)


def test_the_theorem_stands_by_enclosure() -> None:
    assert relu_gain_series.verdict is Verdict.ENCLOSED
    assert relu_gain_series.derivation().statement.relation == "~"


def test_the_first_coefficients() -> None:
    known = ["5/4", "49/24", "6", "6239/240", "150", "545329/504"]
    assert [coefficient(order) for order in range(1, 7)] == [Fraction(number) for number in known]


@settings(max_examples=15, deadline=None)
@given(order=st.integers(1, 20))
def test_watson_and_stirling_give_the_same_coefficients(order: int) -> None:
    assert coefficient(order) == coefficient_by_moments(order)


@settings(max_examples=15, deadline=None)
@given(order=st.integers(1, HIGHEST_ORDER))
def test_linear_terms_are_those_of_the_logarithm_and_none_has_more_factors_than_its_order(order: int) -> None:
    assert sp.Rational(polynomial_coefficient(order, 1)) == exponent_coefficient(sp.S(order))
    assert all(polynomial_coefficient(order, power) == 0 for power in range(order + 1, HIGHEST_ORDER + 1))


@settings(max_examples=5, deadline=None)
@given(width=st.integers(500, 10**6), order=st.integers(0, 5))
def test_the_first_term_left_out_is_the_error(width: int, order: int) -> None:
    with precision(250):
        gain = enclose(relu_gain.derivation().rigorous, {N: width}, 60)
        first, second = (exactly(coefficient(order + term) / Fraction(width) ** (order + term)) for term in (1, 2))
        left_out = (gain / series_value(width, order, 60)).log()
        gap = abs(left_out - first)
    # the gap is the second term left out and those after it; up to order 8 each coefficient is less than eleven times
    # the one before, so that from width 500 on the third is below a fortieth of the second
    assert gap < 2 * second


def test_order_zero_is_the_gain_of_infinite_width() -> None:
    assert series_value(7, 0).overlaps(exactly(2).sqrt())


def test_the_highest_order_has_a_value() -> None:
    assert series_value(10**6, HIGHEST_ORDER) > exactly(2).sqrt()


@settings(max_examples=3, deadline=None)
@given(
    wrong=st.integers(1, 4),
    factor=st.one_of(st.fractions(-2, Fraction(9, 10)), st.fractions(Fraction(11, 10), 3)),
)
def test_a_wrong_coefficient_is_refused(wrong: int, factor: Fraction) -> None:
    step = relu_gain_series.derivation().statement.steps[-1]
    mutated = {**step.arrays, C: lambda order: coefficient(order) * (factor if order == wrong else 1)}
    context = Context(step.setting, step.assumed)
    assert judge_enclosure(replace(step, arrays=mutated), context).answer == "fails"


@pytest.mark.parametrize("wrong", [{"order": HIGHEST_ORDER + 1}, {"order": -1}, {"order": Fraction(1, 2)}, {"N": 0}])
def test_values_outside_the_domains_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(OutOfDomain, match=next(iter(wrong))):
        relu_gain_series.bind({"N": 10, "order": 2, **wrong})
