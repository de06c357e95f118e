"""Plain rectifier networks hundreds of layers deep: the random walk's gain trains where Glorot's variance does not.

Setting.  D rectifier layers of width N between the pixels and a softmax, no skips, no normalisation; normal weights of
variance g^2/fan-in with one gain g for all hidden layers,

    random walk   sqrt(2) exp(1.2/(max(N, 6) - 2.4)), as printed (``random_walk.relu_gain_fit``)
    He            sqrt(2)
    Glorot        1: variance 2/(fan-in + fan-out) of square layers

and an output layer of Glorot's variance. Plain gradient descent whose rate falls, a few first rates; each network is drawn
apart.

Predictions.  The log-norm of the gradient walks: ln |dC/ds^1|^2/|dC/ds^D|^2 has the mean ``random_walk.walk_mean`` and the
variance ``random_walk.walk_variance`` of D - 1 steps, normal for many layers; a network starts to learn, the loss on watched
training examples falling below ``STARTED`` of guessing's, only if that walk ends inside the window of ``reach``.

What decides: S-12, that networks with the walk's gain start at the paper's 1000 layers (size full), and their mistakes on
the training set; at any depth, that their losses lie below those with Glorot's variance. R-04 (gains above 1), that networks
of gain 1 do not start. S-09 for rectifiers, that losses lie below those of He's gain, where the width parts the two walks.
Reference: sussillo2014.  Assumptions: one fixed input for the walk; biases start at 0; MNIST in [-1, 1].
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from numerics.ensembles import Inputs, Network, Weights, dense
from numerics.evaluate import function
from numerics.evidence.kept import measured
from numerics.training.experiments.chances import counted, walked
from numerics.training.experiments.comparison import Row, order
from numerics.training.experiments.courses import Course
from numerics.training.experiments.reach import Descent, Window, kernel
from numerics.training.experiments.shares import below_rectifiers, shares_of

INITS = ("random walk", "He", "Glorot")
STARTED = 0.95  # of ln C: from there on the loss has left the plateau of guessing, on which class frequencies are 0.999
OUTPUT = Weights("normal", 1, "fan_average")


@dataclass(frozen=True)
class Config:
    """watched: training examples on which losses and mistakes are measured.  networks: for each gain and rate."""

    width: int
    depth: int
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
    "s": Config(16, 20, "shapeset", 1024, 9, 400, 200, 50, 25, 32, (0.003, 0.01), 0.3, 3),
    "m": Config(64, 200, "mnist", 784, 10, 50_000, 1000, 5000, 500, 32, (0.0005, 0.001), 0.3, 4),
    "full": Config(
        100, 1000, "mnist", 784, 10, 50_000, 50_000, 200_000, 5000, 100, (1e-4, 2e-4, 5e-4), 0.01, 10, "cuda"
    ),
}


def gain(init: str, width: int) -> float:
    """Of the hidden layers."""
    return {"random walk": math.sqrt(2) * math.exp(1.2 / (max(width, 6) - 2.4)), "He": math.sqrt(2), "Glorot": 1.0}[
        init
    ]


def network(width: int, depth: int, features: int, classes: int, weights: Weights, activation: str = "relu") -> Network:
    """Hidden layers of one law and one width, and the output layer."""
    widths = (features, *(width,) * depth, classes)
    laws = (*(weights,) * depth, OUTPUT)
    return dense(widths, laws, activation, last_activation=False, inputs=Inputs((features,)))


# --- predicted -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Start:
    """mean, deviation: of the gradient's walk.  chance: that it ends in the window of the rate."""

    init: str
    gain: float
    rate: float
    mean: float
    deviation: float
    chance: float


@dataclass(frozen=True)
class Predictions:
    """One for each gain and rate."""

    starts: tuple[Start, ...]


def predictions(config: Config) -> Predictions:
    """Where the walks end, and which of them a rate can use."""
    starts = []
    for init in INITS:
        g = gain(init, config.width)
        mean, deviation = walk(config.width, config.depth, g)
        chances = chances_to_start(config, config.width, config.depth, mean, deviation)
        rated = zip(config.rates, chances, strict=True)
        starts += [Start(init, g, rate, mean, deviation, chance) for rate, chance in rated]
    return Predictions(tuple(starts))


def chances_to_start(config: Any, width: int, depth: int, mean: float, deviation: float) -> tuple[float, ...]:
    """That a walk of this mean and deviation ends in the window, for each rate of a config."""
    return tuple(window.chance(mean, deviation) for window in windows_to_start(config, width, depth))


def windows_to_start(config: Any, width: int, depth: int) -> tuple[Window, ...]:
    """Where the walk has to end for a network to give up the cost that counts as a start, for each rate of a config."""
    shares = below_rectifiers(shares_of(config.data, config.examples, config.classes), depth)
    cost = (1 - STARTED) * math.log(config.classes)
    size = kernel((config.features, *(width,) * depth), OUTPUT.entry_variance(width, config.classes))
    descents = [Descent(rate, config.steps, config.classes, shares, config.final_rate) for rate in config.rates]
    return tuple(descent.lowers(size, cost) for descent in descents)


def walk(width: int, depth: int, gain: float) -> tuple[float, float]:
    """Mean and standard deviation of ln |dC/ds^1|^2/|dC/ds^D|^2."""
    at = {"N": width, "depth": depth - 1, "gain": gain, "activation": "relu"}
    mean, variance = (float(function(f"random_walk.walk_{what}")(**at)) for what in ("mean", "variance"))
    return mean, math.sqrt(variance)


# --- observed --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trained:
    """One network.  walk: of the gradient's log-norm for the first example, before training."""

    init: str
    rate: float
    walk: float
    course: Course

    def started(self, classes: int) -> bool:
        """Whether its last loss is below the plateau."""
        return self.course.losses[-1] <= STARTED * math.log(classes)


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
    each = [(init, rate, seed) for init in INITS for rate in config.rates for seed in range(config.networks)]
    ships = []
    for init, rate, seed in each:
        weights = Weights("normal", gain(init, config.width) ** 2, "fan_in")
        law = network(config.width, config.depth, config.features, config.classes, weights)
        ships.append(Ship(law, f"random walk, {init}, rate {rate:g}, network {seed}"))
    place = devices.resolve(config.device)
    walks = log_walks(Fleet(ships, place), inputs[0].to(place), "relu", "random walk, gradient")
    plan = Plan(config.steps, tuple(rate for _, rate, _ in each), config.every, final_rate=config.final_rate)
    watched = inputs[: config.watched], labels[: config.watched]
    name = f"random walk, {config}, {described}"
    found = courses(name, ships, plan, config.batch, (inputs, labels), watched, config.device)
    trained = zip(each, walks, found, strict=True)
    return Observations(config, described, tuple(Trained(init, rate, at, run) for (init, rate, _), at, run in trained))


# --- compared --------------------------------------------------------------------------------------------------


def compare(predicted: Predictions, observed: Observations) -> tuple[Row, ...]:
    """The walks, who started, and who has the lower loss."""
    return (*_walks(predicted, observed), *_starts(predicted, observed), *_losses(observed), _mistakes(observed))


def _walks(predicted: Predictions, observed: Observations) -> list[Row]:
    rows = []
    for init in INITS:
        start = next(each for each in predicted.starts if each.init == init)
        seen = [each.walk for each in observed.networks if each.init == init]
        rows.append(walked("", f"{init}: ln of the gradient's squared norm", start.mean, start.deviation, seen))
    return rows


def _starts(predicted: Predictions, observed: Observations) -> list[Row]:
    claims, classes = {"random walk": "S-12", "He": "S-09", "Glorot": "R-04"}, observed.config.classes
    rows = []
    for start in predicted.starts:
        seen = [each for each in observed.networks if (each.init, each.rate) == (start.init, start.rate)]
        what = f"{start.init}, rate {start.rate:g}: networks that start"
        rows.append(
            counted(claims[start.init], what, [start.chance] * len(seen), [each.started(classes) for each in seen])
        )
    return rows


def _losses(observed: Observations) -> list[Row]:
    walk, he, glorot = (_last(observed, init) for init in INITS)
    return [
        order("S-12", "training loss: Glorot above random walk", glorot, walk),
        order("S-09", "training loss: He above random walk", he, walk),
    ]


def _last(observed: Observations, init: str) -> list[float]:
    return [each.course.losses[-1] for each in observed.networks if each.init == init]


def _mistakes(observed: Observations) -> Row:
    """For reading: the paper's number is of its own depth and of the whole training set."""
    config = observed.config
    best = min(each.course.errors[-1] for each in observed.networks if each.init == "random walk") * config.watched
    what = f"random walk, {config.depth} layers: fewest mistakes on {config.watched} training examples"
    return Row(
        "S-12", what, "50 of 60,000", best, math.nan, "undecided", "no rule: the printed number is about one network"
    )
