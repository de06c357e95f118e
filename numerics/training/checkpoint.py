"""Checkpoints: the state of a run in one file, written whole or not at all, and never executed when read.

A checkpoint is an archive of plain arrays (NumPy, pickling off) with the numbers and lists as JSON beside them, and a name
for the run that it belongs to: that of another run is not taken up.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

ABOUT = "about"  # the entry that holds the JSON


class NotSaved(Exception):
    """A checkpoint cannot be written, or cannot be read; the message is one sentence."""


def save(path: Path, run: str, state: dict[str, Any]) -> None:
    """Write the state of a run; what was there before stays until the new file is complete."""
    arrays: dict[str, Any] = {}
    about = {"run": run, "state": _without_tensors(state, arrays)}
    arrays[ABOUT] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as refusal:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        reason = refusal.strerror or str(refusal)
        raise NotSaved(
            f"cannot write {path}: {reason}; the checkpoint before it is kept, make room and resume."
        ) from refusal


def load(path: Path, run: str, device: torch.device) -> dict[str, Any] | None:
    """The state of that run, None where there is no checkpoint of it; raises NotSaved for a file that is damaged."""
    if not path.exists():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            about = json.loads(archive[ABOUT].tobytes())
            if about["run"] != run:
                return None
            tensors = {name: torch.from_numpy(archive[name]).to(device) for name in archive.files if name != ABOUT}
            state: dict[str, Any] = _with_tensors(about["state"], tensors)
            return state
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as damage:
        raise NotSaved(f"{path} is no checkpoint or is damaged; remove it to begin that run anew.") from damage


def _without_tensors(value: Any, arrays: dict[str, Any]) -> Any:
    """As JSON; each tensor becomes {"tensor": name} and is put into ``arrays``."""
    if isinstance(value, Tensor):
        name = f"tensor{len(arrays)}"
        arrays[name] = value.detach().cpu().numpy()
        return {"tensor": name}
    if isinstance(value, dict):
        return {name: _without_tensors(part, arrays) for name, part in value.items()}
    return [_without_tensors(part, arrays) for part in value] if isinstance(value, (list, tuple)) else value


def _with_tensors(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, dict):
        return (
            tensors[value["tensor"]]
            if set(value) == {"tensor"}
            else {k: _with_tensors(v, tensors) for k, v in value.items()}
        )
    return [_with_tensors(part, tensors) for part in value] if isinstance(value, list) else value
