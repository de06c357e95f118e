"""Gradients of two inputs going back through one network: how their variance and their covariance change in a layer.

delta^i[c] is the gradient below layer i for input c = 1, 2; all layers have N units, layers are numbered from the input:

    delta^i_k[c] = e_i delta^{i+1}_k[c] + b_i a^i_k[c] sum_l W^i_{k,l} delta^{i+1}_l[c],        i = 0..d-1,

where a^i_k[c] is 1 if unit k of layer i is active for input c and 0 if not, e_i weighs the skip connection and b_i the branch
(a feed-forward layer has e_i = 0, b_i = 1).  With weights of variance 2/N, units that are active for half of the inputs, and
p_i the probability that a unit is active for both,

    E delta^i_k[c]^2 = (e_i^2 + b_i^2) E delta^{i+1}_k[c]^2,
    E delta^i_k[1] delta^i_k[2] = (e_i^2 + 2 p_i b_i^2) E delta^{i+1}_k[1] delta^{i+1}_k[2].

Reference: balduzzi2017, section 3 and appendix.  Assumptions: the two idealisations of that paper, activation patterns that do
not depend on the weights, and (`TYPICAL`) p_i = 1/4; both inputs have one gradient at the output, of variance 1.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from theory.probability.calculus import identical_law, independence, linearity, zero_mean
from theory.probability.expectation import E
from theory.probability.models import Enumeration
from theory.probability.setting import Assumption, Definition, Family, Instance, Law, Setting
from theory.proof.library import theorem
from theory.proof.nodes import PairSum
from theory.proof.rules import Context, Rule, backwards, by_induction, definition, rewrite
from theory.proof.theorem import Chain, Proof
from theory.shattering.rules import product_of_sums
from theory.symbols import N, d, i, k, l

W, a, c, same, G = (sp.IndexedBase(name) for name in ("W", "a", "c", "f", "G"))
delta = sp.IndexedBase("delta")  # delta[i, c, k], input c, unit k
e, b = sp.IndexedBase("e", real=True), sp.IndexedBase("b", real=True)  # the weights of skip connection and branch
p_ = sp.IndexedBase("p", positive=True)  # p[i], the probability that a unit of layer i is active for both inputs
V, C = sp.IndexedBase("V", positive=True), sp.IndexedBase("C", positive=True)  # variance and covariance of delta[i]
o = sp.Symbol("l'", integer=True, positive=True)
_input = sp.Symbol("c", integer=True, positive=True)

WEIGHTS = Assumption(
    "He weights",
    "the weights are independent with mean 0 and variance 2/N",
    lambda model: (
        model.evaluate(N * E(W[0, 1, 1] ** 2)) == 2
        and model.evaluate(E(W[0, 1, 1])) == model.evaluate(E(W[0, 1, 1] * W[1, 1, 1])) == 0
    ),
)


def _patterns_ignore_weights(model: Enumeration) -> bool:
    both, weight = a[0, 1, 1] * a[0, 2, 1], W[0, 1, 1]
    shares = [2 * model.evaluate(E(a[0, one, 1])) for one in (1, 2)] + [model.evaluate(E(both) / p_[0])]
    return shares == [1, 1, 1] and model.evaluate(E(both * weight**2)) == model.evaluate(E(both) * E(weight**2))


PATTERNS = Assumption(
    "fixed activation patterns",
    "which units are active does not depend on the weights nor on the other layers: half of them for each input, p_i for both",
    _patterns_ignore_weights,
)
ONE_OUTPUT = Assumption(
    "one output gradient",
    "the gradient at the output is the same for both inputs, of variance 1 and independent of the weights below",
    lambda model: model.evaluate(E(G[1] ** 2)) == 1,
)
TYPICAL = Assumption(
    "typical datapoints",
    "a unit is active for both inputs with probability 1/4, as if its two activities were independent coins",
    lambda model: 4 * model.evaluate(E(a[0, 1, 1] * a[0, 2, 1])) == 1,
)

_layer = Definition(
    "the gradient, by the chain rule",
    delta[i, _input, k],
    e[i] * delta[i + 1, _input, k]
    + b[i] * a[i, _input, k] * sp.Sum(W[i, k, l] * delta[i + 1, _input, l], (l, 1, N)),
    (i, _input, k),
    sp.Lt(i, d),
)
_output = Definition("the output gradient", delta[d, _input, k], G[k], (_input, k), assumption=ONE_OUTPUT)
_first = Definition("activity for input 1", a[i, 1, k], c[i, k], (i, k))
_second = Definition(
    "activity for input 2: that for input 1 or its opposite",
    a[i, 2, k],
    c[i, k] * same[i, k] + (1 - c[i, k]) * (1 - same[i, k]),
    (i, k),
)

# the randomness of layer i stands at 2i (weights) and 2i + 1 (activity)
weights = Family(
    W,
    span=lambda layer, unit, above: (2 * layer, 2 * layer),
    independent=WEIGHTS,
    independent_entries=WEIGHTS,
    mean_zero=WEIGHTS,
    identical=WEIGHTS,
    second=lambda layer, unit, above: 2 / N,
    law_of=lambda layer, unit, above: (),
)
patterns = Family(
    a,
    span=lambda layer, which, unit: (2 * layer + 1, 2 * layer + 1),
    independent=PATTERNS,
    identical=PATTERNS,
    first=lambda layer, which, unit: sp.Rational(1, 2),
    second=lambda layer, which, unit: sp.Rational(1, 2),
    law_of=lambda layer, which, unit: (layer,),
)
gradients = Family(
    delta,
    span=lambda layer, which, unit: (2 * layer, sp.oo),
    independent=ONE_OUTPUT,
    identical=ONE_OUTPUT,
    second=lambda layer, which, unit: V[layer],
    law_of=lambda layer, which, unit: (layer,),
)
_drawn = tuple(Family(base, span=lambda *at: (2 * at[0] + 1, 2 * at[0] + 1)) for base in (c, same))
_given = Family(G, span=lambda unit: (sp.oo, sp.oo))


def _coin(*at: int) -> Law:
    return ((0, 1), (1, 1))


def instance(depth: int, width: int, agreeing: int = 1, values: dict[sp.Basic, int | Fraction] | None = None) -> Instance:
    """A network whose units treat both inputs alike with odds agreeing : 1, so that p = agreeing/(2 agreeing + 2).

    The weights are -2, 0, 2 with odds 1 : 2 : 1 at width 1 and -1, 1 at width 2, of variance 2/N both.
    """
    law: Law = ((-2, 1), (0, 2), (2, 1)) if width == 1 else ((-1, 1), (1, 1))
    return Instance(
        {d: depth, i: 0, k: 1, N: width, **(values or {})},
        {
            e: (Fraction(1, 2), Fraction(3), Fraction(1, 3)).__getitem__,
            b: (Fraction(2), Fraction(1, 5), Fraction(1)).__getitem__,
            p_: lambda layer: Fraction(agreeing, 2 * agreeing + 2),
        },
        {W: lambda *at: law, c: _coin, same: lambda *at: ((0, 1), (1, agreeing)), G: lambda unit: ((-1, 1), (1, 1))},
    )


NOTATIONS = {V: lambda layer: E(delta[layer, 1, 1] ** 2), C: lambda layer: E(delta[layer, 1, 1] * delta[layer, 2, 1])}
DEFINITIONS = (_layer, _output, _first, _second)
FAMILIES = (weights, patterns, gradients, *_drawn, _given)
two_inputs = Setting(
    "one network, two inputs",
    FAMILIES,
    DEFINITIONS,
    NOTATIONS,
    tuple(instance(*at) for at in ((1, 1), (2, 1), (1, 2), (1, 1, 2), (2, 1, 2))),
)

HYPOTHESES = (WEIGHTS, PATTERNS, ONE_OUTPUT)


def _both_active(line: sp.Basic, context: Context) -> sp.Basic:
    """E a^i_k[1] a^i_k[2] = p_i, and E delta^i_k[1] delta^i_k[2] = C_i, at every unit k."""

    def visit(part: sp.Basic, distinct: object) -> sp.Basic:
        factors = part.body.args if isinstance(part, E) and isinstance(part.body, sp.Mul) else ()
        if len(factors) != 2 or {factor.base for factor in factors if isinstance(factor, sp.Indexed)} not in ({a}, {delta}):
            return part
        (layer, which, unit), (other_layer, other, other_unit) = (factor.indices for factor in factors)
        if (layer, unit) != (other_layer, other_unit) or {which, other} != {1, 2}:
            return part
        known, fact = (p_, PATTERNS) if factors[0].base == a else (C, ONE_OUTPUT)
        return known[layer] if context.grants(fact) else part

    return rewrite(line, visit)


both_inputs = Rule("one joint law for all units of a layer", _both_active)


def _one_gradient(line: sp.Basic, context: Context) -> sp.Basic:
    return line.xreplace({V[d]: sp.S.One, C[d]: sp.S.One}) if context.grants(ONE_OUTPUT) else line


one_gradient = Rule("one gradient of variance 1 at the output", _one_gradient)


def _product(p: Proof, first: int, second: int) -> tuple[sp.Expr, Chain]:
    """E delta^i_k[first] delta^i_k[second] written out, up to the expectations over one layer."""
    p.assume(*HYPOTHESES)
    one, two = (delta[i + 1, which, k] for which in (first, second))
    x, y = a[i, first, k], a[i, second, k]
    terms = W[i, k, l] * delta[i + 1, first, l], W[i, k, l] * delta[i + 1, second, l]
    sums = [sp.Sum(term, (l, 1, N)) for term in terms]
    factors = e[i] * one + b[i] * x * sums[0], e[i] * two + b[i] * y * sums[1]
    crossed = PairSum(terms[0] * terms[1].subs(l, o), l, o, N)
    square = sp.Sum(E(W[i, k, l] ** 2) * E(delta[i + 1, first, l] * delta[i + 1, second, l]), (l, 1, N))
    return e[i] ** 2 * E(one * two) + b[i] ** 2 * E(x * y) * square, p.calc(
        E(delta[i, first, k] * delta[i, second, k]),
        *("=", E(factors[0] * factors[1]), definition(_layer)),
        *(
            "=",
            e[i] ** 2 * E(one * two)
            + e[i] * b[i] * (_mixed(one, y, terms[1]) + _mixed(two, x, terms[0]))
            + b[i] ** 2 * (E(x * y * sp.Sum(terms[0] * terms[1], (l, 1, N))) + E(x * y * crossed)),
            product_of_sums & linearity,
        ),
    )


def _mixed(skip: sp.Expr, active: sp.Expr, term: sp.Expr) -> sp.Expr:
    return E(skip * active * sp.Sum(term, (l, 1, N)))
