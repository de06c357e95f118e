"""Weight laws and singular values: exact values, independent enclosures, and mutated statements that are refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp
from flint import acb, arb
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from theory.probability.gaussian import LINE
from theory.proof.balls import ball, enclose, enclose_within
from theory.proof.cache import record_of
from theory.proof.domains import OutOfDomain
from theory.proof.judges import Verdict
from theory.proof.theorem import Theorem
from theory.singular_values import law_moment, mean_singular_value, scale
from theory.weight_laws import (
    CUT,
    fourth_moment,
    normal_moment,
    normalized_weight,
    standard_weight,
    uniform_moment,
    w,
)

PROVED = (standard_weight, normalized_weight, fourth_moment)
LAWS = ("normal", "uniform", "truncated", "sign")
widths = st.integers(1, 10**6)
factors = st.fractions(Fraction(1, 9), 9, max_denominator=50).filter(lambda factor: factor != 1)


def value_of(theorem: Theorem, **arguments: object) -> arb:
    chosen, values = theorem.bind(arguments)
    return enclose(theorem.value(*chosen), theorem.environment(values), 20)


def exactly(value: Fraction | int) -> arb:
    return ball(sp.Rational(value), {}, 100)


@pytest.mark.parametrize("theorem", PROVED, ids=lambda theorem: theorem.name)
def test_every_step_is_proved(theorem: Theorem) -> None:
    assert theorem.verdict is Verdict.PROVED


# --- variances ----------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(n=widths)
def test_standard_weights_have_a_third_of_the_variance_one_over_n(n: int) -> None:
    assert value_of(standard_weight, n=n).overlaps(exactly(Fraction(1, 3 * n)))


@settings(max_examples=30, deadline=None)
@given(n_in=widths, n_out=widths)
def test_normalized_weights_have_the_variance_of_an_interval_of_their_length(n_in: int, n_out: int) -> None:
    squared_length = Fraction(4 * 6, n_in + n_out)
    assert value_of(normalized_weight, n_in=n_in, n_out=n_out).overlaps(exactly(squared_length / 12))


@given(c=st.fractions(Fraction(1, 9), 9, max_denominator=20), power=st.sampled_from((0, 1, 2, 4)))
@settings(max_examples=20, deadline=None)
def test_uniform_moments_are_those_of_the_interval(c: Fraction, power: int) -> None:
    enclosed = enclose_within(uniform_moment(power, sp.Rational(c)), {}, 20)
    assert enclosed.overlaps(exactly(0 if power % 2 else c**power / (power + 1)))


# --- kurtosis -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("law", "kurtosis"), [("normal", 3), ("uniform", Fraction(9, 5)), ("sign", 1)])
def test_rational_kurtoses(law: str, kurtosis: Fraction) -> None:
    assert fourth_moment.value(law) == sp.Rational(kurtosis)


def test_the_truncated_kurtosis_is_that_of_the_density_cut_at_two() -> None:
    def moment(power: int) -> acb:
        return acb.integral(lambda t, analytic: t**power * (-t * t / 2).exp(), -CUT, CUT)

    direct = (moment(4) * moment(0) / moment(2) ** 2).real
    assert direct.rel_accuracy_bits() > 40
    assert direct.overlaps(value_of(fourth_moment, law="truncated"))


def test_cutting_lowers_the_kurtosis_and_no_law_is_below_the_signs() -> None:
    normal, uniform, truncated, sign = (value_of(fourth_moment, law=law) for law in LAWS)
    assert normal > truncated
    assert truncated > uniform
    assert uniform > sign


@settings(max_examples=50, deadline=None)
@given(spot=st.fractions(-40, 40), power=st.sampled_from((0, 2, 4)))
def test_the_majorant_lies_above_the_normal_moments(spot: Fraction, power: int) -> None:
    integral = normal_moment(power)
    majorant = integral.scale * sp.exp(-integral.rate * sp.Abs(w))
    assert (integral.lower, integral.upper) == LINE
    assert ball(integral.body, {w: spot}, 200) <= ball(majorant, {w: spot}, 200)


# --- singular values ----------------------------------------------------------------------------------------


def test_the_mean_singular_value_rests_on_one_citation() -> None:
    assert mean_singular_value.verdict is Verdict.CITED
    assert record_of(mean_singular_value).citations == ("quarter-circle law (marchenko1967)",)
    assert [judgement.verdict for judgement in mean_singular_value.derivation().judgements].count(Verdict.PROVED) == 3


@settings(max_examples=5, deadline=None)
@given(spread=st.fractions(Fraction(1, 20), 20, max_denominator=50), half=st.integers(0, 3))
def test_the_cited_law_has_the_moments_of_large_random_matrices(spread: Fraction, half: int) -> None:
    catalan = sp.catalan(half)  # the limit of E tr (W W^T)^half / n over scale^half, by counting pairings
    assert enclose(law_moment(2 * half), {scale: spread}, 15).overlaps(exactly(int(catalan) * spread**half))


@settings(max_examples=10, deadline=None)
@given(spread=st.fractions(Fraction(1, 100), 100))
def test_the_mean_singular_value_is_the_mean_of_the_law_and_below_the_root_mean_square(spread: Fraction) -> None:
    value = value_of(mean_singular_value, scale=spread)
    assert value.overlaps(enclose(law_moment(1), {scale: spread}, 15))
    assert value**2 < exactly(spread)


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("theorem", [*PROVED, mean_singular_value], ids=lambda theorem: theorem.name)
@settings(max_examples=5, deadline=None)
@given(factor=factors)
def test_a_mutated_last_line_is_refuted(theorem: Theorem, factor: Fraction) -> None:
    for derivation in theorem.derivations():
        step = derivation.statement.steps[-1]
        assert replace(step, right=sp.Rational(factor) * step.right).judge().verdict is Verdict.REFUTED


@settings(max_examples=5, deadline=None)
@given(change=st.fractions(-3, 3, max_denominator=20))
def test_a_truncated_law_with_another_constant_is_refuted(change: Fraction) -> None:
    assume(change != 0)
    for step in fourth_moment.derivation("truncated").steps:
        mutated = step.right.subs(sp.exp(-2), (1 + sp.Rational(change)) * sp.exp(-2))
        mutated = step.right + sp.Rational(change) if mutated == step.right else mutated
        assert replace(step, right=mutated).judge().verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("theorem", "arguments"),
    [
        (standard_weight, {"n": 0}),
        (normalized_weight, {"n_in": 3, "n_out": Fraction(1, 2)}),
        (fourth_moment, {"law": "cauchy"}),
        (mean_singular_value, {"scale": 0}),
    ],
    ids=lambda case: getattr(case, "name", ""),
)
def test_values_outside_the_domains_are_refused(theorem: Theorem, arguments: dict[str, object]) -> None:
    with pytest.raises(OutOfDomain, match=next(reversed(arguments))):
        theorem.bind(arguments)
