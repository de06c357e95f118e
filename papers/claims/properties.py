"""A property that holds or does not: decided exactly, by a theorem, or by sampled evidence with two error rates.

What decides is code of the claim's own file that answers yes or no; it searches for the smallest counterexample itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import sympy as sp

from papers.claims.claim import Finding, Point, Settler, Verdict
from papers.claims.idealisations import Gap, true

T = TypeVar("T")


@dataclass(frozen=True)
class Decision:
    """Whether the property holds, None where that cannot be told; one sentence why, and what it rests on.

    counterexample: in words, the smallest that was found; needed where the property does not hold.  right: what holds
    instead, in words, where that is a statement of the same kind.
    """

    holds: bool | None
    because: str
    theorems: tuple[str, ...] = ()
    derived: sp.Basic | None = None
    counterexample: str = ""
    right: str = ""
    points: tuple[Point, ...] = ()
    evidence: tuple[str, ...] = ()


def proposition(decide: Callable[[sp.Basic], Decision], gap: Callable[[], Gap] | None = None) -> Settler:
    """The settler of a property; `decide` is handed the printed expression, which holds its numbers if it has any.

    gap: what is true without the idealisations of the decision's theorems; needed where they have any.
    """

    def settle(printed: sp.Basic) -> Finding:
        said = decide(printed)
        verdict, reason = _read(said)
        finding = Finding(verdict, reason, said.theorems, said.derived, None, said.points, said.evidence)
        return true(finding, gap) if said.holds else finding

    return settle


def _read(said: Decision) -> tuple[Verdict, str]:
    if said.holds is not False:
        return (Verdict.CONFIRMED if said.holds else Verdict.UNDECIDABLE), said.because
    if not said.counterexample:
        raise ValueError(f"'{said.because}' refutes without a counterexample: give the smallest found")
    reason = f"{said.because}; counterexample: {said.counterexample}"
    return (Verdict.CORRECTED, f"{reason}; right: {said.right}") if said.right else (Verdict.REFUTED, reason)


def smallest_failing(candidates: Iterable[T], holds: Callable[[T], bool]) -> T | None:
    """The first candidate, in the order given, for which the property does not hold."""
    return next((candidate for candidate in candidates if not holds(candidate)), None)
