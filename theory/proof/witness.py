"""Are the hypotheses of a theorem satisfiable?  A theorem about nothing would be worthless, however well proved.

Every hypothesis carries an exact test in a finite probability space, and a theorem's hypotheses must hold together in one of
the small networks of its setting.  Hypotheses that name a law which no finite space has (normal weights, Haar-orthogonal
weights) are witnessed by that law and have no test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from theory.proof.interpret import UnknownNode

if TYPE_CHECKING:
    from theory.proof.theorem import Derivation


def witness(derivation: Derivation) -> str | None:
    """The instance, in words, in which all testable hypotheses hold; None if there is none."""
    from theory.probability.models import Enumeration

    tests = [fact.holds_in for fact in derivation.assumed if fact.holds_in is not None]
    if not tests:
        return "no hypothesis needs a finite witness"
    for setting in {step.setting.name: step.setting for step in derivation.steps}.values():
        for instance in setting.instances:
            try:
                if all(test(Enumeration(setting, instance)) for test in tests):
                    return f"{setting.name}: {instance}"
            except UnknownNode:
                continue
    return None
