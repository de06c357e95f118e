"""The committed tables, figures and evidence, and whether they are what the code derives today.

    papers/evidence/   measurements, each under the hash of the code that made it (``numerics.evidence.kept``)
    papers/printed/    tables (.tex .csv .md .json), figures (.pdf .png, and .json with their data), references.bib

`initium report --check` derives every table and the data of every figure afresh from the theorems and the committed
evidence, draws no network, and names each cell that differs. Evidence whose code has changed is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numerics.evidence.kept import NotMeasured, keeping, write_kept
from papers import committed as place
from papers import figures, references, tables
from papers.figures import FIGURES, carried
from papers.figures.picture import as_json as figure_json
from papers.figures.picture import digest
from papers.tables import TABLES, WRITERS
from papers.terminal import Progress
from theory.proof.theorem import DoesNotStand

ULPS = 1e-9  # relative: numbers in floating point, kept to 10 digits, may differ in the last from machine to machine


def renew(progress: Progress) -> list[Path]:
    """Measure what is missing or stale, and write all that is committed; the paths."""
    from numerics.checks.resolution import measure_all

    place.EVIDENCE.mkdir(exist_ok=True)
    drawn, trained = place.EVIDENCE / place.MEASUREMENTS, place.EVIDENCE / place.TRAINING
    with keeping(known=(trained,), draw=False) as shelf:
        apart = {each.name for each in shelf.known.values()}  # what was trained stays in its own file
    with keeping(into=drawn, known=(trained,)) as shelf:
        measure_all(progress)
        paths = _write(progress)
    write_kept(drawn, [shelf.used[name] for name in sorted(shelf.used) if name not in apart])
    return [*paths, drawn]


def _write(progress: Progress) -> list[Path]:
    paths, total = [], len(TABLES) + len(FIGURES)
    for done, name in enumerate(TABLES):
        progress(done, total, name)
        paths += tables.write_one(name, place.PRINTED)
    for done, name in enumerate(FIGURES, len(TABLES)):
        progress(done, total, name)
        paths += figures.write_one(name, place.PRINTED)
    return [*paths, *references.write(place.PRINTED)]


# --- the check -------------------------------------------------------------------------------------


def differences(progress: Progress = lambda done, total, what: None) -> list[str]:
    """What of the committed tables and figures is not what the code derives today, a sentence each."""
    found: list[str] = []
    total = len(TABLES) + len(FIGURES)
    with keeping(known=place.committed(), draw=False):
        for done, name in enumerate(TABLES):
            progress(done, total, name)
            found += _of_table(name)
        for done, name in enumerate(FIGURES, len(TABLES)):
            progress(done, total, name)
            found += _of_figure(name)
    if _text(place.PRINTED / references.FILE) != references.bibtex():
        found.append(f"{references.FILE} is not what is cited today")
    return found + list(_strangers())


def _of_table(name: str) -> Iterator[str]:
    folder = place.PRINTED / "tables"
    try:
        table = TABLES[name]()
    except (NotMeasured, DoesNotStand) as refusal:
        yield f"table {name}: {refusal}"
        return
    derived = {kind: text(table) for kind, text in WRITERS.items()}
    printed = {kind: _text(folder / f"{name}.{kind}") for kind in WRITERS}
    cells = list(_of_cells(name, printed["json"], derived["json"]))
    yield from cells
    yield from (
        f"table {name}: {name}.{kind} is not its table"
        for kind in WRITERS
        if printed[kind] != derived[kind] and not cells
    )


def _of_cells(name: str, printed: str | None, derived: str) -> Iterator[str]:
    """Each cell in which two tables differ, with what is printed and what is derived."""
    if printed is None:
        yield f"table {name} is not printed"
        return
    was, now = json.loads(printed), json.loads(derived)
    for part in ("caption", "columns", "notes"):
        if was[part] != now[part]:
            yield f"table {name}: the {part} {'differ' if part.endswith('s') else 'differs'}"
    if len(was["rows"]) != len(now["rows"]):
        yield f"table {name} has {len(was['rows'])} rows in print and {len(now['rows'])} derived"
        return
    for row, (old, new) in enumerate(zip(was["rows"], now["rows"], strict=True), start=1):
        for column, before, after in zip(now["columns"], old, new, strict=False):
            if before != after:
                where = f"table {name}, row {row} ({_shown(new[0])}), column {column}"
                yield f"{where}: {_shown(before)} in print, {_shown(after)} derived"
    for source, about in now["sources"].items():
        if was["sources"].get(source) != about:
            yield f"table {name}: {source} has changed since it was printed"


def _of_figure(name: str) -> Iterator[str]:
    stem = place.PRINTED / "figures" / name
    try:
        now = json.loads(figure_json(FIGURES[name].data()))
    except (NotMeasured, DoesNotStand) as refusal:
        yield f"figure {name}: {refusal}"
        return
    text = _text(stem.with_suffix(".json"))
    if text is None:
        yield f"figure {name} is not printed"
        return
    was = json.loads(text)
    yield from (
        f"figure {name}, {place}: {before} in print, {after} derived"
        for place, before, after in _unlike(was, now, "data")
    )
    for kind in ("pdf", "png"):
        if carried(stem.with_suffix(f".{kind}")) != digest(was):
            yield f"figure {name}: {name}.{kind} was not drawn from {name}.json"


def _unlike(was: Any, now: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    """Each place at which two data differ by more than the last digits of floating point."""
    if isinstance(was, dict) and isinstance(now, dict):
        for name in {**was, **now}:
            yield from _unlike(was.get(name), now.get(name), f"{place}.{name}")
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for at, (before, after) in enumerate(zip(was, now, strict=True)):
            yield from _unlike(before, after, f"{place}[{at}]")
    elif isinstance(was, float) and isinstance(now, float):
        if not math.isclose(was, now, rel_tol=ULPS, abs_tol=ULPS):
            yield place, was, now
    elif was != now:
        yield place, was, now


def _strangers() -> Iterator[str]:
    """Files among the committed ones that nothing writes."""
    written = {f"tables/{name}.{kind}" for name in TABLES for kind in WRITERS}
    written |= {f"figures/{name}.{kind}" for name in FIGURES for kind in ("pdf", "png", "json")} | {references.FILE}
    for path in sorted(path for path in place.PRINTED.rglob("*") if path.is_file()):
        name = path.relative_to(place.PRINTED).as_posix()
        if name not in written:
            yield f"{name} belongs to no table or figure; remove it"


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _shown(cell: Any) -> str:
    """A cell of the JSON in words."""
    if not isinstance(cell, dict):
        return str(cell)
    return cell.get("formula") or cell["value"] + (f" ± {cell['error']}" if "error" in cell else "")
