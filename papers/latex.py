"""Words and tables as LaTeX: booktabs rules, siunitx columns aligned at the decimal mark.

A table is one `table` environment that stands in any document with booktabs and siunitx loaded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

import sympy as sp

from papers.table import Cell, Column, Number, Table, rounded
from theory.proof import render

if TYPE_CHECKING:
    from jinja2 import Template

FULL = 8  # columns of numbers that fill a page of article in \\small
_MARKS = {  # that plain LaTeX shows as another sign, or does not know
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "`": r"\textasciigrave{}"},
    **{"'": "'{}", "-": "-{}"},  # two in a row would become a quotation mark or a dash
    **{"±": r"\(\pm\)", "−": r"\(-\)", "×": r"\(\times\)", "·": r"\(\cdot\)", "√": r"\(\surd\)"},
    **{"–": r"\textendash{}", "—": r"\textemdash{}", "…": r"\dots{}", "’": "'{}", "ß": r"\ss{}"},
}
_ACCENTS = dict(zip("\u0300\u0301\u0302\u0303\u0308\u030a\u0327\u030c", "`'^~\"rcv", strict=True))
_NUMBER = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:\(([0-9]+)\))?")
_JOINED = re.compile(r"([-'])\{\}(?![-'])")


def escape(text: str) -> str:
    """Words as LaTeX text in which every character stands for itself, on one line.

    A character that pdfLaTeX's standard fonts do not have is shown by its code point.
    """
    escaped = "".join(map(_escaped, re.sub(r"\s+", " ", text)))
    return _JOINED.sub(r"\1", escaped)


def _escaped(character: str) -> str:
    if character in _MARKS:
        return _MARKS[character]
    escaped = render.escape(character)
    if escaped != character or (character.isascii() and character.isprintable()):
        return escaped
    parts = unicodedata.normalize("NFD", character)
    if len(parts) == 2 and parts[0].isascii() and parts[0].isalpha() and parts[1] in _ACCENTS:
        return rf"\{_ACCENTS[parts[1]]}{{{parts[0]}}}"
    return rf"\texttt{{U+{ord(character):04X}}}"


def cell(content: Cell) -> str:
    """Words, a formula, or both in a row, as LaTeX text."""
    if isinstance(content, tuple):
        return "".join(map(cell, content))
    return f"${render.latex(content)}$" if isinstance(content, sp.Basic) else escape(str(content))


def table(record: Table) -> str:
    """The `table` environment with caption, label and notes."""
    numeric = [record.is_number(at) for at in range(len(record.columns))]
    rows = [[_body(*pair) for pair in zip(row, record.columns, numeric, strict=True)] for row in record.rows]
    headings = [_body(column.heading, column, at) for column, at in zip(record.columns, numeric, strict=True)]
    columns = [_number_column([row[at] for row in rows]) if number else "l" for at, number in enumerate(numeric)]
    formulas = any(isinstance(content, sp.Basic) for row in record.rows for content in row)
    return _template().render(
        name=record.name.replace("_", "-"),
        short=escape(record.name.replace("_", " ")),  # for lists of tables, where no formula belongs
        caption=cell(record.caption),
        columns=[kind for kind, column in zip(columns, record.columns, strict=True) if not column.below],
        size="footnotesize" if len(record.columns) > FULL else "small",
        stretch="1.4" if formulas else "1",  # fractions of neighbouring rows are not to touch
        groups=list(_groups([column for column in record.columns if not column.below])),
        headings=list(_lines(headings, record.columns)),
        rows=[list(_lines(row, record.columns)) for row in rows],
        notes=[cell(note) for note in record.notes],
    )


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


def _number_column(shown: list[str]) -> str:
    """An S column as wide as its numbers; cells that are no numbers are not counted."""
    numbers = [found.groups(default="") for text in shown if (found := _NUMBER.fullmatch(text))]
    sign, whole, places, error = (max(len(parts[at]) for parts in numbers) for at in range(4))
    return f"S[table-format={'-' * sign}{whole}.{places}{f'({error})' if error else ''}]"


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
