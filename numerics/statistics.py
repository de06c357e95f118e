"""Sample statistics in float64: moments to order four that merge, and distances between laws.

*Moments* (chan1983; pebay2008, eqs. 2.1-2.4). With M_p = sum_j (x_j - mean)^p, two sets of n and m values whose means differ
by g merge, with N = n + m, by expanding (x_j - mean)^p about the mean of each set:

    M_2 = M_2' + M_2'' + g^2 nm/N
    M_3 = M_3' + M_3'' + g^3 nm(n - m)/N^2 + 3g (n M_2'' - m M_2')/N
    M_4 = M_4' + M_4'' + g^4 nm(n^2 - nm + m^2)/N^3 + 6g^2 (n^2 M_2'' + m^2 M_2')/N^2 + 4g (n M_3'' - m M_3')/N.

*The variance of the sample variance* s^2 of N independent values is k4/N + 2 k2^2/(N - 1), where k2, k4 are the
law's cumulants. Fisher's statistics (fisher1930; stuart1994, ch. 12), with m_p = M_p/N,

    K2 = s^2,    K4 = N^2 ((N + 1) m_4 - 3(N - 1) m_2^2) / ((N - 1)(N - 2)(N - 3)),

are unbiased for them. Hence E K2^2 = k2^2 + Var s^2 = k2^2 (N + 1)/(N - 1) + k4/N, so that (N - 1)/(N + 1) (K2^2 - K4/N) is
unbiased for k2^2, and

    (2 K2^2 + K4 (N - 1)/N) / (N + 1)        is unbiased for Var s^2.

*Laws.* An empirical law is compared with a uniform one through counts on a fixed grid, which add, and with another
empirical law exactly, from the sorted samples.

Assumption: independent values. Moments that overflow float64 are infinite or NaN; they are there to be read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """``count`` values, their ``mean``, and the sums of the 2nd, 3rd and 4th powers of their deviations from it."""

    count: int = 0
    mean: float = 0.0
    second: float = 0.0
    third: float = 0.0
    fourth: float = 0.0

    @property
    def variance(self) -> float:
        """Unbiased; NaN below two values."""
        return self.second / (self.count - 1) if self.count > 1 else math.nan

    @property
    def standard_error(self) -> float:
        """Of the mean; NaN below two values."""
        return math.sqrt(self.variance / self.count) if self.count > 1 else math.nan

    @property
    def variance_of_variance(self) -> float:
        """The module's unbiased estimate of the variance of ``variance``; NaN below four values.

        It may be negative, as every unbiased one may: where the variance of the law has been sampled exactly, by
        two values +-x with equal counts, say.
        """
        n, m2, m4 = self.count, self.second, self.fourth
        if n < 4:
            return math.nan
        fourth_cumulant = n * ((n + 1) * m4 - 3 * (n - 1) * m2 / n * m2) / ((n - 1) * (n - 2) * (n - 3))
        return (2 * self.variance * self.variance + fourth_cumulant * (n - 1) / n) / (n + 1)


def moments(values: Vector) -> Moments:
    """The moments of a vector, by two passes."""
    if not values.size:
        return Moments()
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(values.mean())
        deviations = values - mean
        squares = np.square(deviations)
        sums = (squares.sum(), (squares * deviations).sum(), np.square(squares).sum())
    return Moments(values.size, mean, *map(float, sums))


def merge_moments(first: Moments, second: Moments) -> Moments:
    """The moments of both sets of values together."""
    if not first.count or not second.count:
        return first if first.count else second
    n, m = first.count, second.count
    total, gap = n + m, second.mean - first.mean
    a, b = n / total, m / total  # shares; then the squares of gap are never divided after they overflowed
    square = gap * gap
    return Moments(
        total,
        first.mean + gap * b,
        first.second + second.second + square * n * b,
        first.third + second.third + square * gap * n * b * (a - b) + 3 * gap * (a * second.second - b * first.second),
        first.fourth
        + second.fourth
        + square * square * n * b * (a * a - a * b + b * b)
        + 6 * square * (a * a * second.second + b * b * first.second)
        + 4 * gap * (a * second.third - b * first.third),
    )


def cell_counts(values: Vector, cells: int) -> NDArray[np.int64]:
    """How many ``values`` of [0, 1] are 0, and how many lie in each ((g - 1)/cells, g/cells], g = 1..cells.

    A value outside [0, 1], or NaN, is a ValueError.
    """
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("a value of a distribution function lies outside [0, 1]; correct the function.")
    edges = np.arange(cells + 1) / cells
    return np.bincount(np.searchsorted(edges, values, side="left"), minlength=cells + 1)


def distance_to_uniform(counts: NDArray[np.int64]) -> float:
    """The largest |empirical - uniform| distribution function at the edges of ``cell_counts``."""
    cells = counts.size - 1
    return float(np.abs(np.cumsum(counts) / counts.sum() - np.arange(cells + 1) / cells).max())


def distance_between(first: Vector, second: Vector) -> float:
    """sup |F - G| of the empirical distribution functions of two samples, exactly (ties included)."""
    first, second = np.sort(first), np.sort(second)
    points = np.concatenate([first, second])  # both functions are constant between these
    below = np.searchsorted(first, points, side="right") / first.size
    return float(np.abs(below - np.searchsorted(second, points, side="right") / second.size).max())
