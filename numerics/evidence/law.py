"""Do the samples follow a law whose distribution function is known exactly?

The problem. A mean says nothing of a shape, and a histogram's bins are chosen by feel. The empirical distribution function
F_n is close to that of the samples everywhere at once, at a rate that no law can spoil.

The inequality (dvoretzky1956; massart1990, with its best constant). For independent samples of any distribution function G,

    P(sup |G_n - G| > e) <= 2 exp(-2 n e^2);        at one point x alone, P(G_n(x) - G(x) <= -e) <= exp(-2 n e^2),

the second being hoeffding1963 for the indicator of X <= x, and likewise on the other side.

*The statistic.* Let F be the claimed function, continuous, and T the largest |F_n - F| at the points where F = g/k,
g = 0..k. There F_n counts the samples with F(X) <= g/k: k + 1 counters, which add when samples are merged.

*False alarms.* T <= sup |F_n - F|, so P(T > e) <= alpha for e = sqrt(ln(2/alpha)/(2n)), whatever the grid.

*Power.* Let the samples follow G with sup |G - F| >= D. Say G(x) >= F(x) + D - h for some h > 0, and let y be the first
point of the grid with y >= x: then G(y) >= G(x) and F(y) <= F(x) + 1/k; where F is ahead, the last point before x does
the same. The grid is finite, so h can be dropped: at one of its points |G - F| >= D - 1/k. There G_n falls short of G by
sqrt(ln(1/beta)/(2n)) with probability at most beta, so the claim is refuted except with probability beta once

    (D - 1/k) sqrt(2n) >= sqrt(ln(2/alpha)) + sqrt(ln(1/beta)).

k = 20/D gives a twentieth of D away, hence 11 % more networks than without a grid.

Assumptions: independent samples; F continuous (an atom would be taken for an error: check its probability as a bounded
mean); the error of computing F is left out: it must lie far below the threshold e, which is nearly D/2 or more if
alpha <= beta. Samples that are NaN lie outside the condition; F is then the law given the condition.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from numerics.evidence.budget import BUDGET, count, fraction, rate
from numerics.evidence.verdict import Plan, Readings, Sums, Values
from numerics.statistics import cell_counts, distance_to_uniform, moments

Function = Callable[[NDArray[np.float64]], NDArray[np.float64]]

CELLS = 20  # of the grid, a distance D: a coarser one costs networks, a finer one only counters


@dataclass(frozen=True, kw_only=True)
class LawPlan(Plan):
    """The claim that samples have the distribution function ``cdf``; ``shift`` is a distance sup |G - F|.

    ``cells`` is k. The sums are k + 1 counts, and moments to read.
    """

    cdf: Function
    cells: int

    kind = "law"

    def sums(self, usable: Values) -> Sums:
        """The counts of F(X) on the grid."""
        counts = cell_counts(np.asarray(self.cdf(usable), np.float64), self.cells)
        return Sums(usable.size, 0, tuple(counts.tolist()), moments(usable))

    def statistic(self, sums: Sums) -> float:
        """T."""
        return distance_to_uniform(np.array(sums.totals))

    def readings(self, sums: Sums) -> Readings:
        """T is the estimate; it has neither a standard error nor a z-score."""
        return self.statistic(sums), math.nan, math.nan


def plan_law(
    cdf: Function,
    *,
    distance: float,
    alpha: float,
    beta: float,
    budget: int = BUDGET,
    condition: str = "",
    hint: str = "",
) -> LawPlan:
    """Plan the check that samples have the continuous distribution function ``cdf``.

    ``cdf`` maps float64 of shape (B,) to its values in [0, 1]. ``distance``: the smallest sup |G - F| to be found, in
    (0, 1). The others are those of ``Plan``. Raises ValueError for a distance or rate outside (0, 1).
    """
    errors = math.sqrt(math.log(2 / rate("alpha", alpha))) + math.sqrt(-math.log(rate("beta", beta)))
    cells = math.ceil(CELLS / fraction("distance", distance))
    networks = math.ceil((errors / (distance - 1 / cells)) ** 2 / 2)
    return LawPlan(
        alpha=alpha,
        beta=beta,
        shift=distance,
        networks=networks,
        threshold=math.sqrt(math.log(2 / alpha) / (2 * networks)),
        budget=count("budget", budget),
        condition=condition,
        hint=hint,
        cdf=cdf,
        cells=cells,
    )
