"""The rectifier gain as a series in 1/N with exact rational coefficients in the exponent.

    g ~ sqrt(2) exp(c_1/N + c_2/N^2 + ...),   c_1 = 5/4, c_2 = 49/24, ...

(Sussillo and Abbott fit 1.2/(max(N, 6) - 2.4) in place of the series.)  With u = t/N the transform of 2z,
E exp(-2tz) = ((1 + (1 + 4u)^(-1/2))/2)^N, is exp(N f(u)), where f(u) = -u + sum_j a_j u^(j+1).  So

    exp(N f(t/N)) = exp(-t) (1 + sum_j N^-j p_j(t)),   p_j(t) = sum_k P[j,k] t^(j+k),   P[j,k] = [x^j] A(x)^k/k!,

A(x) = sum_j a_j x^j.  By Frullani's integral -E ln 2z = int (E exp(-2tz) - exp(-t)) dt/t, and by Watson's lemma the
expansion may be integrated term by term: int exp(-t) t^m dt/t = Gamma(m) gives c_j = sum_k P[j,k] Gamma(j+k)/2.
Conditioning on an active unit changes all of this by terms of order 2^-N, smaller than every power.  The series
diverges, as such series do.
Reference: sussillo2014, S-07; watson1918.  Assumptions: those of `random_walk.relu_gain`.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import comb, factorial

import sympy as sp

from theory.proof.domains import Integers
from theory.proof.library import theorem
from theory.proof.nodes import DominatedIntegral
from theory.proof.rules import Rule
from theory.proof.theorem import Chain, Parameter, Proof
from theory.random_walk.gains import relu_gain
from theory.random_walk.logarithm import WIDTH, transform_at
from theory.random_walk.walk import unbiased_g
from theory.symbols import N, j, k, m

HIGHEST_ORDER = 40
J = sp.Symbol("J", integer=True, nonnegative=True)  # the order after which the series is cut
t = sp.Symbol("t", positive=True)
C, P, M = sp.IndexedBase("C"), sp.IndexedBase("P"), sp.IndexedBase("M")


# --- the coefficients from the transform -------------------------------------------------------------------


def exponent_coefficient(order: sp.Expr) -> sp.Expr:
    """a_order.  With q = (1 + 4u)^(-1/2), u f'(u) = (q^2 - q)/2, a difference of a geometric and a binomial series."""
    share = sp.binomial(2 * order + 2, order + 1) / 4 ** (order + 1)
    return (-4) ** (order + 1) * (1 - share) / (2 * order + 2)


@cache
def _powers() -> tuple[tuple[Fraction, ...], ...]:
    """The rows [x^j] A(x)^k/k!, j = 0..HIGHEST_ORDER, for k = 0, 1, ..., HIGHEST_ORDER."""
    orders = range(HIGHEST_ORDER + 1)
    base = [Fraction(0)] + [
        Fraction((-1) ** (i + 1) * (4 ** (i + 1) - comb(2 * i + 2, i + 1)), 2 * i + 2) for i in orders[1:]
    ]
    rows = [[Fraction(1)] + [Fraction(0)] * HIGHEST_ORDER]
    for power in orders[1:]:
        last = rows[-1]  # its first power - 1 entries are 0
        rows.append(
            [sum((base[i] * last[n - i] for i in range(1, n - power + 2)), Fraction(0)) / power for n in orders]
        )
    return tuple(map(tuple, rows))


def polynomial_coefficient(order: int, power: int) -> Fraction:
    """P[order, power], the coefficient of t^(order + power) in p_order(t)."""
    return _powers()[power][order]


@cache
def coefficient(order: int) -> Fraction:
    """c_order, for an order from 1 to HIGHEST_ORDER."""
    terms = (polynomial_coefficient(order, power) * factorial(order + power - 1) for power in range(1, order + 1))
    return sum(terms, Fraction(0)) / 2


# --- the coefficients from Stirling's series ---------------------------------------------------------------


@cache
def _sign_sum_moments(highest: int) -> tuple[tuple[int, ...], ...]:
    """E (S_N)^q as a polynomial in N (coefficients from the constant up), q = 0..highest, S_N a sum of N fair signs.

    The generating function M = cosh^N solves cosh M' = N sinh M.
    """
    moments = [[1] + [0] * highest]
    for q in range(highest):
        new = [0] * (highest + 1)
        for i in range(1, q + 1):
            if i % 2:
                for e in range(highest):
                    new[e + 1] += comb(q, i) * moments[q - i][e]
            else:
                for e in range(highest + 1):
                    new[e] -= comb(q, i) * moments[q - i + 1][e]
        moments.append(new)
    return tuple(map(tuple, moments))


def coefficient_by_moments(order: int) -> Fraction:
    """c_order again, from the law of the number K of active units.

    E ln 2z = E[ln(2K/N) - 1/K - sum_n B_{2n} 4^n/(2n K^{2n})] by Stirling's series of psi(K/2); K = N (1 + S_N/N)/2, and
    ln(1 + S_N/N) and K^-n are expanded in powers of S_N/N, of which E (S_N/N)^q is of order N^(-q/2).
    """
    moments = _sign_sum_moments(2 * order)

    def mean(q: int, at: int) -> int:
        """The coefficient of N^-at in E (S_N/N)^q."""
        return moments[q][q - at] if 0 <= at <= q else 0

    def inverse_power(n: int) -> Fraction:
        """The coefficient of N^-order in E K^-n = (2/N)^n E (1 + S_N/N)^-n."""
        return Fraction(2**n * sum(comb(n + q - 1, q) * mean(q, order - n) for q in range(0, 2 * (order - n) + 1, 2)))

    total = -sum((Fraction(mean(q, order), q) for q in range(2, 2 * order + 1, 2)), inverse_power(1))
    for n in range(2, order + 1, 2):
        bernoulli = sp.bernoulli(n)
        total -= Fraction(int(bernoulli.p), int(bernoulli.q)) * Fraction(2**n, n) * inverse_power(n)
    return -total / 2


# --- the theorem -------------------------------------------------------------------------------------------

ORDER = Parameter("order", Integers(0, HIGHEST_ORDER), J)
_INCREASING = (100, 1000, 10000)  # 2^-100 is far below 100^-(J+1) for the orders J judged


def _expansion(name: str, order: sp.Expr) -> Rule:
    return Rule(name, None, kind="computed", relation="~", error=N ** -(order + 1))


def _computed(name: str) -> Rule:
    return Rule(name, None, kind="computed")


def _pointwise(p: Proof) -> None:
    """The logarithm of the transform, then the transform, expanded in 1/N at a fixed t."""
    whole = transform_at(2 * t, sp.S.Zero)
    logarithm = N * sp.log((1 + 1 / sp.sqrt(1 + 4 * t / N)) / 2)
    exponent = -t + sp.Sum(exponent_coefficient(j) * t ** (j + 1) / N**j, (j, 1, J))
    inner = sp.Sum(P[j, k] * t ** (j + k), (k, 1, j))
    expansion = sp.exp(-t) * (1 + sp.Sum(inner / N**j, (j, 1, J)))
    points = [{N: width, t: sp.Rational(3, 2), J: 3} for width in _INCREASING]
    series = _expansion("geometric and binomial series", J)
    p.calc(logarithm, "~", exponent, series, points=points)
    p.calc(whole, "~", expansion, _expansion("exponential of a series", J), points=points)


def _coefficients(p: Proof) -> None:
    """The coefficients by Gamma integrals, and once more from the moments of the number of active units."""
    p.let(m, Integers(2, 2 * HIGHEST_ORDER))
    p.let(j, Integers(1, 12))
    majorant = (2 * (m - 1) / sp.E) ** (m - 1)  # the largest value of t^(m-1) exp(-t/2)
    term = DominatedIntegral(sp.exp(-t) * t ** (m - 1), (t, 0, sp.oo), majorant, sp.Rational(1, 2))
    p.calc(term, "=", sp.gamma(m), _computed("Euler's integral"))
    p.calc(C[j], "=", sp.Sum(P[j, k] * sp.gamma(j + k), (k, 1, j)) / 2, _computed("integral of p_j(t) exp(-t)/t"))
    p.calc(C[j], "=", M[j], _computed("Stirling's series of psi(K/2), moments of the active units K"))


@theorem(
    "random_walk.relu_gain_series",
    source="sussillo2014, S-07; watson1918",
    parameters=(WIDTH, ORDER),
    implied={C: lambda values: coefficient},
)
def relu_gain_series(p: Proof) -> Chain:
    """The gain of an unbiased rectifier walk as an asymptotic series in 1/N, cut after a given order."""
    for array, entry in ((C, coefficient), (P, polynomial_coefficient), (M, coefficient_by_moments)):
        p.array(array, entry)
    _pointwise(p)
    _coefficients(p)
    exact = relu_gain.derivation().rigorous
    series = sp.sqrt(2) * sp.exp(sp.Sum(C[j] / N**j, (j, 1, J)))
    in_balls = Rule(
        f"by {relu_gain.name}",
        lambda line, context: line.xreplace({unbiased_g: exact}),
        uses=(relu_gain.name,),
        appeal=True,
    )
    # from the highest order down: the errors' constants are near c_(J+1), so that no step down looks like growth
    points = [{N: width, J: order} for order in (4, 1, 0) for width in _INCREASING]
    return p.calc(
        *(unbiased_g, "=", exact, in_balls),
        *("~", series, _expansion("Watson's lemma", J)),
        points=points,
    )
