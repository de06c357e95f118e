"""The papers' figures, as PDF and PNG beside their data: lines are theory, dots samples with two standard errors."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from papers.figures.coactivation import PICTURES as COACTIVATION
from papers.figures.gaps import PICTURES as GAPS
from papers.figures.lengths import PICTURES as LENGTHS
from papers.figures.picture import Data, Picture, as_json, as_kept, digest
from papers.figures.random_walk import PICTURES as RANDOM_WALK
from papers.figures.shattering import PICTURES as SHATTERING
from papers.figures.style import style
from papers.figures.training_depth import PICTURES as TRAINED_DEPTH
from papers.figures.training_glorot import PICTURES as TRAINED_ACTIVATIONS
from papers.figures.training_gradients import PICTURES as TRAINED_GRADIENTS
from papers.figures.training_lengths import PICTURES as LENGTHS_OF_CONVOLUTIONS
from papers.figures.training_linear import PICTURES as TRAINED_LINEAR
from papers.figures.training_start import PICTURES as STARTS
from papers.figures.training_structure import PICTURES as STRUCTURE
from papers.figures.variance import PICTURES as VARIANCE
from papers.figures.walks import PICTURES as WALKS
from papers.files import write_text, write_whole
from papers.terminal import Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_AT_INITIALISATION = (*VARIANCE, *RANDOM_WALK, *WALKS, *LENGTHS, *GAPS, *SHATTERING, *COACTIVATION)
_TRAINED = (
    *(*TRAINED_ACTIVATIONS, *TRAINED_GRADIENTS, *TRAINED_DEPTH, *TRAINED_LINEAR),
    *(*STRUCTURE, *STARTS, *LENGTHS_OF_CONVOLUTIONS),
)
FIGURES = {picture.name: picture for picture in (*_AT_INITIALISATION, *_TRAINED)}


def write(folder: Path, progress: Progress = lambda done, total, what: None) -> list[Path]:
    """Write every figure into `folder`/figures as PDF, PNG and data (JSON); the paths.

    Raises NotHad where the folder cannot be written, DoesNotStand where a theorem does not stand.
    """
    paths = []
    for done, name in enumerate(FIGURES):
        progress(done, len(FIGURES), name)
        paths += write_one(name, folder)
    return paths


def write_one(name: str, folder: Path) -> list[Path]:
    """Write the figure of that name into `folder`/figures; raises as `write` does."""
    return save(FIGURES[name], folder / "figures")


def save(picture: Picture, folder: Path) -> list[Path]:
    """One figure with its data; without the date, so that the same data give the same files."""
    logging.getLogger("fontTools").setLevel(logging.ERROR)  # it warns of the dates inside Matplotlib's own fonts
    data, stem = as_kept(picture.data()), folder / picture.name
    with style():
        drawn = picture.draw(data)
        files = [write_whole(stem.with_suffix(f".{kind}"), _writer(drawn, kind, data)) for kind in ("pdf", "png")]
    return [*files, write_text(stem.with_suffix(".json"), as_json(data))]


def _writer(figure: Figure, kind: str, data: Data) -> Any:
    """Writes the figure with the digest of its data."""
    about: dict[str, Any] = (
        {"CreationDate": None, "Keywords": digest(data)} if kind == "pdf" else {"Data": digest(data)}
    )
    return lambda file: figure.savefig(file, format=kind, metadata=about)


def carried(path: Path) -> str | None:
    """The digest of the data that a drawn file says it was drawn from; None where it says nothing."""
    found = re.search(rb"(?:/Keywords \(|Data\x00)([0-9a-f]{64})", path.read_bytes()) if path.exists() else None
    return found.group(1).decode() if found else None
