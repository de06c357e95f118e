"""How claims on the course of training are read off a fleet's monitors; ``glorot_monitors`` says which (glorot2010)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from numerics.training.experiments.comparison import ALPHA, Row, Verdict, majority
from numerics.training.monitors import Rows

SATURATED = 0.1  # the mean of a sigmoid whose slope is then at most 0.09, of 0.25 at first
KNEE = 0.95  # of |tanh|, where its slope has fallen to a tenth
EARLY = 0.1  # of the run


class Watched(Protocol):
    """A course of training: a record of what monitors gave."""

    @property
    def steps(self) -> tuple[int, ...]: ...
    @property
    def means(self) -> tuple[Rows, ...]: ...
    @property
    def percentiles(self) -> tuple[Rows, ...]: ...


def fresh_saturation(seen: Watched) -> list[bool]:
    """Of each network: whether early on the top layer's mean is below SATURATED and below every other layer's."""
    early = [rows for step, rows in zip(seen.steps, seen.means, strict=True) if 0 < step <= EARLY * seen.steps[-1]]
    looks = zip(*early, strict=True)  # by network
    return [any(row[-1] < min(SATURATED, *row[:-1]) for row in network) for network in looks]


def left_saturation(claims: str, what: str, seen: Watched) -> Row:
    """Whether the top layer's mean, once below SATURATED, ends above it, over the networks in which it was.

    That it has not left by the end of a run says nothing of a longer one: then it is undecided.
    """
    means = [[row[-1] for row in looks] for looks in zip(*seen.means, strict=True)]
    left = [each[-1] > SATURATED for each in means if min(each) < SATURATED]
    if not left:
        return Row(claims, what, "most", math.nan, math.nan, "undecided", f"no mean came below {SATURATED}")
    row = majority(claims, what, left)
    return row if row.verdict == "agrees" else replace(row, verdict="undecided")


def stayed_saturated(claims: str, what: str, seen: Watched) -> Row:
    """The contrary of ``left_saturation``, as far as the run goes."""
    means = [[row[-1] for row in looks] for looks in zip(*seen.means, strict=True)]
    stayed = [each[-1] < SATURATED for each in means if min(each) < SATURATED]
    if not stayed:
        return Row(claims, what, "most", math.nan, math.nan, "undecided", f"no mean came below {SATURATED}")
    return majority(claims, what, stayed)


def crossed_in_order(claims: str, what: str, seen: Watched) -> list[Row]:
    """Whether percentiles pass KNEE layer by layer, over the networks in which some layer does."""
    networks = zip(*seen.percentiles, strict=True)
    times = [[_crossing(seen.steps, layer) for layer in zip(*looks, strict=True)] for looks in networks]
    passed = [each for each in times if min(each) < math.inf]
    if not passed:
        return [Row(claims, what, "most", math.nan, math.nan, "undecided", f"no percentile passed {KNEE}")]
    return [majority(claims, what, [each == sorted(each) and each[0] < each[-1] for each in passed])]


def _crossing(steps: Sequence[int], values: Sequence[float]) -> float:
    return next((step for step, value in zip(steps, values, strict=True) if value > KNEE), math.inf)


def spread(sizes: Sequence[float]) -> float:
    """The standard deviation of the logarithms; infinite where a size is 0 or not finite."""
    if not all(0 < size < math.inf for size in sizes):
        return math.inf
    return float(np.std(np.log(sizes)))


def within_digit(claims: str, what: str, printed: float, half: float, observed: Sequence[float]) -> Row:
    """Whether Student's confidence interval at ALPHA lies within a printed digit, or outside."""
    from scipy.stats import t

    mean, error = float(np.mean(observed)), float(np.std(observed, ddof=1)) / math.sqrt(len(observed))
    reach, gap = float(t.isf(ALPHA / 2, len(observed) - 1)) * error, abs(mean - printed)
    verdict: Verdict = "agrees" if gap + reach <= half else "differs" if gap - reach > half else "undecided"  # NaN too
    return Row(claims, what, f"{printed:g} +- {half:g}", mean, error, verdict, f"Student's interval at {ALPHA:g}")
