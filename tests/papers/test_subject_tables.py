"""The tables of activations, initialisations and lengths: every number is a theorem's, every verdict follows from them."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, product

import pytest
import sympy as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.evaluate import function, value
from papers.table import Number, Table, as_csv
from papers.tables import initialisations, lengths
from papers.tables.activations import activation_gains
from papers.tables.initialisations import factors, initialisation_factors, kept_at, popular
from papers.tables.lengths import PATTERNS, failure_modes, mean_lengths
from papers.tables.notes import DIGITS, FLOAT_DIGITS
from theory.activations import ACTIVATIONS
from theory.proof.domains import OutOfDomain
from theory.proof.library import find
from theory.symbols import n_in, n_out

widths = st.integers(1, 5000)
HALF_A_UNIT = Fraction(1, 2 * 10 ** (DIGITS - 1))  # of the last digit of a theorem's number, relative to it


def read(table: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(table))))


# --- activations -----------------------------------------------------------------------------------


def test_the_gains_are_the_theorems_and_the_gaps_those_of_what_torch_says():
    rows = read(activation_gains())
    assert [row["activation"] for row in rows] == list(ACTIVATIONS)
    for row in rows:
        name, slope = row["activation"], ACTIVATIONS[row["activation"]].standard_slope
        gains = {way: row[f"gain that keeps, {way}"] for way in ("forward", "backward")}
        assert gains == {way: value(f"gains.{way}", digits=DIGITS, activation=name) for way in gains}
        try:
            says = torch.nn.init.calculate_gain(name, None if slope is None else float(slope))
        except ValueError:  # torch has none
            assert {text for heading, text in row.items() if heading.startswith("torch")} == {""}
            continue
        assert float(row["torch, constant"]) == pytest.approx(says, rel=10.0 ** (1 - DIGITS))
        for way, gain in gains.items():
            off = Fraction(row["torch, constant"]) / Fraction(gain) - 1
            # kept to 10 digits; the quotient and the difference round once each, by 2^-53 of numbers below 2
            rounding = abs(off) * Fraction(1, 2 * 10 ** (FLOAT_DIGITS - 1)) + Fraction(1, 2**51)
            assert abs(Fraction(row[f"torch, off {way}, %"]) / 100 - off) <= rounding


# --- initialisations -------------------------------------------------------------------------------


@given(widths, widths, st.sampled_from(sorted(popular())))
@settings(max_examples=30)
def test_a_linear_layers_factors_are_those_of_the_papers_equations(below, above, name):
    at = {n_in: below, n_out: above}
    variance = Fraction(str(popular()[name].subs(at)))
    forward, backward = (Fraction(str(factor.subs(at))) for factor in factors("linear", popular()[name]))
    given_ = {"weight_variances": (variance,), "layer": 1, "input_variance": 1}
    assert abs(forward - Fraction(value("variance.activation", widths=(below, above), **given_))) <= forward * HALF_A_UNIT
    given_ = {"weight_variances": (1, variance), "layer": 0, "output_gradient_variance": 1}
    found = value("variance.backpropagated", widths=(1, below, above), **given_)
    assert abs(backward - Fraction(found)) <= backward * HALF_A_UNIT


@given(widths, widths)
@settings(max_examples=20)
def test_a_rectifiers_forward_factor_is_the_length_factor_of_its_initialisation(below, above):
    laws = {**initialisations.BY_LENGTH, "Glorot": "glorot_uniform"}
    for name, law in laws.items():
        forward, _ = factors("rectifier", popular()[name])
        found = value("failure_modes.length_factor", init=law, fan_in=below, fan_out=above)
        exact = Fraction(str(forward.subs({n_in: below, n_out: above})))
        assert abs(exact - Fraction(found)) <= exact * HALF_A_UNIT


def test_a_rectifiers_backward_factor_is_exact_in_all_networks_of_signs():
    """2 units, 2 units, 3 units, all signs of the weights and of the output's gradient, whose entries have mean 0.

    Columns of the first weights have sizes 1 and 5, so that there are no ties.
    """
    signs, sizes, total = (1, -1), (2, 1, 3), 0
    for first in product(signs, repeat=4):
        below = [3 * first[0] + first[1], 5 * (3 * first[2] + first[3])]
        for one, other in product(product(signs, repeat=3), repeat=2):
            above = [max(below[0], 0) * w + max(below[1], 0) * o for w, o in zip(one, other, strict=True)]
            for output in product(signs, repeat=3):
                top = [(s > 0) * sign * size for s, sign, size in zip(above, output, sizes, strict=True)]
                for s, row in zip(below, (one, other), strict=True):
                    total += (s > 0) * sum(w * gradient for w, gradient in zip(row, top, strict=True)) ** 2
    mean = Fraction(total, 2 * 2 ** (4 + 6 + 3))  # over the two units, and all signs
    _, backward = factors("rectifier", sp.S.One)  # weights of variance 1
    above = Fraction(sum(size**2 for size in sizes), 2 * len(sizes))  # what a fair coin leaves of the output's gradient
    assert mean == Fraction(str(backward.subs(n_out, len(sizes)))) * above


def test_a_layer_keeps_what_the_table_says_at_the_widths_it_says_and_at_no_others():
    told = set()
    for layer, variance in product(("linear", "rectifier"), popular().values()):
        for factor in factors(layer, variance):
            kept = kept_at(factor)
            told.add(kept if isinstance(kept, str) else "some")
            for below, above in product((6, 12, 24), (1, 2, 3, 6, 12, 18, 24, 36, 48, 72, 144)):
                at = {n_in: below, n_out: above}
                expected = kept == "any" if isinstance(kept, str) else kept.subs(at) == above
                assert (factor.subs(at) == 1) == expected
    assert told == {"any", "none", "some"}


@given(st.lists(widths, min_size=2, max_size=4))
@settings(max_examples=10)
def test_the_pairs_of_neighbouring_widths_are_the_formulas_there(layers):
    for layer in ("linear", "rectifier"):
        table = initialisation_factors(layer, tuple(layers))
        for row in table.rows:
            numbers = [cell for cell in row if isinstance(cell, Number)]
            if row[0] == "orthogonal":
                assert [number.value for number in numbers] == [1] * 2 * sum(a == b for a, b in pairwise(layers))
                continue
            pairs = [row[at].subs({n_in: a, n_out: b}) for a, b in pairwise(layers) for at in (2, 3)]
            assert len(numbers) == len(pairs)
            for number, exact in zip(numbers, pairs, strict=True):
                assert abs(Fraction(number.value) / Fraction(str(exact)) - 1) <= HALF_A_UNIT


def test_one_width_is_no_layer():
    with pytest.raises(OutOfDomain, match="widths must be a list of at least 2 values"):
        initialisation_factors("linear", (3,))


# --- patterns of widths ----------------------------------------------------------------------------


@given(st.integers(1, 300), st.integers(1, 60))
def test_every_pattern_spends_the_same_neurons_on_the_same_number_of_layers(mean, depth):
    for pattern in PATTERNS.values():
        layers = pattern(mean, depth)
        assert (len(layers), sum(layers)) == (depth, mean * depth)
        assert min(layers) >= 1
        assert sum(Fraction(1, width) for width in layers) >= Fraction(depth, mean)  # equal widths have the least


@given(st.integers(2, 300), st.integers(2, 60))
def test_the_patterns_look_like_their_names(mean, depth):
    shapes = {name: pattern(mean, depth) for name, pattern in PATTERNS.items()}
    falling = shapes["pyramid"]
    assert list(falling) == sorted(falling, reverse=True)
    assert shapes["inverse pyramid"] == falling[::-1]
    bottleneck = shapes["bottleneck"]
    waist = bottleneck.index(min(bottleneck))
    assert sorted(bottleneck) == sorted(falling)
    assert list(bottleneck) == sorted(bottleneck[:waist], reverse=True) + sorted(bottleneck[waist:])
    assert abs(2 * waist + 1 - depth) <= 2 or falling.count(min(falling)) > 1
    assert set(shapes["alternating"]) - {mean} <= {mean + mean // 2, mean - mean // 2}
    narrow = sorted(shapes["one narrow"])
    assert narrow[0] == max(1, mean // 10)
    assert narrow[-1] - narrow[1] <= 1


def test_the_failure_modes_of_patterns_are_the_theorems_at_their_widths():
    chosen, depths = (4, 30), (3, 6)
    rows = read(failure_modes(chosen, depths))
    points = list(product(chosen, depths, PATTERNS))
    assert [(int(row["N"]), int(row["d"]), row["widths"]) for row in rows] == points
    passed = set()
    for row, (mean, depth, name) in zip(rows, points, strict=True):
        layers = PATTERNS[name](mean, depth)
        of = {"widths": (1, *layers)}  # the input's width does not matter
        numbers = [text for text in row.values()][3:-2]
        reciprocals, length, moment, variance, logarithm, dead = numbers
        assert abs(Fraction(reciprocals) / sum(Fraction(1, width) for width in layers) - 1) <= HALF_A_UNIT
        assert length == value("failure_modes.mean_length", **of, scale=1, bias_variance=0, input_length=1) == "1"
        for found, theorem in ((moment, "second_moment"), (variance, "layer_variance"), (dead, "dead_layer_probability")):
            assert Decimal(found) == Decimal(value(f"failure_modes.{theorem}", digits=DIGITS, **of))
        exact = function("failure_modes.log_length_variance")(**of)
        assert float(logarithm) == pytest.approx(exact, rel=10.0 ** (1 - FLOAT_DIGITS))
        assert (row["FM1"], row["FM2"]) == ("passes", "passes" if Decimal(variance) <= 1 else "fails")
        passed.add(row["FM2"])
    assert passed == {"passes", "fails"}


def test_the_order_of_layers_changes_the_variance_over_them_and_nothing_else():
    (pyramid, inverse, bottleneck) = read(failure_modes((20,), (6,)))[1:4]
    same = {heading for heading in pyramid if pyramid[heading] == inverse[heading] == bottleneck[heading]}
    assert set(pyramid) - same == {"widths", "layers"}


def test_a_mean_length_passes_only_where_its_factor_is_one():
    depths = (1, 7)
    rows = read(mean_lengths(depths))
    (choice,) = find("failure_modes.length_factor").choices
    assert [row["initialisation"] for row in rows] == list(choice.domain.names)
    for row in rows:
        of = {"init": row["initialisation"], "fan_in": 9, "fan_out": 9}
        factor = Decimal(value("failure_modes.length_factor", digits=DIGITS, **of))
        assert Decimal(row["factor a layer"]) == factor
        for depth in depths:
            (power,) = (Decimal(text) for heading, text in row.items() if heading.endswith(f"d = {depth}"))
            # the power, of at most 7 digits before the point, is rounded in its 15th digit
            assert abs(10**power / factor**depth - 1) < Decimal(10) ** (8 - DIGITS)
        assert (row["FM1"] == "passes") == (factor == 1)
    assert {row["initialisation"] for row in rows if row["FM1"] == "passes"} == {"he_normal", "he_uniform"}
    assert lengths.FACTOR in {source.name for source in mean_lengths(depths).sources}
