"""pytest as proof checker: `pytest theory/` collects every step of every theorem as an item.

A file is collected if a line of it starts with the `theorem` decorator and it lies in a package or was named
on the command line; test modules are left to pytest.  Items are called `theorem.name::step (reason)`.
Nothing of Initium is imported until such a file is found.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from theory.proof.theorem import Judgement, Step, Theorem

PROPERTY = "initium"  # under this name a step's verdict travels with its report, also between xdist's workers
WORDS = ("proved", "enclosed", "cited", "assumed")
DECORATED = re.compile(rb"^\s*@(\w+\.)*theorem\(", re.MULTILINE)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> TheoremFile | None:
    """A collector for a file that defines theorems."""
    if file_path.suffix != ".py" or any(
        fnmatch(file_path.name, p) for p in parent.config.getini("python_files")
    ):
        return None
    named = parent.session.isinitpath(file_path)
    if not (named or (file_path.parent / "__init__.py").is_file()) or not DECORATED.search(
        file_path.read_bytes()
    ):
        return None
    return TheoremFile.from_parent(parent, path=file_path)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line: how many steps, by verdict."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    judged = [report for report in reports if getattr(report, "when", None) == "call"]
    properties = [pair for report in judged for pair in report.user_properties]
    verdicts = Counter(verdict for name, verdict in properties if name == PROPERTY)
    if verdicts:
        counts = [f"{verdicts.pop(word, 0)} {word}" for word in WORDS]
        failing = [f"{count} {word}" for word, count in sorted(verdicts.items())]
        total = sum(int(count.split()[0]) for count in counts + failing)
        terminalreporter.write_line(f"initium: {total} steps: {', '.join(counts + failing)}")


class TheoremFile(pytest.File):
    """A Python file that registers theorems."""

    def collect(self) -> Iterator[TheoremItems]:
        """Its theorems, in the order of the library."""
        module = pytest.Module.from_parent(
            self.parent, path=self.path
        ).obj  # imported as pytest imports tests
        from theory.proof.library import theorems

        for theorem in theorems():
            if theorem.builder.__module__ == module.__name__:
                yield TheoremItems.from_parent(self, name=theorem.name, theorem=theorem)


class TheoremItems(pytest.Collector):
    """A theorem; its steps are the items."""

    def __init__(self, *, theorem: Theorem, **options: Any) -> None:
        super().__init__(**options)
        self.theorem = theorem

    def collect(self) -> Iterator[pytest.Item]:
        """One item a step; a proof that cannot be built, or has no steps, is one failing item."""
        try:
            steps = [step for derivation in self.theorem.derivations() for step in derivation.steps]
        except Exception as problem:  # a builder is the author's code: whatever it raises is the outcome
            yield Broken.from_parent(self, name="build", problem=problem)
            return
        for step in steps:
            words = " ".join(step.rule.name.replace("::", ":").split())
            yield StepItem.from_parent(self, name=f"{step.name} ({words})", step=step)


class DoesNotHold(Exception):
    """A step that was judged and does not stand."""

    def __init__(self, judgement: Judgement) -> None:
        super().__init__(judgement.verdict)
        self.judgement = judgement


class _Item(pytest.Item):
    def reportinfo(self) -> tuple[Path, int, str]:
        """The theorem's place in its file."""
        assert isinstance(self.parent, TheoremItems)
        line = getattr(self.parent.theorem.builder, "__code__", None)
        return self.path, line.co_firstlineno - 1 if line else 0, f"{self.parent.name}, {self.name}"


class StepItem(_Item):
    """One step of a proof."""

    def __init__(self, *, step: Step, **options: Any) -> None:
        super().__init__(**options)
        self.step = step

    def runtest(self) -> None:
        """Judge the step; the theorems it appeals to must stand as well."""
        from theory.proof.cache import verdict_of
        from theory.proof.library import find
        from theory.proof.theorem import DoesNotStand

        judgement = self.step.judge()
        self.user_properties.append((PROPERTY, str(judgement.verdict)))
        if not judgement.verdict.stands:
            raise DoesNotHold(judgement)
        for name in self.step.rule.uses:
            if not verdict_of(find(name)).stands:
                raise DoesNotStand(f"the step appeals to {name}, which does not stand")

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """The two sides, and what each judge said."""
        if not isinstance(excinfo.value, DoesNotHold):
            return super().repr_failure(excinfo, style)
        from papers.checking import in_words

        return in_words(excinfo.value.judgement)


class Broken(_Item):
    """A theorem whose proof cannot be built."""

    def __init__(self, *, problem: Exception, **options: Any) -> None:
        super().__init__(**options)
        self.problem = problem

    def runtest(self) -> None:
        """Fail as the builder did."""
        raise self.problem
