"""The papers' tables, each as LaTeX, CSV, Markdown and JSON; no number in them is typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from papers import latex
from papers.files import write_text
from papers.table import Table, as_csv, as_json, as_markdown
from papers.tables.activations import activation_gains
from papers.tables.contradictions import gains as contradictory_gains
from papers.tables.contradictions import scales as contradictory_scales
from papers.tables.experiments import COMPARISONS, account
from papers.tables.gaps import coin_gap, normalisation_gap, shattering_gap, tanh_gap
from papers.tables.glorot import variance_conditions
from papers.tables.initialisations import initialisation_factors
from papers.tables.ledger import claims_ledger
from papers.tables.lengths import failure_modes, mean_lengths
from papers.tables.linear_regime import linear_regime_gap
from papers.tables.mutation import resolution_table
from papers.tables.random_walk import gains
from papers.tables.shattering import gradient_correlations
from papers.tables.trust import trust_table
from papers.terminal import Progress

TABLES: dict[str, Callable[..., Table]] = {
    "activation_gains": activation_gains,
    "random_walk_gains": partial(gains, "relu"),
    "random_walk_gains_linear": partial(gains, "linear"),
    "variance_conditions": variance_conditions,
    "initialisation_factors": initialisation_factors,
    "initialisation_factors_rectifier": partial(initialisation_factors, "rectifier"),
    "failure_modes": failure_modes,
    "mean_lengths": mean_lengths,
    "linear_regime_gap": linear_regime_gap,
    "shattering_gap": shattering_gap,
    "tanh_gap": tanh_gap,
    "coin_gap": coin_gap,
    "normalisation_gap": normalisation_gap,
    "shattering": gradient_correlations,
    "training": account,
    **COMPARISONS,
    "claims_ledger": claims_ledger,
    "contradictions_gains": contradictory_gains,
    "contradictions_scales": contradictory_scales,
    "trust": trust_table,
    "mutation": resolution_table,
}
WRITERS: dict[str, Callable[[Table], str]] = {"tex": latex.table, "csv": as_csv, "md": as_markdown, "json": as_json}


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


def save(table: Table, folder: Path, kinds: Sequence[str] = tuple(WRITERS)) -> list[Path]:
    """Write one table in every format, or in those named."""
    return [write_text(folder / f"{table.name}.{kind}", WRITERS[kind](table)) for kind in kinds]
