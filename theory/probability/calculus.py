"""The rules of expectation for symbolic widths: linearity, independence, symmetry, squares of sums, identical laws.

Each rule rewrites one line into what follows from it; a proof's next line must agree with that.  A rule that uses a fact
about the random variables asks the context for the assumption behind it, and is refused where the theorem did not make
that assumption.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from theory.probability.expectation import E, Var
from theory.probability.setting import Family
from theory.proof.nodes import PairSum
from theory.proof.rules import Context, Rule, rewrite

Pairs = frozenset[frozenset[sp.Basic]]


def _on(node: type, change: Callable[..., sp.Expr]) -> Callable[[sp.Basic, Context], sp.Basic]:
    """The rule that applies `change` to every node of one type, from the inside out."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
            return change(part, context, distinct) if isinstance(part, node) else part

        return rewrite(line, visit)

    return derive


# --- variance and sums ---------------------------------------------------------------------------------------------


def _moments_of_variance(part: Var, context: Context, distinct: Pairs) -> sp.Expr:
    return E(part.body**2) - E(part.body) ** 2


variance_as_moments = Rule("Var X = E[X²] - E[X]²", _on(Var, _moments_of_variance))


def _square(part: sp.Pow, context: Context, distinct: Pairs) -> sp.Expr:
    if part.exp != 2 or not isinstance(part.base, sp.Sum) or len(part.base.limits) != 1:
        return part
    index, lower, count = part.base.limits[0]
    if lower != 1:
        return part
    other = sp.Symbol(f"{index}'", integer=True, positive=True)
    body = part.base.function
    cross = body * body.xreplace({index: other})
    return sp.Sum(body**2, (index, 1, count)) + PairSum(cross, index, other, count)


square_of_sum = Rule("square of a sum: equal and distinct pairs", _on(sp.Pow, _square))


def _linear(part: E, context: Context, distinct: Pairs) -> sp.Expr:
    random = context.setting.random
    body = sp.expand(part.body)
    if isinstance(body, sp.Add):
        return sp.Add(*(_linear(E(term), context, distinct) for term in body.args))
    if isinstance(body, sp.Mul):
        constants = [factor for factor in body.args if not random(factor)]
        rest = sp.Mul(*(factor for factor in body.args if random(factor)))
        if constants:
            return sp.Mul(*constants) * _linear(E(rest), context, distinct)
    if isinstance(body, sp.Sum) and not random(sp.Tuple(*body.limits)):
        return sp.Sum(_linear(E(body.function), context, distinct), *body.limits)
    if isinstance(body, PairSum):
        inner = _linear(E(body.body), context, distinct)
        return PairSum(inner, body.first, body.second, body.count)
    return E(body) if random(body) else body


linearity = Rule("linearity of expectation", _on(E, _linear))


# --- independence, symmetry, equal laws ----------------------------------------------------------------------------


def _differ(left: sp.Basic, right: sp.Basic, distinct: Pairs) -> bool:
    return frozenset((left, right)) in distinct or bool(sp.expand(left - right).is_nonzero)


def _separate(first: sp.Indexed, second: sp.Indexed, context: Context, distinct: Pairs) -> bool:
    """Whether two atoms are independent by what the theorem assumes."""
    left, right = context.setting.family(first), context.setting.family(second)
    assert left is not None
    assert right is not None
    if left is right and left.independent_entries is not None:
        apart = any(_differ(a, b, distinct) for a, b in zip(first.indices, second.indices, strict=True))
        return apart and context.grants(left.independent_entries)
    (low_a, high_a), (low_b, high_b) = left.span(*first.indices), right.span(*second.indices)
    apart = bool((sp.S(low_b) - high_a).is_positive) or bool((sp.S(low_a) - high_b).is_positive)
    return apart and context.grants(left.independent) and context.grants(right.independent)


def _factorise(part: E, context: Context, distinct: Pairs) -> sp.Expr:
    """E of a product as the product of E over groups of factors that share no dependent atoms."""
    groups: list[tuple[list[sp.Expr], set[sp.Indexed]]] = []
    for factor in sp.Mul.make_args(part.body):
        atoms = context.setting.atoms(factor)
        joined = [
            group
            for group in groups
            if any(not (a != b and _separate(a, b, context, distinct)) for a in atoms for b in group[1])
        ]
        groups = [group for group in groups if group not in joined]
        factors = [factor, *(f for group in joined for f in group[0])]
        groups.append((factors, atoms.union(*(group[1] for group in joined))))
    return sp.Mul(*(E(sp.Mul(*factors)) if atoms else sp.Mul(*factors) for factors, atoms in groups))


independence = Rule("independence", _on(E, _factorise))


def _odd_vanishes(part: E, context: Context, distinct: Pairs) -> sp.Expr:
    base, exponent = part.body.as_base_exp()
    family = context.setting.family(base)
    if family is None or not exponent.is_odd:
        return part
    fact = family.mean_zero if exponent == 1 and family.mean_zero is not None else family.symmetric
    return sp.S.Zero if context.grants(fact) else part


zero_mean = Rule("zero mean", _on(E, _odd_vanishes))


def _second_moment(part: E, context: Context, distinct: Pairs) -> sp.Expr:
    base, exponent = part.body.as_base_exp()
    family = context.setting.family(base)
    if family is None:
        return part
    known = {sp.S(1): family.first, sp.S(2): family.second}.get(exponent)
    return known(*base.indices) if known is not None and context.grants(family.identical) else part


identical_law = Rule("identical law of the entries", _on(E, _second_moment))


def _flip(family: Family) -> Callable[[sp.Basic, Context], sp.Basic]:
    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        if not context.grants(family.symmetric):
            return line

        def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
            if not isinstance(part, E):
                return part
            signs = {atom: -atom for atom in part.body.atoms(sp.Indexed) if atom.base == family.base}
            return (part + E(part.body.xreplace(signs))) / 2

        return rewrite(line, visit)

    return derive


def symmetry_of(family: Family) -> Rule:
    """Average a line with its image under a change of sign of every entry of a symmetric family."""
    return Rule(f"symmetry of the law of {family.base}", _flip(family))


def notation(base: sp.IndexedBase) -> Rule:
    """Write out what an abbreviation of the setting stands for."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        meaning = context.setting.notations[base]
        return rewrite(
            line,
            lambda part, distinct: (
                meaning(*part.indices) if isinstance(part, sp.Indexed) and part.base == base else part
            ),
        )

    return Rule(f"notation {base}", derive)
