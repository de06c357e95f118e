"""The usual initialisations as laws of weights, by the names of ``failure_modes.length_factor``, and twice He's variance.

"truncated" is cut at two standard deviations and not corrected, as some libraries draw it: it keeps ``CUT_VARIANCE`` of the
variance that was meant.
Reference: he2015, glorot2010, lecun1998; hanin2018start, figure 1.
"""

from __future__ import annotations

from numerics.ensembles import Weights
from numerics.evaluate import function
from numerics.sampling.laws import CUT_VARIANCE

LAWS = {
    "double_he": Weights("normal", 4, "fan_in"),
    "he_normal": Weights("normal", 2, "fan_in"),
    "he_uniform": Weights("uniform", 2, "fan_in"),
    "he_truncated": Weights("truncated", 2 * CUT_VARIANCE, "fan_in"),
    "glorot_normal": Weights("normal", 1, "fan_average"),
    "glorot_uniform": Weights("uniform", 1, "fan_average"),
    "glorot_truncated": Weights("truncated", CUT_VARIANCE, "fan_average"),
    "lecun_normal": Weights("normal", 1, "fan_in"),
}


def length_factor(init: str, fan_in: int, fan_out: int) -> float:
    """E M_j/E M_(j-1), as the theorems have it."""
    if init == "double_he":
        doubled = function("failure_modes.mean_length")
        return float(doubled(widths=[1, 1], scale=2, bias_variance=0, input_length=1))
    return float(function("failure_modes.length_factor")(init=init, fan_in=fan_in, fan_out=fan_out))
