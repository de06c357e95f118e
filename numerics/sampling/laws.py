"""Draws of weights: float32 entries of mean zero with a given standard deviation, for each law of ``Weights``.

A float32 normal is Box-Muller from 24-bit uniforms, cut at sqrt(2 ln 2^24) = 5.8 standard deviations. With
t = ln 2^24 the cut mass is 2^-24, and it holds (t + 1) 2^-24 < 1.1e-6 of E w^2 and (3/8) 4 (t^2 + 2t + 2) 2^-24
< 2.9e-5 of E w^4 = 3: shifts below a relative 1e-5 must not be asked of what is drawn here. One in 2^24 is exactly 0,
which a layer of one unit passes on: ``passes`` then refuses the block.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from numerics.ensembles import Weights

Shape = tuple[int, ...]

CUT = 2.0  # standard deviations of the normal law from which truncated weights are drawn
_CUT_MASS = math.erf(CUT / math.sqrt(2))
CUT_VARIANCE = 1 - 2 * CUT * math.exp(-(CUT**2) / 2) / math.sqrt(2 * math.pi) / _CUT_MASS  # of the cut law, by parts


def draw(weights: Weights, shape: Shape, deviation: float, stream: torch.Generator) -> Tensor:
    """Independent matrices of entries with the given standard deviation; ``shape`` is (..., rows, columns)."""
    if weights.law == "sparse":
        assert weights.density is not None  # Weights has checked it
        kept = _unit(shape, stream) < weights.density
        return normal(shape, deviation / math.sqrt(weights.density), stream) * kept
    return _LAWS[weights.law](shape, deviation, stream)


def normal(shape: Shape, deviation: float, stream: torch.Generator) -> Tensor:
    """Independent N(0, deviation^2) entries."""
    return torch.empty(shape, device=stream.device, dtype=torch.float32).normal_(0, deviation, generator=stream)


def _unit(shape: Shape, stream: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=stream, device=stream.device, dtype=torch.float32)


def _uniform(shape: Shape, deviation: float, stream: torch.Generator) -> Tensor:
    bound = math.sqrt(3) * deviation  # a uniform law on [-c, c] has variance c^2/3
    return torch.empty(shape, device=stream.device, dtype=torch.float32).uniform_(-bound, bound, generator=stream)


def _truncated(shape: Shape, deviation: float, stream: torch.Generator) -> Tensor:
    """By the inverse distribution function, in float64: float32 would lose the law's ends, where it is steep."""
    u = torch.rand(shape, generator=stream, device=stream.device, dtype=torch.float64)
    cut = torch.erfinv(_CUT_MASS * (2 * u - 1)) * math.sqrt(2 / CUT_VARIANCE)
    return (cut * deviation).float()


def _sign(shape: Shape, deviation: float, stream: torch.Generator) -> Tensor:
    coins = torch.randint(2, shape, generator=stream, device=stream.device).float()
    return (2 * coins - 1) * deviation


def _orthogonal(shape: Shape, deviation: float, stream: torch.Generator) -> Tensor:
    """sqrt(rows) deviation times orthonormal columns: Q of a Gaussian matrix, R's diagonal positive (mezzadri2007)."""
    q, r = torch.linalg.qr(normal(shape, 1.0, stream))
    signs = r.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2)
    return q * signs * (math.sqrt(shape[-2]) * deviation)


_LAWS: dict[str, Callable[[Shape, float, torch.Generator], Tensor]] = {
    "normal": normal,
    "uniform": _uniform,
    "truncated": _truncated,
    "sign": _sign,
    "orthogonal": _orthogonal,
}
