"""A condition said to keep a variance in every layer: does it, and is it needed at every layer?"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from papers.claims.claim import Finding, Settler, Verdict
from papers.claims.comparison import WIDTHS, for_layer, needed_at
from papers.claims.idealisations import Gap, true
from theory.proof.library import find
from theory.proof.notation import unicode


def condition(theorem: str, kept: str, *, gap: Callable[[], Gap] | None = None) -> Settler:
    """The settler of an equation on W^i "for all i" that is to keep the variance of the theorem `kept` in all layers.

    theorem: the derived condition.  Decided exactly in a network of unequal prime widths.  gap: as for `formula`.
    """

    def settle(printed: sp.Basic) -> Finding:
        assert isinstance(printed, sp.Eq)
        derived = for_layer(find(theorem).value())
        needed, layers = needed_at(printed, find(kept)), range(len(WIDTHS) - 1)
        names, network = (theorem, kept), f"the network of widths {', '.join(map(str, WIDTHS))}"
        if needed is None:
            reason = f"does not keep the variance in {network}; derived: {unicode(derived)}"
            return Finding(Verdict.CORRECTED, reason, names, derived)
        spared = [at for at in layers if at not in needed]
        if spared:
            reason = (
                f"not needed at i = {', '.join(map(str, spared))}: in {network} the variance is kept without it there"
            )
            return Finding(Verdict.CORRECTED, reason, names, derived)
        reason = f"keeps the variance of {kept} and is needed at every layer, decided in {network}"
        return true(Finding(Verdict.CONFIRMED, reason, names, derived), gap)

    return settle
