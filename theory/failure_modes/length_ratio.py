"""One layer's ratio of lengths, M_j/M_{j-1}: its transform, and mean and variance of its logarithm, at every width.

Given a living layer below, M_j/M_{j-1} = (2/n_j) sum_k relu(g_k)^2 with independent standard normal g_k: twice the ratio z
of `random_walk` for width n_j, because relu(g)^2 has the law of a fair coin times g^2.  Its transform

    E exp(-s M_j/M_{j-1}) = ((1 + (1 + 4s/n_j)^(-1/2))/2)^n_j

does not contain the layer below, so that the ratios of different layers are independent.
Reference: hanin2018start, section 4; sussillo2014, section 3.
Assumptions: normal weights of He's variance, no biases; for logarithms, some unit is active.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import sympy as sp

from theory.failure_modes.hypotheses import h, w
from theory.failure_modes.network import signed
from theory.probability.expectation import E, Given, step
from theory.probability.facts import STANDARD_NORMAL, normal_entries, normal_family, product_of_transforms, x
from theory.probability.setting import Assumption, Instance, Setting
from theory.proof.forms import in_all_forms
from theory.proof.library import theorem
from theory.proof.rules import Context, Rule, RuleDoesNotApply, backwards, rewrite
from theory.proof.theorem import Chain, Proof
from theory.random_walk.logarithm import (
    active_log_mean,
    active_log_variance,
    active_variance,
    in_units_of,
    scaled_logarithm,
)
from theory.random_walk.ratio import (
    FAIR_COINS,
    active_sum,
    c,
    coins,
    normal_transform,
    some_active,
    squared_normal,
    transform,
)
from theory.symbols import N, a, k, l, length, n_in, s

Pairs = frozenset[frozenset[sp.Basic]]

# --- one layer with normal weights ---------------------------------------------------------------------------------

NORMAL_WEIGHTS = Assumption(
    "normal weights of He's variance", "the weights are independent N(0, 2/fan-in), and there are no biases", None
)
ALIVE = Assumption(
    "living layer below",
    "some unit of the layer below is active",
    lambda model: model.evaluate(sp.Sum(h[l] ** 2, (l, 1, n_in)) - n_in * length) == 0 and model.evaluate(length) > 0,
)
_weights = normal_family(w, NORMAL_WEIGHTS, 2 / n_in, layer=1)


def _of(incoming: tuple[int, ...], width: int) -> Instance:
    square = Fraction(sum(value**2 for value in incoming), len(incoming))
    values = {n_in: len(incoming), N: width, length: square}
    return Instance(values, {h: lambda unit: incoming[unit - 1]}, {c: lambda unit: ((0, 1), (1, 1))})


_shapes = (((3,), 1), ((3,), 2), ((2, 3), 1), ((2, 3), 2))
normal_layer = Setting(
    "one layer of normal weights", (_weights, coins, normal_entries), instances=tuple(_of(*shape) for shape in _shapes)
)
tieless = replace(  # no pre-activation +-2 +-3 is 0
    normal_layer,
    name="one layer without ties",
    instances=tuple(
        replace(
            at,
            values={**at.values, s: Fraction(3, 2)},
            laws={**at.laws, w: lambda unit, below: signed((1, 1))},
        )
        for at in normal_layer.instances
    ),
)


def _sum_into(unit: sp.Expr | int) -> sp.Expr:
    return sp.Sum(w[unit, l] * h[l], (l, 1, n_in))


_relu = sp.Max(_sum_into(k), 0)
ratio = sp.Sum(_relu**2, (k, 1, N)) / (N * length)  # M_j/M_{j-1}
some_unit_active = 1 - sp.Product(1 - step(_sum_into(k)), (k, 1, N))


def _one_unit(line: sp.Basic, context: Context) -> sp.Basic:
    """A product over units with one law is a power."""
    if not context.grants(NORMAL_WEIGHTS):
        raise RuleDoesNotApply("the units are not known to have one law")

    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        if not isinstance(part, sp.Product):
            return part
        index, lower, upper = part.limits[0]
        return part.function.subs(index, 1) ** (upper - lower + 1)

    return rewrite(line, visit)


def _mask(line: sp.Basic, context: Context) -> sp.Basic:
    """E g(relu(t)^2) = (g(0) + E g(t^2))/2 for a symmetric t that is never 0."""
    if not (context.grants(NORMAL_WEIGHTS) and context.grants(ALIVE)):
        raise RuleDoesNotApply("ties are not excluded")

    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        rectified = [each for each in part.atoms(sp.Max) if sp.S.Zero in each.args] if isinstance(part, E) else []
        if len(rectified) != 1:
            return part
        (t,) = (argument for argument in rectified[0].args if argument != 0)
        return (part.body.xreplace({rectified[0]: sp.S.Zero}) + E(part.body.xreplace({rectified[0]: t}))) / 2

    return rewrite(line, visit)


def _combine(line: sp.Basic, context: Context) -> sp.Basic:
    """sum_l w_{1,l} h_l is sqrt(2 M) X_1, M = |h|^2/n_in."""
    if not all(context.grants(fact) for fact in (NORMAL_WEIGHTS, ALIVE, STANDARD_NORMAL)):
        raise RuleDoesNotApply("normal weights are not assumed")
    return line.xreplace({_sum_into(1): sp.sqrt(2 * length) * x[1]})


one_unit = Rule("one law for all units", _one_unit, judged_in=tieless)
fair_mask = Rule("the mask is a fair coin", _mask, judged_in=tieless)
gaussian_combination = Rule("sums of independent normals are normal", _combine)
_separate_units = replace(product_of_transforms, judged_in=tieless)


@theorem("failure_modes.ratio_transform", source="hanin2018start, section 4; sussillo2014", setting=normal_layer)
def ratio_transform(p: Proof) -> Chain:
    """The Laplace transform of the ratio of two successive lengths; the layer below does not enter."""
    p.assume(NORMAL_WEIGHTS, ALIVE, STANDARD_NORMAL)

    def unit(square: sp.Expr) -> sp.Expr:
        return E(sp.exp(-s * square / (N * length)))

    return p.calc(
        E(sp.exp(-s * ratio)),
        *("=", sp.Product(unit(_relu**2), (k, 1, N)), _separate_units),
        *("=", unit(_relu.subs(k, 1) ** 2) ** N, one_unit),
        *("=", ((1 + unit(_sum_into(1) ** 2)) / 2) ** N, fair_mask),
        *("=", ((1 + unit(2 * length * x[1] ** 2)) / 2) ** N, gaussian_combination),
        *("=", transform.subs({a: 0, s: 2 * s}, simultaneous=True), squared_normal),
    )


def _same_law(line: sp.Basic, context: Context) -> sp.Basic:
    """The ratio has the law of 2z; either is 0 exactly where no unit is active (Feller 1971, XIII.1)."""
    if not all(context.grants(fact) for fact in (NORMAL_WEIGHTS, ALIVE, STANDARD_NORMAL, FAIR_COINS)):
        raise RuleDoesNotApply("normal weights and fair coins are not both assumed")
    return line.xreplace({ratio: 2 * active_sum, some_unit_active: some_active})


equal_transforms = Rule(
    "equal transforms, equal laws", _same_law, uses=(ratio_transform.name, normal_transform.name), appeal=True
)
_HYPOTHESES = (NORMAL_WEIGHTS, ALIVE, STANDARD_NORMAL, FAIR_COINS)


@theorem("failure_modes.log_ratio_mean", source="hanin2018start, section 4", setting=normal_layer)
def log_ratio_mean(p: Proof) -> Chain:
    """E ln(M_j/M_{j-1}) for a layer of N units, given that some unit is active."""
    p.assume(*_HYPOTHESES)
    copy = Given(sp.log(active_sum), some_active)
    line = sp.log(2) + copy
    return p.calc(
        Given(sp.log(ratio), some_unit_active),
        *("=", Given(sp.log(2 * active_sum), some_active), equal_transforms),
        *("=", line, in_units_of(sp.S(2))),
    ) + in_all_forms(p, line, copy, active_log_mean)


@theorem("failure_modes.log_ratio_variance", source="hanin2018start, section 4", setting=normal_layer)
def log_ratio_variance(p: Proof) -> Chain:
    """Var ln(M_j/M_{j-1}) for a layer of N units, given that some unit is active."""
    p.assume(*_HYPOTHESES)

    def variance(quantity: sp.Expr, event: sp.Expr) -> sp.Expr:
        return Given(sp.log(quantity) ** 2, event) - Given(sp.log(quantity), event) ** 2

    return p.calc(
        variance(ratio, some_unit_active),
        *("=", variance(2 * active_sum, some_active), equal_transforms),
        *("=", variance(N * active_sum, some_active), scaled_logarithm),
        *("=", active_variance, backwards(scaled_logarithm)),
    ) + in_all_forms(p, active_variance, active_variance, active_log_variance)
