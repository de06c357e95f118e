"""The first steps of training of residual networks: scales 1 fail when deep, scales b^l do not.

Setting.  An affine layer, L modules z + eta_l V relu(U z) with few hidden units, an affine output; He's weights everywhere;
eta_l = b^l for b = 1, 0.9, 0.75 and 0.5. Plain gradient descent at a few rates. Observed: the first measured step with at
least 20 % of the test inputs right; infinite if there is none.

Predictions.  Module l multiplies the mean squared length by 1 + 2 eta_l^2 exactly (``failure_modes.resnet_mean_length``), in
all G, and its mean square by ``failure_modes.linear_module_second_moment``: bounded at every depth if b < 1, exponential in
L if b = 1. With independent factors ln Z is about normal, of variance v = ln E Z^2/(E Z)^2 and mean ln G - v/2. The window
is that of ``reach`` for the shares of the inputs, which the skips keep; with stream width n, h hidden units, and inputs of
|x|^2 about n_0 (z_0 then has the mean square 2), where lengths are kept

    k = 2 n_0 + 2 n + 4 (n + h) sum eta_l^2/(1 + 2 eta_l^2),     f^2 = 4 Z.

What decides: H-12, at the greatest depth: that no network of scales 1 starts at any rate, and that at its best rate most
of each b < 1 do; and that as many start as predicted.
Reference: hanin2018start, its modules have one hidden layer of width 5; the width of its stream is not known to us.
Assumptions: MNIST in [-1, 1]; biases start at 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from numerics.ensembles import Activation, Affine, Inputs, Network, Residual
from numerics.evaluate import function
from numerics.evidence.kept import measured
from numerics.training.experiments.chances import counted
from numerics.training.experiments.comparison import Row, majority
from numerics.training.experiments.reach import Descent
from numerics.training.experiments.shares import shares_of
from numerics.training.experiments.start import HE, first_steps

BASES = (1.0, 0.9, 0.75, 0.5)


@dataclass(frozen=True)
class Config:
    """width: of the stream.  hidden: units of a module.  depths: numbers L of modules.  tested: test inputs."""

    width: int
    hidden: int
    depths: tuple[int, ...]
    data: str
    features: int
    classes: int
    examples: int
    tested: int
    steps: int
    every: int
    batch: int
    rates: tuple[float, ...]
    networks: int
    device: str = "cpu"


SIZES = {
    "s": Config(6, 3, (4, 12), "shapeset", 1024, 9, 400, 200, 40, 10, 32, (0.01, 0.001), 3),
    "m": Config(10, 5, (10, 30, 60), "mnist", 784, 10, 50_000, 500, 500, 20, 128, (0.01, 0.001, 0.0001), 11),
    "full": Config(
        10, 5, (10, 30, 60, 100, 200), "mnist", 784, 10, 50_000, 10_000, 4883, 7, 1024, (0.01, 0.001, 0.0001), 20, "cuda"
    ),
}  # fmt: skip


def scales(base: float, depth: int) -> tuple[float, ...]:
    """eta_1..eta_L."""
    return tuple(base**module for module in range(1, depth + 1))


# --- predicted -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Growth:
    """growth: E Z, of squared lengths.  mean, deviation: of ln Z.  chances: to start, for each rate."""

    base: float
    depth: int
    growth: float
    mean: float
    deviation: float
    chances: tuple[float, ...]


@dataclass(frozen=True)
class Predictions:
    """One for each base and depth."""

    growths: tuple[Growth, ...]


def predictions(config: Config) -> Predictions:
    """How lengths grow over the modules."""
    return Predictions(tuple(_growth(config, base, depth) for base in BASES for depth in config.depths))


def _growth(config: Config, base: float, depth: int) -> Growth:
    n, h, eta = config.width, config.hidden, scales(base, depth)
    grown = float(function("failure_modes.resnet_mean_length")(scales=list(eta), module="linear"))
    squares = function("failure_modes.linear_module_second_moment")(scale=list(eta), width=n, hidden=h)
    variance = max(sum(map(math.log, squares)) - 2 * math.log(grown), 0.0)
    mean, deviation = math.log(grown) - variance / 2, math.sqrt(variance)
    shares = shares_of(config.data, config.examples, config.classes)
    descents = [Descent(rate, config.steps, config.classes, shares) for rate in config.rates]
    windows = [each.ranks(kernel(config.features, n, h, eta), 2.0) for each in descents]
    return Growth(base, depth, grown, mean, deviation, tuple(window.chance(mean, deviation) for window in windows))


def kernel(features: int, width: int, hidden: int, eta: tuple[float, ...]) -> float:
    """k of the module's docstring."""
    return 2 * features + 2 * width + 4 * (width + hidden) * sum(each**2 / (1 + 2 * each**2) for each in eta)


# --- observed --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Starts:
    """The step at which each network reached the goal, at one rate."""

    base: float
    depth: int
    rate: float
    steps: tuple[float, ...]

    @property
    def started(self) -> list[bool]:
        """Whether each network did."""
        return [math.isfinite(step) for step in self.steps]


@dataclass(frozen=True)
class Observations:
    """data: exactly which, for training and for testing."""

    config: Config
    data: str
    starts: tuple[Starts, ...]


@measured
def observe(config: Config) -> Observations:
    """Train all networks; each base and depth is kept by itself."""
    from numerics.training.experiments.pictures import examples

    described = [examples(config.data, "train", config.examples)[3], examples(config.data, "test", config.tested)[3]]
    found = tuple(start for base in BASES for depth in config.depths for start in starts(config, base, depth))
    return Observations(config, "; ".join(described), found)


@measured
def starts(config: Config, base: float, depth: int) -> tuple[Starts, ...]:
    """Train the networks of one base and depth, at all rates, in one fleet."""
    drawn, count = network(config, base, depth), config.networks
    steps = first_steps(config, f"residual start, base {base:g}, {depth} modules", [drawn] * count, list(config.rates))
    return tuple(
        Starts(base, depth, rate, steps[at * count : (at + 1) * count]) for at, rate in enumerate(config.rates)
    )


def network(config: Config, base: float, depth: int) -> Network:
    """The stream between the pixels and the logits."""
    body = Affine(config.hidden, HE), Activation("relu"), Affine(config.width, HE)
    modules = (Residual(body, 1.0, scale) for scale in scales(base, depth))
    return Network(Inputs((config.features,)), (Affine(config.width, HE), *modules, Affine(config.classes, HE)))


# --- compared --------------------------------------------------------------------------------------------------


def compare(predicted: Predictions, observed: Observations) -> tuple[Row, ...]:
    """Who started, by count, and at the greatest depth by the claim."""
    expected = {(each.base, each.depth): each.chances for each in predicted.growths}
    rates, rows = observed.config.rates, []
    for start in observed.starts:
        chance = [expected[start.base, start.depth][rates.index(start.rate)]] * len(start.steps)
        what = f"eta = {start.base:g}^l, {start.depth} modules, rate {start.rate:g}: networks that start"
        rows.append(counted("H-12", what, chance, start.started))
    return (*rows, *_deepest(observed))


def _deepest(observed: Observations) -> list[Row]:
    deepest, rows = max(observed.config.depths), []
    for base in BASES:
        several = [each.started for each in observed.starts if (each.base, each.depth) == (base, deepest)]
        if base == 1:
            fails = [not started for each in several for started in each]
            rows.append(
                majority("H-12", f"eta = 1, {deepest} modules: networks that do not start, at all rates", fails)
            )
        else:
            what = f"eta = {base:g}^l, {deepest} modules: networks that start, at the best rate"
            rows.append(majority("H-12", what, max(several, key=sum)))
    return rows
