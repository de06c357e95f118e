"""The resolution of every theorem's checks, kept: what ``numerics.checks.mutation`` finds takes minutes to measure.

    with keeping(into=Path("resolutions.jsonl")):
        measure_all(progress)           # what is not known yet
        recalled("random_walk.relu_gain")

A resolution belongs to a theorem, by the hash of its proof, to how formulas are changed, and to the code that measures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from numerics.checks import mutation
from numerics.evidence import RUN_ALPHA
from numerics.evidence.kept import Kept, code_of, measured
from numerics.evidence.provenance import theorem_hash
from theory.proof.library import find

CHANGING = ("theory.proof.formula_mutants", "theory.proof.places")  # how formulas are changed


@dataclass(frozen=True)
class Resolved:
    """How many mutants met which fate, the smallest effect that was killed, and the checks that failed without a mutant."""

    killed: int
    survived: int
    below: int
    no_value: int
    resolution: float | None
    controls: tuple[str, ...]

    @property
    def above(self) -> int:
        """The mutants that matter."""
        return self.killed + self.survived


@measured
def resolution(theorem: str, identity: str) -> Resolved:
    """What became of a theorem's mutants, at the rates that are its part of those of a run; identity: of `identity_of`."""
    assert identity == identity_of(theorem)
    (found,) = mutation.mutate([theorem])
    return counted(found)


@cache
def identity_of(theorem: str) -> str:
    """SHA-256 of the theorem with its proof, and of how formulas are changed."""
    return hashlib.sha256((theorem_hash(find(theorem)) + code_of(*CHANGING)).encode()).hexdigest()


def counted(found: mutation.Resolution) -> Resolved:
    """The fates of all mutants as numbers."""
    killed, survived, below = (len(found.having(fate)) for fate in ("killed", "survived", "below"))
    return Resolved(killed, survived, below, len(found.having("no value")), found.resolution, found.controls)


def recalled(theorem: str) -> tuple[Resolved, Kept] | None:
    """The resolution of a theorem and its record, if it has been measured by today's code; nothing is drawn."""
    found = resolution.recall(theorem, identity_of(theorem))
    return None if found is None else (found, resolution.kept(theorem, identity_of(theorem)))


def keep(found: mutation.Resolution) -> None:
    """Keep what ``mutate`` found at the rates and the budget that it has when none are given."""
    resolution.keep(counted(found), found.theorem, identity_of(found.theorem))


def measure_all(progress: Callable[[int, int, str], None] = lambda done, total, what: None) -> None:
    """Measure every theorem's resolution that is not known; minutes where none is."""
    names = list(mutation.checked())
    for done, name in enumerate(names):
        progress(done, len(names), f"resolution of {name}")
        resolution(name, identity_of(name))
    progress(len(names), len(names), "")


def default(alpha: float, budget: int) -> bool:
    """Whether these are the rate and the budget at which resolutions are kept."""
    return alpha == RUN_ALPHA and budget == mutation.BUDGET
