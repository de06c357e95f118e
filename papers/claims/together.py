"""A claim of several parts: each is settled alone, and the claim is as good as its worst part."""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from papers.claims.claim import Finding, Settler, Verdict

ORDER = (  # what is not decided hides what holds, and what is found wrong hides both
    *(Verdict.CONFIRMED, Verdict.IDEALISED, Verdict.UNDECIDABLE, Verdict.OPEN),
    *(Verdict.ACCURATE, Verdict.CORRECTED, Verdict.REFUTED),
)


def together(*parts: Settler) -> Settler:
    """The settler of a Tuple of as many printed expressions as there are parts."""

    def settle(printed: sp.Basic) -> Finding:
        return _worst([part(each) for part, each in zip(parts, printed.args, strict=True)])

    return settle


def every(*parts: Settler) -> Settler:
    """The settler of one printed expression that is held against several things."""
    return lambda printed: _worst([part(printed) for part in parts])


def _worst(found: Sequence[Finding]) -> Finding:
    worst = max((finding.verdict for finding in found), key=ORDER.index)
    several = len({finding.verdict for finding in found}) > 1
    reasons = [f"{finding.verdict}: {finding.reason}" if several else finding.reason for finding in found]
    derived = [finding.derived for finding in found if finding.derived is not None]
    return Finding(
        worst,
        "; ".join(dict.fromkeys(reasons)),
        tuple(dict.fromkeys(name for finding in found for name in finding.theorems)),
        sp.Tuple(*derived) if derived else None,
        None,
        tuple(point for finding in found for point in finding.points),
        tuple(line for finding in found for line in finding.evidence),
    )
