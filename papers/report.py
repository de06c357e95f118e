"""The whole job: judge every proof, sample, make tables, figures, page and handbook, say on one screen what holds."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from papers.arguments import NotHad
from papers.checking import Checked, check
from papers.files import require_writable
from papers.outputs import Output, Outputs
from papers.terminal import Progress

if TYPE_CHECKING:
    from numerics.checks import Result


RECORD = "sampled.jsonl"  # of the sampled checks
MARGIN = 16  # columns that the names of the summary's lines take


@dataclass
class Report:
    """What was found: proofs, sampled checks, files, seconds, and what could not be done, in words.

    detect: the relative error of a theorem's value that each decided check was planned to catch.
    """

    checked: list[Checked] = field(default_factory=list)
    sampled: list[Result] = field(default_factory=list)
    detect: float = 1.0
    files: dict[str, list[Path]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def paths(self) -> list[Path]:
        """All files written."""
        return [path for paths in self.files.values() for path in paths]

    @property
    def holds(self) -> bool:
        """Whether every proof stands, every sampled check agrees, and everything was written."""
        proved = bool(self.checked) and all(outcome.stands for outcome in self.checked)
        return proved and bool(self.sampled) and not self.failures and self._agree()

    @property
    def status(self) -> int:
        """The exit status: 0 only if all holds."""
        return 0 if self.holds else 1

    def _agree(self) -> bool:
        return all(result.evidence.verdict == "agrees" for result in self.sampled)

    def summary(self) -> str:
        """One screen of text; what does not hold is named at the end."""
        steps = sum((Counter(outcome.steps) for outcome in self.checked), Counter())
        lines = [
            ("theorems", _counted(outcome.verdict for outcome in self.checked)),
            ("steps", _counted(steps.elements())),
            ("sampled checks", _counted(result.evidence.verdict for result in self.sampled)),
            ("error rates", self._rates()),
            ("claims", self._claims()),
            *((kind, _files(paths)) for kind, paths in self.files.items() if paths and kind != "claims"),
            ("seconds", ", ".join(f"{what} {spent:.0f}" for what, spent in self.seconds.items())),
        ]
        text = [f"{name:<{MARGIN}}{content}" for name, content in lines]
        return "\n".join([*text, *self._complaints(), "All hold." if self.holds else "Not all hold."])

    def _rates(self) -> str:
        if not self.sampled:
            return "nothing was sampled"
        alpha = sum(result.evidence.alpha for result in self.sampled)
        beta = max(result.evidence.beta for result in self.sampled)
        return f"false alarm {alpha:.2g} in all; a check misses an error of {self.detect:.2g} with {beta:.2g}"

    def _claims(self) -> str:
        """The ledger's verdicts, counted from the file that was written."""
        (path,) = self.files.get("claims") or (None,)
        return "none settled" if path is None else _counted(claim["verdict"] for claim in json.loads(path.read_text()))

    def _complaints(self) -> Iterator[str]:
        yield from (f"{o.theorem}: {o.verdict}" for o in self.checked if not o.stands)
        for result in self.sampled:
            if result.evidence.verdict != "agrees":
                found = filter(None, (result.evidence.verdict, result.evidence.reason))
                yield f"{result.theorem}, {result.quantity}: {', '.join(found)}"
        yield from self.failures


def write(folder: Path, progress: Progress = lambda done, total, what: None) -> Report:
    """Judge, sample, and make every output in `folder`; `Report.summary` says what came of it.

    What stands is not judged again, what was sampled under today's code not drawn again, what is up to date not made
    again; an interrupted run goes on where it stopped.  Raises NotHad, before any work, where the folder cannot be written.
    """
    from numerics.checks.run import DETECT
    from theory.proof.library import theorems
    from theory.proof.theorem import DoesNotStand

    report = Report(detect=DETECT)
    require_writable(folder)
    with _timed(report, "proofs"):
        report.checked = [check(theorem, progress, cached=True) for theorem in theorems()]
    outputs = Outputs(folder)
    with _timed(report, "sampling"):
        report.sampled = _sampled(outputs, [o.theorem for o in report.checked if o.stands], progress)
    try:
        _make(report, outputs, progress)
    except (DoesNotStand, NotHad) as refusal:
        report.failures.append(str(refusal))
    return report


def _sampled(outputs: Outputs, names: list[str], progress: Progress) -> list[Result]:
    """The checks of the theorems named: run from where their record ends, or as they are if it is complete.

    A record of other code, or of other theorems, is begun anew.
    """
    from numerics.checks import verify
    from numerics.checks.run import DETECT
    from numerics.evidence.record import StaleRecord

    found: list[list[Result]] = []

    def run(folder: Path) -> list[Path]:
        record = folder / RECORD
        try:
            found.append(verify(names, detect=DETECT, record=record, progress=progress))
        except StaleRecord:
            record.unlink()
            found.append(verify(names, detect=DETECT, record=record, progress=progress))
        return [record]

    (record,) = outputs.add(Output("sampled checks", run))
    return found[0] if found else _recorded(record)


def _recorded(path: Path) -> list[Result]:
    """The decided checks of a record."""
    from numerics.checks import Result
    from numerics.evidence.record import read

    found = []
    for entry in read(path).results:
        about, device = entry.about, entry.settings["device"]
        value = math.nan if about["value"] is None else about["value"]
        assert entry.evidence is not None  # `results` are those that have it
        of = (about["theorem"], about["parameters"], about["quantity"])
        found.append(Result(*of, value, about["expected"], device, entry.evidence))
    return found


def _make(report: Report, outputs: Outputs, progress: Progress) -> None:
    """Make what is not up to date, in the order in which the outputs use each other."""
    from numerics.evidence.kept import keeping
    from papers.committed import MEASUREMENTS, evidence

    with keeping(into=outputs.folder / MEASUREMENTS, known=evidence(outputs.folder)):
        for kind, made in _outputs(report, outputs.folder).items():
            with _timed(report, kind):
                for done, output in enumerate(made):
                    progress(done, len(made), output.name)
                    report.files.setdefault(kind, []).extend(outputs.add(output))


def _outputs(report: Report, folder: Path) -> dict[str, list[Output]]:
    """All outputs by kind; later ones read the files of earlier ones."""
    from papers import claims_view, figures, handbook, references, tables, web

    read = (folder / RECORD,)
    return {
        "claims": [Output("claims", claims_view.write)],
        "tables": [Output(f"table {name}", partial(tables.write_one, name)) for name in tables.TABLES],
        "figures": [Output(f"figure {name}", partial(figures.write_one, name)) for name in figures.FIGURES],
        "bibliography": [Output("references", references.write)],
        "page": [Output("report", lambda folder: web.write(folder, report.sampled), reads=read)],
        "handbook": [Output("handbook", handbook.write)] if handbook.can_be_built() else [],
    }


@contextmanager
def _timed(report: Report, what: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    report.seconds[what] = time.perf_counter() - start


def _counted(verdicts: Iterable[str]) -> str:
    counts = Counter(verdicts)
    return ": ".join([str(counts.total()), ", ".join(f"{n} {verdict}" for verdict, n in sorted(counts.items()))])


def _files(paths: list[Path]) -> str:
    """The folder, how many names there are in it, and their formats; a lone file by its name."""
    names, kinds = {path.stem for path in paths}, dict.fromkeys(path.suffix for path in paths)
    if len(names) == 1:
        return ", ".join(map(str, paths))
    return f"{len(names)} in {paths[0].parent}: {' '.join(kinds)}"
