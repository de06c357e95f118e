"""Idealisations: hypotheses that no real network of the papers fulfils, and what is true without them.

A claim that equals a theorem which rests on one holds only as far, and its finding must carry the gap to the real network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from papers.claims.claim import Finding, Point, Verdict
from theory.proof.cache import record_of
from theory.proof.library import find

IDEALISATIONS = (  # hypotheses, by name, that the networks of the papers do not fulfil
    "linear regime",
    "independent output gradient",
    "typical datapoints",
    "fixed activation patterns",
    "one output gradient",
    "normalisation by the expected deviation",
    "one correlation for all pairs",
    "normal pre-activations",
)


@dataclass(frozen=True)
class Gap:
    """What is true of the real network: one sentence, and both sides (ideal, real) at telling points.

    ideal: the idealisation, where the theorem is silent about it because it speaks of something simpler.
    """

    sentence: str
    points: tuple[Point, ...]
    ideal: str = ""


def idealisations(theorem: str) -> tuple[str, ...]:
    """The idealisations that a theorem's proof uses, all the way down."""
    names = [name for name, _ in record_of(find(theorem)).assumptions]
    return tuple(name for name in IDEALISATIONS if name in names)


def true(finding: Finding, gap: Callable[[], Gap] | None) -> Finding:
    """The finding of a claim that its theorems bear out: confirmed, or only under their idealisations.

    Raises ValueError where there are idealisations and no gap is given.
    """
    ideal = under(finding.theorems)
    if gap is None:
        if ideal:
            raise ValueError(f"{', '.join(finding.theorems)} rest on {', '.join(ideal)}: give the gap to real networks")
        return replace(finding, verdict=Verdict.CONFIRMED)
    found = gap()
    names = " and ".join(filter(None, (*ideal, found.ideal)))
    reason = f"{finding.reason}, under {names}; without: {found.sentence}"
    return replace(finding, verdict=Verdict.IDEALISED, reason=reason, points=(*finding.points, *found.points))


def under(theorems: Sequence[str]) -> tuple[str, ...]:
    """The idealisations that any of the theorems uses."""
    return tuple(dict.fromkeys(name for theorem in theorems for name in idealisations(theorem)))
