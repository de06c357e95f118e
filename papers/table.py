"""A table as a record: what its cells are, where its numbers come from, and its CSV, JSON and Markdown.

A cell is words, a formula, both in a row, a parameter of its row (a Decimal), or a result (a Number), which knows the
theorem or the measurement that it rests on.  CSV and JSON keep every digit that was computed; print (LaTeX, Markdown,
HTML) rounds a result with an error to two digits of that error, in brackets, and any other as its column says.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any, Literal, TypeAlias

import sympy as sp

from theory.proof.notation import latex, unicode
from theory.proof.shown import Grid, Page, Shown, Words

ERROR_DIGITS = 2  # of an error in print
SMALL, LARGE = -5, 7  # powers of ten between which a number is written without one

Part: TypeAlias = str | sp.Basic


@dataclass(frozen=True)
class Source:
    """What numbers rest on: a theorem with the hash of its proof, a measurement with that of its code and value, or code."""

    name: str
    kind: Literal["theorem", "measurement", "computation"]
    hash: str


@dataclass(frozen=True)
class Number:
    """A result: its value, what it rests on, and its standard error where it was sampled."""

    value: Decimal
    source: Source
    error: Decimal | None = None


Cell: TypeAlias = Part | Decimal | Number | tuple[Part, ...]


@dataclass(frozen=True)
class Column:
    """A heading, perhaps under one shared with its neighbours, and the rounding of its numbers in print.

    decimals: places after the point; significant: digits from the first that is not 0; at most one is given.
    below: whether a page, which is narrow, shows the column in a second line below the one before it.
    width: of words that are broken into lines in print, in parts of the line; 0 where they are not.
    """

    heading: Cell
    group: Cell = ""
    decimals: int | None = None
    significant: int | None = None
    below: bool = False
    width: float = 0.0


@dataclass(frozen=True)
class Table(Shown):
    """name: of its files and, with hyphens, its label.  Caption and notes stand without a text around.

    long: whether it runs over several pages.
    """

    name: str
    caption: Cell
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[Cell, ...]
    long: bool = False

    def is_number(self, at: int) -> bool:
        """Whether the column holds numbers."""
        return any(isinstance(row[at], (Decimal, Number)) for row in self.rows)

    def is_sampled(self, at: int) -> bool:
        """Whether the column has numbers with errors."""
        return any(isinstance(row[at], Number) and row[at].error is not None for row in self.rows)  # type: ignore[union-attr]

    @property
    def sources(self) -> tuple[Source, ...]:
        """What its numbers rest on, in their order."""
        return tuple(dict.fromkeys(cell.source for row in self.rows for cell in row if isinstance(cell, Number)))

    def _page(self) -> Page:
        headings = tuple((c.group, ", ", c.heading) if c.group != "" else c.heading for c in self.columns)
        rows = tuple(tuple(map(_printed, row, self.columns)) for row in self.rows)
        numbers = frozenset(filter(self.is_number, range(len(self.columns))))
        return Page("", (Words(self.caption), Grid(headings, rows, numbers), *map(Words, self.notes)))


def rounded(number: Decimal | Number, column: Column) -> str:
    """A number as the column prints it; a zero carries no sign.

    In plain notation, but for a number of some significant digits that is far from 1: 2.33e-10.
    """
    if isinstance(number, Number):
        if number.error:
            return _with_error(number.value, number.error)
        number = number.value
    decimals = column.decimals
    if column.significant is not None:
        number = Context(prec=column.significant).plus(number)
        if number and not SMALL <= number.adjusted() < LARGE:
            return f"{number:.{column.significant - 1}e}".replace("e+", "e")
        decimals = max(0, column.significant - 1 - number.adjusted())
    text = f"{number:f}" if decimals is None else f"{number:.{decimals}f}"
    return text.lstrip("-") if Decimal(text) == 0 else text


def _with_error(value: Decimal, error: Decimal) -> str:
    """1.234(56): the error in units of the last place."""
    error = Context(prec=ERROR_DIGITS).plus(error)
    places = max(0, ERROR_DIGITS - 1 - error.adjusted())
    return f"{value:.{places}f}({error.scaleb(places):.0f})"


def plain(cell: Cell) -> str:
    """A cell as one line of Unicode, a number with all its digits."""
    if isinstance(cell, tuple):
        return "".join(map(plain, cell))
    if isinstance(cell, Number):
        return plain(cell.value)
    if isinstance(cell, Decimal):
        return f"{cell:f}" if cell.adjusted() >= SMALL else f"{cell:e}"
    return unicode(cell) if isinstance(cell, sp.Basic) else re.sub(r"\s+", " ", cell)


def headings(table: Table) -> list[str]:
    """The headings in Unicode, each with that of its group."""
    return [", ".join(filter(None, (plain(c.group), plain(c.heading)))) for c in table.columns]


def as_csv(table: Table) -> str:
    """Comma-separated values with a line of headings; beside sampled numbers a column of their standard errors."""
    sampled = list(map(table.is_sampled, range(len(table.columns))))

    def lines() -> Iterator[list[str]]:
        yield [part for name, two in zip(headings(table), sampled, strict=True) for part in _twice(name, two)]
        for row in table.rows:
            yield [part for cell, two in zip(row, sampled, strict=True) for part in _with_its_error(cell, two)]

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines())
    return text.getvalue()


def _twice(heading: str, sampled: bool) -> list[str]:
    return [heading, f"{heading}, standard error"] if sampled else [heading]


def _with_its_error(cell: Cell, sampled: bool) -> list[str]:
    error = plain(cell.error) if isinstance(cell, Number) and cell.error is not None else ""
    return [plain(cell), error] if sampled else [plain(cell)]


def as_data(table: Table) -> dict[str, Any]:
    """The table as plain data: what `initium report --check` compares, cell by cell."""
    return {
        "name": table.name,
        "caption": _cell_data(table.caption),
        "columns": headings(table),
        "rows": [list(map(_cell_data, row)) for row in table.rows],
        "notes": list(map(_cell_data, table.notes)),
        "sources": {source.name: {"kind": source.kind, "hash": source.hash} for source in table.sources},
    }


def _cell_data(cell: Cell) -> Any:
    """Words as text; a parameter as its digits; a result with its source; a formula in Unicode and LaTeX."""
    if isinstance(cell, Number):
        error = {} if cell.error is None else {"error": plain(cell.error)}
        return {"value": plain(cell.value), **error, "source": cell.source.name}
    if isinstance(cell, sp.Basic):
        return {"formula": unicode(cell), "latex": latex(cell)}
    return plain(cell)


def as_json(table: Table) -> str:
    """The table as JSON."""
    return json.dumps(as_data(table), ensure_ascii=False, indent=1) + "\n"


def as_markdown(table: Table) -> str:
    """A Markdown table between its caption and its notes."""
    rows = [list(map(_shown, row, table.columns)) for row in table.rows]
    rule = ["---:" if table.is_number(at) else "---" for at in range(len(table.columns))]
    lines = [_line(map(_literal, headings(table))), _line(rule), *map(_line, rows)]
    notes = [_literal(plain(note)) for note in table.notes]
    return "\n\n".join([_literal(plain(table.caption)), "\n".join(lines), *notes]) + "\n"


def _shown(cell: Cell, column: Column) -> str:
    return rounded(cell, column) if isinstance(cell, (Decimal, Number)) else _literal(plain(cell))


def _printed(cell: Cell, column: Column) -> Part | tuple[Part, ...]:
    """A cell as words and formulas: its number is rounded."""
    return rounded(cell, column) if isinstance(cell, (Decimal, Number)) else cell


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _literal(text: str) -> str:
    """Text in which Markdown finds nothing to interpret."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", text)
