"""Which sampler is cheapest for a pass through a network: all that can draw it draw one law."""

from __future__ import annotations

from types import ModuleType

from numerics.ensembles import Network
from numerics.sampling import conditioned, direct

WIDE = 8  # weights a value from which drawing what is seen of a matrix beats drawing the matrix, as measured


def cheapest(network: Network) -> ModuleType:
    """``conditioned`` for wide Gaussian networks, ``direct`` for all others; both show a ``Pass``."""
    if conditioned.refusal(network) or network.weight_count < WIDE * network.value_count:
        return direct
    return conditioned
