"""Rules for what a theorem gives the law of: a count with known chances, and a mean with a known variance.

    counted   as many networks do so as the chances predict   exact test, Poisson's binomial law; independent networks
    walked    a mean is the predicted number                  normal test; normal observations of known variance

Each rejects what is predicted, where it holds, with a chance of at most ALPHA; ``counted`` is undecided where no count of so
few networks could reject. A sum over many layers is normal by the central limit theorem.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from numerics.training.experiments.comparison import ALPHA, Row, Verdict, reached

_ROUNDING = 1e-9  # relative: probabilities that differ less are equal, as those of symmetric counts are


def counted(claims: str, what: str, chances: Sequence[float], happened: Sequence[bool]) -> Row:
    """Predicted: each network does so with its chance.  Observed: the share that does, with its predicted error."""
    law = np.ones(1)
    for chance in chances:
        law = np.convolve(law, [1 - chance, chance])
    surprise = [float(law[law <= weight * (1 + _ROUNDING)].sum()) for weight in law]
    rejects = surprise[sum(happened)] < ALPHA
    verdict: Verdict = "differs" if rejects else "agrees" if min(surprise) < ALPHA else "undecided"
    share, error = float(np.mean(chances)), math.sqrt(sum(p * (1 - p) for p in chances)) / len(chances)
    return Row(claims, what, f"{share:.3g}", float(np.mean(happened)), error, verdict, f"exact test at {ALPHA:g}")


def walked(claims: str, what: str, predicted: float, deviation: float, observed: Sequence[float]) -> Row:
    """Predicted: the mean and the standard deviation of what is observed; its error is the predicted one."""
    mean, error = float(np.mean(observed)), deviation / math.sqrt(len(observed))
    verdict = reached(predicted, mean, NormalDist().inv_cdf(1 - ALPHA / 2) * error)
    return Row(claims, what, f"{predicted:.4g}", mean, error, verdict, f"normal test at {ALPHA:g}")
