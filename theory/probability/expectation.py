"""The language of random layers: expectation, conditional expectation, variance, and the rectifier's mask.

These are expression nodes without evaluation: what they mean is said by the rules (for all widths) and by the models
(exactly, at small widths), which know nothing of each other.
"""

from __future__ import annotations

from typing import Any

import sympy as sp


class _Functional(sp.Expr):
    """A functional of a random expression; it stays as written until a rule speaks."""

    is_commutative = True
    is_functional = True  # opaque to algebra
    symbol = ""
    latex_symbol = ""

    def __new__(cls, *arguments: Any) -> Any:
        return sp.Expr.__new__(cls, *map(sp.S, arguments))

    body = property(lambda self: self.args[0])

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        inside = r" \mid ".join(printer._print(argument) for argument in self.args)
        text = rf"{self.latex_symbol}\left[{inside}\right]"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _sympystr(self, printer: Any) -> str:
        return f"{self.symbol}[{' | '.join(printer._print(argument) for argument in self.args)}]"


class E(_Functional):
    """The expectation of an expression in random variables: E(body)."""

    symbol, latex_symbol = "E", r"\mathbb{E}"


class Given(_Functional):
    """The conditional expectation Given(body, event), where the event is a random expression that is 1 or 0."""

    symbol, latex_symbol = "E", r"\mathbb{E}"
    event = property(lambda self: self.args[1])


class Var(_Functional):
    """The variance of an expression in random variables: Var(body)."""

    symbol, latex_symbol = "Var", r"\operatorname{Var}"


class step(sp.Function):
    """The derivative of the rectifier: 1 for x > 0, else 0."""

    nargs = 1

    @classmethod
    def eval(cls, x: sp.Expr) -> sp.Expr | None:
        if x.is_Rational:
            return sp.S.One if x > 0 else sp.S.Zero
        return None

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        text = rf"\mathbb{{1}}\left[{printer._print(self.args[0])} > 0\right]"
        return text if exp is None else f"{text}^{{{exp}}}"
