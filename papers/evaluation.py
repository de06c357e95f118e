"""One evaluation as the command line reports it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from papers import arguments
from papers.arguments import BadUsage, NotHad

if TYPE_CHECKING:
    from theory.proof.theorem import Derivation, Theorem


def evaluated(
    theorem: Theorem, assignments: Sequence[str], digits: int, *, enclose: bool, value: bool
) -> dict[str, Any]:
    """The theorem, its parameters, and what was asked for: the value, an enclosure, or both.

    assignments: words K=V.  Raises BadUsage for bad words, values outside their domains and statements that
    have no value; NotHad where the proof does not stand or no enclosure is found.
    """
    from theory.proof.cache import verdict_of
    from theory.proof.domains import OutOfDomain

    given = arguments.parameters(theorem, assignments)
    try:
        chosen, values = theorem.bind(given)
    except OutOfDomain as refusal:
        raise BadUsage(str(refusal)) from None
    if not has_value(theorem, theorem.derivation(*chosen)):
        raise BadUsage(f"{theorem.name} is a statement without a value; see 'initium show {theorem.name}'")
    verdict = verdict_of(theorem)
    if not verdict.stands:
        raise NotHad(f"{theorem.name} does not stand: {verdict}; see 'initium check {theorem.name}'")
    result: dict[str, Any] = {
        "theorem": theorem.name,
        "parameters": {name: arguments.exact(bound) for name, bound in values.items()},
        "digits": digits,
        "verdict": str(verdict),
    }
    return result | _numbers(theorem.name, given, digits, enclose=enclose, value=value)


def _numbers(name: str, given: dict[str, Any], digits: int, *, enclose: bool, value: bool) -> dict[str, str]:
    import numerics.evaluate
    from theory.proof.interpret import UnknownNode

    numbers: dict[str, str] = {}
    try:
        if value:
            numbers["value"] = numerics.evaluate.value(name, digits=digits, **given)
        if enclose:
            ball = numerics.evaluate.enclosure(name, digits=digits, **given)
            numbers |= {"midpoint": ball.midpoint, "radius": ball.radius}
    except (ArithmeticError, UnknownNode) as refusal:
        raise NotHad(str(refusal)) from None
    return numbers


def has_value(theorem: Theorem, derivation: Derivation) -> bool:
    """Whether a statement equates something, exactly or asymptotically, with what the parameters determine."""
    import sympy as sp
    from sympy.core.function import AppliedUndef

    from theory.probability.expectation import E, Var

    right = derivation.statement.right
    if (
        derivation.statement.relation not in ("=", "~")
        or not isinstance(right, sp.Expr)
        or right.has(E, Var, AppliedUndef)
    ):
        return False
    known = {p.symbol for p in theorem.parameters if p.symbol is not None} | theorem.implied.keys()
    labels = {entry.base.label for entry in right.atoms(sp.Indexed)}
    return all(s in known or getattr(s, "base", s) in known for s in right.free_symbols - labels)
