"""How flat the cost of a small network is while two of its weights vary: cross-entropy against quadratic cost.

One hidden tanh layer, softmax outputs, normal inputs, uniform labels, weights by eq. 16. W^0_{1,1} and W^1_{1,1} run over a
square grid, the others stay. A point lies on a plateau of a cost where the gradient in the two weights is shorter than
FLAT times the cost's mean slope, its range over the square by the square's side: no unit of the cost matters. Beside it the
same threshold RAW for both costs, in their own units. Only where both measures agree is one cost the flatter.

Reference: glorot2010, section 4.1 and figure 5 (one random network, shown and not measured).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from numerics.sampling import streams
from numerics.training.experiments.glorot_networks import CPU, network
from numerics.training.fleet import Fleet, Ship

WIDTHS = (10, 10, 5)
EXAMPLES = 50
SIDE = 8.0  # the weights run over [-4, 4], where tanh of a normal input is saturated at both ends
FLAT = 0.1  # of the mean slope
RAW = 0.01  # in units of the cost, a weight's unit


@dataclass(frozen=True)
class Plateaus:
    """Shares of the grid on plateaus of the two costs, relative to the cost's mean slope, and by one raw threshold."""

    cross_entropy: float
    quadratic: float
    cross_entropy_raw: float
    quadratic_raw: float


def plateaus(seed: str, points: int) -> Plateaus:
    """Of the network of a seed, on a grid of ``points`` by ``points``."""
    entropy, square, weights = costs(seed, points)
    (steep, steep_raw), (mild, mild_raw) = _flat(entropy, weights), _flat(square, weights)
    return Plateaus(steep, mild, steep_raw, mild_raw)


def drawn(seed: str) -> tuple[Fleet, Tensor, Tensor]:
    """The network of a seed, its inputs and labels."""
    stream = streams.generator(CPU, "plateaus", seed)
    inputs = torch.randn((EXAMPLES, WIDTHS[0]), generator=stream)
    labels = torch.randint(WIDTHS[-1], (EXAMPLES,), generator=stream)
    return Fleet([Ship(network("tanh N", WIDTHS), seed)], CPU), inputs, labels


def costs(seed: str, points: int) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
    """Cross-entropy and quadratic cost, (points^2,), and the two weights that they are functions of, likewise."""
    fleet, inputs, labels = drawn(seed)
    first, second = (w[0].detach() for w in fleet.weights)
    line = torch.linspace(-SIDE / 2, SIDE / 2, points)
    one, other = (axis.flatten().requires_grad_() for axis in torch.meshgrid(line, line, indexing="ij"))
    below = inputs @ first
    moved = below[:, 0] + (one[:, None] - first[0, 0]) * inputs[:, 0]  # s^0_1, (grid, examples); the other units stay
    others = torch.tanh(below[:, 1:]) @ second[1:]
    row = torch.cat([other[:, None], second[0, 1:].expand(len(other), -1)], dim=1)  # of W^1, (grid, classes)
    logs = (others + torch.tanh(moved).unsqueeze(2) * row.unsqueeze(1)).log_softmax(dim=2)
    answers = functional.one_hot(labels, WIDTHS[-1])
    entropy, square = -(logs * answers).sum(2).mean(1), (logs.exp() - answers).square().sum(2).mean(1)
    return entropy, square, (one, other)


def _flat(cost: Tensor, weights: tuple[Tensor, Tensor]) -> tuple[float, float]:
    """The shares of the grid with a gradient below FLAT mean slopes, and below RAW."""
    sizes = torch.hypot(*torch.autograd.grad(cost.sum(), weights, retain_graph=True))
    slope = (cost.max() - cost.min()).detach() / SIDE
    return float((sizes < FLAT * slope).double().mean()), float((sizes < RAW).double().mean())
