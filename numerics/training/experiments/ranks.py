"""Rules by ranks, for what has no known law: steps until something happens, errors after training.

    trend         one number rises with another                          Kendall's test
    trend_within  it does so among networks that are alike in a third    permutation test of Kendall's S, summed over groups
    collapse      among networks of one place families are no different  permutation test of the spread of their mean ranks

Both permutation tests exchange networks inside a group: under the null hypothesis they have one law there. What never
happened is infinite and ties with its like. ``collapse`` accepts what it cannot refute.
Reference: kendall1938.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from numerics.sampling.streams import numpy_generator
from numerics.training.experiments.comparison import ALPHA, Row, Verdict

PERMUTATIONS = 10_000  # a p-value near ALPHA is known to a third of itself: one binomial standard error


def trend(claims: str, what: str, places: Sequence[float], values: Sequence[float]) -> Row:
    """Predicted: values rise with places.  Observed: Kendall's tau-b."""
    from scipy.stats import kendalltau

    found = kendalltau(places, values)
    tau = float(found.statistic)
    verdict = _directed(float(found.pvalue), tau)
    return Row(claims, what, "> 0", tau, math.nan, verdict, f"Kendall's test at {ALPHA:g}")


def trend_within(
    claims: str, what: str, places: Sequence[float], values: Sequence[float], groups: Sequence[float]
) -> Row:
    """Predicted: values rise with places in each group.  Observed: the share of pairs that do, less those that do not."""
    stream, total, pairs = numpy_generator("trend within groups", what), 0.0, 0.0
    drawn = np.zeros(PERMUTATIONS)
    for rows in _groups(groups):
        place, order = (
            np.sign(np.subtract.outer(each, each)) for each in (np.take(places, rows), _ranks(values, rows))
        )
        total += float((place * order).sum())
        pairs += float(np.abs(place).sum())
        for at in range(PERMUTATIONS):
            mixed = stream.permutation(len(rows))
            drawn[at] += (place * order[np.ix_(mixed, mixed)]).sum()
    share = total / pairs if pairs else math.nan
    verdict = _directed(_chance(np.abs(drawn) >= abs(total)), total)
    return Row(claims, what, "> 0", share, math.nan, verdict, f"permutation test at {ALPHA:g}")


def collapse(claims: str, what: str, families: Sequence[str], values: Sequence[float], places: Sequence[float]) -> Row:
    """Predicted: values of one place have one law, whatever the family.

    Observed: of the variance of all ranks that a curve over the places for each family explains, the share that one curve
    for all explains; 1 where the curves are one.
    """
    stream, ranks = numpy_generator("collapse", what), _ranks(values, range(len(values)))
    names, groups = np.asarray(families), _groups(places)
    one = _explained(ranks, groups)
    cells = [rows[names[rows] == name] for rows in groups for name in dict.fromkeys(names[rows])]
    each = _explained(ranks, cells)
    drawn = np.zeros(PERMUTATIONS)
    for at in range(PERMUTATIONS):
        mixed = ranks.copy()
        for rows in groups:
            mixed[rows] = stream.permutation(ranks[rows])
        drawn[at] = _explained(mixed, cells)
    told: Verdict = "differs" if _chance(drawn >= each) < ALPHA else "agrees"
    verdict: Verdict = told if each else "undecided"
    share = one / each if each else math.nan
    return Row(claims, what, "1", share, math.nan, verdict, f"permutation test at {ALPHA:g}")


def explained(values: Sequence[float], places: Sequence[float]) -> float:
    """The share of the variance of the ranks of values that a curve over the places explains."""
    ranks = _ranks(values, range(len(values)))
    whole = float(((ranks - ranks.mean()) ** 2).sum())
    return _explained(ranks, _groups(places)) / whole if whole else math.nan


def _explained(ranks: NDArray[np.float64], cells: Sequence[NDArray[np.int64]]) -> float:
    """The sum of squares between the means of cells."""
    middle = ranks.mean()
    return float(sum(len(rows) * (ranks[rows].mean() - middle) ** 2 for rows in cells))


def _groups(keys: Sequence[float]) -> list[NDArray[np.int64]]:
    """The rows of each key; floats of one sum in another order are one key."""
    rounded = np.round(np.asarray(keys, dtype=float), 9)
    return [np.flatnonzero(rounded == key) for key in np.unique(rounded)]


def _ranks(values: Sequence[float], rows: Sequence[int] | NDArray[np.int64]) -> NDArray[np.float64]:
    from scipy.stats import rankdata

    found: NDArray[np.float64] = rankdata(np.take(values, rows))
    return found


def _chance(as_extreme: NDArray[np.bool_]) -> float:
    """The p-value, with what was observed among the permutations (phipson2010)."""
    return (int(as_extreme.sum()) + 1) / (len(as_extreme) + 1)


def _directed(chance: float, direction: float) -> Verdict:
    if not chance < ALPHA or direction == 0:
        return "undecided"
    return "agrees" if direction > 0 else "differs"
