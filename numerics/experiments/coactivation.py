"""How often a rectifier is active for both of two inputs, layer by layer, with and without batch normalisation.

The network has L rectifier layers of width N at He's variance and m orthogonal inputs of one length; with batch
normalisation each unit's pre-activations lose their mean over the m inputs and are divided by their deviation.

*Exact in the first layer*, where pre-activations are normal at every width: independent without normalisation, of
correlation -1/(m - 1) with it (``shattering.coactivation``, ``shattering.normalized_coactivation``).
Reference: balduzzi2017, section 2.  Assumptions: Gaussian weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from numerics.ensembles import Activation, Affine, BatchNorm, Inputs, Network, Weights
from numerics.evidence.kept import measured
from numerics.experiments.estimate import Estimate, drawn, mean

if TYPE_CHECKING:
    from torch import Tensor

    from numerics.sampling.passes import Pass


@dataclass(frozen=True)
class Shares:
    """Of a layer's units: the share active for an input, and the share active for both of two."""

    active: Estimate
    coactive: Estimate


def network(width: int, depth: int, batch: int, normalized: bool) -> Network:
    """``depth`` rectifier layers, normalised over the ``batch`` of inputs or not."""
    normalization = (BatchNorm(),) if normalized else ()
    layer = (Affine(width, Weights("normal", 2, "fan_in")), *normalization, Activation("relu"))
    return Network(Inputs((width,), batch, squared_length=width), layer * depth)


@measured
def shares(width: int, depth: int, batch: int, normalized: bool, networks: int) -> tuple[Shares, ...]:
    """The shares in layers 1, ..., ``depth``, over all inputs and all pairs of them; the layers are of the same networks."""
    experiment = f"co-activation, {width} wide, {depth} deep, {batch} inputs, normalised: {normalized}"
    values = drawn(network(width, depth, batch, normalized), networks, _shares, experiment)
    return tuple(Shares(mean(values[:, at, 0]), mean(values[:, at, 1])) for at in range(depth))


def _shares(seen: Pass) -> Tensor:
    """The two shares in each layer, (B, L, 2)."""
    import torch

    _, *affine = seen.affine  # a layer ends where the next one's matrix begins
    ends = [*affine, len(seen.values) - 1]
    active = [(seen.values[end] > 0).double().sum(dim=1) for end in ends]  # inputs for which a unit is active, (B, N)
    batch = seen.values[0].shape[1]
    pairs = batch * (batch - 1)
    return torch.stack(
        [torch.stack([(n / batch).mean(1), (n * (n - 1) / pairs).mean(1)], dim=1) for n in active], dim=1
    )
