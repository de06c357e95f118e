"""Cells and tables as LaTeX: booktabs rules, siunitx columns aligned at the decimal mark, words broken into lines.

A table stands in any document with booktabs and siunitx loaded. A short one is one float. A long one breaks over pages
where longtable is loaded, too; where it is not, it is a float a page, and its rows are the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

import sympy as sp

from papers.table import Cell, Column, Number, Table, plain, rounded
from papers.words import escape, typeset
from theory.proof import render

if TYPE_CHECKING:
    from jinja2 import Template

FULL = 8  # columns of numbers that fill a page of article in \small
LINE = 95  # characters of \footnotesize on a line of article
RAGGED = 78  # of them are used where words are broken in a narrow column, as measured on the longest tables
GAP = 0.25  # lines between rows
PAGE = 49  # such lines on a page of article, less the head and what surrounds a float
_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:\(([0-9]+)\))?(?:e(-?)([0-9]+))?")

__all__ = ["cell", "escape", "table", "typeset"]


def cell(content: Cell) -> str:
    """Words, a formula, or both in a row, as LaTeX text."""
    if isinstance(content, tuple):
        return "".join(map(cell, content))
    return f"${render.latex(content)}$" if isinstance(content, sp.Basic) else typeset(str(content))


@dataclass(frozen=True)
class _Row:
    """A row's lines of cells; a heading has one cell over all columns.  height: in lines of print."""

    lines: tuple[list[str], ...]
    heading: bool
    height: float


def table(record: Table) -> str:
    """A float, or a long table, with caption, label and notes."""
    numeric = [record.is_number(at) for at in range(len(record.columns))]
    bodies = [[_body(*pair) for pair in zip(row, record.columns, numeric, strict=True)] for row in record.rows]
    headings = [_body(column.heading, column, at) for column, at in zip(record.columns, numeric, strict=True)]
    columns = [
        _kind(column, [row[at] for row in bodies] if numeric[at] else None) for at, column in enumerate(record.columns)
    ]
    rows = [_row(cells, body, record.columns) for cells, body in zip(record.rows, bodies, strict=True)]
    formulas = any(isinstance(content, sp.Basic) for row in record.rows for content in row)
    wrapped = any(column.width for column in record.columns)
    return _template().render(
        name=record.name.replace("_", "-"),
        short=escape(record.name.replace("_", " ")),  # for lists of tables, where no formula belongs
        caption=cell(record.caption),
        columns=[kind for kind, column in zip(columns, record.columns, strict=True) if not column.below],
        size="footnotesize" if record.long or len(record.columns) > FULL else "small",
        stretch="1.4" if formulas and not wrapped else "1",  # fractions of neighbouring rows are not to touch
        space=r"\addlinespace[2pt]" if wrapped else "",
        groups=list(_groups([column for column in record.columns if not column.below])),
        headings=list(_lines(headings, record.columns)),
        rows=rows,
        pages=_pages(rows, math.ceil(len(plain(record.caption)) / LINE)) if record.long else (),
        notes=[cell(note) for note in record.notes],
    )


def _row(cells: Sequence[Cell], body: list[str], columns: tuple[Column, ...]) -> _Row:
    """A row with words in its first cell alone is a heading of those below it."""
    if len(body) > 1 and isinstance(cells[0], str) and all(cell == "" for cell in cells[1:]):
        return _Row(([cell(cells[0])],), True, 1 + GAP)
    parts = (_height(content, column) for content, column in zip(cells, columns, strict=True))
    return _Row(tuple(_lines(body, columns)), False, GAP + max(parts))


def _height(content: Cell, column: Column) -> int:
    length = len(plain(content))
    one_line = not column.width or length <= LINE * column.width
    return 1 if one_line else math.ceil(length / (RAGGED * column.width))


def _pages(rows: Sequence[_Row], taken: float) -> list[tuple[str, list[_Row]]]:
    """The rows page by page, each with its name; a heading stands with the row below it.  taken: lines of the first."""
    pages: list[list[_Row]] = [[]]
    for block in _with_their_headings(rows):
        height = sum(row.height for row in block)
        if pages[-1] and taken + height > PAGE:
            pages, taken = [*pages, []], 0
        pages[-1] += block
        taken += height
    return [("".join("ABCDEFGHIJ"[int(digit)] for digit in str(at)), page) for at, page in enumerate(pages)]


def _with_their_headings(rows: Iterable[_Row]) -> Iterator[list[_Row]]:
    waiting: list[_Row] = []
    for row in rows:
        waiting.append(row)
        if not row.heading:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _lines(row: list[str], columns: tuple[Column, ...]) -> Iterator[list[str]]:
    """A row as one line, or as two where some columns go below their neighbours."""
    first: list[str] = []
    second: list[str] = []
    for text, column in zip(row, columns, strict=True):
        if column.below:
            second[-1] = text
        else:
            first, second = [*first, text], [*second, ""]
    yield first
    if any(column.below for column in columns):
        yield second


def _body(content: Cell, column: Column, numeric: bool) -> str:
    """A cell of the table; braces keep siunitx from reading words in a column of numbers."""
    if isinstance(content, (Decimal, Number)):
        return rounded(content, column)
    return f"{{{cell(content)}}}" if numeric else cell(content)


def _kind(column: Column, numbers: list[str] | None) -> str:
    """The column's specification; siunitx loads array, which >{} and \\arraybackslash need."""
    if numbers is not None:
        return _number_column(numbers)
    width = f"p{{{column.width:g}\\linewidth}}"
    return rf">{{\raggedright\arraybackslash}}{width}" if column.width else "l"


def _number_column(shown: list[str]) -> str:
    """An S column as wide as its numbers; cells that are no numbers are not counted."""
    numbers = [found.groups(default="") for text in shown if (found := _NUMBER.fullmatch(text))]
    sign, whole, places, error, minus, power = (max(len(parts[at]) for parts in numbers) for at in range(6))
    errors, powers = f"({error})" if error else "", f"e{'-' * minus}{power}" if power else ""
    return f"S[table-format={'-' * sign}{whole}.{places}{errors}{powers}]"


def _groups(columns: list[Column]) -> Iterator[tuple[str, int, int]]:
    """Each shared heading with its first and last column, counted from 1; none where no column has one."""
    last = 0
    for group, members in groupby(columns, key=lambda column: column.group):
        first, last = last + 1, last + len(list(members))
        if any(column.group for column in columns):
            yield cell(group), first, last


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    delimiters: dict[str, Any] = {
        **{"block_start_string": "<%", "block_end_string": "%>"},
        **{"variable_start_string": "<<", "variable_end_string": ">>"},
        **{"comment_start_string": "<#", "comment_end_string": "#>"},
    }
    environment = Environment(
        loader=PackageLoader("papers"), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=False, **delimiters,
    )  # fmt: skip
    return environment.get_template("table.tex")
