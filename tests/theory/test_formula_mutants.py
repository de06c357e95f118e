"""Mutants of formulas: each is another expression with a name of its own, and every kind of slip is among them."""

from __future__ import annotations

import pytest
import sympy as sp
from hypothesis import assume, given
from hypothesis import strategies as st

from theory.proof.formula_mutants import CHANGE, formula_mutants
from theory.proof.library import find, theorems
from theory.proof.nodes import DominatedIntegral
from theory.proof.places import places
from theory.symbols import N, a, d, i, k, n, r, v

DERIVATIONS = [
    derivation
    for each in theorems()
    if each.builder.__module__.startswith("theory.") and each.parameters
    for derivation in each.derivations()
    if isinstance(derivation.statement.right, sp.Expr)
    and derivation.statement.right.count_ops() < 150  # the largest formula's mutants take two seconds
]
n_in, n_out = sp.symbols("n_in n_out", integer=True, positive=True)
UP, DOWN = 1 + CHANGE, 1 - CHANGE


def expressions(formula: sp.Basic, *parameters: sp.Basic) -> set[sp.Basic]:
    return {mutant.expression for mutant in formula_mutants(formula, frozenset(parameters))}


@given(derivation=st.sampled_from(DERIVATIONS))
def test_every_mutant_differs_from_the_formula_and_from_the_others_in_expression_and_name(derivation):
    formula = derivation.statement.right
    found = formula_mutants(formula, frozenset(formula.free_symbols))
    assert formula not in {mutant.expression for mutant in found}
    for distinct in ({mutant.expression for mutant in found}, {mutant.change for mutant in found}):
        assert len(distinct) == len(found)
    assert not any(mutant.expression.has(sp.nan, sp.zoo) for mutant in found)


@given(derivation=st.sampled_from(DERIVATIONS))
def test_a_place_that_gets_its_own_part_back_gives_the_formula_back(derivation):
    formula = derivation.statement.right
    # some formulas are kept as they were written, which SymPy would not have done
    assume(formula.is_Atom or formula == formula.func(*formula.args))
    assert all(place.put(place.part) == formula for place in places(formula))


@pytest.mark.parametrize(
    ("formula", "among"),
    [
        (3 * N, {3 * UP * N, 3 * DOWN * N}),
        (N / 7, {N / 7 * UP, N / 7 * DOWN}),
        (a**2, {a ** (2 * UP), a ** (2 * DOWN)}),
        (sp.sqrt(N), {N ** (UP / 2), N ** (DOWN / 2)}),
        (a * sp.sqrt(2), {UP * a * sp.sqrt(2), a * sp.sqrt(2 * UP), a * 2 ** (UP / 2)}),
        (a * sp.log(2), {UP * a * sp.log(2), a * sp.log(2 * UP)}),
        (sp.pi * a + sp.EulerGamma, {UP * sp.pi * a + sp.EulerGamma, sp.pi * a + DOWN * sp.EulerGamma}),
        (sp.exp(-2 * a), {sp.exp(-2 * UP * a)}),
        (sp.erf(a / 2), {sp.erf(DOWN * a / 2)}),
    ],
)
def test_constants_are_changed_by_one_per_cent_in_factors_exponents_and_functions(formula, among):
    assert among <= expressions(formula, N, a)


def test_numbers_that_only_count_are_changed_by_one():
    total = sp.Sum(sp.polygamma(1, k + N), (k, 1, N))
    found = expressions(total, N)
    assert {sp.Sum(sp.polygamma(1, k + N), (k, first, N)) for first in (0, 2)} <= found
    assert {sp.Sum(sp.polygamma(order, k + N), (k, 1, N)) for order in (0, 2)} <= found
    assert not any(mutant.has(UP) or mutant.has(DOWN) for mutant in found)


def test_a_width_is_one_less_at_each_place_and_everywhere():
    assert {(N - 1) * sp.log(N), N * sp.log(N - 1), (N - 1) * sp.log(N - 1)} <= expressions(N * sp.log(N), N)


def test_fans_take_each_others_place_and_are_exchanged():
    found = expressions(n_in / n_out**3, n_in, n_out)
    assert {n_out / n_out**3, n_in / n_in**3, n_out / n_in**3} <= found


def test_parameters_take_each_others_place_only_within_their_kind():
    s, t = sp.symbols("s t", nonnegative=True)
    assert expressions(sp.Min(s, t), s, t) == {s, t}
    assert not expressions(N * a, N, a) & {N**2, a**2}


def test_neighbouring_layers_are_read_for_each_other_but_single_entries_have_none():
    product = sp.Product(n[r] * v[r], (r, 0, i - 1))
    found = expressions(n[0] * product, n[0], i)
    for first, last in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        assert n[0] * sp.Product(n[r + first] * v[r + last], (r, 0, i - 1)) in found
    assert not any(mutant.has(n[1]) for mutant in found)
    assert {n[0] * sp.Product(n[r] * v[r], (r, 0, end)) for end in (i, i - 2)} <= found


def test_each_term_of_a_sum_is_missing_once():
    inner = 1 + a + N
    found = expressions(sp.exp(inner) + d, N, a, d)
    assert {sp.exp(inner), d + sp.S.Zero, sp.exp(1 + a) + d, sp.exp(1 + N) + d, sp.exp(a + N) + d} <= found


def test_majorants_and_bound_variables_are_left_alone():
    y = sp.Symbol("y", integer=True)
    integral = DominatedIntegral(sp.exp(-3 * y**2), (y, 0, sp.oo), 5, 7)
    found = expressions(integral)
    assert found
    assert all(mutant.args[1:] == integral.args[1:] for mutant in found if mutant.has(DominatedIntegral))


def test_a_name_says_what_was_changed_and_where():
    names = {mutant.change for mutant in formula_mutants(2 / (n_in + n_out), frozenset({n_in, n_out}))}
    assert {"2 → 101/50 in 2/(nᵢₙ + nₒᵤₜ)", "without nᵢₙ in 1/(nᵢₙ + nₒᵤₜ)", "nᵢₙ → nᵢₙ - 1 in nᵢₙ + nₒᵤₜ"} <= names


def test_equal_places_are_told_apart():
    found = {m.change: m.expression for m in formula_mutants(sp.log(2 * a) ** (2 * a))}
    same = "2 → 101/50 in 2·a"
    assert {found[same], found[f"{same}, place 2"]} == {sp.log(2 * a) ** (2 * UP * a), sp.log(2 * UP * a) ** (2 * a)}


def test_the_formula_of_a_theorem_has_the_mutants_a_slip_of_the_pen_would_make():
    formula = find("variance.normalized_weight").derivation().statement.right
    assert expressions(formula, n_in, n_out) >= {2 / n_in, 2 / n_out, 1 / n_in, 2 * UP / (n_in + n_out)}
