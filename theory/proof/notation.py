"""The papers' notation: an expression as one readable line of Unicode, or as LaTeX.

Where an array has several indices the first is the layer and is raised, as in the papers: z[i+1, k] is zⁱ⁺¹ₖ
or z^{(i + 1)}_{k}; a single index is lowered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.conventions import split_super_sub
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE, precedence
from sympy.printing.pretty.pretty_symbology import greek_unicode
from sympy.printing.str import StrPrinter

from theory.proof.nodes import DominatedIntegral, Iterate, PairSum, log1pmx

_BINDERS = (sp.Sum, sp.Product, sp.Integral, sp.Limit, PairSum, DominatedIntegral)
LOWERED = dict(zip("0123456789+-aehijklmnoprstuvx′", "₀₁₂₃₄₅₆₇₈₉₊₋ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ′", strict=True))
RAISED = dict(
    zip("0123456789+-abcdefghijklmnoprstuvwxyzDLN′", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴰᴸᴺ′", strict=True)
)
MATRICES = ("W", "w")  # of one layer, where they have two indices
LONGEST_RAISED = 7  # leaves of the longest exponent that LaTeX raises; with more it is written exp(...)
DIGITS, DECIMALS = 40, 10  # of a fraction that LaTeX writes with a bar, and after the point of any other
_FUNCTIONS = {
    "log": "ln", "gamma": "Γ", "uppergamma": "Γ", "lowergamma": "γ", "loggamma": "ln Γ", "zeta": "ζ",
    "binomial": "C", "Max": "max", "Min": "min",
}  # fmt: skip


def unicode(expr: Any) -> str:
    """The expression on one line of Unicode."""
    return _Unicode().doprint(sp.S(expr))


def latex(expr: Any) -> str:
    """The expression as LaTeX for math mode; needs amsmath."""
    return _Latex().doprint(sp.S(expr))


def too_long(number: sp.Expr) -> bool:
    """Whether a fraction has too many digits to be read as one; LaTeX then has a decimal that is cut."""
    return isinstance(number, sp.Rational) and not number.is_Integer and abs(number.p * number.q) > 10**DIGITS


def of_terms(expr: sp.Add) -> list[sp.Expr]:
    """The terms of a sum in the order in which `latex` prints them."""
    return _Latex()._as_ordered_terms(expr)


def around_binder(expr: sp.Mul) -> tuple[sp.Expr, sp.Expr] | None:
    """A quotient with a sum, product or integral above the bar as (a short fraction, the rest); None for any other.

    In a fraction a sum is small and an integral makes the bar long and the brackets high.
    """
    above, below = sp.fraction(expr, exact=True)
    if below == 1 or below.has(*_BINDERS) or not above.has(*_BINDERS):
        return None
    factors = sp.Mul.make_args(above)
    bound = [factor for factor in factors if factor.has(*_BINDERS)]
    return sp.Mul(*(factor for factor in factors if factor not in bound)) / below, sp.Mul(*bound)


def _script(text: str, table: Mapping[str, str], mark: str) -> str:
    """A sub- or superscript: small characters where all of them exist, else _{...} or ^{...}."""
    text = text.replace(" ", "")
    return "".join(table[c] for c in text) if set(text) <= set(table) else f"{mark}{{{text}}}"


def _name(name: str) -> str:
    """A symbol's name: Greek letters, primes, trailing digits lowered."""
    stem, raised, lowered = split_super_sub(name.replace("'", "′"))
    letter = greek_unicode.get(stem, stem)
    raised_text = _script(",".join(raised), RAISED, "^") if raised else ""
    return letter + raised_text + (_script(",".join(lowered), LOWERED, "_") if lowered else "")


class _Unicode(StrPrinter):
    """SymPy's own one-line form is made to be typed; this one is made to be read."""

    printmethod = "_unicode"

    def parenthesize(self, item: sp.Basic, level: int, strict: bool = False) -> str:
        strength = PRECEDENCE["Mul"] if isinstance(item, _BINDERS) else precedence(item)
        text = self._print(item)
        weak = strength < level or (not strict and strength <= level)
        return f"({text})" if weak or (text.startswith("-") and level > PRECEDENCE["Add"]) else text

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return _name(expr.name)

    def _print_IndexedBase(self, expr: sp.IndexedBase) -> str:
        return self._print(expr.label)

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        indices = [self._print(index) for index in expr.indices]
        raised = _script(indices.pop(0), RAISED, "^") if len(indices) > 1 else ""
        separator = "" if all(len(index.rstrip("′")) == 1 for index in indices) else ","
        return self._print(expr.base) + raised + _script(separator.join(indices), LOWERED, "_")

    def _print_Mul(self, expr: sp.Expr) -> str:
        sign, above, below = "", [], []
        for factor in expr.as_ordered_factors():
            if isinstance(factor, sp.Rational):
                sign = ("" if sign else "-") if factor < 0 else sign
                above += [sp.Integer(abs(factor.p))] if abs(factor.p) != 1 else []
                below += [sp.Integer(factor.q)] if factor.q != 1 else []
            elif isinstance(factor, sp.Pow) and factor.exp.could_extract_minus_sign():
                below.append(sp.Pow(factor.base, -factor.exp, evaluate=factor.exp == -1))
            else:
                above.append(factor)
        above.sort(key=lambda factor: isinstance(factor, _BINDERS))  # at the end a sum needs no brackets
        open_end = bool(above) and isinstance(above[-1], _BINDERS) and not below
        tail = [self._print(above.pop())] if open_end else []
        factors = [
            self.parenthesize(f, PRECEDENCE["Mul"], strict=not isinstance(f, (sp.Mul, *_BINDERS))) for f in above
        ]
        divisors = [self.parenthesize(f, PRECEDENCE["Mul"]) for f in below]
        fraction = f"/{divisors[0]}" if len(divisors) == 1 else f"/({'·'.join(divisors)})" if divisors else ""
        return sign + ("·".join(factors + tail) or "1") + fraction

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:
        base, exponent = expr.args
        if exponent.could_extract_minus_sign():
            return self._print_Mul(expr)
        if exponent == sp.S.Half:
            bare = base.is_Atom and not (base.is_Rational and precedence(base) < PRECEDENCE["Atom"])
            return f"√{self._print(base)}" if bare else f"√({self._print(base)})"
        raised = isinstance(base, sp.Indexed) and len(base.indices) > 1
        stem = f"({self._print(base)})" if raised else self.parenthesize(base, PRECEDENCE["Pow"])
        if exponent.is_Integer:
            return stem + _script(str(exponent), RAISED, "^")
        return f"{stem}^{self.parenthesize(exponent, PRECEDENCE['Pow'])}"

    def _fold(self, sign: str, expr: sp.Sum | sp.Product) -> str:
        ranges = (tuple(map(self._print, limit)) for limit in reversed(expr.limits))  # the outermost first
        marks = [f"{sign}_{{{x}={low}..{high}}}".replace(" ", "") for x, low, high in ranges]
        return " ".join([*marks, self.parenthesize(expr.function, PRECEDENCE["Mul"], strict=True)])

    def _print_Sum(self, expr: sp.Sum) -> str:
        return self._fold("Σ", expr)

    def _print_Product(self, expr: sp.Product) -> str:
        return self._fold("∏", expr)

    def _print_PairSum(self, expr: PairSum) -> str:
        first, second, count = (self._print(part) for part in (expr.first, expr.second, expr.count))
        body = self.parenthesize(expr.body, PRECEDENCE["Mul"], strict=True)
        return f"Σ_{{{first}≠{second}≤{count}}} {body}"

    def _print_Integral(self, expr: sp.Integral) -> str:
        signs, ends = "", ""
        for variable, *limits in reversed(expr.limits):
            signs += "∫" + (f"_{{{'..'.join(self._print(limit) for limit in limits)}}} " if limits else " ")
            ends = f" d{self._print(variable)}{ends}"
        return signs + self.parenthesize(expr.function, PRECEDENCE["Mul"], strict=True) + ends

    def _print_DominatedIntegral(self, expr: DominatedIntegral) -> str:
        return self._print(expr.plain)

    def _print_Limit(self, expr: sp.Limit) -> str:
        body, variable, point, _ = expr.args
        mark = f"lim_{{{self._print(variable)}→{self._print(point)}}}"
        return f"{mark} {self.parenthesize(body, PRECEDENCE['Mul'], strict=True)}"

    def _print_Function(self, expr: sp.Function) -> str:
        name = expr.func.__name__
        shown = _name(name) if isinstance(expr, AppliedUndef) else _FUNCTIONS.get(name, name)
        return f"{shown}({self.stringify(expr.args, ', ')})"

    _print_Max = _print_Min = _print_Function  # noqa: N815 - the printer finds its methods by class names

    def _print_polygamma(self, expr: sp.polygamma) -> str:
        order, x = expr.args
        return f"ψ{ {0: '', 1: '′'}.get(order, f'^({self._print(order)})') }({self._print(x)})"

    def _print_log1p(self, expr: sp.Function) -> str:
        return f"ln({self._print(1 + expr.args[0])})"

    def _print_expm1(self, expr: sp.Function) -> str:
        return f"(exp({self._print(expr.args[0])}) - 1)"

    def _print_log1pmx(self, expr: sp.Function) -> str:
        x = expr.args[0]
        return f"(ln({self._print(1 + x)}) - {self.parenthesize(x, PRECEDENCE['Add'])})"

    def _print_acospi(self, expr: sp.Function) -> str:
        return f"(arccos({self._print(expr.args[0])})/π)"

    def _print_Iterate(self, expr: Iterate) -> str:
        before, after, starts = (", ".join(map(self._print, part)) for part in expr.args[:3])
        step = f"({before}) ↦ ({after})" if len(expr.variables) > 1 else f"{before} ↦ {after}"
        return f"[{step}]^{{∘{self._print(expr.count)}}}({starts})" + "₁" * (len(expr.variables) > 1)

    def _print_step(self, expr: sp.Function) -> str:
        return f"1[{self._print(expr.args[0])} > 0]"

    def _print_E(self, expr: Any) -> str:
        return f"E[{self._print(expr.body)}]"

    def _print_Var(self, expr: Any) -> str:
        return f"Var[{self._print(expr.body)}]"

    def _print_Abs(self, expr: sp.Abs) -> str:
        return f"|{self._print(expr.args[0])}|"

    def _print_factorial(self, expr: sp.factorial) -> str:
        return f"{self.parenthesize(expr.args[0], PRECEDENCE['Pow'])}!"

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        cases = (
            f"{self._print(value)} {'otherwise' if condition == sp.true else 'if ' + self._print(condition)}"
            for value, condition in expr.args
        )
        return "{" + "; ".join(cases) + "}"

    def _print_Relational(self, expr: sp.Rel) -> str:
        sign = {"==": "=", "!=": "≠", "<=": "≤", ">=": "≥"}.get(expr.rel_op, expr.rel_op)
        sides = (self.parenthesize(side, PRECEDENCE["Relational"]) for side in expr.args)
        return f" {sign} ".join(sides)

    def _joined(self, sign: str, expr: sp.Basic) -> str:
        return f" {sign} ".join(
            self.parenthesize(part, PRECEDENCE["And"]) for part in sorted(expr.args, key=sp.default_sort_key)
        )

    def _print_And(self, expr: sp.And) -> str:
        return self._joined("∧", expr)

    def _print_Or(self, expr: sp.Or) -> str:
        return self._joined("∨", expr)

    def _print_Infinity(self, expr: sp.Basic) -> str:
        return "∞"

    def _print_NegativeInfinity(self, expr: sp.Basic) -> str:
        return "-∞"

    def _print_Pi(self, expr: sp.Basic) -> str:
        return "π"

    def _print_Exp1(self, expr: sp.Basic) -> str:
        return "e"

    def _print_EulerGamma(self, expr: sp.Basic) -> str:
        return "γ"


class _Latex(LatexPrinter):
    """SymPy's LaTeX with the papers' notation for layers, and with brackets around sums it does not know."""

    def _print(self, expr: Any, **kwargs: Any) -> str:
        if isinstance(expr, PairSum):
            return self._pairs(expr)
        return self._without_x(expr, **kwargs) if isinstance(expr, log1pmx) else super()._print(expr, **kwargs)

    def _pairs(self, expr: PairSum) -> str:
        first, second, count = (self._print(part) for part in (expr.first, expr.second, expr.count))
        body = self.parenthesize(expr.body, PRECEDENCE["Mul"], strict=True)
        return rf"\sum_{{{first} \ne {second}}}^{{{count}}} {body}"

    def _without_x(self, expr: log1pmx, exp: str | None = None) -> str:
        x = expr.args[0]
        minus = x.could_extract_minus_sign()
        size = self.parenthesize(-x if minus else x, PRECEDENCE["Add"])
        body = rf"\left[\ln\left(1 {'-' if minus else '+'} {size}\right) {'+' if minus else '-'} {size}\right]"
        return body if exp is None else f"{body}^{{{exp}}}"

    def parenthesize(self, item: Any, level: int, is_neg: bool = False, strict: bool = False) -> str:
        if isinstance(item, (PairSum, DominatedIntegral)) and level > PRECEDENCE["Mul"]:
            return self._add_parens(self._print(item))
        return super().parenthesize(item, level, is_neg=is_neg, strict=strict)

    def _needs_mul_brackets(self, expr: Any, first: bool = False, last: bool = False) -> bool:
        """SymPy brackets every factor with a sum somewhere inside; only one with an open end needs it."""
        tail = expr.args[-1] if isinstance(expr, sp.Mul) else expr
        if isinstance(tail, _BINDERS):
            return not last or (not first and expr.could_extract_minus_sign())
        bare = expr.xreplace({node: sp.Symbol("x") for node in expr.atoms(*_BINDERS)})
        return super()._needs_mul_brackets(bare, first=first, last=last)

    def _print_Symbol(self, expr: sp.Symbol, style: str = "plain") -> str:
        worded = re.fullmatch(r"[a-z]{3,}", expr.name) and expr.name not in greek_unicode and expr.name != "ell"
        return rf"\mathrm{{{expr.name}}}" if worded else super()._print_Symbol(expr, style)

    def _as_ordered_terms(self, expr: sp.Expr, order: Any = None) -> list[sp.Expr]:
        """The terms in SymPy's order, but a sum does not start with a minus where another term can go first."""
        terms: list[sp.Expr] = super()._as_ordered_terms(expr, order=order)
        first = next((at for at, term in enumerate(terms) if not term.could_extract_minus_sign()), 0)
        return [terms[first], *terms[:first], *terms[first + 1 :]]

    def _print_Mul(self, expr: sp.Mul) -> str:
        number, rest = expr.as_coeff_Mul()
        if too_long(number):
            sign, size = ("- ", -number) if number < 0 else ("", number)
            return rf"{sign}{self._print(size)}\, {self.parenthesize(rest, PRECEDENCE['Mul'])}"
        pair = around_binder(expr)
        if pair is None:
            return super()._print_Mul(expr)
        return f"{self._print(pair[0])} {self.parenthesize(pair[1], PRECEDENCE['Mul'], strict=True)}"

    def _print_Rational(self, expr: sp.Rational) -> str:
        if not too_long(expr):
            return super()._print_Rational(expr)
        whole, rest = divmod(abs(expr), 1)
        digits = f"{int(rest * 10**DECIMALS):0{DECIMALS}}"
        return f"{'- ' if expr < 0 else ''}{whole}.{digits}" + r"\dots"

    def _print_ExpBase(self, expr: sp.exp, exp: str | None = None) -> str:
        long = sum(not part.args for part in sp.preorder_traversal(expr.exp)) > LONGEST_RAISED
        if not long and not expr.exp.has(*_BINDERS):
            return super()._print_ExpBase(expr, exp)
        return self._raised(rf"\exp\left({self._print(expr.exp)}\right)", exp)

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        base = self._print(expr.base)
        base = f"{{{base}}}" if set(base) & set("_^") else base
        layer, *units = (self._print(index) for index in expr.indices)
        if len(units) == 1 and str(expr.base) in MATRICES:
            return rf"{base}_{{{layer},{units[0]}}}"
        return rf"{base}^{{({layer})}}_{{{','.join(units)}}}" if units else f"{base}_{{{layer}}}"

    def _helper_print_standard_power(self, expr: sp.Pow, template: str) -> str:
        if not isinstance(expr.base, sp.Indexed):
            return super()._helper_print_standard_power(expr, template)
        return template % (self.parenthesize_super(self._print(expr.base)), self._print(expr.exp))

    def _hprint_Function(self, func: str) -> str:
        stem = func.rstrip("'")
        return super()._hprint_Function(stem) + "'" * (len(func) - len(stem))

    def _raised(self, text: str, exp: str | None) -> str:
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"

    def _print_polygamma(self, expr: sp.polygamma, exp: str | None = None) -> str:
        order, x = expr.args
        mark = {0: "", 1: "'"}.get(order, f"^{{({self._print(order)})}}")
        return self._raised(rf"\psi{mark}\left({self._print(x)}\right)", exp)

    def _print_loggamma(self, expr: sp.loggamma, exp: str | None = None) -> str:
        return self._raised(rf"\ln \Gamma\left({self._print(expr.args[0])}\right)", exp)

    def _print_log(self, expr: sp.Function, exp: str | None = None) -> str:
        return rf"\ln{'' if exp is None else f'^{{{exp}}}'}\left({self._print(expr.args[0])}\right)"

    def _print_log1p(self, expr: sp.Function, exp: str | None = None) -> str:
        return self._print_log(sp.log(1 + expr.args[0], evaluate=False), exp)

    def _print_expm1(self, expr: sp.Function, exp: str | None = None) -> str:
        body = rf"\left({self._print(sp.exp(expr.args[0], evaluate=False))} - 1\right)"
        return body if exp is None else f"{body}^{{{exp}}}"
