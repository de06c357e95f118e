"""Rules of this subject: differentiation under an integral, results carried over, products of sums and of factors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from theory.proof.nodes import DominatedIntegral
from theory.proof.normal import difference
from theory.proof.rules import Context, Rule, RuleDoesNotApply
from theory.proof.theorem import Chain


def as_shown(chain: Chain, at: Mapping[sp.Basic, Any] | None = None) -> Rule:
    """Replace the first line of a chain of the same proof by its last, at given values of its symbols."""
    left, right = (side.subs(at or {}, simultaneous=True) for side in (chain.left, chain.right))
    return Rule("as shown", lambda line, context: line.xreplace({left: right}))


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
