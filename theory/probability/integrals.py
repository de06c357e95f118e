"""Rules of calculus: antiderivatives, derivatives of layer maps, inequalities between maxima and means."""

from __future__ import annotations

import sympy as sp

from theory.proof.rules import Context, Rule, RuleDoesNotApply, rewrite

Pairs = frozenset[frozenset[sp.Basic]]


def antiderivative(primitive: sp.Expr, variable: sp.Symbol) -> Rule:
    """Evaluate definite integrals whose integrand is the derivative of `primitive`, up to a constant factor."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
            if not isinstance(part, sp.Integral) or part.limits[0][0] != variable:
                return part
            _, lower, upper = part.limits[0]
            ratio = sp.simplify(part.function / sp.diff(primitive, variable))
            if ratio.has(variable):
                raise RuleDoesNotApply(f"{primitive} is no antiderivative of {part.function}")
            return ratio * (primitive.subs(variable, upper) - primitive.subs(variable, lower))

        return rewrite(line, visit)

    return Rule(f"antiderivative {primitive}", derive)


def power_rule(variable: sp.Symbol) -> Rule:
    """Integrate polynomials between finite limits."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
            if not isinstance(part, sp.Integral):
                return part
            _, lower, upper = part.limits[0]
            coefficients = enumerate(reversed(sp.Poly(part.function, variable).all_coeffs()))
            return sp.Add(*(c * (upper ** (p + 1) - lower ** (p + 1)) / (p + 1) for p, c in coefficients))

        return rewrite(line, visit)

    return Rule("integral of a polynomial", derive)


def _derivative(body: sp.Expr, by: sp.Indexed, slopes: dict[type, type]) -> sp.Expr:
    if isinstance(body, sp.Sum):
        return sp.Sum(_derivative(body.function, by, slopes), *body.limits)
    if isinstance(body, (sp.Add, sp.Mul)):
        terms = body.args if isinstance(body, sp.Add) else [body]
        return sp.Add(*(_product_rule(term, by, slopes) for term in terms))
    if type(body) in slopes:
        return slopes[type(body)](body.args[0]) * _derivative(body.args[0], by, slopes)
    if isinstance(body, sp.Indexed) and body.base == by.base:
        return sp.Mul(*(sp.KroneckerDelta(a, b) for a, b in zip(body.indices, by.indices, strict=True)))
    if body.has(by.base):
        raise RuleDoesNotApply(f"no rule differentiates {body}")
    return sp.S.Zero


def _product_rule(term: sp.Expr, by: sp.Indexed, slopes: dict[type, type]) -> sp.Expr:
    factors = sp.Mul.make_args(term)
    if len(factors) == 1:
        return _derivative(term, by, slopes)
    rests = (sp.Mul(*factors[:at], *factors[at + 1 :]) for at in range(len(factors)))
    return sp.Add(*(_derivative(f, by, slopes) * rest for f, rest in zip(factors, rests, strict=True)))


def differentiate(slopes: dict[type, type]) -> Rule:
    """Sum, product and chain rule; `slopes` maps a function such as f to its derivative f'."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
            return _derivative(part.expr, part.variables[0], slopes) if isinstance(part, sp.Derivative) else part

        return rewrite(line, visit)

    return Rule("differentiate term by term", derive)


def _select(line: sp.Basic, context: Context) -> sp.Basic:
    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        if not isinstance(part, sp.Sum) or len(part.limits) != 1:
            return part
        index = part.limits[0][0]
        deltas = [f for f in sp.Mul.make_args(part.function) if isinstance(f, sp.KroneckerDelta) and f.has(index)]
        if len(deltas) != 1:
            return part
        other = next(a for a in deltas[0].args if a != index)
        return (part.function / deltas[0]).subs(index, other)

    return rewrite(line, visit)


select_term = Rule("only the term with equal indices remains", _select)


def _triangle(line: sp.Basic, context: Context) -> sp.Basic:
    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        return sp.Add(*map(sp.Abs, sp.Add.make_args(part.args[0]))) if isinstance(part, sp.Abs) else part

    return rewrite(line, visit)


triangle_inequality = Rule("triangle inequality", _triangle, relation="<=")


def mean_at_most(maximum: sp.Max) -> Rule:
    """Replace each argument of a maximum by the maximum, in a line that is linear in them with positive weights."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        stand_ins = {argument: sp.Dummy(nonnegative=True) for argument in maximum.args}
        for term in sp.Add.make_args(sp.expand(line.xreplace(stand_ins))):
            parts = [term.coeff(symbol) for symbol in stand_ins.values() if term.has(symbol)]
            if len(parts) != 1 or not parts[0].is_positive:
                raise RuleDoesNotApply(f"{line} is not a positive combination of the arguments of {maximum}")
        return line.xreplace({argument: maximum for argument in maximum.args})

    return Rule("a mean is at most the maximum", derive, relation="<=")


def _common(line: sp.Basic, context: Context) -> sp.Basic:
    def visit(part: sp.Basic, distinct: Pairs) -> sp.Basic:
        if not isinstance(part, sp.Abs):
            return part
        above, below = sp.fraction(sp.together(part.args[0]))
        return sp.Abs(sp.expand(above)) / below if below.is_positive else part

    return rewrite(line, visit)


common_denominator = Rule("common denominator", _common)


def add_square(square: sp.Expr) -> Rule:
    """A line grows when the square of a real number is added to it."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        if not square.is_real:
            raise RuleDoesNotApply(f"{square} is not known to be real")
        return line + square**2

    return Rule("squares are not negative", derive, relation="<=")


def divide_by(quantity: sp.Expr) -> Rule:
    """Divide both sides of an equation by a quantity that is positive."""

    def derive(line: sp.Basic, context: Context) -> sp.Basic:
        if not quantity.is_positive:
            raise RuleDoesNotApply(f"{quantity} is not known to be positive")
        return sp.Eq(sp.expand(line.lhs / quantity), sp.expand(line.rhs / quantity), evaluate=False)

    return Rule(f"divide by {quantity} > 0", derive, relation="<=>")
