"""Mean lengths in deep convolutional networks at initialisation: which laws of weights keep them, and what a figure shows.

Setting.  d rectified 3 x 3 convolutions of one picture, circular padding, as many features in each as the config says,
weights of the usual laws (``initialisations``), fans counted with the kernel; M_j is the mean square of layer j. Nothing is
trained.

Predictions.  With circular padding a convolution acts on the mean length as a dense layer whose fan-in is features times
kernel size (``failure_modes.circular_convolution``), so E[M_j | M_(j-1)] is M_(j-1) times ``failure_modes.length_factor``
with these fans, exactly and whatever the picture. So the mean over layers 2..d of M_j/M_(j-1) is on average that factor, and
E M_d/M_0 the product of all. An average of M_d itself says nothing: its tail is too heavy (E M_d^2 is exponential in
d/features); the product of the layers' mean ratios is an estimate of it that does.

What decides: H-09 (a figure: 10^36, 10^5, 10^-5.5, 10^-26 and 10^-37 after 100 layers of 10 features for 2x He, He,
truncated He, "Glorot uniform" and "Glorot normal"). Both of Glorot's names mean one variance, so the last two differ by more
than their names say; relative to He's they are what glorot_uniform and glorot_truncated give here.
Reference: hanin2018start, figure 1, of one colour picture; zero padding changes all laws alike.
Assumptions: independent symmetric weights, no biases; errors of the powers of ten to first order in 1/networks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from numerics.ensembles import Activation, Convolution, Inputs, Network
from numerics.evidence.kept import measured
from numerics.training.experiments.comparison import ALPHA, Row, near, reached

LAWS = ("double_he", "he_normal", "he_uniform", "he_truncated", "glorot_normal", "glorot_uniform", "glorot_truncated")
KERNEL = 3
TOGETHER = 20  # networks in one fleet: as many sets of all layers' values are held at once


@dataclass(frozen=True)
class Config:
    """features: of every layer.  data: whose first training example is the picture, of so many ``colours``."""

    features: int
    depth: int
    data: str
    colours: int
    networks: int


SIZES = {
    "s": Config(3, 8, "shapeset", 1, 20),
    "m": Config(10, 100, "mnist", 1, 500),
    "full": Config(10, 100, "cifar10", 3, 1000),
}


# --- predicted -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Factor:
    """factor: E M_j/E M_(j-1) for j > 1.  exponent: log10 of E M_d/M_0, the first layer's factor included."""

    law: str
    factor: float
    exponent: float


@dataclass(frozen=True)
class Predictions:
    """One for each law."""

    factors: tuple[Factor, ...]


def predictions(config: Config) -> Predictions:
    """What a layer does to the mean length, and all of them together."""
    from numerics.training.experiments.initialisations import length_factor

    taps, found = KERNEL**2, []
    for law in LAWS:
        first = length_factor(law, config.colours * taps, config.features * taps)
        factor = length_factor(law, config.features * taps, config.features * taps)
        found.append(Factor(law, factor, math.log10(first) + (config.depth - 1) * math.log10(factor)))
    return Predictions(tuple(found))


# --- observed --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lengths:
    """ratios: each network's mean of M_j/M_(j-1) over j > 1.  layers, errors: each layer's mean, and its error."""

    law: str
    ratios: tuple[float, ...]
    layers: tuple[float, ...]
    errors: tuple[float, ...]

    @property
    def exponent(self) -> tuple[float, float]:
        """log10 of the product of the layers' means, and its standard error."""
        means, errors = np.array(self.layers), np.array(self.errors)
        return float(np.log10(means).sum()), float(np.sqrt(((errors / means) ** 2).sum()) / math.log(10))


@dataclass(frozen=True)
class Observations:
    """data: exactly which."""

    config: Config
    data: str
    lengths: tuple[Lengths, ...]


@measured
def observe(config: Config) -> Observations:
    """Draw the networks of every law; each law is kept by itself."""
    from numerics.training.experiments.pictures import examples

    return Observations(config, examples(config.data, "train", 1)[3], tuple(lengths(config, law) for law in LAWS))


@measured
def lengths(config: Config, law: str) -> Lengths:
    """The lengths in networks of one law."""
    import torch

    from numerics.training import monitors
    from numerics.training.experiments.initialisations import LAWS as WEIGHTS
    from numerics.training.experiments.pictures import examples
    from numerics.training.fleet import Fleet, Ship

    pixels, _, shape, _ = examples(config.data, "train", 1)
    if shape[0] != config.colours:
        raise ValueError(f"pictures of {config.data} have {shape[0]} colours, not {config.colours}; say so in the config.")
    layer = Convolution(config.features, KERNEL, WEIGHTS[law]), Activation("relu")
    drawn = Network(Inputs(shape), layer * config.depth)
    found: list[tuple[float, ...]] = []
    for first in range(0, config.networks, TOGETHER):
        last = min(first + TOGETHER, config.networks)
        ships = [Ship(drawn, f"convolution lengths, {law}, network {at}") for at in range(first, last)]
        found += monitors.lengths(Fleet(ships, torch.device("cpu")), pixels.reshape(1, *shape))
    each = np.array(found)[:, ::2]  # the picture and the rectified layers
    alive = each[:, :-1] > 0  # what follows a dead layer says nothing of a layer's factor
    ratios = np.divide(each[:, 1:], each[:, :-1], out=np.full(alive.shape, np.nan), where=alive)
    errors = np.nanstd(ratios, axis=0, ddof=1) / np.sqrt(alive.sum(axis=0))
    means = np.nanmean(ratios[:, 1:], axis=1), np.nanmean(ratios, axis=0)
    return Lengths(law, *(tuple(map(float, row)) for row in (*means, errors)))


# --- compared --------------------------------------------------------------------------------------------------


def compare(predicted: Predictions, observed: Observations) -> tuple[Row, ...]:
    """The factor of a layer, and the powers of ten of all."""
    rows = []
    for expected, seen in zip(predicted.factors, observed.lengths, strict=True):
        rows.append(near("H-09", f"{seen.law}: mean ratio of lengths, a layer", expected.factor, seen.ratios))
        rows.append(_power(expected, seen, observed.config.depth))
    return tuple(rows)


def _power(expected: Factor, seen: Lengths, depth: int) -> Row:
    exponent, error = seen.exponent
    verdict = reached(expected.exponent, exponent, NormalDist().inv_cdf(1 - ALPHA / 2) * error)
    what = f"{seen.law}: log10 of the mean length after {depth} layers"
    return Row("H-09", what, f"{expected.exponent:.4g}", exponent, error, verdict, f"normal test at {ALPHA:g}")
