"""The Jacobian factor stands for every activation, evaluates, and no mutation of it is believed."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from theory.activations import ACTIVATIONS
from theory.jacobian import CLOSED, V, jacobian_factor
from theory.probability.gaussian import LINE, density, expectation, gaussian_integral, price, primitive
from theory.probability.setting import DETERMINISTIC
from theory.proof.balls import ball, enclose, enclose_within
from theory.proof.domains import OutOfDomain, Reals
from theory.proof.judges import Verdict, judge_algebra, judge_enclosure
from theory.proof.nodes import DominatedIntegral
from theory.proof.rules import Context, RuleDoesNotApply
from theory.proof.theorem import Chain, Parameter, Proof, Step
from theory.symbols import a, x

CONTEXT = Context(DETERMINISTIC, frozenset())
every_activation = pytest.mark.parametrize("name", ACTIVATIONS)
variances = st.fractions(Fraction(1, 1000), 1000)


def value_of(name: str, variance: Fraction | int, digits: int = 20, **slope: Fraction):
    chosen, values = jacobian_factor.bind({"activation": name, "preactivation_variance": variance, **slope})
    return enclose(jacobian_factor.value(*chosen), jacobian_factor.environment(values), digits)


def last_step(name: str) -> Step:
    return jacobian_factor.derivation(name).statement.steps[-1]


# --- the proofs --------------------------------------------------------------------------------------------


@every_activation
def test_every_step_is_proved(name: str) -> None:
    assert {judgement.verdict for judgement in jacobian_factor.derivation(name).judgements} == {
        Verdict.PROVED
    }


def mutated(step: Step, factor: Fraction, shift: Fraction) -> Step:
    return replace(step, right=sp.Rational(factor) * step.right + sp.Rational(shift))


@every_activation
def test_twice_the_right_hand_side_of_any_step_is_refuted_by_enclosure(name: str) -> None:
    for step in jacobian_factor.derivation(name).steps:
        assert judge_enclosure(mutated(step, Fraction(2), Fraction(0)), CONTEXT).answer == "fails"


@every_activation
@settings(max_examples=3, deadline=None)
@given(factor=st.fractions(Fraction(1, 9), 9), shift=st.just(Fraction(0)))
@example(factor=Fraction(1), shift=Fraction(1, 10**20))
def test_a_mutated_statement_is_refuted_by_enclosure(name: str, factor: Fraction, shift: Fraction) -> None:
    assume((factor, shift) != (1, 0))
    assert judge_enclosure(mutated(last_step(name), factor, shift), CONTEXT).answer == "fails"


@pytest.mark.parametrize("name", [*CLOSED, "gelu"])
@settings(max_examples=3, deadline=None)
@given(factor=st.fractions(Fraction(1, 9), 9))
def test_a_mutated_closed_form_is_refuted_by_algebra(name: str, factor: Fraction) -> None:
    assume(factor != 1)
    assert judge_algebra(mutated(last_step(name), factor, Fraction(0)), CONTEXT).answer == "fails"


@pytest.mark.parametrize("name", [name for name, value in CLOSED.items() if value.has(V)])
def test_a_closed_form_with_another_constant_inside_is_refuted(name: str) -> None:
    step = last_step(name)
    mutated = replace(step, right=step.right.subs(V, sp.Rational(11, 10) * V))
    assert mutated.judge().verdict is Verdict.REFUTED


@every_activation
@settings(max_examples=30, deadline=None)
@given(variance=variances, slope=st.fractions(0, 4), spot=st.fractions(-40, 40))
def test_majorants_lie_above_their_integrands(
    name: str, variance: Fraction, slope: Fraction, spot: Fraction
) -> None:
    time = sp.Symbol("t", positive=True)
    env = {V: variance, a: slope, time: variance}
    lines = {side for step in jacobian_factor.derivation(name).steps for side in (step.left, step.right)}
    for integral in {part for line in lines for part in line.atoms(DominatedIntegral)}:
        ends = (integral.lower - sp.Rational(spot), integral.upper - sp.Rational(spot))
        if any(
            not end.is_infinite and not sign * ball(end, env, 200) > 0
            for end, sign in zip(ends, (-1, 1), strict=True)
        ):
            continue  # the spot lies outside the range
        here = {**env, integral.variable: spot}
        majorant = integral.scale * sp.exp(-integral.rate * sp.Abs(integral.variable))
        assert not abs(ball(integral.body, here, 200)) > ball(majorant, here, 200)


# --- the values --------------------------------------------------------------------------------------------


@every_activation
@settings(max_examples=3, deadline=None)
@given(variance=variances)
@example(variance=Fraction(1, 100))
@example(variance=Fraction(1))
@example(variance=Fraction(7, 3))
@example(variance=Fraction(25))
def test_thirty_digits_agree_with_the_definition_and_lie_below_the_bound(
    name: str, variance: Fraction
) -> None:
    value = value_of(name, variance, digits=30)
    _, values = jacobian_factor.bind({"activation": name, "preactivation_variance": variance})
    env = jacobian_factor.environment(values)
    definition = enclose_within(jacobian_factor.derivation(name).statement.left, env, 30)
    assert value.rel_accuracy_bits() >= 99  # 30 digits
    assert value.overlaps(definition)
    assert value > 0
    assert not value > ball(ACTIVATIONS[name].lipschitz ** 2, env, 200)


@pytest.mark.parametrize(("name", "slope"), [("leaky_relu", Fraction(1, 100)), ("prelu", Fraction(1, 4))])
def test_a_slope_left_out_is_the_usual_one(name: str, slope: Fraction) -> None:
    assert value_of(name, 1).overlaps(value_of(name, 1, slope=slope))
    assert value_of(name, 1).overlaps(ball(sp.Rational(1 + slope**2) / 2, {}, 100))


@every_activation
def test_bound_values_satisfy_the_constraint_again(name: str) -> None:
    _, values = jacobian_factor.bind({"activation": name, "preactivation_variance": 1})
    assert jacobian_factor.constraint(dict(values)) is None


def test_slopes_0_and_1_give_relu_and_linear() -> None:
    assert value_of("leaky_relu", 2, slope=Fraction(0)).overlaps(value_of("relu", 2))
    assert value_of("prelu", 2, slope=Fraction(1)).overlaps(value_of("linear", 2))


@pytest.mark.parametrize("name", [f.name for f in ACTIVATIONS.values() if f.standard_slope is None])
def test_a_slope_given_to_an_activation_without_one_is_refused(name: str) -> None:
    with pytest.raises(OutOfDomain, match=f"only leaky_relu and prelu have a slope, {name} has none"):
        value_of(name, 1, slope=Fraction(1, 4))


@pytest.mark.parametrize(
    "wrong",
    [{"preactivation_variance": 0}, {"preactivation_variance": -1}, {"slope": -1}, {"activation": "swish"}],
)
def test_values_outside_the_domains_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(OutOfDomain, match=next(iter(wrong))):
        jacobian_factor.bind({"activation": "prelu", "preactivation_variance": 1, **wrong})


# --- the rules ---------------------------------------------------------------------------------------------

ends = st.one_of(st.just(None), st.fractions(-3, 3, max_denominator=5))


@settings(max_examples=40, deadline=None)
@given(
    k=st.integers(0, 5),
    alpha=st.fractions(Fraction(1, 3), 3, max_denominator=5),
    beta=st.fractions(-2, 2, max_denominator=5),
    low=ends,
    high=ends,
)
def test_incomplete_gaussian_moments_are_what_quadrature_encloses(
    k: int, alpha: Fraction, beta: Fraction, low: Fraction | None, high: Fraction | None
) -> None:
    assume(low is None or high is None or low < high)
    alpha_, beta_ = sp.Rational(alpha), sp.Rational(beta)
    lower, upper = (
        (-sp.oo if low is None else sp.Rational(low)),
        (sp.oo if high is None else sp.Rational(high)),
    )
    # |x|^k <= k! exp(|x|), and -alpha x^2 + (|beta| + 2)|x| is at most (|beta| + 2)^2/(4 alpha)
    scale = sp.factorial(k) * sp.exp((abs(beta_) + 2) ** 2 / (4 * alpha_))
    integral = DominatedIntegral(x**k * sp.exp(-alpha_ * x**2 + beta_ * x), (x, lower, upper), scale, 1)
    closed = gaussian_integral.derive(integral, CONTEXT)
    assert not closed.has(DominatedIntegral)
    assert enclose_within(closed, {}, 20).overlaps(enclose_within(integral, {}, 20))


def test_what_no_gaussian_rule_covers_is_left_alone() -> None:
    integral = expectation(sp.tanh(x) ** 2, x, LINE, sp.S.One, sp.S.One)
    assert gaussian_integral.derive(integral, CONTEXT) == integral


def test_a_wrong_primitive_is_refused() -> None:
    with pytest.raises(RuleDoesNotApply, match="no primitive"):
        primitive(V**2, V).derive(sp.Integral(V, (V, 0, 1)), CONTEXT)


def lemma(body: sp.Expr, value: sp.Expr) -> Chain:
    proof = Proof("lemma", (Parameter("time", Reals(0), V),), DETERMINISTIC)
    return proof.calc(expectation(body, x, LINE, sp.S.One, sp.S.One), "=", value, gaussian_integral)


def test_prices_theorem_takes_only_half_the_second_derivative() -> None:
    wave, time = sp.cos(sp.sqrt(V) * x), sp.Symbol("t", positive=True)
    line = expectation(wave, x, LINE, sp.S.One, sp.S.One)
    half = lemma(-sp.cos(sp.sqrt(time) * x) / 2, -sp.exp(-time / 2) / 2)
    change = sp.Integral(-sp.exp(-time / 2) / 2, (time, 0, V))
    assert price(half, time, V).derive(line, CONTEXT) == 1 + change
    with pytest.raises(RuleDoesNotApply, match="second derivative"):
        price(lemma(-sp.cos(sp.sqrt(time) * x), -sp.exp(-time / 2)), time, V).derive(line, CONTEXT)


def test_the_density_has_mass_one() -> None:
    assert gaussian_integral.derive(expectation(sp.S.One, x, LINE, V, sp.S.One), CONTEXT) == 1
    assert density(x, sp.S.One).subs(x, 0) == 1 / sp.sqrt(2 * sp.pi)
