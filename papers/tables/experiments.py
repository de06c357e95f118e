"""The papers' experiments: what was predicted beside what was observed, and an account of them all.

Reference: the experiments' own (``numerics.training.experiments``); evidence as in ``papers.training``.
"""

from __future__ import annotations

import math
from collections import Counter
from decimal import Decimal
from functools import partial

from numerics.training import catalogue
from numerics.training.experiments.comparison import ALPHA, Row, Verdict
from papers.table import Cell, Column, Number, Source, Table
from papers.tables.notes import SAMPLED_DIGITS, short
from papers.training import Outcome, bare, required

MOST = 60  # rows: of longer comparisons a table has those that decide claims
VERDICTS: tuple[Verdict, ...] = ("agrees", "differs", "undecided")


def account() -> Table:
    """One row an experiment."""
    rows = tuple(_line(required(name)) for name in catalogue.NAMES)
    return Table(
        "training",
        "The papers' experiments, each predicted before it was run: how many comparisons agree with the predictions, "
        f"differ from them, or decide nothing, each at an error rate of {ALPHA:g}.",
        (
            Column("experiment", width=0.2),
            Column("what is asked", width=0.22),
            Column("size"),
            Column("networks", decimals=0),
            *(Column(verdict, decimals=0) for verdict in VERDICTS),
            Column("seconds", decimals=0),
        ),
        rows,
        (
            "Networks: of each kind. Seconds: on one core of a processor, other work beside it. Sizes: m takes minutes, "
            "full is the paper's own. A difference counts against the prediction, which is not always the paper's claim; "
            "the ledger says what it means for that.",
        ),
        long=True,
    )


def _line(found: Outcome) -> tuple[Cell, ...]:
    counts = Counter(row.verdict for row in found.rows)
    source = Source(found.kept.name, "measurement", found.kept.digest)
    numbers = (found.config.networks, *(counts[verdict] for verdict in VERDICTS), round(found.kept.seconds))
    return found.name, catalogue.title(found.name), found.size, *(Number(Decimal(each), source) for each in numbers)


def comparison(name: str) -> Table:
    """Predicted beside observed, row by row."""
    found = required(name)
    rows = found.rows if len(found.rows) <= MOST else tuple(row for row in found.rows if row.claims)
    left = len(found.rows) - len(rows)
    rules = "; ".join(dict.fromkeys(row.rule for row in rows))
    data = getattr(found.observed, "data", "")
    return Table(
        f"training_{name}",
        f"{catalogue.title(name)} Predicted beside observed, at size {found.size}.",
        (
            Column("claim", width=0.08),
            Column("what", width=0.36),
            Column("predicted", width=0.12),
            Column("observed", significant=3),
            Column("verdict", width=0.12),
        ),
        tuple(_compared(row, found, data) for row in rows),
        tuple(
            note
            for note in (
                f"Data: {data}." if data else "",
                f"Rules: {rules}. Standard errors over networks, where there are any, in brackets.",
                f"{left} more comparisons decide no claim; 'initium train {name}' prints them." if left else "",
            )
            if note
        ),
        long=True,
    )


def _compared(row: Row, found: Outcome, data: str) -> tuple[Cell, ...]:
    what = bare(row.what.removeprefix(f"{data}: "))
    if not math.isfinite(row.observed):
        return row.claims, what, row.predicted, "none", row.verdict
    source = Source(found.kept.name, "measurement", found.kept.digest)
    error = short(row.error, SAMPLED_DIGITS) if math.isfinite(row.error) else None
    return row.claims, what, row.predicted, Number(short(row.observed, SAMPLED_DIGITS), source, error), row.verdict


COMPARISONS = {f"training_{name}": partial(comparison, name) for name in catalogue.NAMES}
