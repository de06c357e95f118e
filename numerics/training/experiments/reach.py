"""Which networks plain gradient descent can bring to learn at all: those whose tangent kernel lies inside a window.

K is the squared norm of one logit's gradient in all weights, for one example (a diagonal entry of the tangent kernel). There
are C classes, logits that guess, p = 1/C; the error e = p - y has |e|^2 = 1 - 1/C, and the cost is ln C. To first order

    steps of rates r_t lower the cost by at most (sum r_t) |e|^2 K; to give up ln C they need  K >= ln C/((1 - 1/C) sum r_t);
    the cost has the curvature K/C along a gradient that examples share; beyond r_0 K/C = 2 descent first climbs, and
    rectifier networks come back from there, to a smaller K, until about  r_0 K/C = ``CLIMBED`` (lewkowycz2020, measured).

That a network starts to learn if and only if K lies between the two is the hypothesis that experiments test, and no theorem:
examples share only a part of their gradients, and constants of order 1 are guesses. What theorems say is where K lies, which
is a matter of many powers of e.

*A dense network whose lengths are kept* has |dC/dW^d|^2 = |z^(d-1)|^2 |dC/ds^d|^2 with |z^d|^2 = n_d |x|^2/n_0. Inputs in
[-1, 1] have |x|^2 about n_0, and |d logit/ds^D|^2 = n_D v/2 for rectifiers and output weights of variance v. So

    K = (n_0 + ... + n_(D-1)) n_D v/2 + n_D,

times exp(ln Z) where the gradients' walk over the layers ends at ln Z: one factor for all layers, since what a layer misses
of the walk backward is in the walk forward.
Reference: jacot2018 (the kernel), lewkowycz2020; walks as in sussillo2014.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

CLIMBED = 12.0  # what linear networks survive is 4


@dataclass(frozen=True)
class Window:
    """The logarithms of K between which a network can start to learn."""

    low: float
    high: float

    def chance(self, mean: float, deviation: float) -> float:
        """That a normal ln K lies inside; 0 or 1 where it does not vary."""
        if deviation == 0:
            return float(self.low <= mean <= self.high)
        below = [math.erfc((mean - end) / (deviation * math.sqrt(2))) / 2 for end in (self.low, self.high)]
        return max(below[1] - below[0], 0.0)


def window(rate: float, final_rate: float, steps: int, classes: int) -> Window:
    """For a rate that falls geometrically to ``final_rate`` of itself over the steps."""
    total = rate * steps * ((1 - final_rate) / -math.log(final_rate) if final_rate != 1 else 1.0)
    return Window(math.log(math.log(classes) / ((1 - 1 / classes) * total)), math.log(CLIMBED * classes / rate))


def kernel(widths: Sequence[int], output_variance: float) -> float:
    """K of a dense rectifier network n_0, n_1, ..., n_D that keeps lengths, the classes not among the widths."""
    return sum(widths[:-1]) * widths[-1] * output_variance / 2 + widths[-1]
