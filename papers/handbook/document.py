"""The handbook as one LaTeX text: the template with its chapters."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path

from papers.handbook import exhibits, ledger, notations, theorems
from papers.latex import escape


def document(folder: Path) -> str:
    """The whole text; the tables and figures are those that `folder` has."""
    chapters = [
        *(notations.chapter(), *theorems.chapters(), *exhibits.chapters(folder), *ledger.chapters()),
        r"\appendix",
        *(theorems.assumptions(), theorems.index()),
    ]
    parts = {"<<version>>": _version(), "<<verdicts>>": theorems.counted(), "<<body>>": "\n\n".join(chapters)}
    text = files("papers").joinpath("templates", "handbook.tex").read_text(encoding="utf-8")
    for mark, part in parts.items():
        text = text.replace(mark, part)
    return text


def _version() -> str:
    try:
        return escape(version("initium"))
    except PackageNotFoundError:  # run from a checkout
        return "of a checkout"
