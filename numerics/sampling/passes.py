"""A forward and a backward pass of B independent networks, k inputs each, whatever stands for their matrices.

The equations are those of the layers (``numerics.ensembles.layers``); the backward pass is torch's automatic
differentiation of them. A sampler supplies two things: the product of values with the matrix of a layer, itself
differentiable, and the streams of random numbers. So every rung of the ladder runs the same network.

Values are float32; what is measured of them must be float64 (``squared_norm``, ``gram``). Numbers that leave the
range in which float32 can be trusted are an error, never a zero.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from numerics.ensembles import Affine, BatchNorm, Convolution, Inputs, Layer, Network, Residual, Weights
from numerics.ensembles.layers import EPSILON, Activation, Gates
from numerics.sampling import activations, laws

_RANGE = 2.0**100  # float32 ends at 2^-126 and 2^127: with the variances below, no layer jumps the gap unseen
_SMALLEST_VARIANCE = 2.0**-40  # of what is not exactly 0: one over a million weights and a million layers
_FLAT = ("relu", "crelu", "hardtanh")  # activations with a derivative that is exactly 0 somewhere
_PROPORTIONAL = ("linear", "abs", "leaky_relu", "prelu")  # and those that multiply by one of two numbers

Product = Callable[[Affine | Convolution, int, Tensor], Tensor]  # layer, its number in drawing order, values below
Biases = Callable[[Weights, int, Tensor], Tensor]  # their law, the layer's number, its product: one a unit
Streams = Callable[..., torch.Generator]  # the stream of a key


@dataclass(frozen=True)
class Pass:
    """What B networks did; all tensors are float32 on one device.

    ``values[i]``: the output of layer i - 1, (B, k, *shape), ``values[0]`` the inputs. ``slopes[i]``: the gradient
    of the cost in ``values[i]``, of the same shape. ``affine``: numbers of the layers with weights, residual bodies
    aside. ``weights``: the matrices, (B, rows, columns) each, where the sampler has any.

    In a feed-forward network ``activations[i]`` is what the i-th weight matrix meets, z^i, the last one the output;
    ``pre_activations[i]`` is s^i, what it gives, and ``gradients[i]`` is dC/ds^i (glorot2010).
    """

    values: tuple[Tensor, ...]
    slopes: tuple[Tensor, ...]
    affine: tuple[int, ...]
    weights: tuple[Tensor, ...] = ()

    @property
    def activations(self) -> tuple[Tensor, ...]:
        """z^0, z^1, ..., and the output."""
        return (*(self.values[number] for number in self.affine), self.values[-1])

    @property
    def pre_activations(self) -> tuple[Tensor, ...]:
        """s^0, s^1, ..."""
        return tuple(self.values[number + 1] for number in self.affine)

    @property
    def gradients(self) -> tuple[Tensor, ...]:
        """dC/ds^0, dC/ds^1, ..."""
        return tuple(self.slopes[number + 1] for number in self.affine)


def squared_norm(values: Tensor) -> Tensor:
    """``|x|^2`` of each input's value: (B, k, ...) of any float type to (B, k) float64, where squares cannot overflow."""
    return values.double().square().flatten(2).sum(dim=2)


def gram(values: Tensor) -> Tensor:
    """``<x_i, x_j>`` of the values of each pair of inputs: (B, k, ...) to (B, k, k) float64."""
    rows = values.double().flatten(2)
    return rows @ rows.transpose(1, 2)


def run(network: Network, networks: int, product: Product, streams: Streams) -> tuple[tuple[Tensor, ...], ...]:
    """The values and the slopes of ``networks`` networks, as ``Pass`` holds them.

    Raises OverflowError where they leave the range in which float32 can be trusted.
    """
    with torch.enable_grad():
        values = [_inputs(network.inputs, networks, streams("input")).requires_grad_()]
        values += forward(network.layers, values[-1], product, partial(_bias, streams))
        stream = streams("output gradient")
        shape = (networks, 1, *network.shapes[-1])
        last = laws.normal(shape, math.sqrt(network.output_gradient_variance), stream)
        slopes = torch.autograd.grad(values[-1], values, last.expand_as(values[-1]))
    kept = tuple(value.detach() for value in values)
    _check_range(network, (*kept, *slopes))
    return kept, slopes


def forward(layers: tuple[Layer, ...], values: Tensor, product: Product, biases: Biases) -> list[Tensor]:
    """The output of each layer for values (B, k, *shape); layers with weights are numbered as they are met."""
    numbers = itertools.count()
    outputs = [values]
    for layer in layers:
        outputs.append(_apply(layer, outputs[-1], numbers, product, biases))
    return outputs[1:]


def affine_numbers(network: Network) -> tuple[int, ...]:
    """The numbers of the layers with weights, residual bodies aside."""
    return tuple(i for i, layer in enumerate(network.layers) if isinstance(layer, (Affine, Convolution)))


def _inputs(inputs: Inputs, networks: int, stream: torch.Generator) -> Tensor:
    shape = (networks, inputs.count, *inputs.shape)
    if not inputs.random:
        rows = torch.as_tensor(inputs.fixed(), dtype=torch.float32, device=stream.device)
        return rows.reshape(shape[1:]).expand(shape).clone()
    entries = laws.normal((networks, inputs.count, inputs.size), math.sqrt(inputs.squared_length / inputs.size), stream)
    mixing = torch.as_tensor(inputs.mixing(), dtype=entries.dtype, device=stream.device)
    return (mixing @ entries).reshape(shape)


def _apply(layer: Layer, values: Tensor, numbers: Iterator[int], product: Product, biases: Biases) -> Tensor:
    if isinstance(layer, Residual):
        inside = values
        for part in layer.body:
            inside = _apply(part, inside, numbers, product, biases)
        return layer.skip * values + layer.scale * inside
    if isinstance(layer, Activation):
        return activations.apply(layer, values)
    if isinstance(layer, Gates):
        return values * torch.tensor(layer.patterns(values.shape[2]), dtype=values.dtype, device=values.device)
    if isinstance(layer, BatchNorm):
        centred = values - values.mean(dim=1, keepdim=True)
        return centred / (centred.square().mean(dim=1, keepdim=True) + EPSILON).sqrt()
    number = next(numbers)
    below = values.flatten(2) if isinstance(layer, Affine) else values
    outcome = product(layer, number, below)
    return outcome if layer.bias is None else outcome + biases(layer.bias, number, outcome)


def _bias(streams: Streams, bias: Weights, number: int, outcome: Tensor) -> Tensor:
    """One bias a unit, the same for all inputs and places: (B, 1, units, 1, ...)."""
    shape = (outcome.shape[0], 1, outcome.shape[2], *(1 for _ in outcome.shape[3:]))
    return laws.draw(bias, shape, math.sqrt(bias.entry_variance(1, 1)), streams("bias", number))


def _check_range(network: Network, rows: tuple[Tensor, ...]) -> None:
    """Refuse values near the ends of float32, and zero rows that no mask, tie or zero variance explains.

    Batch normalisation subtracts: what it leaves of equal values, and of equal slopes, is rounding of any size.
    """
    variances = [layer.entry_variance(before) for layer, before in network.matrices()]
    variances += [network.inputs.squared_length, network.output_gradient_variance]
    flat = [value.flatten(2) for value in rows]
    largest = torch.stack([torch.maximum(value.amax(dim=2), -value.amin(dim=2)) for value in flat])
    trusted = (largest >= 1 / _RANGE) & (largest <= _RANGE)
    if _has(network.layers, lambda layer: isinstance(layer, BatchNorm)):
        trusted |= largest < 1 / _RANGE
    elif 0 in variances or _has(network.layers, _gives_zeros):
        trusted |= largest == 0
    if not trusted.all() or any(0 < variance < _SMALLEST_VARIANCE for variance in variances):
        raise OverflowError(
            "activations or gradients left the range 2^-100..2^100 in which float32 is trusted (or a variance is "
            "below 2^-40); choose variances that keep the scale, or fewer layers."
        )


def _has(layers: tuple[Layer, ...], quality: Callable[[Layer], bool]) -> bool:
    """Whether a layer, or one in the body of a residual module, has the quality."""
    return any(quality(layer) or (isinstance(layer, Residual) and _has(layer.body, quality)) for layer in layers)


def _gives_zeros(layer: Layer) -> bool:
    """Whether exact zeros are possible: flat pieces of activations, ties of discrete laws, modules that add nothing."""
    if isinstance(layer, Activation):
        return layer.name in _FLAT or layer.slope == 0
    if isinstance(layer, Residual):
        return 0 in (layer.skip, layer.scale) or all(map(_multiplies, layer.body))
    return isinstance(layer, (Affine, Convolution)) and layer.weights.law in ("sign", "sparse")


def _multiplies(layer: Layer) -> bool:
    """Whether each value is multiplied by one of a few numbers, which the skip of a module around it can cancel.

    Orthonormal columns do where there is one of one row, a sign; only that keeps the shape of a module if all its
    layers multiply.
    """
    if isinstance(layer, Residual):
        return all(map(_multiplies, layer.body))
    if isinstance(layer, Activation):
        return layer.name in _PROPORTIONAL
    if isinstance(layer, Affine):
        return layer.weights.law == "orthogonal" and layer.width == 1
    if isinstance(layer, Convolution):
        return layer.weights.law == "orthogonal" and layer.channels == 1
    return isinstance(layer, Gates)
