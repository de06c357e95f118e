"""The language of random layers: expectation, variance, the rectifier's mask.

These are expression nodes without evaluation: what they mean is said by the rules (for all widths) and by the models
(exactly, at small widths), which know nothing of each other.
"""

from __future__ import annotations

from typing import Any

import sympy as sp


class E(sp.Expr):
    """The expectation of an expression in random variables."""

    is_commutative = True

    def __new__(cls, body: Any) -> E:
        return sp.Expr.__new__(cls, sp.S(body))

    body = property(lambda self: self.args[0])

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        text = rf"\mathbb{{E}}\left[{printer._print(self.body)}\right]"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _sympystr(self, printer: Any) -> str:
        return f"E[{printer._print(self.body)}]"


class Var(sp.Expr):
    """The variance of a random expression."""

    is_commutative = True

    def __new__(cls, body: Any) -> Var:
        return sp.Expr.__new__(cls, sp.S(body))

    body = property(lambda self: self.args[0])

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        text = rf"\operatorname{{Var}}\left[{printer._print(self.body)}\right]"
        return text if exp is None else f"{text}^{{{exp}}}"

    def _sympystr(self, printer: Any) -> str:
        return f"Var[{printer._print(self.body)}]"


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
