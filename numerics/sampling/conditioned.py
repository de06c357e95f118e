"""The conditioned sampler: Gaussian networks without their matrices, exact forward and backward.

Result. Let W have independent N(0, v) entries, n_in x n_out. All that a forward pass with the k rows of H, and a
backward pass with the k rows of D, ever ask of W are S = H W and D W^T. Both are drawn here with their exact joint
law, in O((n_in + n_out) k^2) operations instead of n_in n_out.

*Forward.* H = L Q with Q of orthonormal rows (Gram-Schmidt). The entries of Z = Q W are independent N(0, v), so
S = L Z. This reveals Q W = Z and nothing else of W.

*Backward.* Given Q W = Z, the law of W is that of Q^T Z + (I - Q^T Q) W' with W' independent and distributed as W:
orthogonal projections of a Gaussian matrix are independent. The rows of D = L' Q' depend on W through Z alone, and
on what comes later, so with Y = Q' W'^T, independent N(0, v) entries,

    D W^T = (D Z^T) Q + L' (Y - (Y Q^T) Q).

No independence between the passes is assumed: a mask met again on the way back has its real correlation with W.

Parallel inputs. Gram-Schmidt is carried out twice (giraud2005: then Q is orthonormal to rounding). Where what is
left of a row is below ``_PARALLEL`` of it, the row is taken as dependent: its row of Q is 0 and H = L Q is off by at
most that fraction of the row. A dead layer, H = 0, gives Q = 0, S = 0 and, since then the slopes vanish, D = 0.

Assumptions: normal weights; float32 as ``laws`` says. Reference: the conditioning argument is bayati2011's, made
exact at finite width.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from numerics.ensembles import Affine, Convolution, Network
from numerics.sampling import blocks, devices, laws, passes, streams
from numerics.sampling.passes import Pass

_SQUARED = 2.0**-50  # numbers between this and its inverse have squares, and sums of 2^20 of them, inside float32
_PARALLEL = 2.0**-16  # of a row's length: 2^8 roundings of float32, so that a Gram-Schmidt remainder is not noise


def refusal(network: Network) -> str:
    """Why this sampler cannot draw the network exactly; empty where it can."""
    for layer, _ in network.matrices():
        if isinstance(layer, Convolution):
            return "the conditioned sampler has no convolutions: a kernel meets many patches; use the direct sampler."
        if layer.weights.law != "normal":
            return (
                f"the conditioned sampler needs normal weights, but these are {layer.weights.law}: only Gaussian "
                "projections are independent; use the direct sampler."
            )
    return ""


def block_size(network: Network) -> int:
    """Networks in a block; a layer holds its values, their slopes and the two revealed frames."""
    return blocks.size(4 * network.value_count)


def draw(network: Network, block: int, *, experiment: str, device: str = "auto") -> Pass:
    """The pass of block ``block`` (>= 0) alone: ``block_size(network)`` networks, the same for all who ask.

    Raises ValueError with the ``refusal``, and OverflowError as ``passes.run`` does.
    """
    blocks.require(refusal(network), block)
    stream = partial(streams.generator, devices.resolve(device), experiment, block)

    def product(layer: Affine | Convolution, number: int, values: Tensor) -> Tensor:
        assert isinstance(layer, Affine)  # the refusal has seen to it
        deviation = math.sqrt(layer.entry_variance(tuple(values.shape[2:])))
        if layer.mirrored:  # z (W', -W')^T = (z_1 - z_2) W'
            half = values.shape[2] // 2
            values = values[..., :half] - values[..., half:]
        forward, backward = stream("revealed", number), partial(stream, "revealed backwards", number)
        outcome: Tensor = _Revealed.apply(values, layer.width, deviation, forward, backward)
        return outcome

    with devices.full_precision():
        values, slopes = passes.run(network, block_size(network), product, stream)
    return Pass(values, slopes, passes.affine_numbers(network))


sample = blocks.sampler(draw, block_size)


class _Revealed(torch.autograd.Function):
    """H -> H W, and on the way back D -> D W^T, for a W that is never drawn."""

    @staticmethod
    def forward(
        context: Any,
        rows: Tensor,
        width: int,
        deviation: float,
        stream: torch.Generator,
        backward_stream: Callable[[], torch.Generator],
    ) -> Tensor:
        factor, frame = factored(rows)
        seen = laws.normal((*rows.shape[:2], width), deviation, stream)
        context.save_for_backward(frame, seen)
        context.deviation, context.stream = deviation, backward_stream
        return factor @ seen

    @staticmethod
    def backward(context: Any, *slopes: Tensor) -> tuple[Tensor, None, None, None, None]:
        frame, seen = context.saved_tensors
        factor, _ = factored(slopes[0])
        fresh = laws.normal(tuple(frame.shape), context.deviation, context.stream())
        known = slopes[0] @ seen.transpose(1, 2) - factor @ (fresh @ frame.transpose(1, 2))
        return (factor @ fresh).baddbmm_(known, frame), None, None, None, None


def factored(rows: Tensor) -> tuple[Tensor, Tensor]:
    """H = L Q for each network: (B, k, n) to L (B, k, k), lower triangular, and Q (B, k, n), orthonormal or zero rows."""
    count = rows.shape[1]
    factor, frame = rows.new_zeros((rows.shape[0], count, count)), rows[:, :0]
    for j in range(count):
        row = left = rows[:, j : j + 1]
        for _ in range(2 if j else 0):
            along = left @ frame.transpose(1, 2)
            left = left - along @ frame
            factor[:, j : j + 1, :j] += along
        length = _length(left)
        new = length > (_PARALLEL * _length(row) if j else 0)
        factor[:, j : j + 1, j : j + 1] = length * new
        unit = left * torch.where(new, 1 / length, 0.0)
        frame = torch.cat([frame, unit], dim=1) if j else unit
    return factor, frame


def _length(row: Tensor) -> Tensor:
    """|x| of rows (B, 1, n) as (B, 1, 1); in float64 where the squares of float32 numbers would not fit float32."""
    length: Tensor = torch.linalg.vector_norm(row, dim=2, keepdim=True)
    if ((length > _SQUARED) & (length < 1 / _SQUARED)).all():
        return length
    return torch.linalg.vector_norm(row, dim=2, keepdim=True, dtype=torch.float64).to(row.dtype)
