"""The normal form of the algebra judge: polynomials in whatever is not algebra, with sums and products in one shape.

Sums and products over an index are distributed, constants are pulled out of them, ranges are shifted to start at 0, and
bound indices get canonical names, so that two expressions that differ by these liberties alone become the same tree.
Rationals only, never floats.
"""

from __future__ import annotations

import sympy as sp
from sympy.core.function import AppliedUndef

from theory.proof.nodes import DominatedIntegral, Iterate, PairSum


def _bound(depth: int) -> sp.Symbol:
    return sp.Symbol(f"_{depth}", integer=True)


def normal(expr: sp.Basic, depth: int = 0) -> sp.Basic:
    """The normal form; two expressions with equal normal forms are equal wherever both are defined."""
    if not isinstance(expr, sp.Expr) or expr.is_Atom or isinstance(expr, sp.Indexed):
        return expr
    if isinstance(expr, (sp.Sum, sp.Product)):
        return _fold(expr, depth)
    if isinstance(expr, PairSum):
        return _pairs(expr, depth)
    if getattr(expr, "bound_symbols", None):
        return expr
    return sp.expand(expr.func(*(normal(argument, depth) for argument in expr.args)))


def _fold(expr: sp.Sum | sp.Product, depth: int) -> sp.Expr:
    *inner, (index, lower, upper) = expr.limits
    body = expr.func(expr.function, *inner) if inner else expr.function
    bound, top = _bound(depth), sp.expand(upper - lower)
    body = normal(body.xreplace({index: bound + lower}), depth + 1)
    parts = _distribute_sum if isinstance(expr, sp.Sum) else _distribute_product
    return sp.expand(parts(body, bound, top))


def _distribute_sum(body: sp.Expr, bound: sp.Symbol, top: sp.Expr) -> sp.Expr:
    terms = []
    for term in sp.Add.make_args(body):
        constant, varying = term.as_independent(bound, as_Add=False)
        terms.append(constant * (top + 1 if varying == 1 else sp.Sum(varying, (bound, 0, top))))
    return sp.Add(*terms)


def _distribute_product(body: sp.Expr, bound: sp.Symbol, top: sp.Expr) -> sp.Expr:
    constant, varying = sp.factor_terms(body).as_independent(bound, as_Add=False)
    factors = [constant ** (top + 1)]
    for factor in sp.Mul.make_args(varying):
        base, exponent = factor.as_base_exp()
        if exponent.has(bound):
            base, exponent = factor, sp.S.One
        factors.append(sp.Product(base, (bound, 0, top)) ** exponent if factor != 1 else sp.S.One)
    return sp.Mul(*factors)


def _pairs(expr: PairSum, depth: int) -> sp.Expr:
    first, second = _bound(depth), _bound(depth + 1)
    body = normal(expr.body.xreplace({expr.first: first, expr.second: second}), depth + 2)
    terms = []
    for term in sp.Add.make_args(body):
        constant, varying = term.as_independent(first, second, as_Add=False)
        count = expr.count * (expr.count - 1)
        terms.append(constant * (count if varying == 1 else PairSum(varying, first, second, expr.count)))
    return sp.expand(sp.Add(*terms))


def difference(left: sp.Basic, right: sp.Basic) -> sp.Basic:
    """left - right in normal form: 0 when the two are algebraically the same, else what is left over."""
    if isinstance(left, sp.Rel) and isinstance(right, sp.Rel):
        if left.func != right.func:
            return sp.Tuple(left, right)
        return difference(left.lhs - left.rhs, right.lhs - right.rhs)
    if left == right:
        return sp.S.Zero
    rest = normal(left - right)
    opaque = rest.xreplace({part: _stand_in(part, at) for at, part in enumerate(sorted(_opaque(rest), key=str))})
    if _visibly_nonzero(opaque):
        return rest
    simpler = sp.simplify(sp.gammasimp(sp.powsimp(sp.expand_log(opaque, force=False), force=False)))
    return sp.S.Zero if simpler == 0 else rest


_CLOSED = (sp.Indexed, sp.Sum, sp.Product, sp.Integral, sp.Derivative, DominatedIntegral, PairSum, Iterate)


def _opaque(rest: sp.Basic) -> set[sp.Basic]:
    """The outermost parts that algebra does not look into: entries, expectations, sums, integrals, and so on."""
    found: set[sp.Basic] = set()
    walk = sp.preorder_traversal(rest)
    for part in walk:
        closed = isinstance(part, _CLOSED)
        if closed or isinstance(part, AppliedUndef) or getattr(part, "is_functional", False):
            found.add(part)
            walk.skip()
    return found


def _stand_in(part: sp.Basic, at: int) -> sp.Dummy:
    return sp.Dummy(f"x{at}", positive=part.is_positive, real=True)


def _visibly_nonzero(rest: sp.Expr) -> bool:
    """Whether a value at a generic point excludes 0; that spares the simplifier, whose failure would say less."""
    symbols = sorted(rest.free_symbols, key=str)
    point = {
        symbol: sp.Integer(at + 2) if symbol.is_integer else sp.Rational(3 * at + 5, 4 * at + 7)
        for at, symbol in enumerate(symbols)
    }
    try:
        value = rest.xreplace(point).evalf(30)
    except (ValueError, TypeError, ZeroDivisionError):
        return False
    return bool(value.is_number and value.is_finite and abs(value) > sp.Float("1e-15"))
