"""A module's docstring as the opening of a section: its first sentence as the title, the rest as text and displays."""

from __future__ import annotations

import re
from itertools import groupby

from papers.handbook.words import words
from papers.latex import escape

COLUMNS = 3  # a block of so many lines, each of as many columns or more, is a table


def heading(text: str, depth: str = "section") -> str:
    """A sectioning command; the outline of the PDF shows the words as they were typed."""
    title = text.strip().rstrip(".")
    outline = escape(title.encode("ascii", "ignore").decode())
    return rf"\{depth}{{\texorpdfstring{{{words(title)}}}{{{outline}}}}}"


def opening(docstring: str) -> str:
    """Title and text of a module."""
    title, _, rest = docstring.strip().partition("\n")
    return "\n\n".join([heading(title), *_paragraphs(rest)])


def _paragraphs(text: str) -> list[str]:
    shown = []
    for filled, lines in groupby(text.split("\n"), key=lambda line: (bool(line.strip()), line.startswith("    "))):
        if filled[0]:
            block = list(lines)
            shown.append(_display(block) if filled[1] else _text(" ".join(block)))
    return shown


def _text(text: str) -> str:
    """A paragraph; references and assumptions, which close a docstring, each in a smaller one of their own."""
    parts = re.split(r"\b(?=(?:Reference|Assumptions|Related):)", text)
    main = rf"\noindent {words(parts[0].strip())}" if parts[0].strip() else ""
    notes = [rf"\aside{{{words(part.strip())}}}" for part in parts[1:]]
    return "\n\n".join(filter(None, [main, *notes]))


def _display(lines: list[str]) -> str:
    """Indented lines as formulas of their own; lines of several columns as a table."""
    rows = [re.split(r"\s{3,}", line.strip()) for line in lines]
    wide = len({len(row) for row in rows}) == 1 and len(rows) >= COLUMNS and len(rows[0]) >= COLUMNS
    cells = [[words(cell) for cell in row] for row in rows]
    if wide:
        first, *others = [" & ".join(row) + r" \\" for row in cells]
        body = "\n".join([first, r"\midrule", *others])
        return rf"\displaytable{{{'l' * len(rows[0])}}}{{{body}}}"
    spaced = [r"\qquad ".join(row) for row in cells]
    return "\n".join(rf"\displayline{{{line}}}" for line in spaced)
