"""A random network: inputs, a chain of layers, and the gradient that is sent back from its output."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from numerics.ensembles.inputs import Inputs
from numerics.ensembles.layers import Affine, BatchNorm, Convolution, Gates, Layer, Residual, Shape
from numerics.ensembles.validation import at_least_zero, sequence


@dataclass(frozen=True)
class Network:
    """The law of a random network.

    All weight matrices are independent of each other and of the inputs. ``output_gradient_variance``: the cost C
    is linear in the outputs, with one gradient dC/d(output) of independent normal entries a network, the same for
    each of its inputs.

    Raises ValueError where a layer does not fit what is below it, naming the layer.
    """

    inputs: Inputs
    layers: tuple[Layer, ...]
    output_gradient_variance: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", sequence("the layers of a network", self.layers))
        gradient = at_least_zero("output_gradient_variance", self.output_gradient_variance)
        object.__setattr__(self, "output_gradient_variance", gradient)
        if not self.layers:
            raise ValueError("a network needs at least one layer.")
        for layer in _all_layers(self.layers):
            if isinstance(layer, BatchNorm) and self.inputs.count < 2:
                raise ValueError("batch normalisation averages over the inputs: give at least two.")
            if isinstance(layer, Gates) and self.inputs.count != 2:
                raise ValueError(f"gates are the patterns of two inputs, not of {self.inputs.count}.")
        _ = self.shapes  # computing them refuses a layer that does not fit

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape of the input and of each layer's output for one input."""
        shapes = [self.inputs.shape]
        for layer in self.layers:
            shapes.append(layer.after(shapes[-1]))
        return tuple(shapes)

    def matrices(self) -> Iterator[tuple[Affine | Convolution, Shape]]:
        """Every layer with weights, residual bodies included, and the shape of what is below it."""
        yield from _matrices(self.layers, self.inputs.shape)

    @property
    def weight_count(self) -> int:
        """The number of weights drawn for one network, biases aside."""
        return sum(math.prod(layer.matrix(before)) for layer, before in self.matrices())

    @property
    def value_count(self) -> int:
        """The number of values in all layers for all inputs of one network, residual bodies included."""
        return self.inputs.count * (self.inputs.size + sum(_sizes(self.layers, self.inputs.shape)))


def _all_layers(layers: tuple[Layer, ...]) -> Iterator[Layer]:
    for layer in layers:
        if not isinstance(layer, Layer):
            raise ValueError(f"a layer must be one of numerics.ensembles.Layer, not {layer!r}.")
        yield layer
        if isinstance(layer, Residual):
            yield from _all_layers(layer.body)


def _matrices(layers: tuple[Layer, ...], shape: Shape) -> Iterator[tuple[Affine | Convolution, Shape]]:
    for layer in layers:
        if isinstance(layer, Residual):
            yield from _matrices(layer.body, shape)
        elif isinstance(layer, (Affine, Convolution)):
            yield layer, shape
        shape = layer.after(shape)


def _sizes(layers: tuple[Layer, ...], shape: Shape) -> Iterator[int]:
    for layer in layers:
        if isinstance(layer, Residual):
            yield from _sizes(layer.body, shape)
        shape = layer.after(shape)
        yield math.prod(shape)
