"""Sums, products and powers as presentation MathML, with the brackets they need: the arithmetic of `mathml`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import sympy as sp
from sympy.codegen.cfunctions import log1p
from sympy.printing.precedence import PRECEDENCE, precedence
from sympy.printing.printer import Printer

from theory.proof.interpret import UnknownNode
from theory.proof.markup import applied, fenced, infix, lines, minus, mn, mo, row, scripts, tag, times
from theory.proof.nodes import DominatedIntegral, Iterate, PairSum, acospi
from theory.proof.notation import DECIMALS, MATRICES, of_terms, too_long, unicode

BINDERS = (sp.Sum, sp.Product, sp.Integral, sp.Limit, PairSum, DominatedIntegral)
_OPEN = (Iterate, sp.polygamma, sp.loggamma, sp.exp, sp.factorial, sp.Derivative, sp.KroneckerDelta)  # as bases
_WIDE = 50  # characters: what is wider does not fit on a line of print and is set in several inside its brackets
_LONG = 46  # characters: what is longer does not fit on a line of a phone and is broken


def arguments(function: sp.Basic) -> tuple[sp.Basic, ...]:
    """What a function is printed to be of."""
    return (1 + function.args[0],) if isinstance(function, log1p) else function.args


def has_layer(expr: sp.Basic) -> bool:
    """Whether the first of the indices is a layer, which is raised; a matrix of one layer has none."""
    indices = expr.indices if isinstance(expr, sp.Indexed) else ()
    return len(indices) > 1 and not (len(indices) == 2 and str(expr.base) in MATRICES)


class Arithmetic(Printer):
    """Each method gives one element.  `flat`: inside a script, where a fraction has a slash."""

    printmethod = "_as_mathml"
    _default_settings: dict[str, Any] = {"order": None}
    flat = False

    def emptyPrinter(self, expr: Any) -> str:
        raise UnknownNode(
            f"{type(expr).__name__} has no notation in MathML; theory.proof.mathml is where to give it one"
        )

    def _small(self, *parts: Any) -> str:
        """A row inside a script, of expressions and of elements."""
        with self._flattened():
            return row(*[part if isinstance(part, str) else self._print(part) for part in parts])

    @contextmanager
    def _flattened(self) -> Iterator[None]:
        before, self.flat = self.flat, True
        yield
        self.flat = before

    def _all(self, parts: Iterable[Any]) -> list[str]:
        return [self._print(part) for part in parts]

    def _bracketed(self, item: sp.Basic, level: int, strict: bool = False) -> str:
        """The item, in brackets if it binds weaker than `level` or, unless `strict`, as weakly."""
        strength = PRECEDENCE["Mul"] if isinstance(item, (*BINDERS, acospi)) else precedence(item)
        if isinstance(item, sp.Mul) and self._factors(item)[0]:
            strength = PRECEDENCE["Add"]  # a minus stands in front
        strength = 0 if isinstance(item, sp.Piecewise) else strength  # its brace has no end
        text = self._print(item)
        return fenced(text) if strength < level or (not strict and strength <= level) else text

    # --- sums, products, powers -------------------------------------------------------------------

    def parts(self, expr: sp.Basic) -> Iterator[tuple[str, str]]:
        """Signs and elements between which a line may break; their row is the expression."""
        length = len(unicode(expr))
        if isinstance(expr, sp.Add) and length > _LONG:
            for at, term in enumerate(of_terms(expr)):
                (mark, first), *rest = self.parts(term)
                yield mark or ("+" if at else ""), first
                yield from rest
        elif isinstance(expr, sp.Mul) and length > 2 * _LONG:
            negative, (first, *others) = self._factors(expr)
            yield "−" if negative else "", first
            yield from (("⋅", factor) for factor in others)
        else:
            negative, body = self._signed(expr)
            yield "−" if negative else "", body

    def _signed(self, expr: sp.Basic) -> tuple[bool, str]:
        """Whether a minus stands in front, and what follows it."""
        if isinstance(expr, (sp.Mul, sp.Rational)):
            negative, factors = self._factors(expr)
            return negative, times(factors, None if self.flat else _WIDE)
        return False, self._print(expr)

    def _print_Add(self, expr: sp.Add) -> str:
        shown: list[str] = []
        for term in of_terms(expr):
            signed = isinstance(term, (sp.Mul, sp.Rational))
            negative, body = self._signed(term) if signed else (False, self._bracketed(term, PRECEDENCE["Add"]))
            sign = infix("−" if negative else "+") if shown else mo("−", form="prefix") if negative else ""
            shown.append(row(sign, body))
        return lines(shown, shown, None if self.flat else _WIDE)

    def _print_Mul(self, expr: sp.Expr) -> str:
        negative, factors = self._factors(expr)
        body = times(factors, None if self.flat else _WIDE)
        return minus(body) if negative else body

    def _print_Rational(self, expr: sp.Rational) -> str:
        if not too_long(expr):
            return self._print_Mul(expr)
        whole, rest = divmod(abs(expr), 1)
        cut = mn(f"{whole}.{int(rest * 10**DECIMALS):0{DECIMALS}}…")
        return minus(cut) if expr < 0 else cut

    def _print_Integer(self, expr: sp.Integer) -> str:
        return minus(mn(str(-expr))) if expr < 0 else mn(str(expr))

    def _factors(self, expr: sp.Expr) -> tuple[bool, list[str]]:
        """The sign of a product, and the rest of it: a fraction or factors, then sums and integrals."""
        negative = False
        above: list[sp.Expr] = []
        below: list[sp.Expr] = []
        bound: list[sp.Expr] = []
        for factor in expr.as_ordered_factors() if isinstance(expr, sp.Mul) else (expr,):
            if too_long(factor):
                negative ^= bool(factor < 0)
                above.append(abs(factor))
            elif isinstance(factor, sp.Rational):
                negative ^= bool(factor < 0)
                above += [sp.Integer(abs(factor.p))] if abs(factor.p) != 1 else []
                below += [sp.Integer(factor.q)] if factor.q != 1 else []
            elif isinstance(factor, sp.Pow) and factor.exp.could_extract_minus_sign():
                below.append(sp.Pow(factor.base, -factor.exp, evaluate=factor.exp == -1))
            else:
                (bound if isinstance(factor, BINDERS) else above).append(factor)
        level = PRECEDENCE["Mul"]
        tail = [self._bracketed(factor, level) for factor in bound[:-1]] + self._all(bound[-1:])  # the last is open
        if below and self.flat:  # after a slash nothing may follow
            return negative, [self._fraction([*above, *bound] or [sp.S.One], below)]
        if below:
            return negative, [self._fraction(above or [sp.S.One], below), *tail]
        head = [self._bracketed(f, level, strict=not isinstance(f, sp.Mul)) for f in above]
        return negative, head + tail or [mn("1")]

    def _fraction(self, above: list[sp.Expr], below: list[sp.Expr]) -> str:
        over, under = (sp.Mul(*part, evaluate=False) if len(part) > 1 else part[0] for part in (above, below))
        if not self.flat:
            return tag("mfrac", self._print(over), self._print(under))
        slash = mo("/", form="infix", lspace="0", rspace="0")
        level, open_end = PRECEDENCE["Mul"], isinstance(above[-1], BINDERS)
        return row(self._bracketed(over, level, strict=not open_end), slash, self._bracketed(under, level))

    def _print_Pow(self, expr: sp.Pow) -> str:
        base, exponent = expr.args
        if exponent.could_extract_minus_sign():
            return self._print_Mul(expr)
        if isinstance(exponent, sp.Rational) and exponent.p == 1 and exponent.q != 1:
            body = self._print(base)
            return tag("msqrt", body) if exponent.q == 2 else tag("mroot", body, mn(str(exponent.q)))
        raised = self._small(exponent)
        if isinstance(exponent, sp.Integer) and (head := self._head(base)):
            return applied(scripts(head, "", raised), self._all(arguments(base)))
        stem = self._bracketed(base, PRECEDENCE["Pow"])
        return scripts(fenced(stem) if has_layer(base) or isinstance(base, _OPEN) else stem, "", raised)

    def _head(self, expr: sp.Basic) -> str:
        """The name of a function, which carries its exponent; empty where the notation has none."""
        raise NotImplementedError
