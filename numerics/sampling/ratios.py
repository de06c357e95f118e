"""The squared-length ratio of one random layer: its law, its moments, its draws.

Let z != 0 be given, s = z W with W independent of z, and phi(s) = s for s > 0, a s for s <= 0. Then
R = |phi(s)|^2/|z|^2 has a law that does not depend on z; so the ratios of successive layers are independent.

*Normal weights* of variance v. The entries of s are |z| sqrt(v) g_j with g_1..g_n independent standard normal. The
signs of the g_j are fair coins independent of the |g_j|, so with K ~ Binomial(n, 1/2) of them positive,

    R = 2 v (A + a^2 B),    A ~ Gamma(K/2), B ~ Gamma((n - K)/2) independent given K,    Gamma(0) = 0,

which is v (chi^2_K + a^2 chi^2_{n-K}) (sussillo2014). If |a| = 1, K drops out: R = 2 v Gamma(n/2).

*Orthonormal columns.* W = sqrt(m v) Q, Q Haar, m x n with n <= m. Then z Q/|z| is the start of a uniform point of the
sphere in m dimensions, (g_1..g_n)/|(g_1..g_m)|, and in the same way, with C ~ Gamma((m - n)/2) for the *rest*,

    R = m v (A + a^2 B)/(A + B + C):    with a = 0 and m = n, m v Beta(K/2, (n - K)/2).

*Moments and tilting.* E Gamma(k)^t = Gamma(k + t)/Gamma(k), and Beta is alike, so for a = 0 and t > -1/2

    M(t) = E[R^t; R > 0] = (2v)^t sum_{K=1}^n Bin(K) Gamma(K/2 + t)/Gamma(K/2)

(orthonormal columns: (m v)^t for (2v)^t, and a factor Gamma(m/2)/Gamma(m/2 + t)); for |a| = 1 the term K = n alone,
without Bin. The law whose density with respect to that of R is R^t/M(t) is again of this kind: K has weights
proportional to the terms of the sum, A ~ Gamma(K/2 + t), B and C are as before, because x^t times a Gamma(k) density
is one of Gamma(k + t), and A/(A + B + C) is independent of A + B + C. For other slopes (A + a^2 B)^t is no such
factor, and neither moments nor tilt are offered.

Limits. All is float64 and in logarithms: nothing underflows, and ln 0 = -inf is a dead layer. K is drawn by inversion
of its distribution function at 53-bit uniforms, leaving out what is 2^-80 times less likely than the likeliest K;
with log-gamma rounded, ln Bin(K) and ln M(t) err by about 2^-51 n ln n. Torch's gamma variables on CUDA are built
from 24-bit uniforms, which cuts the lower tail of ln R; NumPy's are not, so ratios are drawn on the processor.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp

Floats = NDArray[np.float64]
_NEGLIGIBLE = 80 * math.log(2)  # even 2^27 values of K, each 2^-80 of the likeliest, stay below a rounding


@dataclass(frozen=True)
class Ratio:
    """The law of R: ``variance`` v > 0, ``units`` n, ``square`` a^2, ``rest`` m - n (None for normal weights)."""

    variance: float
    units: int
    square: float
    rest: int | None = None

    @property
    def masked(self) -> bool:
        """Whether K matters: |a| is not 1."""
        return self.square != 1

    @property
    def mortal(self) -> bool:
        """Whether R = 0 can be: a = 0, and all units inactive."""
        return self.square == 0

    @property
    def conjugate(self) -> bool:
        """Whether powers of R have the closed law above: a is 0, 1 or -1."""
        return self.square in (0, 1)

    @property
    def log_scale(self) -> float:
        """ln 2v, or ln m v for orthonormal columns."""
        return math.log(self.variance) + math.log(2 if self.rest is None else self.units + self.rest)


def log_moment(ratio: Ratio, power: float) -> float:
    """ln E[R^power; R > 0] of a conjugate ratio; infinite where the power is too low for a moment to exist."""
    if not ratio.masked and ratio.rest == 0:
        return power * ratio.log_scale  # R is a constant
    if power <= -(1 if ratio.masked else ratio.units) / 2:
        return math.inf
    moment = power * ratio.log_scale + float(logsumexp(_log_terms(ratio.units, power, ratio.masked)))
    if ratio.rest is not None:
        sphere = (ratio.units + ratio.rest) / 2
        moment += math.lgamma(sphere) - math.lgamma(sphere + power)
    return moment


def log_draws(ratio: Ratio, shape: tuple[int, ...], stream: np.random.Generator, tilt: float = 0.0) -> Floats:
    """Independent ln R in a ``shape``; a ``tilt`` > 0, of a conjugate ratio, gives the law of density R^tilt/M(tilt)."""
    if not ratio.masked and ratio.rest == 0:
        return np.full(shape, ratio.log_scale)
    active = _active(ratio.units, tilt, stream.random(shape)) if ratio.masked else np.full(shape, float(ratio.units))
    kept = stream.standard_gamma(active / 2 + tilt)
    total = length = kept
    if ratio.masked and (ratio.square or ratio.rest is not None):
        other = stream.standard_gamma((ratio.units - active) / 2)
        total = kept + other
        length = kept + ratio.square * other
    if ratio.rest:
        total = total + stream.standard_gamma(ratio.rest / 2, shape)
    with np.errstate(divide="ignore"):  # ln 0 = -inf is a dead layer
        logarithm = np.log(length)
    if ratio.rest is not None:
        logarithm -= np.log(total)
    logarithm += ratio.log_scale
    return logarithm


def _active(units: int, tilt: float, uniform: Floats) -> Floats:
    """K by inversion."""
    lowest, distribution = _distribution(units, tilt)
    return (np.searchsorted(distribution, uniform, side="right") + lowest).astype(np.float64)


@functools.lru_cache(maxsize=64)
def _distribution(units: int, tilt: float) -> tuple[int, Floats]:
    """The least K that is kept, and P(K <= k) from there on but for the last, which is 1."""
    dead = -math.inf if tilt else -units * math.log(2)
    terms = np.concatenate([[dead], _log_terms(units, tilt, masked=True)])
    kept = np.flatnonzero(terms > terms.max() - _NEGLIGIBLE)  # in one piece: the terms are log-concave in K
    sums = np.exp(terms[kept] - terms.max()).cumsum()
    return int(kept[0]), sums[:-1] / sums[-1]


def _log_terms(units: int, power: float, masked: bool) -> Floats:
    """ln of Bin(K) Gamma(K/2 + power)/Gamma(K/2) for K = 1..n; for K = n alone, without Bin, if not ``masked``."""
    active = np.arange(1.0 if masked else units, units + 1)
    terms: Floats = gammaln(active / 2 + power) - gammaln(active / 2)
    if masked:
        terms += gammaln(units + 1) - gammaln(active + 1) - gammaln(units - active + 1) - units * math.log(2)
    return terms
