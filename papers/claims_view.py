"""What `initium claims` shows: one screen of all, one claim in full, or JSON; and what a notebook shows of a claim."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import sympy as sp

from papers.claims import ledger
from papers.claims.claim import NOTHING, Claim, Finding, Point
from papers.claims.contradictions import Contradiction
from papers.files import write_text
from papers.references import as_text, keys_in
from papers.table import plain
from papers.terminal import table
from theory.proof.notation import unicode
from theory.proof.shown import Content, Facts, Page, Words

SHORTEST_UNIT = 10**4  # a number that is a whole multiple of 1/10^4 was printed as a decimal
SHORT = 100  # characters of a reason that the overview shows on a terminal


def overview(claims: Sequence[Claim]) -> None:
    """A line a claim, then the verdicts of each paper counted."""
    rows = [(c.id, c.finding.verdict, _first(c.finding.theorems), _cut(c.finding.reason)) for c in claims]
    table(("claim", "verdict", "theorem", "reason"), rows)
    for paper in dict.fromkeys(claim.paper for claim in claims):
        counts = Counter(claim.finding.verdict for claim in claims if claim.paper == paper)
        shown = ", ".join(f"{number} {verdict}" for verdict, number in counts.most_common())
        print(f"{paper}: {counts.total()} claims: {shown}")


def contradicting(found: Sequence[Contradiction]) -> None:
    """Where papers want different things: the goals, the numbers, and which initialisation serves which."""
    for each in found:
        print(f"\n{each.between}: {each.about}")
        table(each.columns, each.rows)
        print(f"{each.serves} ({', '.join(each.theorems)})")


def _first(theorems: Sequence[str]) -> str:
    return theorems[0] if theorems else ""


def _cut(reason: str) -> str:
    return reason if len(reason) <= SHORT else reason[: SHORT - 1] + "…"


def full(claim: Claim) -> str:
    """Everything known of one claim, as text."""
    found = claim.finding
    lines = [
        f"{claim.id}: {found.verdict}",
        f"  claimed   {claim.says} ({claim.paper}, {claim.mark})",
        f"  reason    {found.reason}",
        *(f"  printed   {line}" for line in _expressions(claim.printed)),
        *(f"  derived   {line}" for line in _expressions(found.derived)),
    ]
    if found.factor is not None:
        lines.append(f"  factor    {unicode(found.factor)}  (printed over derived)")
    lines += [f"  at        {_at(point)}" for point in found.points]
    lines += [f"  evidence  {line}" for line in found.evidence]
    lines += [f"  theorem   {line}" for line in _sources(found.theorems)]
    lines += [f"  note      {claim.note}"] if claim.note else []
    return "\n".join(lines)


def _at(point: Point) -> str:
    sides = f"printed {point.printed}, derived {point.derived}" if point.printed else point.derived
    return f"{point.where}: {sides}"


def _expressions(expr: sp.Basic | None) -> Iterator[str]:
    """A line each."""
    return map(plain, _contents(expr))


def _contents(expr: sp.Basic | None) -> Iterator[Content]:
    """What is printed, one by one; nothing where there is nothing."""
    parts = expr.args if isinstance(expr, sp.Tuple) else (expr,)
    return (_content(part) for part in parts if part is not None and part != NOTHING)


def _content(expr: sp.Basic) -> Content:
    """The expression; a lone number as a decimal where it is a short one."""
    if isinstance(expr, sp.Tuple):
        return tuple(each for part in expr.args for each in (", ", _content(part)))[1:]
    if isinstance(expr, sp.Rational) and SHORTEST_UNIT % expr.q == 0:
        return f"{Decimal(int(expr.p)) / int(expr.q):f}"
    return expr


def _sources(theorems: Sequence[str]) -> Iterator[str]:
    from theory.proof.cache import record_of
    from theory.proof.library import find

    for name in theorems:
        yield f"{name} ({record_of(find(name)).verdict}; {find(name).source})"


def as_data(claim: Claim) -> dict[str, Any]:
    """A claim as a JSON object."""
    found = claim.finding
    return {
        "id": claim.id,
        "paper": claim.paper,
        "mark": claim.mark,
        "says": claim.says,
        "verdict": str(found.verdict),
        "theorem": _first(found.theorems),
        "theorems": list(found.theorems),
        "reason": found.reason,
        "printed": list(_expressions(claim.printed)),
        "derived": list(_expressions(found.derived)),
        "factor": unicode(found.factor) if found.factor is not None else None,
        "points": [{"where": p.where, "printed": p.printed, "derived": p.derived} for p in found.points],
        "evidence": list(found.evidence),
        "note": claim.note,
    }


def write(folder: Path) -> list[Path]:
    """Settle all claims and write them as JSON; raises NotHad where the folder cannot be written."""
    text = json.dumps([as_data(claim) for claim in ledger.claims()], ensure_ascii=False, indent=1)
    return [write_text(folder / "claims.json", text + "\n")]


def claim_page(claim: Claim) -> Page:
    """A claim in full, for a notebook."""
    paper = as_text(claim.paper) if keys_in(claim.paper) else claim.paper
    printed = [("printed", content) for content in _contents(claim.printed)]
    note = [("note", claim.note)] if claim.note else []
    facts = Facts((("paper", f"{paper} ({claim.mark})"), *printed, *_facts(claim.finding), *note))
    return Page(f"{claim.id}: {claim.finding.verdict}", (Words(claim.says), facts))


def finding_page(found: Finding) -> Page:
    """A finding, for a notebook."""
    return Page(str(found.verdict), (Facts(tuple(_facts(found))),))


def _facts(found: Finding) -> Iterator[tuple[str, Content]]:
    yield "reason", found.reason
    yield from (("derived", content) for content in _contents(found.derived))
    if found.factor is not None:
        yield "printed/derived", found.factor
    yield from (("at", _at(point)) for point in found.points)
    yield from (("evidence", line) for line in found.evidence)
    yield from (("theorem", line) for line in _sources(found.theorems))
