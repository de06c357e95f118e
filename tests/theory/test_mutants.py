"""Every step of every theorem is changed a little, and the judges reject what comes out.

The command `initium mutate --proofs` tries all mutants.  Here at most SAMPLE of each step are tried, every time the same
ones and spread over the whole step, so that the suite stays short.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy as sp

from theory.proof.library import find, theorems
from theory.proof.mutants import mutants
from theory.symbols import i, n, q, v

SAMPLE = 5
NAMES = [each.name for each in theorems() if each.builder.__module__.startswith("theory.")]


@pytest.mark.parametrize("name", NAMES)
def test_mutated_steps_are_rejected(name: str) -> None:
    tried = 0
    for derivation in find(name).derivations():
        for step in derivation.steps:
            lines = list(mutants(step))
            for line in lines[:: max(1, len(lines) // SAMPLE)][:SAMPLE]:
                tried += 1
                assert not replace(step, right=line).stands(), f"step {step.name} with {line}"
    assert tried > 0


def test_mutants_cover_constants_signs_terms_fans_and_widths() -> None:
    forward = find("variance.forward_step").derivation().statement.steps[-1]
    made = set(mutants(forward))
    assert {n[i + 1] * v[i] * q[i], v[i] * q[i], 2 * n[i] * v[i] * q[i]} <= made
    square = find("variance.standard_weight").derivation().statement.steps[-1]
    symbol = next(iter(square.right.free_symbols))
    for expected in (4 / (3 * symbol), 1 / (3 * (symbol - 1)), 2 / (3 * symbol)):
        assert any(sp.simplify(expected - line) == 0 for line in mutants(square)), expected


def test_a_residual_with_integrals_is_written_without_evaluating_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("an integral was evaluated")

    steps = [step for derivation in find("gains.forward").derivations() for step in derivation.steps]
    (step,) = [step for step in steps if step.name == "gelu:2"]
    monkeypatch.setattr("sympy.core.evalf.do_integral", refuse)
    assert not replace(step, right=2 * step.right).stands()
