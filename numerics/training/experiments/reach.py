"""Which networks plain gradient descent can bring to learn at all: those whose gradients' walk ends inside a window.

K is the squared norm of one logit's gradient in all weights, for one example (a diagonal entry of the tangent kernel), and Z
what the walk of squared lengths over the layers multiplies it by: K = k Z, and f^2 is in proportion to Z for a logit f.
There are C classes, and a guess p = 1/C has the error e = p - y. To first order

    steps of rates r_t lower the cost by s K sum r_t, where s = |E e x|^2/E|x|^2 is the share of the inputs' squares that
    tells classes apart, and move the logits of an example's own class as far: to give up a cost c that must reach c, to rank
    classes it must reach what a logit varies by from example to example, the root of f^2 times the share that varies;
    the cost has the curvature K/C along a gradient that examples share: beyond r_0 K/C = 2 descent first climbs, and
    rectifier networks come back from there, to a smaller K, until about  r_0 K/C = ``CLIMBED`` (lewkowycz2020, measured).

That a network starts if and only if ln Z lies between the two is the hypothesis that experiments test, and no theorem: K
grows while a network learns, and constants of order 1 are guesses. What theorems say is where ln Z lies, a matter of many
powers of e, and what depth leaves of the shares (``shares``).

*A dense network whose lengths are kept* has |dC/dW^d|^2 = |z^(d-1)|^2 |dC/ds^d|^2 with |z^d|^2 = n_d |x|^2/n_0. Inputs in
[-1, 1] have |x|^2 about n_0, and |d logit/ds^D|^2 = n_D v/2 for rectifiers and output weights of variance v. So

    k = (n_0 + ... + n_(D-1)) n_D v/2 + n_D,        f^2 = n_D v Z,

one factor Z for all layers, since what a layer misses of the walk backward is in the walk forward.
Reference: jacot2018 (the kernel), lewkowycz2020; walks as in sussillo2014.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from numerics.training.experiments.shares import Shares

CLIMBED = 12.0  # what linear networks survive is 4


@dataclass(frozen=True)
class Window:
    """The ln Z between which a network can start."""

    low: float
    high: float

    def chance(self, mean: float, deviation: float) -> float:
        """That a normal ln Z lies inside; 0 or 1 where it does not vary."""
        if deviation == 0:
            return float(self.low <= mean <= self.high)
        below = [math.erfc((mean - end) / (deviation * math.sqrt(2))) / 2 for end in (self.low, self.high)]
        return max(below[1] - below[0], 0.0)


@dataclass(frozen=True)
class Descent:
    """Steps at a rate that falls geometrically to ``final_rate`` of itself."""

    rate: float
    steps: int
    classes: int
    shares: Shares
    final_rate: float = 1.0

    def lowers(self, kernel: float, cost: float) -> Window:
        """For a network to give up that cost, by its k."""
        return Window(math.log(cost / self._moved(kernel)), self._highest(kernel))

    def ranks(self, kernel: float, logit: float) -> Window:
        """For a network to rank the classes, by its k and |f| at Z = 1: there |f| is in proportion to the root of Z."""
        return Window(math.log(logit**2 * self.shares.varies / self._moved(kernel) ** 2), self._highest(kernel))

    def _moved(self, kernel: float) -> float:
        mean = (1 - self.final_rate) / -math.log(self.final_rate) if self.final_rate != 1 else 1.0
        return self.rate * mean * self.steps * self.shares.told * kernel

    def _highest(self, kernel: float) -> float:
        return math.log(CLIMBED * self.classes / (self.rate * kernel))


def kernel(widths: Sequence[int], output_variance: float) -> float:
    """k of a dense rectifier network n_0, n_1, ..., n_D that keeps lengths, the classes not among the widths."""
    return sum(widths[:-1]) * widths[-1] * output_variance / 2 + widths[-1]
