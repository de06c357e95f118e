"""What a table rests on, as notes below it: the theorems with their verdicts, and their assumptions."""

from __future__ import annotations

from collections.abc import Sequence

from theory.proof.cache import record_of
from theory.proof.library import find


def resting_on(names: Sequence[str]) -> tuple[str, ...]:
    """One sentence with every theorem's verdict, one with all assumptions that their proofs use."""
    records = {name: record_of(find(name)) for name in names}
    verdicts = ", ".join(f"{name} ({record.verdict})" for name, record in records.items())
    assumptions = dict(fact for record in records.values() for fact in record.assumptions)
    citations = sorted({citation for record in records.values() for citation in record.citations})
    sentences = [f"Theorems: {verdicts}."]
    if assumptions:
        sentences.append("Assumptions: " + "; ".join(f"{fact}: {text}" for fact, text in assumptions.items()) + ".")
    if citations:
        sentences.append("Cited: " + "; ".join(citations) + ".")
    return tuple(sentences)
