"""What is measured of every layer of a fleet on a fixed set of examples, before and while it trains.

Layers are those of glorot2010: s^i = z^i W^i + b^i, z^{i+1} = f(s^i); residual bodies are not looked into. Results are
tuples, a row a network and a number a layer. Variances and percentiles are over units and examples together; gradients
are those of the cost of one example.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from numerics.ensembles import Affine
from numerics.ensembles.layers import Activation
from numerics.sampling.passes import gram, squared_norm
from numerics.training.fleet import Fleet

PERCENTILE = 0.98  # of |z| (glorot2010, figures 2 and 3)
LARGEST = 2**24  # values that torch's quantile takes

Rows = tuple[tuple[float, ...], ...]  # (B, layers)


def means(fleet: Fleet, inputs: Tensor) -> Rows:
    """The mean of each hidden activation, inputs (k, features)."""
    return _rows([z.mean(1) for z in _hidden(fleet, inputs)])


def deviations(fleet: Fleet, inputs: Tensor) -> Rows:
    """The standard deviation of each hidden activation."""
    return _rows([z.std(1) for z in _hidden(fleet, inputs)])


def percentiles(fleet: Fleet, inputs: Tensor) -> Rows:
    """The 98th percentile of |z| of each hidden activation."""
    return _rows([z.abs()[:, :LARGEST].quantile(PERCENTILE, dim=1) for z in _hidden(fleet, inputs)])


def lengths(fleet: Fleet, inputs: Tensor) -> Rows:
    """The mean over examples of |z|^2/n for the inputs and the output of every layer."""
    with torch.no_grad():
        values = [inputs.unsqueeze(0).expand(fleet.size, *inputs.shape), *fleet.forward(inputs.unsqueeze(0))]
    return _rows([(squared_norm(z) / z[0, 0].numel()).mean(1) for z in values])


def gradient_deviations(fleet: Fleet, inputs: Tensor, labels: Tensor) -> tuple[Rows, Rows]:
    """Standard deviations of dC/ds^i, and of dC/dW^i of the mean cost, for every dense layer i."""
    back, weights = _gradients(fleet, inputs, labels)
    return _rows([g.flatten(1).std(1) for g in back]), _rows([g.flatten(1).std(1) for g in weights])


def singular_values(fleet: Fleet, inputs: Tensor) -> Rows:
    """The mean singular value of dz^{i+1}/dz^i, over examples, for every dense layer with an activation and all below it."""
    found = []
    outputs = fleet.forward(inputs.unsqueeze(0))
    numbers = iter(range(len(fleet.weights)))
    for layer, above, values in zip(fleet.layers, fleet.layers[1:], outputs, strict=False):
        if isinstance(layer, Affine) and isinstance(above, Activation):
            slopes = _slopes(above, values)
            jacobians = fleet.weights[next(numbers)].detach().unsqueeze(1) * slopes.unsqueeze(2)
            found.append(torch.linalg.svdvals(jacobians).mean(dim=(1, 2)))
    return _rows(found)


def gradient_correlation(fleet: Fleet, inputs: Tensor) -> tuple[float, ...]:
    """The mean cosine between the gradients, in two different inputs, of the sum of the outputs; one a network."""
    slopes = input_gradients(fleet, inputs)
    products = gram(slopes)
    sizes = products.diagonal(dim1=1, dim2=2).clamp(min=torch.finfo(torch.float64).tiny).sqrt()
    cosines = products / (sizes.unsqueeze(1) * sizes.unsqueeze(2))
    count = products.shape[1]
    others = cosines.sum((1, 2)) - cosines.diagonal(dim1=1, dim2=2).sum(1)
    return tuple((others / (count * (count - 1))).tolist())


def effective_rank(fleet: Fleet, inputs: Tensor) -> tuple[float, ...]:
    """tr(D D^T)/|D|^2 of the input gradients D, (k, features), of the sum of the outputs; one a network (balduzzi2017)."""
    values = torch.linalg.svdvals(input_gradients(fleet, inputs).double().flatten(2)).square()
    return tuple((values.sum(1) / values[:, 0]).tolist())


def input_gradients(fleet: Fleet, inputs: Tensor) -> Tensor:
    """The gradient of the sum of the outputs in each input, (B, k, features)."""
    rows = inputs.unsqueeze(0).repeat(fleet.size, *(1,) * inputs.dim()).requires_grad_()
    with torch.enable_grad():
        total = fleet.forward(rows)[-1].sum()
    return torch.autograd.grad(total, rows)[0]


def _gradients(fleet: Fleet, inputs: Tensor, labels: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    """dC/ds^i of each example's cost, and dC/dW^i of the mean cost."""
    with torch.enable_grad():
        outputs = fleet.forward(inputs.unsqueeze(0))
        below = [output for layer, output in zip(fleet.layers, outputs, strict=True) if isinstance(layer, Affine)]
        cost = functional.cross_entropy(outputs[-1].flatten(0, 1), labels.repeat(fleet.size), reduction="sum")
    found = torch.autograd.grad(cost, [*below, *fleet.weights])
    return found[: len(below)], tuple(g / len(labels) for g in found[len(below) :])


def _slopes(activation: Activation, values: Tensor) -> Tensor:
    """f'(s), elementwise."""
    from numerics.sampling import activations

    at = values.detach().requires_grad_()
    with torch.enable_grad():
        total = activations.apply(activation, at).sum()
    return torch.autograd.grad(total, at)[0]


def _hidden(fleet: Fleet, inputs: Tensor) -> list[Tensor]:
    """Each hidden activation, (B, k times units)."""
    with torch.no_grad():
        outputs = fleet.forward(inputs.unsqueeze(0))
    return [z.flatten(1) for layer, z in zip(fleet.layers, outputs, strict=True) if isinstance(layer, Activation)]


def _rows(columns: list[Tensor]) -> Rows:
    """A row a network of what is given layer by layer."""
    return tuple(map(tuple, torch.stack(columns, dim=1).double().tolist()))
