"""An experiment on the terminal and as JSON: its settings, what was predicted, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields, is_dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from papers.terminal import paragraph, table

if TYPE_CHECKING:
    from numerics.training.experiments.comparison import Row
    from papers.training import Outcome

DIGITS = 4  # of a number on the terminal


def settings(config: Any) -> None:
    """Every number that matters, in a paragraph."""
    paragraph("; ".join(f"{field.name} {_text(getattr(config, field.name))}" for field in fields(config)))


def predictions(predicted: Any) -> None:
    """A table of each kind of record; what is no record in lines."""
    for name, records in _groups(predicted):
        if is_dataclass(records[0]):
            columns = [field.name for field in fields(records[0])]
            table(columns, [[_text(getattr(record, column)) for column in columns] for record in records])
        else:
            for record in records:
                paragraph(f"{name}: {_text(record)}")


def rows(found: Sequence[Row]) -> None:
    """Predicted beside observed."""
    columns = ("verdict", "claims", "what", "predicted", "observed", "rule")
    table(columns, [(r.verdict, r.claims, r.what, r.predicted, _observed(r), r.rule) for r in found])


def as_data(outcome: Outcome) -> dict[str, Any]:
    """All of it for JSON, which has no infinities: a number that does not exist is null."""
    return {
        "experiment": outcome.name,
        "size": outcome.size,
        "config": asdict(outcome.config),
        "predicted": _plain(outcome.predicted),
        "rows": [_plain(row) for row in outcome.rows],
        "evidence": {"name": outcome.kept.name, "digest": outcome.kept.digest, "made": outcome.kept.made},
        "seconds": outcome.kept.seconds,
    }


def _groups(predicted: Any) -> Iterator[tuple[str, Sequence[Any]]]:
    """Records of one kind together, by the name of their field."""
    names = () if isinstance(predicted, tuple) else [field.name for field in fields(predicted)]
    for name, value in [(name, getattr(predicted, name)) for name in names] or [("", predicted)]:
        several = value if isinstance(value, tuple) else (value,)
        for _, records in groupby(several, type):
            yield name, list(records)


def _observed(row: Row) -> str:
    return _text(row.observed) + (f" ± {row.error:.2g}" if math.isfinite(row.error) else "")


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_text, value))
    return f"{value:.{DIGITS}g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
