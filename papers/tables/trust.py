"""How far each theorem can be trusted: its verdict, its steps, what it assumes, and which errors its samples would show.

Reference: the records of the judges (``theory.proof.cache``) and of the mutants (``numerics.checks.resolution``).
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from numerics.checks.mutation import checked
from numerics.checks.resolution import recalled
from papers.table import Cell, Column, Number, Table
from papers.tables.mutation import NOT_MEASURED, UNMEASURED, percent, source
from papers.tables.notes import theorem as theorem_source
from theory.proof.cache import Record, record_of
from theory.proof.judges import Verdict
from theory.proof.library import theorems
from theory.proof.theorem import Theorem

SUBJECTS = {
    "probability": "Probability",
    "variance": "Variances in the linear regime",
    "random_walk": "Random walks of the gradient's norm",
    "failure_modes": "Failure modes of the length",
    "gains": "Gains of activations",
    "shattering": "Shattered gradients",
}
MEANINGS = {
    "proved": "by algebra, confirmed by a second judge",
    "enclosed": "in ball arithmetic, over the domain",
    "cited": "a fact of the literature",
    "assumed": "not proved",
}
LABELS = string.ascii_lowercase + string.ascii_uppercase


def trust_table() -> Table:
    """Every theorem, under a heading for each subject and there in the order of the names."""
    records = {theorem.name: record_of(theorem) for theorem in sorted(theorems(), key=_place)}
    met = set().union(*(record.counts for record in records.values()))
    kinds = [str(kind) for kind in sorted(Verdict, reverse=True) if str(kind) in met]
    labels = _labels(records.values())
    sampled = set(checked())
    rows: list[tuple[Cell, ...]] = []
    subject = ""
    for name, record in records.items():
        if (part := name.partition(".")[0]) != subject:
            subject = part
            rows.append((SUBJECTS.get(subject, subject), *("",) * (len(kinds) + 3)))
        shown = ", ".join(letter for assumption, letter in labels.items() if assumption in record.assumptions)
        rows.append((name, record.verdict, *_steps(name, record, kinds), shown, _resolution(name, sampled)))
    notes = [*_meanings(record.verdict for record in records.values()), "Assumptions:"]
    notes += [f"({letter}) {name}: {text}" for (name, text), letter in labels.items()]
    missing = any(row[-1] == UNMEASURED for row in rows)
    return Table(
        "trust",
        f"What each of the {len(records)} theorems rests on: its verdict, which is that of its weakest step or of the "
        "weakest theorem it uses; its own steps by verdict; its assumptions and those of the theorems it uses; and its "
        "resolution, the smallest relative change of its value that its sampled checks refuted.",
        (
            Column("theorem", width=0.35),
            Column("verdict"),
            *(Column(kind, "steps", decimals=0) for kind in kinds),
            Column("assumes", width=0.12),
            Column("%", "resolution", significant=3),
        ),
        tuple(rows),
        (*notes, *([NOT_MEASURED] if missing else [])),
        long=True,
    )


def _place(theorem: Theorem) -> tuple[int, str]:
    subject = theorem.name.partition(".")[0]
    return (list(SUBJECTS).index(subject) if subject in SUBJECTS else len(SUBJECTS)), theorem.name


def _labels(records: Iterable[Record]) -> dict[tuple[str, str], str]:
    """A letter for each assumption, name and text, in the order in which they occur."""
    met = dict.fromkeys(assumption for record in records for assumption in record.assumptions)
    return dict(zip(met, _letters(), strict=False))


def _letters() -> Iterator[str]:
    """a, b, ..., Z, then aa, ab, ..."""
    yield from LABELS
    yield from (one + other for one in LABELS for other in LABELS)


def _steps(name: str, record: Record, kinds: Sequence[str]) -> Iterator[Cell]:
    for kind in kinds:
        yield Number(Decimal(record.counts.get(kind, 0)), theorem_source(name))


def _resolution(name: str, sampled: set[str]) -> Cell:
    if name not in sampled:
        return ""
    found = recalled(name)
    return UNMEASURED if found is None else percent(found[0], source(found[1]))


def _meanings(verdicts: Iterable[str]) -> Iterator[str]:
    met = set(verdicts)
    meanings = (f"{verdict}: {meaning}" for verdict, meaning in MEANINGS.items() if verdict in met)
    yield f"Verdicts: {'; '.join(meanings)}."
    yield (
        "No resolution: a statement or a limit, for which no network can be sampled, or sampled under another theorem's "
        "name; 'initium verify' says which."
    )
