"""The papers' experiments: predicted, run, compared, and kept as evidence.

*Kept.* While an experiment runs, each part of it goes into a working journal in the cache, and the fleet in training into
checkpoints; when all is observed, the whole goes into the evidence of the folder, in place of what an earlier run
had left there, and the working journal is removed. So a run that is broken off leaves the evidence as it was, and a resumed
one repeats nothing but the last seconds.

*Believed.* Evidence counts for as long as its code is what it was. Claims, tables and figures rest on the largest size
that is at hand, of those that are evidence: size s is for tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numerics.evidence.kept import Kept, NotMeasured, code_of, keeping, write_kept
from numerics.training import catalogue
from papers.committed import TRAINING
from papers.files import require_writable
from papers.terminal import Progress

if TYPE_CHECKING:
    from numerics.training.experiments.comparison import Row

DECIDING = ("full", "m")  # sizes that are evidence, the larger first


@dataclass(frozen=True)
class Outcome:
    """An experiment that was run.  size: as named, or "own" where settings were changed."""

    name: str
    size: str
    config: Any
    kept: Kept
    predicted: Any
    observed: Any
    rows: tuple[Row, ...]

    def of(self, claim: str) -> tuple[Row, ...]:
        """The rows that decide a claim."""
        return tuple(row for row in self.rows if claim in row.claims.split())


def predict(name: str, config: Any, resume: bool) -> Any:
    """What the theorems say; what they need to know of the data is measured and kept.

    Without ``resume`` the run of these settings that was broken off before is forgotten.
    """
    working = _working(name, config)
    require_writable(working.parent)
    if not resume:
        working.unlink(missing_ok=True)
    with keeping(into=working):
        return catalogue.find(name).predictions(config)


def run(name: str, config: Any, folder: Path, progress: Progress, resume: bool) -> Outcome:
    """Observe, compare, and keep the evidence in a folder.

    Raises NotRecorded where evidence cannot be kept, NotSaved where a checkpoint cannot, NoData where the data are missing.
    """
    from numerics.training.run import conducted

    experiment, working = catalogue.find(name), _working(name, config)
    with keeping(into=working) as shelf:
        predicted = experiment.predictions(config)
        inputs = list(shelf.used.values())
        with conducted(progress, resume):
            kept = experiment.observe.kept(config)
        observed = experiment.observe(config)
    _keep(folder / TRAINING, name, [*inputs, kept])
    working.unlink()
    return Outcome(
        name, _size(name, config), config, kept, predicted, observed, experiment.compare(predicted, observed)
    )


def recalled(name: str) -> Outcome | None:
    """The experiment from the evidence at hand, of the largest size; None where there is none that counts."""
    experiment = catalogue.find(name)
    for size in DECIDING:
        config = experiment.SIZES[size]
        if (observed := experiment.observe.recall(config)) is not None:
            return _outcome(name, size, experiment.observe.kept(config), observed)
    return None


def required(name: str) -> Outcome:
    """As ``recalled``; raises NotMeasured where there is none."""
    if (found := recalled(name)) is None:
        raise NotMeasured(
            f"there is no evidence of the experiment {name} by today's code; 'initium train {name} --size m' has it."
        )
    return found


def bare(what: str) -> str:
    """A row's words without the sizes and checksums of data sets, which its observations have."""
    return re.sub(r" \([^()]*sha256 [0-9a-f]+\)", "", what)


_outcomes: dict[str, Outcome] = {}


def _outcome(name: str, size: str, kept: Kept, observed: Any) -> Outcome:
    """Compared once for each measurement: predictions take seconds."""
    if kept.digest not in _outcomes:
        experiment = catalogue.find(name)
        config = experiment.SIZES[size]
        predicted = experiment.predictions(config)
        rows = experiment.compare(predicted, observed)
        _outcomes[kept.digest] = Outcome(name, size, config, kept, predicted, observed, rows)
    return _outcomes[kept.digest]


def _size(name: str, config: Any) -> str:
    return next((size for size, known in catalogue.find(name).SIZES.items() if known == config), "own")


def _working(name: str, config: Any) -> Path:
    from numerics.training.run import cache_folder

    label = catalogue.find(name).observe.label(config)
    return cache_folder() / "training" / f"{name}-{sha256(label.encode()).hexdigest()[:16]}.jsonl"


def _keep(path: Path, name: str, fresh: Iterable[Kept]) -> None:
    """Put measurements into a journal, in place of those of the same names and of stale ones of the experiment."""
    with keeping(known=(path,), draw=False) as shelf:
        known = list(shelf.known.values())
    by_name = {each.name: each for each in fresh}
    stays = [each for each in known if each.name not in by_name and not _stale(each, name)]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_kept(path, sorted([*stays, *by_name.values()], key=lambda each: each.name))


def _stale(kept: Kept, name: str) -> bool:
    module = f"{catalogue.__package__}.experiments.{name}"
    return kept.name.startswith(f"{module}.") and kept.code != code_of(module)
