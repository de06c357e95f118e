"""Printed against derived: by which factor two formulas differ, and at which layers a condition is needed.

All of it is computed from the expressions; nothing here knows which of them is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import sympy as sp

from numerics.evaluate.exact import rational
from theory.proof.theorem import Chain, Theorem
from theory.symbols import i, n, r, v

WIDTHS = (2, 3, 5, 7, 11)  # distinct primes: no swapped index goes unseen
Positions = dict[sp.Expr, sp.Expr]


# --- formulas --------------------------------------------------------------------------------------


def quotient(printed: sp.Expr, derived: sp.Expr) -> sp.Expr:
    """printed/derived, without the factors that products over overlapping ranges share; 1 if they are equal.

    A product over r = a..b is F(b)/F(a-1), F the running product of its body; an empty one (b = a-1) is 1.
    """
    rest: sp.Expr = sp.S.One
    running: dict[sp.Expr, Positions] = {}  # of each body: positions with their powers
    for factor in sp.Mul.make_args(printed / derived):
        base, power = factor.as_base_exp()
        if not isinstance(base, sp.Product):
            rest *= factor
            continue
        index, low, high = base.limits[0]
        if not base.function.has(index):
            rest *= base.function ** (power * (high - low + 1))
            continue
        powers = running.setdefault(base.function.xreplace({index: r}), {})
        for position, sign in ((high, 1), (low - 1, -1)):
            powers[sp.expand(position)] = powers.get(sp.expand(position), 0) + sign * power
    return sp.powsimp(rest * sp.Mul(*(_telescoped(body, powers) for body, powers in running.items())))


def _telescoped(body: sp.Expr, powers: Positions) -> sp.Expr:
    """The product of F(position)^power, where F(m + 1) is F(m) times the body at m + 1."""
    known: sp.Expr = sp.S.One
    powers = {position: power for position, power in powers.items() if power != 0}
    while pair := _neighbours(powers):
        high, low = pair
        power = powers.pop(high)
        known *= sp.Mul(*(body.subs(r, low + step) ** power for step in range(1, int(high - low) + 1)))
        powers[low] += power
        powers = {position: power for position, power in powers.items() if power != 0}
    while powers:  # the powers sum to 0: each product brought one of either sign
        high = next(position for position, power in powers.items() if power > 0)
        low = next(position for position, power in powers.items() if power < 0)
        known *= sp.Product(body, (r, low + 1, high))
        powers[high], powers[low] = powers[high] - 1, powers[low] + 1
        powers = {position: power for position, power in powers.items() if power != 0}
    return known


def _neighbours(positions: Positions) -> tuple[sp.Expr, sp.Expr] | None:
    """Two positions, the higher first, that lie a known whole number apart."""
    return next(((a, b) for a in positions for b in positions if (a - b).is_Integer and a - b > 0), None)


def at_equal_widths(expr: sp.Expr) -> sp.Expr:
    """The formula for one width n_0 and one weight variance v_0 in every layer."""
    first = {base: base[0] for base in (n, v)}
    uniform = expr.replace(lambda e: isinstance(e, sp.Indexed) and e.base in first, lambda e: first[e.base])
    return quotient(uniform, sp.S.One)


# --- conditions ------------------------------------------------------------------------------------


def for_layer(condition: sp.Eq) -> sp.Eq:
    """The condition written for the weights W^i, whatever layer it was written for."""
    (entry,) = (e for e in condition.atoms(sp.Indexed) if e.base == v)
    return condition.subs(i, 2 * i - entry.indices[0])


def needed_at(condition: sp.Eq, theorem: Theorem) -> list[int] | None:
    """The layers of weights at which the condition is needed to keep the theorem's variance in all layers.

    None where it does not suffice to have it in every layer.  Decided exactly in a network of unequal widths.
    """
    layers = range(len(WIDTHS) - 1)
    solution = sp.solve(for_layer(condition), v[i])[0]
    exact = [rational(solution.subs(i, layer), {n: WIDTHS.__getitem__}) for layer in layers]
    kept = [variance for variance in exact if variance is not None]
    if len(kept) < len(exact) or not _constant(theorem, kept):
        return None
    return [at for at in layers if not _constant(theorem, [*kept[:at], 2 * kept[at], *kept[at + 1 :]])]


def _constant(theorem: Theorem, variances: list[Fraction]) -> bool:
    """Whether the variance is the same in every layer of the network with these weight variances."""
    given = {"widths": WIDTHS, "weight_variances": tuple(variances)}
    (scale,) = {p.name for p in theorem.parameters} - given.keys() - {"layer"}
    points = [{**given, scale: 1, "layer": layer} for layer in range(len(WIDTHS))]
    return len({_value(theorem, point) for point in points if theorem.constraint(point) is None}) == 1


def _value(theorem: Theorem, arguments: Mapping[str, object]) -> Fraction | None:
    chosen, values = theorem.bind(arguments)
    return rational(theorem.value(*chosen), theorem.environment(values))


# --- the compromise --------------------------------------------------------------------------------


def balanced(statement: Chain) -> sp.Expr:
    """The unknown at which the two errors of `bound <= max(|e|, |f|)` are opposite and the bound is attained.

    The bound does not depend on the unknown, so that is where the larger error is least.  Raises ValueError
    where the bound is not attained.
    """
    one, other = (error.args[0] for error in statement.right.args)
    (unknown,) = statement.right.free_symbols - statement.left.free_symbols
    best = sp.solve(one + other, unknown)[0]
    widths = sorted(statement.left.free_symbols, key=str)
    for values in ((3, 5), (5, 3), (4, 4)):
        env = dict(zip(widths, values, strict=True))
        if rational(statement.right.subs(unknown, best), env) != rational(statement.left, env):
            raise ValueError(f"the bound {statement.left} is not attained at {best}")
    return best
