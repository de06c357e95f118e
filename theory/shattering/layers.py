"""Gradients of two inputs going back through one network: how their variance and covariance change in a layer.

delta^i[c] is the gradient below layer i for input c = 1, 2; all layers have N units and are numbered from the input:

    delta^i_k[c] = e_i delta^{i+1}_k[c] + b_i a^i_k[c] sum_l W^i_{k,l} delta^{i+1}_l[c],        i = 0..d-1,

where a^i_k[c] is 1 if unit k of layer i is active for input c and 0 if not, e_i weighs the skip connection and b_i the
branch (a feed-forward layer has e_i = 0, b_i = 1).  With weights of variance 2/N, units that are active for half of the
inputs, and p_i the probability that a unit is active for both,

    E delta^i_k[c]^2 = (e_i^2 + b_i^2) E delta^{i+1}_k[c]^2,
    E delta^i_k[1] delta^i_k[2] = (e_i^2 + 2 p_i b_i^2) E delta^{i+1}_k[1] delta^{i+1}_k[2].

Reference: balduzzi2017, section 3 and appendix.
Assumptions: the two idealisations of that paper, activation patterns that do not depend on the weights, and (`TYPICAL`)
p_i = 1/4; both inputs have one gradient at the output, of variance 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import sympy as sp

from theory.probability.calculus import identical_law, independence, linearity, zero_mean
from theory.probability.expectation import E
from theory.probability.models import Enumeration
from theory.probability.setting import Assumption, Definition, Family, Instance, Law, Setting
from theory.proof.library import theorem
from theory.proof.nodes import PairSum
from theory.proof.rules import Context, Rule, backwards, by_induction, definition, rewrite
from theory.proof.theorem import Chain, Proof
from theory.shattering.rules import multiply_out
from theory.symbols import N, d, i, k, l, r

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
    "which units are active depends neither on the weights nor on other layers: half for each input, a share p_i for both",
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
    e[i] * delta[i + 1, _input, k] + b[i] * a[i, _input, k] * sp.Sum(W[i, k, l] * delta[i + 1, _input, l], (l, 1, N)),
    (i, _input, k),
    sp.Lt(i, d),
)
_output = Definition("the output gradient", delta[i, _input, k], G[k], (i, _input, k), sp.Eq(i, d), ONE_OUTPUT)
_first = Definition("activity for input 1", a[i, 1, k], c[i, k], (i, k))
_second = Definition(
    "activity for input 2: that for input 1 or its opposite",
    a[i, 2, k],
    c[i, k] * same[i, k] + (1 - c[i, k]) * (1 - same[i, k]),
    (i, k),
)

_HALF = sp.Rational(1, 2)
HYPOTHESES = (WEIGHTS, PATTERNS, ONE_OUTPUT)

# the randomness of layer i stands at 3i (weights) and at 3i + 1, 3i + 2 (activity)
weights = Family(
    W,
    span=lambda layer, unit, above: (3 * layer, 3 * layer),
    independent=WEIGHTS,
    independent_entries=WEIGHTS,
    mean_zero=WEIGHTS,
    identical=WEIGHTS,
    second=lambda layer, unit, above: 2 / N,
    law_of=lambda layer, unit, above: (),
)
patterns = Family(
    a,
    span=lambda layer, which, unit: (3 * layer + 1, 3 * layer + 2),
    independent=PATTERNS,
    identical=PATTERNS,
    first=lambda layer, which, unit: _HALF,
    second=lambda layer, which, unit: _HALF,
    law_of=lambda layer, which, unit: (layer,),
)
gradients = Family(
    delta,
    span=lambda layer, which, unit: (3 * layer, sp.oo),
    independent=HYPOTHESES,
    identical=HYPOTHESES,
    second=lambda layer, which, unit: V[layer],
    law_of=lambda layer, which, unit: (layer,),
)


def _drawn(base: sp.IndexedBase, at: int, share: Callable[[Any], sp.Expr]) -> Family:
    """Independent variables that are 1 with the probability `share` of their layer, else 0."""
    return Family(
        base,
        span=lambda layer, unit: (3 * layer + at, 3 * layer + at),
        independent=PATTERNS,
        independent_entries=PATTERNS,
        identical=PATTERNS,
        moment=lambda power, layer, unit: share(layer),
        law_of=lambda layer, unit: (layer,),
    )


_coins = (_drawn(c, 1, lambda layer: _HALF), _drawn(same, 2, lambda layer: 2 * p_[layer]))
_given = Family(
    G, span=lambda unit: (sp.oo, sp.oo), independent=ONE_OUTPUT, identical=ONE_OUTPUT, second=lambda unit: sp.S.One
)


def _coin(*at: int) -> Law:
    return ((0, 1), (1, 1))


def instance(
    depth: int, width: int, agreeing: int = 1, values: Mapping[sp.Basic, int | Fraction] | None = None
) -> Instance:
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
FAMILIES = (weights, patterns, gradients, *_coins, _given)
two_inputs = Setting(
    "one network, two inputs",
    FAMILIES,
    DEFINITIONS,
    NOTATIONS,
    tuple(instance(*at) for at in ((1, 1), (2, 1), (1, 2), (1, 1, 2), (2, 1, 2))),
)


def _one_law(line: sp.Basic, context: Context) -> sp.Basic:
    """E a^i_k[1] a^i_k[2] = p_i, E delta^i_k[1] delta^i_k[2] = C_i and E delta^i_k[1]^2 = V_i at every unit k."""

    def visit(part: sp.Basic, distinct: object) -> sp.Basic:
        atoms = sorted(part.body.atoms(sp.Indexed), key=str) if isinstance(part, E) else []
        if len(atoms) == 2 and atoms[0] * atoms[1] == part.body:
            (layer, _, unit), (other_layer, _, other_unit) = (atom.indices for atom in atoms)
            known = {a: p_, delta: C}.get(atoms[0].base) if atoms[0].base == atoms[1].base else None
            if known is not None and (layer, unit) == (other_layer, other_unit) and context.grants(HYPOTHESES):
                return known[layer]
        if len(atoms) == 1 and atoms[0].base == delta and part.body == atoms[0] ** 2 and context.grants(HYPOTHESES):
            return V[atoms[0].indices[0]]
        return part

    return rewrite(line, visit)


one_law = Rule("one joint law for all units of a layer", _one_law)


def _one_gradient(line: sp.Basic, context: Context) -> sp.Basic:
    return line.xreplace({V[d]: sp.S.One, C[d]: sp.S.One}) if context.grants(ONE_OUTPUT) else line


one_gradient = Rule("one gradient of variance 1 at the output", _one_gradient)


def _step(p: Proof, first: int, second: int, share: sp.Expr, moment: sp.IndexedBase) -> Chain:
    """E delta^i_k[first] delta^i_k[second] by the layer above; a unit is active for both with probability `share`."""
    p.assume(*HYPOTHESES)
    skip, branch = ([base[i + 1, c, unit] for c in (first, second)] for base, unit in ((delta, k), (delta, l)))
    active = [a[i, c, k] for c in (first, second)]
    sums = [sp.Sum(W[i, k, l] * entry, (l, 1, N)) for entry in branch]
    apart = branch[1].subs(l, o)
    mean = E(W[i, k, l])
    mixed = sp.Sum(
        E(active[1]) * mean * E(skip[0] * branch[1]) + E(active[0]) * mean * E(skip[1] * branch[0]), (l, 1, N)
    )
    pairs = PairSum(E(active[0] * active[1]) * mean * E(W[i, k, o]) * E(branch[0] * apart), l, o, N)
    equal = sp.Sum(E(active[0] * active[1]) * E(W[i, k, l] ** 2) * E(branch[0] * branch[1]), (l, 1, N))
    kept = e[i] ** 2 * E(skip[0] * skip[1])
    return p.calc(
        moment[i],
        *("=", E(delta[i, first, k] * delta[i, second, k]), backwards(one_law)),
        *(
            "=",
            E(sp.Mul(*(e[i] * s + b[i] * m * t for s, m, t in zip(skip, active, sums, strict=True)))),
            definition(_layer),
        ),
        *("=", kept + e[i] * b[i] * mixed + b[i] ** 2 * (equal + pairs), multiply_out & linearity & independence),
        *("=", kept + b[i] ** 2 * equal, zero_mean),
        *("=", (e[i] ** 2 + 2 * share * b[i] ** 2) * moment[i + 1], identical_law & one_law),
    )


@theorem("shattering.variance_step", source="balduzzi2017, appendix", setting=two_inputs)
def variance_step(p: Proof) -> Chain:
    """One layer multiplies the variance of the gradient by e^2 + b^2."""
    return _step(p, 1, 1, _HALF, V)


@theorem("shattering.covariance_step", source="balduzzi2017, appendix", setting=two_inputs)
def covariance_step(p: Proof) -> Chain:
    """One layer multiplies the covariance of two inputs' gradients by e^2 + 2 p b^2, p the probability of co-activation."""
    return _step(p, 1, 2, p_[i], C)


@theorem("shattering.variance_path", source="balduzzi2017, appendix", setting=two_inputs)
def variance_path(p: Proof) -> Chain:
    """The variance of the gradient below layer i, the layers i..d-1 lying above it."""
    p.assume(*HYPOTHESES)
    product = sp.Product(e[r] ** 2 + b[r] ** 2, (r, i, d - 1))
    return p.calc(V[i], "=", V[d] * product, by_induction(variance_step, over=i, last=d), "=", product, one_gradient)


@theorem("shattering.covariance_path", source="balduzzi2017, appendix", setting=two_inputs)
def covariance_path(p: Proof) -> Chain:
    """The covariance of two inputs' gradients below layer i, the layers i..d-1 lying above it."""
    p.assume(*HYPOTHESES)
    product = sp.Product(e[r] ** 2 + 2 * p_[r] * b[r] ** 2, (r, i, d - 1))
    return p.calc(C[i], "=", C[d] * product, by_induction(covariance_step, over=i, last=d), "=", product, one_gradient)
