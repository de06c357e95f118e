"""Each settler finds what is there: sharp ranges, factors, counterexamples, and no verdict without its evidence."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st

from numerics.evaluate import value
from papers.claims import ledger
from papers.claims.accuracy import _range, accuracy
from papers.claims.claim import Finding, Point, Verdict
from papers.claims.conditions import condition
from papers.claims.formulas import formula
from papers.claims.growth import grows_as
from papers.claims.idealisations import Gap
from papers.claims.numbers import rounded
from papers.claims.points import places, telling
from papers.claims.properties import Decision, proposition, smallest_failing
from papers.claims.sampled_gaps import ALPHA, BETA, Sampled, judged
from papers.claims.shapeset import class_prior
from papers.claims.together import every, together
from theory.proof.library import find
from theory.symbols import D, N, d, g, i, n, q, r, v
from theory.weight_laws import n as fan_in

FORWARD = q[0] * sp.Product(n[r] * v[r], (r, 0, i - 1))
GAP = Gap("the real network is another", (Point("somewhere", "1", "2"),))


# --- formulas --------------------------------------------------------------------------------------


def test_a_theorem_with_an_idealisation_does_not_settle_a_claim_without_the_gap() -> None:
    with pytest.raises(ValueError, match="rest on linear regime: give the gap"):
        formula("variance.activation")(FORWARD)
    found = formula("variance.activation", gap=lambda: GAP)(FORWARD)
    assert found.verdict == Verdict.IDEALISED
    assert GAP.sentence in found.reason
    assert GAP.points[0] in found.points


@settings(max_examples=20, deadline=None)
@given(st.fractions(Fraction(1, 10), 10, max_denominator=20))
def test_the_factor_is_printed_over_derived(factor: Fraction) -> None:
    found = formula("variance.standard_weight")(sp.Rational(factor) / (3 * fan_in))
    assert (found.verdict == Verdict.CONFIRMED) == (factor == 1)
    assert found.factor == sp.Rational(factor)
    if factor != 1:
        assert Fraction(found.points[0].printed).limit_denominator(10**4) != Fraction(1, 3)


def test_a_formula_that_is_neither_found_equal_nor_different_is_not_decided() -> None:
    """Equal at all places that are tried, and without a value at any: neither says that it is wrong."""
    theorem = find("variance.standard_weight")
    derived = theorem.value()
    samples = [place[fan_in] for place in places(theorem)]
    agreeing = derived + sp.Mul(*(fan_in - sample for sample in samples))
    for printed in (agreeing, derived + sp.Symbol("unknown")):
        found = formula(theorem.name)(printed)
        assert found.verdict == Verdict.UNDECIDABLE
        assert "neither found equal" in found.reason
        assert found.points == ()
    elsewhere = [{fan_in: max(samples) + 1}]
    assert formula(theorem.name, at=elsewhere)(agreeing).verdict == Verdict.CORRECTED


def test_a_telling_point_is_the_first_of_the_domain_at_which_the_two_differ() -> None:
    theorem = find("random_walk.linear_log_variance")
    derived = theorem.value()
    agrees_at_one = derived + (N - 1)
    first, second = list(places(theorem))[:2]
    assert telling(agrees_at_one, derived, [first]) is None
    point = telling(agrees_at_one, derived, places(theorem))
    assert point is not None
    assert point.where == f"N = {second[N]}"


# --- approximations --------------------------------------------------------------------------------


@given(st.lists(st.booleans(), min_size=1, max_size=40))
@example([True])
@example([False, True, True, False, True, True])
def test_the_range_is_the_last_of_the_longest_runs(good: list[bool]) -> None:
    sizes = range(1, len(good) + 1)
    runs = [(a, b) for a in sizes for b in sizes if a <= b and all(good[a - 1 : b])]
    longest = max(runs, key=lambda run: (run[1] - run[0], run[0]), default=None)
    assert _range(np.array(good)) == longest


@pytest.mark.parametrize("percent", [1, 2, 5])
def test_the_range_of_the_rectifier_fit_is_sharp_in_exact_decimals(percent: int) -> None:
    fit, within = ledger.find("S-07").printed, sp.Rational(percent, 100)
    found = accuracy("random_walk.relu_gain", within=within)(fit)
    first = int(found.reason.split("N >= ")[1].split()[0])
    for width in range(1, 40):
        exact, printed = (Fraction(value(f"random_walk.relu_gain{form}", 30, N=width)) for form in ("", "_fit"))
        good = abs(printed / exact - 1) < Fraction(percent, 100)
        assert good if width >= first else (width < first - 1 or not good)


def test_an_approximation_that_is_exact_is_equal_and_one_that_is_never_near_is_not_good() -> None:
    exact = find("random_walk.linear_log_variance").value()
    settle = accuracy("random_walk.linear_log_variance")
    assert settle(exact).verdict == Verdict.CONFIRMED
    assert settle(exact / 4).verdict == Verdict.CORRECTED
    assert settle(exact * sp.Rational(1001, 1000)).verdict == Verdict.ACCURATE


def test_a_wrong_leading_coefficient_is_named() -> None:
    assert "-12/5 where -5/2 is right" in ledger.find("S-05").finding.reason


# --- numbers, growth, conditions -------------------------------------------------------------------


def test_printed_numbers_agree_to_their_last_place_only() -> None:
    settle = rounded("variance.mean_singular_value", [{"scale": 1}], decimals=3)
    right = Fraction(round(Fraction(value("variance.mean_singular_value", 20, scale=1)), 3))
    for number, verdict in ((right, Verdict.CONFIRMED), (right + Fraction(1, 1000), Verdict.CORRECTED)):
        assert settle(sp.Tuple(sp.Rational(number))).verdict == verdict


@pytest.mark.parametrize(("power", "verdict"), [(1, Verdict.CONFIRMED), (sp.Rational(9, 10), Verdict.REFUTED)])
def test_only_the_right_power_of_the_width_settles(power: sp.Expr, verdict: Verdict) -> None:
    at = [{"N": 10**k, "depth": 3, "gain": 1, "activation": "linear"} for k in (2, 3, 4, 5)]
    assert grows_as("random_walk.walk_variance", at, along="N")(D / N**power).verdict == verdict


def test_a_condition_of_the_wrong_width_does_not_keep_the_variance() -> None:
    settle = condition("variance.forward_condition", "variance.activation", gap=lambda: GAP)
    assert settle(sp.Eq(n[i] * v[i], 1)).verdict == Verdict.IDEALISED
    wrong = settle(sp.Eq(n[i + 1] * v[i], 1))
    assert wrong.verdict == Verdict.CORRECTED
    assert "does not keep" in wrong.reason


def test_mending_equation_six_makes_it_hold_in_the_linear_regime() -> None:
    mended = g[d] * sp.Product(n[r + 1] * v[r], (r, i + 1, d))
    assert formula("variance.backpropagated", gap=lambda: GAP)(mended).verdict == Verdict.IDEALISED


# --- properties and parts --------------------------------------------------------------------------


def test_nothing_is_refuted_without_a_counterexample() -> None:
    with pytest.raises(ValueError, match="give the smallest found"):
        proposition(lambda printed: Decision(False, "it does not"))(sp.Tuple())
    said = Decision(False, "it does not", counterexample="7")
    assert proposition(lambda printed: said)(sp.Tuple()).verdict == Verdict.REFUTED


@given(st.sets(st.integers(0, 30)), st.integers(0, 30))
def test_the_counterexample_is_the_first(failing: set[int], last: int) -> None:
    found = smallest_failing(range(last + 1), lambda at: at not in failing)
    assert found == min((at for at in failing if at <= last), default=None)


@given(st.lists(st.sampled_from(list(Verdict)), min_size=1, max_size=5))
def test_a_claim_is_as_good_as_its_worst_part(verdicts: list[Verdict]) -> None:
    parts = [lambda printed, verdict=verdict: Finding(verdict, f"part {verdict}") for verdict in verdicts]
    found = together(*parts)(sp.Tuple(*range(len(parts))))
    assert found.verdict in verdicts
    assert (found.verdict == Verdict.CONFIRMED) == (set(verdicts) == {Verdict.CONFIRMED})
    for bad in (Verdict.REFUTED, Verdict.CORRECTED):
        if bad in verdicts:
            assert found.verdict in (Verdict.REFUTED, Verdict.CORRECTED)
    assert all(f"part {verdict}" in found.reason for verdict in verdicts)
    assert every(*parts)(sp.Tuple()) == found


# --- gaps and facts --------------------------------------------------------------------------------


def test_a_sampled_gap_refutes_a_wrong_ideal_and_not_a_right_one() -> None:
    from numerics.ensembles import Weights, dense
    from numerics.evidence import plan_bounded

    network = dense((4, 4), Weights("sign", 1))

    def positive(seen):  # the share of positive weights: 1/2
        return (seen.weights[0] > 0).double().mean(dim=(1, 2))

    for ideal, told in ((0.5, "within 0.1 of 0.5"), (0.8, "and not 0.8")):
        sampled = Sampled(f"signs, ideal {ideal}", network, sp.Float(ideal), 0.1)
        said, point = judged(sampled, plan_bounded(ideal, 0, 1, shift=0.1, alpha=ALPHA, beta=BETA), positive)
        assert told in said
        assert point.printed == f"{ideal:g}"


def test_the_class_prior_of_shapeset_is_a_law_on_nine_classes() -> None:
    prior = class_prior()
    assert sum(prior.values()) == 1
    assert sorted(prior.values()) == [Fraction(1, 18)] * 3 + [Fraction(1, 9)] * 3 + [Fraction(1, 6)] * 3
