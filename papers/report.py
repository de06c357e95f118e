"""The whole job: judge every proof, sample, write tables and figures, say on one screen what holds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from papers.checking import Checked, check
from papers.files import require_writable
from papers.terminal import Progress

if TYPE_CHECKING:
    from numerics.checks import Result


MARGIN = 16  # columns that the names of the summary's lines take


@dataclass
class Report:
    """What was found: proofs, sampled checks, files, seconds, and what could not be done, in words.

    detect: the relative error of a theorem's value that each decided check was planned to catch.
    """

    checked: list[Checked] = field(default_factory=list)
    sampled: list[Result] = field(default_factory=list)
    detect: float = 1.0
    tables: list[Path] = field(default_factory=list)
    figures: list[Path] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def paths(self) -> list[Path]:
        """All files written."""
        return [*self.tables, *self.figures]

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
            ("tables", _files(self.tables)),
            ("figures", _files(self.figures)),
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

    def _complaints(self) -> Iterator[str]:
        yield from (f"{o.theorem}: {o.verdict}" for o in self.checked if not o.stands)
        for result in self.sampled:
            if result.evidence.verdict != "agrees":
                found = filter(None, (result.evidence.verdict, result.evidence.reason))
                yield f"{result.theorem}, {result.quantity}: {', '.join(found)}"
        yield from self.failures


def write(folder: Path, progress: Progress = lambda done, total, what: None) -> Report:
    """Judge, sample, and write tables and figures into `folder`; `Report.summary` says what came of it.

    Raises NotHad, before any work, where the folder cannot be written.  An interrupted run leaves complete files only.
    """
    from numerics.checks import verify
    from numerics.checks.run import DETECT
    from papers import figures, tables
    from theory.proof.library import theorems
    from theory.proof.theorem import DoesNotStand

    report = Report()
    require_writable(folder)
    with _timed(report, "proofs"):
        report.checked = [check(theorem, progress) for theorem in theorems()]
    with _timed(report, "sampling"):
        names = [outcome.theorem for outcome in report.checked if outcome.stands]
        report.detect, report.sampled = DETECT, verify(names, detect=DETECT, progress=progress)
    try:
        with _timed(report, "tables"):
            report.tables = tables.write(folder, progress)
        with _timed(report, "figures"):
            report.figures = figures.write(folder, progress)
    except DoesNotStand as refusal:
        report.failures.append(str(refusal))
    return report


@contextmanager
def _timed(report: Report, what: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    report.seconds[what] = time.perf_counter() - start


def _counted(verdicts: Iterable[str]) -> str:
    counts = Counter(verdicts)
    return ": ".join([str(counts.total()), ", ".join(f"{n} {verdict}" for verdict, n in sorted(counts.items()))])


def _files(paths: list[Path]) -> str:
    """One line for each name, with the formats it was written in."""
    kinds: dict[Path, list[str]] = {}
    for path in paths:
        kinds.setdefault(path.with_suffix(""), []).append(path.suffix)
    return f"\n{'':{MARGIN}}".join(" ".join([str(stem), *ends]) for stem, ends in kinds.items())
