"""Table 1 of glorot2010: test errors of deep nets of five kinds, on Shapeset-3x2 and MNIST.

*Setting.* Softsign, tanh, each also with the normalised initialisation (N), and sigmoid (``glorot_networks``): ``depth``
hidden layers, plain SGD, minibatches of 10. On each data set, and for each kind: ``tuning`` networks a rate are trained, and
the rate is that of the least mean validation error (Shapeset's fixed part "valid"); then ``networks`` others, of their own
seeds, are trained at that rate, and the error of each on the part "test" is kept. So no error compared below had a part in
a choice. Shapeset's training images are endless, and all networks of a data set see the same minibatches.

What decides G-20, in each data set: the four neighbours of the printed order differ as printed (sign test over pairs of
networks of one seed number, exact, at ALPHA: of 11 pairs all must agree, of 31 pairs 25), tanh N lowest on Shapeset, then
softsign N, softsign, tanh, sigmoid; and on Shapeset whether sigmoid is at the level of a constant guess. There its error
is binomial with the best class's prior, and "at its level" is decided by the exact binomial bounds of each network's
count of wrong answers, at ALPHA over the networks of the row together: agrees where no network's bound excludes it, differs
where the bounds of most do. MNIST's order has near ties in print, so there only tanh against tanh N, and sigmoid last, are
asked. Errors printed come from width 1000 and many more steps; a row on them would compare different experiments, so there
is none.

*Prediction.* Equal gradients train together. For each kind the linear regime (``variance.activation``,
``variance.backpropagated``) says by what factor variance falls through the hidden layers, forwards and backwards; each is
multiplied by the slope at 0 squared, 1 but for sigmoid's 1/16 (``variance.jacobian_factor`` at vanishing variance). The
kind whose gradient comes down larger is predicted to have the lower error where these differ; among equals, which is the
case of tanh and softsign, the theorems are silent, and the order is the paper's alone.

Reference: glorot2010, section 4.3. Assumptions: the linear regime, that it speaks of training; neither is proved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch

from numerics.evaluate import function
from numerics.evidence.kept import measured
from numerics.training.data.shapeset import class_prior
from numerics.training.experiments.comparison import ALPHA, Row, Verdict, majority
from numerics.training.experiments.glorot_networks import NAMES, batches, examples, network, weight_variances, widths
from numerics.training.fleet import Fleet, Ship
from numerics.training.loop import Plan, Training, errors
from numerics.training.run import train

BATCH = 10
ORDER = {  # from the least error, as printed; on MNIST without the near ties
    "shapeset": ("tanh N", "softsign N", "softsign", "tanh", "sigmoid"),
    "mnist": ("tanh N", "tanh", "sigmoid"),
}
VANISHING = 1e-9  # a pre-activation's variance at which E f'(s)^2 is f'(0)^2 to 1e-8, for softsign to 1e-4


@dataclass(frozen=True)
class Config:
    """steps: for each data set.  tuning: networks a rate, apart from the ``networks`` that are tested.  seen: of a part."""

    width: int
    depth: int
    data: tuple[str, ...]
    steps: int
    rates: tuple[float, ...]
    tuning: int
    networks: int
    seen: int
    device: str = "cpu"


RATES = (0.01, 0.03, 0.1, 0.3)
SIZES = {
    "s": Config(12, 5, ("shapeset",), 40, (0.03, 0.1), 1, 11, 500),
    "m": Config(50, 5, ("shapeset", "mnist"), 12_000, RATES, 1, 31, 10_000),
    "full": Config(1000, 5, ("shapeset", "mnist"), 500_000, RATES, 3, 11, 10_000, "cuda"),
}


# --- what the theorems say -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Flow:
    """Of a kind on a data set, in the linear regime: the factors of variance through the hidden layers, up and down."""

    data: str
    name: str
    forward: float
    backward: float


@dataclass(frozen=True)
class Predictions:
    """flows: of all kinds and data sets.  constant: the error of the best constant guess on Shapeset."""

    flows: tuple[Flow, ...]
    constant: float

    def better(self, data: str, one: str, other: str) -> bool | None:
        """Whether the first kind's gradients come down larger; None where they are equal."""
        down = {flow.name: flow.backward for flow in self.flows if flow.data == data}
        return None if math.isclose(down[one], down[other]) else down[one] > down[other]


def predictions(config: Config) -> Predictions:
    """For every kind and data set."""
    flows = tuple(_flow(name, kind, config) for name in config.data for kind in NAMES)
    return Predictions(flows, 1 - float(max(class_prior().values())))


def _flow(data: str, name: str, config: Config) -> Flow:
    sizes = widths(data, config.width, config.depth)
    given = {"widths": sizes, "weight_variances": weight_variances(name, sizes)}
    slope = function("variance.jacobian_factor")(activation=name.split()[0], preactivation_variance=VANISHING)
    forward = function("variance.activation")(**given, input_variance=1, layer=config.depth)
    backward = function("variance.backpropagated")(**given, output_gradient_variance=1, layer=0)
    return Flow(data, name, float(forward * slope**config.depth), float(backward * slope**config.depth))


# --- what is observed ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """wrong: wrong answers among ``tested`` of each network.  tuned: (rate, mean validation error) of each rate tried."""

    data: str
    name: str
    rate: float
    wrong: tuple[int, ...]
    tested: int
    tuned: tuple[tuple[float, float], ...]
    described: str


@dataclass(frozen=True)
class Observations:
    """A result of each kind on each data set."""

    config: Config
    results: tuple[Result, ...]

    def wrong(self, data: str, name: str) -> tuple[int, ...]:
        """Wrong answers of each network."""
        return next(each.wrong for each in self.results if (each.data, each.name) == (data, name))


@measured
def observe(config: Config) -> Observations:
    """Tune and test all; each fleet is kept by itself, so an interrupted run goes on."""
    return Observations(config, tuple(_result(data, name, config) for data in config.data for name in NAMES))


def _result(data: str, name: str, config: Config) -> Result:
    tried = tuple(rate for rate in config.rates for _ in range(config.tuning))
    wrong, tested, _ = trained(data, name, tried, "tuning", "valid", config)
    size = config.tuning
    means = tuple(sum(wrong[at * size : (at + 1) * size]) / (size * tested) for at in range(len(config.rates)))
    rate = min(zip(means, config.rates, strict=True))[1]
    wrong, tested, described = trained(data, name, (rate,) * config.networks, "tested", "test", config)
    return Result(data, name, rate, wrong, tested, tuple(zip(config.rates, means, strict=True)), described)


@measured
def trained(
    data: str, name: str, rates: tuple[float, ...], purpose: str, part: str, config: Config
) -> tuple[tuple[int, ...], int, str]:
    """Wrong answers on a part of networks of these rates, of how many, and what the data are."""
    device = torch.device(config.device)
    law = network(name, widths(data, config.width, config.depth))
    fleet = Fleet([Ship(law, f"{purpose} {data} {name} {at}") for at in range(len(rates))], device)
    source, origin = batches(data, BATCH, purpose, device)
    inputs, labels, seen = examples(data, "test" if part == "test" else "valid", config.seen, device)
    plan = Plan(config.steps, rates, config.steps)
    label = f"glorot_table {data} {name} {purpose} {config}"
    training = train(Training(fleet, plan), source, lambda fleet, step: step, label)
    shares = torch.where(training.alive, errors(fleet, inputs, labels), 1.0)  # what diverged answers nothing
    wrong = tuple(round(share * len(labels)) for share in shares.tolist())
    return wrong, len(labels), f"trained on {origin}, tested on {seen}"


# --- predicted beside observed -------------------------------------------------------------------------


def compare(predicted: Predictions, observed: Observations) -> tuple[Row, ...]:
    """The printed order, and on Shapeset sigmoid against a constant guess; then the order that the theorems predict."""
    rows = []
    for data in observed.config.data:
        for lower, higher in pairwise(ORDER[data]):
            rows.append(
                _lower("G-20", f"{data}: {lower} has fewer errors than {higher}", data, lower, higher, observed)
            )
    if "shapeset" in observed.config.data:
        rows.append(constant(predicted.constant, observed))
    for data in observed.config.data:
        for better, worse in (("tanh N", "tanh"), ("softsign N", "softsign"), ("tanh", "sigmoid")):
            if not predicted.better(data, better, worse):
                better, worse = worse, better
            what = f"{data}: {better}, whose gradients come down larger, has fewer errors than {worse}"
            rows.append(_lower("", what, data, better, worse, observed))
    return tuple(rows)


def _lower(claims: str, what: str, data: str, lower: str, higher: str, observed: Observations) -> Row:
    """The sign test; equal counts of a pair say nothing and are left out."""
    pairs = zip(observed.wrong(data, lower), observed.wrong(data, higher), strict=True)
    told = [one < other for one, other in pairs if one != other]
    if not told:
        return Row(claims, what, "most", math.nan, math.nan, "undecided", "all pairs are ties")
    return majority(claims, what, told)


def constant(error: float, observed: Observations) -> Row:
    """Sigmoid on Shapeset at the level of a constant guess: the exact binomial bounds of its networks."""
    from scipy.stats import binomtest

    result = next(each for each in observed.results if (each.data, each.name) == ("shapeset", "sigmoid"))
    chances = [binomtest(wrong, result.tested, error).pvalue for wrong in result.wrong]
    outside = sum(chance < ALPHA / len(chances) for chance in chances)
    verdict: Verdict = "agrees" if not outside else "differs" if 2 * outside > len(chances) else "undecided"
    mean = sum(result.wrong) / (len(result.wrong) * result.tested)
    spread = math.sqrt(error * (1 - error) / result.tested)  # all networks have one test set: more do not narrow it
    rule = f"exact binomial bounds at {ALPHA:g} over all"
    return Row("G-20", "shapeset: sigmoid is at a constant guess", f"{error:.4f}", mean, spread, verdict, rule)
