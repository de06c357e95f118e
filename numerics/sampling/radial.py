"""The radial sampler: the length of one signal, layer by layer, at a price that does not depend on the width.

Networks: affine layers without bias, normal or orthogonal weights, each followed by at most one activation with
phi(c s) = c phi(s) for c > 0; one input. With z^i the values before the matrix W^i, s^i = z^i W^i,
delta^i = dC/ds^i and d + 1 matrices, as in ``passes.Pass``, the exact laws of

    ln |z^i|^2/|z^0|^2, i = 0..d+1,    and, alone,    ln |delta^i|^2/|delta^d|^2, i = 0..d.

*Forward.* z^i depends on W^0..W^{i-1} alone, so ``ratios`` applies at each layer: a walk of independent steps. As
|crelu(s)| = |s|, crelu steps like the identity. A dead layer is an outcome: -inf from there on.

*Backward.* Here masks and weights meet again. Let e^i be independent vectors of fair signs and
U^i = diag(e^{i-1}) W^i diag(e^i), with e^{-1} = 1, and e^d = 1 if no activation follows: the U^i have the law of the
W^i (symmetric entries; Haar measure). In the network of the U^i

    s^i = (y^{i-1} W^i) e^i   with   y^i = z^{i+1} e^i,   c^i = sign s^i = e^i sign(y^{i-1} W^i),

so, from the first layer up, the c^i are fair coins independent of all W, because y^i is a function of c^0..c^i and
W^0..W^i. With D^i = diag(1 where c^i > 0, else a) the vectors g^i = e^i delta^i have the lengths of delta^i, and

    g^i = D^i W^{i+1} g^{i+1},   i < d:

masks are fair coins, and ``ratios`` applies downwards, the coins on the lower width n_i (hanin2018which; theorem
``random_walk.fair_coin_masks``). At the top, g^d is the output gradient, or D^d times e^d times it, independent of
W and c as its entries are symmetric; the ratios do not ask for more.

*Dead layers, backward.* If a = 0 and all c^i of a layer are negative, every s above it is 0, and so are the masks, as
relu'(0) = 0: all gradients vanish. Their lengths are -inf, but for the output gradient itself; where a rectifier
follows W^d, delta^d is 0 too and no relative length exists: NaN. Above a dead layer other activations would pass
gradients on, by a law of their own: networks that mix them with rectifiers are refused here.

*Backward through crelu.* The rows of W^{i+1} that active halves select have the law of independent rows, given what
selected them. With the signs of s^i taken into them they are matrices A^{i+1} with s^{i+1} = s^i A^{i+1} and
delta^i = A^{i+1} delta^{i+1}: a linear network. Orthonormal columns leave n_i of their 2 n_i rows, rest n_i. After a
mirrored matrix (W', -W') a crelu network is linear as it stands (balduzzi2017).

The joint law of lengths forward and backward is *not* a product (they share coins and weights) and is not offered.
Numbers are drawn by NumPy on the processor, whatever the device: ``ratios`` says why.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from numerics.ensembles import Activation, Affine, Layer, Network
from numerics.sampling import blocks, devices, streams
from numerics.sampling.ratios import Floats, Ratio, log_draws

BLOCK_STEPS = 2**18  # layers of all networks of a block: 2 MiB, which a core keeps in its cache, and 20 ms of work
_SLOPES = {"linear": 1.0, "relu": 0.0, "abs": -1.0, "crelu": 1.0}  # for s <= 0, as far as lengths can tell
_LAWS = ("normal", "orthogonal")
_RANGE = 1e100  # of a slope: its square is far inside float64

Run = tuple[Ratio, int]  # so many neighbouring layers of one law


@dataclass(frozen=True)
class Steps:
    """The walks of a network that is not refused, made once for all blocks: runs of layers, ``networks`` a block.

    ``forward``: the laws of |z^{i+1}|^2/|z^i|^2, i = 0..d; ``backward``: those of |delta^i|^2/|delta^{i+1}|^2 from
    i = d-1 down to 0, which ``backward_refusal`` may forbid.
    """

    networks: int
    forward: tuple[Run, ...]
    backward: tuple[Run, ...]
    backward_refusal: str

    def draw(self, name: str, runs: tuple[Run, ...], key: tuple[str, int], tilt: float = 0.0) -> Floats:
        """Sums of the first 0, 1, 2, ... log ratios, (networks, steps + 1), of the walk ``name`` of (experiment, block)."""
        pieces, steps = [np.zeros((self.networks, 1))], 0
        for ratio, layers in runs:
            stream = streams.numpy_generator(*key, "radial", name, steps)
            pieces.append(log_draws(ratio, (self.networks, layers), stream, tilt))
            steps += layers
        return np.concatenate(pieces, axis=1).cumsum(axis=1)


@dataclass(frozen=True)
class Walk:
    """The log-lengths of a block of B networks, drawn when they are asked for: either ``forward`` or ``backward``.

    Raises ValueError for the second of the two, whose joint law this is not, and the ``backward_refusal``.
    """

    steps: Steps
    experiment: str
    block: int

    @cached_property
    def forward(self) -> Tensor:
        """ln |z^i|^2/|z^0|^2 for i = 0..d+1: (B, d+2) float64, -inf from a dead layer on."""
        self._require_not("backward")
        return torch.from_numpy(self.steps.draw("forward", self.steps.forward, (self.experiment, self.block)))

    @cached_property
    def backward(self) -> Tensor:
        """ln |delta^i|^2/|delta^d|^2 for i = 0..d: (B, d+1) float64.

        In a network with a dead layer all are -inf but the last, or all NaN where a rectifier follows the last matrix.
        """
        self._require_not("forward")
        if self.steps.backward_refusal:
            raise ValueError(self.steps.backward_refusal)
        lengths = self.steps.draw("backward", self.steps.backward, (self.experiment, self.block))
        dead, (top, _) = np.isneginf(lengths[:, -1]), self.steps.forward[-1]
        if top.mortal:
            stream = streams.numpy_generator(self.experiment, self.block, "radial", "last masks")
            lengths[dead | (stream.random(len(dead)) < 0.5**top.units)] = np.nan
        else:
            lengths[dead, 1:] = -np.inf
        return torch.from_numpy(lengths[:, ::-1].copy())

    def _require_not(self, other: str) -> None:
        if other in self.__dict__:  # where cached_property keeps it
            raise ValueError(
                "forward and backward lengths of one network are dependent, and the radial sampler knows the law of "
                "each alone; measure them in two runs, or together with the direct or the conditioned sampler."
            )


def refusal(network: Network) -> str:
    """Why this sampler cannot draw the network exactly; empty where it can."""
    if network.inputs.count > 1:
        return (
            f"the radial sampler follows one input, not {network.inputs.count}: lengths of several signals depend on "
            "the angles between them; use the conditioned sampler."
        )
    if network.inputs.squared_length == 0:
        return "the radial sampler gives lengths relative to the input, but its squared_length is 0; give another."
    below: Layer | None = None
    for layer, shape in zip(network.layers, network.shapes, strict=False):
        if reason := _refused(layer, below, shape):
            return f"the radial sampler {reason}; use the direct sampler."
        below = layer
    return ""


def backward_refusal(network: Network) -> str:
    """Why ``Walk.backward`` cannot be drawn exactly; empty where it can."""
    if reason := refusal(network):
        return reason
    if network.output_gradient_variance == 0:
        return "output_gradient_variance is 0, and a zero gradient has no relative length; give another."
    *below, last = (matrix.square == 0 for matrix in _matrices(network))
    if any(below) and not (all(below) and (last or isinstance(network.layers[-1], Affine))):
        return (
            "the radial sampler goes backward where all activations but a linear output have slope 0, or none below "
            "the output has: above a dead layer others pass gradients on; use the direct sampler."
        )
    return ""


def _refused(layer: Layer, below: Layer | None, shape: tuple[int, ...]) -> str:
    if isinstance(layer, Activation):
        if layer.slope is None and layer.name not in _SLOPES:
            return f"needs activations with phi(c s) = c phi(s) for c > 0, and {layer.name} changes with the length"
        if layer.slope and not 1 / _RANGE < abs(layer.slope) < _RANGE:
            return f"needs a slope whose square is a float, 0 or between 1e-100 and 1e100, not {layer.slope!r}"
        return "" if isinstance(below, Affine) else "needs an affine layer below each activation, where masks are coins"
    if not isinstance(layer, Affine):
        return f"has affine layers and activations alone, and the length of {type(layer).__name__}'s output is no walk"
    if layer.bias is not None:
        return "has no biases, which add to a signal independently of its length"
    if layer.weights.law not in _LAWS:
        return f"needs normal or orthogonal weights; {layer.weights.law} ones prefer some directions"
    if layer.mirrored and not (isinstance(below, Activation) and below.name == "crelu"):
        return "needs a crelu below mirrored weights, which see the difference of two halves"
    return "" if layer.entry_variance(shape) else "needs weights of a positive variance, as nothing else passes a layer"


def block_size(network: Network) -> int:
    """Networks in a block."""
    return max(1, BLOCK_STEPS // sum(1 for _ in network.matrices()))


def sample(
    network: Network,
    networks: int,
    *,
    experiment: str,
    measure: Callable[[Walk], Tensor],
    device: str = "auto",
    first: int = 0,
) -> Iterator[Tensor]:
    """The measured values of the networks of an experiment, as ``blocks.measured`` gives them.

    ``measure`` may use ``Walk.forward`` or ``Walk.backward``; -inf at a dead layer is for it to turn into an event,
    or into NaN.
    """
    steps = prepare(network, device)
    drawn = partial(Walk, steps, experiment)
    yield from blocks.measured(drawn, steps.networks, networks, measure, first=first, device="cpu")


def draw(network: Network, block: int, *, experiment: str, device: str = "auto") -> Walk:
    """The walk of block ``block`` (>= 0) alone: ``block_size(network)`` networks, the same for all who ask.

    Raises ValueError with the ``refusal``. Tensors are on the CPU whatever the ``device``, which must exist.
    """
    blocks.require("", block)
    return Walk(prepare(network, device), experiment, block)


def prepare(network: Network, device: str) -> Steps:
    """What all blocks share; raises ValueError with the ``refusal``, and as ``devices.resolve`` does."""
    if reason := refusal(network):
        raise ValueError(reason)
    devices.resolve(device)
    matrices = _matrices(network)
    forward = _runs(_ratio(matrix, matrix) for matrix in matrices)
    backward = _runs(_ratio(upper, lower) for upper, lower in itertools.pairwise(matrices[::-1]))
    return Steps(block_size(network), forward, backward, backward_refusal(network))


class _Matrix(NamedTuple):
    """An affine layer: entry variance, rows if its columns are orthonormal, units, a^2 of the activation above it."""

    variance: float
    rows: int | None
    units: int
    square: float


def _matrices(network: Network) -> list[_Matrix]:
    found = []
    above = itertools.chain(network.layers[1:], [None])
    for layer, shape, next_layer in zip(network.layers, network.shapes, above, strict=False):
        if isinstance(layer, Affine):
            activation = next_layer if isinstance(next_layer, Activation) else Activation("linear")
            slope = _SLOPES[activation.name] if activation.slope is None else activation.slope
            rows = layer.matrix(shape)[0] if layer.weights.law == "orthogonal" else None
            found.append(_Matrix(layer.entry_variance(shape), rows, layer.width, slope**2))
    return found


def _ratio(weights: _Matrix, units: _Matrix) -> Ratio:
    """``units`` sums of independent directions, under the mask of their own activation."""
    rest = None if weights.rows is None else weights.rows - units.units
    return Ratio(weights.variance, units.units, units.square, rest)


def _runs(ratios: Iterable[Ratio]) -> tuple[Run, ...]:
    return tuple((ratio, sum(1 for _ in equal)) for ratio, equal in itertools.groupby(ratios))
