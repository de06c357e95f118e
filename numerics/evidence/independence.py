"""Are the factors of a product over layers independent?

The problem. A product of many random factors has moments that no sample shows: at width 10 and depth 50 its second moment
needs 7e28 networks. It is checked by its structure instead: the law of one factor (``numerics.evidence.law``), the
independence of the factors (here), and algebra for the product.

*The statistic.* Let z_1..z_k be the k factors in one network, or their logarithms, with the exact continuous distribution
function F, so that U_i = F(z_i) is uniform on [0, 1]. If z_i and z_j are independent,

    W = 12 (U_i - 1/2)(U_j - 1/2)    has mean 0, variance 12^2 (1/12)^2 = 1, and |W| <= 3.

In general E W = 12 Cov(U_i, U_j) is Spearman's rank correlation r of the two factors, and by Cauchy and Schwarz E W^2 <=
144 E(U - 1/2)^4 = 144/80 = 9/5. Of each of the k(k - 1)/2 pairs the mean of W over n networks is taken; the largest in size
is compared with the threshold.

*The inequality* (bernstein; boucheron2013, theorem 2.10). A sum of n independent numbers that exceed their means by at most
b and have a variance of at most v exceeds its own mean with probability at most exp(-L) by

    t(L; b, v) = sqrt(2 n v L) + bL/3.

*False alarms.* For two sides of P pairs, t_1 = t(ln(2P/alpha); 3, 1), and the threshold is t_1/n.
*Power.* If a pair has rank correlation r > 0, then r - W <= 4, and its variance is at most 9/5 - r^2. So with t_2 =
t(ln(1/beta); 4, 9/5) the pair is found except with probability beta if nr >= t_1 + t_2, a quadratic inequality in
sqrt n; n is the smallest such number, and a larger r is found no less often. For r < 0 the same by symmetry.

*What is found.* Every pair whose rank correlation is at least r in size. Dependence without rank correlation is not.

Assumptions: independent networks; uniform U_i (check it as a law); the error of computing F is left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from numerics.evidence.budget import BUDGET, count, fraction, rate
from numerics.evidence.law import Function
from numerics.evidence.verdict import Plan, Readings, Sums, Values


@dataclass(frozen=True, kw_only=True)
class IndependencePlan(Plan):
    """The claim that ``factors`` columns are independent, each with the distribution function ``cdf``.

    ``shift`` is a rank correlation. The sums are those of W, a pair of columns each.
    """

    cdf: Function
    factors: int

    kind = "independence"
    columns = True

    def sums(self, usable: Values) -> Sums:
        """W, summed, of each pair i < j in the order of its columns."""
        if usable.shape[1] != self.factors:
            raise ValueError(f"{self.factors} factors were planned, but a sample has {usable.shape[1]}.")
        uniform = np.asarray(self.cdf(usable), np.float64)
        if not ((uniform >= 0) & (uniform <= 1)).all():
            raise ValueError("a value of a distribution function lies outside [0, 1]; correct the function.")
        first, second = np.triu_indices(self.factors, 1)
        centred = uniform - 0.5
        return Sums(len(usable), totals=tuple((12 * centred[:, first] * centred[:, second]).sum(axis=0).tolist()))

    def statistic(self, sums: Sums) -> float:
        """The largest rank correlation, with its sign."""
        return max(sums.totals, key=abs) / sums.count

    def readings(self, sums: Sums) -> Readings:
        """The statistic; its standard error, exact under independence; their ratio."""
        error = 1 / math.sqrt(sums.count)
        return self.statistic(sums), error, self.statistic(sums) / error


def plan_independence(
    cdf: Function,
    factors: int,
    *,
    correlation: float,
    alpha: float,
    beta: float,
    budget: int = BUDGET,
    condition: str = "",
    hint: str = "",
) -> IndependencePlan:
    """Plan the check that ``factors`` >= 2 numbers of a network are independent.

    ``cdf`` maps float64 of shape (B, factors), elementwise, to values in [0, 1]. ``correlation``: the smallest rank
    correlation of a pair to be found, in (0, 1). Raises ValueError for one outside, for a rate outside (0, 1), and for
    fewer than two factors.
    """
    if count("factors", factors) < 2:
        raise ValueError("independence needs at least 2 factors, not 1.")
    fraction("correlation", correlation)
    alarm = math.log(factors * (factors - 1) / rate("alpha", alpha))  # 2P = k(k - 1)
    miss = -math.log(rate("beta", beta))

    noise = math.sqrt(2 * alarm) + math.sqrt(2 * 9 / 5 * miss)  # times sqrt n, and
    excess = (3 * alarm + 4 * miss) / 3  # this: together t_1 + t_2
    networks = math.ceil(((noise + math.sqrt(noise * noise + 4 * correlation * excess)) / (2 * correlation)) ** 2)
    return IndependencePlan(
        alpha=alpha,
        beta=beta,
        shift=correlation,
        networks=networks,
        threshold=math.sqrt(2 * alarm / networks) + alarm / networks,
        budget=count("budget", budget),
        condition=condition,
        hint=hint,
        cdf=cdf,
        factors=factors,
    )
