"""Rules of this subject: differentiation under an integral, results carried over, products of sums and of factors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from theory.probability.expectation import E
from theory.proof.nodes import DominatedIntegral, PairSum
from theory.proof.normal import difference
from theory.proof.rules import Context, Rule, RuleDoesNotApply, rewrite
from theory.proof.theorem import Chain

Values = Mapping[sp.Basic, Any]


def _sides(chain: Chain, at: Values | None) -> tuple[sp.Expr, sp.Expr]:
    """A chain's first and last line at given values of its symbols; values of positive symbols must be positive."""
    for symbol, value in (at or {}).items():
        if symbol.is_positive and not _positive(value):
            raise RuleDoesNotApply(f"{value} is not known to be positive, as {symbol} is")
    left, right = (side.subs(at or {}, simultaneous=True) for side in (chain.left, chain.right))
    return left, right


def _positive(value: sp.Expr) -> bool:
    """Whether a value is positive for all positive integers in it, each written as 1 + something."""
    counts = {
        n: 1 + sp.Dummy(integer=True, nonnegative=True) for n in value.free_symbols if n.is_integer and n.is_positive
    }
    return bool(sp.expand(value.xreplace(counts)).is_positive)


def as_shown(chain: Chain, at: Values | None = None) -> Rule:
    """Replace the first line of a chain of the same proof by its last, at given values of its symbols."""

    def derive(line: Any, context: Context) -> sp.Basic:
        left, right = _sides(chain, at)
        return line.xreplace({left: right})

    return Rule("as shown", derive, relation=chain.relation)


def bounded(bound: Chain, at: Values | None = None) -> Rule:
    """c a <= c b for c > 0 where a chain of the same proof shows a <= b."""

    def derive(line: Any, context: Context) -> sp.Basic:
        left, right = _sides(bound, at)
        factor = sp.cancel(line / left)
        if bound.relation not in ("=", "<=") or not factor.is_positive:
            raise RuleDoesNotApply(f"{line} is no positive multiple of {left}")
        return factor * right

    return Rule("bounded, as shown", derive, relation="<=")


def reciprocal(bound: Chain, at: Values | None = None) -> Rule:
    """c/b <= c/a for c > 0 where a chain of the same proof shows 0 < a <= b."""

    def derive(line: Any, context: Context) -> sp.Basic:
        left, right = _sides(bound, at)
        factor = sp.simplify(line * right)
        if bound.relation not in ("=", "<=") or not bound.left.is_positive or not factor.is_positive:
            raise RuleDoesNotApply(f"{line} is no positive multiple of 1/({right})")
        return factor / left

    return Rule("reciprocals, as shown", derive, relation="<=")


def ordered(bound: Chain) -> Rule:
    """|a - b| = b - a where a chain of the same proof shows a <= b."""
    gap = bound.left - bound.right
    return Rule("the sign, as shown", lambda line, context: line.xreplace({sp.Abs(gap): -gap}))


def less(bound: Chain) -> Rule:
    """A line grows when c b in it, c < 0 a constant, is replaced by c a, where a chain of the same proof shows a <= b."""

    def derive(line: Any, context: Context) -> sp.Basic:
        ratios = (sp.simplify(term / bound.right) for term in sp.Add.make_args(sp.expand(line, deep=False)))
        coefficient = sp.Add(*(ratio for ratio in ratios if ratio.is_number))
        if bound.relation not in ("=", "<=") or not coefficient.is_negative:
            raise RuleDoesNotApply(f"{bound.right} is not subtracted in {line}")
        return line + coefficient * (bound.left - bound.right)

    return Rule("subtracting less, as shown", derive, relation="<=")


def under_the_integral(growth: Chain, time: sp.Symbol, parameter: sp.Symbol) -> Rule:
    """I(parameter) = I(0) + the integral of I'(time) over time from 0 to the parameter.

    growth: a chain from I'(time), the integral of the integrand's derivative, to its value.  That derivative has a
    majorant free of the parameter, which the chain's first line claims, so I may be differentiated under its sign.
    """

    def derive(line: Any, context: Context) -> sp.Basic:
        if not isinstance(line, DominatedIntegral) or not isinstance(growth.left, DominatedIntegral):
            raise RuleDoesNotApply("only one integral with a majorant is differentiated")
        slope = sp.diff(line.body, parameter).xreplace({parameter: time})
        same = line.args[1] == growth.left.args[1] and difference(slope, growth.left.body) == 0
        if not same or growth.left.scale.has(time) or growth.left.rate.has(time):
            raise RuleDoesNotApply(f"{growth.left} is not the derivative of {line}")
        start = DominatedIntegral(line.body.subs(parameter, 0), tuple(line.args[1]), line.scale, line.rate)
        return start + sp.Integral(growth.right, (time, 0, parameter))

    return Rule("differentiation under the integral", derive)


def _collect(term: sp.Expr) -> sp.Expr:
    """A product with up to two sums over one range: as one sum, or as sums over equal and over distinct pairs of indices."""
    powers = [factor.as_base_exp() for factor in sp.Mul.make_args(term)]
    bodies = [base for base, power in powers if isinstance(base, sp.Sum) for _ in range(int(power))]
    rest = sp.Mul(*(base**power for base, power in powers if not isinstance(base, sp.Sum)))
    if (
        not bodies
        or len(bodies) > 2
        or any(body.limits != bodies[0].limits or body.limits[0][1] != 1 for body in bodies)
    ):
        return term
    index, lower, count = bodies[0].limits[0]
    if len(bodies) == 1:
        return sp.Sum(rest * bodies[0].function, (index, lower, count))
    other = sp.Symbol(f"{index}'", integer=True, positive=True)
    first, second = (body.function for body in bodies)
    equal = sp.Sum(rest * first * second, (index, lower, count))
    return equal + PairSum(rest * first * second.xreplace({index: other}), index, other, count)


def _multiply_out(line: sp.Basic, context: Context) -> sp.Basic:
    def visit(part: sp.Basic, distinct: object) -> sp.Basic:
        if not isinstance(part, E):
            return part
        return sp.Add(*(E(_collect(term)) for term in sp.Add.make_args(sp.expand(part.body))))

    return rewrite(line, visit)


multiply_out = Rule("multiply the sums out: equal and distinct pairs", _multiply_out)


def reduce_gammas(expr: sp.Expr) -> sp.Expr:
    """Gamma functions whose arguments differ by integers as multiples of the one with the least argument."""
    known: list[sp.Expr] = []
    for z in sorted((g.args[0] for g in expr.atoms(sp.gamma)), key=str):
        shifts = {base: sp.expand(z - base) for base in known}
        near = next((base for base, shift in shifts.items() if shift.is_Integer), None)
        if near is None:
            known.append(z)
            continue
        low, high = (near, z) if shifts[near] > 0 else (z, near)
        factor = sp.Mul(*(low + step for step in range(int(abs(shifts[near])))))
        expr = expr.subs(sp.gamma(high), factor * sp.gamma(low))
        known = [low if base == near else base for base in known]
    return expr


gamma_recurrence = Rule("Gamma(t + 1) = t Gamma(t)", lambda line, context: reduce_gammas(line))


def telescoping(partial: sp.Expr, index: sp.Symbol) -> Rule:
    """A product whose factors are quotients F(index + 1)/F(index) of the given F is F(last + 1)/F(first)."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        def visit(part: sp.Basic, distinct: object) -> sp.Basic:
            if not isinstance(part, sp.Product) or part.limits[0][0] != index:
                return part
            _, first, last = part.limits[0]
            quotient = partial.subs(index, index + 1) / partial
            if sp.cancel(reduce_gammas(quotient) - part.function) != 0:
                raise RuleDoesNotApply(f"{part.function} is no quotient of successive values of {partial}")
            return partial.subs(index, last + 1) / partial.subs(index, first)

        return rewrite(line, visit)

    return Rule("telescoping product", derive)
