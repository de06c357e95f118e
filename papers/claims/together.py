"""A claim of several parts: each is settled alone, and the claim is as good as its worst part."""

from __future__ import annotations

import sympy as sp

from papers.claims.claim import Finding, Settler, Verdict

ORDER = (
    *(Verdict.CONFIRMED, Verdict.IDEALISED, Verdict.ACCURATE, Verdict.OPEN, Verdict.UNDECIDABLE),
    *(Verdict.CORRECTED, Verdict.REFUTED),
)


def together(*parts: Settler) -> Settler:
    """The settler of a Tuple of as many printed expressions as there are parts."""

    def settle(printed: sp.Basic) -> Finding:
        found = [part(each) for part, each in zip(parts, printed.args, strict=True)]
        worst = max((finding.verdict for finding in found), key=ORDER.index)
        several = len({finding.verdict for finding in found}) > 1
        marked = [f"{f.verdict}: {f.reason}" if several else f.reason for f in found]
        derived = [finding.derived for finding in found if finding.derived is not None]
        return Finding(
            worst,
            "; ".join(dict.fromkeys(marked)),
            tuple(dict.fromkeys(name for finding in found for name in finding.theorems)),
            sp.Tuple(*derived) if derived else None,
            None,
            tuple(point for finding in found for point in finding.points),
            tuple(line for finding in found for line in finding.evidence),
        )

    return settle
