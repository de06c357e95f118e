"""The probability that a layer dies: no unit of some layer 1..d is active, so that everything above it is 0.

Given a living layer below, a symmetric row of weights without ties gives a positive or a negative pre-activation with equal
probability, and rows are independent: a layer of n units dies with probability 2^-n, whatever is below.  So

    P(no layer is dead) = prod_j (1 - 2^(-n_j)),

and the probability asked for is one minus that, written without cancellation: it is about 2^-n for wide layers.
Reference: hanin2018start; sussillo2014, section 3.  Assumptions: symmetric independent weights, no biases, no ties.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from theory.failure_modes.lengths import DEPTH, WIDTHS
from theory.failure_modes.rules import over_layers
from theory.probability.calculus import linearity, notation
from theory.probability.expectation import E, step
from theory.proof.domains import Integers
from theory.proof.library import theorem
from theory.proof.rules import Context, Rule, RuleDoesNotApply, backwards
from theory.proof.theorem import Chain, Proof
from theory.random_walk.masks import NO_TIES, SYMMETRIC_WEIGHTS, H, network, omega
from theory.symbols import d, i, k, l, n, r

A = sp.IndexedBase("A", positive=True)  # A[i], the probability that layers 1..i are all alive


def _alive(layer: sp.Expr) -> sp.Expr:
    """1 if some unit of a layer is active, else 0."""
    active = step(sp.Sum(omega[layer, k, l] * H[layer - 1, l], (l, 1, n[layer - 1])))
    return 1 - sp.Product(1 - active, (k, 1, n[layer]))


def _all_alive(last: sp.Expr) -> sp.Product:
    return sp.Product(_alive(r), (r, 1, last))


living = replace(
    network,
    name="rectifier network without ties",
    notations={A: lambda layer: E(_all_alive(layer))},
    instances=tuple(replace(at, values={i: at.values[i] - 1, d: at.values[i]}) for at in network.instances),
)


def _top(line: sp.Basic, context: Context) -> sp.Basic:
    return line.xreplace({_all_alive(i + 1): _all_alive(i) * _alive(i + 1)})


def _dies(line: sp.Basic, context: Context) -> sp.Basic:
    """E[f; layer i+1 alive] = (1 - 2^-n) E f for f = 1[layers 1..i alive], which is 0 if layer i is dead."""
    if not (context.grants(SYMMETRIC_WEIGHTS) and context.grants(NO_TIES)):
        raise RuleDoesNotApply("'symmetric weights' and 'no ties' are not both assumed")
    below = _all_alive(i)
    return line.xreplace({E(below * _alive(i + 1)): (1 - sp.Integer(2) ** -n[i + 1]) * E(below)})


top_factor = Rule("the last factor apart", _top)
fair_signs = Rule("given the layers below, every unit is inactive with probability 1/2, independently", _dies)
no_layer = Rule("no layer, none dead", lambda line, context: line.xreplace({A[0]: sp.S.One}))


def _by_logarithms(line: sp.Basic, context: Context) -> sp.Basic:
    """1 - prod (1 - x_r) = -expm1(sum log1p(-x_r)), for x_r < 1."""

    def change(part: sp.Add) -> sp.Expr:
        (product,) = (-term for term in part.args if isinstance(-term, sp.Product))
        return -expm1(sp.Sum(log1p(product.function - 1), *product.limits))

    return line.replace(
        lambda part: isinstance(part, sp.Add) and any(isinstance(-t, sp.Product) for t in part.args), change
    )


by_logarithms = Rule("a product as the exponential of a sum of logarithms", _by_logarithms)


@theorem("failure_modes.survival_step", source="hanin2018start; sussillo2014, section 3", setting=living)
def survival_step(p: Proof) -> Chain:
    """A further layer of n units is alive with probability 1 - 2^-n, given that all below are."""
    p.assume(SYMMETRIC_WEIGHTS, NO_TIES)
    return p.calc(
        A[i + 1],
        *("=", E(_all_alive(i + 1)), notation(A)),
        *("=", E(_all_alive(i) * _alive(i + 1)), top_factor),
        *("=", (1 - sp.Integer(2) ** -n[i + 1]) * E(_all_alive(i)), fair_signs),
        *("=", (1 - sp.Integer(2) ** -n[i + 1]) * A[i], backwards(notation(A))),
    )


@theorem(
    "failure_modes.dead_layer_probability",
    source="hanin2018start; sussillo2014, section 3",
    setting=living,
    parameters=(WIDTHS,),
    implied=DEPTH,
)
def dead_layer_probability(p: Proof) -> Chain:
    """The probability that some layer 1..d has no active unit."""
    p.assume(SYMMETRIC_WEIGHTS, NO_TIES)
    p.array(n, lambda layer: 2 * layer + 3)  # widths at which the judges compare the last two lines
    p.let(d, Integers(1, 6))
    death = sp.Integer(2) ** -n[r]
    return p.calc(
        E(1 - _all_alive(d)),
        *("=", 1 - E(_all_alive(d)), linearity),
        *("=", 1 - A[d], backwards(notation(A))),
        *("=", 1 - sp.Product(1 - death, (r, 1, d)), over_layers(survival_step, i, d) & no_layer),
        *("=", -expm1(sp.Sum(log1p(-death), (r, 1, d))), by_logarithms),
    )
