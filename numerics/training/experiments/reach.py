"""Which networks plain gradient descent can bring to learn at all: those whose gradients' walk ends inside a window.

K is the squared norm of one logit's gradient in all weights, for one example (a diagonal entry of the tangent kernel), and Z
what the walk of squared lengths over the layers multiplies it by: K = k Z, and f^2 is in proportion to Z for a logit f.
There are C classes, a guess p = 1/C costs ln C, and the error is e = p - y. To first order

    logits of an example's class move by s K sum r_t over steps of rates r_t, where s is the share of the inputs' squares
    that tells classes apart, |E e x|^2/E|x|^2: to give up a cost of ln C they must move by as much, to rank classes by |f|;
    the cost has the curvature K/C along a gradient that examples share: beyond r_0 K/C = 2 descent first climbs, and
    rectifier networks come back from there, to a smaller K, until about  r_0 K/C = ``CLIMBED`` (lewkowycz2020, measured).

That a network starts if and only if ln Z lies between the two is the hypothesis that experiments test, and no theorem:
layers change what classes share, K grows while a network learns, and constants of order 1 are guesses. What theorems say is
where ln Z lies, which is a matter of many powers of e.

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
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

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
    """Steps at a rate that falls geometrically to ``final_rate`` of itself; ``signal``: the share s of the module."""

    rate: float
    steps: int
    classes: int
    signal: float
    final_rate: float = 1.0

    def lowers(self, kernel: float) -> Window:
        """For a network to leave the cost of guessing, by its k."""
        return Window(math.log(math.log(self.classes) / self._moved(kernel)), self._highest(kernel))

    def ranks(self, kernel: float, logit: float) -> Window:
        """For a network to rank the classes, by its k and |f| at Z = 1: there |f| is in proportion to the root of Z."""
        return Window(2 * math.log(logit / self._moved(kernel)), self._highest(kernel))

    def _moved(self, kernel: float) -> float:
        mean = (1 - self.final_rate) / -math.log(self.final_rate) if self.final_rate != 1 else 1.0
        return self.rate * mean * self.steps * self.signal * kernel

    def _highest(self, kernel: float) -> float:
        return math.log(CLIMBED * self.classes / (self.rate * kernel))


def kernel(widths: Sequence[int], output_variance: float) -> float:
    """k of a dense rectifier network n_0, n_1, ..., n_D that keeps lengths, the classes not among the widths."""
    return sum(widths[:-1]) * widths[-1] * output_variance / 2 + widths[-1]


@cache
def told_apart(data: str, count: int, classes: int) -> float:
    """The ``signal`` of so many training examples."""
    from numerics.training.experiments.pictures import examples

    inputs, labels, _, _ = examples(data, "train", count)
    return signal(inputs, labels, classes)


def signal(inputs: Tensor, labels: Tensor, classes: int) -> float:
    """|E (y - E y) x|^2/E|x|^2 for inputs (n, features) and labels (n,)."""
    import torch

    told = torch.nn.functional.one_hot(labels, classes).to(inputs.dtype)
    together = (told - told.mean(0)).T @ inputs / len(inputs)
    return float(together.square().sum() / inputs.square().sum(1).mean())
