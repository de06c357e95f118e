"""Long training in pieces: a checkpoint now and then, from which an interrupted run goes on as if nothing had happened.

A checkpoint belongs to one training: to its name and plan, the weights it starts from, its first minibatch, and the code
that trains and measures. After a change of any of them it is not taken up, and the training begins anew.
Reference: none; the guarantees are those of ``loop`` and ``checkpoint``.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from numerics.evidence.kept import code_of
from numerics.training import checkpoint
from numerics.training.loop import Batches, Monitor, Training

EVERY = 30.0  # seconds between two checkpoints: what an interruption may cost
PIECE = 20  # steps between two looks at the clock

Progress = Callable[[int, int, str], None]  # done, total, what


def _nothing(done: int, total: int, what: str) -> None:
    pass


_progress: Progress = _nothing
_resume = True


@contextmanager
def conducted(progress: Progress = _nothing, resume: bool = True) -> Iterator[None]:
    """Until the block ends, tell ``progress`` how far each training is, and begin anew unless it may ``resume``."""
    global _progress, _resume
    before = _progress, _resume
    _progress, _resume = progress, resume
    try:
        yield
    finally:
        _progress, _resume = before


def cache_folder() -> Path:
    """Where checkpoints and fetched data are kept: $XDG_CACHE_HOME/initium, or ~/.cache/initium."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if os.path.isabs(named) else Path.home() / ".cache") / "initium"


def train(training: Training, batches: Batches, monitor: Monitor, name: str) -> Training:
    """Carry a training through its plan, from its checkpoint where there is one; ``name`` tells it from all others.

    Raises NotSaved where the checkpoint is damaged or cannot be written.
    """
    path = cache_folder() / "checkpoints" / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.npz"
    run = _identity(training, batches, monitor, name)
    if _resume and (state := checkpoint.load(path, run, training.fleet.device)) is not None:
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


def _identity(training: Training, batches: Batches, monitor: Monitor, name: str) -> str:
    digest = hashlib.sha256()
    for tensor in (*training.fleet.parameters, *batches(0)):
        digest.update(tensor.detach().cpu().numpy().tobytes())
    measures = getattr(monitor, "func", monitor).__module__  # that of a partial function is its function's
    code = code_of(__name__, *({measures} - {"__main__"}))  # a session's own functions have no source to look up
    return f"{name} {training.plan} {digest.hexdigest()} {code}"
