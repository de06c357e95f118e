"""Networks of one real input x: their slope df/dx along a grid, beside brown and white noise.

A first affine layer s = v x + b of N units with v, b ~ N(0, 1) is He's layer over the pair (x, 1); no other layer has a
bias.  (Without any, f would be linear on either side of 0, and df/dx would have two values.)  Then come

    feedforward     L - 1 layers W max(s, 0), and the output w max(s, 0); variance 2/N
    normalized      L - 1 layers W max(BN(s), 0), and the output w max(BN(s), 0); variance 2/N
    residual        L - 1 modules s + beta W max(BN(s), 0), variance 2/N, and the output w s, variance 1/N
    looks_linear    L - 1 layers (W, -W) (max(s, 0), max(-s, 0)), and such an output; variance 1/N

*Normalisation* takes each unit less its mean along the grid, over its deviation.  A slope takes both as constants: they
belong to the batch, and f is a function of one input.  BN(v x + b) is +-x up to scale, so the first layer behind it has
only two patterns, and what it tells inputs of one sign apart begins in the second.

*Variance.*  E (df/dx)^2 = 1 in feedforward and looks_linear networks, at every x, width and depth: E (ds/dx)^2 = 1, and a
layer's weights are symmetric, so that in the mean a rectifier keeps half of the square of every slope.

*Ensembles* have inputs of one length; here each has its own, so values and slopes are computed together, as rows of shape
(2, points, units), the second the derivative of the first (forward differentiation).
Reference: balduzzi2017, figure 1.  Assumptions: Gaussian weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from numerics.ensembles.layers import EPSILON
from numerics.evidence.kept import measured

if TYPE_CHECKING:
    from numpy.random import Generator

END = 2.0  # of the grid, on either side of 0
DIGITS = 5  # of a covariance: sampling leaves it no more

Floats = NDArray[np.float64]
Process = Callable[..., Floats]  # grid, stream and shape to a function and its slope on the grid, (2, points)


def grid(points: int) -> Floats:
    """Equidistant inputs from -END to END."""
    return np.linspace(-END, END, points)


# --- networks ------------------------------------------------------------------------------------------


def feedforward(inputs: Floats, stream: Generator, width: int, depth: int) -> Floats:
    """``depth`` rectifier layers."""
    rows = _first(inputs, stream, width)
    for _ in range(depth - 1):
        rows = _affine(_rectified(rows), stream, width, 2)
    return _affine(_rectified(rows), stream, 1, 2)[..., 0]


def normalized(inputs: Floats, stream: Generator, width: int, depth: int) -> Floats:
    """``depth`` rectifier layers behind batch normalisation."""
    rows = _first(inputs, stream, width)
    for _ in range(depth - 1):
        rows = _affine(_rectified(_normalized(rows)), stream, width, 2)
    return _affine(_rectified(_normalized(rows)), stream, 1, 2)[..., 0]


def residual(inputs: Floats, stream: Generator, width: int, depth: int, beta: float) -> Floats:
    """``depth - 1`` modules with batch normalisation."""
    rows = _first(inputs, stream, width)
    for _ in range(depth - 1):
        rows = rows + beta * _affine(_rectified(_normalized(rows)), stream, width, 2)
    return _affine(rows, stream, 1, 1)[..., 0]


def looks_linear(inputs: Floats, stream: Generator, width: int, depth: int) -> Floats:
    """``depth`` mirrored layers of concatenated rectifiers."""
    rows = _first(inputs, stream, width)
    for layer in range(depth):
        weights = _weights(stream, width, width if layer < depth - 1 else 1, 1)
        rows = _rectified(rows) @ weights - _rectified(rows, -1) @ weights
    return rows[..., 0]


def _first(inputs: Floats, stream: Generator, width: int) -> Floats:
    """v x + b and its slope v."""
    rows = np.stack([np.stack([inputs, np.ones_like(inputs)], 1), np.tile([1.0, 0.0], (len(inputs), 1))])
    return _affine(rows, stream, width, 2)


def _affine(rows: Floats, stream: Generator, width: int, gain: float) -> Floats:
    product: Floats = rows @ _weights(stream, rows.shape[-1], width, gain)
    return product


def _weights(stream: Generator, fan_in: int, fan_out: int, gain: float) -> Floats:
    return math.sqrt(gain / fan_in) * stream.standard_normal((fan_in, fan_out))


def _rectified(rows: Floats, sign: int = 1) -> Floats:
    """max(s, 0), or max(-s, 0) for the sign -1."""
    rectified: Floats = sign * rows * (sign * rows[0] > 0)
    return rectified


def _normalized(rows: Floats) -> Floats:
    """Each unit less its mean, over its deviation."""
    mean, deviation = _statistics(rows[0])
    return np.stack([rows[0] - mean, rows[1]]) / deviation


def _statistics(values: Floats) -> tuple[Floats, Floats]:
    """Mean and deviation of each unit along the grid, constants of a slope."""
    return values.mean(0), np.sqrt(values.var(0) + EPSILON)


# --- noise ---------------------------------------------------------------------------------------------


def brown(inputs: Floats, stream: Generator) -> Floats:
    """Brownian motion at t = 1/M, 2/M, ..., 1, as a slope over M inputs."""
    return _with_integral(inputs, stream.standard_normal(len(inputs)).cumsum() / math.sqrt(len(inputs)))


def white(inputs: Floats, stream: Generator) -> Floats:
    """Independent slopes of variance 1."""
    return _with_integral(inputs, stream.standard_normal(len(inputs)))


def _with_integral(inputs: Floats, slopes: Floats) -> Floats:
    return np.stack([slopes.cumsum() * (inputs[1] - inputs[0]), slopes])


# --- what is measured ----------------------------------------------------------------------------------


@measured
def slope(process: Process, shape: tuple[float, ...], points: int, number: int) -> NDArray[np.float64]:
    """df/dx on the grid in network ``number``."""
    return _drawn(process, shape, points, number)


@measured
def covariance(process: Process, shape: tuple[float, ...], points: int, networks: int) -> NDArray[np.float64]:
    """The mean of df/dx(x) df/dx(y), x <= y, over networks 0, 1, ...: the upper triangle row by row; that of df/dx is 0."""
    first, second = np.triu_indices(points)
    total = np.zeros(len(first))
    for number in range(networks):
        slopes = _drawn(process, shape, points, number)
        total += slopes[first] * slopes[second]
    return np.array([float(f"{value:.{DIGITS}g}") for value in total / networks])


def _drawn(process: Process, shape: tuple[float, ...], points: int, number: int) -> Floats:
    from numerics.sampling.streams import numpy_generator

    stream = numpy_generator(f"scalar inputs, {process.__name__}, {shape}", number)
    slopes: Floats = process(grid(points), stream, *shape)[1]
    return slopes
