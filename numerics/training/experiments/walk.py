"""The walk of a gradient's log-norm over the hidden layers of dense networks whose biases are 0, at any depth.

ln |d_1|^2/|d_D|^2, where d_D is an independent normal gradient times f'(s^D), and d_i = f'(s^i) W d_(i+1). Gradients are
rescaled in every layer, and under rectifiers activations too, whose masks do not feel a scale: nothing leaves the range of
float32, however deep the network is. ``random_walk.walk_mean`` and ``walk_variance`` are of its law over D - 1 steps.
Reference: sussillo2014, section 3.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from numerics.sampling import streams
from numerics.sampling.passes import squared_norm
from numerics.training.fleet import Fleet


def log_walks(fleet: Fleet, example: Tensor, activation: str, stream: str) -> tuple[float, ...]:
    """One for each network, for one example (features,); -inf where a layer is dead.  activation: relu or tanh."""
    value = example.expand(fleet.size, 1, -1)
    slopes = []
    hidden = [weights.detach() for weights in fleet.weights[:-1]]
    for weights in hidden:
        pre_activation = value @ weights
        if activation == "tanh":
            value = pre_activation.tanh()
            slopes.append(1 - value.square())
        else:
            value = _unit(pre_activation.clamp(min=0))
            slopes.append((pre_activation > 0).to(value.dtype))
    drawn = torch.randn(value.shape, generator=streams.generator(value.device, stream), device=value.device)
    gradient = _unit(drawn * slopes[-1])
    total = torch.zeros(fleet.size, dtype=torch.float64, device=value.device)
    for weights, slope in zip(hidden[:0:-1], slopes[-2::-1], strict=True):
        gradient = slope * (gradient @ weights.transpose(1, 2))
        total += squared_norm(gradient)[:, 0].log()
        gradient = _unit(gradient)
    return tuple(each if math.isfinite(each) else -math.inf for each in total.tolist())


def _unit(rows: Tensor) -> Tensor:
    """Each row over its norm; rows of zeros stay."""
    return torch.nn.functional.normalize(rows, dim=-1)
