"""The core lets a theorem stand only if its steps passed: wrong, unproved and vacuous theorems are planted and refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.probability.calculus import identical_law, independence, linearity, zero_mean
from theory.probability.expectation import E
from theory.probability.setting import Assumption, Family, Instance, Setting
from theory.proof import library
from theory.proof.domains import Integers, OutOfDomain, Reals
from theory.proof.judges import Verdict
from theory.proof.library import UnknownTheorem, find, theorem, theorems
from theory.proof.rules import Rule, algebra, cite
from theory.proof.theorem import Chain, DoesNotStand, Parameter, Proof, Theorem
from theory.proof.witness import witness

x, w = sp.IndexedBase("x"), sp.IndexedBase("w")
a, b = sp.symbols("a b", positive=True)
CENTRED = Assumption("centred", "w has mean 0 and is independent of x", lambda m: m.evaluate(E(w[1] * x[1])) == 0)
WRONG = Assumption("impossible", "w is 1", lambda m: m.evaluate(E((w[1] - 1) ** 2)) == 0)
FAMILIES = (
    Family(x, span=lambda k: (0, 0), independent=CENTRED, identical=CENTRED, second=lambda k: a),
    Family(w, span=lambda k: (1, 1), independent=CENTRED, mean_zero=CENTRED, identical=CENTRED, second=lambda k: b),
)
WITNESS = Instance({a: 5, b: 9}, laws={x: lambda k: ((1, 1), (3, 1)), w: lambda k: ((3, 1), (-3, 1))})
SETTING = Setting("two variables", FAMILIES, instances=(WITNESS,))
PARAMETERS = (Parameter("a", Reals(0), a), Parameter("b", Reals(0), b))


@pytest.fixture(autouse=True)
def _own_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted theorems are gone from the library after each test."""
    theorems()
    monkeypatch.setattr(library, "_theorems", dict(library._theorems))


def planted(
    last: sp.Expr, *hypotheses: Assumption, reason: Rule = identical_law, setting: Setting = SETTING
) -> Theorem:
    """A theorem on E (x + w)^2 that ends in `last`."""

    def builder(p: Proof) -> Chain:
        p.assume(*hypotheses)
        squares = E(x[1] ** 2) + E(w[1] ** 2)
        return p.calc(
            E((x[1] + w[1]) ** 2),
            *("=", squares + 2 * E(x[1]) * E(w[1]), linearity & independence),
            *("=", squares, zero_mean),
            *("=", last, reason),
        )

    return theorem("planted.second_moment", source="none", setting=setting, parameters=PARAMETERS)(builder)


def test_a_right_theorem_stands() -> None:
    assert planted(a + b, CENTRED).verdict is Verdict.PROVED


@pytest.mark.parametrize("wrong", [2 * (a + b), a + 2 * b, a - b, a, a + b + 1, a * b])
def test_a_wrong_last_line_is_refuted_with_its_residual_and_has_no_value(wrong: sp.Expr) -> None:
    made = planted(wrong, CENTRED)
    assert made.verdict is Verdict.REFUTED
    last = made.derivation().judgements[-1]
    assert any(finding.answer == "fails" and finding.residual for finding in last.findings)
    assert any(f.judge == "instance" and f.answer == "fails" and f.point for f in last.findings)
    with pytest.raises(DoesNotStand, match=r"planted\.second_moment does not stand"):
        made.value()


def test_a_rule_is_refused_where_its_assumption_was_not_made() -> None:
    assert planted(a + b).verdict is Verdict.REFUTED


def test_algebra_alone_is_not_believed() -> None:
    assert planted(a + b, CENTRED, setting=replace(SETTING, instances=())).verdict is Verdict.UNKNOWN


def test_agreement_on_instances_alone_does_not_stand() -> None:
    guess = Rule("because it is so", None, kind="computed")
    assert planted(a + b, CENTRED, reason=guess).verdict is Verdict.UNKNOWN


def test_a_rule_that_returns_whatever_is_wanted_is_caught_by_the_second_judge() -> None:
    obliging = Rule("as you wish", lambda line, context: 2 * (a + b))
    assert planted(2 * (a + b), CENTRED, reason=obliging).verdict is Verdict.REFUTED


def test_hypotheses_without_a_witness_do_not_stand() -> None:
    made = planted(a + b, CENTRED, WRONG)
    assert made.verdict is Verdict.UNKNOWN
    assert witness(made.derivation()) is None


def test_a_citation_is_called_one_and_a_miscitation_is_refuted() -> None:
    left = sp.Symbol("limit")
    fact = cite("a fact", "somebody1900", left, a)

    def citing(last: sp.Expr) -> Theorem:
        return theorem("planted.cited", source="none", parameters=PARAMETERS)(lambda p: p.calc(left, "=", last, fact))

    assert citing(a).verdict is Verdict.CITED
    assert citing(2 * a).verdict is Verdict.REFUTED


def test_an_equality_rule_proves_no_more_than_its_relation() -> None:
    grows = Rule("grows", lambda line, context: line + 1, relation="<=")

    def claim(relation: Any) -> Theorem:
        return theorem("planted.relation", source="none", parameters=PARAMETERS)(
            lambda p: p.calc(a, relation, a + 1, grows)
        )

    assert claim("<=").verdict is Verdict.PROVED
    assert claim("=").verdict is Verdict.REFUTED


def test_a_chain_the_proof_did_not_write_is_refused() -> None:
    written = planted(a + b, CENTRED).derivation().statement
    smuggled = theorem("planted.smuggled", source="none")(lambda p: written)
    with pytest.raises(DoesNotStand, match="must return a chain that it wrote"):
        smuggled.derivation()


@given(st.integers(-20, 20), st.integers(-20, 20))
def test_algebra_steps_stand_exactly_if_the_polynomials_agree(c: int, d: int) -> None:
    def builder(p: Proof) -> Chain:
        return p.calc((a + b) ** 2, "=", a**2 + c * a * b + b**2 + (d - 3), algebra)

    made = theorem("planted.polynomial", source="none", parameters=PARAMETERS)(builder)
    assert made.verdict.stands == (c == 2 and d == 3)


def test_every_theorem_of_the_library_stands_and_has_a_witness_and_uses_every_hypothesis() -> None:
    """What is assumed is used by some step, or by a theorem used: no hypothesis is decoration."""
    for each in theorems():
        if each.builder.__module__.startswith("theory."):
            assert each.verdict.stands, each.name
            proofs = each.derivations()
            assert all(witness(derivation) is not None for derivation in proofs), each.name
            used = {fact for derivation in proofs for judgement in derivation.judgements for fact in judgement.used}
            assumed = {fact for derivation in proofs for fact in derivation.assumed}
            assert assumed <= used, (each.name, {fact.name for fact in assumed - used})


CATALOGUE: dict[str, set[str]] = {
    "variance.standard_weight": {"n"},
    "variance.normalized_weight": {"n_in", "n_out"},
    "variance.activation": {"widths", "weight_variances", "input_variance", "layer"},
    "variance.backpropagated": {"widths", "weight_variances", "output_gradient_variance", "layer"},
    "variance.weight_gradient": {
        *("widths", "weight_variances", "input_variance", "output_gradient_variance", "layer")
    },
    "variance.mean_singular_value": {"scale"},
    "variance.forward_condition": set(),
    "variance.backward_condition": set(),
    "variance.compromise": set(),
    "variance.fourth_moment": {"law"},
    "variance.jacobian_factor": {"activation", "preactivation_variance", "slope"},
    **{f"random_walk.{kind}_log_{what}": {"N"} for kind in ("linear", "relu") for what in ("mean", "variance")},
    **{f"random_walk.{kind}_gain": {"N"} for kind in ("linear", "relu", "orthogonal_relu")},
    "random_walk.relu_gain_fit": {"N"},
    "random_walk.leaky_relu_gain": {"N", "slope"},
    **{f"random_walk.walk_{what}": {"N", "depth", "gain", "activation"} for what in ("mean", "variance")},
    "random_walk.relu_gain_series": {"N", "order"},
}


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_the_catalogue_is_kept(name: str) -> None:
    assert {parameter.name for parameter in find(name).parameters} == CATALOGUE[name]


def test_an_unknown_name_suggests_near_ones() -> None:
    with pytest.raises(UnknownTheorem, match=r"random_walk\.relu_gain"):
        find("random_walk.relu_gian")


@pytest.mark.parametrize(
    ("name", "arguments", "complaint"),
    [
        ("random_walk.relu_gain", {"N": 0}, "N must be an integer >= 1, not 0"),
        ("random_walk.relu_gain", {"N": 2.5}, "N must be an integer >= 1, not 2.5"),
        ("random_walk.relu_gain", {}, "the parameter N is missing"),
        ("random_walk.relu_gain", {"N": 3, "M": 4}, "there is no parameter M"),
        ("random_walk.leaky_relu_gain", {"N": 3, "slope": 2}, r"slope must be a number in \[0, 1\], not 2"),
        (
            "variance.activation",
            {"widths": [2, 3], "weight_variances": [1, 1], "input_variance": 1, "layer": 0},
            "weight_variances must have one entry for each pair of neighbouring widths",
        ),
    ],
)
def test_bad_parameters_are_refused_in_one_sentence(name: str, arguments: dict[str, Any], complaint: str) -> None:
    with pytest.raises(OutOfDomain, match=f"{name}: .*{complaint}"):
        find(name).bind(arguments)


@given(st.integers(-5, 5), st.one_of(st.none(), st.integers(-5, 12)))
def test_samples_of_a_domain_lie_in_it(low: int, high: int | None) -> None:
    if high is not None and high < low:
        low, high = high, low
    domains: tuple[Callable[[], Any], ...] = (lambda: Integers(low, high), lambda: Reals(low, high))
    for make in domains:
        domain = make()
        assert all(domain.check(sample) == sample for sample in domain.samples())


def test_a_theorem_from_elsewhere_is_found_by_name_and_is_no_part_of_the_library(monkeypatch) -> None:
    monkeypatch.setattr(library, "_theorems", {found.name: found for found in theorems()})
    own = theorems()
    planted = theorem("elsewhere.planted", source="Initium")(lambda p: None)
    assert find("elsewhere.planted") is planted
    assert theorems() == own
    assert set(library.registered()) - set(own) == {planted}


def test_every_module_of_theory_that_has_theorems_is_a_subject_and_they_come_in_that_order() -> None:
    modules = {found.builder.__module__ for found in library.registered()}
    assert {name for name in modules if name.startswith("theory.")} == set(library.SUBJECTS)
    places = [library.SUBJECTS.index(found.builder.__module__) for found in theorems()]
    assert places == sorted(places)
