"""Plain training loops: each network of a fleet follows its own gradient, on minibatches that its seed decides.

    SGD    w <- w - rate g
    Adam   kingma2015, with its usual constants

*Batches.* Minibatches are drawn with replacement from the training set, uniformly, from the stream (seed of the run,
"batch", step): step t has the same minibatch whether the run was interrupted or not, and all networks of a fleet see the
same one. A stream of generated images has no set: there step t's images are generated from that stream.

*Divergence.* A network whose loss or gradient is not finite stops, with the parameters it has. Others are not touched.

*Resumption.* A checkpoint is the parameters, the optimiser's moments, the step and the history, written whole or not at all;
as everything else is decided by seeds and steps, a run that is resumed ends as one that was not interrupted, bit by bit
on one machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

from numerics.training.fleet import Fleet

Batch = tuple[Tensor, Tensor]  # inputs (k, *shape) float32 and labels (k,) int64
Batches = Callable[[int], Batch]  # the minibatch of a step
Monitor = Callable[[Fleet, int], Any]  # what is measured of a fleet at a step, as JSON
BETAS, SMALL = (0.9, 0.999), 1e-8  # Adam's constants (kingma2015)


@dataclass(frozen=True)
class Plan:
    """How a fleet trains.  rates: a learning rate for each network.  every: steps between two calls of the monitors."""

    steps: int
    rates: tuple[float, ...]
    every: int
    optimiser: Literal["sgd", "adam"] = "sgd"
    final_rate: float = 1.0  # of the first: the rate falls geometrically from step to step


@dataclass
class Training:
    """A run in progress: ``step`` steps are done; ``history``: (step, what the monitor gave) in order."""

    fleet: Fleet
    plan: Plan
    step: int = 0
    history: list[tuple[int, Any]] = field(default_factory=list)
    alive: Tensor = field(init=False)
    moments: list[list[Tensor]] = field(init=False)

    def __post_init__(self) -> None:
        self.alive = torch.ones(self.fleet.size, dtype=torch.bool, device=self.fleet.device)
        twice = 2 if self.plan.optimiser == "adam" else 0
        self.moments = [[torch.zeros_like(p) for p in self.fleet.parameters] for _ in range(twice)]

    def advance(self, batches: Batches, monitor: Monitor, until: int) -> None:
        """Train to step ``until``, and measure at step 0, every ``plan.every`` steps, and at the end of the plan."""
        while True:
            due = self.step % self.plan.every == 0 or self.step == self.plan.steps
            if due and (not self.history or self.history[-1][0] < self.step):
                self.history.append((self.step, monitor(self.fleet, self.step)))
            if self.step >= until:
                return
            self._descend(*batches(self.step))
            self.step += 1

    def _descend(self, inputs: Tensor, labels: Tensor) -> None:
        loss = losses(self.fleet, inputs, labels)
        self.alive &= loss.isfinite()
        gradients = torch.autograd.grad(loss[self.alive].sum(), self.fleet.parameters) if self.alive.any() else []
        rates = torch.tensor(self.plan.rates, device=self.fleet.device) * self.plan.final_rate ** (
            self.step / self.plan.steps
        )
        with torch.no_grad():
            moves = [self._move(at, gradient) for at, gradient in enumerate(gradients)]
            if moves:  # a sum is finite where all terms are, and takes one pass
                self.alive &= torch.stack([move.flatten(1).sum(1) for move in moves]).isfinite().all(0)
            steps, whole = torch.where(self.alive, rates, 0.0), bool(self.alive.all())
            for parameter, move in zip(self.fleet.parameters, moves, strict=False):
                shape = (-1, *(1,) * (parameter.dim() - 1))
                finite = move if whole else torch.where(self.alive.view(shape), move, 0.0)
                parameter.addcmul_(finite, steps.view(shape), value=-1)

    def _move(self, at: int, gradient: Tensor) -> Tensor:
        """The direction of the step for one parameter."""
        if self.plan.optimiser == "sgd":
            return gradient
        moves = []
        for moment, beta, power in zip(self.moments, BETAS, (1, 2), strict=True):
            moment[at].mul_(beta).add_(gradient**power, alpha=1 - beta)
            moves.append(moment[at] / (1 - beta ** (self.step + 1)))
        return moves[0] / (moves[1].sqrt() + SMALL)

    def state(self) -> dict[str, Any]:
        """All that a resumed run needs, as tensors, numbers and lists."""
        return {
            "step": self.step,
            "history": self.history,
            "alive": self.alive,
            "moments": self.moments,
            **self.fleet.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a ``state``."""
        self.step, self.history = state["step"], [(step, found) for step, found in state["history"]]
        self.alive, self.moments = state["alive"], state["moments"]
        self.fleet.restore(state)


def losses(fleet: Fleet, inputs: Tensor, labels: Tensor) -> Tensor:
    """The mean cross-entropy of each network over a batch, (B,)."""
    logits = fleet.forward(inputs.unsqueeze(0))[-1]
    flat = functional.cross_entropy(logits.flatten(0, 1), labels.repeat(fleet.size), reduction="none")
    return flat.view(fleet.size, -1).mean(dim=1)


def errors(fleet: Fleet, inputs: Tensor, labels: Tensor, chunk: int = 2000) -> Tensor:
    """The share of wrong answers of each network, (B,); what is not finite is wrong."""
    wrong = torch.zeros(fleet.size, device=fleet.device)
    with torch.no_grad():
        for rows, answers in zip(inputs.split(chunk), labels.split(chunk), strict=True):
            logits = fleet.forward(rows.unsqueeze(0))[-1]
            wrong += ((logits.argmax(dim=2) != answers) | ~logits.isfinite().all(dim=2)).sum(dim=1)
    return wrong / len(labels)


def minibatches(
    inputs: Tensor, labels: Tensor, size: int, seed: str, stream: Callable[..., torch.Generator]
) -> Batches:
    """Rows of a training set, drawn with replacement for each step."""

    def batch(step: int) -> Batch:
        drawn = stream(seed, "batch", step)
        rows = torch.randint(len(labels), (size,), generator=drawn, device=drawn.device)
        return inputs[rows], labels[rows]

    return batch
