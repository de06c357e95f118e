"""A printed law of growth: the derived value over it tends to a constant, other than 0, along a growing variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import sympy as sp

from numerics.evaluate import value
from papers.claims.claim import Finding, Point, Settler, Verdict
from papers.claims.points import number, text
from theory.proof.library import find

SETTLING = 3  # by which quotients approach their limit when the variable grows tenfold: 10 for a relative error of 1/N


def grows_as(theorem: str, at: Sequence[Mapping[str, Any]], *, along: str) -> Settler:
    """The settler of a power law: at the places, where the parameter `along` grows tenfold, the quotients settle.

    They must be positive, and each step must change them by less than a third of the step before.  The printed
    expression is one of the theorem's symbols.  Raises DoesNotStand.
    """

    def settle(printed: sp.Basic) -> Finding:
        symbols = {p.name: p.symbol for p in find(theorem).parameters if p.symbol is not None}
        quotients, points = [], []
        for place in at:
            exact = Fraction(value(theorem, 25, **place))
            law = number(printed, {symbols[name]: entry for name, entry in place.items() if name in symbols})
            if law is None or law == 0:
                raise ValueError(f"{printed} has no value other than 0 at {dict(place)}")
            quotients.append(float(exact) / (float(law) if isinstance(law, Fraction) else float(law.mid())))
            points.append(Point(f"{along} = {place[along]}", text(law), text(exact)))
        steps = [abs(b - a) for a, b in pairwise(quotients)]
        settles = all(SETTLING * b < a for a, b in pairwise(steps)) or max(steps) == 0
        shown = ", ".join(f"{q:.6g}" for q in quotients)
        grown = f"derived over printed is {shown} at {along} = {', '.join(str(place[along]) for place in at)}"
        if settles and quotients[-1] > 0:
            return Finding(Verdict.CONFIRMED, f"{grown}: it settles", (theorem,), points=tuple(points))
        return Finding(Verdict.REFUTED, f"{grown}: it does not settle", (theorem,), points=tuple(points))

    return settle
