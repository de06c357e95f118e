"""What `initium tables NAME` prints: a table in one of its formats, or set for the terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from papers.arguments import BadUsage
from papers.table import Number, Table, as_data, headings, plain, rounded
from papers.tables import FORMATS, save
from papers.tables.choice import built
from papers.terminal import emit, paragraph, progress, table


def one(name: str, asked: Mapping[str, str], kind: str | None, into: Path | None, *, json: bool) -> int:
    """Print a table with the rows asked for, or write it `into` a folder in the format of that `kind`, or in all.

    Raises BadUsage for a format that tables do not have, and what `built` raises.
    """
    if kind is not None and kind not in FORMATS:
        raise BadUsage(f"--format must be one of {', '.join(FORMATS)}, not {kind}")
    with progress("computing") as advance:
        advance(0, 1, name)
        found = built(name, asked)
    if into is not None:
        paths = [str(path) for path in save(found, into / "tables", [kind] if kind else list(FORMATS))]
        emit(paths) if json else print("\n".join(paths))
    elif json:
        emit(as_data(found))
    elif kind is None and sys.stdout.isatty():
        _set(found)
    else:
        print(FORMATS[kind or "md"](found), end="")
    return 0


def _set(record: Table) -> None:
    """Print a table for reading on a terminal."""
    paragraph(plain(record.caption))
    print()
    rows = [
        [rounded(cell, column) if isinstance(cell, (Decimal, Number)) else plain(cell) for cell, column in pairs]
        for pairs in (zip(row, record.columns, strict=True) for row in record.rows)
    ]
    table(headings(record), rows, [at for at in range(len(record.columns)) if record.is_number(at)])
    for note in record.notes:
        print()
        paragraph(plain(note))
