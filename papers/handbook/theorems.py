"""Theorems with their proofs, step by step as they were judged; assumptions and the index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from sys import modules

import sympy as sp
from sympy.core.function import AppliedUndef

from papers.handbook.breaking import line
from papers.handbook.prose import heading, opening
from papers.handbook.settings import setting
from papers.handbook.words import parted, theorem, words
from papers.latex import escape
from theory.proof import cache as verdicts
from theory.proof.cache import Record
from theory.proof.domains import Domain, Lists, Names
from theory.proof.library import theorems
from theory.proof.render import LATEX_RELATIONS, chained, latex, reason
from theory.proof.theorem import Derivation, Parameter, Step, Theorem

PARTS = {
    "variance": "Variances in the linear regime",
    "random_walk": "The random walk of the log-norm",
    "failure_modes": "Failure modes: lengths and their fluctuation",
    "gains": "Gains",
    "shattering": "Shattered gradients",
    "probability": "Facts of probability",
}


record_of = cache(verdicts.record_of)


def chapters() -> Iterator[str]:
    """A chapter for every subject: what its networks are, then its theorems, a section for every file of `theory`."""
    by_part = {part: [t for t in theorems() if t.name.startswith(f"{part}.")] for part in PARTS}
    assert sum(map(len, by_part.values())) == len(theorems()), "a subject has no chapter"
    for part, members in by_part.items():
        yield "\n\n".join([heading(PARTS[part], "chapter"), setting(members), *_sections(members)])


def _sections(members: list[Theorem]) -> Iterator[str]:
    for module, group in groupby(members, key=lambda theorem: theorem.builder.__module__):
        yield opening(modules[module].__doc__ or module)
        yield from map(block, group)


def block(theorem: Theorem) -> str:
    """One theorem: name, verdict, summary, source, parameters, assumptions, statements and proofs."""
    record = record_of(theorem)
    lines = [
        rf"\theoremopens{{{theorem.name}}}{{{parted(theorem.name)}}}{{{escape(record.verdict)}}}",
        rf"\noindent {words(theorem.summary)} \source{{{words(theorem.source)}}}\par",
        *_facts(theorem, record),
    ]
    derivations = theorem.derivations()
    for derivation in derivations:
        lines.append(proof(derivation, dict(record.steps), _choice(theorem, derivation)))
    return "\n".join(lines)


def _choice(theorem: Theorem, derivation: Derivation) -> str:
    """For which names a proof is, as its steps say."""
    chosen, colon, _ = derivation.steps[0].name.rpartition(":")
    names = zip((p.name for p in theorem.choices), chosen.split(","), strict=True) if colon else ()
    return ", ".join(rf"\name{{{escape(name)}}} = \name{{{escape(value)}}}" for name, value in names)


def _facts(theorem: Theorem, record: Record) -> Iterator[str]:
    if theorem.parameters:
        yield rf"\aside{{Parameters: {'; '.join(map(_parameter, theorem.parameters))}.}}"
    if record.assumptions:
        yield rf"\aside{{Assumes {', '.join(map(_assumption, record.assumptions))}.}}"
    if record.citations:
        yield rf"\aside{{Cites {'; '.join(map(words, record.citations))}.}}"


def _parameter(parameter: Parameter) -> str:
    symbol = "" if parameter.symbol is None else f"${latex(parameter.symbol)}$"
    name = "" if parameter.name == str(parameter.symbol) else rf"\name{{{parted(parameter.name)}}}"
    return f"{' '.join(filter(None, (name, symbol)))}, {_domain(parameter.domain)}"


def _domain(domain: Domain) -> str:
    if isinstance(domain, Names):
        return "one of " + ", ".join(rf"\name{{{parted(name)}}}" for name in domain.names)
    if isinstance(domain, Lists):
        return f"a list of at least {domain.shortest}, each {_domain(domain.of)}"
    return escape(domain.describe()).replace(r"\textgreater{}=", r"$\ge$")


def proof(derivation: Derivation, verdicts: dict[str, str], choice: str) -> str:
    """One statement and the steps that lead to it."""
    statement, taken = derivation.statement, _letters(derivation)
    left, right = (line(side, taken) for side in (statement.left, statement.right))
    lines = [rf"\choice{{{choice}}}"] if choice else []
    lines += [rf"\statement{{{left}}}{{{LATEX_RELATIONS[statement.relation]}}}{{{right}}}", r"\proofopens"]
    for step, opens in chained(derivation):
        lines += [rf"\chainopens{{{line(step.left, taken)}}}"] if opens else []
        lines.append(_step(step, verdicts.get(step.name, "unchecked"), taken))
    return "\n".join([*lines, r"\proofcloses"])


def _letters(derivation: Derivation) -> set[str]:
    """The names of all symbols and functions in a proof."""
    sides = [side for step in derivation.steps for side in (step.left, step.right)]
    return {str(atom) for side in sides for atom in side.atoms(sp.Symbol, sp.IndexedBase)} | {
        str(node.func) for side in sides for node in side.atoms(AppliedUndef)
    }


def _step(step: Step, verdict: str, taken: set[str]) -> str:
    number = step.name.rpartition(":")[2]
    said = words(reason(step)) + ("" if verdict == "proved" else rf" \verdict{{{escape(verdict)}}}")
    return rf"\step{{{number}}}{{{LATEX_RELATIONS[step.relation]}}}{{{line(step.right, taken)}}}{{{said}}}"


# --- assumptions and the index ---------------------------------------------------------------------------------------


@cache
def _assumptions() -> tuple[tuple[str, str], ...]:
    """All assumptions that a theorem rests on, as pairs of name and text."""
    return tuple(sorted({fact for each in theorems() for fact in record_of(each).assumptions}))


def _assumption(fact: tuple[str, str]) -> str:
    return rf"\hyperref[assumption:{_assumptions().index(fact)}]{{{words(fact[0])}}}"


def assumptions() -> str:
    """The appendix: every assumption once, with the theorems that rest on it counted."""
    lines = [heading("Assumptions", "chapter"), r"\begin{assumptions}"]
    for at, fact in enumerate(_assumptions()):
        users = sum(fact in record_of(each).assumptions for each in theorems())
        count = f"{users} theorem{'s' * (users > 1)}"
        lines.append(rf"\assumption{{{at}}}{{{words(fact[0])}}}{{{words(fact[1])}}}{{{count}}}")
    return "\n".join([*lines, r"\end{assumptions}"])


def counted() -> str:
    """How many theorems have which verdict."""
    counts = Counter(record_of(each).verdict for each in theorems())
    return ", ".join(rf"{number} theorems \verdict{{{escape(verdict)}}}" for verdict, number in counts.most_common())


def index() -> str:
    """Every theorem by name, with its number, verdict and page."""
    rows = [
        rf"{theorem(each.name)} & \ref{{thm:{each.name}}} & \verdict{{{escape(record_of(each).verdict)}}} & "
        rf"\pageref{{thm:{each.name}}} \\"
        for each in sorted(theorems(), key=lambda each: each.name)
    ]
    return "\n".join([heading("Index of theorems", "chapter"), r"\begin{theoremindex}", *rows, r"\end{theoremindex}"])
