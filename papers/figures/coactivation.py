"""How often a rectifier is active for both of two inputs: against the depth, and against the batch that normalises.

Reference: balduzzi2017, section 2.  Networks: those of ``numerics.experiments.coactivation``, which samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numerics.evaluate import function
from numerics.experiments.coactivation import Shares, shares
from papers.figures.panel import depth_axis, dots, draw, legend_inside, line, panel, settled
from papers.figures.picture import Data, Picture, measurement, sources
from papers.figures.style import FULL, panels
from papers.table import Source
from papers.tables.notes import theorem
from theory.shattering.batch import m

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, DEPTH, BATCH, NETWORKS = 100, 64, 16, 200
LAYERS = (1, 2, 4, 8, 16, 32, 64)  # that are drawn
BATCHES = (2, 4, 8, 16, 32, 64)
AT_LAYERS = {1: "fourth", 64: "fifth"}  # that are drawn against the batch, and their looks
SEPARATE = 8  # batches that lie far enough apart to be seen as points of a line
BOTH, PASSED_ON = "shattering.coactivation", "shattering.relu_correlation"
NORMALIZED = "shattering.normalized_coactivation"


def _data() -> Data:
    without, rested = _sampled(BATCH, False)
    found = {}
    for batch in BATCHES:
        found[batch], origin = _sampled(batch, True)
        rested += origin
    return {
        "panels": [_against_depth(without, found[BATCH]), _against_batch(found)],
        "layers": list(LAYERS),
        "batches": list(BATCHES),
        "sources": sources(map(theorem, (BOTH, PASSED_ON, NORMALIZED)), rested),
    }


def _sampled(batch: int, normalized: bool) -> tuple[tuple[Shares, ...], list[Source]]:
    """The shares in every layer, and what they are as a source."""
    at = WIDTH, DEPTH, batch, normalized, NETWORKS
    return shares(*at), [measurement(shares.kept(*at))]


def _against_depth(without: tuple[Shares, ...], normalized: tuple[Shares, ...]) -> Data:
    both, every = function(BOTH), np.arange(1, DEPTH + 1)
    below = np.concatenate([[0.0], function(PASSED_ON)(depth=every[:-1], correlation=0)])  # correlations of layer l - 1
    ends = LAYERS[0], LAYERS[-1]
    lines = [
        line("active for one input", "third", ends, [both(correlation=1)] * 2),
        line("for both, not normalised", "first", every.tolist(), both(correlation=below)),
        line("for both, normalised", "second", ends, [function(NORMALIZED)(batch=BATCH)] * 2),
        line("a quarter", "bound", ends, [both(correlation=0)] * 2),
    ]
    sampled = [
        dots("active for one input", "third", LAYERS, [without[layer - 1].active for layer in LAYERS]),
        dots("for both, not normalised", "first", LAYERS, [without[layer - 1].coactive for layer in LAYERS]),
        dots("for both, normalised", "second", LAYERS, [normalized[layer - 1].coactive for layer in LAYERS]),
    ]
    return panel(f"$m={BATCH}$ inputs", lines, sampled)


def _against_batch(found: dict[int, tuple[Shares, ...]]) -> Data:
    every, ends = np.arange(BATCHES[0], BATCHES[-1] + 1), (BATCHES[0], BATCHES[-1])
    lines = [
        line("theorem", "wide", every.tolist(), function(NORMALIZED)(batch=every)),
        line("a quarter", "bound", ends, [function(BOTH)(correlation=0)] * 2),
    ]
    sampled = [
        dots(f"layer {layer}", look, BATCHES, [found[batch][layer - 1].coactive for batch in BATCHES])
        for layer, look in AT_LAYERS.items()
    ]
    return panel("normalised: active for both", lines, sampled)


def _draw(data: Data) -> Figure:
    figure, (left, right) = panels(figsize=(FULL, 3.3), ncols=2)
    for axes, each in zip((left, right), data["panels"], strict=True):
        draw(axes, each)
    depth_axis(left, data["layers"])
    left.set(xlabel="layer", ylabel="share of the units", ylim=(0.2, 0.54))
    legend_inside(left, loc="lower right", bbox_to_anchor=(1, 0.16))
    right.set(xlabel="inputs $m$ of the batch", xscale="log", ylim=(-0.01, 0.28))
    right.set_xticks(data["batches"], map(str, data["batches"]))
    right.minorticks_off()
    right.get_lines()[0].set(marker=".", markersize=4, markevery=slice(0, SEPARATE))
    legend_inside(right, loc="lower right")
    return settled(figure)


PICTURES = (
    Picture(
        "coactivation",
        (
            "The share of rectifiers that are active for an input, and for both of two. Left: by layer, with and without ",
            *(
                "normalisation over a batch of ",
                m,
                " inputs. Right: with it, against ",
                m,
                ". Lines: theorems on jointly ",
            ),
            "normal pre-activations; a quarter is the share where they are independent. Dots, with two standard errors: ",
            f"{NETWORKS} networks of width {WIDTH} with orthogonal inputs.",
        ),
        _data,
        _draw,
    ),
)
