"""Theorems as functions: values, decimal strings, enclosures, and errors that say what is allowed."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
import torch
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from numerics import evaluate
from numerics.evaluate.decimals import MANY_TERMS, terms
from numerics.evaluate.exact import rational
from theory.proof.balls import enclose, precision
from theory.proof.domains import Integers, Lists, Names, OutOfDomain, Reals
from theory.proof.interpret import UnknownNode
from theory.proof.library import UnknownTheorem, find, theorem
from theory.proof.rules import algebra, cite
from theory.proof.theorem import Parameter
from theory.symbols import N, a, k, n

GAIN = "random_walk.relu_gain"
GAIN_ERROR = 1e-13  # promised for widths from 1 to 10^6; measured below 2e-15


def _no_unit_pair(values):
    return "slope must be below 1 when N is 1" if values["N"] == 1 and values["slope"] == 1 else None


SLOPE = Parameter("slope", Reals(0, 1, open_low=True), a)


@theorem(
    "evaluation.third",
    source="this test",
    parameters=(Parameter("N", Integers(1), N), SLOPE),
    constraint=_no_unit_pair,
)
def third(p):
    """A third of a square: a rational value."""
    return p.calc((N + a) ** 2 / 3, "=", (N**2 + 2 * N * a + a**2) / 3, algebra)


@theorem(
    "evaluation.power",
    source="this test",
    parameters=(
        Parameter("kind", Names(("grow", "shrink"))),
        Parameter("factors", Lists(Reals(0, open_low=True)), n),
        SLOPE,
    ),
)
def power(p, kind):
    """A power with a list and a choice among its parameters."""
    sign = 1 if kind == "grow" else -1
    p.array(n, lambda index: Fraction(index + 2, 3))  # entries at which the judges compare both sides
    return p.calc((n[0] * sp.exp(a)) ** sign, "=", n[0] ** sign * sp.exp(sign * a), algebra)


@theorem("evaluation.unreadable", source="this test", parameters=(SLOPE,))
def unreadable(p):
    """A right-hand side with a function that no arithmetic knows."""
    angle, bessel = sp.Symbol("theta"), sp.besselj(0, a)
    average = sp.Integral(sp.cos(a * sp.sin(angle)), (angle, 0, sp.pi)) / sp.pi
    return p.calc(average, "=", bessel, cite("Bessel's integral", "this test", average, bessel))


def test_arrays_broadcast_and_scalars_give_floats():
    f = evaluate.function("evaluation.third")
    widths, slopes = np.array([[1], [2], [7]]), np.array([0.25, 0.5])
    # 5 operations of half a rounding each
    np.testing.assert_allclose(f(N=widths, slope=slopes), (widths + slopes) ** 2 / 3, rtol=5 * 2.0**-52)
    assert isinstance(f(N=2, slope=Fraction(1, 4)), float)
    assert f(N=[], slope=0.5).shape == (0,)


def test_torch_gives_tensors_and_derivatives():
    f = evaluate.function("evaluation.third", "torch")
    slope = torch.tensor([0.25, 0.5], dtype=torch.float64, requires_grad=True)
    value = f(N=3, slope=slope)
    value.sum().backward()
    expected = 2 * (3 + slope.detach()) / 3
    torch.testing.assert_close(slope.grad, expected, rtol=8 * 2.0**-52, atol=0)  # 8 roundings
    assert value.dtype == torch.float64


def test_names_choose_the_formula_and_lists_are_one_value():
    f = evaluate.function("evaluation.power")
    grow = f(kind="grow", factors=[2, 5], slope=[0.5, 1.0])
    shrink = f(kind="shrink", factors=[2, 5], slope=[0.5, 1.0])
    np.testing.assert_allclose(grow, 2 * np.exp([0.5, 1.0]), rtol=8 * 2.0**-52)  # an exp and a product
    np.testing.assert_allclose(grow * shrink, 1, rtol=16 * 2.0**-52)


def test_mpmath_gives_the_current_number_of_digits():
    with mp.workdps(40):
        value = evaluate.function("evaluation.power", "mpmath")(
            kind="grow", factors=[3], slope=Fraction(1, 2)
        )
        assert abs(value - 3 * mp.exp(0.5)) < mp.mpf(10) ** -38  # 40 digits of a value below 10


BAD = [
    ({"N": [1, 0], "slope": 0.5}, "evaluation.third: N must be an integer >= 1, not 0"),
    ({"N": [1, 2.5], "slope": 0.5}, "evaluation.third: N must be an integer >= 1, not 2.5"),
    ({"N": [1, np.nan], "slope": 0.5}, "evaluation.third: N must be an integer >= 1, not nan"),
    ({"N": [True], "slope": 0.5}, "evaluation.third: N must be an integer >= 1, not True"),
    ({"N": 1, "slope": [0.5, 0.0]}, "evaluation.third: slope must be a number in (0, 1], not 0.0"),
    (
        {"N": 1, "slope": np.array([0.5, 1.25])},
        "evaluation.third: slope must be a number in (0, 1], not 1.25",
    ),
    ({"N": 2, "slope": "half"}, "evaluation.third: slope must be a number in (0, 1], not half"),
    ({"N": [2, 1], "slope": [0.5, 1.0]}, "evaluation.third: slope must be below 1 when N is 1"),
    ({"N": 1}, "evaluation.third: the parameter slope is missing; give a number in (0, 1]"),
    (
        {"N": 1, "slope": 0.5, "depth": 3},
        "evaluation.third: there is no parameter depth; its parameters are: N, slope",
    ),
]


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_a_bad_entry_is_named_with_its_domain_and_theorem(backend, arguments, message):
    with pytest.raises(OutOfDomain) as error:
        evaluate.function("evaluation.third", backend)(**arguments)
    assert str(error.value) == message


def test_a_bad_entry_of_a_tensor_is_found():
    with pytest.raises(OutOfDomain, match="not -3"):
        evaluate.function("evaluation.third", "torch")(N=torch.tensor([4, -3]), slope=0.5)


@pytest.mark.parametrize("backend", ["numpy", "torch", "mpmath"])
def test_a_formula_the_backend_cannot_read_is_an_error_when_built(backend):
    with pytest.raises(UnknownNode, match="besselj"):
        evaluate.function("evaluation.unreadable", backend)


def test_unknown_names_are_errors():
    with pytest.raises(UnknownTheorem, match=r"evaluation\.third"):
        evaluate.function("evaluation.thirds")
    with pytest.raises(ValueError, match="choose one of numpy, torch, mpmath"):
        evaluate.function("evaluation.third", "jax")


# -- decimals
# ---------------------------------------------------------------------------------------------------------


@given(
    width=st.integers(1, 10**12),
    slope=st.fractions(min_value=Fraction(1, 100), max_value=1),
    digits=st.integers(1, 60),
)
@settings(max_examples=60, deadline=None)
def test_rational_values_are_correctly_rounded_and_enclosed(width, slope, digits):
    if (width, slope) == (1, 1):
        return
    true = (width + slope) ** 2 / 3
    text = evaluate.value("evaluation.third", digits, N=width, slope=slope)
    rounded = Decimal(text)
    half_unit = Fraction(10) ** (_exponent(true) - digits + 1) / 2
    assert abs(Fraction(rounded) - true) <= half_unit
    enclosure = evaluate.enclosure("evaluation.third", digits, N=width, slope=slope)
    middle, radius = Fraction(enclosure.midpoint), Fraction(enclosure.radius)
    assert abs(middle - true) <= radius <= Fraction(10) ** -digits * true


def _exponent(q: Fraction) -> int:
    exponent = 0
    while Fraction(10) ** (exponent + 1) <= q:
        exponent += 1
    while Fraction(10) ** exponent > q:
        exponent -= 1
    return exponent


@given(
    slope=st.fractions(min_value=Fraction(1, 100), max_value=1),
    factor=st.integers(1, 10**30),
    digits=st.integers(1, 200),
)
@settings(max_examples=60, deadline=None)
def test_irrational_values_are_correctly_rounded_and_enclosed(slope, factor, digits):
    chosen = {"kind": "shrink", "factors": [factor], "slope": slope}
    text = evaluate.value("evaluation.power", digits, **chosen)
    enclosure = evaluate.enclosure("evaluation.power", digits, **chosen)
    with mp.workdps(digits + 60):
        true = mp.exp(-mp.mpf(slope.numerator) / slope.denominator) / factor
        unit = mp.mpf(10) ** (int(mp.floor(mp.log10(true))) - digits + 1)
        assert abs(mp.mpf(text) - true) <= unit / 2 * (1 + mp.mpf(10) ** -20)  # mpmath's own rounding
        assert abs(mp.mpf(enclosure.midpoint) - true) <= mp.mpf(enclosure.radius)
        assert mp.mpf(enclosure.radius) <= mp.mpf(10) ** -digits * true
    assert len(Decimal(text).as_tuple().digits) == digits


def test_short_values_ties_and_zeros_are_written_exactly():
    assert evaluate.value("evaluation.third", N=1, slope=Fraction(1, 2)) == "0.75"
    assert (
        evaluate.value("evaluation.third", 1, N=1, slope=Fraction(1, 2)) == "0.8"
    )  # a tie goes to the even digit
    assert evaluate.value("evaluation.third", 6, N=10**9, slope=1) == "3.33333e+17"
    assert rational(sp.log(k) * sp.Rational(1, 3), {k: 1}) == 0
    assert rational(sp.sqrt(k) + sp.exp(k - 4), {k: 4}) == 3
    assert rational(sp.sqrt(k), {k: 2}) is None


@pytest.mark.parametrize("digits", [0, 1001, 2.5])
def test_digits_outside_their_range_are_errors(digits):
    with pytest.raises(OutOfDomain, match="digits must be an integer from 1 to 1000"):
        evaluate.value("evaluation.third", digits, N=1, slope=Fraction(1, 2))


def test_terms_counts_nested_sums():
    nested = sp.Sum(sp.Sum(k, (k, 1, a)), (a, 1, N)) + sp.Product(k, (k, 1, N))
    assert terms(nested, {N: 10}) == 110
    assert terms(sp.exp(N), {N: MANY_TERMS}) == 0


# -- the rectifier's gain
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_the_gain_is_accurate_at_every_width(backend):
    widths = [1, 2, 3, 4, 6, 10, 17, 50, 100, 316, 1000, 2000]
    found = np.asarray(evaluate.function(GAIN, backend)(N=widths))
    for width, value in zip(
        widths, found, strict=True
    ):  # the plain mixture sum in balls: another formula altogether
        true = enclose(find(GAIN).value(), {N: width}, 25)
        with precision(100):
            assert abs(float(value) - true) < GAIN_ERROR * true


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("width", [10**4, 10**6])
def test_wide_gains_lie_in_their_enclosures(backend, width):
    found = evaluate.function(GAIN, backend)(N=[width])
    enclosure = evaluate.enclosure(GAIN, 16, N=width)  # a ball integral: the plain sum has too many terms
    middle, radius = Fraction(enclosure.midpoint), Fraction(enclosure.radius)
    assert abs(Fraction(float(found[0])) - middle) < Fraction(GAIN_ERROR) * middle + radius


def test_an_enclosure_does_not_depend_on_the_form():
    width = MANY_TERMS + 1
    by_integral = evaluate.enclosure(GAIN, 30, N=width)
    plain = enclose(find(GAIN).value(), {N: width}, 32)
    with precision(150):
        difference = abs(plain - arb(by_integral.midpoint))
        assert difference <= arb(by_integral.radius) + arb(10) ** -31


def test_a_long_vector_agrees_with_single_widths():
    generator = np.random.default_rng(7)
    widths = np.round(10 ** generator.uniform(0, 6, 700)).astype(int)
    f = evaluate.function(GAIN)
    together = f(N=widths)
    for index in generator.integers(0, len(widths), 20):
        assert together[index] == pytest.approx(f(N=int(widths[index])), rel=GAIN_ERROR)
