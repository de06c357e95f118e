"""Deep linear networks: does the time to learn grow with the depth, for orthogonal and for normal weights?

Setting.  Classification of pictures by D square linear layers between an affine first and an affine last layer, of gain
1, by gradient descent on the cross-entropy at a fixed rate.  Observed: the first measured step at which the loss on a
fixed part of the training set is at most the target, one more than all steps where it never was (a lower bound), for the
best of a few rates, which is chosen for each depth and law by the mean over networks.

Predictions.  An orthogonal layer keeps the norm of every vector (``shattering.looks_linear_isometry``), so that at every
depth ln |D x|^2/|x|^2 is 0 with certainty.  For normal weights it is a walk with the mean and the variance of
``random_walk.walk_mean`` and ``random_walk.walk_variance``.

What decides R-10: the slope of ln steps against ln depth, one for each network, is 0 for orthogonal weights (Student's
test, up to what the grid of rates resolves), and larger for normal ones (Welch's test).

Reference: saxe2014; R-10 is a reader's claim.  Assumptions: biases start at 0; MNIST stands for any data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from numerics.ensembles import Inputs, Network, Weights, dense
from numerics.evaluate import function
from numerics.evidence.kept import measured
from numerics.training.experiments.comparison import Row, mean_order, near

if TYPE_CHECKING:
    from torch import Tensor

DIVERGED = 1e300
LAWS = ("orthogonal", "normal")


@dataclass(frozen=True)
class Config:
    """depths: numbers D of square layers.  target: the loss to reach on ``held`` inputs; that of guessing is ln 10 = 2.3."""

    depths: tuple[int, ...]
    width: int
    data: str
    examples: int
    held: int
    target: float
    steps: int
    every: int
    batch: int
    rates: tuple[float, ...]
    networks: int
    device: str = "cpu"


SIZES = {
    "s": Config((2, 8), 16, "shapeset", 400, 200, 2.18, 60, 4, 32, (0.03, 0.1), 3),
    "m": Config((4, 16, 64), 48, "mnist", 50_000, 1000, 0.6, 1000, 4, 64, (0.0025, 0.005, 0.01, 0.02, 0.04), 5),
    "full": Config(
        (4, 16, 64, 256),
        200,
        "mnist",
        50_000,
        5000,
        0.5,
        3000,
        4,
        128,
        tuple(0.0005 * 2**n for n in range(8)),
        10,
        "cuda",
    ),
}


@dataclass(frozen=True)
class Walk:
    """ln |D x|^2/|x|^2 over the square layers: its mean and standard deviation over networks."""

    law: str
    depth: int
    mean: float
    deviation: float


@dataclass(frozen=True)
class Predictions:
    """The walks, and the slope of ln steps against ln depth for isometries."""

    walks: tuple[Walk, ...]
    slope: float


def predictions(config: Config) -> Predictions:
    """Isometries stay where they are; normal weights walk."""
    mean, variance = (function(f"random_walk.walk_{what}") for what in ("mean", "variance"))
    walks = [Walk("orthogonal", depth, 0.0, 0.0) for depth in config.depths]
    for depth in config.depths:
        at = {"N": config.width, "depth": depth, "gain": 1, "activation": "linear"}
        walks.append(Walk("normal", depth, float(mean(**at)), float(variance(**at)) ** 0.5))
    return Predictions(tuple(walks), 0.0)


@dataclass(frozen=True)
class Steps:
    """The steps to the target of each network, at the best rate; ``lost``: how many never came there."""

    law: str
    depth: int
    rate: float
    steps: tuple[int, ...]
    lost: int


@dataclass(frozen=True)
class Observations:
    """data: exactly which."""

    config: Config
    data: str
    runs: tuple[Steps, ...]


@measured
def observe(config: Config) -> Observations:
    """Train all networks; each law and depth is kept by itself."""
    from numerics.training.experiments.pictures import examples

    runs = tuple(trained(config, law, depth) for law in LAWS for depth in config.depths)
    return Observations(config, examples(config.data, "train", config.examples)[3], runs)


@measured
def trained(config: Config, law: str, depth: int) -> Steps:
    """The networks of one law and depth, at all rates, in one fleet."""
    from functools import partial

    from numerics.sampling import devices, streams
    from numerics.training.experiments.pictures import examples
    from numerics.training.fleet import Fleet, Ship
    from numerics.training.loop import Plan, Training, losses, minibatches
    from numerics.training.run import train

    place = devices.resolve(config.device)
    inputs, labels, _, described = examples(config.data, "train", config.examples)
    rows, answers = inputs.to(place), labels.to(place)
    name = f"deep linear, {law}, {depth}, {config}, {described}"
    linear = network(law, depth, config.width, inputs.shape[1], int(labels.max()) + 1)
    seeds = [f"deep linear, network {number}" for number in range(config.networks)]
    fleet = Fleet([Ship(linear, seed) for _ in config.rates for seed in seeds], place)
    rates = tuple(rate for rate in config.rates for _ in seeds)
    plan = Plan(config.steps, rates, config.every)
    held = rows[: config.held], answers[: config.held]
    batches = minibatches(rows, answers, config.batch, "deep linear", partial(streams.generator, place))
    with devices.full_precision():
        with_losses = train(Training(fleet, plan), batches, lambda each, step: _losses(losses(each, *held)), name)
    history = np.array([found for _, found in with_losses.history])
    at = np.array([step for step, _ in with_losses.history])
    reached = history <= config.target
    first = np.where(reached.any(0), at[reached.argmax(0)], config.steps + 1).reshape(len(config.rates), -1)
    best = int(first.mean(1).argmin())
    steps = tuple(int(step) for step in first[best])
    return Steps(law, depth, config.rates[best], steps, sum(step > config.steps for step in steps))


def network(law: str, depth: int, width: int, features: int, classes: int) -> Network:
    """``depth`` square layers between the first and the last."""
    return dense((features, *(width,) * (depth + 1), classes), Weights(law, 1, "fan_in"), inputs=Inputs((features,)))


def _losses(found: Tensor) -> list[float]:
    """As JSON takes it: finite, far above any target where the training diverged."""
    finite: list[float] = found.detach().double().nan_to_num(nan=DIVERGED, posinf=DIVERGED).tolist()
    return finite


def slopes(observed: Observations, law: str) -> list[float]:
    """d ln steps/d ln depth by least squares, one for each network."""
    runs = [run for run in observed.runs if run.law == law]
    steps = np.log([np.maximum(run.steps, 1) for run in runs])
    found: list[float] = np.polyfit(np.log([run.depth for run in runs]), steps, 1)[0].tolist()
    return found


def resolution(config: Config) -> float:
    """What a slope may err by: gradient flow takes a time of 1/rate, a factor of one step of the grid."""
    step = max(above / below for below, above in pairwise(config.rates))
    return math.log(step) / math.log(config.depths[-1] / config.depths[0])


def compare(predicted: Predictions, observed: Observations) -> tuple[Row, ...]:
    """R-10."""
    orthogonal, normal = (slopes(observed, law) for law in LAWS)
    what, resolved = f"{observed.data}: slope of ln steps against ln depth", resolution(observed.config)
    alike = near("R-10", f"{what}, orthogonal weights", predicted.slope, orthogonal, resolved)
    return (
        replace(alike, predicted=f"{alike.predicted} up to {resolved:.2g}"),
        mean_order("R-10", f"{what}, normal above orthogonal weights", normal, orthogonal),
    )
