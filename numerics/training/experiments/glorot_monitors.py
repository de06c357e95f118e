"""What goes through the layers of deep nets, at initialisation and while they train (glorot2010, sections 3 and 4).

Nets of the names of Table 1 (``glorot_networks``) with ``depth`` hidden layers of one width learn Shapeset-3x2 by plain SGD,
and a fixed set of examples is sent through them. Layers count from 1, the lowest hidden one; the test is each row's own.

What decides the claims
    G-17  the mean singular value of the layers' Jacobians dz^{i+1}/dz^i, i = 1.., at ``jacobian_width``: its confidence
          interval lies within the printed digit, 0.8 and 0.5 up to 0.05, or outside. The theorems' number is beside it.
    G-21  sigmoid: within the first tenth of the run the top layer's mean comes below SATURATED and below all others
          (sign test over networks); of those once below, with one layer less most end above SATURATED, at full depth
          below (sign tests; that the former have not left yet decides nothing).
    G-22  tanh: layers' 98th percentiles pass KNEE in order, the first before the last (sign test over the networks in which
          any passes, so undecided where none does); at the end the largest percentile of tanh lies above that of softsign,
          and tanh's percentiles lie further apart (rank tests).
    G-23  the back-propagated gradient's size at layer 1 over that at the top: below 1 under eq. 1 and below that under
          eq. 16 (sign and rank tests); "not with normalised": the ratio under eq. 16 is 1 (Student's test). Weight
          gradients: the same ratio is 1 for both (Student's test).
    G-24  the spread of the layers' weight gradients, the standard deviation over layers of the logarithm of their size:
          under eq. 1 larger at the end than at first (sign test), and at the end larger than under eq. 16 (rank test).
    G-25  shares of plateaus (``glorot_plateaus``): those of the quadratic cost are larger (sign test), by both measures.

Predictions: the linear regime (``variance.activation``, ``.backpropagated``, ``.weight_gradient``); beside it, for tanh,
width to infinity (poole2016): pre-activations of one example are normal, their variance follows from |x|^2/n by the mean of
tanh^2, gradients by ``variance.jacobian_factor``. A Jacobian's mean singular value is taken to be the matrix's own
(``variance.mean_singular_value``) times the root of that factor, as though all slopes were equal: an approximation.
Assumptions: those of the theorems; examples are treated apart, weight gradients as though independent between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from numerics.evidence.kept import measured
from numerics.training import monitors
from numerics.training.experiments import glorot_rules as rules
from numerics.training.experiments.comparison import Row, majority, near, order
from numerics.training.experiments.glorot_networks import batches, examples, network, widths
from numerics.training.experiments.glorot_plateaus import Plateaus, plateaus
from numerics.training.experiments.glorot_theory import Expected, expected, singular_value
from numerics.training.fleet import Fleet, Ship
from numerics.training.loop import Plan, Training, losses
from numerics.training.monitors import Rows
from numerics.training.run import train

DATA, BATCH = "shapeset", 10
ODD, JACOBIANS = ("tanh", "tanh N", "softsign", "softsign N"), ("tanh", "tanh N")
LOOKED_AT = ("means", "deviations", "percentiles", "back", "weights", "costs")  # of a course, in the order of a look
PRINTED = {"tanh N": 0.8, "tanh": 0.5}  # G-17


@dataclass(frozen=True)
class Config:
    """networks: of each name.  every: steps between two looks.  rate, sigmoid_rate: learning rates."""

    width: int
    depth: int
    networks: int
    examples: int
    steps: int
    every: int
    rate: float
    sigmoid_rate: float
    jacobian_width: int
    points: int
    device: str = "cpu"


SIZES = {
    "s": Config(16, 5, 12, 60, 40, 2, 0.1, 1.0, 40, 15),
    "m": Config(60, 5, 12, 300, 4000, 50, 0.1, 1.0, 400, 61),
    "full": Config(1000, 5, 12, 300, 100_000, 500, 0.1, 1.0, 1000, 61, "cuda"),
}


# --- what the theorems say -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Predictions:
    """What each odd activation's nets have at initialisation, and the mean singular values of tanh's Jacobians."""

    layers: tuple[Expected, ...]
    singular: tuple[tuple[str, float], ...]


def predictions(config: Config) -> Predictions:
    """By the theorems, for the lengths of the examples at hand."""
    inputs = examples(DATA, "valid", config.examples)[0]
    lengths = tuple(inputs.double().square().mean(1).tolist())
    sizes, wide = (widths(DATA, width, config.depth) for width in (config.width, config.jacobian_width))
    singular = tuple((name, singular_value(expected(name, wide, lengths[:1]), name, wide)) for name in JACOBIANS)
    return Predictions(tuple(expected(name, sizes, lengths) for name in ODD), singular)


# --- what is observed ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Course:
    """Nets of a name while they train.  steps: of each look; the rest by look, network and (hidden or weight) layer."""

    name: str
    depth: int
    steps: tuple[int, ...]
    means: tuple[Rows, ...]
    deviations: tuple[Rows, ...]
    percentiles: tuple[Rows, ...]
    back: tuple[Rows, ...]
    weights: tuple[Rows, ...]
    costs: tuple[tuple[float, ...], ...]
    data: str


@dataclass(frozen=True)
class Observations:
    """singular: for each name the mean singular values by network and layer, of the lowest hidden layer's Jacobian first."""

    config: Config
    courses: tuple[Course, ...]
    singular: tuple[tuple[str, Rows], ...]
    plateaus: tuple[Plateaus, ...]

    def of(self, name: str, depth: int) -> Course:
        """The course of a name and depth."""
        return next(each for each in self.courses if (each.name, each.depth) == (name, depth))


@measured
def observe(config: Config) -> Observations:
    """Draw and train all; each course is kept by itself, so an interrupted run goes on."""
    nets = [*((name, config.depth) for name in ODD), ("sigmoid", config.depth - 1), ("sigmoid", config.depth)]
    courses = tuple(course(name, depth, config) for name, depth in nets)
    singular = tuple((name, singular_values(name, config)) for name in JACOBIANS)
    surfaces = tuple(plateaus(f"network {at}", config.points) for at in range(config.networks))
    return Observations(config, courses, singular, surfaces)


@measured
def course(name: str, depth: int, config: Config) -> Course:
    """Train the nets of a name side by side."""
    device = torch.device(config.device)
    inputs, labels, seen = examples(DATA, "valid", config.examples, device)
    law = network(name, widths(DATA, config.width, depth))
    ships = [Ship(law, f"monitored {name} {depth} {at}") for at in range(config.networks)]
    rate = config.sigmoid_rate if name == "sigmoid" else config.rate
    plan = Plan(config.steps, (rate,) * config.networks, config.every)
    source, origin = batches(DATA, BATCH, "monitors", device)

    def look(fleet: Fleet, step: int) -> list[Rows | list[float]]:
        measures = (monitors.means, monitors.deviations, monitors.percentiles)
        with torch.no_grad():
            costs = losses(fleet, inputs, labels).tolist()
        return [
            *(measure(fleet, inputs) for measure in measures),
            *monitors.gradient_deviations(fleet, inputs, labels),
            costs,
        ]

    trained = train(Training(Fleet(ships, device), plan), source, look, f"glorot_monitors {name} {depth} {config}")
    steps, found = zip(*trained.history, strict=True)
    columns: dict[str, Any] = dict(zip(LOOKED_AT, map(_frozen, zip(*found, strict=True)), strict=True))
    return Course(name=name, depth=depth, steps=steps, data=f"trained on {origin}, monitored on {seen}", **columns)


def _frozen(value: object) -> object:
    """Lists from a checkpoint as tuples."""
    return tuple(map(_frozen, value)) if isinstance(value, (list, tuple)) else value


@measured
def singular_values(name: str, config: Config) -> Rows:
    """The mean singular values of the hidden layers' Jacobians in one example, before training."""
    inputs = examples(DATA, "valid", 1)[0]
    law = network(name, widths(DATA, config.jacobian_width, config.depth))
    fleets = (Fleet([Ship(law, f"Jacobians {at}")], inputs.device) for at in range(config.networks))
    return tuple(monitors.singular_values(fleet, inputs)[0][1:] for fleet in fleets)


# --- predicted beside observed -------------------------------------------------------------------------


def compare(predicted: Predictions, observed: Observations) -> tuple[Row, ...]:
    """All claims, in their order, after the layers at initialisation."""
    depth = observed.config.depth
    return (
        *(row for each in predicted.layers for row in _start(each, observed.of(each.name, depth))),
        *_jacobians(predicted, observed),
        *_sigmoid(observed.of("sigmoid", depth - 1), observed.of("sigmoid", depth)),
        *_saturation(observed.of("tanh", depth), observed.of("softsign", depth)),
        *_first_gradients(observed.of("tanh", depth), observed.of("tanh N", depth)),
        *_drift(observed.of("tanh", depth), observed.of("tanh N", depth)),
        *_costs(observed.plateaus),
    )


def _start(predicted: Expected, seen: Course) -> list[Row]:
    """The top layer's activations and the lowest layer's gradients at initialisation, by each theory."""
    tops = [row[-1] for row in seen.deviations[0]]
    lowest, weights = _back(seen.back[0]), _weights(seen.weights[0])
    rows = []
    for theory, sizes in (("linear regime", predicted.linear), ("width to infinity", predicted.wide)):
        if sizes is not None:
            said = f"{seen.name}, {theory}: "
            rows += [
                near("", f"{said}deviation of z^{seen.depth}", sizes.activations[-1], tops),
                near("", f"{said}dC/ds of layer 1 over that of the top", _back([sizes.back])[0], lowest),
                near(
                    "",
                    f"{said}dC/dW^1 over that of the top matrix between hidden layers",
                    _weights([sizes.weights])[0],
                    weights,
                ),
            ]
    return rows


def _back(rows: Sequence[Sequence[float]]) -> list[float]:
    """dC/ds^0, of the lowest hidden layer, over dC/ds^{d-1}, of the top one."""
    return [row[0] / row[-2] for row in rows]


def _weights(rows: Sequence[Sequence[float]]) -> list[float]:
    """dC/dW^1 over dC/dW^{d-1}: the first and the last matrix between hidden layers."""
    return [row[1] / row[-2] for row in rows]


def _jacobians(predicted: Predictions, observed: Observations) -> list[Row]:
    theory = dict(predicted.singular)
    rows = []
    for name, values in observed.singular:
        means = [sum(row) / len(row) for row in values]
        rows.append(near("", f"{name}: mean singular value, by the theorems", theory[name], means))
        rows.append(rules.within_digit("G-17", f"{name}: mean singular value, as printed", PRINTED[name], 0.05, means))
    return rows


def _sigmoid(shallow: Course, deep: Course) -> list[Row]:
    return [
        *(
            majority(
                "G-21", f"sigmoid, depth {each.depth}: the top layer saturates at once", rules.fresh_saturation(each)
            )
            for each in (shallow, deep)
        ),
        rules.left_saturation("G-21", f"sigmoid, depth {shallow.depth}: it leaves saturation", shallow),
        rules.stayed_saturated("G-21", f"sigmoid, depth {deep.depth}: it does not by the end", deep),
    ]


def _saturation(tanh: Course, softsign: Course) -> list[Row]:
    highest, apart = (
        [[measure(row) for row in each.percentiles[-1]] for each in (tanh, softsign)]
        for measure in (max, lambda row: max(row) - min(row))
    )
    return [
        *rules.crossed_in_order("G-22", "tanh: layers saturate in order, from the first", tanh),
        order("G-22", "largest percentile at the end, tanh and softsign", *highest),
        order("G-22", "layers' percentiles apart at the end, tanh and softsign", *apart),
    ]


def _first_gradients(standard: Course, normalised: Course) -> list[Row]:
    below, kept = _back(standard.back[0]), _back(normalised.back[0])
    return [
        majority("G-23", "tanh: dC/ds shrinks from the top to layer 1", [ratio < 1 for ratio in below]),
        order("G-23", "dC/ds of layer 1 over that of the top, tanh N and tanh", kept, below),
        near("G-23", "tanh N: dC/ds of layer 1 over that of the top", 1, kept),
        *(
            near(
                "G-23",
                f"{each.name}: dC/dW^1 over that of the top matrix between hidden layers",
                1,
                _weights(each.weights[0]),
            )
            for each in (standard, normalised)
        ),
    ]


def _drift(standard: Course, normalised: Course) -> list[Row]:
    first, last = ([rules.spread(row[1:-1]) for row in standard.weights[at]] for at in (0, -1))
    other = [rules.spread(row[1:-1]) for row in normalised.weights[-1]]
    grown = [after > before for before, after in zip(first, last, strict=True)]
    return [
        majority("G-24", "tanh: layers' dC/dW are further apart at the end than at first", grown),
        order("G-24", "layers' dC/dW apart at the end, tanh and tanh N", last, other),
    ]


def _costs(surfaces: Sequence[Plateaus]) -> list[Row]:
    what = "the quadratic cost has the larger plateaus"
    return [
        majority("G-25", f"{what}, by its mean slope", [p.quadratic > p.cross_entropy for p in surfaces]),
        majority("G-25", f"{what}, by one slope", [p.quadratic_raw > p.cross_entropy_raw for p in surfaces]),
    ]
