"""A theorem as the page shows it: statement, parameters, assumptions, proof step by step, neighbours, evidence, citation."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from papers.references import keys_in
from papers.web import citing, plot
from papers.web.words import Linker, display, inline
from theory.proof.cache import Record, record_of
from theory.proof.library import SUBJECTS
from theory.proof.render import RELATIONS, reason
from theory.proof.theorem import Derivation, Step, Theorem

if TYPE_CHECKING:
    from numerics.checks import Result


@dataclass(frozen=True)
class Line:
    """A step as a line of a proof: what it leads to, why, and how it was judged.

    opening: its left side, where it opens a chain.  uses: theorems that the reason does not name.
    """

    name: str
    opening: Markup | None
    formula: Markup
    reason: Markup
    uses: tuple[str, ...]
    verdict: str


@dataclass(frozen=True)
class Proof:
    """The statement and its proof for one choice of names, in words; empty where there is none to choose."""

    choice: str
    statement: Markup
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Entry:
    """A theorem with what only the page as a whole knows of it.

    used_by: names of theorems.  results: its sampled checks.  unsampled: why there are none; empty where there are.
    linked: makes links of names in words.  shown_in: kinds and names of the tables and figures that rest on it.
    """

    theorem: Theorem
    used_by: tuple[str, ...]
    results: tuple[Result, ...]
    unsampled: str
    linked: Linker
    shown_in: tuple[tuple[str, str], ...]

    name = property(lambda self: self.theorem.name)
    summary = property(lambda self: self.theorem.summary)

    @cached_property
    def record(self) -> Record:
        """What the judges said."""
        return record_of(self.theorem)

    @property
    def verdict(self) -> str:
        """The weakest link, in a word."""
        return self.record.verdict

    @property
    def subject(self) -> str:
        """The first part of the name."""
        return self.name.partition(".")[0]

    @property
    def keys(self) -> list[str]:
        """The BibTeX keys of the source."""
        return list(keys_in(self.theorem.source))

    @property
    def source(self) -> Markup:
        """The source, with links to the bibliography."""
        return self.linked(self.theorem.source)

    @property
    def remarks(self) -> list[Markup]:
        """The paragraphs that the author wrote below the summary."""
        text = inspect.cleandoc(self.theorem.builder.__doc__ or "").partition("\n")[2]
        return [self.linked(" ".join(part.split())) for part in text.split("\n\n") if part.strip()]

    @property
    def uses(self) -> list[str]:
        """Names of the theorems that the proof appeals to itself."""
        return used(self.theorem)

    @property
    def counts(self) -> dict[str, int]:
        """Its steps by verdict."""
        return self.record.counts

    @property
    def parameters(self) -> list[dict[str, Any]]:
        """Name, symbol and domain of each."""
        return [
            {
                "name": p.name,
                "symbol": None if p.symbol is None or str(p.symbol) == p.name else inline(p.symbol),
                "domain": p.domain.describe().replace(">=", "≥"),
                "optional": p.default is not None,
            }
            for p in self.theorem.parameters
        ]

    @cached_property
    def proofs(self) -> list[Proof]:
        """One for each choice of names."""
        verdicts = dict(self.record.steps)
        return [self._proof(derivation, verdicts) for derivation in self.theorem.derivations()]

    def _proof(self, derivation: Derivation, verdicts: Mapping[str, str]) -> Proof:
        statement = derivation.statement
        stated = Markup(" ").join((display(statement.left), display(statement.right, RELATIONS[statement.relation])))
        choice = derivation.steps[0].name.rpartition(":")[0].replace(",", ", ")
        before = (None, *derivation.steps)
        lines = tuple(self._line(s, b, verdicts) for b, s in zip(before, derivation.steps, strict=False))
        return Proof(choice, stated, lines)

    def _line(self, step: Step, before: Step | None, verdicts: Mapping[str, str]) -> Line:
        opens = before is None or before.right != step.left
        return Line(
            step.name.rpartition(":")[2],
            display(step.left) if opens else None,
            display(step.right, RELATIONS[step.relation]),
            self.linked(reason(step)),
            tuple(name for name in step.rule.uses if name not in reason(step)),
            verdicts.get(step.name, "unknown"),
        )

    @property
    def checks(self) -> list[dict[str, Any]]:
        """Each sampled check: where, what, its picture, its numbers."""
        return [check(result) for result in self.results]

    @property
    def citation(self) -> dict[str, str]:
        """How to cite it."""
        known = (self.theorem, self.verdict)
        return {"plain": citing.plain(*known), "bibtex": citing.bibtex(*known), "hash": citing.short_hash(self.theorem)}


def check(result: Result) -> dict[str, Any]:
    """A sampled check as a row of a table."""
    e = result.evidence
    error = "" if e.standard_error != e.standard_error else f" ± {e.standard_error:.2g}"
    return {
        "parameters": ", ".join(f"{name} = {value}" for name, value in result.parameters.items()),
        "quantity": result.quantity,
        "kind": e.kind,
        "verdict": e.verdict,
        "reason": e.reason,
        "strip": plot.strip(result),
        "expected": f"{result.expected:.5g}",
        "estimate": "" if e.estimate != e.estimate else f"{e.estimate:.5g}{error}",
        "shift": f"{e.shift:.2g}",
        "networks": f"{e.networks:,}".replace(",", "\u202f"),
        "alpha": f"{e.alpha:.1g}",
        "beta": f"{e.beta:.1g}",
    }


def entries(
    theorems: Sequence[Theorem],
    results: Sequence[Result],
    linked: Linker,
    shown_in: Mapping[str, tuple[tuple[str, str], ...]],
) -> list[Entry]:
    """Every theorem with its neighbours among those given."""
    from numerics.checks import unsampled

    without = unsampled()
    found: dict[str, list[Result]] = {}
    users: dict[str, dict[str, None]] = {}
    for result in results:
        found.setdefault(result.theorem, []).append(result)
    for theorem in theorems:
        for name in used(theorem):
            users.setdefault(name, {})[theorem.name] = None
    return [
        Entry(
            theorem,
            tuple(users.get(theorem.name, ())),
            tuple(found.get(theorem.name, ())),
            "" if theorem.name in found else without.get(theorem.name, "its checks were not part of this run"),
            linked,
            shown_in.get(theorem.name, ()),
        )
        for theorem in theorems
    ]


def used(theorem: Theorem) -> list[str]:
    """Names of the theorems that the proof appeals to itself."""
    steps = [step for derivation in theorem.derivations() for step in derivation.steps]
    return sorted({name for step in steps for name in step.rule.uses})


def in_order(theorems: Sequence[Theorem]) -> list[Theorem]:
    """The theorems in the order of the library's modules, whichever of them was imported first, subject by subject."""
    modules = {name: at for at, name in enumerate(SUBJECTS)}

    def rank(theorem: Theorem) -> tuple[int, str]:
        module = theorem.builder.__module__
        return modules.get(module, len(modules)), module

    ordered = sorted(theorems, key=rank)
    subjects = list(dict.fromkeys(theorem.name.partition(".")[0] for theorem in ordered))
    return sorted(ordered, key=lambda theorem: subjects.index(theorem.name.partition(".")[0]))


def by_subject(made: Sequence[Entry]) -> list[tuple[str, list[Entry]]]:
    """Subjects with their theorems, in the order given."""
    return [(subject, list(group)) for subject, group in groupby(made, key=lambda entry: entry.subject)]


def step_counts(made: Sequence[Entry]) -> Counter[str]:
    """The steps of all theorems by verdict."""
    return sum((Counter(entry.counts) for entry in made), Counter())
