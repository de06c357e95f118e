"""Rules by ranks, for what has no known law: steps until something happens, errors after training.

    trend         one number rises with another                          Kendall's test
    trend_within  it does so among networks that are alike in a third    permutation test of ranks' correlation in groups
    collapse      among networks of one place families are no different  permutation test of the spread of their mean ranks

Both permutation tests exchange networks inside a group: under the null hypothesis they have one law there. What never
happened is infinite and ties with its like. ``collapse`` accepts what it cannot refute.
Reference: kendall1938, spearman1904.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from numerics.sampling.streams import numpy_generator
from numerics.training.experiments.comparison import ALPHA, Row, Verdict, directed

PERMUTATIONS = 10_000  # a p-value near ALPHA is known to a third of itself: one binomial standard error
ROUNDING = 1e-9  # relative: sums of the same terms in another order

Reals = NDArray[np.float64]


def trend(claims: str, what: str, places: Sequence[float], values: Sequence[float]) -> Row:
    """Predicted: values rise with places.  Observed: Kendall's tau-b."""
    from scipy.stats import kendalltau

    found = kendalltau(places, values)
    tau = float(found.statistic)
    verdict = directed(float(found.pvalue), tau)
    return Row(claims, what, "> 0", tau, math.nan, verdict, f"Kendall's test at {ALPHA:g}")


def trend_within(
    claims: str, what: str, places: Sequence[float], values: Sequence[float], groups: Sequence[float]
) -> Row:
    """Predicted: values rise with places in each group.  Observed: the correlation of their ranks, within groups."""
    stream, drawn = numpy_generator("trend within groups", what), np.zeros(PERMUTATIONS)
    product, squares = 0.0, np.zeros(2)
    for rows in _groups(groups):
        place, rank = (each - each.mean() for each in (_ranks(places, rows), _ranks(values, rows)))
        product += float(place @ rank)
        squares += place @ place, rank @ rank
        drawn += _permuted(rank, stream) @ place
    correlation = product / math.sqrt(squares.prod()) if squares.all() else math.nan
    verdict = directed(_chance(np.abs(drawn) >= abs(product) * (1 - ROUNDING)), product)
    return Row(claims, what, "> 0", correlation, math.nan, verdict, f"permutation test at {ALPHA:g}")


def collapse(claims: str, what: str, families: Sequence[str], values: Sequence[float], places: Sequence[float]) -> Row:
    """Predicted: values of one place have one law, whatever the family.

    Observed: of the variance of all ranks that a curve over the places for each family explains, the share that one curve
    for all explains; 1 where the curves are one.
    """
    stream, names, ranks = numpy_generator("collapse", what), np.asarray(families), _centred(values)
    one, each, drawn = 0.0, 0.0, np.zeros(PERMUTATIONS)
    for rows in _groups(places):
        members = np.array([names[rows] == name for name in dict.fromkeys(names[rows])], dtype=float).T
        one += ranks[rows].sum() ** 2 / len(rows)
        each += float(_between(ranks[None, rows], members)[0])
        drawn += _between(_permuted(ranks[rows], stream), members)
    told: Verdict = "differs" if _chance(drawn >= each * (1 - ROUNDING)) < ALPHA else "agrees"
    share = one / each if each else math.nan
    return Row(claims, what, "1", share, math.nan, told if each else "undecided", f"permutation test at {ALPHA:g}")


def explained(values: Sequence[float], places: Sequence[float]) -> float:
    """The share of the variance of the ranks of values that a curve over the places explains."""
    ranks = _centred(values)
    whole = float(ranks @ ranks)
    return sum(ranks[rows].sum() ** 2 / len(rows) for rows in _groups(places)) / whole if whole else math.nan


def _between(ranks: Reals, members: Reals) -> Reals:
    """For each row of centred ranks (m, n), the sum of squares of cells' means; members: (n, cells), 1 for a member."""
    found: Reals = ((ranks @ members) ** 2 / members.sum(0)).sum(1)
    return found


def _permuted(ranks: Reals, stream: np.random.Generator) -> Reals:
    """A permutation of the ranks in every row."""
    return stream.permuted(np.tile(ranks, (PERMUTATIONS, 1)), axis=1)


def _groups(keys: Sequence[float]) -> list[NDArray[np.int64]]:
    """The rows of each key; floats that differ by rounding are one key."""
    rounded = np.round(np.asarray(keys, dtype=float), 9)
    return [np.flatnonzero(rounded == key) for key in np.unique(rounded)]


def _centred(values: Sequence[float]) -> Reals:
    ranks = _ranks(values, np.arange(len(values)))
    return ranks - ranks.mean()


def _ranks(values: Sequence[float], rows: NDArray[np.int64]) -> Reals:
    from scipy.stats import rankdata

    found: Reals = rankdata(np.take(values, rows))
    return found


def _chance(as_extreme: NDArray[np.bool_]) -> float:
    """The p-value, what was observed being one of the permutations (phipson2010)."""
    return (int(as_extreme.sum()) + 1) / (len(as_extreme) + 1)
