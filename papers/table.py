"""A table as a record: what its cells are, how its numbers are rounded in print, and its CSV and Markdown.

CSV keeps every digit that was computed; print (LaTeX, Markdown) rounds each column as it says.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import TypeAlias

import sympy as sp

from theory.proof.notation import unicode

Part: TypeAlias = str | sp.Basic
Cell: TypeAlias = Part | Decimal | tuple[Part, ...]  # words, a formula, a number, or words and formulas in a row


@dataclass(frozen=True)
class Column:
    """A heading, perhaps under one shared with its neighbours, and the rounding of its numbers in print.

    decimals: places after the point; significant: digits from the first that is not 0; at most one is given.
    below: whether a page, which is narrow, shows the column in a second line below the one before it.
    """

    heading: Cell
    group: Cell = ""
    decimals: int | None = None
    significant: int | None = None
    below: bool = False


@dataclass(frozen=True)
class Table:
    """name: of its files and, with hyphens, its label.  Caption and notes stand without a text around."""

    name: str
    caption: Cell
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[Cell, ...]

    def is_number(self, at: int) -> bool:
        """Whether the column holds numbers."""
        return any(isinstance(row[at], Decimal) for row in self.rows)


def rounded(number: Decimal, column: Column) -> str:
    """A number as the column prints it, in plain notation; a zero carries no sign."""
    decimals = column.decimals
    if column.significant is not None:
        number = Context(prec=column.significant).plus(number)
        decimals = max(0, column.significant - 1 - number.adjusted())
    text = f"{number:f}" if decimals is None else f"{number:.{decimals}f}"
    return text.lstrip("-") if Decimal(text) == 0 else text


def plain(cell: Cell) -> str:
    """A cell as one line of Unicode, a number with all its digits."""
    if isinstance(cell, tuple):
        return "".join(map(plain, cell))
    if isinstance(cell, Decimal):
        return f"{cell:f}" if cell.adjusted() >= -5 else f"{cell:e}"
    return unicode(cell) if isinstance(cell, sp.Basic) else re.sub(r"\s+", " ", cell)


def headings(table: Table) -> list[str]:
    """The headings in Unicode, each with that of its group."""
    return [", ".join(filter(None, (plain(c.group), plain(c.heading)))) for c in table.columns]


def as_csv(table: Table) -> str:
    """Comma-separated values with a line of headings."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([headings(table), *(map(plain, row) for row in table.rows)])
    return text.getvalue()


def as_markdown(table: Table) -> str:
    """A Markdown table between its caption and its notes."""
    rows = [list(map(_shown, row, table.columns)) for row in table.rows]
    rule = ["---:" if table.is_number(at) else "---" for at in range(len(table.columns))]
    lines = [_line(map(_literal, headings(table))), _line(rule), *map(_line, rows)]
    notes = [_literal(plain(note)) for note in table.notes]
    return "\n\n".join([_literal(plain(table.caption)), "\n".join(lines), *notes]) + "\n"


def _shown(cell: Cell, column: Column) -> str:
    return rounded(cell, column) if isinstance(cell, Decimal) else _literal(plain(cell))


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _literal(text: str) -> str:
    """Text in which Markdown finds nothing to interpret."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", text)
