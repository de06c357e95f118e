"""Where the matrix work is done, and in which precision.

Matrix work is float32 with TF32 off: TF32 keeps 10 bits of mantissa, an error of 5e-4 in every product, of
the size of the effects that are measured here. Statistics are float64 (``numerics.evidence``).
"""

from __future__ import annotations

import contextlib
import os
import platform
import threading
from collections.abc import Iterator
from typing import Any

import torch

DEVICES = ("cpu", "cuda", "auto")

_LOCK = threading.Lock()
_INSIDE: list[None] = []  # one entry for each thread that works in full precision
_BEFORE: list[Any] = []  # the settings to go back to


def resolve(name: str) -> torch.device:
    """The torch device for ``"cpu"``, ``"cuda"`` or ``"auto"`` (CUDA where there is one).

    Raises ValueError for another name, and RuntimeError where CUDA is asked for and absent or forced to TF32.
    """
    if name not in DEVICES:
        raise ValueError(f"unknown device {name!r}; choose one of {', '.join(DEVICES)}.")
    if name == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("device 'cuda' was asked for, but torch sees no CUDA device here; use 'cpu' or 'auto'.")
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    if os.environ.get("NVIDIA_TF32_OVERRIDE", "0") != "0":
        raise RuntimeError("NVIDIA_TF32_OVERRIDE forces TF32 on CUDA, but samples need full float32; unset it.")
    return torch.device("cuda")


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """Inside, float32 products and convolutions are full float32 (TF32 off); outside, the caller's setting is kept.

    The setting is torch's and holds for all threads: the first to come in saves it, the last to leave restores it.
    """
    with _LOCK:
        if not _INSIDE:
            _BEFORE[:] = [torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32]
            _set_precision("highest", False)
        _INSIDE.append(None)
    try:
        yield
    finally:
        with _LOCK:
            _INSIDE.pop()
            if not _INSIDE:
                _set_precision(*_BEFORE)


def _set_precision(matrices: str, tf32_convolutions: bool) -> None:
    torch.set_float32_matmul_precision(matrices)
    torch.backends.cudnn.allow_tf32 = tf32_convolutions


def record(device: torch.device) -> dict[str, str]:
    """What a run must say about its machine: device, torch version, precision switches."""
    model = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    with full_precision():
        precision, convolutions = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    return {
        "device": device.type,
        "model": model,
        "torch": torch.__version__,
        "matrix_dtype": "float32",
        "float32_matmul_precision": precision,
        "tf32_convolutions": str(convolutions),
        "statistics_dtype": "float64",
    }
