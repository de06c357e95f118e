"""The mpmath arithmetic: any number of digits, not rigorous, and independent of the balls: a second opinion.

Integrals are computed by mpmath's tanh-sinh quadrature between the cuts 0, +-4, +-16, ...; an infinite range
is cut where the integrand's majorant has fallen below the working precision.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from typing import Any

import sympy as sp
from mpmath import mp
from sympy.codegen.cfunctions import expm1, log1p

from numerics.evaluate.quadrature import NotComputed
from numerics.evaluate.relations import RELATIONS
from numerics.evaluate.sharing import evaluate, scope
from theory.proof.interpret import Backend, Environment, UnknownNode, Value, interpret, whole
from theory.proof.nodes import DominatedIntegral, Iterate, acospi, log1pmx

MOST_DIGITS = 8000  # about the limit of the balls


def _log1pmx(x: Value) -> Value:
    """With as many more bits as the difference cancels: it is about x^2/2, and so is lost |x| times."""
    lost = max(0, -mp.mag(x)) if x else 0
    with mp.workprec(mp.prec + lost + 10):
        value = mp.log1p(x) - x
    return +value


class Digits(Backend):
    """mpmath numbers at its current working precision."""

    name = "mpmath"
    functions: Mapping[type, Callable[..., Value]] = {
        sp.Add: lambda *terms: mp.fsum(terms),
        sp.Mul: lambda *factors: mp.fprod(factors),
        sp.Pow: lambda base, exponent: base**exponent,
        sp.exp: mp.exp,
        expm1: mp.expm1,
        sp.log: mp.log,
        log1p: mp.log1p,
        log1pmx: _log1pmx,
        sp.sin: mp.sin,
        sp.cos: mp.cos,
        sp.atan: mp.atan,
        acospi: lambda x: mp.acos(x) / mp.pi,
        sp.tanh: mp.tanh,
        sp.cosh: mp.cosh,
        sp.sinh: mp.sinh,
        sp.erf: mp.erf,
        sp.erfc: mp.erfc,
        sp.gamma: mp.gamma,
        sp.loggamma: mp.loggamma,
        sp.polygamma: lambda order, x: mp.polygamma(int(order), x),
        sp.lowergamma: lambda order, x: mp.gammainc(order, 0, x),
        sp.uppergamma: lambda order, x: mp.gammainc(order, x),
        sp.binomial: mp.binomial,
        sp.Abs: abs,
        sp.Max: max,
        sp.Min: min,
        sp.re: mp.re,
        sp.im: mp.im,
    }

    def __init__(self) -> None:
        super().__init__()
        self.forms[type(sp.pi)] = lambda node, env, backend: +mp.pi
        self.forms[type(sp.E)] = lambda node, env, backend: +mp.e
        self.forms[type(sp.EulerGamma)] = lambda node, env, backend: +mp.euler
        self.forms[type(sp.I)] = lambda node, env, backend: mp.mpc(0, 1)
        self.forms[sp.Piecewise] = _piecewise
        self.forms[sp.Integral] = _integral
        self.forms[DominatedIntegral] = _dominated
        self.forms[Iterate] = _iterate

    def number(self, q: sp.Rational) -> Value:
        return mp.mpf(int(q.p)) / int(q.q)

    def lift(self, raw: Value) -> Value:
        return mp.mpf(raw.numerator) / raw.denominator if isinstance(raw, (int, Fraction)) else raw


def _holds(condition: sp.Basic, env: Environment, backend: Backend) -> bool:
    if condition in (sp.true, sp.false):
        return bool(condition)
    if isinstance(condition, (sp.And, sp.Or)):
        joint = operator.and_ if isinstance(condition, sp.And) else operator.or_
        return reduce(joint, (_holds(part, env, backend) for part in condition.args))
    if type(condition) not in RELATIONS:
        raise UnknownNode(f"the {backend.name} arithmetic has no meaning for the condition {condition}")
    return bool(RELATIONS[type(condition)](*(interpret(side, env, backend) for side in condition.args)))


def _piecewise(node: sp.Piecewise, env: Environment, backend: Backend) -> Value:
    for value, condition in node.args:
        if _holds(condition, env, backend):
            return interpret(value, env, backend)
    return mp.nan


def _integral(node: sp.Integral, env: Environment, backend: Backend) -> Value:
    if len(node.limits) != 1 or len(node.limits[0]) != 3:
        raise UnknownNode(f"only definite single integrals are evaluated, not {node}")
    variable, lower, upper = node.limits[0]
    if lower.is_infinite or upper.is_infinite:
        raise UnknownNode(f"{node} has an infinite range: give its majorant with DominatedIntegral")
    low, high = (interpret(end, env, backend) for end in (lower, upper))
    return _quad(node.function, variable, low, high, scope(env, node), backend)


def _dominated(node: DominatedIntegral, env: Environment, backend: Backend) -> Value:
    scale, rate = (interpret(part, env, backend) for part in (node.scale, node.rate))
    reach = mp.ceil(mp.log(1 + 2 * scale / (rate * mp.eps)) / rate)
    lower = None if node.lower == -sp.oo else interpret(node.lower, env, backend)
    upper = None if node.upper == sp.oo else interpret(node.upper, env, backend)
    low = -(reach + max(0, -(upper or 0))) if lower is None else lower
    high = reach + max(0, lower or 0) if upper is None else upper
    return _quad(node.body, node.variable, low, high, scope(env, node), backend)


def _iterate(node: Iterate, env: Environment, backend: Backend) -> Value:
    env, state = scope(env, node), [interpret(start, env, backend) for start in node.starts]
    for _ in range(whole(node.count, env)):
        now = {**env, **dict(zip(node.variables, state, strict=True))}
        state = [evaluate(body, now, backend) for body in node.bodies]
    return state[0]


def _quad(
    body: sp.Basic, variable: sp.Symbol, low: Any, high: Any, env: Environment, backend: Backend
) -> Value:
    marks = [mp.mpf(sign * 4**k) for k in range(1, 12) for sign in (-1, 1)] + [mp.mpf(0)]
    cuts = [low, *sorted(mark for mark in marks if low < mark < high), high]
    return mp.quad(lambda point: evaluate(body, {**env, variable: point}, backend), cuts)


def digits_of(expr: sp.Basic, env: Environment, digits: int) -> Any:
    """The value of `expr` as an mpmath number whose `digits` digits two working precisions agree on.

    env: exact values (int, Fraction), and functions of the index for lists.  Raises NotComputed when they
    never agree.
    """
    backend, working = Digits(), digits + 10
    before = None
    while working <= MOST_DIGITS:
        with mp.workdps(working):
            value = evaluate(expr, env, backend)
            if before is not None and abs(value - before) <= abs(value) * mp.mpf(10) ** -digits:
                return value
        before, working = value, 2 * working
    raise NotComputed(f"{digits} digits were not reached with {MOST_DIGITS} working digits")
