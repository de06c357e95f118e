"""Where evidence, tables and figures are: the committed ones, and those of one's own runs."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent
EVIDENCE, PRINTED = HERE / "evidence", HERE / "printed"
BUILD = Path("papers/build")
MEASUREMENTS = "measurements.jsonl"  # drawn at initialisation
TRAINING = "training.jsonl"  # of experiments


def committed() -> tuple[Path, ...]:
    """The files of committed evidence."""
    return tuple(sorted(EVIDENCE.glob("*.jsonl")))


def evidence(folder: Path = BUILD) -> tuple[Path, ...]:
    """The committed evidence, and that of experiments run into a folder."""
    return (*committed(), folder / TRAINING)
