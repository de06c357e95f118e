"""The first steps of training, and the widths: is it the sum of the reciprocal widths that decides when a network starts?

Setting.  Rectifier networks of He's initialisation whose hidden layers are 10, 15 or 20 wide, or 30 and 10 in half of the
layers each: in turn, the wide ones first, the narrow ones first. All families are built to the same sums of reciprocal
widths, so at one sum they have different depths, and at one depth different sums. Plain gradient descent at one rate.
Observed: the first measured step with at least ``GOAL`` of the test inputs right; infinite if there is none.

Predictions.  He's variance keeps the mean length (``failure_modes.mean_length``), so all fail only by fluctuation:
``failure_modes.second_moment`` of the last length over its squared mean, and the mean over layers' variance
``failure_modes.layer_variance``, are exponential in the sum. A typical network's ln M_d/M_0 is normal with
``failure_modes.log_length_mean`` and ``log_length_variance``; none of its layers may be dead, and it must end inside the
window of ``reach``. So steps rise with the sum, at one depth too, and at one sum the families do not differ.

What decides: H-11. Steps rise with the sum at one depth (Kendall); at one sum the families do not differ (collapse), with
the share of the variance of ranks that one curve over the sum explains. Which initialisations start: ``start_laws``.
Reference: hanin2018start, with batches of 1024 and at most 100 epochs (size full).
Assumptions: MNIST in [-1, 1]; biases start at 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numerics.ensembles import Inputs, Network, Weights, dense
from numerics.evaluate import function
from numerics.evidence.kept import measured
from numerics.training.experiments.chances import counted
from numerics.training.experiments.comparison import Row
from numerics.training.experiments.ranks import collapse, explained, trend, trend_within
from numerics.training.experiments.reach import Descent, kernel
from numerics.training.experiments.shares import below_rectifiers, shares_of

GOAL = 0.2  # the share of right answers (hanin2018start); guessing has 0.1
HE = Weights("normal", 2, "fan_in")

Widths = tuple[int, ...]
FAMILIES: dict[str, tuple[int, Callable[[int], Widths]]] = {  # layers for a sum of 1, and the widths of that many
    "10": (10, lambda layers: (10,) * layers),
    "15": (15, lambda layers: (15,) * layers),
    "20": (20, lambda layers: (20,) * layers),
    "30 and 10 in turn": (15, lambda layers: (30, 10) * (layers // 2)),
    "30 first": (15, lambda layers: (30,) * (layers // 2) + (10,) * (layers // 2)),
    "10 first": (15, lambda layers: (10,) * (layers // 2) + (30,) * (layers // 2)),
}


@dataclass(frozen=True)
class Config:
    """sums: of reciprocal widths, multiples of 0.8: all families have whole and even depths there.  tested: test inputs."""

    sums: tuple[float, ...]
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
    "s": Config((0.8, 1.6), "shapeset", 1024, 9, 400, 200, 40, 10, 32, 0.01, 3),
    "m": Config((1.6, 3.2, 4.8, 6.4), "mnist", 784, 10, 50_000, 500, 1500, 20, 128, 0.01, 8),
    "full": Config(
        (0.8, 1.6, 2.4, 3.2, 4.0, 4.8, 5.6, 6.4), "mnist", 784, 10, 50_000, 10_000, 4883, 7, 1024, 0.01, 20, "cuda"
    ),
}  # fmt: skip


def hidden(family: str, total: float) -> Widths:
    """The widths of the family whose reciprocals have that sum; raises ValueError where there are none."""
    layers, widths = FAMILIES[family]
    depth = round(layers * total)
    found = widths(depth)
    if not math.isclose(sum(1 / width for width in found), total):
        raise ValueError(f"no widths of the family {family} have reciprocals of sum {total:g}; give multiples of 0.8.")
    return found


# --- predicted -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lengths:
    """moment: E M_d^2/M_0^2.  variance: E of that over layers.  mean, deviation: of ln M_d/M_0.  chance: to start."""

    family: str
    sum: float
    depth: int
    moment: float
    variance: float
    mean: float
    deviation: float
    chance: float


@dataclass(frozen=True)
class Predictions:
    """One for each family and sum."""

    lengths: tuple[Lengths, ...]


def predictions(config: Config) -> Predictions:
    """How lengths fluctuate."""
    return Predictions(tuple(_lengths(config, family, total) for family in FAMILIES for total in config.sums))


def _lengths(config: Config, family: str, total: float) -> Lengths:
    widths = hidden(family, total)
    whole = (config.features, *widths)

    def theorem(name: str) -> float:
        return float(function(f"failure_modes.{name}")(widths=list(whole)))

    mean, deviation = theorem("log_length_mean"), math.sqrt(theorem("log_length_variance"))
    inside = descent(config, len(widths)).ranks(*at_length_1(config, widths)).chance(mean, deviation)
    alive = 1 - theorem("dead_layer_probability")
    moment, variance = theorem("second_moment"), theorem("layer_variance")
    return Lengths(family, total, len(widths), moment, variance, mean, deviation, alive * inside)


def descent(config: Any, depth: int) -> Descent:
    """At a constant rate on the data that a config names, as so many rectifier layers leave them."""
    shares = below_rectifiers(shares_of(config.data, config.examples, config.classes), depth)
    return Descent(config.rate, config.steps, config.classes, shares)


def at_length_1(config: Any, widths: Widths) -> tuple[float, float]:
    """k and |f| for an output layer of He's variance, where lengths are kept (``reach``)."""
    variance = HE.entry_variance(widths[-1], config.classes)
    return kernel((config.features, *widths), variance), math.sqrt(widths[-1] * variance)


# --- observed --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Starts:
    """The step at which each network reached the goal."""

    family: str
    sum: float
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
    """Train all networks; each family and sum is kept by itself."""
    from numerics.training.experiments.pictures import examples

    described = [examples(config.data, "train", config.examples)[3], examples(config.data, "test", config.tested)[3]]
    found = tuple(starts(config, family, total) for family in FAMILIES for total in config.sums)
    return Observations(config, "; ".join(described), found)


@measured
def starts(config: Config, family: str, total: float) -> Starts:
    """Train the networks of one family and sum in one fleet."""
    widths = hidden(family, total)
    law = dense(
        (config.features, *widths, config.classes), HE, "relu", last_activation=False, inputs=Inputs((config.features,))
    )
    name = f"start, {family}, sum {total:g}"
    return Starts(family, total, len(widths), first_steps(config, name, [law] * config.networks, [config.rate]))


def first_steps(config: Any, name: str, laws: list[Network], rates: list[float]) -> tuple[float, ...]:
    """The step at which a network of each law reaches the goal, for each rate in turn, on the data that a config names."""
    from numerics.training.experiments.courses import courses
    from numerics.training.experiments.pictures import examples
    from numerics.training.fleet import Ship
    from numerics.training.loop import Plan

    inputs, labels, _, described = examples(config.data, "train", config.examples)
    test = examples(config.data, "test", config.tested)
    ships = [Ship(law, f"{name}, rate {rate:g}, network {at}") for rate in rates for at, law in enumerate(laws)]
    plan = Plan(config.steps, tuple(rate for rate in rates for _ in laws), config.every)
    run = f"{name}, {config}, {described}"
    found = courses(run, ships, plan, config.batch, (inputs, labels), test[:2], config.device)
    return tuple(course.first_below(1 - GOAL) for course in found)


# --- compared --------------------------------------------------------------------------------------------------


def compare(predicted: Predictions, observed: Observations) -> tuple[Row, ...]:
    """How steps go with the sum, whether families matter beside it, and who started."""
    each = [(start, step) for start in observed.starts for step in start.steps]
    steps, sums = [step for _, step in each], [start.sum for start, _ in each]
    depths, families = [float(start.depth) for start, _ in each], [start.family for start, _ in each]
    by_sum, by_depth = explained(steps, sums), explained(steps, depths)
    shares = "share of the ranks' variance that a curve over the sum explains"
    return (
        trend("H-11", "steps to start rise with the sum of reciprocal widths", sums, steps),
        trend_within("H-11", "at one depth, steps rise with the sum", sums, steps, depths),
        collapse("H-11", "at one sum, families start alike: share of one curve", families, steps, sums),
        Row(
            "H-11", shares, f"> {by_depth:.3f}", by_sum, math.nan, "undecided", "no rule: printed, that over the depth"
        ),
        *_starts(predicted, observed),
    )


def _starts(predicted: Predictions, observed: Observations) -> list[Row]:
    """All families of one sum together."""
    rows = []
    for total in observed.config.sums:
        chances, happened = [], []
        for length, start in zip(predicted.lengths, observed.starts, strict=True):
            if start.sum == total:
                chances += [length.chance] * len(start.steps)
                happened += [math.isfinite(step) for step in start.steps]
        rows.append(counted("H-11", f"sum of reciprocal widths {total:g}: networks that start", chances, happened))
    return rows
