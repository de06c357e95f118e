"""`initium train NAME`: predict, run, compare and keep one of the papers' experiments.

What it loads is imported when it runs, never for `--help`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from papers.arguments import BadUsage, NotHad
from papers.committed import BUILD, TRAINING
from papers.terminal import complain, emit, progress, table

Name = Annotated[
    str | None,
    typer.Argument(metavar="[NAME]", help="An experiment; without one all are listed.", show_default=False),
]
Size = Annotated[str, typer.Option(metavar="s|m|full", help="Seconds, minutes, or the paper's own size on a GPU.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda or auto; else that of the size.", show_default=False)]
Seeds = Annotated[int | None, typer.Option(help="Networks of each kind; else those of the size.", show_default=False)]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a run that was broken off.")]
Into = Annotated[Path, typer.Option("--into", help="The folder that the evidence is kept in.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]


def train(
    name: Name = None,
    size: Size = "s",
    device: Device = None,
    seeds: Seeds = None,
    resume: Resume = False,
    into: Into = BUILD,
    json: Json = False,
) -> int:
    """Run one of the papers' experiments: what the theorems predict, then what is observed."""

    if name is None:
        return _list(json)
    with _refusals():
        config = _config(name, size, device, seeds)
        try:
            return _run(name, config, size, resume, into, json)
        except KeyboardInterrupt:
            again = "".join(f" {word}" for word in _options(size, device, seeds, into))
            complain(f"'initium train {name}{again} --resume' goes on from here")
            raise


def _run(name: str, config: object, size: str, resume: bool, into: Path, json: bool) -> int:
    from numerics.training import catalogue
    from papers import training, training_view
    from papers.files import require_writable

    require_writable(into)
    predicted = training.predict(name, config, resume)
    if not json:
        print(f"{name}, size {size}: {catalogue.title(name)}\n")
        training_view.settings(config)
        print("\nPredicted, before anything is run:\n")
        training_view.predictions(predicted)
    with progress(name) as advance:
        found = training.run(name, config, into, lambda done, all, what: advance(done, all, _short(what)), resume)
    if json:
        emit(training_view.as_data(found))
        return 0
    print("\nPredicted and observed:\n")
    training_view.rows(found.rows)
    counts = Counter(row.verdict for row in found.rows)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("agrees", "differs", "undecided"))
    print(f"\n{told}; {found.kept.seconds:.0f} s; kept in {into / TRAINING}")
    return 0


def _config(name: str, size: str, device: str | None, seeds: int | None) -> object:
    from numerics.training import catalogue

    try:
        return catalogue.config(name, size, device, seeds)
    except (RuntimeError, ValueError) as refusal:  # no such device here; no such experiment or size
        raise BadUsage(str(refusal)) from None


def _list(json: bool) -> int:
    from numerics.training import catalogue

    entries = [(name, catalogue.title(name)) for name in catalogue.NAMES]
    if json:
        emit([{"experiment": name, "title": title} for name, title in entries])
    else:
        table(("experiment", "what is asked"), entries)
    return 0


@contextmanager
def _refusals() -> Iterator[None]:
    """What cannot be run, in one sentence."""
    from numerics.evidence.journal import NotRecorded
    from numerics.training.checkpoint import NotSaved
    from numerics.training.data import NoData

    try:
        yield
    except (NotRecorded, NotSaved, NoData) as refusal:
        raise NotHad(str(refusal)) from None


def _options(size: str, device: str | None, seeds: int | None, into: Path) -> Iterator[str]:
    """The options as they were given, to be given again."""
    yield from ("--size", size)
    for option, value in (("--device", device), ("--seeds", seeds), ("--into", None if into == BUILD else into)):
        if value is not None:
            yield from (option, str(value))


def _short(what: str) -> str:
    """What is in training, without the settings."""
    return what.partition("Config(")[0].strip(" ,")
