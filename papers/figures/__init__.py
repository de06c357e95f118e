"""The papers' figures, as PDF and PNG: theory is drawn as lines, samples as dots with two standard errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from papers.figures.gaps import coin_gap, normalisation_gap, shattering_gap, tanh_gap
from papers.figures.random_walk import rectifier_gain
from papers.figures.style import style
from papers.figures.variance import layer_variances
from papers.files import write_whole
from papers.terminal import Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES = {
    "random_walk_gain": rectifier_gain,
    "layer_variances": layer_variances,
    "shattering_gap": shattering_gap,
    "tanh_gap": tanh_gap,
    "coin_gap": coin_gap,
    "normalisation_gap": normalisation_gap,
}


def write(folder: Path, progress: Progress = lambda done, total, what: None) -> list[Path]:
    """Write every figure into `folder`/figures as PDF and PNG; the paths.

    Raises NotHad where the folder cannot be written, DoesNotStand where a theorem does not stand.
    """
    paths = []
    for done, (name, draw) in enumerate(FIGURES.items()):
        progress(done, len(FIGURES), name)
        with style():
            paths += save(draw(), folder / "figures" / name)
    return paths


def save(figure: Figure, stem: Path) -> list[Path]:
    """One figure as PDF and PNG, without the date, so that the same figure is the same file."""
    dateless: dict[str, dict[str, Any]] = {"pdf": {"CreationDate": None}, "png": {}}
    return [
        write_whole(
            stem.with_suffix(f".{kind}"),
            lambda file, kind=kind, about=about: figure.savefig(file, format=kind, metadata=about),  # type: ignore[misc]
        )
        for kind, about in dateless.items()
    ]
