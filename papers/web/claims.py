"""A claim as the page shows it: what was printed, what came of it, and everything that tells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from papers.claims.claim import Claim, Verdict
from papers.web.words import inline, listed

_PART = re.compile(f"; ({'|'.join(map(re.escape, Verdict))}): ")
MARKS = {
    "text": "read in the paper",
    "second-hand": "known through other papers that quote it",
    "recollected": "recollected, not read again",
}


def entry(claim: Claim) -> dict[str, Any]:
    """One claim; `more` says whether there is something to unfold."""
    found = claim.finding
    shown = {
        "printed": listed(claim.printed),
        "derived": listed(found.derived),
        "factor": None if found.factor is None or found.factor == 1 else inline(found.factor),
        "points": found.points,
        "evidence": found.evidence,
        "note": claim.note,
    }
    return {
        "id": claim.id,
        "paper": claim.paper,
        "mark": MARKS[claim.mark],
        "says": claim.says,
        "verdict": str(found.verdict),
        "reasons": parts(found.reason),
        "theorems": [name for name in found.theorems if name not in found.reason],
        "more": any(shown.values()),
        **shown,
    }


def parts(reason: str) -> list[tuple[str, str]]:
    """The reason for each part of a claim with the part's verdict; a claim of one part has no verdict here."""
    first, *others = _PART.split(f"; {reason}")
    return list(zip(others[::2], others[1::2], strict=True)) if not first else [("", reason)]


def by_paper(claims: Sequence[Claim]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Papers with their claims, in order."""
    return [
        (paper, [entry(claim) for claim in claims if claim.paper == paper])
        for paper in dict.fromkeys(claim.paper for claim in claims)
    ]


def verdict_table(claims: Sequence[Claim]) -> dict[str, Any]:
    """How many claims of each paper came to each verdict that occurs."""
    counts = {
        p: Counter(str(c.finding.verdict) for c in claims if c.paper == p)
        for p in dict.fromkeys(c.paper for c in claims)
    }
    total: Counter[str] = sum(counts.values(), Counter())
    verdicts = [str(verdict) for verdict in Verdict if total[str(verdict)]]
    rows = [(paper, [count[v] for v in verdicts], count.total()) for paper, count in counts.items()]
    return {"verdicts": verdicts, "rows": rows, "total": [total[v] for v in verdicts], "all": total.total()}
