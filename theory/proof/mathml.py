"""The papers' notation as presentation MathML: what `notation` prints as Unicode and LaTeX, for a browser.

Only elements of the W3C's MathML Core are used, which browsers show by themselves.  A node that the printer does not know
is an error, so that no class's name gets onto a page.  A long formula may be had in pieces, between which a line breaks:
browsers break no line inside one.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.precedence import PRECEDENCE

from theory.proof.arithmetic import BINDERS, Arithmetic, arguments, has_layer
from theory.proof.markup import (
    applied,
    fenced,
    infix,
    limits,
    listed,
    mi,
    minus,
    mn,
    mo,
    name,
    row,
    scripts,
    tag,
    times,
    words,
)
from theory.proof.nodes import DominatedIntegral, Iterate, PairSum
from theory.proof.notation import LONGEST_RAISED

_FUNCTIONS = {
    "log": "ln", "log1p": "ln", "gamma": "Γ", "uppergamma": "Γ", "lowergamma": "γ", "zeta": "ζ", "sign": "sgn",
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "Max": "max", "Min": "min",
    **{same: same for same in ("erf", "erfc", "sin", "cos", "tan", "sinh", "cosh", "tanh")},
}  # fmt: skip
_SIGNS = {"==": "=", "!=": "≠", "<=": "≤", ">=": "≥"}


def mathml(expr: Any) -> str:
    """The expression as one <math> element; UnknownNode where it has a node without a notation."""
    return tag("math", _MathML().doprint(sp.S(expr)))


def pieces(expr: Any, sign: str = "") -> tuple[str, ...]:
    """The expression as <math> elements with a possible line break before each but the first.

    sign: of a relation, put in front.  A short expression is one piece; a long sum is a piece a term, and a long product a
    piece a factor.  Raises as `mathml` does.
    """
    parts = list(_MathML().parts(sp.S(expr)))
    lead = [infix(sign)] if sign else []
    first = [mo(parts[0][0], form="prefix")] if parts[0][0] else []
    rest = [row(infix(mark), body) for mark, body in parts[1:]]
    return tuple(tag("math", line) for line in (row(*lead, *first, parts[0][1]), *rest))


class _MathML(Arithmetic):
    """The papers' notation for everything but arithmetic."""

    # --- names, layers, functions -----------------------------------------------------------------

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return name(expr.name)

    def _print_Indexed(self, expr: sp.Indexed) -> str:
        indices = list(expr.indices)
        layer = self._small(fenced(self._small(indices.pop(0)))) if has_layer(expr) else ""
        with self._flattened():
            return scripts(name(str(expr.base.label)), listed(self._all(indices)), layer)

    def _print_IndexedBase(self, expr: sp.IndexedBase) -> str:
        return name(str(expr.label))

    def _head(self, expr: sp.Basic) -> str:
        """The name of a function, which carries its exponent; empty where the notation has none."""
        if isinstance(expr, AppliedUndef):
            return name(expr.func.__name__)
        known = _FUNCTIONS.get(type(expr).__name__)
        return mi(known) if known else ""

    def _print_Function(self, expr: sp.Function) -> str:
        head = self._head(expr)
        return applied(head, self._all(arguments(expr))) if head else self.emptyPrinter(expr)

    _print_AppliedUndef = _print_Max = _print_Min = _print_Function  # noqa: N815 - methods have the classes' names

    def _print_exp(self, expr: sp.exp) -> str:
        inner = expr.args[0]
        leaves = sum(not part.args for part in sp.preorder_traversal(inner))
        if inner.has(*BINDERS) or leaves > LONGEST_RAISED:
            return applied(mi("exp"), [self._print(inner)])
        return scripts(mi("e"), "", self._small(inner))

    def _print_expm1(self, expr: sp.Function) -> str:
        return fenced(row(self._print(sp.exp(expr.args[0], evaluate=False)), infix("−"), mn("1")))

    def _print_log1pmx(self, expr: sp.Function) -> str:
        x = expr.args[0]
        less = x.could_extract_minus_sign()
        size = self._bracketed(-x if less else x, PRECEDENCE["Add"])
        inside = row(mn("1"), infix("−" if less else "+"), size)
        return fenced(row(applied(mi("ln"), [inside]), infix("+" if less else "−"), size), "[", "]")

    def _print_loggamma(self, expr: sp.loggamma) -> str:
        return times([mi("ln"), applied(mi("Γ"), self._all(expr.args))])

    def _print_acospi(self, expr: sp.Function) -> str:
        return self._fraction([sp.acos(expr.args[0], evaluate=False)], [sp.pi])

    def _print_polygamma(self, expr: sp.polygamma) -> str:
        order, x = expr.args
        above = {0: "", 1: mo("′")}.get(order) if order in (0, 1) else fenced(self._small(order))
        return applied(scripts(mi("ψ"), "", above or ""), [self._print(x)])

    def _print_binomial(self, expr: sp.binomial) -> str:
        return fenced(tag("mfrac", *self._all(expr.args), linethickness="0"))

    def _print_factorial(self, expr: sp.factorial) -> str:
        return row(self._bracketed(expr.args[0], PRECEDENCE["Func"]), mo("!", form="postfix"))

    def _print_Abs(self, expr: sp.Abs) -> str:
        return fenced(self._print(expr.args[0]), "|", "|")

    def _print_KroneckerDelta(self, expr: sp.KroneckerDelta) -> str:
        with self._flattened():
            return scripts(mi("δ"), listed(self._all(expr.args)))

    def _print_step(self, expr: sp.Function) -> str:
        return row(mn("𝟙"), fenced(row(self._print(expr.args[0]), infix(">"), mn("0")), "[", "]"))

    def _functional(self, symbol: str, expr: Any) -> str:
        shown = self._all(expr.args)
        inside = row(*[each for part in shown for each in (infix("∣"), part)][1:])
        return row(mi(symbol), fenced(inside, "[", "]"))

    def _print_E(self, expr: Any) -> str:
        return self._functional("𝔼", expr)

    _print_Given = _print_E  # noqa: N815

    def _print_Var(self, expr: Any) -> str:
        return self._functional("Var", expr)

    # --- sums, integrals, limits, maps ------------------------------------------------------------

    def _over(self, marks: list[str], body: sp.Basic) -> str:
        return row(*marks, self._bracketed(body, PRECEDENCE["Mul"], strict=True))

    def _fold(self, sign: str, expr: sp.Sum | sp.Product) -> str:
        ranges = reversed(expr.limits)  # the outermost first
        marks = [limits(sign, self._small(x, infix("="), low), self._small(high)) for x, low, high in ranges]
        return self._over(marks, expr.function)

    def _print_Sum(self, expr: sp.Sum) -> str:
        return self._fold("∑", expr)

    def _print_Product(self, expr: sp.Product) -> str:
        return self._fold("∏", expr)

    def _print_PairSum(self, expr: PairSum) -> str:
        below = self._small(expr.first, infix("≠"), expr.second)
        return self._over([limits("∑", below, self._small(expr.count))], expr.body)

    def _print_Integral(self, expr: sp.Integral) -> str:
        marks: list[str] = []
        ends: list[str] = []
        for variable, *between in reversed(expr.limits):
            marks.append(scripts(mo("∫"), *map(self._small, between)))
            ends.insert(0, row(tag("mspace", width="0.17em"), mi("d", mathvariant="normal"), self._print(variable)))
        return row(self._over(marks, expr.function), *ends)

    def _print_DominatedIntegral(self, expr: DominatedIntegral) -> str:
        return self._print(expr.plain)

    def _print_Limit(self, expr: sp.Limit) -> str:
        body, variable, point, _ = expr.args
        return self._over([limits("lim", self._small(variable, infix("→"), point))], body)

    def _print_Derivative(self, expr: sp.Derivative) -> str:
        d = mo("∂", form="prefix")
        by = [scripts(row(d, self._print(x)), "", self._small(n) if n != 1 else "") for x, n in expr.variable_count]
        order = self._small(expr.derivative_count) if expr.derivative_count != 1 else ""
        over = scripts(d, "", order)
        simple = isinstance(expr.expr, (sp.Symbol, sp.Indexed))
        fraction = tag("mfrac", row(over, self._print(expr.expr) if simple else ""), row(*by))
        return fraction if simple else self._over([fraction], expr.expr)

    def _print_Iterate(self, expr: Iterate) -> str:
        several = len(expr.variables) > 1
        before, after = (listed(self._all(part)) for part in (expr.variables, expr.bodies))
        sides = (fenced(before), fenced(after)) if several else (before, after)
        times_applied = self._small(mo("∘", form="prefix"), expr.count)
        step = scripts(fenced(row(sides[0], infix("↦"), sides[1]), "[", "]"), "", times_applied)
        started = applied(step, self._all(expr.starts))
        return scripts(started, mn("1")) if several else started

    # --- relations, cases, lists, constants -------------------------------------------------------

    def _print_Relational(self, expr: sp.Rel) -> str:
        left, right = (self._bracketed(side, PRECEDENCE["Relational"]) for side in expr.args)
        return row(left, infix(_SIGNS.get(expr.rel_op, expr.rel_op)), right)

    def _logical(self, sign: str, expr: sp.Basic) -> str:
        parts = [self._bracketed(part, PRECEDENCE["And"]) for part in sorted(expr.args, key=sp.default_sort_key)]
        return row(*[each for part in parts for each in (infix(sign), part)][1:])

    def _print_And(self, expr: sp.And) -> str:
        return self._logical("∧", expr)

    def _print_Or(self, expr: sp.Or) -> str:
        return self._logical("∨", expr)

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        lines = [
            tag("mtr", tag("mtd", self._print(value)), tag("mtd", *self._condition(condition)))
            for value, condition in expr.args
        ]
        return row(mo("{", form="prefix"), tag("mtable", *lines))

    def _condition(self, condition: sp.Basic) -> list[str]:
        return [words("otherwise")] if condition == sp.true else [words("if\u00a0"), self._print(condition)]

    def _print_Tuple(self, expr: sp.Tuple) -> str:
        return fenced(listed(self._all(expr.args)) if expr.args else "")

    def _print_BooleanTrue(self, expr: sp.Basic) -> str:
        return words("true")

    def _print_Infinity(self, expr: sp.Basic) -> str:
        return mi("∞")

    def _print_NegativeInfinity(self, expr: sp.Basic) -> str:
        return minus(mi("∞"))

    def _print_Pi(self, expr: sp.Basic) -> str:
        return mi("π")

    def _print_Exp1(self, expr: sp.Basic) -> str:
        return mi("e")

    def _print_EulerGamma(self, expr: sp.Basic) -> str:
        return mi("γ")

    def _print_ImaginaryUnit(self, expr: sp.Basic) -> str:
        return mi("i", mathvariant="normal")  # upright: an italic i is a layer
