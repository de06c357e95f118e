"""A fleet: B networks of one architecture that train side by side, in every operation a batch of B.

The architecture is a chain of layers (``numerics.ensembles``) and its equations are those of the samplers (``passes``); here
the matrices are kept and change. Networks of a fleet may differ in their weight laws and their seeds. Each is drawn from
streams named by its own seed alone, so it is the same network in every fleet. Mirrored weights and orthogonal kernels are
complete matrices, free to change in all entries. Biases are 0 at first and train, as in all four papers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from numerics.ensembles import Affine, Convolution, Network, Residual, Weights
from numerics.ensembles.layers import Layer
from numerics.sampling import direct, laws, passes, streams

_PLAIN = Weights()  # stands for any law where architectures are compared


@dataclass(frozen=True)
class Ship:
    """One network: the law it is drawn from, and the seed that names its streams."""

    law: Network
    seed: str


class Fleet:
    """``weights[i]``: (B, fan-in, units) of the i-th layer with weights; ``biases[i]``: (B, 1, units), or with 1, 1 after.

    Raises ValueError for networks of different architectures, and for layers with a random bias.
    """

    def __init__(self, ships: Sequence[Ship], device: torch.device) -> None:
        if len({_architecture(ship.law.layers) for ship in ships}) != 1:
            raise ValueError("the networks of a fleet must have one architecture; make a fleet of each.")
        self.layers, self.size, self.device = ships[0].law.layers, len(ships), device
        layers = [layer for layer, _ in ships[0].law.matrices()]
        if any(layer.bias is not None for layer in layers):
            raise ValueError("biases that train start at 0; give layers without a law of biases.")
        drawn = [list(_drawn(ship, device)) for ship in ships]
        self.weights = [torch.cat(matrices).requires_grad_() for matrices in zip(*drawn, strict=True)]
        self.biases = [torch.zeros(_bias_shape(layer, self.size), device=device).requires_grad_() for layer in layers]

    @property
    def parameters(self) -> list[Tensor]:
        """All that trains; the first axis of each is that of the networks."""
        return [*self.weights, *self.biases]

    def forward(self, inputs: Tensor) -> list[Tensor]:
        """The output of every layer, (B, k, ...), for inputs (B, k, *shape), or (1, k, *shape) that all networks see."""
        return passes.forward(self.layers, inputs.expand(self.size, *inputs.shape[1:]), self._product, _no_bias)

    def _product(self, layer: Affine | Convolution, number: int, values: Tensor) -> Tensor:
        if isinstance(layer, Affine):
            return torch.baddbmm(self.biases[number], values, self.weights[number])
        return direct.multiplied(layer, self.weights[number], values) + self.biases[number]

    def state(self) -> dict[str, Any]:
        """All parameters, detached, by name."""
        return {"weights": [w.detach() for w in self.weights], "biases": [b.detach() for b in self.biases]}

    def restore(self, state: dict[str, Any]) -> None:
        """Set all parameters to those of a ``state``."""
        with torch.no_grad():
            for name in ("weights", "biases"):
                for parameter, saved in zip(getattr(self, name), state[name], strict=True):
                    parameter.copy_(saved)


def _architecture(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers with every law of weights replaced by one, and mirrored weights by plain ones."""
    return tuple(map(_plain, layers))


def _plain(layer: Layer) -> Layer:
    if isinstance(layer, Affine):
        return replace(layer, weights=_PLAIN, mirrored=False)
    if isinstance(layer, Convolution):
        return replace(layer, weights=_PLAIN)
    return replace(layer, body=_architecture(layer.body)) if isinstance(layer, Residual) else layer


def _drawn(ship: Ship, device: torch.device) -> Iterator[Tensor]:
    """The complete matrices of one network, (1, fan-in, units) each."""
    for number, (layer, below) in enumerate(ship.law.matrices()):
        stream = streams.generator(device, ship.seed, "weights", number)
        drawn = laws.draw(layer.weights, (1, *layer.matrix(below)), math.sqrt(layer.entry_variance(below)), stream)
        yield direct.complete(layer, drawn)


def _bias_shape(layer: Affine | Convolution, networks: int) -> tuple[int, ...]:
    return (networks, 1, layer.width) if isinstance(layer, Affine) else (networks, 1, layer.channels, 1, 1)


def _no_bias(bias: Weights, number: int, outcome: Tensor) -> Tensor:
    raise AssertionError("a fleet has no layer with a law of biases")
