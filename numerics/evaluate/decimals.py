"""A theorem's value as a decimal number, and as a rigorous enclosure, from ball arithmetic.

Which form is enclosed: the theorem's plain right-hand side where it has at most `MANY_TERMS` summands at
these parameters, else the first such of the forms it gives for balls and for stable evaluation.  All are
proved equal; the plain one rests on the fewest steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb

from numerics.evaluate.exact import rational
from numerics.evaluate.sharing import require_known
from theory.proof.balls import Balls, NotEnclosed, enclose, enclose_within
from theory.proof.domains import Integers, checked
from theory.proof.interpret import Environment, UnknownNode, whole
from theory.proof.library import find

MANY_TERMS = 2000  # summands a ball evaluation takes in well under a second
DIGITS = Integers(1, 1000)
MORE_DIGITS = (
    5,
    20,
    80,
)  # beyond those asked for; a value that is still undecided is a tie to within 1e-80 units


@dataclass(frozen=True)
class Enclosure:
    """The value lies in [midpoint - radius, midpoint + radius]; both are exact decimal numbers."""

    midpoint: str
    radius: str


def value(name: str, /, digits: int = 15, **parameters: Any) -> str:
    """The value of a theorem's right-hand side to `digits` significant digits, as a decimal string.

    Correctly rounded (half to even), or, where more than 80 further digits leave a tie, within one unit in
    the last place; proved from an enclosure.  A value that fits into the digits exactly is written without
    trailing zeros. Raises OutOfDomain for bad parameters or digits outside 1..1000, NotEnclosed where no
    enclosure tells the value from zero, DoesNotStand for a theorem whose proof does not stand.
    """
    expr, env = _bound(name, digits, parameters)
    exact = rational(expr, env)
    if exact is not None:
        return _written(_rounded(exact, digits), digits)
    for more in MORE_DIGITS:
        ball = enclose(expr, env, digits + more)
        ends = [_rounded(_dyadic(ball.mid()) + sign * _dyadic(ball.rad()), digits) for sign in (-1, 1)]
        if ends[0] == ends[1]:
            break
    # an end may be a short decimal by chance; the longer one shows all the digits
    return _written(max(ends, key=lambda end: len(end.as_tuple().digits)), digits)


def enclosure(name: str, /, digits: int = 15, **parameters: Any) -> Enclosure:
    """A rigorous enclosure of a theorem's value, of radius at most 10**-digits times the value.

    Where the value cannot be told from 0, the radius is at most 10**-digits.  The rounding of the midpoint to
    a decimal is part of the radius.  Raises as `value` does.
    """
    expr, env = _bound(name, digits, parameters)
    exact = rational(expr, env)
    if exact is not None:
        middle, radius = exact, Fraction(0)
    else:
        try:
            ball = enclose(expr, env, digits + 1)
        except NotEnclosed:
            ball = enclose_within(expr, env, digits + 1)
        middle, radius = _dyadic(ball.mid()), _dyadic(ball.rad())
    midpoint = _rounded(middle, digits + 2)
    return Enclosure(
        _written(midpoint, digits + 2), _written(_upward(radius + abs(middle - Fraction(midpoint))), 3)
    )


def _bound(name: str, digits: int, parameters: dict[str, Any]) -> tuple[sp.Basic, Environment]:
    theorem = find(name)
    checked(name, "digits", DIGITS, digits)
    chosen, values = theorem.bind(parameters)
    env = theorem.environment(values)
    plain, derivation = theorem.value(*chosen), theorem.derivation(*chosen)
    forms = (plain, derivation.rigorous, derivation.stable)
    short = (form for form in forms if _enclosable(form) and terms(form, env) <= MANY_TERMS)
    return next(short, plain), env


def _enclosable(expr: sp.Basic) -> bool:
    try:
        require_known(expr, Balls())
    except UnknownNode:
        return False
    return True


def terms(expr: sp.Basic, env: Environment) -> int:
    """About how many summands and factors the sums and products of `expr` have, written out."""
    if not isinstance(expr, (sp.Sum, sp.Product)):
        return sum(terms(argument, env) for argument in expr.args if argument.has(sp.Sum, sp.Product))
    *inner, (variable, lower, upper) = expr.limits
    body = expr.func(expr.function, *inner) if inner else expr.function
    last = whole(upper, env)
    count = max(0, last - whole(lower, env) + 1)
    if count == 0 or not body.has(sp.Sum, sp.Product):
        return count
    return count * max(1, terms(body, {**env, variable: last}))


def _dyadic(x: arb) -> Fraction:
    mantissa, exponent = map(int, x.man_exp())
    return Fraction(mantissa) * Fraction(2) ** exponent


def _context(digits: int, rounding: str = ROUND_HALF_EVEN) -> Context:
    return Context(prec=digits, rounding=rounding, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[])


def _rounded(q: Fraction, digits: int) -> Decimal:
    return _context(digits).divide(Decimal(q.numerator), Decimal(q.denominator))


def _upward(q: Fraction) -> Decimal:
    return _context(3, ROUND_UP).divide(Decimal(q.numerator), Decimal(q.denominator))


def _written(number: Decimal, digits: int) -> str:
    """Plain notation where it needs few zeros, else scientific."""
    return f"{number:f}" if -5 <= number.adjusted() < digits else f"{number:e}"
