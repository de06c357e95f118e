"""What gradients look like at initialisation, before any training: along a line, and over a batch of pictures.

*Along a line* (balduzzi2017, figure 1).  df/dx of networks of one real input (``numerics.experiments.scalar_inputs``) on
a grid over [-2, 2], and its autocorrelation

    r(k) = sum_i (g_i - m)(g_{i+k} - m) / sum_i (g_i - m)^2,   k = 1..lags,   m the mean of g.

A constant gradient, which no shift changes, has r = 1.  Each curve has a *position* between those of white and of brown
noise, the mean curves w and b of as many drawn: <r - w, b - w>/|b - w|^2, 0 for white and 1 for brown; above 1/2 the
curve is nearer to brown noise.  What decides B-13: networks of depth 2 are nearer to brown and of depth 24, without
skips, to white (sign test over networks), and the positions of 50 residual layers lie below the former and above the
latter (rank tests).

*Over pictures* (dense and convolutional networks, one output).  With D the (k, features) matrix of input gradients of k
pictures, the mean cosine of its rows, and its effective rank tr(D D^T)/|D|^2 over the mean of that of Gaussian matrices
of its size.  Gradients that went through a normalisation right above the inputs' affine layer sum to 0 over the pictures,
with a mean cosine near -1/(k - 1), which theorem 1 knows nothing of (``numerics.experiments.normalized``).  What decides
B-18: at each depth, whether that rank has grown since the first depth by more without skips than with them; agreement is
growth that is larger, difference growth that is smaller, so a claim that reverses at some depth does so in its own
row.  What decides B-19: the same rows hold for convolutional networks, without normalisation or on normal pixels
(``picture_gradients`` says why).  Pictures are centred, of equal length; MNIST stands for CIFAR-10.

*Units* of the dense networks: the share active for a picture, and for both of two.  What decides B-14: half are active
with and without normalisation; with it the second share is that of the theorem, without it it is larger in the last layer
than in the first.

Reference: balduzzi2017.  Assumptions: Gaussian weights, He's variance; batch statistics are constants of a slope along a
line and are differentiated over pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from numerics.evaluate import function
from numerics.evidence.kept import measured
from numerics.experiments import scalar_inputs
from numerics.experiments.scalar_inputs import Process, brown, feedforward, looks_linear, normalized, residual, white
from numerics.training.experiments.comparison import Row, majority, near, order
from numerics.training.experiments.picture_gradients import (
    BARE,
    BARE_KINDS,
    CONVOLUTIONAL,
    KINDS,
    LINES,
    PLAIN,
    SKIPS,
    Batch,
    Units,
    batch,
    units,
)

PROCESSES: dict[str, Process] = {"feed-forward": feedforward, "normalised": normalized, "looks linear": looks_linear}
NORMAL_PIXELS = "independent normal pixels"  # what ``pictures`` calls them
ROUNDING = 1e-9  # of a gradient's size: float64 sums along 50 layers of 200 units err by 50 * 200 * 2^-52 ~ 2e-12


@dataclass(frozen=True)
class Config:
    """depths, of which the first is shallow, ``deep`` the feed-forward and the last the residual networks of B-13."""

    depths: tuple[int, ...]
    deep: int
    width: int
    points: int
    networks: int
    data: tuple[str, ...]
    picture_depths: tuple[int, ...]
    picture_width: int
    channels: int
    batch: int
    lags: int = 15


SIZES = {
    "s": Config((2, 12, 16), 12, 32, 64, 12, ("shapeset",), (1, 6), 16, 2, 8),
    "m": Config((2, 4, 10, 24, 50), 24, 200, 256, 20, ("normal", "mnist"), (1, 4, 8, 24, 50), 64, 8, 16),
    "full": Config(
        (2, 4, 10, 24, 50), 24, 200, 256, 100, ("normal", "mnist", "cifar10"), (1, 4, 8, 24, 50), 200, 16, 64
    ),
}


# --- what the theorems say -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Predictions:
    """correlations: (kind, depth, the correlation of two typical datapoints' gradients).  coactive: behind normalisation."""

    correlations: tuple[tuple[str, int, float], ...]
    active: float
    coactive: float


def predictions(config: Config) -> Predictions:
    """Correlations by theorems 1 and 3 of balduzzi2017, and the share of pairs for which a normalised unit is active."""
    depths = sorted({*config.depths, *config.picture_depths})
    coactive = float(function("shattering.normalized_coactivation")(batch=config.batch))
    active = float(function("shattering.coactivation")(correlation=1))
    return Predictions(tuple((kind, L, _correlation(kind, L)) for kind in KINDS for L in depths), active, coactive)


def _correlation(kind: str, depth: int) -> float:
    if kind in SKIPS:
        return float(function("shattering.normalized_resnet_correlation")(depth=depth, beta=SKIPS[kind]))
    if kind == BARE:
        modules = function("shattering.resnet_correlation")
        return float(modules(depth=depth - 1, alpha=0.5**0.5, beta=1)) if depth > 1 else 1.0
    if kind in PLAIN:
        return float(function("shattering.feedforward_correlation")(depth=depth))
    return 1.0  # one gradient at all inputs: shattering.looks_linear_gradient


# --- what is observed ----------------------------------------------------------------------------------

Curves = tuple[tuple[float, ...], ...]  # r(1), ..., r(lags) of each network


@dataclass(frozen=True)
class Line:
    """Networks of one kind and depth, or noise (depth 0)."""

    kind: str
    depth: int
    curves: Curves


@dataclass(frozen=True)
class Observations:
    """All that was drawn."""

    config: Config
    lines: tuple[Line, ...]
    batches: tuple[Batch, ...]
    units: tuple[Units, ...]


@measured
def observe(config: Config) -> Observations:
    """Draw all networks; each part is kept by itself, so an interrupted run goes on."""
    at = (config.points, config.lags, config.networks)
    lines = [Line(noise.__name__, 0, autocorrelations(noise, (), *at)) for noise in (brown, white)]
    for kind in LINES:
        for depth in config.depths:
            shape = (config.width, depth, *((SKIPS[kind],) if kind in SKIPS else ()))
            lines.append(Line(kind, depth, autocorrelations(PROCESSES.get(kind, residual), shape, *at)))
    nets = {"dense": (KINDS, config.picture_width), "convolutional": (CONVOLUTIONAL, config.channels)}
    batches = [
        batch(data, which, kind, depth, width, config.batch, config.networks)
        for data in config.data
        for which, (kinds, width) in nets.items()
        for kind in kinds
        for depth in config.picture_depths
    ]
    last = (config.picture_depths[-1], config.picture_width, config.batch, config.networks)
    shares = [units(data, kind, *last) for data in config.data for kind in PLAIN]
    return Observations(config, tuple(lines), tuple(batches), tuple(shares))


@measured
def autocorrelations(process: Process, shape: tuple[float, ...], points: int, lags: int, networks: int) -> Curves:
    """r(1), ..., r(lags) of the gradients of networks 0, 1, ...."""
    return tuple(_curve(scalar_inputs.slope(process, shape, points, number), lags) for number in range(networks))


def _curve(slopes: NDArray[np.float64], lags: int) -> tuple[float, ...]:
    centred = slopes - slopes.mean()
    if np.abs(centred).max() <= ROUNDING * np.abs(slopes).max():
        return (1.0,) * lags
    total = np.dot(centred, centred)
    return tuple(float(np.dot(centred[:-lag], centred[lag:]) / total) for lag in range(1, lags + 1))


# --- predicted beside observed -------------------------------------------------------------------------


def compare(predicted: Predictions, observed: Observations) -> tuple[Row, ...]:
    """The rows that decide the claims, and the theorems' correlations beside those of real networks."""
    return (
        *_noise(observed),
        *_along(predicted, observed),
        *_grown(observed),
        *_cosines(predicted, observed),
        *_units(predicted, observed),
    )


def positions(observed: Observations) -> dict[tuple[str, int], list[float]]:
    """0 for white, 1 for brown noise, for each network of a kind and depth."""
    curves = {(line.kind, line.depth): np.array(line.curves) for line in observed.lines}
    low, high = (curves[noise, 0].mean(0) for noise in ("white", "brown"))
    gap = high - low
    return {at: ((found - low) @ gap / (gap @ gap)).tolist() for at, found in curves.items()}


def _noise(observed: Observations) -> list[Row]:
    """B-13."""
    at, config = positions(observed), observed.config
    shallow, deep, last = config.depths[0], config.deep, config.depths[-1]
    rows = []
    for kind in PLAIN:
        brownish, whitish = at[kind, shallow], at[kind, deep]
        rows.append(majority("B-13", f"{kind}, {shallow} layers: nearer to brown noise", [p > 0.5 for p in brownish]))
        rows.append(majority("B-13", f"{kind}, {deep} layers: nearer to white noise", [p < 0.5 for p in whitish]))
        for skip in SKIPS:
            rows.append(
                order("B-13", f"{kind}, {shallow} layers: browner than {skip}, {last}", brownish, at[skip, last])
            )
            rows.append(order("B-13", f"{skip}, {last} layers: browner than {kind}, {deep}", at[skip, last], whitish))
    return rows


def _along(predicted: Predictions, observed: Observations) -> list[Row]:
    """Positions in the order of the predicted correlations; normalised networks stand for theorem 1."""
    at, expected = positions(observed), {(kind, depth): value for kind, depth, value in predicted.correlations}
    rows = []
    for depth in observed.config.depths:
        ranked = sorted(("normalised", *SKIPS, "looks linear"), key=lambda kind: expected[kind, depth])
        for below, above in pairwise(ranked):
            what = f"along a line, {depth} layers: {above} browner than {below}"
            rows.append(order("", what, at[above, depth], at[below, depth]))
    return rows


def _grown(observed: Observations) -> list[Row]:
    """B-18, and B-19 for convolutional networks; growth of network j is between the j-th networks of two depths."""
    first = observed.config.picture_depths[0]
    ranks = {(b.data, b.nets, b.kind, b.depth): np.array(b.ranks) for b in observed.batches}
    rows = []
    for (data, nets, kind, depth), found in ranks.items():
        if kind not in PLAIN or depth == first:
            continue
        for skip in (*SKIPS, BARE):
            plain, skipped = (
                found - ranks[data, nets, kind, first],
                ranks[data, nets, skip, depth] - ranks[data, nets, skip, first],
            )
            what = f"{data}: {nets}, {first} to {depth} layers: rank grows more in {kind} than in {skip} networks"
            rows.append(order(_claims(data, nets, (kind, skip)), what, plain.tolist(), skipped.tolist()))
    return rows


def _cosines(predicted: Predictions, observed: Observations) -> list[Row]:
    """Correlations beside the theorems', and skips above none."""
    expected = {(kind, depth): value for kind, depth, value in predicted.correlations}
    found = {(b.data, b.nets, b.kind, b.depth): b.cosines for b in observed.batches}
    rows = []
    for (data, nets, kind, depth), cosines in found.items():
        if kind == "normalised" or (kind in (*SKIPS, BARE) and depth > 1):  # one residual layer has no module
            rows.append(
                near("", f"{data}: {nets}, {kind}, {depth} layers: correlation", expected[kind, depth], cosines)
            )
        if kind in (*SKIPS, BARE) and depth > 1:
            plain = "feed-forward" if kind == BARE else "normalised"
            what = f"{data}: {nets}, {depth} layers: correlation in {kind} above {plain} networks"
            rows.append(
                order(_claims(data, nets, (kind, plain), "B-12"), what, cosines, found[data, nets, plain, depth])
            )
    return rows


def _claims(data: str, nets: str, kinds: tuple[str, ...], dense: str = "B-18") -> str:
    """Pixels that are normalised one by one say nothing about convolutional networks where some hardly vary."""
    if nets == "dense":
        return dense
    return "B-19" if data == NORMAL_PIXELS or set(kinds) <= set(BARE_KINDS) else ""


def _units(predicted: Predictions, observed: Observations) -> list[Row]:
    """B-14."""
    rows = []
    for found in observed.units:
        what = f"{found.data}: {found.kind}"
        for layer, (shares, both) in enumerate(zip(_columns(found.active), _columns(found.coactive), strict=True)):
            place = ("first", "last")[layer]
            rows.append(near("B-14", f"{what}, {place} layer: active", predicted.active, shares))
            if found.kind == "normalised":
                rows.append(near("B-14", f"{what}, {place} layer: active for both", predicted.coactive, both))
        if found.kind == "feed-forward":
            first, last = _columns(found.coactive)
            rows.append(order("B-14", f"{what}: active for both, last layer above the first", last, first))
    return rows


def _columns(rows: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    return list(zip(*rows, strict=True))
