"""The tables and figures that lie in the folder, a chapter each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from papers.figures import FIGURES
from papers.handbook.prose import heading
from papers.latex import cell
from papers.tables import TABLES

ON_A_PAGE = 4  # floats before a page must end: LaTeX holds back only a few


def names(folder: Path) -> tuple[list[str], list[str]]:
    """Which tables and which figures the folder has, in the order of their registries."""
    tables = [name for name in TABLES if (folder / "tables" / f"{name}.tex").exists()]
    figures = [name for name in FIGURES if (folder / "figures" / f"{name}.pdf").exists()]
    return tables, figures


def chapters(folder: Path) -> Iterator[str]:
    """The chapters of tables and of figures, where the folder has any."""
    tables, figures = names(folder)
    for title, floats in (("Tables", list(map(_table, tables))), ("Figures", list(map(_figure, figures)))):
        if floats:
            pages = [floats[at : at + ON_A_PAGE] for at in range(0, len(floats), ON_A_PAGE)]
            yield "\n".join([heading(title, "chapter"), "\n\\clearpage\n".join("\n".join(page) for page in pages)])


def _table(name: str) -> str:
    return rf"\input{{tables/{name}.tex}}"


def _figure(name: str) -> str:
    picture = FIGURES[name]
    return rf"\exhibit{{{name}}}{{{name.replace('_', '-')}}}{{{cell(picture.caption)}}}"
