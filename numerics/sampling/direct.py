"""The direct sampler: real weight matrices, a real forward and a real backward pass.

Result: independent networks of an ensemble, each seen through a ``Pass`` that obeys (glorot2010, eqs. 2-3)

    s^i = z^i W^i,   z^{i+1} = f(s^i),   delta^{i-1} = f'(s^{i-1}) * (delta^i (W^i)^T),
    dC/dW^i_{lk} = z^i_l delta^i_k,

with ``delta^i = dC/ds^i`` and ``delta^d`` drawn independently of everything else. Nothing is idealised: the
backward pass meets the very weights and masks of the forward pass.

Assumptions and limits: entries are float32 (statistics must be float64: ``squared_norm``). A float32 normal
is Box-Muller from 24-bit uniforms, cut at sqrt(2 ln 2^24) = 5.8 standard deviations. With t = ln 2^24 the cut
mass is 2^-24, and it holds (t + 1) 2^-24 < 1.1e-6 of E w^2 and (3/8) 4 (t^2 + 2t + 2) 2^-24 < 2.9e-5 of E w^4
= 3: shifts below a relative 1e-5 must not be asked of this sampler. Numbers that leave float32's range are an
error, never a zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from numerics.ensembles import Dense, unit_input
from numerics.sampling import devices, streams

BLOCK_FLOATS = 2**22  # weights of a block: 16 MiB, 0.1 s on one core, longer than a GPU's launches
BLOCK_NETWORKS = 2**12  # networks of a block: where they are tiny, drawing too many stays cheap
NETWORK_FLOATS = 2**30  # weights of one network: 4 GiB; larger matrices do not fit beside their draws
_RANGE = 2.0**100  # float32 ends at 2^-126 and 2^127: with the variances below, no layer jumps the gap unseen
_SMALLEST_VARIANCE = 2.0**-40  # of what is not exactly 0: one over a million weights and a million layers


@dataclass(frozen=True)
class Pass:
    """One forward and backward pass of ``B`` independent networks; all tensors are float32 on one device.

    ``activations[i]`` is ``z^i``, (B, n_i), i = 0..d+1; ``pre_activations[i]`` is ``s^i``, (B, n_{i+1}),
    ``gradients[i]`` is ``delta^i = dC/ds^i``, (B, n_{i+1}), and ``weights[i]`` is ``W^i``, (B, n_i, n_{i+1}),
    i = 0..d.
    """

    activations: tuple[Tensor, ...]
    pre_activations: tuple[Tensor, ...]
    gradients: tuple[Tensor, ...]
    weights: tuple[Tensor, ...]


def block_size(network: Dense) -> int:
    """Networks in a block: a fact of the ensemble, never a setting, because blocks define the sample.

    Raises ValueError where one network has more than ``NETWORK_FLOATS`` weights.
    """
    if network.weight_count > NETWORK_FLOATS:
        raise ValueError(
            f"one network has {network.weight_count} weights, but the direct sampler holds at most "
            f"{NETWORK_FLOATS}; use smaller widths or a sampler without matrices."
        )
    return max(1, min(BLOCK_NETWORKS, BLOCK_FLOATS // network.weight_count))


def sample(
    network: Dense,
    networks: int,
    *,
    experiment: str,
    measure: Callable[[Pass], Tensor],
    device: str = "auto",
    first: int = 0,
) -> Iterator[Tensor]:
    """Yield the measured values of the first ``networks`` networks of an experiment, block by block.

    Those of the blocks before ``first`` are left out, and not drawn.

    ``measure`` maps a ``Pass`` of B networks to a (B,) float64 tensor; NaN marks a network that does not meet
    the condition of the check (``numerics.evidence`` counts it apart). Yielded tensors are float64 on the
    CPU. Memory is that of one block; a shorter run is a prefix of a longer one. Raises ValueError for a count
    below 1 and for a measure of another shape or dtype.
    """
    if not isinstance(networks, int) or networks < 1:
        raise ValueError(f"the number of networks must be a positive integer, not {networks!r}.")
    size = block_size(network)
    for block in range(first, -(-networks // size)):
        values = measure(draw(network, block, experiment=experiment, device=device))
        if not isinstance(values, Tensor) or values.shape != (size,) or values.dtype != torch.float64:
            raise ValueError(f"a measure must return a float64 tensor of shape ({size},), a value a network.")
        yield values[: networks - block * size].cpu()


@torch.no_grad()
def draw(network: Dense, block: int, *, experiment: str, device: str = "auto") -> Pass:
    """The pass of block ``block`` (>= 0) alone: ``block_size(network)`` networks, the same for all who ask.

    Raises OverflowError where values leave the range in which float32 can be trusted.
    """
    if not isinstance(block, int) or block < 0:
        raise ValueError(f"a block is numbered by an integer >= 0, not {block!r}.")
    place, size = devices.resolve(device), block_size(network)
    with devices.full_precision():
        weights = []
        for layer, (shape, variance) in enumerate(zip(network.shapes, network.weight_variances, strict=True)):
            stream = streams.generator(place, experiment, block, "weights", layer)
            weights.append(_LAWS[network.law]((size, *shape), stream) * math.sqrt(variance))
        activations, pre_activations = _forward(network, weights, _input(network, block, experiment, place))
        stream = streams.generator(place, experiment, block, "output gradient")
        last = _normal((size, network.widths[-1]), stream) * math.sqrt(network.output_gradient_variance)
        gradients = _backward(network, weights, pre_activations, last)
    _check_range(network, [*activations, *pre_activations, *gradients])
    return Pass(tuple(activations), tuple(pre_activations), tuple(gradients), tuple(weights))


def squared_norm(rows: Tensor) -> Tensor:
    """``|x|^2`` of each row: (B, n) of any float type to (B,) float64, where squares cannot overflow."""
    return rows.double().square().sum(dim=1)


def _input(network: Dense, block: int, experiment: str, place: torch.device) -> Tensor:
    shape = (block_size(network), network.widths[0])
    if network.input_variance is None:
        return torch.tensor(unit_input(shape[1]), dtype=torch.float32, device=place).expand(shape)
    stream = streams.generator(place, experiment, block, "input")
    return _normal(shape, stream) * math.sqrt(network.input_variance)


def _forward(network: Dense, weights: list[Tensor], x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    function, _ = _activation(network)
    activations, pre_activations = [x], []
    for matrix in weights:
        pre_activations.append(torch.bmm(activations[-1].unsqueeze(1), matrix).squeeze(1))
        activations.append(function(pre_activations[-1]))
    return activations, pre_activations


def _backward(network: Dense, weights: list[Tensor], pre_activations: list[Tensor], last: Tensor) -> list[Tensor]:
    _, derivative = _activation(network)
    gradients = [last]
    for matrix, before in zip(weights[:0:-1], pre_activations[-2::-1], strict=True):
        gradients.append(derivative(before) * torch.bmm(matrix, gradients[-1].unsqueeze(2)).squeeze(2))
    return gradients[::-1]


def _check_range(network: Dense, rows: list[Tensor]) -> None:
    """Refuse values near the ends of float32, and zero rows that no mask, tie or zero variance explains."""
    unit_or_drawn = 1.0 if network.input_variance is None else network.input_variance
    variances = (*network.weight_variances, unit_or_drawn, network.output_gradient_variance)
    largest = torch.stack([values.abs().amax(dim=1) for values in rows])
    trusted = (largest >= 1 / _RANGE) & (largest <= _RANGE)
    if network.activation == "relu" or network.slope == 0 or network.law == "sign" or 0 in variances:
        trusted |= largest == 0
    if not trusted.all() or any(0 < variance < _SMALLEST_VARIANCE for variance in variances):
        raise OverflowError(
            "activations or gradients left the range 2^-100..2^100 in which float32 is trusted (or a "
            "variance is below 2^-40); choose variances that keep the scale, or fewer layers."
        )


def _activation(network: Dense) -> tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
    """``f`` and ``f'``; the derivatives of tanh and sigmoid are written without the cancellation of 1 - f."""
    slope = network.slope if network.slope is not None else 0.0
    table: dict[str, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
        "linear": (lambda s: s, torch.ones_like),
        "relu": (torch.relu, lambda s: (s > 0).to(s.dtype)),
        "leaky_relu": (lambda s: torch.where(s > 0, s, slope * s), lambda s: torch.where(s > 0, 1.0, slope)),
        "tanh": (torch.tanh, lambda s: torch.cosh(s).square().reciprocal()),
        "sigmoid": (torch.sigmoid, lambda s: torch.sigmoid(s) * torch.sigmoid(-s)),
        "softsign": (lambda s: s / (1 + s.abs()), lambda s: (1 + s.abs()).square().reciprocal()),
    }
    return table[network.activation]


def _normal(shape: tuple[int, ...], stream: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=stream, device=stream.device, dtype=torch.float32)


def _uniform(shape: tuple[int, ...], stream: torch.Generator) -> Tensor:
    """On [-sqrt 3, sqrt 3], which has variance 1."""
    unit = torch.rand(shape, generator=stream, device=stream.device, dtype=torch.float32)
    return (2 * unit - 1) * math.sqrt(3)


def _sign(shape: tuple[int, ...], stream: torch.Generator) -> Tensor:
    return 2 * torch.randint(2, shape, generator=stream, device=stream.device).float() - 1


def _orthogonal(shape: tuple[int, ...], stream: torch.Generator) -> Tensor:
    """sqrt(n) times a Haar matrix: Q of a Gaussian matrix with R's diagonal positive (mezzadri2007)."""
    q, r = torch.linalg.qr(_normal(shape, stream))
    scaled: Tensor = q * r.diagonal(dim1=-2, dim2=-1).sign().unsqueeze(-2) * math.sqrt(shape[-1])
    return scaled


_LAWS: dict[str, Callable[[tuple[int, ...], torch.Generator], Tensor]] = {
    "normal": _normal,
    "uniform": _uniform,
    "sign": _sign,
    "orthogonal": _orthogonal,
}
