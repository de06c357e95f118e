"""The exact rational arithmetic: rational values come out as themselves, everything else is unknown to it.

A decimal tie (0.125 to two digits) and the number 0 are undecidable by enclosures alone; this decides them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from numerics.evaluate.relations import RELATIONS
from theory.proof.interpret import Backend, Environment, UnknownNode, Value, interpret, whole
from theory.proof.nodes import ACOSPI_RATIONAL, Iterate, acospi, log1pmx

MOST_BITS = 1 << 20  # of a power's numerator or denominator; beyond, enclosures are faster


class NotRational(UnknownNode):
    """The value is irrational, or not seen to be rational."""


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    size = max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(exponent)
    if size > MOST_BITS or (base == 0 and exponent < 0):
        raise NotRational
    roots = [
        sp.integer_nthroot(abs(part), exponent.denominator) for part in (base.numerator, base.denominator)
    ]
    if exponent.denominator > 1 and (base < 0 or not all(exact for _, exact in roots)):
        raise NotRational
    root = Fraction(int(roots[0][0]), int(roots[1][0])) if exponent.denominator > 1 else base
    return Fraction(root**exponent.numerator)


def _binomial(n: Fraction, k: Fraction) -> Fraction:
    if n.denominator > 1 or k.denominator > 1 or n < 0 or k < 0:
        raise NotRational
    return Fraction(math.comb(int(n), int(k)))


def _only(at: int, value: int) -> Callable[[Fraction], Fraction]:
    """A function that is rational at one point alone."""

    def function(x: Fraction) -> Fraction:
        if x != at:
            raise NotRational
        return Fraction(value)

    return function


def _acospi(x: Fraction) -> Fraction:
    value = ACOSPI_RATIONAL.get(sp.Rational(x.numerator, x.denominator))
    if value is None:
        raise NotRational
    return Fraction(int(value.p), int(value.q))


class Rationals(Backend):
    """Fractions; raises UnknownNode (NotRational) for any value it does not see to be rational."""

    name = "rational"
    functions: Mapping[type, Callable[..., Value]] = {
        sp.Add: lambda *terms: sum(terms, Fraction(0)),
        sp.Mul: lambda *factors: reduce(lambda a, b: a * b, factors, Fraction(1)),
        sp.Pow: _power,
        sp.binomial: _binomial,
        sp.Abs: abs,
        acospi: _acospi,
        sp.Max: max,
        sp.Min: min,
        sp.exp: _only(0, 1),
        sp.cos: _only(0, 1),
        sp.cosh: _only(0, 1),
        sp.erfc: _only(0, 1),
        sp.log: _only(1, 0),
        **dict.fromkeys((expm1, log1p, log1pmx, sp.sin, sp.atan, sp.tanh, sp.sinh, sp.erf), _only(0, 0)),
    }

    def __init__(self) -> None:
        super().__init__()
        self.forms[sp.Piecewise] = self._piecewise
        self.forms[Iterate] = self._iterate

    def number(self, q: sp.Rational) -> Fraction:
        return Fraction(int(q.p), int(q.q))

    def lift(self, raw: Value) -> Fraction:
        return Fraction(raw)

    def _piecewise(self, node: sp.Piecewise, env: Environment, backend: Backend) -> Fraction:
        for value, condition in node.args:
            if condition != sp.true and type(condition) not in RELATIONS:
                raise NotRational
            sides = (interpret(side, env, self) for side in condition.args)
            if condition == sp.true or RELATIONS[type(condition)](*sides):
                return interpret(value, env, self)
        raise NotRational


    def _iterate(self, node: Iterate, env: Environment, backend: Backend) -> Fraction:
        state = [interpret(start, env, self) for start in node.starts]
        for _ in range(whole(node.count, env)):
            now = {**env, **dict(zip(node.variables, state, strict=True))}
            state = [interpret(body, now, self) for body in node.bodies]
        return Fraction(state[0])


def rational(expr: sp.Basic, env: Environment) -> Fraction | None:
    """The value of `expr` if exact rational arithmetic alone gives it, else None."""
    try:
        return interpret(expr, env, Rationals())
    except UnknownNode:
        return None
