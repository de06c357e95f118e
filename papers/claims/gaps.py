"""Gaps: what is true of a real network where a claim holds under an idealisation only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import sympy as sp

from numerics.evaluate import value
from papers.claims.claim import Point
from papers.claims.idealisations import Gap
from papers.claims.points import text

if TYPE_CHECKING:
    from torch import Tensor

    from numerics.ensembles import Network
    from numerics.sampling.passes import Pass

ALPHA, BETA = 1e-6, 1e-3  # that a right ideal is refuted, and that one wrong by the shift is not


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
            real, claimed = value(theorem, 6, **place), sp.Rational(ideal(place))
            points.append(Point(where, text(Fraction(int(claimed.p), int(claimed.q))), real))
        shown = "; ".join(f"{point.derived} (ideal {point.printed}) at {point.where}" for point in points)
        return Gap(f"{words} ({theorem}) is {shown}", tuple(points), under)

    return cache(found)


def by_samples(
    words: str, network: Network, measure: Callable[[Pass], Tensor], ideal: float, *, ends: tuple[float, float], shift: float
) -> Callable[[], Gap]:
    """The gap between an ideal mean and that of a quantity, measured in random networks, which lies between `ends`.

    words: of what the mean is.  shift: the smallest difference that is to be found.  The finding says whether the ideal
    is refuted, with ALPHA and BETA; nothing is assumed of the quantity but its ends.
    """

    def found() -> Gap:
        from numerics import evidence
        from numerics.sampling import choice

        plan = evidence.plan_bounded(ideal, *ends, shift=shift, alpha=ALPHA, beta=BETA)
        sampler = choice.cheapest(network)
        blocks = sampler.sample(network, plan.networks, experiment=f"claims {words}", measure=measure, device="cpu")
        seen = evidence.judge(plan, blocks)
        figure = f"{seen.estimate:.4f}"
        sentence = (
            f"{words} is {figure}, standard error {seen.standard_error:.1g} in {seen.networks} networks; "
            f"the ideal {ideal:g} is {seen.verdict} (alpha {ALPHA:g}, beta {BETA:g} for a difference of {shift:g})"
        )
        return Gap(sentence, (Point(words, f"{ideal:g}", figure),))

    return cache(found)


def joined(*gaps: Callable[[], Gap]) -> Callable[[], Gap]:
    """Several gaps as one."""

    def found() -> Gap:
        parts = [gap() for gap in gaps]
        return Gap("; ".join(part.sentence for part in parts), tuple(p for part in parts for p in part.points))

    return found
