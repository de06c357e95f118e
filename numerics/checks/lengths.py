"""The networks of the checks of lengths, what is measured in them, and its derived moments.

M_j = |act^j|^2/n_j in a rectifier network act^j = relu(act^(j-1) W^j + b^j), j = 1..d, whose input has M_0 = 1 unless
said otherwise.

*One layer.* Given h below, the s_k = sum_l w_lk h_l + b_k are independent and symmetric, so E relu(s)^2p = E s^2p/2. Both
sums, over the terms of s_k and over the units k, add independent variables: E (X + Y)^p = sum_i C(p, i) E X^i E Y^(p-i).
So E M_1^p follows from the moments of the weights up to 2p.

*Many layers.* For normal weights of variance 2/fan-in without biases the ratios R_j = M_j/M_(j-1) are independent, and each
is M_1/M_0 for one entry below. With weights of variance 2 scale/fan-in and biases of variance u

    E M_j = scale E M_(j-1) + u/2,    E M_j^2 = (1 + 5/n_j) E (2 scale M_(j-1) + u)^2/4

if both are normal; for laws of kurtosis at most 3 the right-hand side is a bound, as what the kurtoses add is not positive.

*Over the layers.* The empirical variance of M_1..M_d is V = sum_(i <= j) c_ij M_i M_j, c_ii = 1/d - 1/d^2, c_ij = -2/d^2.
Under the law tilted by M_d^t (``numerics.sampling.tilting``) w_j = prod_(r <= j) m_r(t) R_r^-t, m_r(t) = E[R_r^t; R_r > 0],
is the weight of what layers 1..j alone decide, so U = sum c_ij w_j M_i M_j has the mean E V there. E U^2 is a sum of
products over the layers: m_r(t) m_r(a - t) where both weights reach layer r, m_r(a) where one does; a of the four lengths
reach it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache

import torch
from torch import Tensor

from numerics.checks.moments import weight_moments
from numerics.ensembles import Activation, Affine, Inputs, Network, Weights, dense
from numerics.ensembles.families import HE
from numerics.sampling.passes import Pass, squared_norm
from numerics.sampling.ratios import Ratio, log_moment
from numerics.sampling.tilting import TiltedWalk

Moments = list[float]  # [1, E x, E x^2, ...]
NONE = Weights("sign", 0.0)  # biases that are 0


# --- networks and what is measured -------------------------------------------------------------------------


def rectifier(widths: Sequence[int], weights: Weights = HE, **options: object) -> Network:
    """A rectifier network with a fixed input of M_0 = 1, or the ``inputs`` among the options of ``dense``."""
    given = {"inputs": Inputs((widths[0],), squared_length=widths[0]), **options}
    return dense(widths, weights, "relu", **given)  # type: ignore[arg-type]


def flat_layer(incoming: int, width: int, length: Fraction, weights: Weights, bias: Weights) -> Network:
    """One rectifier layer above ``incoming`` entries +-sqrt(length): their signs are drawn, their even powers are fixed."""
    signs = Affine(incoming, Weights("sign", 1.0))
    return Network(
        Inputs((1,), squared_length=float(length)), (signs, Affine(width, weights, bias), Activation("relu"))
    )


def last_length(seen: Pass) -> Tensor:
    """M_d of the last layer."""
    return squared_norm(seen.values[-1])[:, 0] / seen.values[-1].shape[2]


def lengths(seen: Pass) -> Tensor:
    """M_1..M_d, (B, d)."""
    layers = [*seen.activations[1:]]
    return torch.stack([squared_norm(layer)[:, 0] / layer.shape[2] for layer in layers], dim=1)


def weighted_variance(widths: Sequence[int], tilt: float) -> Callable[[TiltedWalk], Tensor]:
    """The measure U of the module's docstring."""
    depth = len(widths) - 1
    sizes = torch.tensor([math.log(widths[0] / width) for width in widths[1:]], dtype=torch.float64)
    normalisers = torch.tensor([_log_moment(width, tilt) for width in widths[1:]], dtype=torch.float64).cumsum(0)

    def measure(walk: TiltedWalk) -> Tensor:
        logs = walk.forward[:, 1:] + sizes
        each, weights = logs.exp(), (normalisers - tilt * logs).exp()
        before = each.cumsum(1) - each
        return (weights * each * (each / depth - (each + 2 * before) / depth**2)).sum(1)

    return measure


# --- derived moments ---------------------------------------------------------------------------------------


def law_moments(weights: Weights) -> Moments:
    """E w^0..E w^8 of an entry of mean square 1; ``sparse`` ones are normal of variance 1/density, or 0."""
    density = weights.density or 1.0
    even = weight_moments("normal" if weights.density else weights.law)
    return [even[p // 2] * density ** (1 - p / 2) if p and p % 2 == 0 else float(p == 0) for p in range(9)]


def scaled(moments: Moments, factor: float) -> Moments:
    """The moments of the variable times ``factor``."""
    return [moment * factor**p for p, moment in enumerate(moments)]


def added(first: Moments, second: Moments) -> Moments:
    """The moments of a sum of two independent variables."""
    return [
        math.fsum(math.comb(p, i) * first[i] * second[p - i] for i in range(p + 1))
        for p in range(min(len(first), len(second)))
    ]


def length_moments(terms: Sequence[Moments], width: int) -> Moments:
    """E M^0..E M^4 of a rectifier layer whose units are sums of independent symmetric ``terms``."""
    s = [1.0] + [0.0] * 8
    for term in terms:
        s = added(s, term)
    square = [1.0, *(s[2 * p] / 2 for p in range(1, 5))]  # of relu(s)^2
    total = [1.0] + [0.0] * 4
    for _ in range(width):
        total = added(total, square)
    return scaled(total, 1 / width)


def flat_layer_moments(incoming: int, width: int, length: Fraction, weights: Weights, bias: Weights) -> Moments:
    """E M_1^0..E M_1^4 in a ``flat_layer``, weights of He's variance."""
    term = scaled(law_moments(weights), math.sqrt(2 * length / incoming))
    return length_moments([term] * incoming + [scaled(law_moments(bias), math.sqrt(bias.variance))], width)


def ratio_moments(width: int) -> Moments:
    """E R^0..E R^4, R = M_j/M_(j-1), for normal weights of He's variance."""
    return flat_layer_moments(1, width, Fraction(1), Weights(), NONE)


def length_variance(widths: Sequence[int], scale: Fraction, bias_variance: Fraction, input_length: Fraction) -> float:
    """Var M_d for normal weights and biases, a bound on it for laws of kurtosis at most 3."""
    mean, square = input_length, input_length**2
    for width in widths[1:]:
        below = 4 * scale**2 * square + 4 * scale * bias_variance * mean + bias_variance**2
        mean, square = scale * mean + bias_variance / 2, (1 + Fraction(5, width)) * below / 4
    return float(square - mean**2)


def module_moments(width: int, hidden: int, scales: Sequence[Fraction]) -> Moments:
    """E X^0..E X^4 of X = |z_d|^2/|z_0|^2 for linear residual modules z + eta V relu(U z), normal weights of He's variance.

    Given z and U, V relu(U z) has independent N(0, (2/h) |relu(U z)|^2) entries, and |relu(U z)|^2 = (h/n) R |z|^2 with R
    as in ``ratio_moments``. So each module multiplies by |e + c g|^2, e of length 1, g standard normal in n dimensions and
    c^2 = 2 eta^2 R/n, whatever z is: a noncentral chi-square variable, with the moments

        E |e + c g|^2p = sum_k C(p, k) (2 c^2)^(p-k) (n/2 + k) (n/2 + k + 1)...(n/2 + p - 1).
    """
    total = [1.0] * 5
    for eta in scales:
        spread = scaled(ratio_moments(hidden), float(4 * eta**2) / width)  # of 2 c^2
        for p in range(5):
            rising = [math.prod(width / 2 + at for at in range(k, p)) for k in range(p + 1)]
            total[p] *= math.fsum(math.comb(p, k) * spread[p - k] * rising[k] for k in range(p + 1))
    return total


def weighted_variance_square(widths: Sequence[int], tilt: float = 0.0) -> float:
    """E U^2 under the tilted law; E V^2 for ``tilt`` 0."""
    depth, layers = len(widths) - 1, range(1, len(widths))
    pairs = [(i, j, 1 / depth - 1 / depth**2 if i == j else -2 / depth**2) for j in layers for i in range(1, j + 1)]

    def mean(reach: tuple[int, ...], last: tuple[int, int]) -> float:
        logarithm = 0.0
        for layer in range(1, max(last) + 1):
            powers = sum(layer <= end for end in reach)
            if tilt and layer <= min(last):
                logarithm += _log_moment(widths[layer], tilt) + _log_moment(widths[layer], powers - tilt)
            else:
                logarithm += _log_moment(widths[layer], powers)
        return math.exp(logarithm)

    return math.fsum(c * e * mean((i, j, k, m), (j, m)) for i, j, c in pairs for k, m, e in pairs)


@cache
def _log_moment(width: int, power: float) -> float:
    """ln E[R^power; R > 0]."""
    return log_moment(Ratio(2 / width, width, 0.0), power)
