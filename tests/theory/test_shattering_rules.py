"""The rules of shattered gradients refuse what they should: false bounds, wrong primitives, paths that are not different."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy as sp

from theory.probability.expectation import E
from theory.probability.models import Enumeration
from theory.probability.setting import DETERMINISTIC
from theory.proof.nodes import PairSum
from theory.proof.rules import Context, Rule, RuleDoesNotApply, algebra
from theory.proof.theorem import Chain, Proof
from theory.shattering import paths
from theory.shattering.boxes import at_most, positive_on
from theory.shattering.coactivation import coactivation
from theory.shattering.normalized_decay import log_convexity
from theory.shattering.rectifier_decay import relu_angle_step, theta
from theory.shattering.rules import (
    as_shown,
    bounded,
    less,
    multiply_out,
    ordered,
    reciprocal,
    reduce_gammas,
    telescoping,
)
from theory.symbols import L, N, k, l, r

CONTEXT = Context(DETERMINISTIC, frozenset())
a, b, t = sp.symbols("a b t", positive=True)
x = sp.IndexedBase("x")


def shown(left: sp.Expr, relation: str, right: sp.Expr) -> Chain:
    """A chain of one step, as if shown before."""
    rule = Rule("given", lambda line, context: right, relation=relation)
    return Proof("a test", (), DETERMINISTIC).calc(left, relation, right, rule)


# --- boxes --------------------------------------------------------------------------------------------------


def test_boxes_prove_a_positive_function_and_nothing_else() -> None:
    above_minimum = t**2 - t + sp.Rational(26, 100)  # its minimum is 1/100, at 1/2
    assert positive_on(above_minimum, t, sp.S.Zero, sp.Integer(3))
    assert not positive_on(above_minimum - sp.Rational(2, 100), t, sp.S.Zero, sp.Integer(3), halvings=12)


@pytest.mark.parametrize("slower", [sp.Rational(29, 10), sp.Rational(31, 10)])
def test_only_the_constant_3_pi_bounds_the_angle_up_to_the_third_derivative(slower: sp.Rational) -> None:
    step = relu_angle_step.derivation().statement.steps[-1]
    wrong = sp.cos(theta / (1 + theta / (slower * sp.pi)))
    rule = at_most(step.right, theta, sp.Rational(22, 7), 4, sp.Rational(1, 2))
    with pytest.raises(RuleDoesNotApply, match="differ before"):
        rule.derive(wrong, CONTEXT)


def test_an_inequality_the_wrong_way_round_is_refused() -> None:
    step = relu_angle_step.derivation().statement.steps[-1]
    rule = at_most(step.left, theta, sp.Rational(22, 7), 4, sp.Rational(1, 2))
    with pytest.raises(RuleDoesNotApply, match="no boxes"):
        rule.derive(step.right, CONTEXT)


# --- rules --------------------------------------------------------------------------------------------------


def test_a_product_telescopes_only_along_its_own_primitive() -> None:
    product = sp.Product((r + 2) / (r + 1), (r, 1, L))
    assert sp.simplify(telescoping(r + 1, r).derive(product, CONTEXT) - (L + 2) / 2) == 0
    with pytest.raises(RuleDoesNotApply, match="no quotient"):
        telescoping(r, r).derive(product, CONTEXT)


def test_gammas_reduce_to_the_least_argument() -> None:
    assert reduce_gammas(sp.gamma(t + 2) / sp.gamma(t)) == t * (t + 1)
    assert sp.cancel(reduce_gammas(sp.gamma(t - 1) * sp.gamma(t + a) / sp.gamma(t)) - sp.gamma(t + a) / (t - 1)) == 0
    assert reduce_gammas(sp.gamma(t + sp.Rational(1, 2)) / sp.gamma(t)).has(sp.gamma(t))


def test_bounds_carry_over_with_positive_factors_only() -> None:
    smaller = shown(a, "<=", b)
    assert bounded(smaller).derive(3 * a, CONTEXT) == 3 * b
    assert reciprocal(smaller).derive(2 / b, CONTEXT) == 2 / a
    assert less(smaller).derive(5 - 2 * b, CONTEXT) == 5 - 2 * a
    assert ordered(smaller).derive(sp.Abs(a - b), CONTEXT) == b - a
    for rule, line in ((bounded, -a), (reciprocal, -1 / b), (less, 5 + 2 * b)):
        with pytest.raises(RuleDoesNotApply):
            rule(smaller).derive(line, CONTEXT)


def test_a_bound_for_positive_values_is_not_used_where_they_may_be_negative() -> None:
    growing = shown(t, "<=", 2 * t)
    assert bounded(growing, {t: L - 1 + a}).derive(L - 1 + a, CONTEXT) == 2 * (L - 1 + a)
    with pytest.raises(RuleDoesNotApply, match="not known to be positive"):
        bounded(growing, {t: L - 2}).derive(L - 2, CONTEXT)


def test_an_asymptotic_result_does_not_pass_for_an_equality() -> None:
    assert as_shown(shown(a, "~", b)).relation == "~"
    with pytest.raises(RuleDoesNotApply):
        bounded(shown(a, "~", b)).derive(a, CONTEXT)


def test_log_convexity_needs_a_positive_multiple_of_one_gamma() -> None:
    with pytest.raises(RuleDoesNotApply):
        log_convexity(t + 1).derive(-sp.gamma(t + 1), CONTEXT)
    with pytest.raises(RuleDoesNotApply):
        log_convexity(t).derive(sp.gamma(t), CONTEXT)  # t - 1/2 may be negative


def test_sums_multiply_out_into_equal_and_distinct_pairs() -> None:
    total, o = sp.Sum(x[l], (l, 1, N)), sp.Symbol("l'", integer=True, positive=True)
    squares, pairs = sp.Sum(a * x[l] ** 2, (l, 1, N)), PairSum(a * x[l] * x[o], l, o, N)
    assert multiply_out.derive(E(a * total**2), CONTEXT) == E(squares + pairs)
    assert multiply_out.derive(E(x[k] * total), CONTEXT) == E(sp.Sum(x[k] * x[l], (l, 1, N)))
    cube = E(sp.Pow(total, 3))
    assert multiply_out.derive(cube, CONTEXT) == cube


def test_differentiation_under_the_integral_needs_the_right_derivative() -> None:
    steps = coactivation.derivation().steps
    step = next(each for each in steps if each.rule.name.startswith("differentiation under"))
    assert replace(step, left=sp.S.One).judge().verdict.name == "REFUTED"
    assert replace(step, right=step.right + 1).judge().verdict.name == "REFUTED"


# --- paths --------------------------------------------------------------------------------------------------


def test_equal_paths_or_loose_ends_are_no_witness() -> None:
    for setting, hypothesis, broken in (
        (paths.feedforward, paths.DIFFERENT, [(1, 2), (1, 2)]),
        (paths.residual, paths.RESIDUAL, [(1, 1, 0), (2, 2, 0)]),
    ):
        assert all(hypothesis.holds_in(Enumeration(setting, instance)) for instance in setting.instances)
        assert not hypothesis.holds_in(Enumeration(setting, paths._instance(broken, 2)))


def test_the_residual_lemma_fails_for_paths_that_pass_no_weight_and_end_apart() -> None:
    """Two identity paths at different units: their weights are 1, so E p(A) p(B) = 1 although A and B are disjoint."""
    apart = paths._instance([(1, 1, 0), (2, 2, 0)], 2)
    disjoint = replace(apart, arrays={**apart.arrays, paths.chosen: lambda which, path: int(which == path)})
    statement = paths.residual_path_overlap.derivation().statement
    model = Enumeration(paths.residual, disjoint)
    assert model.evaluate(statement.left) == 1
    assert model.evaluate(statement.right) == 0


def test_a_lemma_with_another_power_of_sigma_fails_on_an_instance() -> None:
    last = paths.path_overlap.derivation().statement.steps[-1]
    judgement = replace(last, right=last.right * paths.sigma**2, rule=algebra).judge()
    assert {finding.judge for finding in judgement.findings if finding.answer == "fails"} == {"algebra", "instance"}
