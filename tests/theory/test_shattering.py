"""Shattered gradients: values against small independent computations, limits, refused domains, refused wrong variants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
import sympy as sp
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from theory.proof.balls import ball, enclose, precision
from theory.proof.domains import OutOfDomain
from theory.proof.judges import Verdict
from theory.proof.library import find, theorems
from theory.shattering.normalized import CONSTANT, CORRELATION_CLOSED, beta
from theory.symbols import L, rho

DIGITS, BITS = 25, 200
CITED = {"relu_layer", "relu_correlation", "relu_gradient_correlation", "relu_angle", "coactivation_climbs"}
CITED |= {"relu_gradient_lower_bound"}
ENCLOSED = {"normalized_resnet_asymptote", "relu_correlation_power", "relu_gradient_power"}
OURS = [each.name.removeprefix("shattering.") for each in theorems() if each.name.startswith("shattering.")]

correlations = st.fractions(-1, 1, max_denominator=50)
depths = st.integers(1, 12)


@pytest.fixture(autouse=True)
def _many_bits() -> Iterator[None]:
    """Comparisons of balls round too."""
    with precision(BITS):
        yield


def value_of(name: str, form: str = "plain", **parameters: Any) -> arb:
    theorem = find(f"shattering.{name}")
    chosen, values = theorem.bind(parameters)
    derivation = theorem.derivation(*chosen)
    expr = derivation.statement.right if form == "plain" else getattr(derivation, form)
    return ball(expr, theorem.environment(values), BITS)


def exactly(q: Fraction) -> arb:
    return arb(fmpq(q.numerator, q.denominator))


def is_exactly(found: arb, q: Fraction) -> bool:
    return found.rad() < arb(10) ** -DIGITS and found.overlaps(exactly(q))


def agrees(found: arb, value: Any) -> bool:
    """mpmath computed with 40 digits; both errors are far below 10^-DIGITS."""
    return bool(abs(found - arb(mp.nstr(value, 38))) < arb(10) ** -DIGITS)


# --- verdicts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OURS)
def test_every_theorem_stands_with_the_verdict_its_reasons_allow(name: str) -> None:
    expected = Verdict.CITED if name in CITED else Verdict.ENCLOSED if name in ENCLOSED else Verdict.PROVED
    assert find(f"shattering.{name}").verdict is expected


def test_only_infinite_width_is_cited() -> None:
    from theory.proof.cache import record_of

    cited = {source for name in OURS for source in record_of(find(f"shattering.{name}")).citations}
    assert {source.rpartition("(")[2] for source in cited} == {"lee2018)", "yang2019)"}


CATALOGUE: dict[str, set[str]] = {
    "coactivation": {"correlation"},
    "feedforward_correlation": {"depth"},
    **{key: {"depth", "alpha", "beta"} for key in ("resnet_variance", "resnet_correlation")},
    **{f"normalized_resnet_{moment}": {"depth", "beta"} for moment in ("variance", "covariance", "correlation")},
    "highway_correlation": {"depth", "gamma1"},
    **{key: {"depth", "correlation"} for key in ("relu_correlation", "relu_gradient_correlation")},
    "brownian_covariance": {"s", "t"},
    "path_overlap": set(),
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_names_and_parameters_are_a_contract(name: str) -> None:
    assert {parameter.name for parameter in find(f"shattering.{name}").parameters} == CATALOGUE[name]


# --- co-activation and the rectifier's map ------------------------------------------------------------------


@settings(max_examples=20)
@given(correlation=correlations)
def test_coactivation_is_sheppards_formula_ends_included(correlation: Fraction) -> None:
    with mp.workdps(40):
        angle = mp.asin(mp.mpf(correlation.numerator) / correlation.denominator)
        assert agrees(value_of("coactivation", correlation=correlation), mp.mpf(1) / 4 + angle / (2 * mp.pi))


def test_coactivation_at_the_ends_and_in_the_middle_is_exact() -> None:
    for correlation, probability in (
        (-1, 0),
        (0, Fraction(1, 4)),
        (Fraction(1, 2), Fraction(1, 3)),
        (1, Fraction(1, 2)),
    ):
        found = value_of("coactivation", correlation=correlation)
        assert is_exactly(found, Fraction(probability))


@pytest.mark.parametrize("correlation", [Fraction(-4, 5), Fraction(0), Fraction(3, 10)])
def test_the_rectifiers_map_is_a_double_integral(correlation: Fraction) -> None:
    with mp.workdps(40):
        angle = mp.acos(mp.mpf(correlation.numerator) / correlation.denominator)
        # in polar coordinates: E r^2 = 2, and both cosines are positive between angle - pi/2 and pi/2
        mean = mp.quad(lambda t: mp.cos(t) * mp.cos(t - angle), [angle - mp.pi / 2, mp.pi / 2]) / mp.pi
        assert agrees(value_of("relu_step", correlation=correlation), 2 * mean)


# --- typical datapoints -------------------------------------------------------------------------------------


def enumerated(depth: int, skip: Fraction, branch: Fraction) -> tuple[Fraction, Fraction]:
    """Variance and correlation of two gradients in a chain of one unit a layer: every weight, mask and output sign."""
    outcomes = list(product((-2, 0, 0, 2), (0, 1), (0, 1)))  # a weight of variance 2, the two masks
    variance = covariance = Fraction(0)
    for layers in product(outcomes, repeat=depth):
        first = second = Fraction(1)
        for weight, mask, other in layers:
            first = skip * first + branch * mask * weight * first
            second = skip * second + branch * other * weight * second
        variance += first**2
        covariance += first * second
    return variance / len(outcomes) ** depth, covariance / variance


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_feedforward_and_residual_networks_by_enumeration(depth: int) -> None:
    assert enumerated(depth, Fraction(0), Fraction(1)) == (1, Fraction(1, 2**depth))
    alpha, weight = Fraction(2, 3), Fraction(3, 4)
    variance, correlation = enumerated(depth, alpha, alpha * weight)
    at = {"depth": depth, "alpha": alpha, "beta": weight}
    assert is_exactly(value_of("feedforward_correlation", depth=depth), Fraction(1, 2**depth))
    assert is_exactly(value_of("resnet_variance", **at), variance)
    assert is_exactly(value_of("resnet_correlation", **at), correlation)
    assert is_exactly(value_of("highway_correlation", depth=depth, gamma1=Fraction(3, 5)), _highway(depth))


def _highway(depth: int) -> Fraction:
    return enumerated(depth, Fraction(3, 5), Fraction(4, 5))[1]


def test_theorem_2_as_printed() -> None:
    assert is_exactly(value_of("resnet_variance", depth=10, alpha=1, beta=1), Fraction(2**10))
    assert is_exactly(value_of("resnet_correlation", depth=10, alpha=1, beta=1), Fraction(3, 4) ** 10)


@settings(max_examples=20)
@given(depth=st.integers(1, 60), weight=st.fractions(Fraction(1, 20), 4, max_denominator=40))
def test_theorem_3_is_a_product_over_one_layer_less(depth: int, weight: Fraction) -> None:
    variance = covariance = Fraction(1)
    for layer in range(1, depth):
        share = weight**2 / (weight**2 * (layer - 1) + 1)
        variance, covariance = variance * (1 + share), covariance * (1 + share / 2)
    at = {"depth": depth, "beta": weight}
    assert is_exactly(value_of("normalized_resnet_variance", **at), variance)
    for form in ("plain", "rigorous"):
        assert is_exactly(value_of("normalized_resnet_covariance", form, **at), covariance)
        assert is_exactly(value_of("normalized_resnet_correlation", form, **at), covariance / variance)


@settings(max_examples=20)
@given(depth=st.integers(1, 10**6), weight=st.fractions(Fraction(1, 50), 5, max_denominator=50))
def test_the_normalised_correlation_lies_between_its_bounds_and_near_its_asymptote(
    depth: int, weight: Fraction
) -> None:
    env, y = {L: depth, beta: weight}, 1 / weight**2
    constant, exact = enclose(CONSTANT, env, DIGITS), enclose(CORRELATION_CLOSED, env, DIGITS)
    lower, upper = (constant / arb(exactly(depth + y - shift)).sqrt() for shift in (Fraction(1, 2), Fraction(1)))
    assert not exact < lower
    assert not exact > upper
    asymptote = value_of("normalized_resnet_asymptote", depth=depth, beta=weight)
    assert not asymptote < lower
    assert not asymptote > upper


def test_the_printed_decay_of_theorem_3_misses_its_constant() -> None:
    """At beta = 1 the correlation times sqrt(L) tends to 2/sqrt(pi) = 1.128, not to 1/beta = 1."""
    root = value_of("normalized_resnet_correlation", "rigorous", depth=10**8, beta=1) * 10**4
    assert abs(root - 2 / arb.pi().sqrt()) < arb(10) ** -7  # the first term left out is K/(8 L)
    assert abs(value_of("normalized_resnet_correlation", depth=100, beta=1) - arb("0.113")) < arb("0.0005")
    assert abs(value_of("normalized_resnet_correlation", depth=100, beta=Fraction(1, 10)) - arb("0.709")) < arb(
        "0.0005"
    )


@pytest.mark.parametrize("depth", [1, 10, 10**4])
def test_the_highway_tends_to_a_root_of_e(depth: int) -> None:
    gap = arb(-1) / 2
    value = exactly(1 - Fraction(1, 2 * depth)) ** depth
    assert not abs(value - gap.exp()) > value_of("highway_limit", depth=depth)


# --- wide rectifier networks --------------------------------------------------------------------------------


def iterated(depth: int, correlation: Any) -> Any:
    for _ in range(depth):
        correlation = (mp.sqrt(1 - correlation**2) + (mp.pi - mp.acos(correlation)) * correlation) / mp.pi
    return correlation


@settings(max_examples=15)
@given(depth=depths, correlation=st.fractions(Fraction(-9, 10), Fraction(9, 10), max_denominator=30))
def test_correlations_are_the_iterated_map_and_its_derivative(depth: int, correlation: Fraction) -> None:
    with mp.workdps(60):
        start = mp.mpf(correlation.numerator) / correlation.denominator
        at = {"depth": depth, "correlation": correlation}
        assert agrees(value_of("relu_correlation", **at), iterated(depth, start))
        slope = mp.diff(lambda rho: iterated(depth, rho), start)
        for form in ("plain", "stable"):
            assert agrees(value_of("relu_gradient_correlation", form, **at), slope)


@pytest.mark.parametrize("depth", [1, 7, 1000])
def test_equal_and_opposite_inputs(depth: int) -> None:
    for name in ("relu_correlation", "relu_gradient_correlation"):
        assert value_of(name, depth=depth, correlation=1) == 1
    assert value_of("relu_correlation", depth=1, correlation=-1) == 0
    assert value_of("relu_gradient_correlation", depth=depth, correlation=-1) == 0


@pytest.mark.parametrize("depth", [1, 3, 1000, 3000])
def test_depth_does_not_widen_the_enclosures(depth: int) -> None:
    for name in ("relu_correlation", "relu_gradient_correlation"):
        found = value_of(name, depth=depth, correlation=Fraction(1, 3))
        assert found.rel_accuracy_bits() > BITS - 50  # rounding adds up over layers, it does not multiply


@settings(max_examples=15)
@given(depth=st.integers(1, 200), correlation=correlations)
def test_gradients_decay_no_faster_than_the_cubic_bound(depth: int, correlation: Fraction) -> None:
    bound = find("shattering.relu_gradient_lower_bound").derivation().statement.left
    least = ball(bound, {L: depth, rho: correlation}, BITS)
    assert not value_of("relu_gradient_correlation", depth=depth, correlation=correlation) < least


def test_for_orthogonal_inputs_the_bound_is_rational_and_beats_typical_datapoints_from_depth_13_on() -> None:
    bound = find("shattering.relu_gradient_lower_bound").derivation().statement.left.subs(rho, 0)
    assert sp.simplify(bound - sp.Integer(60) / ((L + 3) * (L + 4) * (L + 5))) == 0
    larger = [depth for depth in range(1, 40) if bound.subs(L, depth) > sp.Rational(1, 2**depth)]
    assert larger == [depth for depth in range(1, 40) if 60 * 2**depth > (depth + 3) * (depth + 4) * (depth + 5)]


@pytest.mark.parametrize("size", [2, 3, 4])
def test_centred_numbers_are_rarely_both_positive(size: int) -> None:
    """At two inputs never; at three, where the centred vectors are 120 degrees apart, once in six."""
    expected = {2: Fraction(0), 3: Fraction(1, 6)}
    found = value_of("normalized_coactivation", batch=size)
    with mp.workdps(40):
        assert agrees(found, mp.mpf(1) / 4 - mp.asin(mp.mpf(1) / (size - 1)) / (2 * mp.pi))
    assert size not in expected or is_exactly(found, expected[size])


@given(s=st.fractions(0, 1), t=st.fractions(0, 1))
def test_the_brownian_covariance_is_the_smaller_share(s: Fraction, t: Fraction) -> None:
    assert is_exactly(value_of("brownian_covariance", s=s, t=t), min(s, t))


# --- domains ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("coactivation", {"correlation": Fraction(6, 5)}, r"correlation must be a number in \[-1, 1\], not 6/5"),
        ("relu_correlation", {"depth": 0, "correlation": 0}, "depth must be an integer >= 1, not 0"),
        ("relu_gradient_correlation", {"depth": 2, "correlation": -2}, "correlation must be"),
        ("feedforward_correlation", {"depth": Fraction(1, 2)}, "depth must be"),
        ("resnet_variance", {"depth": 2, "alpha": 0, "beta": 1}, "alpha must be a number > 0"),
        ("resnet_correlation", {"depth": 2, "alpha": 1, "beta": -1}, "beta must be a number >= 0"),
        ("normalized_resnet_correlation", {"depth": 2, "beta": 0}, "beta must be a number > 0"),
        ("highway_correlation", {"depth": 2, "gamma1": 2}, "gamma1 must be"),
        ("brownian_covariance", {"s": 2, "t": 0}, "s must be"),
        ("normalized_coactivation", {"batch": 1}, "batch must be an integer >= 2"),
        ("highway_correlation", {"depth": 2}, "the parameter gamma1 is missing"),
    ],
)
def test_values_outside_the_domain_are_named(name: str, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(OutOfDomain, match=message):
        find(f"shattering.{name}").bind(parameters)


# --- wrong variants -----------------------------------------------------------------------------------------

Change = Callable[[sp.Expr], sp.Expr]
WRONG: list[tuple[str, Change]] = [
    ("coactivation", lambda right: 2 * right - sp.Rational(1, 4)),  # 1/4 + arcsin(rho)/pi
    ("relu_step", lambda right: right.subs(rho, -rho)),
    ("feedforward_correlation", lambda right: right.subs(L, L - 1)),
    ("feedforward_variance", lambda right: sp.Integer(2) ** -L),
    ("resnet_correlation", lambda right: right.subs(L, L + 1)),
    ("resnet_variance", lambda right: sp.sqrt(right)),
    ("highway_correlation", lambda right: right * 2 ** (1 - L)),
    ("normalized_forward_variance", lambda right: right + beta**2),
    ("normalized_resnet_variance", lambda right: right.subs(L, L + 1)),
    ("normalized_resnet_covariance", lambda right: beta * sp.sqrt(L)),
    ("normalized_resnet_correlation", lambda right: right.subs(L, L + 1)),
    ("path_overlap", lambda right: right * sp.Symbol("sigma", positive=True) ** 2),
    ("looks_linear", lambda right: 2 * right),
    ("orthonormal_layer", lambda right: 2 * right),
    ("orthogonal_convolution", lambda right: right / 2),
    ("brownian_covariance", lambda right: sp.Max(*right.args)),
    ("centred_correlation", lambda right: right / (1 + right)),  # -1/(m - 2)
]


@pytest.mark.parametrize(("name", "change"), WRONG, ids=[name for name, _ in WRONG])
def test_a_wrong_variant_is_refuted_by_algebra_and_by_a_second_judge(name: str, change: Change) -> None:
    last = find(f"shattering.{name}").derivation().statement.steps[-1]
    judgement = replace(last, right=change(last.right)).judge()
    assert judgement.verdict is Verdict.REFUTED
    assert {finding.judge for finding in judgement.findings if finding.answer == "fails"} > {
        "algebra"
    } or last.rule.appeal


@pytest.mark.parametrize("bound", ["lower_bound", "upper_bound"])
def test_bounds_of_the_normalised_correlation_do_not_change_places(bound: str) -> None:
    chain = find(f"shattering.normalized_resnet_{bound}").derivation().statement
    step = next(each for each in chain.steps if each.relation == "<=")
    swapped = replace(step, left=step.right, right=step.left).judge()
    assert "enclosure" in {finding.judge for finding in swapped.findings if finding.answer == "fails"}
