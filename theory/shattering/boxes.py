"""Inequalities between functions of one variable, proved on whole intervals by ball arithmetic on boxes that cover them.

Where the two sides touch at 0 no box decides: there the difference and its first derivatives vanish, exactly, and the next
derivative is positive on boxes that cover a neighbourhood, so that Taylor's formula settles it.
Reference: tucker2011.
"""

from __future__ import annotations

import sympy as sp
from flint import acb, arb, fmpq

from theory.proof.balls import ball
from theory.proof.rules import Context, Rule, RuleDoesNotApply

BITS = 64
HALVINGS = 30  # of an interval before a box is given up


def positive_on(
    expr: sp.Expr, variable: sp.Symbol, low: sp.Rational, high: sp.Rational, halvings: int = HALVINGS
) -> bool:
    """Whether boxes prove an expression to be positive from low to high."""
    middle, radius = (low + high) / 2, (high - low) / 2
    box = arb(fmpq(int(middle.p), int(middle.q)), arb(fmpq(int(radius.p), int(radius.q))).upper())
    if ball(expr, {variable: acb(box)}, BITS) > 0:
        return True
    return halvings > 0 and all(
        positive_on(expr, variable, *ends, halvings - 1) for ends in ((low, middle), (middle, high))
    )


def at_most(target: sp.Expr, variable: sp.Symbol, high: sp.Rational, touching: int, near: sp.Rational) -> Rule:
    """line <= target for 0 <= variable <= high, the two agreeing at 0 up to derivatives of an order below `touching`.

    On [0, near] Taylor's formula is used, on [near, high] the difference itself.
    """

    def derive(line: sp.Expr, context: Context) -> sp.Basic:
        gap = target - line
        if any(sp.simplify(sp.diff(gap, variable, order).subs(variable, 0)) != 0 for order in range(touching)):
            raise RuleDoesNotApply(f"{line} and {target} differ before the derivative of order {touching}")
        slope = sp.diff(gap, variable, touching)
        if not positive_on(slope, variable, sp.S.Zero, near) or not positive_on(gap, variable, near, high):
            raise RuleDoesNotApply(f"no boxes prove that {line} is at most {target}")
        return target

    return Rule("Taylor's formula at 0, boxes elsewhere", derive, relation="<=")
