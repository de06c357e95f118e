"""Deep tanh networks: which gains train? (No theorem gives the walk's gain for tanh.)

Setting.  D tanh layers of width N, normal weights of variance g^2/fan-in, gains from below 1 to 1.5, an output layer of
Glorot's variance; plain gradient descent whose rate falls, a few first rates.

Predictions.  For width to infinity pre-activations of layer d are normal, of variance q_d, with

    q_(d+1) = g^2 m(q_d),     m(q) = E tanh(s)^2,    s normal of variance q,    q_1 = g^2 E x^2,

and a layer multiplies squared gradients by g^2 J(q), J(q) = E tanh'(s)^2, which is ``variance.jacobian_factor``. m follows
from it: tanh' = 1 - tanh^2, so by Price's theorem m' = J - 2 E tanh^2 tanh' = 3 J - 2 + 2 m, from m(0) = 0. A finite width
adds the fluctuation of a linear layer (``random_walk.linear_log_mean``, ``linear_log_variance``), which is an idealisation:
that of tanh' is left out. The network starts if ln Z ends inside the window of ``reach``, with k from the q_d of all layers.

What decides: S-08 (gains from 1.1 to 1.3 work), that networks of these gains start, and that their losses lie below those of
each other gain; S-09 (1.15 for tanh), that no gain's losses lie below those of 1.15.
Reference: sussillo2014; poole2016 for the limit.
Assumptions: width to infinity for the means; MNIST in [-1, 1]; biases start at 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from numerics.ensembles import Weights
from numerics.evaluate import function
from numerics.evidence.kept import measured
from numerics.training.experiments.chances import counted
from numerics.training.experiments.comparison import Row, near, order
from numerics.training.experiments.courses import Course
from numerics.training.experiments.random_walk import OUTPUT, STARTED, network
from numerics.training.experiments.reach import Descent
from numerics.training.experiments.shares import shares_of

Curve = Callable[[float], float]

WORKS = (1.1, 1.3)  # S-08
PRACTICE = 1.15  # S-09
KNOTS = 400  # of the spline that integrates J: its error is about the fourth power of the distance, 1e-9


@dataclass(frozen=True)
class Config:
    """gains: ``PRACTICE`` among them.  watched: training examples on which losses are measured."""

    width: int
    depth: int
    gains: tuple[float, ...]
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


GAINS = (0.9, 1.0, 1.05, 1.1, 1.15, 1.2, 1.3, 1.4, 1.5)
SIZES = {
    "s": Config(12, 12, (1.0, 1.15, 1.5), "shapeset", 1024, 9, 400, 200, 40, 20, 32, (0.01,), 0.3, 3),
    "m": Config(48, 100, GAINS, "mnist", 784, 10, 50_000, 1000, 2000, 500, 32, (0.001, 0.003), 0.1, 4),
    "full": Config(
        200, 300, GAINS, "mnist", 784, 10, 50_000, 10_000, 50_000, 5000, 100, (1e-4, 3e-4, 1e-3), 0.01, 10, "cuda"
    ),
}


# --- predicted -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Start:
    """mean, deviation: of ln |dC/ds^1|^2/|dC/ds^D|^2.  chances: that ln Z ends in the window, for each rate."""

    gain: float
    mean: float
    deviation: float
    chances: tuple[float, ...]


@dataclass(frozen=True)
class Predictions:
    """One for each gain."""

    starts: tuple[Start, ...]


def predictions(config: Config) -> Predictions:
    """Where the gradients' walks end, and which of them a rate can use."""
    largest = max(config.gains) ** 2
    return Predictions(tuple(_start(config, gain, *moments(largest)) for gain in config.gains))


def _start(config: Config, gain: float, square: Curve, slope: Curve) -> Start:
    cost = (1 - STARTED) * math.log(config.classes)
    shares = shares_of(config.data, config.examples, config.classes)
    steps, n = config.depth - 1, config.width
    bias, variance = (float(function(f"random_walk.linear_log_{what}")(N=n)) for what in ("mean", "variance"))
    deviation = math.sqrt(steps * variance)
    variances = [gain**2]
    for _ in range(steps):
        variances.append(gain**2 * square(variances[-1]))
    factors = [gain**2 * slope(q) for q in variances[:-1]]
    back = [n * OUTPUT.entry_variance(n, config.classes) * slope(variances[-1])]  # |d logit/ds^d|^2 from layer D down
    for factor in reversed(factors):
        back.append(back[-1] * factor)
    below = [config.features, *(n * square(q) for q in variances)]  # |z^0|^2..|z^D|^2
    kernel = sum(length * gradient for length, gradient in zip(below[:-1], reversed(back), strict=True)) + below[-1]
    windows = [
        Descent(rate, config.steps, config.classes, shares, config.final_rate).lowers(kernel, cost)
        for rate in config.rates
    ]
    mean = sum(map(math.log, factors)) + steps * bias
    return Start(gain, mean, deviation, tuple(window.chance(steps * bias, deviation) for window in windows))


def moments(largest: float) -> tuple[Curve, Curve]:
    """m and J as functions of the variance, from 0 to ``largest``."""
    from scipy.interpolate import CubicSpline

    at = np.linspace(0, largest, KNOTS)
    slopes = np.array([1.0, *function("variance.jacobian_factor")(activation="tanh", preactivation_variance=at[1:])])
    integral = CubicSpline(at, np.exp(-2 * at) * (3 * slopes - 2)).antiderivative()
    curve = CubicSpline(at, slopes)
    return (lambda q: float(np.exp(2 * q) * integral(q))), (lambda q: float(curve(q)))


# --- observed --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trained:
    """One network.  walk: ln |dC/ds^1|^2/|dC/ds^D|^2 for the first example, before training."""

    gain: float
    rate: float
    walk: float
    course: Course


@dataclass(frozen=True)
class Observations:
    """data: exactly which."""

    config: Config
    data: str
    networks: tuple[Trained, ...]


@measured
def observe(config: Config) -> Observations:
    """Train all networks in one fleet."""
    from numerics.sampling import devices
    from numerics.training.experiments.courses import courses
    from numerics.training.experiments.pictures import examples
    from numerics.training.experiments.walk import log_walks
    from numerics.training.fleet import Fleet, Ship
    from numerics.training.loop import Plan

    inputs, labels, _, described = examples(config.data, "train", config.examples)
    each = [(gain, rate, at) for gain in config.gains for rate in config.rates for at in range(config.networks)]
    ships = []
    for gain, rate, seed in each:
        weights = Weights("normal", gain**2, "fan_in")
        law = network(config.width, config.depth, config.features, config.classes, weights, "tanh")
        ships.append(Ship(law, f"tanh, gain {gain:g}, rate {rate:g}, network {seed}"))
    place = devices.resolve(config.device)
    walks = log_walks(Fleet(ships, place), inputs[0].to(place), "tanh", "tanh gain, gradient")
    plan = Plan(config.steps, tuple(rate for _, rate, _ in each), config.every, final_rate=config.final_rate)
    watched = inputs[: config.watched], labels[: config.watched]
    found = courses(
        f"tanh gain, {config}, {described}", ships, plan, config.batch, (inputs, labels), watched, config.device
    )
    trained = zip(each, walks, found, strict=True)
    return Observations(config, described, tuple(Trained(gain, rate, at, run) for (gain, rate, _), at, run in trained))


# --- compared --------------------------------------------------------------------------------------------------


def compare(predicted: Predictions, observed: Observations) -> tuple[Row, ...]:
    """The walks, who started, and which gains have the lower losses."""
    rows = []
    for start in predicted.starts:
        seen = [each for each in observed.networks if each.gain == start.gain]
        what = f"gain {start.gain:g}: ln of the gradient's squared norm"
        rows.append(near("", what, start.mean, [each.walk for each in seen]))
        rows += _starts(start, seen, observed.config)
    return (*rows, *_losses(observed))


def _starts(start: Start, seen: list[Trained], config: Config) -> list[Row]:
    level, rows = STARTED * math.log(config.classes), []
    for rate, chance in zip(config.rates, start.chances, strict=True):
        started = [each.course.losses[-1] <= level for each in seen if each.rate == rate]
        what = f"gain {start.gain:g}, rate {rate:g}: networks that start"
        rows.append(counted("S-08", what, [chance] * len(started), started))
    return rows


def _losses(observed: Observations) -> list[Row]:
    def last(low: float, high: float) -> list[float]:
        return [each.course.losses[-1] for each in observed.networks if low <= each.gain <= high]

    others = [gain for gain in observed.config.gains if not WORKS[0] <= gain <= WORKS[1]]
    rows = [
        order("S-08", f"training loss: gain {gain:g} above 1.1 to 1.3", last(gain, gain), last(*WORKS))
        for gain in others
    ]
    practice = last(PRACTICE, PRACTICE)
    for gain in observed.config.gains:
        if gain != PRACTICE:
            rows.append(order("S-09", f"training loss: gain {gain:g} above {PRACTICE:g}", last(gain, gain), practice))
    return rows
