"""The two meanings of an expectation agree with each other and with brute force."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
import sympy as sp
from flint import arb, fmpq
from hypothesis import given
from hypothesis import strategies as st

from theory.networks import INDEPENDENT_WEIGHTS, LINEAR_REGIME, W, d, delta, dense, n, s, z
from theory.probability.expectation import E, Given, Var, step
from theory.probability.models import Enumeration, Moments
from theory.probability.setting import Family, Instance, Setting
from theory.proof.interpret import UnknownNode
from theory.proof.nodes import DominatedIntegral, PairSum
from theory.symbols import i, k

x = sp.IndexedBase("x")
VARIABLES = Setting("variables", (Family(x, span=lambda unit: (unit, unit)),))
laws = st.lists(st.tuples(st.integers(-4, 4), st.integers(1, 3)), min_size=1, max_size=3, unique_by=lambda p: p[0])


def enumeration(*given_laws: list[tuple[int, int]]) -> Enumeration:
    return Enumeration(VARIABLES, Instance({}, laws={x: lambda unit: tuple(given_laws[unit - 1])}))


@given(laws, laws)
def test_an_expectation_is_the_average_over_all_outcomes(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    expected = sum(
        Fraction(p * q, sum(w for _, w in first) * sum(w for _, w in second)) * max(a * b + a, 0)
        for (a, p), (b, q) in itertools.product(first, second)
    )
    value = enumeration(first, second).evaluate(E(sp.Max(x[1] * x[2] + x[1], 0)))
    assert value == fmpq(expected.numerator, expected.denominator)


@given(laws)
def test_conditioning_averages_over_the_event_alone(law: list[tuple[int, int]]) -> None:
    inside = [(value, weight) for value, weight in law if value > 0]
    if inside:
        mean = Fraction(sum(v * w for v, w in inside), sum(w for _, w in inside))
        assert enumeration(law).evaluate(Given(x[1], step(x[1]))) == fmpq(mean.numerator, mean.denominator)


def test_conditioning_ignores_infinities_outside_the_event() -> None:
    value = enumeration([(0, 1), (2, 1)]).evaluate(Given(sp.log(x[1]), step(x[1])))
    assert arb(2).log().overlaps(value)
    assert value.rad() < 1e-20  # balls of 120 bits hold 35 digits


@given(laws, laws)
def test_equal_laws_and_only_they_agree_under_an_undefined_function(
    first: list[tuple[int, int]], second: list[tuple[int, int]]
) -> None:
    def normalised(law: list[tuple[int, int]]) -> dict[int, Fraction]:
        return {value: Fraction(weight, sum(w for _, w in law)) for value, weight in law}

    f, model = sp.Function("F"), enumeration(first, second)
    agree = model.evaluate(E(f(x[1]))) == model.evaluate(E(f(x[2])))
    assert agree == (normalised(first) == normalised(second))


def test_both_models_find_the_same_variance_two_layers_up() -> None:
    for instance in dense.instances:
        enumerated = Enumeration(dense, instance).evaluate(Var(z[i + 1, k]))
        assumed = frozenset(
            a
            for f in dense.families
            for a in (f.independent, f.mean_zero, f.identical)
            if isinstance(a, type(LINEAR_REGIME))
        )
        formal = Moments(dense, instance, assumed | {INDEPENDENT_WEIGHTS}).evaluate(Var(z[i + 1, k]))
        values = {symbol: _moment(str(symbol), instance) for symbol in formal.free_symbols}
        assert sp.Rational(enumerated.p, enumerated.q) == formal.subs(values)


def _moment(name: str, instance: Instance) -> int:
    """The value of a second-moment symbol such as m2_W(0,) in an instance whose weights and inputs are two-valued."""
    assert name.startswith("m2_"), name
    if name.startswith("m2_z"):
        return 9
    layer = int(name.partition("(")[2].partition(",")[0])
    return int(instance.laws[W](layer, 1, 1)[0][0]) ** 2


def test_masks_and_weights_are_correlated_in_the_enumeration() -> None:
    """The rectifier's mask is a function of the same weight: E[mask w] is not E[mask] E[w]."""
    model = enumeration([(-3, 1), (3, 1)])
    assert model.evaluate(E(step(x[1]) * x[1])) == fmpq(3, 2)
    assert model.evaluate(E(step(x[1])) * E(x[1])) == 0


def test_pair_sums_run_over_distinct_ordered_pairs() -> None:
    a, b = sp.symbols("a b", integer=True, positive=True)
    model = enumeration([(1, 1)], [(2, 1)], [(5, 1)])
    assert model.evaluate(PairSum(E(x[a] * x[b]), a, b, 3)) == 2 * (1 * 2 + 1 * 5 + 2 * 5)


def test_integrals_of_functions_that_are_not_entire_are_refused_under_an_expectation() -> None:
    y = sp.Symbol("y", real=True)
    root = DominatedIntegral(E(x[1]) * sp.sqrt(1 + sp.exp(y)) * sp.exp(-sp.exp(y)), (y, 0, sp.oo), 1, 1)
    with pytest.raises(UnknownNode, match="entire"):
        enumeration([(1, 1)]).evaluate(root)


def test_arrays_have_no_entries_before_the_first() -> None:
    model = Enumeration(dense, dense.instances[0])
    with pytest.raises(UnknownNode):
        model.evaluate(n[i - 1])


def test_definitions_do_not_reach_below_the_first_layer_or_above_the_last() -> None:
    instance = dense.instances[0]
    last = instance.values[d]
    model = Enumeration(dense, instance)
    assert model.unfold(z[0, 1]) is None
    assert model.unfold(delta[last, 1]) is None
    assert model.unfold(s[0, 1]) is not None
