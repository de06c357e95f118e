"""The algebra judge's normal form never calls different things equal, and sees through sums, shifts and names."""

from __future__ import annotations

import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.probability.models import Enumeration
from theory.probability.setting import DETERMINISTIC, Instance
from theory.proof.interpret import Backend, interpret
from theory.proof.nodes import DominatedIntegral, PairSum
from theory.proof.normal import difference, normal
from theory.symbols import N, i, k, l

u, v = sp.IndexedBase("u"), sp.IndexedBase("v")
j = sp.Symbol("j", integer=True, positive=True)

atoms = st.sampled_from([u[k], v[k], u[k] * v[k], sp.Integer(2), N, k])
bodies = st.recursive(
    atoms, lambda inner: st.builds(sp.Add, inner, inner) | st.builds(sp.Mul, inner, inner), max_leaves=4
)
MODEL_ARRAYS = {u: lambda unit: unit * unit + 3, v: lambda unit: 7 - 2 * unit}


def evaluated(expr: sp.Expr, width: int) -> object:
    backend: Backend = Enumeration(DETERMINISTIC, Instance({N: width}, MODEL_ARRAYS))
    return interpret(expr, {N: width, **MODEL_ARRAYS}, backend)


@given(bodies, st.integers(1, 3))
def test_the_normal_form_of_a_sum_has_its_value(body: sp.Expr, width: int) -> None:
    total = sp.Sum(body, (k, 1, N))
    assert evaluated(normal(total), width) == evaluated(total, width)


@given(bodies, bodies, st.integers(1, 3))
def test_lines_without_a_difference_have_equal_values(first: sp.Expr, second: sp.Expr, width: int) -> None:
    left, right = sp.Sum(first, (k, 1, N)), sp.Sum(second, (k, 1, N))
    if difference(left, right) == 0:
        assert evaluated(left, width) == evaluated(right, width)


@given(bodies, bodies)
def test_sums_are_additive_homogeneous_and_blind_to_the_name_of_their_index(first: sp.Expr, second: sp.Expr) -> None:
    together = sp.Sum(first + 3 * second, (k, 1, N))
    apart = sp.Sum(first.subs(k, l), (l, 1, N)) + 3 * sp.Sum(second, (k, 1, N))
    assert difference(together, apart) == 0


@given(bodies, st.integers(-3, 3))
def test_products_may_be_shifted(body: sp.Expr, shift: int) -> None:
    shifted = sp.Product(body.subs(k, l - shift), (l, 1 + shift, N + shift))
    assert difference(sp.Product(body, (k, 1, N)), shifted) == 0


def test_a_sum_of_constants_counts_its_terms() -> None:
    assert difference(sp.Sum(3, (k, 1, N)), 3 * N) == 0
    assert difference(PairSum(2, k, l, N), 2 * N * (N - 1)) == 0


def test_a_sum_over_pairs_is_not_the_square_of_the_sum() -> None:
    square = sp.Sum(u[k], (k, 1, N)) ** 2
    assert difference(square, PairSum(u[k] * u[l], k, l, N)) != 0


def test_products_over_different_ranges_differ() -> None:
    assert difference(sp.Product(u[k], (k, 1, i)), sp.Product(u[k], (k, 2, i))) != 0


def test_integrals_with_different_integrands_differ() -> None:
    y = sp.Symbol("y", real=True)
    line = (y, -sp.oo, sp.oo)
    one, two = (DominatedIntegral(sp.exp(-c * y**2), line, 3, 1) for c in (1, 2))
    assert difference(one, two) != 0
    assert difference(3 * one + two, two + 3 * one) == 0


def test_rationals_are_never_rounded() -> None:
    tiny = sp.Rational(1, 10**40)
    assert difference(sp.log(N) + tiny, sp.log(N)) != 0
