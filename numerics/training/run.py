"""Long training in pieces: a checkpoint now and then, from which an interrupted run goes on as if nothing had happened.

Reference: none; the guarantees are those of ``loop`` and ``checkpoint``.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from numerics.training import checkpoint
from numerics.training.loop import Batches, Monitor, Training

EVERY = 30.0  # seconds between two checkpoints: what an interruption may cost
PIECE = 20  # steps between two looks at the clock

Progress = Callable[[int, int, str], None]  # done, total, what


def _nothing(done: int, total: int, what: str) -> None:
    pass


_progress: Progress = _nothing


@contextmanager
def reporting(progress: Progress) -> Iterator[None]:
    """Tell ``progress`` how far each training is, until the block ends."""
    global _progress
    before, _progress = _progress, progress
    try:
        yield
    finally:
        _progress = before


def cache_folder() -> Path:
    """Where checkpoints and fetched data are kept: $XDG_CACHE_HOME/initium, or ~/.cache/initium."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if os.path.isabs(named) else Path.home() / ".cache") / "initium"


def train(training: Training, batches: Batches, monitor: Monitor, name: str) -> Training:
    """Carry a training through its plan, from its checkpoint where there is one; ``name`` tells it from all others.

    Raises NotSaved where the checkpoint is damaged or cannot be written.
    """
    path = cache_folder() / "checkpoints" / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.npz"
    run = f"{name} {training.plan}"
    if (state := checkpoint.load(path, run, training.fleet.device)) is not None:
        training.restore(state)
    saved = time.monotonic()
    while training.step < training.plan.steps or not training.history or training.history[-1][0] < training.plan.steps:
        _progress(training.step, training.plan.steps, name)
        training.advance(batches, monitor, min(training.step + PIECE, training.plan.steps))
        if time.monotonic() - saved >= EVERY and training.step < training.plan.steps:
            checkpoint.save(path, run, training.state())
            saved = time.monotonic()
    path.unlink(missing_ok=True)
    return training
