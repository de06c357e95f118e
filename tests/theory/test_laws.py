"""The exact laws: closed forms at small widths, one law by two routes, majorants, and mutated steps that are refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import comb

import pytest
import sympy as sp
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.proof.balls import ball, enclose_within
from theory.proof.cache import record_of
from theory.proof.domains import OutOfDomain
from theory.proof.judges import Verdict
from theory.proof.nodes import DominatedIntegral
from theory.proof.theorem import Theorem
from theory.random_walk.chi_square import chi_square_cdf, chi_square_density, chi_square_power
from theory.random_walk.laws import dead_probability, level, ratio_cdf, ratio_power, v, walk_cdf, walk_power
from theory.random_walk.walk import INDEPENDENT_RATIOS, gain
from theory.symbols import D, N

ACTIVATIONS = ("linear", "relu")
BITS = 200
few = st.integers(1, 6)
ratios = st.fractions(Fraction(1, 50), 20, max_denominator=1000)
gains = st.fractions(Fraction(1, 2), 3, max_denominator=20)
log_ratios = st.fractions(-4, 3, max_denominator=100)
activations = st.sampled_from(ACTIVATIONS)


def value_of(theorem: Theorem, **arguments: object) -> arb:
    chosen, values = theorem.bind(arguments)
    return enclose_within(theorem.derivation(*chosen).statement.right, theorem.environment(values), 15)


def exactly(value: Fraction | int) -> arb:
    return ball(sp.Rational(value), {}, BITS)


@pytest.mark.parametrize(
    ("theorem", "verdict"),
    [
        *((dead_probability, Verdict.PROVED), (chi_square_density, Verdict.ENCLOSED)),
        *((chi_square_cdf, Verdict.ENCLOSED), (chi_square_power, Verdict.ENCLOSED)),
        *((ratio_cdf, Verdict.ENCLOSED), (ratio_power, Verdict.ENCLOSED)),
        *((walk_power, Verdict.ENCLOSED), (walk_cdf, Verdict.CITED)),
    ],
    ids=lambda case: getattr(case, "name", ""),
)
def test_every_law_stands(theorem: Theorem, verdict: Verdict) -> None:
    assert theorem.verdict is verdict


def test_the_walk_rests_on_the_inversion_and_on_independent_ratios() -> None:
    record = record_of(walk_cdf)
    assert record.citations == ("Laplace inversion (widder1941, II.7)",)
    assert INDEPENDENT_RATIOS.name in {name for name, _ in record.assumptions}


# --- one layer ----------------------------------------------------------------------------------------------


@settings(max_examples=6, deadline=None)
@given(width=few)
def test_a_layer_is_dead_as_often_as_all_coins_fall_on_one_side(width: int) -> None:
    masks = list(product((0, 1), repeat=width))
    assert value_of(dead_probability, N=width).overlaps(exactly(Fraction(masks.count((0,) * width), len(masks))))


@settings(max_examples=20, deadline=None)
@given(ratio=ratios)
def test_ratios_of_one_and_two_units_have_the_textbook_laws(ratio: Fraction) -> None:
    exponential = 1 - (-exactly(ratio)).exp()
    assert value_of(ratio_cdf, N=2, ratio=ratio, activation="linear").overlaps(exponential)
    for activation in ACTIVATIONS:
        of_one = value_of(ratio_cdf, N=1, ratio=ratio, activation=activation)
        assert of_one.overlaps(ball(sp.erf(sp.sqrt(sp.Rational(ratio) / 2)), {}, BITS))
    mixture = (2 * ball(sp.erf(sp.sqrt(sp.Rational(ratio))), {}, BITS) + exponential) / 3
    assert value_of(ratio_cdf, N=2, ratio=ratio, activation="relu").overlaps(mixture)


@settings(max_examples=20, deadline=None)
@given(width=st.integers(1, 40), ratio=ratios)
def test_the_rectifier_law_is_the_mixture_over_active_units(width: int, ratio: Fraction) -> None:
    below = arb(0)
    for active in range(1, width + 1):
        half, argument = (exactly(Fraction(number)) for number in (Fraction(active, 2), width * ratio / 2))
        below += comb(width, active) * argument.gamma_lower(half, regularized=1)
    enclosed = value_of(ratio_cdf, N=width, ratio=ratio, activation="relu")
    assert enclosed.overlaps(below / (2**width - 1))


@settings(max_examples=20, deadline=None)
@given(width=st.integers(1, 30), ratio=ratios, activation=activations)
def test_distribution_functions_increase_from_zero_to_one(width: int, ratio: Fraction, activation: str) -> None:
    at, beyond = (value_of(ratio_cdf, N=width, ratio=r, activation=activation) for r in (ratio, ratio + 1))
    assert not at < 0
    assert not beyond > 1
    assert not beyond < at


@settings(max_examples=10, deadline=None)
@given(width=few, activation=activations)
def test_negative_powers_bracket_the_law(width: int, activation: str) -> None:
    """Markov's inequality: P(z <= r) <= r^s E z^-s."""
    power = value_of(ratio_power, N=width, s=Fraction(1, 4), activation=activation)
    for ratio in (Fraction(1, 16), Fraction(1), Fraction(16)):
        bound = exactly(ratio).root(4) * power
        assert not value_of(ratio_cdf, N=width, ratio=ratio, activation=activation) > bound


# --- the walk -----------------------------------------------------------------------------------------------


@settings(max_examples=6, deadline=None)
@given(width=few, activation=activations, g=gains, height=log_ratios)
def test_one_layer_by_inversion_is_one_layer_by_counting(
    width: int, activation: str, g: Fraction, height: Fraction
) -> None:
    walked = value_of(walk_cdf, N=width, depth=1, gain=g, activation=activation, log_ratio=height)
    counted = ratio_cdf.derivation(activation).statement.right
    (argument,) = ratio_cdf.parameters[1:2]
    direct = ball(counted.subs(argument.symbol, sp.exp(level) / gain**2), {N: width, gain: g, level: height}, BITS)
    assert walked.rad() < arb(10) ** -14
    assert walked.overlaps(direct)


@settings(max_examples=6, deadline=None)
@given(g=gains, height=log_ratios)
def test_two_linear_layers_of_width_two_multiply_exponential_variables(g: Fraction, height: Fraction) -> None:
    root = (exactly(height) / 2).exp() / exactly(g) ** 2
    product_law = 1 - 2 * root * (2 * root).bessel_k(arb(1))
    assert value_of(walk_cdf, N=2, depth=2, gain=g, activation="linear", log_ratio=height).overlaps(product_law)


@settings(max_examples=4, deadline=None)
@given(depth=st.integers(1, 8), height=log_ratios)
def test_at_width_one_an_active_rectifier_is_linear(depth: int, height: Fraction) -> None:
    linear, relu = (
        value_of(walk_cdf, N=1, depth=depth, gain=1, activation=activation, log_ratio=height)
        for activation in ACTIVATIONS
    )
    assert linear.overlaps(relu)


@settings(max_examples=4, deadline=None)
@given(width=few, depth=st.integers(1, 6), activation=activations, height=log_ratios)
def test_the_law_of_the_walk_increases(width: int, depth: int, activation: str, height: Fraction) -> None:
    shared = {"N": width, "depth": depth, "gain": Fraction(7, 5), "activation": activation}
    at, beyond = (value_of(walk_cdf, **shared, log_ratio=x) for x in (height, height + 1))
    assert not at < 0
    assert at < beyond
    assert not beyond > 1


@settings(max_examples=4, deadline=None)
@given(width=few, depth=st.integers(1, 6), activation=activations, height=log_ratios)
def test_the_gain_shifts_the_walk(width: int, depth: int, activation: str, height: Fraction) -> None:
    """ln Z at gain 2 is ln Z at gain 1 plus 2 depth ln 2."""
    shared = {"N": width, "depth": depth, "activation": activation}
    body = walk_cdf.derivation(activation).statement.right
    at_two = value_of(walk_cdf, **shared, gain=2, log_ratio=height)
    shifted = body.subs({gain: 1}).subs(level, level - 2 * D * sp.log(2))
    assert at_two.overlaps(enclose_within(shifted, {N: width, D: depth, level: height}, 15))


@settings(max_examples=100, deadline=None)
@given(
    width=st.integers(1, 60),
    depth=st.integers(1, 50),
    activation=activations,
    g=gains,
    height=log_ratios,
    spot=st.fractions(-100, 100),
)
def test_the_majorant_lies_above_the_integrand_of_the_inversion(
    width: int, depth: int, activation: str, g: Fraction, height: Fraction, spot: Fraction
) -> None:
    integral = walk_cdf.derivation(activation).statement.right
    env = {N: width, D: depth, gain: g, level: height, v: spot}
    squared = integral.body * integral.body.subs(v, -v)  # the integrand at -v is the conjugate of that at v
    majorant = integral.scale * sp.exp(-integral.rate * sp.Abs(v))
    assert ball(squared, env, BITS) <= ball(majorant, env, BITS) ** 2


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("theorem", [ratio_cdf, ratio_power, walk_cdf], ids=lambda theorem: theorem.name)
@settings(max_examples=3, deadline=None)
@given(factor=st.fractions(Fraction(1, 9), 9, max_denominator=50).filter(lambda factor: factor != 1))
def test_a_mutated_step_is_refuted(theorem: Theorem, activation: str, factor: Fraction) -> None:
    for step in theorem.derivation(activation).steps:
        assert replace(step, right=sp.Rational(factor) * step.right).judge().verdict is Verdict.REFUTED


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_law_with_another_number_of_degrees_of_freedom_is_refuted(activation: str) -> None:
    for step in ratio_cdf.derivation(activation).steps[:2]:
        wrong = step.left.subs(N, N + 1) if step.left.has(DominatedIntegral) else step.left
        assert replace(step, left=wrong).judge().verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("theorem", "wrong"),
    [
        *((ratio_cdf, {"ratio": 0}), (ratio_cdf, {"activation": "tanh"}), (ratio_power, {"s": Fraction(1, 2)})),
        *((walk_cdf, {"gain": 0}), (walk_cdf, {"depth": 0}), (dead_probability, {"N": Fraction(3, 2)})),
    ],
    ids=lambda case: getattr(case, "name", ""),
)
def test_values_outside_the_domains_are_refused(theorem: Theorem, wrong: dict[str, object]) -> None:
    usual = {"N": 3, "ratio": 1, "s": Fraction(1, 4), "depth": 2, "gain": 1, "activation": "relu", "log_ratio": 0}
    known = {parameter.name for parameter in theorem.parameters}
    with pytest.raises(OutOfDomain, match=next(iter(wrong))):
        theorem.bind({name: value for name, value in {**usual, **wrong}.items() if name in known})
