"""The claims of the four papers and of their reviews, each with its finding; and where two papers contradict each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

import sympy as sp

from papers.claims import contradictions, ledger
from papers.claims.claim import NOTHING, Claim, Point
from papers.handbook.breaking import breakable
from papers.handbook.prose import heading
from papers.handbook.words import theorem, words
from papers.latex import escape

REVIEWS = "Claims in circulation"
SHORTEST_UNIT = 10**4  # a number that is a whole multiple of 1/10^4 was printed as a decimal


def chapters() -> Iterator[str]:
    """The ledger, a section for each paper; the contradictions."""
    yield heading("The ledger of claims", "chapter") + "\n\n" + r"\ledgerprose"
    for paper in ledger.PAPERS:
        claims = ledger.of_paper(paper)
        title = REVIEWS if paper == "reviews" else rf"\texorpdfstring{{\citet{{{paper}}}}}{{{paper}}}"
        yield "\n".join([rf"\section{{{title}}}", _counted(claims), *map(entry, claims)])
    yield "\n".join([heading("Contradictions", "chapter"), *map(_contradiction, contradictions.contradictions())])


def _counted(claims: Sequence[Claim]) -> str:
    counts = Counter(claim.finding.verdict for claim in claims)
    return ", ".join(rf"{number} \verdict{{{escape(verdict)}}}" for verdict, number in counts.most_common()) + ".\n"


def entry(claim: Claim) -> str:
    """One claim: what was printed, the verdict and its reason, formulas, points, evidence, theorems."""
    found = claim.finding
    lines = [rf"\claimopens{{{claim.id}}}{{{escape(found.verdict)}}}{{{escape(claim.mark)}}}{{{words(claim.says)}}}"]
    lines.append(rf"\aside{{{_sentence(words(found.reason))}}}")
    formulas = (("printed", claim.printed), ("derived", found.derived), ("printed over derived", found.factor))
    facts = [rf"\fact{{{label}}}{{{', '.join(shown)}}}" for label, expr in formulas if (shown := list(_lines(expr)))]
    lines += [rf"\facts{{{' '.join(facts)}}}"] if facts else []
    if found.points:
        lines.append(rf"\aside{{At {'; '.join(map(_point, found.points))}.}}")
    lines += [rf"\aside{{{_sentence(words(line))}}}" for line in (*found.evidence, claim.note) if line]
    if found.theorems:
        lines.append(rf"\aside{{Held against {', '.join(map(theorem, found.theorems))}.}}")
    return "\n".join(lines)


def _sentence(text: str) -> str:
    """The words with a capital at their beginning and a point at their end."""
    return text[:1].upper() + text[1:] + "." * (not text.endswith((".", "?", "!")))


def _lines(expr: sp.Basic | None) -> Iterator[str]:
    """A formula each, none for claims that are words alone."""
    for part in expr.args if isinstance(expr, sp.Tuple) else (expr,) if expr is not None else ():
        if part != NOTHING:
            yield f"${_formula(part)}$"


def _formula(expr: sp.Basic) -> str:
    if isinstance(expr, sp.Tuple):
        return ", ".join(map(_formula, expr.args))
    if isinstance(expr, sp.Rational) and not expr.is_Integer and SHORTEST_UNIT % expr.q == 0:
        return f"{Decimal(int(expr.p)) / int(expr.q):f}"
    return breakable(expr)


def _point(point: Point) -> str:
    sides = f"printed {words(point.printed)}, derived {words(point.derived)}" if point.printed else words(point.derived)
    return f"{words(point.where)}: {sides}"


def _contradiction(each: contradictions.Contradiction) -> str:
    rows = [" & ".join(map(words, row)) + r" \\" for row in each.rows]
    head = " & ".join(map(words, each.columns)) + r" \\\midrule"
    first, second = (
        ", ".join(rf"\citet{{{key}}}" for key in side.strip().split(", ")) for side in each.between.split("|")
    )
    table = rf"\displaytable{{{'l' * len(each.columns)}}}{{{' '.join([head, *rows])}}}"
    serves = _sentence(words(each.serves))
    used = rf"\aside{{Computed from {', '.join(map(theorem, each.theorems))}.}}"
    title = heading(each.about[0].upper() + each.about[1:])
    return "\n".join([title, rf"{first} against {second}.", "", table, serves, "", used])
