"""Where two papers want different initialisations because they fix different things; each is right for its own goal.

*Mean of the length, or mean of its logarithm.*  He's gain sqrt 2 keeps E M_d; the random-walk gain keeps E ln M_d.  By
Jensen's inequality no gain does both at a finite width: under He's the typical network loses length, under the random-walk
gain the mean over networks grows, and the gap grows with depth/width.
*Residual scales.*  A scale that does not depend on the depth is harmless with batch normalisation in every module, where the
length grows linearly, and exponential in the depth without.

Reference: he2015, hanin2018start, sussillo2014, balduzzi2017.
Assumptions: those of the theorems named; normal weights; typical: exp(E ln), given that no layer is dead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from numerics.evaluate import function, value
from papers.claims.points import text
from theory.proof.library import find
from theory.shattering.normalized import beta
from theory.symbols import i

DEPTH = 100
WIDTHS = (10, 100, 1000)
SCALE = 0.1  # of the residual modules
MODULES = (10, 100, 1000)


@dataclass(frozen=True)
class Contradiction:
    """Two papers, in BibTeX keys, and what each wants fixed; numbers as a table; which initialisation serves which goal."""

    between: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    serves: str
    theorems: tuple[str, ...]


def contradictions() -> tuple[Contradiction, ...]:
    """All of them, computed."""
    return length_or_logarithm(), residual_scales()


def length_or_logarithm() -> Contradiction:
    """He's gain against the random-walk gain for rectifier networks of finite width."""
    rows = []
    for width in WIDTHS:
        gain = float(value("random_walk.relu_gain", 17, N=width))
        widths = [width] * (DEPTH + 1)
        network = {"widths": widths, "bias_variance": 0, "input_length": 1}
        he = float(value("failure_modes.log_length_mean", 17, widths=widths))
        for name, own, scale in (("he2015", math.sqrt(2), 1.0), ("sussillo2014", gain, gain**2 / 2)):
            mean = float(function("failure_modes.mean_length")(**network, scale=scale))
            typical = math.exp(he + DEPTH * math.log(scale))
            rows.append((str(width), str(DEPTH), name, text(own), text(mean), text(typical)))
    return Contradiction(
        "he2015, hanin2018start | sussillo2014",
        "the mean of the squared length against the mean of its logarithm",
        ("width", "depth", "gain of", "gain", "E M_d/M_0", "typical M_d/M_0"),
        tuple(rows),
        "the gain sqrt 2 serves the mean over networks, the random-walk gain the typical network that is drawn once",
        ("failure_modes.mean_length", "failure_modes.log_length_mean", "random_walk.relu_gain"),
    )


def residual_scales() -> Contradiction:
    """One scale for all modules, with batch normalisation and without, against scales of a finite sum."""
    grown, with_batches = "failure_modes.resnet_mean_length", "shattering.normalized_forward_variance"
    rows = []
    for modules in MODULES:
        normalised = find(with_batches).value().subs({i: modules + 1, beta: SCALE})
        for name, scale in ((f"{SCALE}", SCALE), ("1/L", 1 / modules)):
            relu, linear = (function(grown)(scales=[scale] * modules, module=kind) for kind in ("relu", "linear"))
            shown = text(float(normalised)) if scale == SCALE else ""
            rows.append((str(modules), name, shown, text(float(linear)), text(float(relu))))
    return Contradiction(
        "balduzzi2017 | hanin2018start",
        "residual scales that do not depend on the depth against scales whose sum is bounded",
        ("modules L", "scale", "batch-normalised", "ends in linear layer", "ends in rectifier"),
        tuple(rows),
        "a fixed scale serves modules with batch normalisation, whose length grows linearly; without it only scales of a "
        "bounded sum, such as 1/L, keep the length bounded for every module",
        (with_batches, grown),
    )
