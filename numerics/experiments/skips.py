"""The correlation of two inputs' gradients in real residual networks, without and with batch normalisation.

    without   x^{i+1} = skip x^i + scale W^i max(x^i, 0)          with   x^{i+1} = skip x^i + scale W^i max(BN(x^i), 0)

of width N, weights of variance 2/N, k independent normal inputs of variance 1 and one gradient G at the output, the same for
all of them.  With g_c = dC/dx^1 for input c the correlation is E<g_1, g_2>/E|g_1|^2, over all pairs of inputs.  Gradients go
through the batch's mean and deviation too (``numerics.experiments.normalized`` says what that does).

*Exact after one module without normalisation*, at any width: the masks of independent inputs are fair coins, independent of
G, and the correlation is that of typical datapoints, (skip^2 + scale^2/2)/(skip^2 + scale^2).
Reference: balduzzi2017, theorems 2 and 3.  Assumptions: Gaussian weights, independent normal inputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numerics.ensembles import Inputs, Network, residual
from numerics.evidence.kept import measured
from numerics.experiments.estimate import Estimate, drawn, ratio
from numerics.sampling.passes import Pass, gram

if TYPE_CHECKING:
    from torch import Tensor


def network(width: int, modules: int, skip: float, scale: float, batch: int, normalized: bool) -> Network:
    """That many residual modules."""
    inputs = Inputs((width,), count=batch, squared_length=width, random=True)
    return residual(width, (scale,) * modules, "preactivation", skip=skip, batch_norm=normalized, inputs=inputs)


@measured
def correlation(
    width: int, modules: int, skip: float, scale: float, batch: int, normalized: bool, networks: int
) -> Estimate:
    """The gradient correlation of real networks, all pairs of a batch together."""
    kind = "normalised" if normalized else "plain"
    experiment = f"{kind} skips, {width} wide, {modules} modules {skip:.12g} {scale:.12g}, {batch} inputs"
    return ratio(drawn(network(width, modules, skip, scale, batch, normalized), networks, _moments, experiment))


def _moments(seen: Pass) -> Tensor:
    """The means of <g_1, g_2> over all pairs and of |g_1|^2 over all inputs, over N, (B, 2)."""
    import torch

    products = gram(seen.slopes[0]) / seen.slopes[0].shape[2]
    batch = products.shape[1]
    squares = products.diagonal(dim1=1, dim2=2).sum(1)
    others = products.sum((1, 2)) - squares
    return torch.stack([others / (batch * (batch - 1)), squares / batch], dim=1)
