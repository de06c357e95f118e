"""Gradients of one output in a batch of pictures, in dense and convolutional networks at initialisation.

With D the (k, features) matrix of input gradients of k pictures: the mean cosine of its rows, and its effective rank
tr(D D^T)/|D|^2 over the mean of that of Gaussian matrices of its size.  Beside them, of a dense network's units, the shares
that are active for a picture and for both of two.

Reference: balduzzi2017, section 2.  Assumptions: Gaussian weights; batch statistics are over the k pictures, and are
differentiated; pictures are centred and of equal length.  In a convolutional network every pixel of a channel is
normalised by itself, not the channel as in ioffe2015: where a pixel is the same in all pictures its variance is near 0 and
its gradient is magnified, up to 316 times by the constant added to the variance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from numerics.ensembles import Activation, Affine, BatchNorm, Convolution, Inputs, Network, Residual, Weights
from numerics.ensembles import looks_linear as looks_linear_network
from numerics.ensembles.layers import Layer
from numerics.evidence.kept import measured

if TYPE_CHECKING:
    from torch import Tensor

    from numerics.training.fleet import Fleet

HE, LECUN = Weights("normal", 2, "fan_in"), Weights("normal", 1, "fan_in")
SKIPS = {"residual, beta 0.1": 0.1, "residual, beta 1": 1.0}
PLAIN = ("feed-forward", "normalised")  # without skips
BARE = "residual, not normalised"  # of skip and scale sqrt(1/2), which keep lengths
LINES = (*PLAIN, *SKIPS, "looks linear")
KINDS = (*LINES, BARE)
CONVOLUTIONAL = (*PLAIN, *SKIPS, BARE)
BARE_KINDS = ("feed-forward", BARE)
TOGETHER = 4  # networks in one fleet: convolutions take memory


@dataclass(frozen=True)
class Batch:
    """Of each network: the mean cosine, and the effective rank over that of a Gaussian matrix; data: exactly which."""

    data: str
    nets: str
    kind: str
    depth: int
    cosines: tuple[float, ...]
    ranks: tuple[float, ...]


@dataclass(frozen=True)
class Units:
    """Of each network, in the first and in the last layer: the shares active for a picture and for both of two."""

    data: str
    kind: str
    active: tuple[tuple[float, ...], ...]
    coactive: tuple[tuple[float, ...], ...]


@measured
def batch(data: str, nets: str, kind: str, depth: int, width: int, count: int, networks: int) -> Batch:
    """The gradients of ``count`` pictures in each network."""
    from numerics.training import monitors

    cosines: list[float] = []
    ranks: list[float] = []
    inputs, described = _pictures(data, nets, count)
    law = network(nets, kind, depth, width, tuple(inputs.shape[1:]))
    for fleet in _fleets(law, f"gradient structure, {nets}, {kind}, {depth}, {width}", networks):
        cosines += monitors.gradient_correlation(fleet, inputs)
        ranks += monitors.effective_rank(fleet, inputs)
    gaussian = gaussian_rank(count, inputs[0].numel(), networks)
    return Batch(described, nets, kind, depth, tuple(cosines), tuple(rank / gaussian for rank in ranks))


@measured
def gaussian_rank(rows: int, columns: int, matrices: int) -> float:
    """The mean effective rank of Gaussian matrices."""
    from numerics.sampling.streams import numpy_generator

    drawn = numpy_generator("gaussian rank", rows, columns).standard_normal((matrices, rows, columns))
    squares = np.linalg.svd(drawn, compute_uv=False) ** 2
    return float((squares.sum(1) / squares[:, 0]).mean())


@measured
def units(data: str, kind: str, depth: int, width: int, count: int, networks: int) -> Units:
    """The shares of active units in dense networks."""
    inputs, described = _pictures(data, "dense", count)
    law = network("dense", kind, depth, width, tuple(inputs.shape[1:]))
    active: list[tuple[float, ...]] = []
    coactive: list[tuple[float, ...]] = []
    for fleet in _fleets(law, f"active units, {kind}, {depth}, {width}", networks):
        outputs = fleet.forward(inputs.unsqueeze(0))
        values = [z for layer, z in zip(law.layers, outputs, strict=True) if isinstance(layer, Activation)]
        counts = [(z > 0).double().sum(dim=1) for z in (values[0], values[-1])]  # pictures for each unit, (B, N)
        shares = [(n / count).mean(1).tolist() for n in counts]
        both = [(n * (n - 1) / (count * (count - 1))).mean(1).tolist() for n in counts]
        active += zip(*shares, strict=True)
        coactive += zip(*both, strict=True)
    return Units(described, kind, tuple(active), tuple(coactive))


def network(nets: str, kind: str, depth: int, width: int, shape: tuple[int, ...]) -> Network:
    """``depth`` rectifier layers and one output, or an affine layer, depth - 1 residual modules and one output."""
    if kind == "looks linear":
        return looks_linear_network((*shape, *(width,) * depth, 1), LECUN)
    linear: Layer = Affine(width, HE) if nets == "dense" else Convolution(width, 3, HE, "zero")
    rectified = (*(() if kind in BARE_KINDS else (BatchNorm(),)), Activation("relu"))
    if kind in (*SKIPS, BARE):
        skip, scale = (0.5**0.5, 0.5**0.5) if kind == BARE else (1.0, SKIPS[kind])
        modules = (Residual((*rectified, linear), skip, scale),) * (depth - 1)
        return Network(Inputs(shape, 2), (linear, *modules, Affine(1, LECUN)))
    return Network(Inputs(shape, 2), (linear, *(*rectified, linear) * (depth - 1), *rectified, Affine(1, HE)))


def _fleets(law: Network, seed: str, networks: int) -> Iterator[Fleet]:
    import torch

    from numerics.training.fleet import Fleet, Ship

    for start in range(0, networks, TOGETHER):
        numbers = range(start, min(start + TOGETHER, networks))
        yield Fleet([Ship(law, f"{seed}, network {number}") for number in numbers], torch.device("cpu"))


def _pictures(data: str, nets: str, count: int) -> tuple[Tensor, str]:
    from numerics.training.experiments.pictures import centred, examples

    inputs, _, shape, described = examples(data, "train", count)
    return centred(inputs).reshape(count, *(shape if nets == "convolutional" else (-1,))), described
