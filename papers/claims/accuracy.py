"""How good a printed approximation is: the sharp range of sizes on which it keeps a stated relative accuracy.

Every size up to `UPTO` is tried in floating point (errors about 1e-13, see `numerics.evaluate`); the ends of the range and
the largest error on it are confirmed with 25 digits.  Beyond `UPTO` nothing is claimed but what the expansions in 1/size
of both sides say: the limit of their quotient, and the first coefficient in which they differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from numerics.evaluate import function, value
from numerics.evaluate.floats import Floats
from numerics.evaluate.sharing import evaluate
from papers.claims.claim import Finding, Point, Settler, Verdict
from papers.claims.points import ball, number, text
from theory.proof.cache import record_of
from theory.proof.library import find
from theory.proof.normal import difference
from theory.proof.notation import unicode
from theory.symbols import N

WITHIN = sp.Rational(1, 100)
UPTO = 4096
TYPICAL = 100  # a size that is shown whatever the range
MOST_TERMS = 3  # of the expansions that are compared


@dataclass(frozen=True)
class Along:
    """A theorem's value along one of its parameters, a whole number, the others fixed."""

    theorem: str
    parameter: str
    symbol: sp.Symbol
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def derived(self) -> sp.Basic:
        """The value as an expression in the symbol."""
        theorem = find(self.theorem)
        chosen, values = theorem.bind({**self.fixed, self.parameter: 1})
        known = {p.symbol: sp.S(values[p.name]) for p in theorem.parameters if p.symbol and p.name in self.fixed}
        return theorem.value(*chosen).subs(known)

    def exact(self, size: int) -> Fraction:
        """The value at one size, to 25 digits."""
        return Fraction(value(self.theorem, 25, **self.fixed, **{self.parameter: size}))

    def printed(self, expr: sp.Basic, size: int) -> Fraction:
        """The printed value at one size, exact or to 25 digits."""
        found = number(expr, {self.symbol: size})
        if found is None:
            raise ValueError(f"{expr} has no value at {self.symbol} = {size}")
        return found if isinstance(found, Fraction) else Fraction(ball(found).mid().str(25, radius=False))

    def error(self, expr: sp.Basic, size: int) -> Fraction:
        """printed/derived - 1 at one size."""
        return self.printed(expr, size) / self.exact(size) - 1

    def errors(self, expr: sp.Basic, upto: int) -> NDArray[np.float64]:
        """printed/derived - 1 at the sizes 1..upto, in floating point."""
        sizes = np.arange(1.0, upto + 1)
        arithmetic = Floats()
        with arithmetic.working():
            approximate = arithmetic.concrete(evaluate(expr, {self.symbol: sizes}, arithmetic))
        exact = function(self.theorem)(**self.fixed, **{self.parameter: sizes})
        return np.broadcast_to(approximate, sizes.shape) / exact - 1

    def point(self, expr: sp.Basic, size: int) -> Point:
        """Both sides at one size."""
        return Point(f"{self.symbol} = {size}", text(self.printed(expr, size)), text(self.exact(size)))


def accuracy(
    theorem: str,
    *,
    within: sp.Rational = WITHIN,
    expansion: Callable[[], sp.Expr] | None = None,
    along: tuple[str, sp.Symbol] = ("N", N),
    fixed: Mapping[str, Any] | None = None,
    upto: int = UPTO,
    far: int | None = None,
) -> Settler:
    """The settler of an approximation to a theorem's value along one parameter, of relative accuracy `within`.

    along: the parameter and its symbol; fixed: values of the others.  expansion: the value up to a power of 1/size,
    from a theorem on its series.  upto: the largest size tried; far: one more size to look at.  Raises DoesNotStand.
    """
    path = Along(theorem, *along, fixed or {})

    def settle(printed: sp.Basic) -> Finding:
        derived = path.derived()
        if difference(printed, derived) == 0:
            reason = f"equal to {theorem} ({record_of(find(theorem)).verdict}): the difference is 0 in normal form"
            return Finding(Verdict.CONFIRMED, reason, (theorem,), derived, sp.S.One)
        errors = np.abs(path.errors(printed, upto))
        tail = _tail(printed, expansion(), path.symbol) if expansion else ""
        tail += f"; {_percent(path.error(printed, far), '+.2g')} off at {path.symbol} = {far}" if far else ""
        kept = _range(errors < float(within))
        best = 1 + int(np.argmin(errors))
        shown: tuple[int, ...]
        if kept is None:
            off = _percent(path.error(printed, best), "+.4g")
            reason = f"nowhere within {_percent(within)} up to {path.symbol} = {upto}: nearest at {best}, off by {off}"
            told, verdict, shown = f"{reason}; derived: {unicode(derived)}{tail}", Verdict.CORRECTED, (best,)
        else:
            told, shown = _good(path, printed, errors, kept, within)
            told, verdict = told + tail, Verdict.ACCURATE
        points = tuple(path.point(printed, size) for size in dict.fromkeys((1, *shown, min(TYPICAL, upto))))
        return Finding(verdict, told, (theorem,), derived, None, points)

    return settle


def _range(good: NDArray[np.bool_]) -> tuple[int, int] | None:
    """The longest run of good sizes, first and last; the last one of equal length."""
    if not good.any():
        return None
    edges = np.flatnonzero(np.diff(np.concatenate(([False], good, [False])).astype(int)))
    firsts, ends = edges[::2] + 1, edges[1::2]
    best = len(firsts) - 1 - int(np.argmax((ends - firsts)[::-1]))
    return int(firsts[best]), int(ends[best])


def _good(
    path: Along, printed: sp.Basic, errors: NDArray[np.float64], kept: tuple[int, int], within: sp.Rational
) -> tuple[str, tuple[int, ...]]:
    """The range in words, and the sizes that tell: the worst one inside, and the first ones outside."""
    (first, last), upto = kept, len(errors)
    worst = first + int(np.argmax(errors[first - 1 : last]))
    outside = tuple(size for size in (first - 1, last + 1) if 1 <= size <= upto)
    bound = Fraction(int(within.p), int(within.q))
    for size in (first, last, worst, *outside):
        if (abs(path.error(printed, size)) < bound) is (size in outside):
            raise ArithmeticError(f"{path.theorem}: floats and digits disagree at {path.symbol} = {size}")
    sizes = f"{path.symbol} >= {first} (tried to {upto})" if last == upto else f"{first} <= {path.symbol} <= {last} only"
    most = f"{_percent(path.error(printed, worst), '+.4g')} at {path.symbol} = {worst}"
    return f"to {_percent(within)} for {sizes}; largest error there {most}", (worst, *outside)


def _percent(share: sp.Rational | Fraction, form: str = "g") -> str:
    return f"{float(100 * share):{form}} %"


def _tail(printed: sp.Basic, expansion: sp.Expr, symbol: sp.Symbol) -> str:
    """What the expansions in 1/size say: the limit of the quotient, and the first coefficient that differs."""
    h = sp.Symbol("h", positive=True)
    large = printed.replace(sp.Max, lambda *args: next(arg for arg in args if arg.has(symbol)))
    sides = [side.subs(symbol, 1 / h) for side in (large, expansion)]
    said = f"; printed/derived tends to {unicode(sp.simplify(sp.limit(sides[0] / sides[1], h, 0)))}"
    series = [sp.expand(sp.series(side, h, 0, MOST_TERMS).removeO()) for side in sides]
    for order in range(MOST_TERMS):
        one, other = (sp.simplify(side.coeff(h, order)) for side in series)
        if sp.simplify(one - other) != 0:
            term = {0: "limit", 1: f"coefficient of 1/{symbol}"}.get(order, f"coefficient of 1/{symbol}^{order}")
            return f"{said}; its {term} is {unicode(one)} where {unicode(other)} is right"
    return said
