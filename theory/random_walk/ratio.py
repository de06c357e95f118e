"""The squared-norm ratio of one layer: its Laplace transform, exactly, at every width.

One backward step at gain 1 through a square layer of width N multiplies the squared norm of the gradient by

    z = sum_i b_i (sum_j W_{j,i} u_j)^2,   u the gradient's direction, W_{j,i} ~ N(0, 1/N), b_i = 1 or a^2 by a fair coin,

where a is the slope of the leaky rectifier: 0 is the rectifier, 1 the identity.  (The masks may be taken as fair coins:
`random_walk.fair_coin_masks`; for a slope the same flip swaps 1 and a^2.)  The inner sums are independent N(0, 1/N), so

    E exp(-s z) = (((1 + 2s/N)^(-1/2) + (1 + 2 a^2 s/N)^(-1/2)) / 2)^N.

The result does not contain u: a layer forgets the direction, so the ratios of different layers are independent.
Reference: sussillo2014, section 3.  Assumptions: Gaussian weights, unit direction, fair coins.
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from theory.probability.expectation import E, Given
from theory.probability.facts import (
    STANDARD_NORMAL,
    gaussian_transform,
    normal_entries,
    normal_family,
    product_of_transforms,
    same_law,
    x,
)
from theory.probability.setting import Assumption, Family, Instance, Law, Setting
from theory.proof.domains import Integers, Reals
from theory.proof.library import theorem
from theory.proof.rules import Context, Rule, RuleDoesNotApply, by_theorem, rewrite
from theory.proof.theorem import Chain, Parameter, Proof
from theory.symbols import N, a, i, j, k, l, s

Pairs = frozenset[frozenset[sp.Basic]]

W, u, c = (sp.IndexedBase(name) for name in ("W", "u", "c"))

GAUSSIAN_WEIGHTS = Assumption(
    "Gaussian weights", "the weights are independent and normal with mean 0 and variance 1/N", None
)
UNIT_DIRECTION = Assumption(
    "unit direction",
    "the direction u of the incoming gradient has norm 1 and is independent of the layer's weights",
    lambda model: model.evaluate(sp.Sum(u[l] ** 2, (l, 1, N))) == 1,
)
FAIR_COINS = Assumption(
    "fair coins",
    "the masks are independent fair coins (for the rectifier a theorem: random_walk.fair_coin_masks)",
    lambda model: 2 * model.evaluate(E(c[1])) == 1,
)

WEIGHT_VARIANCE = 1 / N

weights = normal_family(W, GAUSSIAN_WEIGHTS, WEIGHT_VARIANCE, layer=1)
coins = Family(
    c,
    span=lambda unit: (2, 2),
    independent=FAIR_COINS,
    independent_entries=FAIR_COINS,
    identical=FAIR_COINS,
    first=lambda unit: sp.Rational(1, 2),
    moment=lambda power, unit: sp.Rational(1, 2),
)
_DIRECTIONS = {
    1: (Fraction(1),),
    2: (Fraction(3, 5), Fraction(-4, 5)),
    3: (Fraction(1, 3), Fraction(2, 3), Fraction(2, 3)),
}


def _coin(unit: int) -> Law:
    return ((0, 1), (1, 1))


def _of_width(width: int) -> Instance:
    return Instance({N: width, a: Fraction(2, 3)}, {u: lambda unit: _DIRECTIONS[width][unit - 1]}, {c: _coin})


layer = Setting("one Gaussian layer", (weights, coins, normal_entries), instances=tuple(map(_of_width, (1, 2))))
counting = Setting(
    "coins and independent copies",
    (coins, Family(x, span=lambda unit: (0, 0), independent_entries=STANDARD_NORMAL, identical=STANDARD_NORMAL)),
    instances=tuple(
        Instance(
            {N: width, s: Fraction(3, 2), a: Fraction(2, 3)},
            laws={c: _coin, x: lambda unit: ((1, 1), (-2, 2))},
        )
        for width in (1, 2, 3)
    ),
)

factor = c[i] + a**2 * (1 - c[i])  # b_i
ratio = sp.Sum(factor * sp.Sum(W[j, i] * u[j], (j, 1, N)) ** 2, (i, 1, N))
normal_ratio = sp.Sum(factor * x[i] ** 2, (i, 1, N)) / N
active_sum = sp.Sum(c[i] * x[i] ** 2, (i, 1, N)) / N  # slope 0
some_active = 1 - sp.Product(1 - c[i], (i, 1, N))
transform = (((1 + 2 * s / N) ** sp.Rational(-1, 2) + (1 + 2 * a**2 * s / N) ** sp.Rational(-1, 2)) / 2) ** N


# --- rules ---------------------------------------------------------------------------------------------------------


def _combine(line: sp.Basic, context: Context) -> sp.Basic:
    """Replace sum_j W_{j,i} u_j by X_i times its standard deviation; different i have no weight in common."""
    if not (context.grants(GAUSSIAN_WEIGHTS) and context.grants(UNIT_DIRECTION) and context.grants(STANDARD_NORMAL)):
        raise RuleDoesNotApply("Gaussian weights and a unit direction are not both assumed")

    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        if not isinstance(part, sp.Sum) or len(part.limits) != 1:
            return part
        index = part.limits[0][0]
        atoms = [atom for atom in part.function.atoms(sp.Indexed) if atom.base == W]
        if len(atoms) != 1 or atoms[0].indices[0] != index:
            return part
        coefficient = part.function / atoms[0]
        if coefficient != u[index]:
            raise RuleDoesNotApply(f"{coefficient} is not an entry of the unit direction")
        return sp.sqrt(WEIGHT_VARIANCE) * x[atoms[0].indices[1]]

    return rewrite(line, visit)


gaussian_combination = Rule("sums of independent normals are normal", _combine)


def _toss(line: sp.Basic, context: Context) -> sp.Basic:
    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        tosses = [atom for atom in part.atoms(sp.Indexed) if atom.base == c] if isinstance(part, E) else []
        if len(tosses) != 1 or not context.grants(FAIR_COINS):
            return part
        return (E(part.body.subs(tosses[0], 0)) + E(part.body.subs(tosses[0], 1))) / 2

    return rewrite(line, visit)


toss = Rule("toss the fair coin", _toss)


def _rescale(line: sp.Basic, context: Context) -> sp.Basic:
    """E exp(-r X_1^2) = (1 + 2r)^(-1/2): the transform of a squared normal at r, read off the exponent."""

    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        if not isinstance(part, E) or not isinstance(part.body, sp.exp):
            return part
        rate = sp.expand(-part.body.args[0] / x[1] ** 2)
        return (1 + 2 * rate) ** sp.Rational(-1, 2) if not rate.has(x) and rate.is_nonnegative else part

    return rewrite(line, visit)


squared_normal = Rule(
    f"by {gaussian_transform.name}", lambda line, context: _rescale(line, context), uses=(gaussian_transform.name,)
)


_PARAMETERS = (
    Parameter("N", Integers(1), N),
    Parameter("slope", Reals(0, 1), a),
    Parameter("s", Reals(0, open_low=True), s),
)


@theorem("random_walk.normal_transform", source="sussillo2014, section 3", setting=layer, parameters=_PARAMETERS)
def normal_transform(p: Proof) -> Chain:
    """The Laplace transform of the ratio, written in standard normal variables and coins."""
    p.assume(STANDARD_NORMAL, FAIR_COINS)
    unit = c[1] + a**2 * (1 - c[1])
    one = E(sp.exp(-s / N * unit * x[1] ** 2))
    tossed = (E(sp.exp(-s / N * x[1] ** 2)) + E(sp.exp(-s / N * a**2 * x[1] ** 2))) / 2
    return p.calc(
        E(sp.exp(-s * normal_ratio)),
        *("=", sp.Product(E(sp.exp(-s / N * factor * x[i] ** 2)), (i, 1, N)), product_of_transforms),
        *("=", one**N, same_law),
        *("=", tossed**N, toss),
        *("=", transform, squared_normal),
    )


@theorem("random_walk.ratio_transform", source="sussillo2014, section 3", setting=layer, parameters=_PARAMETERS)
def ratio_transform(p: Proof) -> Chain:
    """The Laplace transform of the squared-norm ratio of a leaky rectifier layer."""
    p.assume(GAUSSIAN_WEIGHTS, UNIT_DIRECTION, STANDARD_NORMAL, FAIR_COINS)
    return p.calc(
        E(sp.exp(-s * ratio)),
        *("=", E(sp.exp(-s * normal_ratio)), gaussian_combination),
        *("=", transform, by_theorem(normal_transform)),
    )


def _condition(line: sp.Basic, context: Context) -> sp.Basic:
    """E[Y | some active] = (E Y - E[Y; none active]) / (1 - 2^-N), where Y is a constant if no unit is active."""

    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        if not isinstance(part, Given) or part.event != some_active or not context.grants(FAIR_COINS):
            return part
        dead = part.body.replace(lambda e: isinstance(e, sp.Sum) and e.has(c[i]), lambda e: sp.S.Zero)
        if context.setting.random(dead):
            raise RuleDoesNotApply(f"{part.body} is random even if no unit is active")
        return (E(part.body) - dead / 2**N) / (1 - sp.Integer(2) ** -N)

    return rewrite(line, visit)


condition_on_activity = Rule("condition on some active unit", _condition, judged_in=counting)


def _count(line: sp.Basic, context: Context) -> sp.Basic:
    """Given some active unit, k of N are with probability binomial(N, k)/(2^N - 1), and which ones does not matter."""

    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        if not isinstance(part, Given) or part.event != some_active or not context.grants(FAIR_COINS):
            return part
        if not context.grants(STANDARD_NORMAL):
            raise RuleDoesNotApply("the entries are not known to be independent copies")
        chosen = part.body.xreplace({sp.Sum(c[i] * x[i] ** 2, (i, 1, N)): sp.Sum(x[i] ** 2, (i, 1, k))})
        return sp.Sum(sp.binomial(N, k) / (sp.Integer(2) ** N - 1) * E(chosen), (k, 1, N))

    return rewrite(line, visit)


count_active = Rule("by the number of active units", _count, judged_in=counting)


@theorem(
    "random_walk.active_transform",
    source="sussillo2014, section 3",
    setting=layer,
    parameters=(Parameter("N", Integers(1), N), Parameter("s", Reals(0, open_low=True), s)),
)
def active_transform(p: Proof) -> Chain:
    """The transform of a rectifier layer's ratio, given that at least one unit is active."""
    p.assume(STANDARD_NORMAL, FAIR_COINS)
    power, none = transform.subs(a, 0), sp.Integer(2) ** -N
    unconditional = (E(sp.exp(-s * active_sum)) - none) / (1 - none)
    return p.calc(
        Given(sp.exp(-s * active_sum), some_active),
        *("=", unconditional, condition_on_activity),
        *("=", (power - none) / (1 - none), by_theorem(normal_transform, at={a: 0})),
    )
