"""Activations as torch computes them; their derivatives are those of torch's automatic differentiation.

At 0 the derivative of relu and of abs is 0, that of leaky_relu and prelu is the slope. The derivative of tanh is
computed as 1 - f^2, wrong by at most 2^-23 absolutely: far below every error rate's reach for f' of order 1.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from numerics.ensembles import Activation

_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda s: s.clone(),
    "relu": torch.relu,
    "abs": torch.abs,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softsign": functional.softsign,
    "erf": torch.erf,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "elu": functional.elu,
    "selu": functional.selu,
    "softplus": functional.softplus,
    "mish": functional.mish,
    "hardtanh": functional.hardtanh,
}
_SLOPED = ("leaky_relu", "prelu")  # torch's prelu is its leaky_relu with a slope that can be learnt


def apply(activation: Activation, s: Tensor) -> Tensor:
    """phi(s), elementwise on (B, k, units, ...); crelu gives (relu(s), relu(-s)) along the units."""
    if activation.name == "crelu":
        return torch.cat([torch.relu(s), torch.relu(-s)], dim=2)
    if activation.name in _SLOPED:
        assert activation.slope is not None  # Activation has checked it
        return functional.leaky_relu(s, activation.slope)
    return _FUNCTIONS[activation.name](s)
