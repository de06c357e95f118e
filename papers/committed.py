"""Where the committed evidence, tables and figures are."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent
EVIDENCE, PRINTED = HERE / "evidence", HERE / "printed"
MEASUREMENTS = EVIDENCE / "measurements.jsonl"


def committed() -> tuple[Path, ...]:
    """The files of committed evidence."""
    return tuple(sorted(EVIDENCE.glob("*.jsonl")))
