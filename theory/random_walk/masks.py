"""The masks of a rectifier network may be replaced by fair coins: Sussillo and Abbott's independence assumption proved.

A tangent vector v passes a layer as v'_j = m_j (w_j . v), where m_j = [w_j . h > 0] is the mask that the forward pass h
chose with the *same* row w_j of weights.  If the law of the row is symmetric, flipping w_j turns m_j into 1 - m_j and
leaves (w_j . v)^2 alone, so m_j is a fair coin independent of (w_j . v)^2.  The signs of v' do depend on the masks, but
entries of the next layer's weights that are independently symmetric absorb them.  By induction over layers the vector of
squares (v'_j)^2, hence the squared Jacobian column, has exactly the law it has with independent fair coins.

Assumptions: weights independent of each other and symmetric; no ties (w . h is never 0 unless the layer is dead, when
both products are 0).  Neither normality nor equal laws are needed.  The argument stops for two inputs at once: flipping
w_j flips both masks together, so their co-activation is not that of two coins.  Related: hanin2018which.
"""

from __future__ import annotations

from itertools import combinations

import sympy as sp

from theory.probability.calculus import linearity, symmetry_of
from theory.probability.expectation import E, step
from theory.probability.models import Enumeration
from theory.probability.setting import Assumption, Definition, Family, Instance, Setting
from theory.proof.library import theorem
from theory.proof.normal import normal
from theory.proof.rules import Context, Rule, RuleDoesNotApply, backwards, rewrite
from theory.proof.theorem import Chain, Proof
from theory.symbols import d, i, k, l, n

w, h, v, c, omega, xi = (sp.IndexedBase(name) for name in ("w", "h", "v", "c", "W", "xi"))
J, K, H = (sp.IndexedBase(name) for name in ("J", "K", "H"))
F = sp.Function("F")
fan_in = sp.Symbol("n", integer=True, positive=True)


def _sums(model: Enumeration) -> list[tuple[sp.Expr, list[sp.Indexed], list[sp.Expr]]]:
    """Each pre-activation of an instance with its weights and the activations below it."""
    values = model.instance.environment
    if fan_in in values:
        units = range(1, values[fan_in] + 1)
        return [(_a, [w[unit] for unit in units], [h[unit] for unit in units])]
    found = []
    for layer in range(1, values.get(d, values[i]) + 1):
        below = range(1, values[n](layer - 1) + 1)
        for unit in range(1, values[n](layer) + 1):
            rows, entries = [omega[layer, unit, b] for b in below], [H[layer - 1, b] for b in below]
            found.append((sp.Add(*(r * e for r, e in zip(rows, entries, strict=True))), rows, entries))
    return found


def _flip_keeps_law(model: Enumeration) -> bool:
    """Every weight has the law of its negative, and any two are independent (of two values each: one moment decides)."""
    rows = [weight for _, row, _ in _sums(model) for weight in row]
    same = all(model.evaluate(E(F(weight))) == model.evaluate(E(F(-weight))) for weight in rows)
    return same and all(
        model.evaluate(E(one * other)) == model.evaluate(E(one)) * model.evaluate(E(other))
        for one, other in combinations(rows, 2)
    )


def _never_ties(model: Enumeration) -> bool:
    def alive(below: list[sp.Expr]) -> sp.Expr:
        return 1 - sp.Mul(*(1 - step(entry) for entry in below))

    return all(model.evaluate(E((step(a) + step(-a) - alive(below)) ** 2)) == 0 for a, _, below in _sums(model))


SYMMETRIC_WEIGHTS = Assumption(
    "symmetric weights", "the weights are independent and each has a law symmetric about 0", _flip_keeps_law
)
NO_TIES = Assumption(
    "no ties",
    "a pre-activation is 0 only where the whole layer below is dead",
    _never_ties,
)

row = Family(w, span=lambda unit: (0, 0), independent_entries=SYMMETRIC_WEIGHTS, symmetric=SYMMETRIC_WEIGHTS)
coin = Family(c, span=lambda unit: (1, 1), law_of=lambda unit: ())
_a = sp.Sum(w[l] * h[l], (l, 1, fan_in))
_t = sp.Sum(w[l] * v[l], (l, 1, fan_in))


def _one_row(magnitudes: tuple[int, ...], below: tuple[int, ...], tangent: tuple[int, ...]) -> Instance:
    """A row of weights +-magnitude, generic enough that no pre-activation is 0."""
    return Instance(
        {fan_in: len(magnitudes)},
        {h: lambda unit: below[unit - 1], v: lambda unit: tangent[unit - 1]},
        {
            w: lambda unit: ((magnitudes[unit - 1], 1), (-magnitudes[unit - 1], 1)),
            c: lambda unit: ((0, 1), (1, 1)),
        },
    )


one_unit = Setting(
    "one rectifier unit",
    (row, coin),
    instances=(
        _one_row((2,), (3,), (5,)),
        _one_row((2, 3), (1, 4), (-3, 2)),
        _one_row((1, 2, 5), (7, 0, 3), (2, -1, 4)),
    ),
)


def _no_ties(line: sp.Basic, context: Context) -> sp.Basic:
    if not context.grants(NO_TIES):
        raise RuleDoesNotApply("'no ties' is not assumed")

    def visit(part: sp.Basic, distinct: frozenset[frozenset[sp.Basic]]) -> sp.Basic:
        negative = isinstance(part, step) and normal(part.args[0]).could_extract_minus_sign()
        return 1 - step(normal(-part.args[0])) if negative else part

    return rewrite(line, visit)


no_ties = Rule("without ties, [-a > 0] = 1 - [a > 0]", _no_ties)


def _split(line: sp.Basic, context: Context) -> sp.Basic:
    """F(b y) = b F(y) + (1 - b) F(0) wherever b is a mask or one minus a mask."""

    def visit(part: sp.Basic, distinct: frozenset[frozenset[sp.Basic]]) -> sp.Basic:
        if type(part) is not F:
            return part
        for mask in part.args[0].atoms(step):
            on, off = (part.args[0].subs(mask, value) for value in (1, 0))
            return mask * F(on) + (1 - mask) * F(off)
        return part

    return rewrite(line, visit)


split_on_mask = Rule("a mask is 0 or 1", _split)


def _toss(line: sp.Basic, context: Context) -> sp.Basic:
    def visit(part: sp.Basic, distinct: frozenset[frozenset[sp.Basic]]) -> sp.Basic:
        coins = [atom for atom in part.atoms(sp.Indexed) if atom.base == c] if isinstance(part, E) else []
        for toss in coins:
            part = sum((E(part.body.subs(toss, value)) for value in (0, 1)), sp.S.Zero) / 2
        return part

    return rewrite(line, visit)


toss = Rule("toss the fair coin", _toss)


def _absorb(line: sp.Basic, context: Context) -> sp.Basic:
    if not context.grants(SYMMETRIC_WEIGHTS):
        raise RuleDoesNotApply("'symmetric weights' is not assumed")
    return line.xreplace({v[l]: sp.Abs(v[l])})


absorb_signs = Rule("replace each w_l by w_l sign v_l, which has the same law", _absorb)


def _row_by_row(line: sp.Basic, context: Context) -> sp.Basic:
    if not (context.grants(SYMMETRIC_WEIGHTS) and context.grants(NO_TIES)):
        raise RuleDoesNotApply("'symmetric weights' and 'no ties' are not both assumed")
    return line.xreplace({J[i, k]: K[i, k]})


row_by_row = Rule(
    "row by row and layer by layer",
    _row_by_row,
    kind="cited",  # the induction itself is argued in words above; its two lemmas are proved, small networks enumerated
    source="hanin2018which",
    uses=("random_walk.fair_coin_mask", "random_walk.sign_absorption"),
)


@theorem("random_walk.fair_coin_mask", source="sussillo2014, section 3; hanin2018which", setting=one_unit)
def fair_coin_mask(p: Proof) -> Chain:
    """A rectifier's mask acts on the squared tangent like a fair coin that is independent of it."""
    p.assume(SYMMETRIC_WEIGHTS, NO_TIES)
    masked, square = F(step(_a) * _t**2), _t**2
    flipped = sp.Sum(-w[l] * h[l], (l, 1, fan_in))
    return p.calc(
        E(masked),
        *("=", (E(masked) + E(F(step(flipped) * square))) / 2, symmetry_of(row)),
        *("=", (E(masked) + E(F((1 - step(_a)) * square))) / 2, no_ties),
        *("=", (E(F(square)) + F(0)) / 2, split_on_mask & linearity),
        *("=", E(F(c[1] * square)), backwards(toss & linearity)),
    )


@theorem("random_walk.sign_absorption", source="hanin2018which", setting=one_unit)
def sign_absorption(p: Proof) -> Chain:
    """The law of (w . v)^2 depends on the tangent v only through the absolute values of its entries."""
    p.assume(SYMMETRIC_WEIGHTS)
    absolute = sp.Sum(w[l] * sp.Abs(v[l]), (l, 1, fan_in))
    return p.calc(E(F(_t**2)), "=", E(F(absolute**2)), absorb_signs)


def _forward(base: sp.IndexedBase, layer: sp.Expr, unit: sp.Expr) -> sp.Expr:
    return sp.Sum(omega[layer, unit, l] * base[layer - 1, l], (l, 1, n[layer - 1]))


network_weights = Family(omega, span=lambda layer, unit, below: (layer, layer), symmetric=SYMMETRIC_WEIGHTS)
network = Setting(
    "rectifier network",
    (
        network_weights,
        Family(xi, span=lambda layer, unit: (layer, layer)),
        *(Family(b, span=lambda *_: (0, 0)) for b in (H, J, K)),
    ),
    (
        Definition("the activation", H[i, k], sp.Max(_forward(H, i, k), 0), (i, k), sp.Gt(i, 0)),
        Definition("the input", H[0, k], h[k], (k,)),
        Definition("the tangent", J[i, k], step(_forward(H, i, k)) * _forward(J, i, k), (i, k), sp.Gt(i, 0)),
        Definition("the tangent at the input", J[0, k], v[k], (k,)),
        Definition("the tangent with fair coins", K[i, k], xi[i, k] * _forward(K, i, k), (i, k), sp.Gt(i, 0)),
        Definition("the tangent at the input", K[0, k], v[k], (k,)),
    ),
    instances=tuple(
        Instance(
            {i: len(widths) - 1},
            {n: widths.__getitem__, h: lambda unit: (3, 1, 4)[unit - 1], v: lambda unit: (-2, 5, 1)[unit - 1]},
            {
                omega: lambda layer, unit, below: tuple(
                    (sign * (7 * layer + 5 * unit + 3 * below * unit + below**2), 1) for sign in (-1, 1)
                ),
                xi: lambda layer, unit: ((0, 1), (1, 1)),
            },
        )
        for widths in ((1, 2), (2, 2, 1), (1, 2, 2), (2, 1, 2, 1))
    ),
)


@theorem("random_walk.fair_coin_masks", source="sussillo2014, section 3; hanin2018which", setting=network)
def fair_coin_masks(p: Proof) -> Chain:
    """The squared norm of a Jacobian column of a rectifier network has the law it has with fair-coin masks.

    Row by row, from the first layer up: `fair_coin_mask` replaces the mask of a unit, the function F there being any
    function of this unit's square with all others fixed; `sign_absorption` hands only the squares to the next layer.
    """
    p.assume(SYMMETRIC_WEIGHTS, NO_TIES)
    masked, coins = (sp.Sum(base[i, k] ** 2, (k, 1, n[i])) for base in (J, K))
    return p.calc(E(F(masked)), "=", E(F(coins)), row_by_row)
