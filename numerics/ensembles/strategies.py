"""Random networks for property-based tests: Hypothesis strategies that draw descriptions, and seeds.

Hypothesis draws the description and the *seed*; the numbers come from streams that the seed names, as in
``experiment=f"mean {seed}"``. (Hypothesis resets known generators before each example: without a drawn seed, all examples
would meet the same numbers.) What is drawn shrinks to small widths, normal weights and the linear activation.

Scales are near 1, so that no network leaves the range in which the samplers trust float32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from numerics.ensembles.inputs import Inputs
from numerics.ensembles.layers import (
    ACTIVATIONS,
    PADDINGS,
    SLOPED,
    Activation,
    Affine,
    BatchNorm,
    Convolution,
    Layer,
    Residual,
    Shape,
)
from numerics.ensembles.network import Network
from numerics.ensembles.weights import FANS, LAWS, Weights

KINDS = ("affine", "activation", "convolution", "batch_norm", "residual")
WIDTHS = st.integers(1, 6)
SCALES = st.sampled_from([1.0, 0.5])  # of variances, squared lengths and skips: nothing saturates beyond float32
MODULES = st.sampled_from([0.75, 0.25])  # of residual modules: no weight +-1 cancels a skip, so no value is exactly 0
SLOPES = st.sampled_from([0.25, 0.01, 1.0, 0.0, -0.5])
CORRELATIONS = (0.0, 0.5, -0.5, 0.9, 1.0)  # -0.5 is the simplex of three inputs, 1 makes all inputs equal


def seeds() -> SearchStrategy[int]:
    """Seeds of experiments: distinct integers name independent streams."""
    return st.integers(0, 2**63 - 1)


@st.composite
def weights(draw: DrawFn, rows: int, columns: int, laws: Sequence[str] = LAWS) -> Weights:
    """A law of weights, in any variance convention, that keeps or halves the second moment of its inputs.

    ``rows`` and ``columns`` are the fans.
    """
    law, per = draw(st.sampled_from(laws)), draw(st.sampled_from(sorted(FANS)))
    density = draw(st.sampled_from([1.0, 0.5])) if law == "sparse" else None
    return Weights(law, draw(SCALES) * FANS[per](rows, columns) / rows, per, density)


@st.composite
def inputs(draw: DrawFn, ranks: Sequence[int] = (1, 3), least: int = 1) -> Inputs:
    """One to three inputs, fixed or random, at least ``least`` (<= 3); of rank 1, vectors, or 3, images."""
    sides = st.integers(1, 4)
    shapes = {1: st.tuples(WIDTHS), 3: st.tuples(st.integers(1, 3), sides, sides)}
    shape = draw(st.one_of([shapes[rank] for rank in ranks]))
    count, random = draw(st.integers(least, 3)), draw(st.booleans())
    fitting = [rho for rho in CORRELATIONS if count == 1 or rho * (count - 1) >= -1]
    if not random:  # fixed inputs need a dimension for each direction that they span
        room = math.prod(shape)
        fitting = [rho for rho in fitting if Inputs((room,), count, rho, random=True).directions <= room]
    return Inputs(shape, count, draw(st.sampled_from(fitting)), draw(SCALES), random)


@st.composite
def networks(
    draw: DrawFn,
    kinds: Sequence[str] = KINDS,
    laws: Sequence[str] = LAWS,
    activations: Sequence[str] = ACTIVATIONS,
) -> Network:
    """A network of one to four layers of these ``kinds``, weight ``laws`` and ``activations``.

    ``kinds=("affine", "activation")`` are the feed-forward networks. Images are drawn where convolutions are.
    """
    ranks = [1] * (set(kinds) != {"convolution"}) + [3] * ("convolution" in kinds)
    start = draw(inputs(ranks, least=2 if "batch_norm" in kinds else 1))
    layers, shape = [], start.shape
    for _ in range(draw(st.integers(1, 4))):
        layers.append(_layer(draw, shape, kinds, laws, activations))
        shape = layers[-1].after(shape)
    return Network(start, tuple(layers), draw(SCALES))


def _layer(draw: DrawFn, shape: Shape, kinds: Sequence[str], laws: Sequence[str], activations: Sequence[str]) -> Layer:
    kind = draw(st.sampled_from([kind for kind in kinds if kind != "convolution" or len(shape) == 3]))
    if kind in ("affine", "convolution"):
        return _linear(draw, shape, kind, laws)
    if kind == "batch_norm":
        return BatchNorm()
    if kind == "activation":
        name = draw(st.sampled_from(activations))
        return Activation(name, draw(SLOPES) if name in SLOPED else None)
    return Residual(_body(draw, shape, kinds, laws, activations), draw(SCALES), draw(MODULES))


def _linear(draw: DrawFn, shape: Shape, kind: str, laws: Sequence[str], units: int | None = None) -> Layer:
    """An affine layer or a convolution, of so many units or channels, or of a drawn number."""
    bias = draw(st.none() | weights(1, 1, [law for law in LAWS if law != "orthogonal"]))
    law, below = draw(st.sampled_from(laws)), math.prod(shape)
    if kind == "convolution":
        kernel = draw(st.sampled_from([k for k in (1, 3) if k <= min(shape[1:])]))
        channels = units or draw(st.integers(1, shape[0] if law == "orthogonal" else 4))
        taps = 1 if law == "orthogonal" else kernel**2
        drawn = draw(weights(shape[0] * taps, channels * taps, [law]))
        return Convolution(channels, kernel, drawn, draw(st.sampled_from(PADDINGS)), bias)
    mirrored = units is None and below % 2 == 0 and draw(st.booleans())
    rows = below // (1 + mirrored)
    width = units or draw(st.integers(1, min(6, rows) if law == "orthogonal" else 6))
    return Affine(width, draw(weights(rows, width, [law])), bias, mirrored)


def _body(draw: DrawFn, shape: Shape, *rest: Any) -> tuple[Layer, ...]:
    """What keeps the shape: activations and normalisation first, then a linear layer where there may be one."""
    kinds, laws, activations = rest
    before = [kind for kind in kinds if kind in ("activation", "batch_norm")]
    narrow = [name for name in activations if name != "crelu"]
    chosen = draw(st.lists(st.sampled_from(before), max_size=2)) if before and narrow else []
    body = [_layer(draw, shape, [kind], laws, narrow) for kind in chosen]
    last = "affine" if len(shape) == 1 else "convolution"
    return (*body, _linear(draw, shape, last, laws, shape[0])) if last in kinds else tuple(body)
