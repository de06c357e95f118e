"""Integrals of float64 arrays by the trapezoidal rule, exponentially accurate on analytic integrands.

Result: if f is analytic in the strip |Im v| < d, with M(d) bounding the integral of |f| along every line
inside, the rule of step h over the whole line errs by at most 2 M(d) / (exp(2 pi d / h) - 1).  The logarithm
of the best such bound is a minimum of functions linear in 1/h, hence concave, and at 1/h = 0 it is that of
L, the integral of |f|.  So halving h at least squares the bound relative to L: when two successive steps
differ by 1e-8 L, the finer one errs by about 1e-16 L. A finite range is mapped to the line by the tanh-sinh
substitution, after which the integrand decays doubly exponentially.

References: trefethen2014exponentially, theorem 5.1; takahasi1974double.
Assumptions: the integrand is analytic inside its range and does not live on a scale near
`FIRST_STEP / 2**LEVELS`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

Array = Any  # an array of NumPy or of torch

FIRST_STEP = 2.0  # coarser than any integrand of interest: it only finds where the integrand lives
LEVELS = 12  # halvings before giving up; a step of 2**-11
AGREEMENT = 1e-8  # squared, as above, this is 1e-16: below the rounding of float64
EARLIER_AGREEMENT = 1e-2  # the step before must agree too (1e-2 -> 1e-4 -> 1e-8), lest one be an accident
NEGLIGIBLE = 1e-19  # of the largest value: a thousand nodes of it are below the rounding of the sum
FALLEN = 2e-15  # of the largest value: a dozen roundings of it; see `_without_overflow`
END = 4.0  # tanh-sinh runs over |v| <= 4, where its weight has fallen to 1e-36


class NotComputed(ArithmeticError):
    """Floating point cannot give the value asked for."""


class Module(Protocol):
    """What the rule needs to know of the arrays it sums."""

    def concrete(self, value: Array) -> np.ndarray:
        """A value as a NumPy array."""

    def places(self, chosen: np.ndarray) -> Any:
        """A mask as the arrays' own module takes it."""


def line(integrand: Callable[[np.ndarray], Array], reach: float, arrays: Module) -> Array:
    """The integral of `integrand` over [-reach, reach], beyond which it is negligible.

    integrand: maps nodes of shape [n] to values of shape [..., n].  Returns shape [...]; accurate to about
    1e-15 of the integral of the absolute value.  Raises NotComputed when the halvings do not settle or a
    value is not finite.
    """
    step = FIRST_STEP
    outermost = int(reach // step)
    nodes = step * np.arange(-outermost, outermost + 1.0)
    total, size, magnitudes = _sums(integrand(nodes), arrays)
    low, high = _support(nodes, magnitudes, step)
    before = np.inf
    for _ in range(LEVELS):
        step /= 2
        first, last = int(np.ceil(low / step)), int(np.floor(high / step))
        nodes = step * np.arange(first + (first + 1) % 2, last + 1.0, 2.0)
        between, size_between, _ = _sums(integrand(nodes), arrays)
        size = size + size_between
        change = np.abs(arrays.concrete(total - between)) / np.where(size > 0, size, 1.0)
        largest_change = float(np.max(change, initial=0.0))
        total = total + between
        if largest_change <= AGREEMENT and before <= EARLIER_AGREEMENT:
            return step * total
        before = largest_change
    raise NotComputed(
        f"an integral did not settle: halving the step to {step:g} still changed it by {before:.0e}"
    )


def _sums(values: Array, arrays: Module) -> tuple[Array, np.ndarray, np.ndarray]:
    """Sums of the values and of their magnitudes, and the magnitudes."""
    magnitudes = np.abs(arrays.concrete(values))
    if not np.isfinite(magnitudes).all():
        values, magnitudes = _without_overflow(values, magnitudes, arrays)
    return values.sum(-1), magnitudes.sum(-1), magnitudes


def _without_overflow(values: Array, magnitudes: np.ndarray, arrays: Module) -> tuple[Array, np.ndarray]:
    """Far out, 0 * infinity may replace a value: it counts as 0 where all finite values from there outwards,
    and the one before, are below the rounding of the largest.
    """
    lost = ~np.isfinite(magnitudes)
    finite = np.where(lost, 0.0, magnitudes)
    before, after = np.roll(finite, 1, -1), np.roll(finite, -1, -1)
    rightwards = np.maximum.accumulate(np.maximum(finite, before)[..., ::-1], -1)[..., ::-1]
    leftwards = np.maximum.accumulate(np.maximum(finite, after), -1)
    largest = finite.max(-1, keepdims=True)
    if np.any(lost & ((np.minimum(leftwards, rightwards) > FALLEN * largest) | (largest == 0))):
        raise NotComputed(
            "an integrand is not finite in float64; ask for the value by ball arithmetic instead"
        )
    cleaned = values + 0  # a copy
    cleaned[arrays.places(lost)] = 0
    return cleaned, finite


def _support(nodes: np.ndarray, magnitudes: np.ndarray, step: float) -> tuple[float, float]:
    """One step more than the nodes between which the integrand is not negligible."""
    largest = magnitudes.max(-1, keepdims=True)
    alive = np.flatnonzero((magnitudes > NEGLIGIBLE * largest).reshape(-1, nodes.size).any(0))
    if alive.size == 0:
        return float(nodes[0]), float(nodes[-1])
    return float(nodes[alive[0]]) - step, float(nodes[alive[-1]]) + step


def tanh_sinh(nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The substitution of [0, 1] at nodes v of the line: distance from 0, distance from 1, and the
    derivative.
    """
    from_low = 1 / (1 + np.exp(-np.pi * np.sinh(nodes)))
    from_high = 1 / (1 + np.exp(np.pi * np.sinh(nodes)))
    return from_low, from_high, np.pi * np.cosh(nodes) * from_low * from_high
