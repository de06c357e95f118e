"""Does a mean equal what theory says? A test that is true at finite n and for heavy tails.

The problem. Norms in deep random networks have such heavy tails that the sample variance is useless and the
central limit theorem far away: a z-score of 5 means nothing. A *derived* bound v on the variance is enough.

The test (catoni2012). psi(x) = sign(x) ln(1 + |x| + x^2/2); since (1 + x + x^2/2)(1 - x + x^2/2) = 1 + x^4/4,

    -ln(1 - x + x^2/2) <= psi(x) <= ln(1 + x + x^2/2)        for every real x.

Let X_1..X_n be independent, S = sum_j psi(a (X_j - m)) with a > 0, and let v bound the variance of X.

*False alarms.* If E X = m, then E e^{S} <= (E(1 + aY + a^2 Y^2/2))^n <= (1 + a^2 v/2)^n with Y = X - m, and
the same for -S, so by Markov P(|S| > threshold) <= alpha for threshold = n ln(1 + a^2 v/2) + ln(2/alpha).

*Power.* If E X = m + D with D > 0, then E e^{-S} <= (1 - aD + a^2 (v + D^2)/2)^n, so, except with probability
beta, S > -n ln(1 - aD + a^2 (v + D^2)/2) - ln(1/beta). This exceeds the threshold, and the wrong m is
refuted, once

    n r(a) >= ln(2/alpha) + ln(1/beta),   r(a) = -ln(1 - aD + a^2 (v + D^2)/2) - ln(1 + a^2 v/2).

A larger shift is caught no less often (psi increases), a negative one by symmetry. Every a > 0 is honest; at
a = D / (2v + D^2), the best for v >> D^2 and for v = 0, r is within 1.1 % of its maximum for every v.

Conditioned means. Where a quantity exists only on an event (no dead layer), samples outside are NaN, and m, v
are those of the conditional law, which the first n samples inside follow independently of what is outside.

Bounded statistics (bhatia2000). If a <= X <= b, no bound on the variance has to be derived. Let the claim be m, with
p = b - m and q = m - a. As (b - X)(X - a) >= 0, a mean of m + D' gives E(X - m)^2 <= pq + D'(p - q): v <= pq where the
claim is right, and v <= (p - D)(q + D) where it is wrong by D, by -D likewise. ``plan_bounded`` takes v as the largest of
the three. In E e^{-S} <= (1 - aD' + a^2 (pq + D'(p - q))/2)^n the base is linear in D' and, since
a = D/(2v + D^2) and D(p - q) <= v + D^2, it decreases: all larger errors, of any law on [a, b], are found no less often.

Assumptions: independent samples; v bounds the variance both where theory is right and where it is wrong by D;
the rounding of S in float64 (relative 1e-16 a term, against a threshold above ln 2) is left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.evidence.budget import BUDGET, count, finite, positive, rate
from numerics.evidence.verdict import Plan, Readings, Sums, Values
from numerics.statistics import moments


@dataclass(frozen=True, kw_only=True)
class MeanPlan(Plan):
    """The claim E X = ``mean``; ``variance`` bounds Var X, ``scale`` is a, and S has the ``threshold``.

    ``support``: the bounds (a, b) of X that the variance rests on, if it rests on them; a value outside is an error.
    """

    mean: float
    variance: float
    scale: float
    support: tuple[float, float] | None = None

    kind = "mean"

    def sums(self, usable: Values) -> Sums:
        """S and the moments."""
        if self.support and not ((usable >= self.support[0]) & (usable <= self.support[1])).all():
            raise ValueError("a value lies outside the bounds {} to {} it was planned with.".format(*self.support))
        with np.errstate(over="ignore"):  # psi is right at infinity
            psi = float(influence(self.scale * (usable - self.mean)).sum())
        return Sums(usable.size, 0, (psi,), moments(usable))

    def statistic(self, sums: Sums) -> float:
        """S."""
        return sums.totals[0]

    def readings(self, sums: Sums) -> Readings:
        """The sample mean against the claim, in sample standard errors."""
        estimate, error = sums.moments.mean, sums.moments.standard_error
        gap = estimate - self.mean
        if error == 0:
            return estimate, error, math.copysign(math.inf, gap) if gap else 0.0
        return estimate, error, gap / error


def relative(mean: float, fraction: float) -> float:
    """The absolute shift that is ``fraction`` (> 0) of a ``mean`` other than 0."""
    if not math.isfinite(mean) or mean == 0:
        raise ValueError(f"a relative shift needs a finite mean other than 0, not {mean!r}; give it absolutely.")
    return abs(mean) * positive("fraction", fraction)


def plan(
    mean: float,
    variance: float,
    *,
    shift: float,
    alpha: float,
    beta: float,
    budget: int = BUDGET,
    condition: str = "",
    hint: str = "",
) -> MeanPlan:
    """Plan the check of ``E X = mean`` by the inequalities above; ``MeanPlan`` says what each argument is.

    Raises ValueError for a rate outside (0, 1), a shift that is not positive, a variance below 0, or a
    non-finite number.
    """
    if not (math.isfinite(variance) and variance >= 0):
        raise ValueError(f"variance must be a finite number >= 0, not {variance!r}; derive a finite bound.")
    errors = math.log(2 / rate("alpha", alpha)) - math.log(rate("beta", beta))
    noise = variance / positive("shift", shift) / shift  # v / D^2; with u = a D, r depends on these two only
    u = 1 / (2 * noise + 1)
    spread = math.log1p(u * u * noise / 2)
    speed = -math.log1p(u * u * (noise + 1) / 2 - u) - spread
    if not (speed > 0 and math.isfinite(errors / speed)):
        raise ValueError(f"shift {shift:g} is too small for variance {variance:g}; ask for a larger one.")
    networks = math.ceil(errors / speed)
    return MeanPlan(
        alpha=alpha,
        beta=beta,
        shift=shift,
        networks=networks,
        threshold=networks * spread + math.log(2 / alpha),
        budget=count("budget", budget),
        condition=condition,
        hint=hint,
        mean=finite("mean", mean),
        variance=variance,
        scale=u / shift,
    )


def plan_bounded(mean: float, low: float, high: float, *, shift: float, **options: Any) -> MeanPlan:
    """Plan the check of ``E X = mean`` for ``low <= X <= high``; ``options`` are those of ``plan``.

    Raises ValueError for a mean outside [low, high] and as ``plan`` does.
    """
    if not -math.inf < low <= mean <= high < math.inf:
        raise ValueError(f"mean must lie within the finite bounds {low!r} to {high!r}, not at {mean!r}.")
    above, below = high - mean, mean - low
    variance = max(above * below, (above - shift) * (below + shift), (above + shift) * (below - shift))
    return replace(plan(mean, variance, shift=shift, **options), support=(low, high))


def influence(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """psi(x) = sign(x) ln(1 + |x| + x^2/2), elementwise.

    |x| is cut at 1e150, where x^2 still fits float64; the cut keeps both inequalities, as beyond 2 the lower
    one is negative.
    """
    size = np.minimum(np.abs(x), 1e150)
    return np.copysign(np.log1p(size + size * size / 2), x)
