"""Tables and figures as HTML: numbers stand below each other at the decimal mark, pictures are inside the page."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

import sympy as sp
from markupsafe import Markup, escape

from papers.table import Cell, Column, Number, Table, plain, rounded
from papers.web.words import Linker, inline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from papers.figures.picture import Picture

LARGEST = 120_000  # bytes of a vector picture; a larger one is shown as pixels
PIXELS = 125  # of the page an inch of the picture: its letters are then as large as the caption's
DPI = 160  # of those pixels
PALETTE = 128  # colours of those pixels: a plot has few, and takes a third of the bytes so


# --- tables ---------------------------------------------------------------------------------------


def cell(content: Cell) -> Markup:
    """Words, a formula, or both in a row."""
    if isinstance(content, tuple):
        return Markup().join(map(cell, content))
    return inline(content) if isinstance(content, sp.Basic) else escape(re.sub(r"\s+", " ", str(content)))


def table(record: Table, linked: Linker) -> dict[str, Any]:
    """A table for its template: groups of headings, headings, rows of cells; names in cells and notes are linked.

    A cell has its text, the tag's class, and what is missing behind its last digit to be as long as the column's longest.
    """
    columns = [_column([row[at] for row in record.rows], column, linked) for at, column in enumerate(record.columns)]
    numeric = [record.is_number(at) for at in range(len(record.columns))]
    return {
        "name": record.name,
        "caption": cell(record.caption),
        "groups": list(_groups(record.columns)) if any(column.group for column in record.columns) else [],
        "headings": [
            (cell(c.heading), "number" if number else "") for c, number in zip(record.columns, numeric, strict=True)
        ],
        "rows": list(zip(*columns, strict=True)),
        "notes": [linked(note) if isinstance(note, str) else cell(note) for note in record.notes],
        "sources": record.sources,
    }


def _groups(columns: Sequence[Column]) -> list[tuple[Markup, int]]:
    """Shared headings with the number of columns they span."""
    return [(cell(group), len(list(members))) for group, members in groupby(columns, key=lambda column: column.group)]


def _column(contents: Sequence[Cell], column: Column, linked: Linker) -> list[dict[str, Any]]:
    """The cells of one column."""
    shown = [rounded(c, column) if isinstance(c, (Decimal, Number)) else None for c in contents]
    ends = [_end(text) for text in shown if text is not None]
    longest = {mark: max((end[mark] for end in ends), default=0) for mark in ".0()"}
    worded = "words" if column.width else ""
    return [
        {"text": linked(content) if isinstance(content, str) else cell(content), "kind": worded, "missing": ""}
        if text is None
        else {"text": text.replace("-", "−"), "kind": "number", "missing": _missing(text, longest)}
        for content, text in zip(contents, shown, strict=True)
    ]


def _end(number: str) -> dict[str, int]:
    """How many marks, digits and brackets a number has from its decimal mark on."""
    end = re.sub(r"^-?\d+", "", number)
    return {".": end.count("."), "0": sum(map(str.isdigit, end)), "(": end.count("("), ")": end.count(")")}


def _missing(number: str, longest: dict[str, int]) -> str:
    return "".join(mark * (longest[mark] - count) for mark, count in _end(number).items())


# --- figures --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """A picture in the page: its name, its caption, the theorems that it rests on, itself as a data URI, its pixels."""

    name: str
    caption: Cell
    theorems: tuple[str, ...]
    uri: str
    width: int

    @property
    def alternative(self) -> str:
        """What stands for the picture where it is not seen."""
        return f"Plot: {self.name.replace('_', ' ')}. {plain(self.caption)}"


def shown(picture: Picture) -> Shown:
    """A picture drawn for the page: the same data give the same bytes."""
    import matplotlib

    from papers.figures.style import style

    data = picture.data()
    with style(), matplotlib.rc_context({"svg.hashsalt": picture.name}):
        figure = picture.draw(data)
        vector = _saved(lambda file: figure.savefig(file, format="svg", metadata={"Date": None}))
        drawn = ("svg+xml", vector)
        if len(vector) > LARGEST:
            drawn = ("png", _pixels(figure))
    theorems = [name for name, about in data.get("sources", {}).items() if about["kind"] == "theorem"]
    uri = f"data:image/{drawn[0]};base64,{base64.b64encode(drawn[1]).decode()}"
    width = round(figure.get_figwidth() * PIXELS)
    return Shown(picture.name, picture.caption, tuple(theorems), uri, width)


def _pixels(figure: Figure) -> bytes:
    from PIL import Image

    full = _saved(lambda file: figure.savefig(file, format="png", dpi=DPI))
    with Image.open(io.BytesIO(full)) as image:
        few = image.convert("RGB").quantize(PALETTE, dither=Image.Dither.NONE)
    return _saved(lambda file: few.save(file, format="png", optimize=True))


def _saved(save: Callable[[io.BytesIO], object]) -> bytes:
    file = io.BytesIO()
    save(file)
    return file.getvalue()
