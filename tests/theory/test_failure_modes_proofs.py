"""The proofs about failure modes: what they rest on, and that planted mistakes do not stand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.failure_modes import network, rules
from theory.failure_modes.convolutions import CIRCULAR, ZERO_PADDING, circular, zero_padded
from theory.failure_modes.hypotheses import HE, NO_BIASES, NORMAL_KURTOSIS, SYMMETRIC
from theory.failure_modes.lengths import by_affine_induction, mean_length, mean_length_step
from theory.probability.expectation import E
from theory.probability.models import Enumeration
from theory.proof.cache import record_of
from theory.proof.judges import Verdict
from theory.proof.library import find, theorems
from theory.proof.nodes import DominatedIntegral, Iterate
from theory.proof.rules import Context, RuleDoesNotApply
from theory.proof.theorem import Step
from theory.proof.witness import witness
from theory.symbols import d, i, k, kurtosis, n, n_out, scale

ALL = [each for each in theorems() if each.name.startswith("failure_modes.")]
ENCLOSED = {f"failure_modes.log_{what}" for what in ("ratio_mean", "ratio_variance", "length_mean", "length_variance")}


@pytest.mark.parametrize("theorem", ALL, ids=lambda theorem: theorem.name)
def test_every_theorem_stands_and_most_are_proved(theorem) -> None:
    expected = Verdict.ENCLOSED if theorem.name in ENCLOSED else Verdict.PROVED
    if theorem.name == "failure_modes.resnet_mean_length":
        expected = Verdict.CITED
    assert theorem.verdict is expected
    assert all(witness(derivation) is not None for derivation in theorem.derivations())


def test_only_the_limit_of_infinite_width_is_cited() -> None:
    cited = {citation for theorem in ALL for citation in record_of(theorem).citations if "yang2019" in citation}
    resting = {theorem.name for theorem in ALL if cited & set(record_of(theorem).citations)}
    assert len(cited) == 1
    assert resting == {"failure_modes.resnet_mean_length"}
    assert {
        judgement.verdict for judgement in find("failure_modes.resnet_mean_length").derivation("linear").judgements
    } == {Verdict.PROVED}


def last(name: str, *chosen: str) -> Step:
    return find(f"failure_modes.{name}").derivation(*chosen).statement.steps[-1]


def planted(name: str, old: sp.Basic, new: sp.Basic, *chosen: str) -> Step:
    step = last(name, *chosen)
    wrong = step.right.subs(old, new)
    assert wrong != step.right
    return replace(step, right=wrong)


WRONG = [
    (
        "normal_step",
        1 + 5 / n[i + 1],
        1 + 3 / n[i + 1],
    ),  # the linear network's 2 + 1, or a Gaussian without a rectifier
    ("normal_step", n[i + 1], n[i]),  # fan-in in place of fan-out
    ("second_moment", n, sp.IndexedBase("n", integer=True)),  # another array
    ("second_moment_step", kurtosis, kurtosis + 1),  # the excess taken from 2
    ("second_moment_step", n_out, n_out + 1),
    ("mean_length", scale, 2 * scale),  # the rectifier's half forgotten
    ("fan_in_factor", network.weight_variance, 2 * network.weight_variance),
]


@pytest.mark.parametrize(("name", "old", "new"), WRONG)
def test_a_planted_mistake_does_not_stand(name: str, old: sp.Basic, new: sp.Basic) -> None:
    assert not planted(name, old, new).stands()


def test_a_residual_recursion_without_its_coherent_term_does_not_stand() -> None:
    step = last("resnet_mean_length", "relu")
    assert isinstance(step.right, Iterate)
    variables, (first, *others), starts, count = step.right.args
    naive = first.subs(sp.Symbol("m", real=True), 0)  # what E|module|^2 alone would give
    assert naive != first
    assert not replace(step, right=Iterate(variables, (naive, *others), starts, count)).stands()


def test_the_plain_variance_with_another_weight_is_refuted() -> None:
    stable = next(
        step
        for step in find("failure_modes.layer_variance").derivation().steps
        if step.rule.name == "summation by parts"
    )
    for factor in (sp.Rational(1, 2), sp.S(2)):
        assert replace(stable, right=factor * stable.right).judge().verdict is Verdict.REFUTED


@given(factor=st.fractions(Fraction(1, 9), 9, max_denominator=20).filter(lambda factor: factor != 1))
@settings(max_examples=3, deadline=None)
def test_scaled_statements_do_not_stand(factor: Fraction) -> None:
    for theorem in ALL:
        for derivation in theorem.derivations():
            step = derivation.statement.steps[-1]
            if isinstance(step.right, sp.Expr) and step.right != 0:
                assert not replace(step, right=sp.Rational(factor) * step.right).stands(), theorem.name


# --- rules refuse what they may not use ----------------------------------------------------------------------------


def test_the_rectifiers_half_needs_symmetric_weights() -> None:
    line = E(sp.Max(network.pre_activation(k), 0) ** 2)
    unsymmetric = Context(network.layer, frozenset())
    assert rules.half_of_it.derive(line, unsymmetric) == line
    assert (
        rules.half_of_it.derive(line, Context(network.layer, frozenset({SYMMETRIC})))
        == E(network.pre_activation(k) ** 2) / 2
    )


def test_odd_powers_of_the_rectifier_are_left_alone() -> None:
    line = E(sp.Max(network.pre_activation(k), 0) ** 3)
    assert rules.half_of_it.derive(line, Context(network.layer, frozenset({SYMMETRIC}))) == line


@pytest.mark.parametrize(
    ("rule", "line"),
    [(rules.he_variance, network.v[1]), (rules.no_biases, network.u[1]), (rules.normal_kurtosis, kurtosis)],
)
def test_a_hypothesis_that_was_not_made_is_not_used(rule, line) -> None:
    with pytest.raises(RuleDoesNotApply, match="is not assumed"):
        rule.derive(line, Context(network.he_network, frozenset()))


def test_the_tower_property_needs_the_layers_hypotheses_and_a_factor_from_below() -> None:
    step = find("failure_modes.length_step")
    line = find("failure_modes.length_product_step").derivation().statement.steps[2].left
    with pytest.raises(RuleDoesNotApply, match="makes assumptions"):
        rules.tower(step, i).derive(line, Context(network.he_network, frozenset()))
    above = network.total(i + 2)
    inside = rules.in_network(network.rectified, i)
    with pytest.raises(RuleDoesNotApply, match="not a function of the layers up to"):
        rules.tower(step, i).derive(E(above * inside), Context(network.he_network, step.derivation().assumed))


def test_affine_induction_speaks_of_its_own_recursion_only() -> None:
    context = Context(network.scaled_network, mean_length.derivation().assumed)
    with pytest.raises(RuleDoesNotApply, match="does not speak of"):
        by_affine_induction(mean_length_step, i, d).derive(network.Q[d], context)


# --- witnesses -----------------------------------------------------------------------------------------------------


def test_witnesses_satisfy_the_hypotheses_they_stand_for_and_no_others() -> None:
    for instance in network.he_network.instances:
        model = Enumeration(network.he_network, instance)
        assert all(fact.holds_in(model) for fact in (SYMMETRIC, HE, NORMAL_KURTOSIS, NO_BIASES))
    scaled = Enumeration(network.scaled_network, network.scaled_network.instances[0])
    assert SYMMETRIC.holds_in(scaled)
    assert not HE.holds_in(scaled)
    assert not NO_BIASES.holds_in(scaled)
    around, padded = (Enumeration(setting, setting.instances[0]) for setting in (circular, zero_padded))
    assert CIRCULAR.holds_in(around)
    assert not ZERO_PADDING.holds_in(around)
    assert ZERO_PADDING.holds_in(padded)


@pytest.mark.parametrize("fan_in", [1, 2])
def test_the_witness_laws_have_the_moments_of_normal_weights(fan_in: int) -> None:
    law = network.HE_NORMAL[fan_in]
    assert [network.moment_of(law, power) for power in (1, 2, 3)] == [0, Fraction(2, fan_in), 0]
    assert network.kurtosis_of(law) == 3


def test_majorants_lie_above_their_integrands() -> None:
    from theory.proof.balls import ball

    step = last("rectifier_mean")
    (integral,) = step.left.atoms(DominatedIntegral)
    for numerator in range(0, 400):
        here = {next(iter(integral.free_symbols)): Fraction(3), integral.variable: Fraction(numerator, 10)}
        majorant = integral.scale * sp.exp(-integral.rate * sp.Abs(integral.variable))
        assert not ball(integral.body, here, 100) > ball(majorant, here, 100)
