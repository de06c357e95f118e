"""Maps applied many times: all arithmetics step alike, enclosures do not blow up, exact points stay exact."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import torch
from flint import arb
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from numerics.evaluate.exact import rational
from numerics.evaluate.floats import Floats
from numerics.evaluate.mpmath_backend import digits_of
from numerics.evaluate.sharing import evaluate, require_known
from numerics.evaluate.torch_backend import Torch
from theory.proof.balls import Balls, ball
from theory.proof.nodes import ACOSPI_RATIONAL, Iterate, acospi
from theory.proof.notation import latex, unicode

x, y, a, b = sp.symbols("x y a b", real=True)
n = sp.Symbol("n", integer=True, positive=True)
FIBONACCI = Iterate((x, y), (y, x + y), (a, b), n)
NEWTON = Iterate((x,), (x / 2 + 1 / x,), (a,), n)  # the square root of 2
CIRCLE = Iterate((x,), (x + sp.sqrt(1 - x**2) / sp.pi - x * acospi(x),), (a,), n)


@given(count=st.integers(0, 30), first=st.integers(-5, 5), second=st.integers(-5, 5))
def test_all_variables_are_replaced_at_once(count: int, first: int, second: int) -> None:
    expected, following = first, second
    for _ in range(count):
        expected, following = following, expected + following
    env = {n: count, a: Fraction(first), b: Fraction(second)}
    assert rational(FIBONACCI, env) == expected
    assert ball(FIBONACCI, env, 100) == expected
    assert int(mp.nint(digits_of(FIBONACCI, env, 15))) == expected


@pytest.mark.parametrize("backend", [Floats(), Torch()], ids=lambda each: each.name)
def test_counts_and_starts_may_be_arrays(backend: Floats | Torch) -> None:
    counts = backend.array(np.array([0.0, 1.0, 5.0]))
    starts = backend.array(np.array([[1.0], [2.0]]))
    require_known(NEWTON, backend)
    found = backend.concrete(evaluate(NEWTON, {n: counts, a: starts}, backend))
    expected = [[start, start / 2 + 1 / start, 2**0.5] for start in (1.0, 2.0)]
    assert np.abs(found - expected).max() < 2.0**-50  # five steps of Newton's method err by less than one unit


def test_torch_differentiates_through_the_steps() -> None:
    start = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    evaluate(CIRCLE, {n: torch.tensor(3.0), a: start}, Torch()).backward()
    slope, point = 1.0, 0.5
    for _ in range(3):
        slope *= 1 - np.arccos(point) / np.pi
        point += np.sqrt(1 - point**2) / np.pi - point * np.arccos(point) / np.pi
    assert abs(float(start.grad) - slope) < 2.0**-48  # a dozen roundings


def test_an_enclosure_of_a_contraction_stays_narrow() -> None:
    """Plain balls would widen by 1 + 2/angle a step, to nothing within 100 steps; in mean-value form rounding adds up."""
    found = ball(CIRCLE, {n: 2000, a: Fraction(1, 3)}, 100)
    assert found.rad() < 2000 * arb(2) ** -96


def test_an_enclosure_contains_the_orbit_of_every_start() -> None:
    wide = ball(CIRCLE, {n: 5, a: arb("0.3", "0.01")}, 80)
    for start in (Fraction(29, 100), Fraction(3, 10), Fraction(31, 100)):
        assert wide.overlaps(ball(CIRCLE, {n: 5, a: start}, 80))
    ends = [ball(CIRCLE, {n: 5, a: Fraction(end, 100)}, 80) for end in (29, 31)]
    assert wide.rad() < 2 * (ends[1] - ends[0])


def test_an_iteration_is_not_integrated_over() -> None:
    """Its derivative on the boxes is real; the integrator, which asks for analytic functions, gets no value."""
    from flint import acb

    from theory.proof.interpret import interpret

    assert not interpret(CIRCLE, {n: 1, a: acb(0.5)}, Balls(analytic=True)).is_finite()


def test_angles_are_exact_where_they_are_rational() -> None:
    for point, value in ACOSPI_RATIONAL.items():
        q = Fraction(int(point.p), int(point.q))
        assert rational(acospi(x), {x: q}) == Fraction(int(value.p), int(value.q))
        assert ball(acospi(x), {x: q}, 100).overlaps(ball(value, {}, 100))
        assert acospi(point) == value
    assert ball(acospi(x), {x: Fraction(1)}, 60).is_exact()
    assert rational(acospi(x), {x: Fraction(1, 3)}) is None


def test_an_angle_beyond_the_ends_is_undefined() -> None:
    assert not ball(acospi(x), {x: Fraction(6, 5)}, 60).is_finite()


def test_the_bound_variables_are_no_free_symbols_and_print() -> None:
    assert FIBONACCI.free_symbols == {a, b, n}
    assert unicode(NEWTON) == "[x ↦ x/2 + 1/x]^{∘n}(a)"
    assert unicode(FIBONACCI) == "[(x, y) ↦ (y, x + y)]^{∘n}(a, b)₁"
    assert r"\mapsto" in latex(FIBONACCI)
    assert unicode(acospi(x)) == "(arccos(x)/π)"
