"""A sampled check as a small picture: the estimate and its band on a scale of the error it would have found.

The claimed value is at 0 and the detectable shift at -1 and 1, so that checks of different quantities stand below each other
on one axis.  The band is two standard errors to each side; for a distance between laws, which has none, the threshold is
marked instead: up to there the claim agrees.  The verdict itself rests on the plan's own test, not on the band.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from numerics.checks import Result

WIDTH, HEIGHT, MIDDLE = 240, 26, 13  # of a strip, in its own units
REACH = 1.35  # of the axis, in detectable shifts
BAND = 2.0  # standard errors

_AXIS = f'<line class="zero" x1="{WIDTH / 2:g}" y1="1" x2="{WIDTH / 2:g}" y2="{HEIGHT - 1}"/>'


def place(shifts: float) -> float:
    """Where a value stands, in the units of the strip; what is beyond the axis stands at its end."""
    kept = max(-REACH, min(REACH, shifts))
    return round(WIDTH / 2 * (1 + kept / REACH), 2)


def strip(result: Result) -> Markup:
    """One check as SVG; without an estimate only the axis is drawn."""
    e = result.evidence
    parts = [_AXIS, *(_mark("shift", side) for side in (-1, 1))]
    if e.kind != "mean" and e.networks:
        parts += [_mark("threshold", side * e.threshold / e.shift) for side in (-1, 1)]
    gap = (e.estimate - result.expected) / e.shift
    if math.isfinite(gap):
        error = e.standard_error / e.shift
        if math.isfinite(error):
            ends = (place(gap - BAND * error), place(gap + BAND * error))
            parts.append(f'<line class="band" x1="{ends[0]:g}" y1="{MIDDLE}" x2="{ends[1]:g}" y2="{MIDDLE}"/>')
        parts.append(_dot(gap))
    return Markup(
        f'<svg class="strip {escape(e.verdict)}" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img"'
        f' aria-label="{escape(described(result))}">{"".join(parts)}</svg>'
    )


def scale() -> Markup:
    """The axis of all strips, for the head of their column."""
    ticks = (("−shift", -1), ("claimed", 0), ("+shift", 1))
    words = "".join(f'<text x="{place(at):g}" y="11" text-anchor="middle">{name}</text>' for name, at in ticks)
    return Markup(
        f'<svg class="scale" viewBox="0 0 {WIDTH} 15" width="{WIDTH}" height="15" aria-hidden="true">{words}</svg>'
    )


def described(result: Result) -> str:
    """A strip in words."""
    e = result.evidence
    if math.isnan(e.estimate):
        return f"{e.verdict}; no estimate"
    gap = (e.estimate - result.expected) / e.shift
    return f"{e.verdict}; the estimate lies {gap:.2g} detectable shifts from what is claimed"


def _mark(kind: str, shifts: float) -> str:
    at = place(shifts)
    return f'<line class="{kind}" x1="{at:g}" y1="4" x2="{at:g}" y2="{HEIGHT - 4}"/>'


def _dot(shifts: float) -> str:
    """The estimate, an arrow where it lies beyond the axis."""
    at = place(shifts)
    if abs(shifts) <= REACH:
        return f'<circle cx="{at:g}" cy="{MIDDLE}" r="4"/>'
    back = at - math.copysign(8, shifts)
    return f'<path d="M{at:g} {MIDDLE}L{back:g} {MIDDLE - 5}L{back:g} {MIDDLE + 5}Z"/>'
