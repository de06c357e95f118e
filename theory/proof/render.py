"""A theorem prints itself: statement and proof as text for a terminal, LaTeX (amsmath) for a paper, a page for a notebook.

All come from the one tree that was judged; nothing is typed twice.  The verdicts are those the judges came
to; where none is known the text says "unchecked", and nothing is printed as true that does not stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from sympy.printing.pretty.pretty_symbology import greek_unicode

from theory.proof.cache import Record
from theory.proof.domains import Names
from theory.proof.notation import latex, unicode
from theory.proof.shown import Block, Facts, Line, Page, Proof, Words
from theory.proof.theorem import Chain, Derivation, Step, Theorem

__all__ = ["as_data", "as_latex", "as_page", "as_text", "chained", "escape", "latex", "reason", "unicode"]

SHORT = 12  # steps of a proof that a page shows unfolded
RELATIONS = {"=": "=", "<=": "≤", "<=>": "⇔", "~": "∼"}
LATEX_RELATIONS = {"=": "=", "<=": r"\le", "<=>": r"\iff", "~": r"\sim"}
SIGNS = {"≤": "le", "≥": "ge", "≠": "ne", "∞": "infty", "Σ": "Sigma"}
SIGNS |= {sign: name for name, sign in greek_unicode.items() if name.islower() and name != "omicron"}
_ESCAPED = {
    **{mark: "\\" + mark for mark in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"²": r"\textsuperscript{2}", "′": r"\('\)"},
    **{sign: rf"\(\{name}\)" for sign, name in SIGNS.items()},
}


def escape(text: str) -> str:
    """Words as LaTeX text: every character that LaTeX would read as a command stands for itself."""
    return "".join(_ESCAPED.get(character, character) for character in text)


def reason(step: Step) -> str:
    """A step's reason in words, with the reference of a cited fact."""
    return f"{step.rule.name} ({step.rule.source})" if step.rule.source else step.rule.name


def as_text(theorem: Theorem, verdict: str = "unchecked", steps: Mapping[str, str] | None = None) -> str:
    """Statement and proof as numbered lines of Unicode.

    verdict: that of the theorem, in a word.  steps: the verdicts of its steps by their names.
    """
    lines = [f"{theorem.name}: {verdict}", theorem.summary, f"Source: {theorem.source}"]
    lines += [f"  {parameter.name}: {parameter.domain.describe()}" for parameter in theorem.parameters]
    for derivation in theorem.derivations():
        first, last = derivation.statement.left, derivation.statement.right
        lines += ["", f"  {unicode(first)} {RELATIONS[derivation.statement.relation]} {unicode(last)}", ""]
        lines += [f"  {words}" for words in _assumptions(derivation)]
        lines += ["Proof", *_proof_lines(derivation, steps or {})]
    return "\n".join(lines)


def as_data(derivation: Derivation, steps: Mapping[str, str]) -> dict[str, Any]:
    """Statement and steps as plain data, each formula in Unicode and in LaTeX."""
    return {
        "statement": _formula(derivation.statement),
        "assumes": {fact.name: fact.text for fact in derivation.assumed},
        "steps": [
            {
                "name": step.name,
                **_formula(step),
                "reason": reason(step),
                "verdict": steps.get(step.name, "unchecked"),
            }
            for step in derivation.steps
        ],
    }


def _formula(line: Step | Chain) -> dict[str, Any]:
    sides = {"left": line.left, "right": line.right}
    printed = {f"{side}_latex": latex(expr) for side, expr in sides.items()}
    return {**{side: unicode(expr) for side, expr in sides.items()}, "relation": line.relation, **printed}


def _assumptions(derivation: Derivation) -> list[str]:
    return [f"assuming {a.name}: {a.text}" for a in sorted(derivation.assumed, key=lambda a: a.name)]


def _proof_lines(derivation: Derivation, verdicts: Mapping[str, str]) -> Iterator[str]:
    margin = max(len(step.name) for step in derivation.steps) + 2
    for step, opens in chained(derivation):
        if opens:
            yield f"{'':{margin}}  {unicode(step.left)}"
        yield f"{step.name:>{margin}}  {RELATIONS[step.relation]} {unicode(step.right)}"
        yield f"{'':{margin}}      {reason(step)} [{verdicts.get(step.name, 'unchecked')}]"


def chained(derivation: Derivation) -> Iterator[tuple[Step, bool]]:
    """Every step, and whether it opens a new chain."""
    before = None
    for step in derivation.steps:
        yield step, before is None or before.right != step.left
        before = step


def as_latex(theorem: Theorem, verdict: str = "unchecked", steps: Mapping[str, str] | None = None) -> str:
    """Statement and proof as LaTeX: a display, then an align* with one line a step."""
    heading = escape(f"{theorem.summary} ({theorem.source}; {verdict})")
    lines = [rf"\paragraph{{{escape(theorem.name)}}} {heading}"]
    for derivation in theorem.derivations():
        statement = derivation.statement
        relation = LATEX_RELATIONS[statement.relation]
        lines.append(rf"\[ {latex(statement.left)} {relation} {latex(statement.right)} \]")
        lines += [escape("; ".join(_assumptions(derivation)) + ".")] if derivation.assumed else []
        rows = [_row(step, opens, steps or {}) for step, opens in chained(derivation)]
        lines += [r"\begin{align*}", " \\\\\n".join(rows), r"\end{align*}"]
    return "\n".join(lines)


def _row(step: Step, opens: bool, verdicts: Mapping[str, str]) -> str:
    """One line of a proof."""
    left = latex(step.left) + " " if opens else ""
    words = escape(_reasoned(step, verdicts))
    return rf"{left}&{LATEX_RELATIONS[step.relation]} {latex(step.right)} && \text{{{words}}}"


def _reasoned(step: Step, verdicts: Mapping[str, str]) -> str:
    """The reason of a step, with its verdict where that is another than proved."""
    verdict = verdicts.get(step.name, "unchecked")
    return reason(step) if verdict == "proved" else f"{reason(step)} [{verdict}]"


def as_page(theorem: Theorem, record: Record | None) -> Page:
    """Statements, what they rest on, and folded proofs; `record`: what the judges said, None where nothing is known."""
    verdict, steps = (record.verdict, dict(record.steps)) if record else ("unchecked", {})
    facts = [("source", theorem.source)]
    facts += [(parameter.name, parameter.domain.describe()) for parameter in theorem.parameters]
    facts += [("assuming", f"{name}: {text}") for name, text in record.assumptions] if record else []
    facts += [("citing", fact) for fact in record.citations] if record else []
    blocks: list[Block] = [Words(theorem.summary)]
    for chosen, derivation in zip(_choices(theorem), theorem.derivations(), strict=True):
        blocks += [Words(f"{chosen}:")] if chosen else []
        unfolded = not chosen and len(derivation.steps) <= SHORT
        blocks += [statement(derivation), proof(derivation, steps, unfolded)]
    return Page(f"{theorem.name}: {verdict}", (*blocks[:1], Facts(tuple(facts)), *blocks[1:]))


def _choices(theorem: Theorem) -> Iterator[str]:
    """What each derivation is for, in their order: "activation = relu"; empty where there is no choice."""
    names = [[f"{p.name} = {name}" for name in p.domain.names] for p in theorem.choices if isinstance(p.domain, Names)]
    return map(", ".join, product(*names))


def statement(derivation: Derivation) -> Line:
    """What is proved, as a line for a page."""
    return Line(derivation.statement.left, derivation.statement.relation, derivation.statement.right)


def proof(derivation: Derivation, steps: Mapping[str, str], unfolded: bool) -> Proof:
    """All steps, as lines for a page; `steps`: their verdicts by their names, empty where none is known."""
    lines = tuple(
        Line(step.left if opens else None, step.relation, step.right, step.name,
             _reasoned(step, steps) if steps else reason(step))
        for step, opens in chained(derivation)
    )  # fmt: skip
    unchecked = "" if steps else ", unchecked"
    return Proof(f"proof in {len(lines)} step{'s' * (len(lines) > 1)}{unchecked}", lines, unfolded)
