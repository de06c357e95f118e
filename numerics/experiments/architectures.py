"""The correlation of two inputs' gradients in real networks of several architectures, to be read beside the theorems.

Every network has Gaussian weights of variance 2/N, real masks, independent normal inputs and one normal gradient G at the
output, the same for all inputs. With g_c = dC/dx_c for input c, the correlation is E<g_1, g_2>/E|g_1|^2.

layered         x -> skip x + scale W max(x, 0), L layers: feed-forward (skip 0), residual and highway networks. A layer is
                positively homogeneous, so the correlation depends on scale/skip alone; skip^2 + scale^2 = 1 keeps lengths.
normalized      x -> x + beta W max(BN(x), 0), L - 1 layers, with real batch normalisation over k inputs, all pairs of a
                batch together (see ``numerics.experiments.normalized`` for what it does to sums)

Reference: balduzzi2017, theorems 1 to 3 and corollary 1. Assumptions: Gaussian weights, independent normal inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numerics.ensembles import Inputs, residual
from numerics.evidence.kept import measured
from numerics.experiments.estimate import Estimate, drawn, ratio
from numerics.sampling.passes import Pass, gram

if TYPE_CHECKING:
    from torch import Tensor

WIDTH = 128
BATCH = 16
NETWORKS = 1000  # for each estimate; with batches a tenth, which have 120 pairs each


@measured
def layered(depth: int, skip: float, scale: float) -> Estimate:
    """The correlation over ``depth`` layers."""
    inputs = Inputs((WIDTH,), count=2, squared_length=WIDTH, random=True)
    network = residual(WIDTH, (scale,) * depth, "preactivation", skip=skip, inputs=inputs)
    experiment = f"shattering, {depth} deep, skip {skip:.12g}, scale {scale:.12g}"
    return ratio(drawn(network, NETWORKS, _products, experiment))


@measured
def normalized(depth: int, beta: float) -> Estimate:
    """The correlation over ``depth - 1`` layers with skip connections and batch normalisation."""
    inputs = Inputs((WIDTH,), count=BATCH, squared_length=WIDTH, random=True)
    network = residual(WIDTH, (beta,) * (depth - 1), "preactivation", batch_norm=True, inputs=inputs)
    experiment = f"shattering, normalised, {depth} deep, beta {beta:.12g}"
    return ratio(drawn(network, NETWORKS // 10, _products, experiment))


def _products(seen: Pass) -> Tensor:
    """The means of <g_c, g_c'> over all pairs and of |g_c|^2, over N, (B, 2)."""
    import torch

    products = gram(seen.slopes[0]) / seen.slopes[0].shape[2]
    count = products.shape[1]
    squares = products.diagonal(dim1=1, dim2=2).sum(1)
    pairs = (products.sum((1, 2)) - squares) / (count * (count - 1))
    return torch.stack([pairs, squares / count], dim=1)
