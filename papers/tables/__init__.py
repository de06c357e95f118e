"""The papers' tables, each as LaTeX, CSV, Markdown and JSON; no number in them is typed."""

from __future__ import annotations

from pathlib import Path

from papers import latex
from papers.files import write_text
from papers.table import Table, as_csv, as_json, as_markdown
from papers.tables.gaps import coin_gap, normalisation_gap, shattering_gap, tanh_gap
from papers.tables.glorot import initialisation_factors, variance_conditions
from papers.tables.linear_regime import linear_regime_gap
from papers.tables.random_walk import gains
from papers.terminal import Progress

TABLES = {
    "random_walk_gains": lambda: gains("relu"),
    "random_walk_gains_linear": lambda: gains("linear"),
    "variance_conditions": variance_conditions,
    "initialisation_factors": initialisation_factors,
    "linear_regime_gap": linear_regime_gap,
    "shattering_gap": shattering_gap,
    "tanh_gap": tanh_gap,
    "coin_gap": coin_gap,
    "normalisation_gap": normalisation_gap,
}
WRITERS = {"tex": latex.table, "csv": as_csv, "md": as_markdown, "json": as_json}


def write(folder: Path, progress: Progress = lambda done, total, what: None) -> list[Path]:
    """Write every table into `folder`/tables; the paths, in order.

    Raises NotHad where the folder cannot be written, DoesNotStand where a theorem does not stand.
    """
    paths = []
    for done, name in enumerate(TABLES):
        progress(done, len(TABLES), name)
        paths += write_one(name, folder)
    return paths


def write_one(name: str, folder: Path) -> list[Path]:
    """Write the table of that name into `folder`/tables; raises as `write` does."""
    return save(TABLES[name](), folder / "tables")


def save(table: Table, folder: Path) -> list[Path]:
    """Write one table in every format."""
    return [write_text(folder / f"{table.name}.{kind}", text(table)) for kind, text in WRITERS.items()]
