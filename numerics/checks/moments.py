"""Derived moments of what the checks measure.

*Linear networks* (exact, in fractions). Let A = E|z|^4 and B = E sum_l z_l^4. Given z, the entries
s_k = sum_l z_l W_lk of the next layer are independent (their columns are) with second moment v|z|^2 and, for
weights of kurtosis K, fourth moment v^2 (3|z|^4 + (K - 3) sum_l z_l^4). Hence, with n' entries,

    B' = n' v^2 (3 A + (K - 3) B),     A' = B' + n'(n' - 1) v^2 A,

from A = q^2 n(n + 2), B = 3 q^2 n for n normal entries of variance q. Backwards the same holds with rows.

*Logarithms* (float64). X = ln S, S chi-square with k degrees of freedom, has the cumulants psi(k/2) + ln 2
and psi^(j)(k/2), j = 1, 2, 3, because E S^t = 2^t Gamma(k/2 + t)/Gamma(k/2). With c_2, c_3, c_4 the last three
and e = E X - b: E (X - b)^4 = c_4 + 3 c_2^2 + 4 e c_3 + 6 e^2 c_2 + e^4. The ratio z of a linear layer is S/N with
k = N; that of a live rectifier layer has k of N units active with chance binomial(N, k)/(2^N - 1).

*Weights.* Even moments of the laws; those of the normal law cut at 2 by parts:
(mass) E w^p = (p - 1) (mass) E w^(p-2) - 2 2^(p-1) phi(2), with mass = erf(sqrt 2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from scipy.special import digamma, polygamma

KURTOSIS = {"normal": Fraction(3), "uniform": Fraction(9, 5), "sign": Fraction(1)}


def fourth_norm(widths: Sequence[int], variances: Sequence[Fraction], law: str, first: Fraction) -> Fraction:
    """E|x|^4 at the end of a linear chain of layers ``widths``, from normal entries of variance ``first``.

    ``variances``: of the weights between neighbouring widths; ``law`` is a key of ``KURTOSIS``.
    """
    excess = KURTOSIS[law] - 3
    norm, entries = first**2 * widths[0] * (widths[0] + 2), 3 * first**2 * widths[0]
    for width, variance in zip(widths[1:], variances, strict=True):
        entries, norm = (
            width * variance**2 * (3 * norm + excess * entries),
            width * variance**2 * ((width + 2) * norm + excess * entries),
        )
    return norm


def mean_square_variance(widths: Sequence[int], variances: Sequence[Fraction], law: str, first: Fraction) -> Fraction:
    """The variance of |x|^2/(last width) for the chain of ``fourth_norm``."""
    mean = first * math.prod(n * v for n, v in zip(widths, variances, strict=False))
    return fourth_norm(widths, variances, law, first) / widths[-1] ** 2 - mean**2


def log_fourth_moment(degrees: int, about: float) -> float:
    """E (ln S - about)^4 for S chi-square."""
    half = degrees / 2
    second, third, fourth = (float(polygamma(j, half)) for j in (1, 2, 3))
    shift = float(digamma(half)) + math.log(2) - about
    return fourth + 3 * second**2 + 4 * shift * third + 6 * shift**2 * second + shift**4


def chi_square_power(degrees: int, power: float) -> float:
    """E S^power for S chi-square; ``power`` > -degrees/2."""
    half = degrees / 2
    return 2**power * math.exp(math.lgamma(half + power) - math.lgamma(half))


def ratio_power(activation: str, width: int, power: float) -> float:
    """E z^power for the ratio z of one linear, or one live rectifier, layer of weights of variance 1/width."""
    if activation == "linear":
        return width**-power * chi_square_power(width, power)
    total = sum(math.comb(width, k) * chi_square_power(k, power) for k in range(1, width + 1))
    return width**-power * total / (2**width - 1)


def log_ratio_fourth_moment(activation: str, width: int, mean: float) -> float:
    """E (ln z - mean)^4 for the ratio z of one linear, or one live rectifier, layer."""
    about = mean + math.log(width)
    if activation == "linear":
        return log_fourth_moment(width, about)
    total = sum(math.comb(width, k) * log_fourth_moment(k, about) for k in range(1, width + 1))
    return total / (2**width - 1)


def weight_moments(law: str) -> list[float]:
    """[1, E w^2, E w^4, E w^6, E w^8] of a law of ``variance.fourth_moment``.

    normal and sign have E w^2 = 1; uniform is on [-sqrt 3, sqrt 3]; truncated is the normal law cut at 2.
    """
    powers = range(0, 10, 2)
    if law == "uniform":
        return [math.sqrt(3) ** p / (p + 1) for p in powers]
    if law == "sign":
        return [1.0 for _ in powers]
    mass, cut = (math.erf(math.sqrt(2)), 2.0) if law == "truncated" else (1.0, 0.0)
    density = math.exp(-cut * cut / 2) / math.sqrt(2 * math.pi)
    moments = [1.0]
    for p in powers[1:]:
        moments.append((p - 1) * moments[-1] - 2 * cut ** (p - 1) * density / mass)
    return moments
