"""Expression nodes that SymPy lacks: functions that floating point or balls want whole, integrals with a majorant, sums over
pairs, and maps applied many times.
"""

from __future__ import annotations

from typing import Any

import sympy as sp


class log1pmx(sp.Function):
    """log(1 + x) - x, which floating point loses entirely for small x when written out."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The derivative -x/(1 + x)."""
        return -self.args[0] / (1 + self.args[0])

    def _eval_rewrite_as_log(self, x: sp.Expr, **hints: Any) -> sp.Expr:
        return sp.log(1 + x) - x

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        x = printer._print(self.args[0])
        body = rf"\left[\ln\left(1 + {x}\right) - {x}\right]"
        return body if exp is None else f"{body}^{{{exp}}}"


ACOSPI_RATIONAL = {  # by Niven's theorem there are no others
    sp.Integer(1): sp.Integer(0),
    sp.Rational(1, 2): sp.Rational(1, 3),
    sp.Integer(0): sp.Rational(1, 2),
    sp.Rational(-1, 2): sp.Rational(2, 3),
    sp.Integer(-1): sp.Integer(1),
}


class acospi(sp.Function):
    """arccos(x)/pi, -1 <= x <= 1: the angle between two unit vectors of inner product x, in half turns."""

    nargs = 1

    @classmethod
    def eval(cls, x: sp.Expr) -> sp.Expr | None:
        return ACOSPI_RATIONAL.get(x)

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """The derivative -1/(pi sqrt(1 - x^2))."""
        return -1 / (sp.pi * sp.sqrt(1 - self.args[0] ** 2))

    def _eval_evalf(self, prec: int) -> sp.Expr:
        return (sp.acos(self.args[0]) / sp.pi)._eval_evalf(prec)

    def _eval_is_real(self) -> bool | None:
        return True if self.args[0].is_real else None  # it is used on [-1, 1] only

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        body = rf"\frac{{\arccos\left({printer._print(self.args[0])}\right)}}{{\pi}}"
        return body if exp is None else rf"\left({body}\right)^{{{exp}}}"


class DominatedIntegral(sp.Expr):
    """The integral of `body` over `variable` from `lower` to `upper`, where |body| <= scale * exp(-rate |variable|).

    The majorant is part of the statement: a rigorous evaluation over an infinite range is impossible without one.  It
    holds on the whole range; the module that builds the integral says why.
    """

    def __new__(cls, body: Any, limits: Any, scale: Any, rate: Any) -> DominatedIntegral:
        variable, lower, upper = limits
        arguments = [sp.S(a) for a in (body, variable, lower, upper, scale, rate)]
        return sp.Expr.__new__(cls, arguments[0], sp.Tuple(*arguments[1:4]), *arguments[4:])

    body = property(lambda self: self.args[0])
    variable = property(lambda self: self.args[1][0])
    lower = property(lambda self: self.args[1][1])
    upper = property(lambda self: self.args[1][2])
    scale = property(lambda self: self.args[2])
    rate = property(lambda self: self.args[3])

    @property
    def plain(self) -> sp.Integral:
        """The same integral without its majorant."""
        return sp.Integral(self.body, tuple(self.args[1]))

    @property
    def free_symbols(self) -> set[sp.Basic]:
        """Symbols other than the integration variable."""
        inner = self.body.free_symbols - {self.variable}
        return inner.union(*(a.free_symbols for a in (self.lower, self.upper, self.scale, self.rate)))

    @property
    def bound_symbols(self) -> list[sp.Symbol]:
        """The integration variable."""
        return [self.variable]

    def _latex(self, printer: Any) -> str:
        return printer._print(self.plain)

    def _sympystr(self, printer: Any) -> str:
        return printer._print(self.plain)

    def _pretty(self, printer: Any) -> Any:
        return printer._print(self.plain)


class PairSum(sp.Expr):
    """The sum over ordered pairs of distinct indices first != second, both from 1 to count."""

    is_commutative = True

    def __new__(cls, body: Any, first: Any, second: Any, count: Any) -> PairSum:
        return sp.Expr.__new__(cls, *map(sp.S, (body, first, second, count)))

    body = property(lambda self: self.args[0])
    first = property(lambda self: self.args[1])
    second = property(lambda self: self.args[2])
    count = property(lambda self: self.args[3])

    @property
    def free_symbols(self) -> set[sp.Basic]:
        """Symbols other than the two indices."""
        return (self.body.free_symbols - {self.first, self.second}) | self.count.free_symbols

    @property
    def bound_symbols(self) -> list[sp.Symbol]:
        """The two indices."""
        return [self.first, self.second]

    def _latex(self, printer: Any) -> str:
        first, second, count, body = (printer._print(a) for a in (self.first, self.second, self.count, self.body))
        return rf"\sum_{{{first} \ne {second}}}^{{{count}}} {body}"

    def _sympystr(self, printer: Any) -> str:
        return f"PairSum({printer._print(self.body)}, {self.first} != {self.second} <= {printer._print(self.count)})"


class Iterate(sp.Expr):
    """The first of `variables` after `count` steps from `starts`, each of which replaces all of them at once by `bodies`."""

    is_commutative = True

    def __new__(cls, variables: Any, bodies: Any, starts: Any, count: Any) -> Iterate:
        return sp.Expr.__new__(cls, sp.Tuple(*variables), sp.Tuple(*bodies), sp.Tuple(*starts), sp.S(count))

    variables = property(lambda self: self.args[0])
    bodies = property(lambda self: self.args[1])
    starts = property(lambda self: self.args[2])
    count = property(lambda self: self.args[3])

    @property
    def free_symbols(self) -> set[sp.Basic]:
        """Symbols other than those stepped."""
        inner = self.bodies.free_symbols - set(self.variables)
        return inner | self.starts.free_symbols | self.count.free_symbols

    @property
    def bound_symbols(self) -> list[sp.Symbol]:
        """The symbols stepped."""
        return list(self.variables)

    @property
    def slopes(self) -> tuple[tuple[sp.Expr, ...], ...]:
        """The derivatives of each body by each variable."""
        return tuple(tuple(sp.diff(body, variable) for variable in self.variables) for body in self.bodies)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        before, after, starts = (", ".join(map(printer._print, part)) for part in self.args[:3])
        several = len(self.variables) > 1
        step = rf"\left[({before}) \mapsto ({after})\right]" if several else rf"\left[{before} \mapsto {after}\right]"
        body = rf"{step}^{{\circ {printer._print(self.count)}}}\left({starts}\right)" + ("_1" if several else "")
        return body if exp is None else rf"\left({body}\right)^{{{exp}}}"

    def _sympystr(self, printer: Any) -> str:
        before, after, starts = (", ".join(map(printer._print, part)) for part in self.args[:3])
        return f"Iterate(({before}) -> ({after}), ({starts}), {printer._print(self.count)})"
