"""Bounds on E M_d^2 for every symmetric law, from its kurtosis: FM2 is governed by the sum of the reciprocal widths.

Since |h|_4^4 <= |h|^4, one layer of He's variance without biases multiplies E M^2 by a factor between 1 + (5 - 2 (3 -
kappa)^+)/n and 1 + (5 + 2 (kappa - 3)^+)/n. As kappa >= 1, the lower constant is at least 1, and ln(1 + x) >= x ln 2
on [0, 1] gives

    exp(ln 2 sum 1/n_j) <= E M_d^2/M_0^2 <= exp((5 + 2 (kappa - 3)^+) sum 1/n_j):

theorem 5 of the paper with C_1 = 1, C_2 = max(5, 2 kappa - 1), and ln 2 = 0.69 in place of 1/2.
Reference: hanin2018start, theorem 5.  Assumptions: symmetric independent weights of one kurtosis, He's variance, no biases.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from theory.failure_modes.hypotheses import HE, IDENTICAL, NO_BIASES, ONE_KURTOSIS, SYMMETRIC
from theory.failure_modes.network import any_he_network, fourths, he_layer_unbiased, rectified, squares
from theory.failure_modes.rules import he_layer_variance, no_bias
from theory.failure_modes.second_moments import mean_square, squared_length_step
from theory.probability.expectation import E
from theory.proof.domains import Integers, Reals
from theory.proof.library import theorem
from theory.proof.rules import Context, Rule, RuleDoesNotApply, algebra, by_theorem
from theory.proof.theorem import Chain, Proof
from theory.symbols import d, kurtosis, n, n_in, n_out, r

above = sp.Max(kurtosis - 3, 0)  # (kappa - 3)^+
below = sp.Max(3 - kurtosis, 0)  # (3 - kappa)^+
_split = Rule(
    "kappa - 3 by its positive and negative part", lambda line, context: line.subs(kurtosis, 3 + above - below)
)
_unit = 2 / (n_in**2 * n_out)  # what stands before (kappa - 3) |h|_4^4
LAYER = (SYMMETRIC, IDENTICAL, HE, NO_BIASES)


def _add(of_fourths: sp.Expr, of_pairs: sp.Expr) -> Rule:
    """Add non-negative multiples of sum h^4 and of (sum h^2)^2 - sum h^4, a sum of products of squares."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        if not (of_fourths.is_nonnegative and of_pairs.is_nonnegative):
            raise RuleDoesNotApply(f"{of_fourths} or {of_pairs} is not known to be non-negative")
        return line + of_fourths * fourths + of_pairs * (squares**2 - fourths)

    return Rule("0 <= sum h⁴ <= (sum h²)²", derive, relation="<=")


def _fourth_power_split(p: Proof) -> Chain:
    """E M_j^2 given the layer below, with the kurtosis in two parts."""
    value = squared_length_step.derivation().statement.right
    whole = (1 + 5 / n_out) * squares**2 / n_in**2
    return p.calc(
        E(rectified**2) / n_out**2,
        *("=", value, by_theorem(squared_length_step)),
        *("=", whole + _unit * (kurtosis - 3) * fourths, he_layer_variance & no_bias),
    )


@theorem("failure_modes.second_moment_upper_step", source="hanin2018start, theorem 5", setting=he_layer_unbiased)
def upper_step(p: Proof) -> Chain:
    """Given the layer below, E M_j^2 is at most 1 + (5 + 2 (kappa - 3)^+)/n_j times M_{j-1}^2."""
    p.assume(*LAYER)
    start, parts = _fourth_power_split(p), (1 + 5 / n_out) * squares**2 / n_in**2 + _unit * (above - below) * fourths
    return start + p.calc(
        start.right,
        *("=", parts, _split),
        *(
            "<=",
            parts + _unit * below * fourths + _unit * above * (squares**2 - fourths),
            _add(_unit * below, _unit * above),
        ),
        *("=", (1 + (5 + 2 * above) / n_out) * squares**2 / n_in**2, algebra),
    )


@theorem("failure_modes.second_moment_lower_step", source="hanin2018start, theorem 5", setting=he_layer_unbiased)
def lower_step(p: Proof) -> Chain:
    """Given the layer below, E M_j^2 is at least 1 + (5 - 2 (3 - kappa)^+)/n_j times M_{j-1}^2."""
    p.assume(*LAYER)
    parts = (1 + 5 / n_out) * squares**2 / n_in**2 + _unit * (above - below) * fourths
    low = (1 + (5 - 2 * below) / n_out) * squares**2 / n_in**2
    start = _fourth_power_split(p)
    split = p.calc(start.right, "=", parts, _split)
    shown = Rule(
        "E M_j², as shown", lambda line, context: line.xreplace({parts: start.left}), uses=(squared_length_step.name,)
    )
    assert split.right == parts
    return p.calc(
        low,
        *(
            "<=",
            low + _unit * above * fourths + _unit * below * (squares**2 - fourths),
            _add(_unit * above, _unit * below),
        ),
        *("=", parts, algebra),
        *("=", start.left, shown),
    )


# --- over the layers -----------------------------------------------------------------------------------------------

NETWORK = (*LAYER, ONE_KURTOSIS)


def _product(constant: sp.Expr) -> sp.Product:
    return sp.Product(1 + constant / n[r], (r, 1, d))


def _layer_by_layer(step: str, start: sp.Expr, goal: sp.Expr) -> Rule:
    """The bound of one layer holds given the layers below it (tower property), and over layers the factors multiply."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        if not all(context.grants(fact) for fact in NETWORK):
            raise RuleDoesNotApply(f"{step} makes assumptions that are not made here")
        return line.xreplace({start: goal})

    return Rule("tower property and induction over the layers", derive, relation="<=", uses=(step,))


def _exponential(line: sp.Basic, context: Context) -> sp.Basic:
    """prod (1 + x_r) <= exp(sum x_r)."""
    return line.replace(
        lambda part: isinstance(part, sp.Product), lambda part: sp.exp(sp.Sum(part.function - 1, *part.limits))
    )


below_exponential = Rule("1 + x <= exp(x)", _exponential, relation="<=")


def _concave(line: sp.Basic, context: Context) -> sp.Basic:
    """exp(ln 2 sum x_r) <= prod (1 + x_r) for x_r in [0, 1]: the logarithm lies above its chord."""
    (total,) = line.atoms(sp.Sum)
    return sp.Product(1 + total.function / sp.log(2), *total.limits)


above_chord = Rule("x ln 2 <= ln(1 + x) for 0 <= x <= 1", _concave, relation="<=")


def _at_least_one(line: sp.Basic, context: Context) -> sp.Basic:
    """5 - 2 (3 - kappa)^+ >= 1, as kappa = E w^4/(E w^2)^2 >= 1 by Jensen's inequality."""
    return line.xreplace({_product(sp.S.One): _product(5 - 2 * below)})


kurtosis_at_least_one = Rule("the kurtosis is at least 1", _at_least_one, relation="<=")


def _domains(p: Proof) -> None:
    """Widths and kurtoses at which the judges compare products with exponentials."""
    p.array(n, lambda layer: Fraction(layer * layer))
    p.let(d, Integers(1, 5))
    p.let(kurtosis, Reals(1, 9))


@theorem("failure_modes.second_moment_upper", source="hanin2018start, theorem 5", setting=any_he_network)
def second_moment_upper(p: Proof) -> Chain:
    """E M_d^2/M_0^2 is at most exp((5 + 2 (kappa - 3)^+) sum_j 1/n_j) for every symmetric law."""
    p.assume(*NETWORK)
    _domains(p)
    constant, start = 5 + 2 * above, mean_square(d) / mean_square(0)
    return p.calc(
        start,
        *("<=", _product(constant), _layer_by_layer(upper_step.name, start, _product(constant))),
        *("<=", sp.exp(sp.Sum(constant / n[r], (r, 1, d))), below_exponential),
    )


@theorem("failure_modes.second_moment_lower", source="hanin2018start, theorem 5", setting=any_he_network)
def second_moment_lower(p: Proof) -> Chain:
    """E M_d^2/M_0^2 is at least exp(ln 2 sum_j 1/n_j) for every symmetric law."""
    p.assume(*NETWORK)
    _domains(p)
    constant, goal = 5 - 2 * below, mean_square(d) / mean_square(0)
    return p.calc(
        sp.exp(sp.Sum(sp.log(2) / n[r], (r, 1, d))),
        *("<=", _product(sp.S.One), above_chord),
        *("<=", _product(constant), kurtosis_at_least_one),
        *("<=", goal, _layer_by_layer(lower_step.name, _product(constant), goal)),
    )
