"""Forward and backward variances of real linear networks, layer by layer.

In a network of widths n_0..n_(d+1) whose inputs have independent entries of variance 1, and whose output gradient too,
the mean squares of z^i, i = 0..d+1, and of dC/ds^i, i = 0..d, have as their means the variances of ``variance.activation``
and ``variance.backpropagated``: in a linear network the linear regime is no idealisation.

Reference: glorot2010, equations 5 and 6. Assumptions: Gaussian weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from numerics.ensembles import Inputs, Network, Weights, dense
from numerics.evidence.kept import measured
from numerics.experiments.estimate import Estimate, drawn, mean
from numerics.sampling.passes import Pass, squared_norm

if TYPE_CHECKING:
    from torch import Tensor

NETWORKS = 1000  # for each estimate: standard errors of some per cent

Layers = tuple[Estimate, ...]


def network(widths: tuple[int, ...], weight_variances: tuple[float, ...]) -> Network:
    """A linear network with random inputs of variance 1."""
    inputs = Inputs((widths[0],), squared_length=widths[0], random=True)
    return dense(widths, [Weights("normal", variance) for variance in weight_variances], inputs=inputs)


@measured
def estimates(name: str, widths: tuple[int, ...], weight_variances: tuple[float, ...]) -> tuple[Layers, Layers]:
    """E|z^i|^2/n_i, i = 0..d+1, and E|dC/ds^i|^2/n_(i+1), i = 0..d; ``name``: of the initialisation, and of its streams."""
    values = drawn(network(widths, weight_variances), NETWORKS, _mean_squares, f"layer variances, {name}")
    found = [mean(column) for column in values.T]
    return tuple(found[: len(widths)]), tuple(found[len(widths) :])


def _mean_squares(seen: Pass) -> Tensor:
    """The mean squares of all activations, then of all gradients, (B, 2d + 3)."""
    import torch

    rows = (*seen.activations, *seen.gradients)
    return torch.stack([squared_norm(row)[:, 0] / row.shape[2] for row in rows], dim=1)
