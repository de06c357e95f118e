"""Would the judges notice?  Every step of a proof is changed a little, and every changed step must be rejected.

A mutant changes the new line of one step in one place: a constant, a sign, a term or factor dropped, n for n - 1, the next
width for this one (fan-in for fan-out), or the whole line by a factor.  It survives if its step would stand.  Majorants of
integrals are no part of a line's meaning, so they are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import sympy as sp

from theory.probability.setting import Setting
from theory.proof.places import dropped, places, rebuilt
from theory.proof.render import unicode
from theory.proof.theorem import Step, Theorem


@dataclass(frozen=True)
class Account:
    """How many mutants of a theorem's steps there were, how many were rejected, and which were not."""

    theorem: str
    mutants: int
    rejected: int
    survivors: tuple[str, ...]


def account(theorem: Theorem) -> Account:
    """Judge every mutant of every step of every proof of the theorem."""
    count, survivors = 0, []
    for derivation in theorem.derivations():
        for step in derivation.steps:
            for line in mutants(step):
                count += 1
                if replace(step, right=line).stands():
                    survivors.append(f"step {step.name}: {unicode(step.right)} -> {unicode(line)}")
    return Account(theorem.name, count, count - len(survivors), tuple(survivors))


def mutants(step: Step) -> Iterator[sp.Basic]:
    """The changed lines of a step, each different from the line and from the others."""
    seen = {step.right}
    for line in _changes(step.right, step.setting):
        if line not in seen and not line.has(sp.nan, sp.zoo, sp.oo - sp.oo):
            seen.add(line)
            yield line
    if isinstance(step.right, sp.Expr):
        yield from (line for line in (2 * step.right, step.right + 1) if line not in seen)


def _changes(line: sp.Basic, setting: Setting) -> Iterator[sp.Basic]:
    """One change at one place, at every place."""
    for place in places(line):
        yield from map(place.put, _local_changes(place.part, setting))


def _local_changes(line: sp.Basic, setting: Setting) -> Iterator[sp.Basic]:
    if isinstance(line, sp.Indexed):
        family = setting.family(line)
        for at in range(1, len(line.args)):
            changed = rebuilt(line, at, line.args[at] + 1)
            if family is None or family.law_of(*line.indices) != family.law_of(*changed.indices):
                yield changed  # an entry of the same law would be another way to say the same
    if line.is_Number and line.is_finite:
        yield line + 1
    if line.is_Symbol and line.is_integer and line.is_positive:
        yield line - 1
    if isinstance(line, (sp.Add, sp.Mul)):
        for at, argument in enumerate(line.args):
            yield dropped(line, at)
            if isinstance(line, sp.Add):
                yield dropped(line, at) - argument
