"""Claims about training or measured figures: no theorem speaks of them, an experiment has to."""

from __future__ import annotations

from papers.claims.claim import Finding, Settler, Verdict


def experiment(decides: str, evidence: tuple[str, ...] = ()) -> Settler:
    """Open until the experiment is run.  `decides`: in words, what is trained or drawn and what is compared."""
    reason = f"no theorem speaks of it; to decide: {decides}"
    return lambda printed: Finding(Verdict.OPEN, reason, evidence=evidence)


def out_of_reach(why: str, evidence: tuple[str, ...] = ()) -> Settler:
    """Not to be decided here, for the reason given."""
    return lambda printed: Finding(Verdict.UNDECIDABLE, why, evidence=evidence)
