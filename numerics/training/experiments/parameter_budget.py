"""A fixed number of parameters, spent on width or on depth: which depth has the lowest training error?

Setting.  Rectifier networks of D hidden layers with the random walk's gain (``random_walk``), as wide as the budget allows:
N is the largest width with n_0 N + (D - 1) N^2 + C N weights within it, so N falls like D^(-1/2). Plain gradient descent, a
few rates; at each depth the rate with the lowest median loss over its networks counts: that of a typical network, since one
that diverges would rule out a rate by any mean.

Predictions.  The gain keeps the mean of ln |dC/ds^1|^2/|dC/ds^D|^2 near 0 at every depth, but its variance
(``random_walk.walk_variance``) grows like D/N, under a budget like D^(3/2): ever fewer walks end in the window of ``reach``.
So the training loss must rise with the depth where the chance falls.

What decides: S-14 (great depth does not lower the training error), that the greatest depth's errors lie above those of a
smaller one, and below none. S-13 (least at depth 16, almost the same at 32) is the same run with
one's own copy of TIMIT, data "timit": MNIST cannot decide it.
Reference: sussillo2014, the experiments; its budget and rates are not known to us.  Assumptions: MNIST in [-1, 1].
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

from numerics.ensembles import Weights
from numerics.evidence.kept import measured
from numerics.training.experiments.chances import counted
from numerics.training.experiments.comparison import Row, order
from numerics.training.experiments.courses import Course
from numerics.training.experiments.random_walk import STARTED, chances_to_start, gain, network, walk
from numerics.training.experiments.ranks import trend


@dataclass(frozen=True)
class Config:
    """parameters: at most so many weights.  watched: training examples on which losses and errors are measured."""

    parameters: int
    depths: tuple[int, ...]
    data: str
    features: int
    classes: int
    examples: int
    watched: int
    steps: int
    every: int
    batch: int
    rates: tuple[float, ...]
    final_rate: float
    networks: int
    device: str = "cpu"


SIZES = {
    "s": Config(20_000, (2, 8, 32), "shapeset", 1024, 9, 400, 200, 40, 20, 32, (0.003, 0.01), 0.3, 3),
    "m": Config(
        60_000, (2, 4, 8, 16, 32, 64, 128, 256), "mnist", 784, 10, 50_000, 2000, 1200, 400, 32, (0.001, 0.003, 0.01), 0.1, 11
    ),
    "full": Config(
        1_000_000, (2, 4, 8, 16, 32, 64, 128, 256, 512, 1000), "mnist", 784, 10, 50_000, 50_000, 50_000, 5000, 100,
        (1e-4, 1e-3, 1e-2), 0.01, 10, "cuda",
    ),
}  # fmt: skip


def width(config: Config, depth: int) -> int:
    """The largest one within the budget; raises ValueError where there is none."""
    ends = config.features + config.classes
    square = depth - 1
    found = int(
        (math.sqrt(ends**2 + 4 * square * config.parameters) - ends) / (2 * square)
        if square
        else config.parameters / ends
    )
    if found < 1:
        raise ValueError(f"{config.parameters} weights are too few for {depth} layers; allow more.")
    return found


# --- predicted -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Depth:
    """mean, deviation: of the gradient's walk.  chances: that it ends in the window, for each rate."""

    depth: int
    width: int
    mean: float
    deviation: float
    chances: tuple[float, ...]


@dataclass(frozen=True)
class Predictions:
    """One for each depth."""

    depths: tuple[Depth, ...]


def predictions(config: Config) -> Predictions:
    """Where the walks end at each depth, and which of them a rate can use."""
    return Predictions(tuple(_predicted(config, depth) for depth in config.depths))


def _predicted(config: Config, depth: int) -> Depth:
    wide = width(config, depth)
    mean, deviation = walk(wide, depth, gain("random walk", wide))
    return Depth(depth, wide, mean, deviation, chances_to_start(config, wide, depth, mean, deviation))


# --- observed --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trained:
    """One network."""

    rate: float
    course: Course


@dataclass(frozen=True)
class Spent:
    """The networks of one depth."""

    depth: int
    width: int
    networks: tuple[Trained, ...]

    @property
    def best(self) -> tuple[Trained, ...]:
        """Those of the rate with the lowest median loss; of rates at which most diverge, of the smallest."""
        rates = sorted({each.rate for each in self.networks})
        fleets = [tuple(each for each in self.networks if each.rate == rate) for rate in rates]
        return min(fleets, key=lambda fleet: median(each.course.losses[-1] for each in fleet))


@dataclass(frozen=True)
class Observations:
    """data: exactly which."""

    config: Config
    data: str
    depths: tuple[Spent, ...]


@measured
def observe(config: Config) -> Observations:
    """Train the networks of every depth; each depth is kept by itself."""
    from numerics.training.experiments.pictures import examples

    described = examples(config.data, "train", config.examples)[3]
    return Observations(config, described, tuple(spent(config, depth) for depth in config.depths))


@measured
def spent(config: Config, depth: int) -> Spent:
    """Train the networks of one depth, of all rates, in one fleet."""
    from numerics.training.experiments.courses import courses
    from numerics.training.experiments.pictures import examples
    from numerics.training.fleet import Ship
    from numerics.training.loop import Plan

    inputs, labels, _, described = examples(config.data, "train", config.examples)
    wide = width(config, depth)
    weights = Weights("normal", gain("random walk", wide) ** 2, "fan_in")
    law = network(wide, depth, config.features, config.classes, weights)
    each = [(rate, seed) for rate in config.rates for seed in range(config.networks)]
    ships = [Ship(law, f"parameter budget, {depth} deep, rate {rate:g}, network {seed}") for rate, seed in each]
    plan = Plan(config.steps, tuple(rate for rate, _ in each), config.every, final_rate=config.final_rate)
    watched = inputs[: config.watched], labels[: config.watched]
    name = f"parameter budget, {depth} deep, {config}, {described}"
    found = courses(name, ships, plan, config.batch, (inputs, labels), watched, config.device)
    return Spent(depth, wide, tuple(Trained(rate, course) for (rate, _), course in zip(each, found, strict=True)))


# --- compared --------------------------------------------------------------------------------------------------


def compare(predicted: Predictions, observed: Observations) -> tuple[Row, ...]:
    """Who started, and how the errors go with the depth."""
    rows = [
        row
        for depth, seen in zip(predicted.depths, observed.depths, strict=True)
        for row in _starts(depth, seen, observed)
    ]
    return (*rows, *_errors(observed))


def _starts(predicted: Depth, seen: Spent, observed: Observations) -> list[Row]:
    config = observed.config
    level = STARTED * math.log(config.classes)
    rows = []
    for rate, chance in zip(config.rates, predicted.chances, strict=True):
        started = [each.course.losses[-1] <= level for each in seen.networks if each.rate == rate]
        rows.append(
            counted(
                "",
                f"{seen.depth} layers of {seen.width}, rate {rate:g}: networks that start",
                [chance] * len(started),
                started,
            )
        )
    return rows


def _errors(observed: Observations) -> list[Row]:
    """All depths together, and the greatest against each other one."""
    errors = {each.depth: [net.course.errors[-1] for net in each.best] for each in observed.depths}
    points = [(depth, error) for depth, several in errors.items() for error in several]
    deepest = max(errors)
    return [
        trend("S-14", "training error rises with the depth", *zip(*points, strict=True)),
        *(
            order("S-14", f"training error: {deepest} layers above {depth}", errors[deepest], errors[depth])
            for depth in errors
            if depth != deepest
        ),
    ]
