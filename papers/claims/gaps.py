"""Gaps: what is true of a real network where a claim holds under an idealisation only; `sampled_gaps` measures them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import sympy as sp

from numerics.evaluate import value
from papers.claims.claim import Point
from papers.claims.idealisations import Gap
from papers.claims.points import text


def by_theorem(
    words: str,
    theorem: str,
    ideal: Callable[[Mapping[str, Any]], sp.Expr],
    at: Sequence[Mapping[str, Any]],
    *,
    under: str = "",
) -> Callable[[], Gap]:
    """The gap between an ideal value and a theorem about the real network, at places of that theorem.

    words: what the theorem's value is, "the correlation of wide rectifier networks".  ideal: the claim's value at a place.
    under: the idealisation, where the claim's own theorem does not name it.
    """

    def found() -> Gap:
        points = []
        for place in at:
            where = ", ".join(f"{name} = {entry}" for name, entry in place.items())
            real, claimed = Fraction(value(theorem, 25, **place)), sp.Rational(ideal(place))
            points.append(Point(where, text(Fraction(int(claimed.p), int(claimed.q))), text(real)))
        shown = "; ".join(_compared(point) for point in points)
        return Gap(f"{words} ({theorem}) is {shown}", tuple(points), under)

    return cache(found)


def joined(*gaps: Callable[[], Gap]) -> Callable[[], Gap]:
    """Several gaps as one."""

    def found() -> Gap:
        parts = [gap() for gap in gaps]
        points = tuple(point for part in parts for point in part.points)
        ideal = " and ".join(dict.fromkeys(part.ideal for part in parts if part.ideal))
        return Gap("; ".join(part.sentence for part in parts), points, ideal)

    return found


def _compared(point: Point) -> str:
    same = point.derived == point.printed
    return f"{point.derived}{' as well' if same else f' and not {point.printed}'} at {point.where}"
