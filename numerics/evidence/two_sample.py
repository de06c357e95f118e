"""Do two samplers draw from the same law? Its distribution function need not be known.

The problem. A cheap sampler is right if it has the law of the expensive one. Its streams differ, so nothing agrees number
by number: only laws can be compared, each side with its own sampling error.

*Pairs.* Let X_j and Y_j, j = 1..n, be the j-th networks of the two samplers, all independent, with laws F and G. A sample
here is the pair (X_j, Y_j). If either is NaN the pair is left out, which changes neither law given that it is usable.

*Laws.* T = sup |F_n - G_n|. If F = G, then T <= sup |F_n - F| + sup |G_n - G|; by the inequality of Dvoretzky, Kiefer,
Wolfowitz and Massart (``numerics.evidence.law``) at alpha/2 a side,

    P(T > e) <= alpha        for e = 2 sqrt(ln(4/alpha)/(2n)).

If F(x) - G(x) >= D - h at some x, h > 0, then F_n(x) - G_n(x) is the mean of n independent numbers in [-1, 1] of mean
at least D - h: by hoeffding1963 it is at most D - h - s with probability at most exp(-n s^2/2). With h to 0, s from
beta, T > e except with probability beta once

    D sqrt(n/2) >= sqrt(ln(4/alpha)) + sqrt(ln(1/beta)).

T is computed exactly, which needs the samples themselves: a grid fixed before the draw would lose an unknown part of the
power, as it may miss where the laws differ. The plan bounds them: 16 n bytes.

*Means* (``plan_same_mean``, judged on ``differences``). Z = X - Y has mean 0 if the means agree, and the variance
Var X + Var Y: the test of ``numerics.evidence.mean``, with a bound derived for each side.

Assumptions: independent samples, within and between the sides; any laws, also with atoms.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.evidence.budget import BUDGET, count, fraction, rate
from numerics.evidence.mean import MeanPlan, plan
from numerics.evidence.verdict import Plan, Readings, Sums, Values
from numerics.statistics import distance_between


@dataclass(frozen=True, kw_only=True)
class SameLawPlan(Plan):
    """The claim that both samplers have one law; ``shift`` is a distance sup |F - G|; ``networks`` are drawn of each."""

    kind = "two laws"
    columns = True

    def sums(self, usable: Values) -> Sums:
        """The samples of each side."""
        if usable.shape[1] != 2:
            raise ValueError(f"two samplers give rows of 2 values, not of {usable.shape[1]}; pair them.")
        return Sums(len(usable), samples=tuple(map(tuple, usable.T.tolist())))

    def statistic(self, sums: Sums) -> float:
        """T."""
        first, second = map(np.array, sums.samples)
        return distance_between(first, second)

    def readings(self, sums: Sums) -> Readings:
        """T is the estimate; it has neither a standard error nor a z-score."""
        return self.statistic(sums), math.nan, math.nan


def plan_same_law(
    *, distance: float, alpha: float, beta: float, budget: int = BUDGET, condition: str = "", hint: str = ""
) -> SameLawPlan:
    """Plan the check that two samplers have one law; ``distance`` is the smallest sup |F - G| to be found.

    The samples to judge are those of ``paired``. Raises ValueError for a distance or rate outside (0, 1).
    """
    each = math.log(4 / rate("alpha", alpha))
    errors = math.sqrt(each) + math.sqrt(-math.log(rate("beta", beta)))
    networks = math.ceil(2 * (errors / fraction("distance", distance)) ** 2)
    return SameLawPlan(
        alpha=alpha,
        beta=beta,
        shift=distance,
        networks=networks,
        threshold=math.sqrt(2 * each / networks),
        budget=count("budget", budget),
        condition=condition,
        hint=hint,
    )


def plan_same_mean(first_variance: float, second_variance: float, *, shift: float, **options: Any) -> MeanPlan:
    """Plan the check that two samplers have one mean, from bounds on their variances; judge ``differences``.

    ``options`` are those of ``numerics.evidence.plan``, which says what is refused.
    """
    return plan(0.0, first_variance + second_variance, shift=shift, **options)


def paired(first: Iterable[Any], second: Iterable[Any]) -> Iterator[Values]:
    """Blocks of shape (B, 2) from two streams of blocks of any sizes; it ends with the shorter stream."""
    sources, held = (iter(first), iter(second)), [np.empty(0), np.empty(0)]
    while True:
        for side, source in enumerate(sources):
            while not held[side].size:
                if (block := next(source, None)) is None:
                    return
                held[side] = np.asarray(block)
        size = min(rest.size for rest in held)
        yield np.stack([rest[:size] for rest in held], axis=1)
        held = [rest[size:] for rest in held]


def differences(first: Iterable[Any], second: Iterable[Any]) -> Iterator[Values]:
    """First minus second, block by block, of two streams of blocks of any sizes."""
    return (pairs[:, 0] - pairs[:, 1] for pairs in paired(first, second))
