"""Printed numbers against a theorem's values, to the decimal places printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

import sympy as sp

from numerics.evaluate import value
from papers.claims.claim import Finding, Point, Settler, Verdict
from papers.claims.idealisations import Gap, true


def rounded(
    theorem: str, at: Sequence[Mapping[str, Any]], *, decimals: int, gap: Callable[[], Gap] | None = None
) -> Settler:
    """The settler of a Tuple of numbers, one for each place of the theorem, printed with so many decimals.

    A number agrees if it is the theorem's value, rounded.  gap: as for `formula`.  Raises DoesNotStand.
    """

    def settle(printed: sp.Basic) -> Finding:
        unit = Decimal(1).scaleb(-decimals)
        points, off = [], []
        for number, place in zip(printed.args, at, strict=True):
            exact = Decimal(value(theorem, 20, **place))
            where = ", ".join(f"{name} = {entry}" for name, entry in place.items())
            right = exact.quantize(unit, ROUND_HALF_EVEN)
            points.append(Point(where, f"{float(number):g}", f"{exact:.6f}"))
            if Fraction(int(number.p), int(number.q)) != Fraction(right):
                off.append(f"at {where} {float(number):g} is printed and {right} derived")
        if off:
            return Finding(Verdict.CORRECTED, "; ".join(off), (theorem,), points=tuple(points))
        reason = f"{theorem} rounds to what is printed at {len(points)} of {len(points)} places"
        return true(Finding(Verdict.CONFIRMED, reason, (theorem,), points=tuple(points)), gap)

    return settle
