"""Residual networks with batch normalisation before every branch: the correlation decays like 1/sqrt(L), not exponentially.

    x^{i+1} = x^i + beta W^i max(x^i/sqrt(v_i), 0),   v_i = Var x^i,   v_1 = 1,   i = 1..L-1.

A branch adds beta^2, so v_i = beta^2 (i - 1) + 1, and the gradient meets branches of weight b_i = beta/sqrt(v_i):

    V = prod_{i=1}^{L-1} (1 + b_i^2) = beta^2 (L - 1) + 1,    C = prod_{i=1}^{L-1} (1 + b_i^2/2).

With y = 1/beta^2 the second product is Gamma(L - 1/2 + y) Gamma(y)/(Gamma(y + 1/2) Gamma(L - 1 + y)), and the correlation
C/V lies between two square roots, because Gamma is log-convex:

    K/sqrt(L + y - 1/2) <= C/V <= K/sqrt(L + y - 1),       K = Gamma(y + 1)/Gamma(y + 1/2),  sqrt(y) <= K <= sqrt(y + 1/2).

So C/V ~ K/sqrt(L), and that is usable where L is large against |y - 1/2|, that is against 1/beta^2.
Reference: balduzzi2017, theorem 3.  Assumptions: those of `theory.shattering.layers`, typical datapoints; batch
normalisation divides by the expected deviation and subtracts nothing.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import sympy as sp

from theory.probability.calculus import identical_law, independence, linearity, zero_mean
from theory.probability.expectation import E
from theory.probability.setting import Assumption, Definition, Family, Instance, Setting
from theory.proof.domains import Reals
from theory.proof.library import theorem
from theory.proof.nodes import PairSum
from theory.proof.rules import Context, Rule, RuleDoesNotApply, backwards, by_theorem, definition, rewrite
from theory.proof.theorem import Chain, Parameter, Proof
from theory.shattering.architectures import DEPTH, typical
from theory.shattering.layers import (
    FAMILIES,
    HYPOTHESES,
    PATTERNS,
    TYPICAL,
    WEIGHTS,
    C,
    V,
    W,
    a,
    b,
    covariance_path,
    e,
    instance,
    p_,
    two_inputs,
    variance_path,
)
from theory.shattering.rules import gamma_recurrence, multiply_out, telescoping
from theory.symbols import L, N, d, i, k, l, r

beta = sp.Symbol("beta", positive=True)
x, u = sp.IndexedBase("x"), sp.IndexedBase("u")  # x[i, k], the activations of input 1; x[1, k] = u[k]
v = sp.IndexedBase("v", positive=True)  # v[i] = E x[i, k]^2
o = sp.Symbol("l'", integer=True, positive=True)
_HALF = sp.Rational(1, 2)
BETA = Parameter("beta", Reals(0, open_low=True), beta)

UNIT_INPUT = Assumption(
    "unit input",
    "the activations x^1 have variance 1, mean 0 or not, and do not depend on the weights",
    lambda model: model.evaluate(E(x[1, 1] ** 2)) == 1,
)
EXPECTED_DEVIATION = Assumption(
    "normalisation by the expected deviation",
    "batch normalisation divides by sqrt(E x^2) and does nothing else",
    lambda model: model.evaluate(E(x[1, 1] ** 2) - v[1]) == 0,
)

# --- forward: the variance grows by beta^2 in every layer ---------------------------------------------------

_branch = sp.Sum(W[i, k, l] * a[i, 1, l] * x[i, l], (l, 1, N))
_forward_layer = Definition(
    "a normalised residual layer, max(x, 0) = a x",
    x[i + 1, k],
    x[i, k] + beta / sp.sqrt(v[i]) * _branch,
    (i, k),
    sp.Gt(i, 0),
    assumption=EXPECTED_DEVIATION,
)
_input = Definition("the input", x[i, k], u[k], (i, k), sp.Eq(i, 1))
_FORWARD = (WEIGHTS, PATTERNS, UNIT_INPUT, EXPECTED_DEVIATION)
_activations = Family(
    x,
    span=lambda layer, unit: (-sp.oo, 3 * layer - 1),
    independent=_FORWARD,
    identical=_FORWARD,
    second=lambda layer, unit: v[layer],
    law_of=lambda layer, unit: (layer,),
)
_inputs = Family(
    u, span=lambda unit: (-sp.oo, -sp.oo), independent=UNIT_INPUT, identical=UNIT_INPUT, second=lambda unit: sp.S.One
)


def _forward_instance(layer: int, width: int) -> Instance:
    given = instance(layer, width, values={i: layer, beta: Fraction(3, 2)})
    return replace(given, laws={**given.laws, u: lambda unit: ((-1, 1), (1, 1))})


forward = Setting(
    "normalised residual network, forward",
    (*FAMILIES, _activations, _inputs),
    (_forward_layer, _input, *two_inputs.definitions),
    {**two_inputs.notations, v: lambda layer: E(x[layer, 1] ** 2)},
    (_forward_instance(1, 1), _forward_instance(2, 1), _forward_instance(1, 2)),
)


def _one_law(line: sp.Basic, context: Context) -> sp.Basic:
    return line.xreplace({E(x[i + 1, k] ** 2): v[i + 1]}) if context.grants(_FORWARD) else line


one_law = Rule("one law for all units of a layer", _one_law)


@theorem("shattering.normalized_step", source="balduzzi2017, theorem 3", setting=forward)
def normalized_step(p: Proof) -> Chain:
    """A normalised residual layer adds beta^2 to the variance of the activations."""
    p.assume(*_FORWARD)
    weight, mean, active = beta / sp.sqrt(v[i]), E(W[i, k, l]), E(a[i, 1, l])
    mixed = 2 * weight * sp.Sum(mean * active * E(x[i, k] * x[i, l]), (l, 1, N))
    both = E(a[i, 1, l] * a[i, 1, o])
    pairs = PairSum(mean * E(W[i, k, o]) * both * E(x[i, l] * x[i, o]), l, o, N)
    equal = sp.Sum(E(W[i, k, l] ** 2) * E(a[i, 1, l] ** 2) * E(x[i, l] ** 2), (l, 1, N))
    return p.calc(
        v[i + 1],
        *("=", E(x[i + 1, k] ** 2), backwards(one_law)),
        *("=", E((x[i, k] + weight * _branch) ** 2), definition(_forward_layer)),
        *(
            "=",
            E(x[i, k] ** 2) + mixed + weight**2 * (equal + pairs),
            multiply_out & linearity & independence,
        ),
        *("=", E(x[i, k] ** 2) + weight**2 * equal, zero_mean),
        *("=", v[i] + beta**2, identical_law),
    )


def _progression(line: sp.Basic, context: Context) -> sp.Basic:
    """v_{i+1} = v_i + c from v_1 = 1 on."""
    derivation = normalized_step.derivation()
    gain = derivation.statement.right - v[i]
    if line != v[i] or gain.has(v, i) or not context.grants(tuple(derivation.assumed)):
        raise RuleDoesNotApply(f"{normalized_step.name} does not make {line} an arithmetic progression")
    return 1 + (i - 1) * gain


from_unit_input = Rule("induction over i from v_1 = 1", _progression, uses=(normalized_step.name,))


@theorem("shattering.normalized_forward_variance", source="balduzzi2017, theorem 3", setting=forward)
def normalized_forward_variance(p: Proof) -> Chain:
    """The variance of the activations of a normalised residual network grows linearly."""
    p.assume(*_FORWARD)
    return p.calc(v[i], "=", beta**2 * (i - 1) + 1, from_unit_input)


# --- backward: theorem 3 ------------------------------------------------------------------------------------

_layer = (
    Definition("the skip connection of a residual layer", e[i], sp.S.One, (i,)),
    Definition("the branch of a normalised layer", b[i], beta / sp.sqrt(v[i]), (i,), assumption=EXPECTED_DEVIATION),
)


def _normalized_instance(depth: int, width: int) -> Instance:
    given = instance(depth, width, values={i: 1, L: depth, beta: Fraction(3, 2)})
    arrays = {p_: given.arrays[p_], v: lambda layer: 1 + Fraction(9, 4) * (layer - 1)}
    return replace(given, arrays=arrays, laws={**given.laws, u: lambda unit: ((-1, 1), (1, 1))})


normalized = replace(
    two_inputs,
    name="normalised residual network",
    families=(*FAMILIES, _activations, _inputs),
    definitions=(*two_inputs.definitions, *_layer, _input),
    instances=tuple(_normalized_instance(*at) for at in ((1, 1), (2, 1), (3, 1), (2, 2))),
)
as_normalized = definition(_layer[0]) & definition(_layer[1])


def _known_variance(line: sp.Basic, context: Context) -> sp.Basic:
    derivation = normalized_forward_variance.derivation()
    if not context.grants(tuple(derivation.assumed)):
        raise RuleDoesNotApply(f"{normalized_forward_variance.name} makes assumptions that are not made here")

    def visit(part: sp.Basic, distinct: object) -> sp.Basic:
        known = isinstance(part, sp.Indexed) and part.base == v
        return derivation.statement.right.subs(i, part.indices[0]) if known else part

    return rewrite(line, visit)


known_variance = Rule(
    f"by {normalized_forward_variance.name}", _known_variance, uses=(normalized_forward_variance.name,)
)
_whole = {i: sp.S.One, d: L}
_y = 1 / beta**2
_growth = beta**2 / (beta**2 * (r - 1) + 1)
VARIANCE = beta**2 * (L - 1) + 1
COVARIANCE = sp.Product(1 + _growth / 2, (r, 1, L - 1))
COVARIANCE_CLOSED = sp.gamma(L - _HALF + _y) * sp.gamma(_y) / (sp.gamma(_y + _HALF) * sp.gamma(L - 1 + _y))
CONSTANT = sp.gamma(_y + 1) / sp.gamma(_y + _HALF)  # K
CORRELATION_CLOSED = CONSTANT * sp.gamma(L - _HALF + _y) / sp.gamma(L + _y)
_ratio = sp.gamma(r - _HALF + _y) / sp.gamma(r - 1 + _y)
_ASSUMED = (*HYPOTHESES, UNIT_INPUT, EXPECTED_DEVIATION)


@theorem(
    "shattering.normalized_resnet_variance",
    source="balduzzi2017, theorem 3a",
    setting=normalized,
    parameters=(DEPTH, BETA),
)
def normalized_resnet_variance(p: Proof) -> Chain:
    """The variance of the gradient over the L - 1 layers of a residual network with batch normalisation."""
    p.assume(*_ASSUMED)
    return p.calc(
        V[1],
        *("=", sp.Product(e[r] ** 2 + b[r] ** 2, (r, 1, L - 1)), by_theorem(variance_path, at=_whole)),
        *("=", sp.Product(1 + beta**2 / v[r], (r, 1, L - 1)), as_normalized),
        *("=", sp.Product(1 + _growth, (r, 1, L - 1)), known_variance),
        *("=", VARIANCE, telescoping(beta**2 * (r - 1) + 1, r)),
    )


@theorem(
    "shattering.normalized_resnet_covariance",
    source="balduzzi2017, theorem 3b",
    setting=normalized,
    parameters=(DEPTH, BETA),
)
def normalized_resnet_covariance(p: Proof) -> Chain:
    """The covariance of two typical datapoints' gradients over L - 1 normalised residual layers."""
    p.assume(*_ASSUMED, TYPICAL)
    p.enclose_by(p.calc(COVARIANCE, "=", COVARIANCE_CLOSED, telescoping(_ratio, r)))
    return p.calc(
        C[1],
        *("=", sp.Product(e[r] ** 2 + 2 * p_[r] * b[r] ** 2, (r, 1, L - 1)), by_theorem(covariance_path, at=_whole)),
        *("=", sp.Product(1 + beta**2 / v[r] / 2, (r, 1, L - 1)), as_normalized & definition(typical)),
        *("=", COVARIANCE, known_variance),
    )


@theorem(
    "shattering.normalized_resnet_correlation",
    source="balduzzi2017, theorem 3b",
    setting=normalized,
    parameters=(DEPTH, BETA),
)
def normalized_resnet_correlation(p: Proof) -> Chain:
    """The correlation of two typical datapoints' gradients over L - 1 normalised residual layers."""
    p.assume(*_ASSUMED, TYPICAL)
    inserted = by_theorem(normalized_resnet_covariance) & by_theorem(normalized_resnet_variance)
    closed = COVARIANCE_CLOSED / VARIANCE
    p.enclose_by(
        p.calc(
            COVARIANCE / VARIANCE,
            *("=", closed, telescoping(_ratio, r)),
            *("=", CORRELATION_CLOSED, gamma_recurrence),
        )
    )
    return p.calc(C[1] / V[1], "=", COVARIANCE / VARIANCE, inserted)
