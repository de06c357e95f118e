r"""Formulas that TeX breaks into lines by itself, with the widths it measures.

`breakable` prints a tree so that a paragraph can hold it: where a part is wider than a line, `\fit` puts its opened form
in the place of the compact one, and the opened form has points at which the line may end: before a relation or a sign of
the outermost sum first, then between factors, then inside brackets, the deeper the dearer.  The macros are those of
templates/handbook.tex:

    \fit{compact}{opened}   the first if it fits on a line, else the second
    \brk{depth}             a place to end a line, before a sign or after a comma
    \timesbrk               one between two factors; the next line then starts with a dot
    \opening(... \closing)  brackets as high as their content, which a line's end may part
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p
from sympy.core.relational import Relational

from papers.handbook.abbreviations import abbreviated, leaves
from theory.proof.nodes import DominatedIntegral, Iterate, PairSum, acospi, log1pmx
from theory.proof.notation import around_binder, latex, of_terms, too_long

SMALL = 9  # leaves of a tree that is always narrower than a line
_MARKS = sp.symbols("BODYa BODYb BODYc BODYd", positive=True)
_MARK = re.compile("|".join(rf"{mark.name}|\\mathrm{{{mark.name}}}" for mark in _MARKS))
_BINDERS = (sp.Sum, sp.Product, sp.Integral, sp.Limit)


def breakable(expr: sp.Basic, depth: int = 0) -> str:
    """The tree as LaTeX for `$\\displaystyle ...$` in a paragraph."""
    compact = latex(expr)
    if leaves(expr) <= SMALL:
        return compact
    opened = _opened(expr.plain if isinstance(expr, DominatedIntegral) else expr, depth)
    return compact if opened == compact else rf"\fit{{{compact}}}{{{opened}}}"


def line(expr: sp.Basic, taken: Iterable[str]) -> str:
    """One line of a proof: the tree, and below it what its short names stand for."""
    shown, names = abbreviated(_dividing(expr), taken)
    where = r",\quad\brk{0} ".join(rf"{latex(name)} = {breakable(meaning)}" for name, meaning in names)
    return breakable(shown) + (rf"\where {where}" if where else "")


def _dividing(expr: sp.Basic) -> sp.Basic:
    """The tree with fractions where integrals divide: those with a majorant do not commute, so that they stay powers."""
    divisors = [
        factor
        for product in expr.atoms(sp.Mul)
        for factor in product.args
        if isinstance(factor, sp.Pow) and isinstance(factor.base, DominatedIntegral) and factor.exp.is_negative
    ]
    return expr.xreplace({part: part.plain for part in expr.atoms(DominatedIntegral)}) if divisors else expr


def _opened(expr: sp.Basic, depth: int) -> str:
    if isinstance(expr, sp.Add):
        return _sum(expr, depth)
    if isinstance(expr, sp.Mul) or (isinstance(expr, sp.Pow) and sp.fraction(expr, exact=True)[1] != 1):
        return _product(expr, depth)
    if isinstance(expr, (sp.exp, sp.Pow)):
        return _power(expr, depth)
    if isinstance(expr, (*_BINDERS, PairSum)):
        return _bound(expr, depth)
    if isinstance(expr, Relational):
        return _related(expr, depth)
    if isinstance(expr, Iterate):
        return _iterated(expr, depth)
    if isinstance(expr, (expm1, log1pmx)):
        return _difference(expr, depth)
    if isinstance(expr, log1p):
        return _applied(sp.log(1 + expr.args[0], evaluate=False), depth)
    if isinstance(expr, sp.Piecewise):
        return _cases(expr, depth)
    if isinstance(expr, acospi):
        return rf"\frac{{1}}{{\pi}} \arccos {_bracketed(expr.args[0], depth)}"
    applied = isinstance(expr, (sp.Function, sp.Abs))
    if applied or getattr(expr, "is_functional", False):
        return _applied(expr, depth)
    return latex(expr)


def _sum(expr: sp.Add, depth: int) -> str:
    parts: list[str] = []
    for term in of_terms(expr):
        minus = term.could_extract_minus_sign()
        sign = "- " if minus else "+ " if parts else ""
        parts.append(sign + breakable(-term if minus else term, depth))
    return rf"\brk{{{depth}}} ".join(parts)


def _product(expr: sp.Expr, depth: int) -> str:
    """A quotient too wide for one bar as a short fraction before its numerator, or with a slash."""
    if expr.could_extract_minus_sign():
        return "- " + breakable(-expr, depth)
    number, rest = expr.as_coeff_Mul()
    if too_long(number):
        return rf"{latex(number)}\, {_bracketed(rest, depth) if isinstance(rest, sp.Add) else breakable(rest, depth)}"
    pair = around_binder(expr) if isinstance(expr, sp.Mul) else None
    if pair is not None:
        return rf"{latex(pair[0])}\timesbrk {_factors(pair[1], depth)}"
    above, below = sp.fraction(expr, exact=True)
    factors = _factors(above, depth)
    if below == 1:
        return factors
    short = latex(1 / below)
    return rf"\fitelse{{{short}}}{{{short} {factors}}}{{{factors} \brk{{{depth}}}\big/ {_bracketed(below, depth)}}}"


def _factors(expr: sp.Expr, depth: int) -> str:
    """The factors of a product one after another, sums and those with an open end in brackets."""
    if not isinstance(expr, sp.Mul):
        return _bracketed(expr, depth) if isinstance(expr, sp.Add) else breakable(expr, depth)
    factors = expr.as_ordered_factors()
    shown = []
    for at, factor in enumerate(factors):
        open_end = isinstance(factor, (*_BINDERS, PairSum, DominatedIntegral)) and at + 1 < len(factors)
        brackets = open_end or isinstance(factor, sp.Add) or factor.could_extract_minus_sign()
        shown.append(_bracketed(factor, depth) if brackets else breakable(factor, depth))
    return r"\timesbrk ".join(shown)


def _bracketed(expr: sp.Basic, depth: int) -> str:
    compact = latex(expr)
    whole = rf"\left({compact}\right)"
    if leaves(expr) <= SMALL:
        return whole
    return rf"\fit{{{whole}}}{{{_around('(', compact, breakable(expr, depth + 1), ')')}}}"


def _around(left: str, phantom: str, body: str, right: str, after: str = "") -> str:
    return rf"\opening{left}{{{phantom}}} {body} \closing{right}{{{phantom}}}{after}"


def _power(expr: sp.Expr, depth: int) -> str:
    if isinstance(expr, sp.exp):
        (exponent,) = expr.args
        return rf"\exp {_bracketed(exponent, depth)}"
    base, exponent = expr.args
    inside = base.args[0] if isinstance(base, DominatedIntegral) else base
    if isinstance(inside, (sp.Symbol, sp.Indexed, sp.Integer)):
        return latex(expr)
    return _around("(", latex(base), breakable(base, depth + 1), ")", f"^{{{latex(exponent)}}}")


def _bound(expr: sp.Basic, depth: int) -> str:
    """A sum, product, integral or limit; its body in brackets where the compact form has them."""
    body = expr.args[0]
    before, after = _MARK.split(latex(expr.func(_MARKS[0], *expr.args[1:])))
    bracketed = latex(expr).startswith(rf"{before}\left(")
    return f"{before}{_bracketed(body, depth) if bracketed else breakable(body, depth)}{after}"


def _related(expr: sp.Basic, depth: int) -> str:
    _, sign, _ = _split(expr.func(*_MARKS[:2], evaluate=False))
    left, right = (breakable(side, depth) for side in expr.args)
    return rf"{left} \brk{{{depth}}} {sign} {right}"


def _split(expr: sp.Basic) -> list[str]:
    return _MARK.split(latex(expr))


def _applied(expr: sp.Basic, depth: int) -> str:
    r"""A function or functional of one or more arguments, in the brackets that it has."""
    first, *separators, last = _split(expr.func(*_MARKS[: len(expr.args)]))
    opens = re.fullmatch(r"(.*?)\{?\\left(\(|\[|\|)\{?", first.strip())
    closes = re.fullmatch(r"\}?\s*\\right(\)|\]|\|)\}?(.*)", last.strip())
    if opens is None or closes is None or opens[1].count("{") != opens[1].count("}"):
        return latex(expr)
    bodies = [breakable(argument, depth + 1) for argument in expr.args]
    body = bodies[0] + "".join(
        rf"{mark}\brk{{{depth + 1}}} {part}" for mark, part in zip(separators, bodies[1:], strict=True)
    )
    phantom = _joined([latex(argument) for argument in expr.args], ",")
    return opens[1] + _around(opens[2], phantom, body, closes[1], closes[2])


def _joined(parts: Sequence[str], mark: str) -> str:
    return f"{mark} ".join(parts)


def _cases(expr: sp.Piecewise, depth: int) -> str:
    """The cases one after another."""
    cases = [
        rf"{breakable(value, depth + 1)} \brk{{{depth}}}\quad\text{{{'otherwise' if condition == sp.true else 'for '}}}"
        + ("" if condition == sp.true else latex(condition))
        for value, condition in expr.args
    ]
    return rf";\quad\brk{{{depth}}} ".join(cases)


def _difference(expr: sp.Function, depth: int) -> str:
    """exp(x) - 1 or ln(1 + x) - x, which are one function each so that they can be evaluated without cancellation."""
    (x,) = expr.args
    if isinstance(expr, expm1):
        first, less, brackets = sp.exp(x, evaluate=False), sp.S.One, "()"
    else:
        first, less, brackets = sp.log(1 + x, evaluate=False), x, "[]"
    minus = less.could_extract_minus_sign()
    rest = f"+ {breakable(-less, depth + 1)}" if minus else f"- {_bracketed(less, depth + 1)}"
    if not minus and not isinstance(less, sp.Add):
        rest = f"- {breakable(less, depth + 1)}"
    body = rf"{breakable(first, depth + 1)} \brk{{{depth + 1}}} {rest}"
    return _around(brackets[0], latex(expr), body, brackets[1])


def _iterated(expr: Iterate, depth: int) -> str:
    """The map in brackets that a line's end may part, its arguments one after another."""
    before, starts = (_joined([latex(part) for part in side], ",") for side in (expr.variables, expr.starts))
    bodies = [breakable(body, depth + 1) for body in expr.bodies]
    phantom = _joined([latex(body) for body in expr.bodies], ",")
    several = len(bodies) > 1
    left, right = ("(", ")") if several else ("", "")
    place = rf"\brk{{{depth}}}"
    after_each = f",{place} ".join(bodies)
    body = rf"{left}{before}{right} \mapsto{place} {left}{after_each}{right}"
    after = rf"^{{\circ {latex(expr.count)}}}\left({starts}\right)" + ("_1" if several else "")
    return _around("[", phantom, body, "]", after)
