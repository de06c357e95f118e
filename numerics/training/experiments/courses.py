"""The course of each network of a fleet: its loss and its errors on fixed examples while it trains.

Numbers below 2^-126 are 0 here: processors that keep them as denormal numbers take a hundred times as long for each, and a
gradient so small moves no weight.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from numerics.sampling import devices, streams
from numerics.training.fleet import Fleet, Ship
from numerics.training.loop import Plan, Training, errors, losses, minibatches
from numerics.training.run import train

Examples = tuple[Tensor, Tensor]  # inputs (k, features) and labels (k,)


@dataclass(frozen=True)
class Course:
    """Mean cross-entropies, infinite where not finite, and shares of wrong answers at the steps they were measured at."""

    steps: tuple[int, ...]
    losses: tuple[float, ...]
    errors: tuple[float, ...]

    def first_below(self, error: float) -> float:
        """The first of the steps with at most that share of wrong answers; infinite if there is none."""
        return next(
            (float(step) for step, share in zip(self.steps, self.errors, strict=True) if share <= error), math.inf
        )


def courses(
    name: str, ships: Sequence[Ship], plan: Plan, batch: int, training: Examples, watched: Examples, device: str
) -> tuple[Course, ...]:
    """Train the fleet, from its checkpoint if there is one; ``name`` names the run and the stream of its minibatches."""
    place = devices.resolve(device)
    rows, answers, inputs, labels = (each.to(place) for each in (*training, *watched))
    with devices.full_precision(), flushed():
        batches = minibatches(rows, answers, batch, name, partial(streams.generator, place))
        trained = train(Training(Fleet(ships, place), plan), batches, partial(_measured, inputs, labels), name)
    steps = tuple(step for step, _ in trained.history)
    found = [found for _, found in trained.history]
    return tuple(
        Course(steps, tuple(_finite(at[0][number]) for at in found), tuple(at[1][number] for at in found))
        for number in range(len(ships))
    )


@contextmanager
def flushed() -> Iterator[None]:
    """Denormal numbers are 0 until the block ends."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _measured(inputs: Tensor, labels: Tensor, fleet: Fleet, step: int) -> list[list[float]]:
    with torch.no_grad():
        found = losses(fleet, inputs, labels)
    return [torch.nan_to_num(found, math.inf, math.inf).tolist(), errors(fleet, inputs, labels).tolist()]


def _finite(loss: float) -> float:
    return loss if math.isfinite(loss) else math.inf
