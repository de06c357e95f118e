"""Do networks that look linear at first train at depths where other ones without skips do not?

Setting.  Classification of pictures by dense networks of one width with Adam, of five architectures:

    he            L rectifier layers, normal weights of variance 2/fan-in
    orthogonal    looks linear: L layers of concatenated rectifiers, mirrored orthogonal weights
    normal        the same with mirrored normal weights
    residual      an affine layer and L - 1 modules x + W max(BN(x), 0), He's variance
    linear        L linear layers, orthogonal weights: a linear model, however deep

A looks-linear network has 1/sqrt(2) of the width, for the same number of parameters (balduzzi2017).  Of a few rates the
one with the least mean error on the validation part is taken, and its error on the test part is reported.  Batch
statistics are those of the minibatch, in tests those of 2000 inputs at a time.

Predictions, by the paper's explanation: a network starts to train if the gradients of a minibatch of k examples agree
more than they shatter. k gradients of correlation R add up to k + k(k - 1)R times the square of one, so the common part
outweighs the rest if (k - 1)R >= 1. R is that of ``shattering.relu_gradient_correlation`` for orthogonal inputs, the
least that inputs of positive correlation have, for He's networks; of ``shattering.normalized_resnet_correlation``; and 1
for those that are linear. Beside it, the mean and the deviation of ln |gradient|^2 over L layers
(``random_walk.walk_mean``), by which gradients drift apart; Adam takes no notice of their size within float32's range.

What decides B-20, at each depth: whether every network of an architecture learns (its test error lies below that of
guessing by more than chance allows, by Hoeffding's inequality at rate ALPHA; the shallowest of its kind must all learn,
or the training is too short to tell), beside the prediction; whether at the greatest depth looks-linear networks are
better than He's, and those no better than the linear ones (Welch's tests). MNIST stands for CIFAR-10 and dense layers for
convolutions, so that a figure of the paper (40 %) has nothing to be compared with. Reference: balduzzi2017, section
4.  Assumptions: biases start at 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from numerics.ensembles import Activation, Affine, BatchNorm, Inputs, Network, Residual, Weights, dense
from numerics.ensembles import looks_linear as looks_linear_network
from numerics.evaluate import function
from numerics.evidence.kept import measured
from numerics.training.experiments.comparison import ALPHA, Row, Verdict, mean_order

if TYPE_CHECKING:
    from numerics.training.data import Part

ARCHITECTURES = ("he", "orthogonal", "normal", "residual", "linear")
MIRRORED = ("orthogonal", "normal")
HE, ISOMETRY, LECUN = Weights("normal", 2, "fan_in"), Weights("orthogonal", 1, "fan_in"), Weights("normal", 1, "fan_in")


@dataclass(frozen=True)
class Config:
    """steps: of Adam, with minibatches of ``batch``.  rates: tried.  valid, test: how many inputs of these parts."""

    depths: tuple[int, ...]
    width: int
    data: str
    examples: int
    valid: int
    test: int
    steps: int
    batch: int
    rates: tuple[float, ...]
    networks: int
    device: str = "cpu"


SIZES = {
    "s": Config((2, 20), 16, "shapeset", 400, 200, 400, 30, 32, (0.003,), 3),
    "m": Config((10, 50, 200), 48, "mnist", 50_000, 1000, 10_000, 300, 64, (0.0003, 0.001, 0.003), 3),
    "full": Config(
        (10, 50, 100, 198), 128, "mnist", 50_000, 10_000, 10_000, 20_000, 128, (1e-4, 3e-4, 1e-3, 3e-3), 10, "cuda"
    ),
}


@dataclass(frozen=True)
class Start:
    """One architecture and depth.  log_mean, log_deviation: of ln |gradient|^2 over all layers, NaN without a theorem."""

    architecture: str
    depth: int
    correlation: float
    trains: bool
    log_mean: float
    log_deviation: float


Predictions = tuple[Start, ...]
Runs = Mapping[tuple[str, int], tuple[float, ...]]  # test errors by architecture and depth


def predictions(config: Config) -> Predictions:
    """What the theorems say of every architecture and depth."""
    return tuple(_start(config, kind, depth) for kind in ARCHITECTURES for depth in config.depths)


def _start(config: Config, kind: str, depth: int) -> Start:
    correlation, drift = 1.0, (0.0, 0.0)  # isometries: shattering.looks_linear_gradient, .looks_linear_isometry
    if kind == "he":
        correlation = float(function("shattering.relu_gradient_correlation")(depth=depth, correlation=0))
        drift = _walk(config.width, depth, math.sqrt(2), "relu")
    elif kind == "residual":
        correlation = float(function("shattering.normalized_resnet_correlation")(depth=depth, beta=1))
        drift = (math.nan, math.nan)
    elif kind == "normal":
        drift = _walk(_narrow(config.width), depth, 1.0, "linear")
    return Start(kind, depth, correlation, (config.batch - 1) * correlation >= 1, *drift)


def _walk(width: int, depth: int, gain: float, activation: str) -> tuple[float, float]:
    at = {"N": width, "depth": depth, "gain": gain, "activation": activation}
    mean, variance = (float(function(f"random_walk.walk_{what}")(**at)) for what in ("mean", "variance"))
    return mean, math.sqrt(variance)


@dataclass(frozen=True)
class Trained:
    """Networks of one architecture and depth at the best rate: the share of wrong answers of each on the test part."""

    architecture: str
    depth: int
    rate: float
    errors: tuple[float, ...]


@dataclass(frozen=True)
class Observations:
    """data: exactly which.  guessing: the test error of always naming the most frequent class."""

    config: Config
    data: str
    guessing: float
    runs: tuple[Trained, ...]


@measured
def observe(config: Config) -> Observations:
    """Train all networks; each architecture and depth is kept by itself."""
    from numerics.training.experiments.pictures import examples

    runs = tuple(trained(config, kind, depth) for kind in ARCHITECTURES for depth in config.depths)
    train, (_, labels, _, test) = (examples(config.data, part, n) for part, n in _parts(config)[::2])
    guessing = 1 - int(labels.bincount().max()) / len(labels)
    return Observations(config, f"{train[3]}; {test}", guessing, runs)


@measured
def trained(config: Config, kind: str, depth: int) -> Trained:
    """The networks of one architecture and depth, at all rates, in one fleet."""
    from functools import partial

    from numerics.sampling import devices, streams
    from numerics.training.experiments.pictures import examples
    from numerics.training.fleet import Fleet, Ship
    from numerics.training.loop import Plan, Training, errors, minibatches
    from numerics.training.run import train

    place = devices.resolve(config.device)
    (inputs, labels, _, described), valid, test = (examples(config.data, part, n) for part, n in _parts(config))
    law = network(kind, depth, config.width, inputs.shape[1], int(labels.max()) + 1)
    seeds = [f"looks linear, network {number}" for number in range(config.networks)]
    fleet = Fleet([Ship(law, seed) for _ in config.rates for seed in seeds], place)
    rates = tuple(rate for rate in config.rates for _ in seeds)
    training = Training(fleet, Plan(config.steps, rates, config.steps, "adam"))
    rows, answers = inputs.to(place), labels.to(place)
    batches = minibatches(rows, answers, config.batch, "looks linear", partial(streams.generator, place))
    with devices.full_precision():
        train(training, batches, lambda each, step: None, f"looks linear, {kind}, {depth}, {config}, {described}")
        tried = len(config.rates)
        wrong = [errors(fleet, part[0].to(place), part[1].to(place)).view(tried, -1) for part in (valid, test)]
    chosen = int(wrong[0].mean(1).argmin())
    return Trained(kind, depth, config.rates[chosen], tuple(wrong[1][chosen].double().tolist()))


def _parts(config: Config) -> tuple[tuple[Part, int], ...]:
    return (("train", config.examples), ("valid", config.valid), ("test", config.test))


def network(kind: str, depth: int, width: int, features: int, classes: int) -> Network:
    """An architecture of the module's docstring."""
    inputs = Inputs((features,), 2)
    if kind in MIRRORED:
        widths = (features, *(_narrow(width),) * depth, classes)
        return looks_linear_network(widths, ISOMETRY if kind == "orthogonal" else LECUN, inputs=inputs)
    if kind == "residual":
        module = Residual((BatchNorm(), Activation("relu"), Affine(width, HE)))
        return Network(inputs, (Affine(width, HE), *(module,) * (depth - 1), Affine(classes, LECUN)))
    weights, activation = (HE, "relu") if kind == "he" else (ISOMETRY, "linear")
    return dense((features, *(width,) * depth, classes), weights, activation, last_activation=False, inputs=inputs)


def _narrow(width: int) -> int:
    """The width of as many parameters where concatenation doubles what a layer meets."""
    return max(round(width / math.sqrt(2)), 1)


def compare(predicted: Predictions, observed: Observations) -> tuple[Row, ...]:
    """B-20."""
    runs = {(run.architecture, run.depth): run.errors for run in observed.runs}
    deepest = observed.config.depths[-1]
    he, linear, residual = (runs[kind, deepest] for kind in ("he", "linear", "residual"))
    at = f"{observed.data}: test error at {deepest} layers"
    orders = [mean_order("B-20", f"{at}: he above looks linear, {kind}", he, runs[kind, deepest]) for kind in MIRRORED]
    others = (
        mean_order("B-20", f"{at}: he above linear", he, linear),
        mean_order("B-20", f"{at}: residual above looks linear, orthogonal", residual, runs["orthogonal", deepest]),
    )
    return (*(_learns(start, observed, runs) for start in predicted), *orders, *others)


def _learning(run: Sequence[float], observed: Observations) -> int:
    """How many networks learn; one that guesses passes for one that learns with chance ALPHA."""
    margin = math.sqrt(math.log(1 / ALPHA) / (2 * observed.config.test))
    return sum(error < observed.guessing - margin for error in run)


def _learns(start: Start, observed: Observations, runs: Runs) -> Row:
    """Whether all networks learn, or none, as predicted; not decided where the shallowest of their kind do not all learn."""
    errors, control = runs[start.architecture, start.depth], runs[start.architecture, observed.config.depths[0]]
    learn = _learning(errors, observed)
    mixed = 0 < learn < len(errors) or _learning(control, observed) < len(control)
    verdict: Verdict = "undecided" if mixed else "agrees" if (learn > 0) == start.trains else "differs"
    what = f"{observed.data}: {start.architecture}, {start.depth} layers: share of networks that learn"
    share = learn / len(errors)
    spread = math.sqrt(share * (1 - share) / len(errors))
    return Row("B-20", what, "1" if start.trains else "0", share, spread, verdict, f"Hoeffding at {ALPHA:g} a network")
