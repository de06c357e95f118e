"""What was predicted beside what was observed, and the rules that decide between them.

Every rule is a two-sided test at the error rate ALPHA, over independently drawn networks: where its null hypothesis holds,
and its assumption, it decides at all with a chance of at most ALPHA.

    order       one sample lies above another           Mann and Whitney's rank test; no assumption on the laws
    mean_order  the same, for means of few networks     Welch's t test; normal observations
    majority    most networks do as predicted           the sign test (binomial, 1/2)
    near        a mean is the predicted number          Student's t test; normal observations

``near`` accepts what it cannot refute; the others are undecided where the sample is too small. What is not finite, since it
left the range of floats, decides nothing.
Reference: none; the tests are those of textbooks, computed by scipy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

ALPHA = 1e-3

Verdict = Literal["agrees", "differs", "undecided"]


@dataclass(frozen=True)
class Row:
    """One comparison.  claims: ids, "" for none.  error: the standard error of what was observed, NaN where it has none."""

    claims: str
    what: str
    predicted: str
    observed: float
    error: float
    verdict: Verdict
    rule: str


def order(claims: str, what: str, above: Sequence[float], below: Sequence[float]) -> Row:
    """Predicted: the first sample lies above the second.  Observed: the chance that it does, ties halved."""
    from scipy.stats import mannwhitneyu

    tested = mannwhitneyu(above, below, alternative="two-sided")
    share = float(tested.statistic) / (len(above) * len(below))
    verdict = directed(float(tested.pvalue), share - 0.5)
    return Row(claims, what, "above", share, math.nan, verdict, f"rank test at {ALPHA:g}")


def mean_order(claims: str, what: str, above: Sequence[float], below: Sequence[float]) -> Row:
    """Predicted: the first mean lies above the second.  Observed: their difference, where all networks gave a number."""
    gap = float(np.mean(above)) - float(np.mean(below))
    error = math.hypot(_error(above), _error(below))
    return Row(claims, what, "> 0", gap, error, directed(_welch(above, below), gap), f"Welch's test at {ALPHA:g}")


def majority(claims: str, what: str, as_predicted: Sequence[bool]) -> Row:
    """Predicted: each network does so.  Observed: the share that does."""
    from scipy.stats import binomtest

    count, share = len(as_predicted), sum(as_predicted) / len(as_predicted)
    chance = float(binomtest(sum(as_predicted), count, 0.5).pvalue)
    error = math.sqrt(share * (1 - share) / count)
    return Row(claims, what, "most", share, error, directed(chance, share - 0.5), f"sign test at {ALPHA:g}")


def near(claims: str, what: str, predicted: float, observed: Sequence[float], resolution: float = 0.0) -> Row:
    """Predicted: the mean of what is observed, up to a systematic error of at most ``resolution``."""
    from scipy.stats import t

    mean, error = float(np.mean(observed)), _error(observed)
    reach = resolution + float(t.isf(ALPHA / 2, len(observed) - 1)) * error
    verdict = reached(predicted, mean, reach)
    return Row(claims, what, f"{predicted:.4g}", mean, error, verdict, f"Student's test at {ALPHA:g}")


def reached(predicted: float, observed: float, reach: float) -> Verdict:
    """Whether a number lies within reach of the predicted one; undecided where any of them is not finite."""
    if not (math.isfinite(predicted) and math.isfinite(observed) and math.isfinite(reach)):
        return "undecided"
    return "agrees" if abs(observed - predicted) <= reach else "differs"


def directed(chance: float, gap: float) -> Verdict:
    """By a test's p-value: the gap has the predicted sign, the other one, or is not told from none."""
    if not chance < ALPHA or gap == 0:  # a chance that is NaN decides nothing
        return "undecided"
    return "agrees" if gap > 0 else "differs"


def _welch(first: Sequence[float], second: Sequence[float]) -> float:
    """The p-value; 0 for two constants that differ, NaN where not all numbers are finite."""
    from scipy.stats import ttest_ind_from_stats

    if math.isnan(_error(first) + _error(second)):
        return math.nan
    if _error(first) == _error(second) == 0:
        return float(first[0] == second[0])
    laws = [number for each in (first, second) for number in (np.mean(each), np.std(each, ddof=1), len(each))]
    return float(ttest_ind_from_stats(*laws, equal_var=False).pvalue)


def _error(values: Sequence[float]) -> float:
    """The standard error of the mean; NaN where it is not finite."""
    if not all(map(math.isfinite, values)):
        return math.nan
    return float(np.std(values, ddof=1)) / math.sqrt(len(values))
