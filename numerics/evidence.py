"""Does a mean equal what theory says? Verdicts with two error rates, true at finite n and for heavy tails.

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

Assumptions: independent samples; v bounds the variance both where theory is right and where it is wrong by D;
the rounding of S in float64 (relative 1e-16 a term, against a threshold above ln 2) is left out.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Verdict = Literal["agrees", "refuted", "undecided"]

RUN_ALPHA = 1e-6  # chance of any false alarm in a whole run: one in a million runs of a correct program
BUDGET = 10**7  # networks a check may draw: some minutes on one core at small widths


@dataclass(frozen=True)
class Plan:
    """What a check promises before it draws.

    ``mean``, ``variance``: the claim and the bound on Var X. ``shift``: the smallest |E X - mean| that is
    refuted with probability 1 - ``beta``, where a true claim is refuted with probability <= ``alpha``.
    ``networks``: usable samples that this needs; ``scale`` is a and ``threshold`` the bound on |S|.
    ``budget``: the most samples that may be drawn. ``condition``: in words, what a sample that is not NaN
    fulfils; empty where every sample counts and NaN is an error.
    """

    mean: float
    variance: float
    shift: float
    alpha: float
    beta: float
    budget: int
    condition: str
    scale: float
    networks: int
    threshold: float

    @property
    def feasible(self) -> bool:
        """Whether the needed networks fit into the budget."""
        return self.networks <= self.budget


@dataclass(frozen=True)
class Sums:
    """Mergeable sums: usable ``count``, ``excluded`` (NaN), S as ``psi``, and two moments to read."""

    count: int = 0
    excluded: int = 0
    psi: float = 0.0
    mean: float = 0.0
    squared_deviations: float = 0.0


@dataclass(frozen=True)
class Evidence:
    """What a check found: the ``verdict`` rests on |``statistic``| > ``threshold`` alone.

    ``estimate``, ``standard_error``, ``z_score`` are to read, NaN where too few were drawn; ``networks`` are
    usable samples, ``excluded`` those outside the ``condition``; ``reason`` says why a verdict is undecided.
    """

    verdict: Verdict
    reason: str
    estimate: float
    standard_error: float
    z_score: float
    statistic: float
    threshold: float
    alpha: float
    beta: float
    shift: float
    networks: int
    excluded: int
    condition: str
    seconds: float


class ErrorBudget:
    """The false-alarm rate of a whole run, divided evenly over a declared number of checks.

    By the union bound any false alarm has chance at most ``total``, however the checks depend on each other.
    """

    def __init__(self, checks: int, total: float = RUN_ALPHA) -> None:
        self.checks = _count("checks", checks)
        self.total = _rate("total", total)
        self.taken = 0

    def take(self, examples: int = 1) -> float:
        """The alpha of each of the ``examples`` (say, Hypothesis examples) of one more check.

        Raises ValueError once every declared check has had its share.
        """
        if self.taken >= self.checks:
            raise ValueError(
                f"the error budget of {self.total:g} was declared for {self.checks} checks and all have had "
                "their share; declare more checks."
            )
        self.taken += 1
        return self.total / (self.checks * _count("examples", examples))

    @property
    def spent(self) -> float:
        """The alpha handed out so far."""
        return self.total * self.taken / self.checks


def relative(mean: float, fraction: float) -> float:
    """The absolute shift that is ``fraction`` (> 0) of a ``mean`` other than 0."""
    if not math.isfinite(mean) or mean == 0:
        raise ValueError(
            f"a relative shift needs a finite mean other than 0, not {mean!r}; give it absolutely."
        )
    return abs(mean) * _positive("fraction", fraction)


def plan(
    mean: float,
    variance: float,
    *,
    shift: float,
    alpha: float,
    beta: float,
    budget: int = BUDGET,
    condition: str = "",
) -> Plan:
    """Plan the check of ``E X = mean`` by the inequalities above; ``Plan`` says what each argument is.

    Raises ValueError for a rate outside (0, 1), a shift that is not positive, a variance below 0, or a
    non-finite number.
    """
    if not math.isfinite(mean):
        raise ValueError(f"mean must be a finite number, not {mean!r}.")
    if not (math.isfinite(variance) and variance >= 0):
        raise ValueError(f"variance must be a finite number >= 0, not {variance!r}; derive a finite bound.")
    _count("budget", budget)
    errors = math.log(2 / _rate("alpha", alpha)) - math.log(_rate("beta", beta))
    noise = variance / _positive("shift", shift) / shift  # v / D^2; with u = a D, r depends on these two only
    u = 1 / (2 * noise + 1)
    spread = math.log1p(u * u * noise / 2)
    rate = -math.log1p(u * u * (noise + 1) / 2 - u) - spread
    if not (rate > 0 and math.isfinite(errors / rate)):
        raise ValueError(f"shift {shift:g} is too small for variance {variance:g}; ask for a larger one.")
    networks = math.ceil(errors / rate)
    threshold = networks * spread + math.log(2 / alpha)
    return Plan(mean, variance, shift, alpha, beta, budget, condition, u / shift, networks, threshold)


def judge(plan: Plan, blocks: Iterable[Any]) -> Evidence:
    """Draw from ``blocks`` until the plan's number of usable samples is there, and give the verdict.

    ``blocks`` yields one-dimensional float64 arrays (NumPy or torch on the CPU); it is not touched where the
    plan exceeds its budget. Samples beyond the planned number are dropped, so the test has the size that was
    declared. With fewer usable samples the verdict is "undecided". Raises ValueError for an infinite value,
    for NaN without a declared condition, and for another shape or dtype.
    """
    start, sums = time.perf_counter(), Sums()
    if plan.feasible:
        for block in blocks:
            room = plan.budget - sums.count - sums.excluded
            values = _first_usable(_vector(block)[:room], plan.networks - sums.count)
            sums = merge(sums, summarise(plan, values))
            if sums.count >= plan.networks or sums.count + sums.excluded >= plan.budget:
                break
    return _evidence(plan, sums, time.perf_counter() - start)


def summarise(plan: Plan, values: NDArray[np.float64]) -> Sums:
    """The sums of one block of samples, shape (B,), float64; NaN is excluded if the plan has a condition."""
    values = _vector(values)
    missing = np.isnan(values)
    if np.isinf(values).any() or (missing.any() and not plan.condition):
        raise ValueError("a sample is infinite, or NaN in a check without a condition; plan it with one.")
    usable = values[~missing]
    if not usable.size:
        return Sums(excluded=values.size)
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # psi is right at infinity, the moments are only to read
        psi = float(influence(plan.scale * (usable - plan.mean)).sum())
        mean = float(usable.mean())
        squared_deviations = float(np.square(usable - mean).sum())
    return Sums(usable.size, int(missing.sum()), psi, mean, squared_deviations)


def merge(first: Sums, second: Sums) -> Sums:
    """The sums of both sample sets together (chan1983 for the moments; the others add)."""
    count = first.count + second.count
    share = second.count / count if count else 0.0
    gap = second.mean - first.mean
    return Sums(
        count,
        first.excluded + second.excluded,
        first.psi + second.psi,
        first.mean + gap * share,
        first.squared_deviations + second.squared_deviations + gap * gap * first.count * share,
    )


def influence(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """psi(x) = sign(x) ln(1 + |x| + x^2/2), elementwise.

    |x| is cut at 1e150, where x^2 still fits float64; the cut keeps both inequalities, as beyond 2 the lower
    one is negative.
    """
    size = np.minimum(np.abs(x), 1e150)
    return np.copysign(np.log1p(size + size * size / 2), x)


def _vector(block: Any) -> NDArray[np.float64]:
    values: NDArray[np.float64] = np.asarray(block)
    if values.ndim != 1 or values.dtype != np.float64:
        raise ValueError(f"a block must be a float64 vector, not {values.dtype} of shape {values.shape}.")
    return values


def _first_usable(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The start of ``values`` that ends with the ``count``-th usable one, or all if there are fewer."""
    usable = np.flatnonzero(~np.isnan(values))
    return values if usable.size < count else values[: usable[count - 1] + 1]


def _evidence(plan: Plan, sums: Sums, seconds: float) -> Evidence:
    reason = ""
    verdict: Verdict = "agrees"
    if not plan.feasible:
        reason = f"needs {plan.networks:.2g} networks, but the budget is {plan.budget:.2g}"
    elif sums.count < plan.networks:
        reason = f"drew {sums.count} usable networks ({sums.excluded} excluded), but needs {plan.networks}"
    if reason:
        verdict = "undecided"
    elif abs(sums.psi) > plan.threshold:
        verdict = "refuted"
    return Evidence(
        verdict, reason, *_readings(plan, sums), sums.psi, plan.threshold, plan.alpha, plan.beta,
        plan.shift, sums.count, sums.excluded, plan.condition, seconds,
    )  # fmt: skip


def _readings(plan: Plan, sums: Sums) -> tuple[float, float, float]:
    """Estimate, standard error and z-score; NaN for those that need more samples than there are."""
    if sums.count < 2:
        return (sums.mean if sums.count else math.nan), math.nan, math.nan
    error = math.sqrt(sums.squared_deviations / (sums.count - 1) / sums.count)
    gap = sums.mean - plan.mean
    if error == 0:
        return sums.mean, error, math.copysign(math.inf, gap) if gap else 0.0
    return sums.mean, error, gap / error


def _rate(name: str, value: float) -> float:
    if not 0 < value < 1:
        raise ValueError(f"{name} is an error rate and must lie strictly between 0 and 1, not {value!r}.")
    return value


def _positive(name: str, value: float) -> float:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a finite number > 0, not {value!r}.")
    return value


def _count(name: str, value: int) -> int:
    if type(value) is not int or value < 1:
        raise ValueError(f"{name} must be a positive integer, not {value!r}.")
    return value
