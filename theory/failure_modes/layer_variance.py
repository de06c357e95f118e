"""The empirical variance of the lengths over the layers of one network (FM2), and what the order of layers changes.

Given layer i, lengths are a martingale for He's variance: E[M_{i+e} | layer i] = M_i, so E[M_i M_j] = E M_i^2 = Q_i for
i < j.  With Q_j = M_0^2 prod_{r<=j} (1 + 5/n_r) the mean of (1/d) sum M_j^2 - ((1/d) sum M_j)^2 is, over M_0^2,

    sum_j (2j - 1 - d) Q_j / d^2 = sum_j (j - 1)(d - j + 1) (5/n_j) Q_{j-1} / d^2,

the second by summation by parts: no cancellation, and every term grows when a layer gets narrower.
Reference: hanin2018start, definition of FM2 and theorem 5.  Assumptions: those of `failure_modes.second_moment`.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import sympy as sp

from theory.failure_modes.lengths import DEPTH, WIDTHS, length_step
from theory.failure_modes.network import P, Q, activation, he_network, total
from theory.failure_modes.rules import he_variance, no_biases, over_layers, tower
from theory.failure_modes.second_moments import MARTINGALE, NORMAL, mean_square, normal_step
from theory.probability.calculus import linearity, notation, square_of_sum
from theory.probability.expectation import E
from theory.proof.domains import Integers
from theory.proof.library import theorem
from theory.proof.nodes import PairSum
from theory.proof.rules import Context, Rule, RuleDoesNotApply, backwards, by_induction, definition
from theory.proof.theorem import Chain, Proof
from theory.symbols import d, e, i, j, k, n, r

_other = sp.Symbol("j'", integer=True, positive=True)


@theorem("failure_modes.length_product_step", source="hanin2018start, section 4", setting=he_network)
def length_product_step(p: Proof) -> Chain:
    """The mean product of two lengths does not change when the later layer moves up by one: a martingale."""
    p.assume(*MARTINGALE)
    later = i + e
    above = sp.Sum(activation.body.subs(i, later + 1) ** 2, (k, 1, n[later + 1]))
    return p.calc(
        P[i, e + 1],
        *("=", E(total(i) * total(later + 1)) / (n[i] * n[later + 1]), notation(P)),
        *("=", E(total(i) * above) / (n[i] * n[later + 1]), definition_of_later(later + 1)),
        *(
            "=",
            E(total(i) * total(later)) / (n[i] * n[later]),
            tower(length_step, later) & he_variance & no_biases & linearity,
        ),
        *("=", P[i, e], backwards(notation(P))),
    )


def definition_of_later(layer: sp.Expr) -> Rule:
    """The definition of the activation at one layer alone."""
    return Rule(
        definition(activation).name,
        lambda line, context: line.xreplace(
            {total(layer): sp.Sum(activation.body.subs(i, layer) ** 2, (k, 1, n[layer]))}
        ),
    )


@theorem("failure_modes.length_product", source="hanin2018start, section 4", setting=he_network)
def length_product(p: Proof) -> Chain:
    """E[M_i M_{i+e}] = E M_i^2: what comes later averages to the earlier length."""
    p.assume(*MARTINGALE)
    return p.calc(
        P[i, e],
        *("=", P[i, 0], by_induction(length_product_step, over=e)),
        *("=", mean_square(i), notation(P)),
        *("=", Q[i], backwards(notation(Q))),
    )


# --- the empirical variance ----------------------------------------------------------------------------------------


def _length(at: sp.Expr) -> sp.Expr:
    return total(at) / n[at]


_lengths = sp.Sum(_length(j), (j, 1, d))


def _square(line: sp.Basic, context: Context) -> sp.Basic:
    """The square of the sum over layers; those over units stay."""
    assert square_of_sum.derive is not None
    return line.xreplace({_lengths**2: square_of_sum.derive(_lengths**2, context)})


squared_sum = replace(square_of_sum, derive=_square)


def _earlier(line: sp.Basic, context: Context) -> sp.Basic:
    """Of two different layers the earlier decides, and layer j is the earlier one in 2 (d - j) ordered pairs."""
    if not set(MARTINGALE) <= context.assumed:
        raise RuleDoesNotApply(f"{length_product.name} makes assumptions that are not made here")
    context.used.update(MARTINGALE)
    products = E(total(j) * total(_other)) / (n[j] * n[_other])
    return line.xreplace({PairSum(products, j, _other, d): 2 * sp.Sum((d - j) * mean_square(j), (j, 1, d))})


earlier_layer = Rule("the earlier of two layers decides", _earlier, uses=(length_product.name,))


def _by_parts(line: sp.Basic, context: Context) -> sp.Basic:
    """sum_j c_j Q_j with sum_j c_j = 0 and Q_j = f_j Q_{j-1} is sum_j C_j (f_j - 1) Q_{j-1}, C_j = c_j + ... + c_d."""

    def change(part: sp.Sum) -> sp.Expr:
        (index, lower, upper), (product,) = part.limits[0], part.function.atoms(sp.Product)
        weight, (inner, first, last) = part.function / product, product.limits[0]
        rest = sp.summation(weight.subs(index, inner), (inner, index, upper))
        if sp.expand(rest.subs(index, lower)) != 0 or last != index or weight.has(sp.Product):
            raise RuleDoesNotApply(f"{part} has no summation by parts without a boundary term")
        growth = product.function.subs(inner, index) - 1
        return sp.Sum(
            sp.factor(rest) * growth * product.func(product.function, (inner, first, index - 1)), *part.limits
        )

    return line.replace(lambda part: isinstance(part, sp.Sum) and part.has(sp.Product), change)


by_parts = Rule("summation by parts", _by_parts)
DEPTHS = Integers(1, 6)


@theorem(
    "failure_modes.layer_variance",
    source="hanin2018start, definition of FM2",
    setting=he_network,
    parameters=(WIDTHS,),
    implied=DEPTH,
)
def layer_variance(p: Proof) -> Chain:
    """The mean empirical variance of M_1, ..., M_d over M_0^2, normal weights of He's variance."""
    p.assume(*NORMAL)
    p.array(n, lambda layer: Fraction(2 * layer + 3))  # widths at which the judges compare both sums
    p.let(d, DEPTHS)
    squares = sp.Sum(_length(j) ** 2, (j, 1, d))
    means, earlier = sp.Sum(mean_square(j), (j, 1, d)), 2 * sp.Sum((d - j) * mean_square(j), (j, 1, d))
    pairs = PairSum(E(total(j) * total(_other)) / (n[j] * n[_other]), j, _other, d)
    growth = sp.Product(1 + 5 / n[r], (r, 1, j))
    plain = sp.Sum((2 * j - 1 - d) * growth, (j, 1, d)) / d**2
    before = sp.Product(1 + 5 / n[r], (r, 1, j - 1))
    stable = sp.Sum((j - 1) * (d - j + 1) * 5 / n[j] * before, (j, 1, d)) / d**2
    p.evaluate_by(p.calc(plain, "=", stable, by_parts))
    return p.calc(
        E(squares / d - (_lengths / d) ** 2) / mean_square(0),
        *("=", (means / d - (means + pairs) / d**2) / mean_square(0), squared_sum & linearity),
        *("=", (means / d - (means + earlier) / d**2) / mean_square(0), earlier_layer),
        *("=", sp.Sum((2 * j - 1 - d) * Q[j], (j, 1, d)) / d**2 / Q[0], backwards(notation(Q))),
        *("=", plain, over_layers(normal_step, i, j)),
    )
