"""A printed formula against a theorem's statement: equal in normal form, or not, and then by which factor."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import sympy as sp

from papers.claims.claim import Finding, Settler, Verdict
from papers.claims.comparison import quotient
from papers.claims.idealisations import Gap, idealisations, true
from papers.claims.points import Place, places, telling
from theory.proof.cache import record_of
from theory.proof.library import find
from theory.proof.normal import difference
from theory.proof.notation import unicode


def formula(
    theorem: str,
    *chosen: str,
    in_print: Callable[[sp.Basic], sp.Basic] = lambda derived: derived,
    at: Iterable[Place] | None = None,
    gap: Callable[[], Gap] | None = None,
) -> Settler:
    """The settler of a formula: the printed expression is the right-hand side of the theorem's statement.

    chosen: names that choose among the theorem's proofs.  in_print: the derived side as the paper writes it, for
    example at equal widths.  at: where to look for a telling point, by default samples of the theorem's parameters.
    gap: what is true without the theorem's idealisations; needed where it has any.  Raises DoesNotStand.
    """

    def settle(printed: sp.Basic) -> Finding:
        derived = in_print(find(theorem).value(*chosen))
        if _equal(printed, derived):
            reason = f"equal to {theorem} ({record_of(find(theorem)).verdict}): the difference is 0 in normal form"
            return true(Finding(Verdict.CONFIRMED, reason, (theorem,), derived, sp.S.One), gap)
        candidates = places(find(theorem)) if at is None else at
        return _unequal(theorem, printed, derived, candidates)

    return settle


def _equal(printed: sp.Basic, derived: sp.Basic) -> bool:
    integrals = printed.replace(lambda e: isinstance(e, sp.Integral), lambda e: e.doit())
    return bool(difference(integrals, derived) == 0)


def _unequal(theorem: str, printed: sp.Basic, derived: sp.Basic, candidates: Iterable[Place]) -> Finding:
    ideal = idealisations(theorem)
    sides = [printed, derived]
    if all(isinstance(side, sp.Eq) for side in sides):
        sides = [side.lhs - side.rhs for side in sides]
    seen = telling(sides[0], sides[1], candidates)
    if seen is None:
        reason = f"neither found equal to {theorem} in normal form nor different at a point: {unicode(derived)}"
        return Finding(Verdict.UNDECIDABLE, reason, (theorem,), derived)
    factor = sp.simplify(quotient(printed, derived)) if isinstance(printed, sp.Expr) else None
    if factor is not None and sp.count_ops(factor) > sp.count_ops(printed) + sp.count_ops(derived):
        factor = None  # no shorter than the two formulas themselves
    ways = f"printed/derived is {unicode(factor)}" if factor is not None else "the two differ"
    ways += f"; at {seen.where or 'any point'} it is {seen.printed} in print and {seen.derived} derived"
    under = f" (under {' and '.join(ideal)})" if ideal else ""
    reason = f"derived{under}: {unicode(derived)}; {ways}"
    return Finding(Verdict.CORRECTED, reason, (theorem,), derived, factor, (seen,))
