"""Does batch normalisation keep the mean length of a fixed input?  Sampled, with two error rates.

Each unit of a layer, normalised over a batch of m inputs, has squares that add up to m, of which the rectifier keeps half
in the mean over symmetric weights.  For inputs that the weights' law cannot tell apart, as those of equal length and equal
angles under normal weights, each has E M_j = 1/2 at every depth and for every weight variance, and M_j <= m - 1.
The networks sampled add 1e-5 to each unit's variance, as torch does; what that changes is below the error that is found.
Reference: ioffe2015, hanin2018start.
"""

from __future__ import annotations

import sympy as sp

from numerics.evaluate import value
from numerics.evidence import Evidence
from numerics.evidence.kept import measured
from papers.claims.claim import Point
from papers.claims.points import text
from papers.claims.properties import Decision

WIDTH, BATCH, SCALE = 10, 4, 2
DEPTHS = (10, 50)
ERROR, SHIFT = 1e-3, 0.2  # of either kind; the error of E M_d that is found


def fixed_input(printed: sp.Basic) -> Decision:
    """Whether E M_d of one input of a batch still grows exponentially at twice He's variance."""
    without = [_without(depth) for depth in DEPTHS]
    found = [_with(depth) for depth in DEPTHS]
    lines = tuple(
        f"E M_d of one input of a batch of {BATCH}, {depth} layers of width {WIDTH}, twice He's variance: {e.estimate:.4f} "
        f"in {e.networks} networks, 1/2 claimed, {e.verdict} (alpha = beta = {ERROR:g}, errors of {SHIFT} are found)"
        for depth, e in zip(DEPTHS, found, strict=True)
    )
    removed = all(e.verdict == "agrees" for e in found)
    shown = ", ".join(f"{text(float(grown))} at depth {depth}" for depth, grown in zip(DEPTHS, without, strict=True))
    return Decision(
        False if removed else None,
        "normalisation over a batch before each rectifier fixes the sum of the squares over the batch in every single "
        f"initialisation: E M_d of a fixed input of the batch, sampled, is 1/2 at depths {DEPTHS[0]} and {DEPTHS[1]} alike",
        ("failure_modes.mean_length",),
        counterexample=f"twice He's variance: E M_d = 1/2 within {SHIFT} at depths {DEPTHS[0]} and {DEPTHS[1]}; without "
        f"normalisation it is {shown}, times M_0",
        points=tuple(
            Point(f"depth {depth}", "", f"E M_d/M_0 = {text(float(grown))} without, E M_d = {e.estimate:.4f} with")
            for depth, grown, e in zip(DEPTHS, without, found, strict=True)
        ),
        evidence=lines,
    )


def _without(depth: int) -> str:
    network = {"widths": [WIDTH] * (depth + 1), "scale": SCALE, "bias_variance": 0, "input_length": 1}
    return value("failure_modes.mean_length", 10, **network)


@measured
def _with(depth: int) -> Evidence:
    from numerics import evidence
    from numerics.ensembles import Activation, Affine, BatchNorm, Inputs, Network, Weights
    from numerics.sampling import direct
    from numerics.sampling.passes import squared_norm

    layer = (Affine(WIDTH, Weights("normal", 2 * SCALE, "fan_in")), BatchNorm(), Activation("relu"))
    network = Network(Inputs((WIDTH,), count=BATCH), layer * depth)
    plan = evidence.plan_bounded(0.5, 0, BATCH - 1, shift=SHIFT, alpha=ERROR, beta=ERROR)
    blocks = direct.sample(
        *(network, plan.networks),
        experiment=f"normalised batches, depth {depth}",
        measure=lambda seen: squared_norm(seen.values[-1])[:, 0] / WIDTH,
        device="cpu",
    )
    return evidence.judge(plan, blocks)
