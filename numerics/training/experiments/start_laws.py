"""The first steps of training, and the law of the weights: only what keeps the mean length starts when deep.

Setting.  Rectifier networks as wide as they are deep, whose weights, those of the output too, have one of the usual laws
(``initialisations``). Plain gradient descent at one rate. Observed: the first measured step with at least 20 % of the test
inputs right; infinite if there is none.

Predictions.  A layer multiplies the mean length by ``failure_modes.length_factor``, d layers by its power: only He's normal
and uniform weights have 1. A typical network's ln M_d/M_0 is normal, with ``failure_modes.log_length_mean`` and
``log_length_variance`` for He's normal weights, and d ln(factor) more; for other laws of weights than normal ones these are
limits of width to infinity. The network starts if that ends inside the window of ``reach``.

What decides: H-11 (training starts only where both failure modes are avoided), that as many networks of each law and depth
start as predicted, and that at the greatest depth those of factor 1 start earlier than the others.
Reference: hanin2018start; its widths and depths are 10 to 100 (size full).
Assumptions: MNIST in [-1, 1]; biases start at 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from numerics.ensembles import Inputs, dense
from numerics.evaluate import function
from numerics.evidence.kept import measured
from numerics.training.experiments.chances import counted
from numerics.training.experiments.comparison import Row, order
from numerics.training.experiments.start import at_length_1, descent, first_steps

LAWS = ("double_he", "he_normal", "he_uniform", "he_truncated", "glorot_normal", "glorot_uniform", "lecun_normal")


@dataclass(frozen=True)
class Config:
    """depths: of the hidden layers, which are as wide.  tested: test inputs."""

    depths: tuple[int, ...]
    data: str
    features: int
    classes: int
    examples: int
    tested: int
    steps: int
    every: int
    batch: int
    rate: float
    networks: int
    device: str = "cpu"


SIZES = {
    "s": Config((6, 12), "shapeset", 1024, 9, 400, 200, 40, 10, 32, 0.01, 3),
    "m": Config((10, 20, 40), "mnist", 784, 10, 50_000, 500, 1000, 20, 128, 0.01, 8),
    "full": Config((10, 20, 40, 70, 100), "mnist", 784, 10, 50_000, 10_000, 4883, 7, 1024, 0.01, 10, "cuda"),
}


# --- predicted -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lengths:
    """factor: of the mean length, a layer.  mean, deviation: of ln M_d/M_0.  chance: to start."""

    law: str
    depth: int
    factor: float
    mean: float
    deviation: float
    chance: float


@dataclass(frozen=True)
class Predictions:
    """One for each law and depth."""

    lengths: tuple[Lengths, ...]


def predictions(config: Config) -> Predictions:
    """Mean lengths, and how lengths fluctuate around them."""
    return Predictions(tuple(_lengths(config, law, depth) for law in LAWS for depth in config.depths))


def _lengths(config: Config, law: str, depth: int) -> Lengths:
    from numerics.training.experiments.initialisations import LAWS, length_factor

    widths = (depth,) * depth
    whole = [config.features, *widths]
    kept, variance = (
        float(function(f"failure_modes.log_length_{what}")(widths=whole)) for what in ("mean", "variance")
    )
    first, factor = length_factor(law, config.features, depth), length_factor(law, depth, depth)
    mean = kept + math.log(first) + (depth - 1) * math.log(factor)
    kernel, logit = at_length_1(config, widths)
    given = LAWS[law].entry_variance(depth, config.classes) * depth / 2  # of the output weights, over He's
    window = descent(config, depth).ranks(kernel * given, logit * math.sqrt(given))
    return Lengths(law, depth, factor, mean, math.sqrt(variance), window.chance(mean, math.sqrt(variance)))


# --- observed --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Starts:
    """The step at which each network reached the goal."""

    law: str
    depth: int
    steps: tuple[float, ...]


@dataclass(frozen=True)
class Observations:
    """data: exactly which, for training and for testing."""

    config: Config
    data: str
    starts: tuple[Starts, ...]


@measured
def observe(config: Config) -> Observations:
    """Train all networks; each depth is kept by itself."""
    from numerics.training.experiments.pictures import examples

    described = [examples(config.data, "train", config.examples)[3], examples(config.data, "test", config.tested)[3]]
    found = tuple(start for depth in config.depths for start in starts(config, depth))
    return Observations(config, "; ".join(described), found)


@measured
def starts(config: Config, depth: int) -> tuple[Starts, ...]:
    """Train the networks of all laws and one depth in one fleet."""
    from numerics.training.experiments.initialisations import LAWS as WEIGHTS

    widths, inputs = (config.features, *(depth,) * depth, config.classes), Inputs((config.features,))
    drawn = {law: dense(widths, WEIGHTS[law], "relu", last_activation=False, inputs=inputs) for law in LAWS}
    networks = [drawn[law] for law in LAWS for _ in range(config.networks)]
    steps = first_steps(config, f"start of laws, {depth} deep", networks, [config.rate])
    count = config.networks
    return tuple(Starts(law, depth, steps[at * count : (at + 1) * count]) for at, law in enumerate(LAWS))


# --- compared --------------------------------------------------------------------------------------------------


def compare(predicted: Predictions, observed: Observations) -> tuple[Row, ...]:
    """Who started, and whether those that keep the length are earlier at the greatest depth."""
    expected = {(each.law, each.depth): each for each in predicted.lengths}
    rows = []
    for start in observed.starts:
        chance = [expected[start.law, start.depth].chance] * len(start.steps)
        happened = [math.isfinite(step) for step in start.steps]
        rows.append(counted("H-11", f"{start.law}, {start.depth} deep: networks that start", chance, happened))
    return (*rows, _earlier(predicted, observed))


def _earlier(predicted: Predictions, observed: Observations) -> Row:
    deepest = max(observed.config.depths)
    keeps = {each.law for each in predicted.lengths if each.depth == deepest and math.isclose(each.factor, 1)}
    last = [each for each in observed.starts if each.depth == deepest]
    kept = [step for each in last if each.law in keeps for step in each.steps]
    lost = [step for each in last if each.law not in keeps for step in each.steps]
    return order(
        "H-11", f"{deepest} deep: steps where the mean length is lost above those where it is kept", lost, kept
    )
