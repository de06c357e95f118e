"""The direct sampler: real weight matrices, a real forward and a real backward pass. It draws every network.

Nothing is idealised: the backward pass meets the very weights and masks of the forward pass (``passes``). It is the
reference that the cheaper samplers are tested against; a layer costs its number of weights, of which drawing them
is most.
"""

from __future__ import annotations

import math
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from numerics.ensembles import Affine, Convolution, Network
from numerics.sampling import blocks, devices, laws, passes, streams
from numerics.sampling.passes import Pass

NETWORK_FLOATS = 2**30  # weights of one network: 4 GiB; larger matrices do not fit beside their draws


def refusal(network: Network) -> str:
    """Why this sampler cannot draw the network; empty where it can."""
    if network.weight_count <= NETWORK_FLOATS:
        return ""
    return (
        f"one network has {network.weight_count} weights, but the direct sampler holds at most {NETWORK_FLOATS}; use "
        "smaller widths or a sampler without matrices."
    )


def block_size(network: Network) -> int:
    """Networks in a block."""
    return blocks.size(network.weight_count + 2 * network.value_count)


def draw(network: Network, block: int, *, experiment: str, device: str = "auto") -> Pass:
    """The pass of block ``block`` (>= 0) alone: ``block_size(network)`` networks, the same for all who ask.

    Raises ValueError with the ``refusal``, and OverflowError as ``passes.run`` does.
    """
    blocks.require(refusal(network), block)
    place = devices.resolve(device)
    stream = partial(streams.generator, place, experiment, block)
    matrices: list[Tensor] = []

    def product(layer: Affine | Convolution, number: int, values: Tensor) -> Tensor:
        below = tuple(values.shape[2:])
        shape, deviation = (values.shape[0], *layer.matrix(below)), math.sqrt(layer.entry_variance(below))
        matrices.append(laws.draw(layer.weights, shape, deviation, stream("weights", number)))
        return multiplied(layer, complete(layer, matrices[-1]), values)

    with devices.full_precision():
        values, slopes = passes.run(network, block_size(network), product, stream)
    return Pass(values, slopes, passes.affine_numbers(network), tuple(matrices))


sample = blocks.sampler(draw, block_size)


def complete(layer: Affine | Convolution, drawn: Tensor) -> Tensor:
    """A layer's whole matrices, (B, fan-in, units), from what is drawn of them: (W, -W), and kernels with zeros around."""
    if isinstance(layer, Affine):
        return torch.cat([drawn, -drawn], dim=1) if layer.mirrored else drawn
    if layer.weights.law != "orthogonal":
        return drawn
    networks, channels, units = drawn.shape
    taps = layer.kernel**2
    return functional.pad(drawn.unsqueeze(2), (0, 0, taps // 2, taps // 2)).reshape(networks, channels * taps, units)


def multiplied(layer: Affine | Convolution, matrices: Tensor, values: Tensor) -> Tensor:
    """The product of values (B, k, ...) with each network's own matrix; kernels in one grouped convolution for all."""
    if isinstance(layer, Affine):
        return values @ matrices
    networks, inputs, channels, height, width = values.shape
    reach = layer.kernel // 2
    kernels = matrices.transpose(1, 2).reshape(networks * layer.channels, channels, layer.kernel, layer.kernel)
    stacked = values.transpose(0, 1).reshape(inputs, networks * channels, height, width)
    mode = "circular" if layer.padding == "circular" else "constant"
    padded = functional.pad(stacked, (reach,) * 4, mode=mode)
    convolved = functional.conv2d(padded, kernels, groups=networks)
    return convolved.reshape(inputs, networks, layer.channels, height, width).transpose(0, 1)
