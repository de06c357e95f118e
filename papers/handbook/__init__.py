"""The handbook: one LaTeX document with the notation, every theorem and its proof, the tables, the figures, the ledger.

Nothing in it is typed that the theorems or the claims already say; the prose that opens a section is its file's own.
"""

from __future__ import annotations

from pathlib import Path

from papers.files import write_text
from papers.handbook.pdf import can_be_built, compiled

__all__ = ["can_be_built", "source", "write"]


def source(folder: Path) -> list[Path]:
    """Write handbook.tex and its bibliography into `folder`; it takes in the tables and figures that are there.

    Raises NotHad where the folder cannot be written.
    """
    from papers import references
    from papers.handbook.document import document

    return [write_text(folder / "handbook.tex", document(folder)), *references.write(folder)]


def write(folder: Path) -> list[Path]:
    """Write handbook.tex and handbook.pdf into `folder`; raises NotHad, with the text written, where TeX is missing."""
    text, *_ = source(folder)
    pdf, _ = compiled(folder)
    return [text, pdf]
