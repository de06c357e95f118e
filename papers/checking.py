"""Judging a theorem step by step, and a failing step in words, for `initium check` and for pytest."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from papers.terminal import Progress

if TYPE_CHECKING:
    from theory.proof.theorem import Judgement, Theorem

NOT_BUILT = "not built"


@dataclass(frozen=True)
class Checked:
    """The outcome for one theorem: its verdict, its steps by verdict, seconds, and what failed, in words."""

    theorem: str
    verdict: str
    stands: bool
    steps: dict[str, int]
    seconds: float
    failures: tuple[str, ...]


def check(theorem: Theorem, progress: Progress, *, cached: bool = False) -> Checked:
    """Judge every step of a theorem afresh and remember the verdicts; if `cached`, believe one that stands.

    A proof that cannot be built is an outcome too, with the verdict "not built".
    """
    from theory.proof.cache import known, recorded
    from theory.proof.judges import Verdict

    start = time.perf_counter()
    record = known(theorem) if cached else None
    if record is not None and Verdict[record.verdict.upper()].stands:
        return Checked(theorem.name, record.verdict, True, record.counts, time.perf_counter() - start, ())
    judgements: list[Judgement] = []
    try:
        steps = [step for derivation in theorem.derivations() for step in derivation.steps]
        for step in steps:
            progress(len(judgements), len(steps), f"{theorem.name}, step {step.name}")
            judgements.append(step.judge())
        record = recorded(theorem, judgements)
    except Exception as broken:  # a builder is the author's code: whatever it raises is the outcome
        failure = f"{theorem.name} cannot be judged: {type(broken).__name__}: {broken}"
        return Checked(theorem.name, NOT_BUILT, False, {}, time.perf_counter() - start, (failure,))
    failures = tuple(f"{theorem.name}, {in_words(j)}" for j in judgements if not j.verdict.stands)
    stands = Verdict[record.verdict.upper()].stands
    return Checked(theorem.name, record.verdict, stands, record.counts, time.perf_counter() - start, failures)


def in_words(judgement: Judgement) -> str:
    """A judged step: the two sides, and what each judge said, with residual and point."""
    return "\n".join(_lines(judgement))


def _lines(judgement: Judgement) -> Iterator[str]:
    from theory.proof.render import reason, unicode

    step = judgement.step
    yield f"step {step.name} ({reason(step)}): {judgement.verdict}"
    yield f"  left      {unicode(step.left)}"
    yield f"  {step.relation:<9} {unicode(step.right)}"
    for finding in judgement.findings:
        yield f"  {finding.judge:<9} {finding.answer}{': ' + finding.detail if finding.detail else ''}"
        yield from (f"            residual {finding.residual}" for _ in [1] if finding.residual)
        yield from (f"            at {finding.point}" for _ in [1] if finding.point)
