"""What `initium tables NAME` prints: a table in one of its formats, or set for the terminal."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from numerics.evidence.journal import NotRecorded
from numerics.evidence.kept import keeping
from papers.arguments import BadUsage, NotHad
from papers.committed import evidence
from papers.table import Number, Table, as_data, headings, plain, rounded
from papers.tables import WRITERS, save
from papers.tables.choice import built
from papers.terminal import emit, paragraph, progress, table


def one(name: str, asked: Mapping[str, str], kind: str | None, into: Path | None, *, json: bool) -> int:
    """Print a table with the rows asked for, or write it `into` a folder in the format of that `kind`, or in all.

    What committed evidence has is not drawn again.  Raises BadUsage for a format that tables do not have, NotHad for
    evidence that cannot be read, and what `built` raises.
    """
    if kind is not None and kind not in WRITERS:
        raise BadUsage(f"--format must be one of {', '.join(WRITERS)}, not {kind}")
    try:
        with progress("computing") as advance, keeping(known=evidence()):
            advance(0, 1, name)
            found = built(name, asked)
    except NotRecorded as refusal:
        raise NotHad(str(refusal)) from None
    if into is not None:
        paths = [str(path) for path in save(found, into / "tables", [kind] if kind else list(WRITERS))]
        emit(paths) if json else print("\n".join(paths))
    elif json:
        emit(as_data(found))
    elif kind is None and sys.stdout.isatty():
        _set(found)
    else:
        print(WRITERS[kind or "md"](found), end="")
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
